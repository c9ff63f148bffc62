// What stands behind a Client: the node it runs on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/cluster.h"
#include "squall/client.h"
#include "squall/internal/application.h"

namespace squall {

struct Client::Impl {
    sim::Node& node;
    scenarios::Cluster& cluster;
    internal::Shared& shared;
    bool is_stopping = false;
    std::vector<std::unique_ptr<Producer>> producers{};
    std::vector<std::unique_ptr<Consumer>> consumers{};
};

}  // namespace squall
