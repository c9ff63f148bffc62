// Pipeline: what a property is about: topics, and the applications that work on them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "squall/client.h"

namespace squall {

struct Topic {
    std::string name;
    std::int32_t partitions = 1;
    std::int16_t replication = 3;
    Settings config{{"min.insync.replicas", "2"}};  // Kafka's topic settings
};

struct Application {
    std::string name;  // a-z, 0-9, '-'; the name of its machine too
    // Plain blocking code. Run at every start of the machine, from the beginning; may return.
    std::function<void(Client&)> main;
};

struct Pipeline {
    std::string name = "pipeline";
    std::vector<Topic> topics;
    std::vector<Application> applications;
    // The groups that faults may mean: coordinator(billing), owner(orders-0, billing).
    std::vector<std::string> groups{};
    std::uint32_t brokers = 3;
    std::uint32_t controllers = 1;
    // Of every producer and every consumer that says nothing else, over Kafka's defaults and these,
    // of the scale of a storm: request.timeout.ms 4000, delivery.timeout.ms 15000,
    // session.timeout.ms 6000, max.poll.interval.ms 10000; auto.offset.reset earliest,
    // enable.auto.commit false. Of brokers likewise: broker.session.timeout.ms 6000,
    // replica.lag.time.max.ms 6000, one partition for offsets and one for transactions.
    Settings producer{};
    Settings consumer{};
    // Whatever else a scenario file can say, by its paths and in TOML (docs/SCENARIOS.md):
    // {"cluster.config.replica.lag.time.max.ms", "5000"}.
    Settings scenario{};
};

}  // namespace squall
