#include <algorithm>
#include <set>

#include "checkers/checker.h"
#include "model/bugs.h"
#include "model/log/log_options.h"
#include "scenarios/cluster.h"
#include "scenarios/event_names.h"
#include "scenarios/admin/admin_plan.h"
#include "scenarios/admin/admin_step.h"
#include "scenarios/faults/fault.h"
#include "scenarios/scenario_file.h"
#include "scenarios/tally.h"
#include "scenarios/target.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

// Messages begin with the path of what is wrong: the file's reader finds the line by it.
[[noreturn]] void refuse(std::string_view path, std::string_view message) {
    throw ScenarioError{.file = {}, .message = fmt::format("{}: {}", path, message)};
}

std::vector<std::string> server_names(const Scenario& scenario) {
    std::vector<std::string> names = broker_names(scenario);
    std::ranges::copy(controller_names(scenario), std::back_inserter(names));
    return names;
}

std::vector<std::string> node_names(const Scenario& scenario) {
    std::vector<std::string> names = server_names(scenario);
    std::ranges::copy(find_workload(scenario.workload.kind)->client_names(scenario),
                      std::back_inserter(names));
    if (!scenario.admin.empty()) names.emplace_back(AdminPlan::machine_name);
    return names;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

void validate_topics(const Scenario& scenario) {
    for (const auto& [name, topic] : scenario.topics) {
        const std::string path = "topics." + name;
        if (static_cast<std::uint32_t>(topic.replication) > scenario.cluster.brokers) {
            refuse(
                path + ".replication",
                fmt::format("{} replicas need as many brokers, and there are {} (cluster.brokers)",
                            topic.replication, scenario.cluster.brokers));
        }
        if (const auto options = model::LogOptions{}.with(topic.config); !options) {
            refuse(path + ".config", options.error().detail);
        }
    }
}

void validate_workload(const Scenario& scenario, const WorkloadEntry& workload) {
    for (const std::string_view topic : workload.topics) {
        if (scenario.topics.contains(std::string(topic))) continue;
        std::vector<std::string> declared;
        for (const auto& [name, section] : scenario.topics) declared.push_back(name);
        refuse("topics", fmt::format("{} writes to the topic '{}', and there is none{}",
                                     workload.kind, topic, suggestion(topic, declared)));
    }
}

void validate_bugs(const std::string& path, const std::vector<std::string>& bugs) {
    for (const std::string& id : bugs) {
        if (model::find_bug(id) != nullptr) continue;
        std::vector<std::string> known;
        for (const model::BugEntry& entry : model::all_bugs()) known.emplace_back(entry.id);
        refuse(path, "unknown bug '" + id + "'" + suggestion(id, known));
    }
}

void validate_target(const Scenario& scenario, const FaultSection& fault, const FaultEntry& kind,
                     const std::vector<std::string>& nodes) {
    const std::string path = "fault." + fault.id + ".target";
    if (fault.target.empty()) refuse(path, "a fault names its target");
    const Result<Target> target = parse_target(fault.target);
    if (!target) refuse(path, target.error().detail);
    switch (target->role) {
        case Target::Role::node:
            if (!contains(nodes, target->name)) {
                refuse(path,
                       "there is no node '" + target->name + "'" + suggestion(target->name, nodes));
            }
            if (kind.needs_broker && !contains(broker_names(scenario), target->name) &&
                !contains(controller_names(scenario), target->name)) {
                refuse(path, fmt::format("a {} needs a server with a disk; '{}' is a client",
                                         fault.kind, target->name));
            }
            return;
        case Target::Role::leader:
        case Target::Role::in_sync_follower:
        case Target::Role::in_sync_replicas:
        case Target::Role::lagging:
        case Target::Role::owner: {
            const std::string& topic = target->partition.topic;
            // Internal topics appear when first used.
            if (topic.starts_with("__")) return;
            const auto found = scenario.topics.find(topic);
            if (found == scenario.topics.end()) {
                std::vector<std::string> topics;
                for (const auto& [name, section] : scenario.topics) topics.push_back(name);
                refuse(path, "there is no topic '" + topic + "'" + suggestion(topic, topics));
            }
            if (target->partition.partition >= found->second.partitions) {
                refuse(path, fmt::format("topic '{}' has {} partitions, from 0", topic,
                                         found->second.partitions));
            }
            return;
        }
        case Target::Role::coordinator: {
            if (scenario.workload.groups.contains(target->name)) return;
            std::vector<std::string> groups;
            for (const auto& [name, section] : scenario.workload.groups) groups.push_back(name);
            refuse(path,
                   "there is no group '" + target->name + "'" + suggestion(target->name, groups));
        }
        case Target::Role::rack: {
            const Roster roster = roster_of(scenario);
            if (roster.racks.contains(target->name)) return;
            std::vector<std::string> racks;
            for (const auto& [name, brokers] : roster.racks) racks.push_back(name);
            refuse(path,
                   "there is no rack '" + target->name + "'" + suggestion(target->name, racks));
        }
        case Target::Role::controller:
        case Target::Role::any_broker:
        case Target::Role::all_brokers:
        case Target::Role::all_controllers:
        case Target::Role::all_servers:
            return;
    }
}

std::string unknown_fault(const std::string& kind) {
    std::vector<std::string> known;
    for (const FaultEntry& entry : all_faults()) known.emplace_back(entry.kind);
    return "unknown fault '" + kind + "'" + suggestion(kind, known) + " (see `squall list faults`)";
}

void validate_condition(const std::string& path, const EventCondition& condition) {
    if (const auto problem = problem_of_event(condition.event)) refuse(path + ".event", *problem);
    for (const auto& [field, value] : condition.match) {
        if (const auto problem = problem_of_field(condition.event, field)) {
            refuse(fmt::format("{}.match.{}", path, field), *problem);
        }
    }
}

void validate_fault(const Scenario& scenario, const FaultSection& fault,
                    const std::vector<std::string>& nodes) {
    const std::string path = "fault." + fault.id;
    const FaultEntry* const kind = find_fault(fault.kind);
    if (kind == nullptr) {
        refuse(path + ".kind", fault.kind.empty()
                                   ? "a fault names its kind (see `squall list faults`)"
                                   : unknown_fault(fault.kind));
    }
    for (const auto& [name, value] : fault.options) {
        if (std::ranges::find(kind->options, name, &FaultOptionEntry::name) !=
            kind->options.end()) {
            continue;
        }
        std::vector<std::string> known = {"id",     "kind",  "target", "at",
                                          "window", "every", "when",   "for"};
        for (const FaultOptionEntry& option : kind->options) known.emplace_back(option.name);
        refuse(path + "." + name,
               fmt::format("a {} has no option '{}'{}", fault.kind, name, suggestion(name, known)));
    }
    if (const auto made = kind->make(fault.options); !made) refuse(path, made.error().detail);
    validate_target(scenario, fault, *kind, nodes);
    const auto in_storm = [&](std::string_view key, Duration time) {
        if (time < scenario.run.storm) return;
        refuse(fmt::format("{}.{}", path, key),
               fmt::format("{} is not within the storm, which ends at {} (run.storm)",
                           squall::to_string(time), squall::to_string(scenario.run.storm)));
    };
    if (fault.at) in_storm("at", *fault.at);
    if (fault.window) in_storm("window", fault.window->second);
    if (fault.every) in_storm("every", *fault.every);
    if (fault.when) validate_condition(path + ".when", *fault.when);
}

void validate_checks(const ChecksSection& checks) {
    std::vector<std::string> known;
    for (const checkers::CheckerEntry& entry : checkers::all_checkers())
        known.emplace_back(entry.name);
    for (const std::string& name : checks.require) {
        if (contains(known, name)) continue;
        refuse("checks.require", "unknown checker '" + name + "'" + suggestion(name, known) +
                                     " (see `squall list checkers`)");
    }
    for (const std::string& event : checks.sometimes) {
        if (const auto problem = problem_of_event(event)) refuse("checks.sometimes", *problem);
    }
    for (const std::string& probe : checks.probes) {
        const auto parsed = parse_probe(probe);
        if (!parsed) refuse("checks.probes", parsed.error().detail);
        if (const auto problem = problem_of_event(parsed->event)) refuse("checks.probes", *problem);
    }
}

}  // namespace

