// A scenario that is over in a blink, for tests that run one: three brokers, one topic of orders
// and one of payments, two groups, twenty seconds of storm. What a test wants to say is added to
// it.
#pragma once

#include <string>
#include <string_view>

#include "scenarios/scenario_file.h"

namespace squall::scenarios {

inline constexpr std::string_view small_storm_text = R"toml(
name = "small-storm"
run = { storm = "20s", calm = "20s" }
cluster.config.offsets.topic.num.partitions = 1
topics.orders = { partitions = 1, config.min.insync.replicas = 2 }
topics.payments = { partitions = 1, config.min.insync.replicas = 2 }

[workload]
rate = 10
consumer.auto.offset.reset = "earliest"
consumer.session.timeout.ms = 6000
groups.payment.members = 1
groups.audit.members = 1
)toml";

// `more` is appended as it stands: [[fault]] tables, [checks], [swarm].
inline Scenario small_storm(std::string_view more = {}, const Changes& changes = {}) {
    return parse_scenario(std::string(small_storm_text) + std::string(more), "small-storm.toml",
                          changes);
}

// The process of the target dies, and is started again.
inline FaultSection crash_at(std::string id, std::string target, Duration at, Duration heal_after) {
    FaultSection fault;
    fault.id = std::move(id);
    fault.kind = "crash";
    fault.target = std::move(target);
    fault.at = at;
    fault.heal_after = heal_after;
    return fault;
}

}  // namespace squall::scenarios
