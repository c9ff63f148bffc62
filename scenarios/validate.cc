#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include "checkers/checker.h"
#include "checkers/finding_names.h"
#include "model/bugs.h"
#include "model/client/consumer/topic_pattern.h"
#include "model/coordinator/regular_expression.h"
#include "model/log/log_options.h"
#include "scenarios/admin/admin_plan.h"
#include "scenarios/admin/admin_step.h"
#include "scenarios/cluster.h"
#include "scenarios/event_names.h"
#include "scenarios/faults/fault.h"
#include "scenarios/scenario_file.h"
#include "scenarios/tally.h"
#include "scenarios/target.h"
#include "scenarios/workloads/applications.h"
#include "scenarios/workloads/cast.h"
#include "scenarios/workloads/workload.h"
#include "sim/base/settings.h"

namespace squall::scenarios {
namespace {

constexpr Duration longest_clock_offset = std::chrono::hours(24 * 3650);

// Messages begin with the path of what is wrong: the file's reader finds the line by it.
[[noreturn]] void refuse(std::string_view path, std::string_view message) {
    throw ScenarioError{.file = {}, .message = fmt::format("{}: {}", path, message)};
}
[[noreturn]] void refuse_key(std::string_view path, std::string_view message) {
    throw ScenarioError{
        .file = {}, .message = fmt::format("{}: {}", path, message), .is_about_key = true};
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

// Kafka's rule (Topic.validate).
std::optional<std::string> problem_of_topic_name(std::string_view name) {
    constexpr std::size_t longest = 249;
    const bool is_legal = std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    });
    if (name.empty() || name == "." || name == ".." || name.size() > longest || !is_legal) {
        return fmt::format(
            "'{}' is no name of a topic; expected 1 to {} of a-z, A-Z, 0-9, '.', "
            "'_', '-'",
            name, longest);
    }
    if (name.starts_with("__")) {
        return fmt::format("'{}' would be an internal topic: brokers make those themselves", name);
    }
    return std::nullopt;
}

void validate_topic_config(const std::string& path, const TopicSection& topic) {
    std::vector<std::string> known;
    for (const SettingText& setting : list_settings(model::LogOptions{})) {
        known.push_back(setting.key);
    }
    for (const auto& [key, value] : topic.config) {
        const std::string where = path + ".config." + key;
        if (!contains(known, key)) {
            refuse_key(where, "unknown setting '" + key + "'" + suggestion(key, known));
        }
        if (const auto options = model::LogOptions{}.with({{key, value}}); !options) {
            refuse(where, options.error().detail);
        }
    }
}

void validate_topics(const Scenario& scenario) {
    for (const auto& [name, topic] : scenario.topics) {
        const std::string path = "topics." + name;
        if (const auto problem = problem_of_topic_name(name)) refuse(path, *problem);
        if (static_cast<std::uint32_t>(topic.replication) > scenario.cluster.brokers) {
            refuse(
                path + ".replication",
                fmt::format("{} replicas need as many brokers, and there are {} (cluster.brokers)",
                            topic.replication, scenario.cluster.brokers));
        }
        validate_topic_config(path, topic);
    }
}

// Machines of a test: their names are theirs to choose, once each.
void validate_applications(const Scenario& scenario) {
    const std::vector<std::string>& names = scenario.workload.applications;
    if (scenario.workload.kind != applications_kind) {
        if (names.empty()) return;
        refuse("workload.applications", fmt::format("a workload of the kind \"{}\" has its own; "
                                                    "these are for the kind \"{}\"",
                                                    scenario.workload.kind, applications_kind));
    }
    std::set<std::string> taken = {Cast::admin_name, Cast::reader_name,
                                   std::string(AdminPlan::machine_name)};
    for (std::string& server : server_names(scenario)) taken.insert(std::move(server));
    for (const std::string& name : names) {
        const bool is_legal = !name.empty() && std::ranges::all_of(name, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
        if (!is_legal) {
            refuse("workload.applications",
                   fmt::format("'{}' is no name of a machine; expected a-z, 0-9, '-'", name));
        }
        if (!taken.insert(name).second) {
            refuse("workload.applications", "there is a machine '" + name + "' already");
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

void validate_flaw(const Scenario& scenario, const WorkloadEntry& workload) {
    const std::string& flaw = scenario.workload.flaw;
    if (flaw.empty()) return;
    std::vector<std::string> known;
    for (const FlawEntry& entry : workload.flaws) known.emplace_back(entry.name);
    if (std::ranges::find(known, flaw) != known.end()) return;
    if (known.empty()) {
        refuse("workload.flaw", fmt::format("{} has no flaws to choose from", workload.kind));
    }
    refuse("workload.flaw", fmt::format("{} has no flaw '{}'{} (it has {})", workload.kind, flaw,
                                        suggestion(flaw, known), fmt::join(known, ", ")));
}

void validate_groups_of_workload(const Scenario& scenario, const WorkloadEntry& workload) {
    const auto& groups = scenario.workload.groups;
    if (workload.needs_group && groups.empty()) {
        refuse("workload.groups", fmt::format("{} does nothing without a group", workload.kind));
    }
    if (workload.groups.empty()) return;
    for (const std::string_view needed : workload.groups) {
        if (groups.contains(std::string(needed))) continue;
        refuse("workload.groups", fmt::format("{} needs the group '{}'", workload.kind, needed));
    }
    for (const auto& [name, section] : groups) {
        if (std::ranges::find(workload.groups, name) != workload.groups.end()) continue;
        refuse("workload.groups." + name, fmt::format("{} has the groups {}", workload.kind,
                                                      fmt::join(workload.groups, ", ")));
    }
}

void validate_commit_styles(const Scenario& scenario, const WorkloadEntry& workload) {
    const auto flaw = std::ranges::find(workload.flaws, scenario.workload.flaw, &FlawEntry::name);
    for (const auto& [name, section] : scenario.workload.groups) {
        const std::string path = "workload.groups." + name + ".commit";
        const std::vector<CommitStyle>& known = workload.commit_styles;
        if (!known.empty() && std::ranges::find(known, section.commit) == known.end()) {
            std::vector<std::string> expected;
            for (const CommitStyle style : known) {
                expected.push_back(fmt::format("\"{}\"", to_string(style)));
            }
            refuse(path, fmt::format("groups of {} cannot commit so: expected {}", workload.kind,
                                     fmt::join(expected, " or ")));
        }
        if (section.commit == CommitStyle::automatic && flaw != workload.flaws.end() &&
            flaw->is_of_own_commits) {
            refuse(path, fmt::format("the flaw '{}' is about commits of its own, and with \"auto\" "
                                     "it has none",
                                     flaw->name));
        }
    }
}

// Under the consumer protocol the coordinator matches it (RE2), else the client; whoever is moved
// from one to the other has to be able to go on.
void validate_patterns(const Scenario& scenario, const WorkloadEntry& workload) {
    for (const auto& [name, section] : scenario.workload.groups) {
        if (section.pattern.empty()) continue;
        const std::string path = "workload.groups." + name + ".pattern";
        if (!workload.subscribes_to_patterns) {
            refuse(path, fmt::format("groups of {} subscribe to its own topics", workload.kind));
        }
        const auto by_coordinator = model::RegularExpression::parse(section.pattern);
        if (!by_coordinator) {
            refuse(path, fmt::format("'{}' is no regular expression: {}", section.pattern,
                                     by_coordinator.error().detail));
        }
        const auto by_client = model::TopicPattern::parse(section.pattern);
        if (!by_client) {
            refuse(path, fmt::format("'{}' is no regular expression for clients: {}",
                                     section.pattern, by_client.error().detail));
        }
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

// Brokers make the topic of group offsets when the first group asks for its coordinator.
void validate_offsets_topic(const Scenario& scenario) {
    const bool has_members = std::ranges::any_of(
        scenario.workload.groups, [](const auto& group) { return group.second.members > 0; });
    const std::int32_t replicas = scenario.cluster.config.groups.offsets_topic_replication_factor;
    if (!has_members || replicas <= static_cast<std::int64_t>(scenario.cluster.brokers)) return;
    refuse("cluster.config.offsets.topic.replication.factor",
           fmt::format("{} replicas need as many brokers, and there are {} (cluster.brokers): no "
                       "group could commit",
                       replicas, scenario.cluster.brokers));
}

// The wall clocks of machines stay where the model can count.
void validate_clock(const std::string& path, const Scenario& scenario, Duration offset) {
    const WallTime first = scenario.run.start + std::min(offset, Duration::zero());
    if (offset > longest_clock_offset || offset < -longest_clock_offset ||
        first < WallTime(Duration::zero())) {
        refuse(path, fmt::format("expected at most {}h either way, and no date before 1970",
                                 longest_clock_offset / 1h));
    }
}

// What is said of one machine: clients have clocks, and neither settings of a broker nor bugs.
void validate_nodes(const Scenario& scenario, const std::vector<std::string>& nodes) {
    const std::vector<std::string> servers = server_names(scenario);
    for (const auto& [name, section] : scenario.nodes) {
        const std::string path = "node." + name;
        if (!contains(nodes, name)) {
            refuse(path, "there is no node '" + name + "'" + suggestion(name, nodes));
        }
        validate_bugs(path + ".bugs", section.bugs);
        validate_clock(path + ".clock.offset", scenario, section.clock_offset);
        if (contains(servers, name)) continue;
        if (!section.bugs.empty()) {
            refuse(path + ".bugs", "a bug is armed on servers, and '" + name + "' is a client");
        }
        if (!section.config.empty()) {
            refuse(path + ".config", "these are settings of servers, and '" + name +
                                         "' is a client (see workload.producer, "
                                         "workload.consumer)");
        }
    }
}

// Internal topics appear when first used, with as many partitions as the brokers are told.
std::optional<std::int32_t> partitions_of(const Scenario& scenario, const std::string& topic) {
    const auto found = scenario.topics.find(topic);
    if (found != scenario.topics.end()) return found->second.partitions;
    static const std::map<std::string_view, std::string_view> internal_topics = {
        {"__consumer_offsets", "offsets.topic.num.partitions"},
        {"__transaction_state", "transaction.state.log.num.partitions"}};
    const auto internal = internal_topics.find(topic);
    if (internal == internal_topics.end()) return std::nullopt;
    for (const SettingText& setting : list_settings(scenario.cluster.config)) {
        if (setting.key == internal->second) return std::stoi(setting.value);
    }
    return std::nullopt;
}

void validate_partition(const Scenario& scenario, const std::string& path,
                        const model::TopicPartition& partition) {
    const std::optional<std::int32_t> partitions = partitions_of(scenario, partition.topic);
    if (!partitions) {
        std::vector<std::string> topics = {"__consumer_offsets", "__transaction_state"};
        for (const auto& [name, section] : scenario.topics) topics.push_back(name);
        refuse(path,
               "there is no topic '" + partition.topic + "'" + suggestion(partition.topic, topics));
    }
    if (partition.partition >= *partitions) {
        refuse(path, fmt::format("topic '{}' has {} partition{}, from 0", partition.topic,
                                 *partitions, *partitions == 1 ? "" : "s"));
    }
}

void validate_group(const Scenario& scenario, const std::string& path, const std::string& group) {
    if (scenario.workload.groups.contains(group)) return;
    std::vector<std::string> groups;
    for (const auto& [name, section] : scenario.workload.groups) groups.push_back(name);
    refuse(path, "there is no group '" + group + "'" + suggestion(group, groups));
}

// Whom a fault may mean. What a scenario has is known before it runs; topics and groups of a
// cluster that runs are looked up when the fault strikes.
struct Aimable {
    std::vector<std::string> nodes;
    bool is_running = false;
};

// `target`, written at `path`. `needs_disk`: nobody else can be hit.
void validate_target(const Scenario& scenario, const std::string& path, const std::string& text,
                     const std::string& kind, bool needs_disk, const Aimable& aimable) {
    const std::vector<std::string>& nodes = aimable.nodes;
    const Result<Target> target = parse_target(text);
    if (!target) refuse(path, target.error().detail);
    switch (target->role) {
        case Target::Role::node:
            if (!contains(nodes, target->name)) {
                refuse(path,
                       "there is no node '" + target->name + "'" + suggestion(target->name, nodes));
            }
            if (needs_disk && !contains(server_names(scenario), target->name)) {
                refuse(path, fmt::format("a {} needs a server with a disk; '{}' is a client", kind,
                                         target->name));
            }
            return;
        case Target::Role::owner:
            if (needs_disk) {
                refuse(path,
                       fmt::format("a {} needs a server with a disk; an owner is a client", kind));
            }
            if (aimable.is_running) return;
            validate_partition(scenario, path, target->partition);
            if (!target->name.empty()) validate_group(scenario, path, target->name);
            return;
        case Target::Role::leader:
        case Target::Role::in_sync_follower:
        case Target::Role::in_sync_replicas:
        case Target::Role::lagging:
            if (!aimable.is_running) validate_partition(scenario, path, target->partition);
            return;
        case Target::Role::coordinator:
            if (!aimable.is_running) validate_group(scenario, path, target->name);
            return;
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

// Whose application can go wrong in that way. Requires: the target is valid.
void validate_part(const Scenario& scenario, const std::string& path, const std::string& text,
                   const FaultEntry& kind) {
    if (kind.part == FaultEntry::Part::any) return;
    const std::vector<std::string> able = players(scenario, kind.part);
    const bool handles = kind.part == FaultEntry::Part::handler;
    const std::string_view what = handles ? "handles records" : "sends records";
    if (able.empty()) {
        refuse(path, fmt::format("a {} needs an application that {}, and asks what goes wrong: "
                                 "nobody does in a workload of kind '{}'",
                                 kind.kind, what, scenario.workload.kind));
    }
    const Target target = parse_target(text).value();
    const bool is_able = target.role == Target::Role::node
                             ? contains(able, target.name)
                             : target.role == Target::Role::owner && handles;
    if (is_able) return;
    refuse(path,
           fmt::format("a {} needs an application that {}; expected {}{}, not '{}'", kind.kind,
                       what, able.front(), handles ? ", owner(P) or the like" : "", text));
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

void validate_pattern(const std::string& path, const EventPattern& pattern) {
    if (const auto problem = problem_of_event(pattern.event)) refuse(path, *problem);
    for (const EventPattern::Field& field : pattern.fields) {
        if (const auto problem = problem_of_field(pattern.event, field.name)) {
            refuse(path, *problem);
        }
    }
}

// Its kind, its options, and whom it is aimed at.
void validate_strike(const Scenario& scenario, const FaultSection& fault, const Aimable& aimable) {
    const std::string path = "fault." + fault.id;
    const FaultEntry* const kind = find_fault(fault.kind);
    if (kind == nullptr) {
        refuse(path + ".kind", fault.kind.empty()
                                   ? "a fault names its kind (see `squall list faults`)"
                                   : unknown_fault(fault.kind));
    }
    for (const auto& [name, value] : fault.options) {
        const bool is_known = std::ranges::any_of(
            kind->options, [&](const FaultOptionEntry& option) { return option.stands_for(name); });
        if (is_known) continue;
        std::vector<std::string> known = {"id",     "kind",  "target", "at",
                                          "window", "every", "when",   "for"};
        for (const FaultOptionEntry& option : kind->options) known.emplace_back(option.name);
        refuse_key(path + "." + name, fmt::format("a {} has no option '{}'{}", fault.kind, name,
                                                  suggestion(name, known)));
    }
    if (const auto made = kind->make(fault.options); !made) refuse(path, made.error().detail);
    if (fault.target.empty()) refuse(path + ".target", "a fault names its target");
    validate_target(scenario, path + ".target", fault.target, fault.kind, kind->needs_broker,
                    aimable);
    validate_part(scenario, path + ".target", fault.target, *kind);
    for (const FaultOptionEntry& option : kind->options) {
        const auto written = fault.options.find(std::string(option.name));
        if (!option.is_target || written == fault.options.end() ||
            written->second == option.default_value) {
            continue;
        }
        validate_target(scenario, path + "." + written->first, written->second, fault.kind,
                        kind->needs_broker, aimable);
    }
}

void validate_fault(const Scenario& scenario, const FaultSection& fault,
                    const std::vector<std::string>& nodes) {
    const std::string path = "fault." + fault.id;
    validate_strike(scenario, fault, {.nodes = nodes});
    const auto in_storm = [&](std::string_view key, Duration time) {
        if (time < scenario.run.storm) return;
        refuse(fmt::format("{}.{}", path, key),
               fmt::format("{} is not within the storm, which ends at {} (run.storm)",
                           squall::to_string(time), squall::to_string(scenario.run.storm)));
    };
    if (fault.at) in_storm("at", *fault.at);
    if (fault.window) in_storm("window", fault.window->second);
    if (fault.every) {
        in_storm("every", *fault.every);
        constexpr std::int64_t most = 10'000;
        if (scenario.run.storm / *fault.every > most) {
            refuse(path + ".every",
                   fmt::format("it would strike more than {} times within the storm (run.storm)",
                               most));
        }
    }
    if (fault.when) validate_condition(path + ".when", *fault.when);
}

void validate_swarm_faults(const Scenario& scenario, const SwarmFaults& faults) {
    if (faults.kinds.empty()) {
        refuse("swarm.faults.kinds", "there is nothing to choose from (see `squall list faults`)");
    }
    if (faults.max == 0) {
        refuse("swarm.faults.count", "how many? expected { min = 1, max = 4 } or the like");
    }
    for (const std::string& kind : faults.kinds) {
        const FaultEntry* const entry = find_fault(kind);
        if (entry == nullptr) refuse("swarm.faults.kinds", unknown_fault(kind));
        if (entry->part != FaultEntry::Part::any && players(scenario, entry->part).empty()) {
            refuse("swarm.faults.kinds",
                   fmt::format("{}: nobody can be hit in a workload of kind '{}'", kind,
                               scenario.workload.kind));
        }
        if (const auto made = entry->make({}); !made) {
            refuse("swarm.faults.kinds", kind + ": " + made.error().detail);
        }
    }
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
    const std::vector<std::string> findings(checkers::all_finding_names().begin(),
                                            checkers::all_finding_names().end());
    for (const Expectation& expected : checks.expect) {
        if (contains(findings, expected.finding)) continue;
        refuse("checks.expect", "no checker finds '" + expected.finding + "'" +
                                    suggestion(expected.finding, findings));
    }
    for (const std::string& event : checks.sometimes) {
        const auto parsed = parse_event_pattern(event);
        if (!parsed) refuse("checks.sometimes", parsed.error().detail);
        validate_pattern("checks.sometimes", *parsed);
    }
    for (const std::string& probe : checks.probes) {
        const auto parsed = parse_probe(probe);
        if (!parsed) refuse("checks.probes", parsed.error().detail);
        validate_pattern("checks.probes", parsed->events);
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
    validate_nodes(scenario, nodes);
    validate_bugs("bugs", scenario.bugs);
    validate_topics(scenario);
    validate_offsets_topic(scenario);
    if (const auto problem = problem_of_admin_steps(scenario)) {
        if (problem->is_about_key) refuse_key(problem->path, problem->message);
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
    validate_applications(scenario);
    validate_flaw(scenario, *workload);
    validate_commit_styles(scenario, *workload);
    validate_groups_of_workload(scenario, *workload);
    validate_patterns(scenario, *workload);
    if (scenario.swarm.faults) validate_swarm_faults(scenario, *scenario.swarm.faults);
}

void validate_given(const Scenario& scenario, const FaultSection& fault,
                    const std::vector<std::string>& machines) {
    validate_strike(scenario, fault, {.nodes = machines, .is_running = true});
    if (fault.when) validate_condition("fault." + fault.id + ".when", *fault.when);
}

}  // namespace squall::scenarios
