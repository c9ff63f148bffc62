#include "scenarios/disarmed.h"

#include <algorithm>
#include <map>

#include "model/bugs.h"
#include "scenarios/scenario_file.h"
#include "sim/base/assert.h"

namespace squall::scenarios {
namespace {

// The safe contract of docs/GUARANTEES.md, as values of the paths that bugs set.
const std::map<std::string_view, std::string_view>& safe_values() {
    static const std::map<std::string_view, std::string_view> values = {
        {"cluster.config.transaction.partition.verification.enable", "true"},
        {"cluster.config.transaction.version", "2"},
        {"topics.*.config.flush.messages", "1"},
        {"topics.*.config.min.insync.replicas", "2"},
        {"topics.*.config.unclean.leader.election.enable", "false"},
        {"workload.consumer.auto.offset.reset", "earliest"},
        {"workload.flaw", ""},
        {"workload.groups.*.commit", "sync"},
        {"workload.groups.*.rewind", "true"},
        {"workload.producer.acks", "all"},
        {"workload.producer.enable.idempotence", "true"},
        {"workload.producer.max.in.flight.requests.per.connection", "5"},
    };
    return values;
}

}  // namespace

bool is_armed(const Scenario& scenario) {
    return !scenario.bugs.empty() || std::ranges::any_of(scenario.nodes, [](const auto& node) {
        return !node.second.bugs.empty();
    });
}

bool is_armed_by_configuration(const Scenario& scenario) {
    return std::ranges::any_of(scenario.bugs, [](const std::string& id) {
        const model::BugEntry* const bug = model::find_bug(id);
        return bug != nullptr && bug->is_configuration();
    });
}

Scenario disarmed(const Scenario& scenario) {
    Changes changes;
    for (const std::string& id : scenario.bugs) {
        const model::BugEntry* const bug = model::find_bug(id);
        ASSERT(bug != nullptr, "{} has an unknown bug {}", scenario.name, id);
        for (const model::BugSetting& setting : bug->settings) {
            const auto safe = safe_values().find(setting.path);
            ASSERT(safe != safe_values().end(), "{} has no safe value", setting.path);
            changes.set.push_back({std::string(setting.path), std::string(safe->second)});
        }
    }
    Scenario safe = scenario;
    safe.bugs.clear();
    for (auto& [name, node] : safe.nodes) node.bugs.clear();
    // Through the file's own reader, so that what it sets is checked as if it were written.
    return parse_scenario(write_scenario(safe), scenario.name, changes);
}

}  // namespace squall::scenarios