void validate(const Scenario& scenario) {
    const WorkloadEntry* const workload = find_workload(scenario.workload.kind);
    if (workload == nullptr) {
        std::vector<std::string> known;
        for (const WorkloadEntry& entry : all_workloads()) known.emplace_back(entry.kind);
        refuse("workload.kind", "unknown workload '" + scenario.workload.kind + "'" +
                                    suggestion(scenario.workload.kind, known) +
                                    " (see `squall list workloads`)");
    }
    const std::vector<std::string> nodes = node_names(scenario);
    for (const auto& [name, section] : scenario.nodes) {
        if (!contains(nodes, name)) {
            refuse("node." + name, "there is no node '" + name + "'" + suggestion(name, nodes));
        }
        validate_bugs("node." + name + ".bugs", section.bugs);
    }
    validate_bugs("bugs", scenario.bugs);
    validate_topics(scenario);
    if (const auto problem = problem_of_admin_steps(scenario)) {
        refuse(problem->path, problem->message);
    }
    std::set<std::string> ids;
    for (const FaultSection& fault : scenario.faults) {
        if (!ids.insert(fault.id).second) {
            refuse("fault." + fault.id, "two faults have the id '" + fault.id + "'");
        }
        validate_fault(scenario, fault, nodes);
    }
    for (const FaultSection& fault : scenario.faults) {
        if (!fault.when || fault.when->since.empty() || ids.contains(fault.when->since)) continue;
        refuse("fault." + fault.id + ".when.since",
               "there is no fault '" + fault.when->since + "'" +
                   suggestion(fault.when->since, {ids.begin(), ids.end()}));
    }
    validate_checks(scenario.checks);
    validate_workload(scenario, *workload);
    if (scenario.swarm.faults) {
        for (const std::string& kind : scenario.swarm.faults->kinds) {
            if (find_fault(kind) == nullptr) {
                refuse("swarm.faults.kinds", unknown_fault(kind));
            }
        }
    }
}

}  // namespace squall::scenarios
