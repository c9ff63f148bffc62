// Station: what one machine of an application is made with: where it runs, how its clients reach
// the cluster, and their settings.
#pragma once

#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/producer/producer_options.h"
#include "model/rpc/endpoint.h"
#include "sim/kernel/node.h"

namespace squall::model {

class Mishaps;

struct Station {
    sim::Node& node;
    Fabric fabric;
    std::vector<std::string> bootstrap;  // names of broker nodes
    ProducerOptions producer{};          // without client.id and transactional.id
    ConsumerOptions consumer{};          // of members of a group: with client.id and group.id
    const BugSet* bugs = nullptr;        // may be null; outlives the process
    Mishaps* mishaps = nullptr;          // likewise
};

}  // namespace squall::model
