#include "squall/run.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <ostream>

#include "scenarios/run.h"
#include "scenarios/scenario_file.h"
#include "scenarios/workloads/applications.h"
#include "sim/base/settings.h"
#include "squall/internal/application.h"

namespace squall {
namespace {

// "leader(#4)": which role, and which one of those that the pipeline has.
struct Counted {
    std::string role;
    std::size_t number = 0;
};

std::optional<Counted> counted(std::string_view target) {
    const std::size_t open = target.find("(#");
    if (open == std::string_view::npos || !target.ends_with(')')) return std::nullopt;
    Counted found{.role = std::string(target.substr(0, open))};
    const char* const end = target.data() + target.size() - 1;
    const auto [stopped, error] = std::from_chars(target.data() + open + 2, end, found.number);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return found;
}

std::vector<std::string> partitions_of(const Pipeline& pipeline) {
    std::vector<std::string> names;
    for (const Topic& topic : pipeline.topics) {
        for (std::int32_t i = 0; i < topic.partitions; ++i) {
            names.push_back(fmt::format("{}-{}", topic.name, i));
        }
    }
    return names;
}

// A target that a scenario file may have.
std::string target_of(const std::string& target, const Pipeline& pipeline) {
    const std::optional<Counted> role = counted(target);
    if (!role) return target;
    const auto one_of = [&](const std::vector<std::string>& names) {
        if (names.empty()) throw BadScenario("fault: the pipeline has nobody to be " + target);
        return names[role->number % names.size()];
    };
    if (role->role == "application") {
        std::vector<std::string> names;
        for (const Application& application : pipeline.applications) {
            names.push_back(application.name);
        }
        return one_of(names);
    }
    if (role->role == "broker") return fmt::format("b{}", role->number % pipeline.brokers + 1);
    if (role->role == "coordinator") {
        if (pipeline.groups.empty()) return "any-broker";
        return fmt::format("coordinator({})", one_of(pipeline.groups));
    }
    return fmt::format("{}({})", role->role, one_of(partitions_of(pipeline)));
}

template <class Options>
void set_all(Options& options, const Settings& settings, std::string_view what) {
    for (const auto& [key, value] : settings) {
        const std::string text = key == "acks" && value == "all" ? "-1" : value;
        if (const Status set = set_setting(options, key, text); !set) {
            throw BadScenario(fmt::format("{}: {}", what, set.error().detail));
        }
    }
    if (const auto problem = options.problem()) {
        throw BadScenario(fmt::format("{}: {}", what, *problem));
    }
}

// Of the scale of a storm: Kafka's own defaults let a client wait for minutes for somebody who lost
// power, and a leader for half a minute for a follower.
const Settings timeouts_of_producers = {{"delivery.timeout.ms", "15000"},
                                        {"request.timeout.ms", "4000"}};
const Settings timeouts_of_consumers = {{"max.poll.interval.ms", "10000"},
                                        {"request.timeout.ms", "4000"},
                                        {"session.timeout.ms", "6000"}};
const Settings timeouts_of_servers = {{"broker.session.timeout.ms", "6000"},
                                      {"replica.lag.time.max.ms", "6000"}};

void set_servers(model::BrokerConfig& config, const Pipeline& pipeline) {
    Settings settings = timeouts_of_servers;
    for (const std::string topic : {"offsets.topic.", "transaction.state.log."}) {
        // One is enough, and cheap; a pipeline that wants more says so.
        settings[topic + "num.partitions"] = "1";
        if (pipeline.brokers < 3) {
            settings[topic + "replication.factor"] = std::to_string(pipeline.brokers);
        }
    }
    for (const auto& [key, value] : settings) {
        const Status set = set_setting(config, key, value);
        ASSERT(set.ok(), "{} = {}: {}", key, value, set.error().detail);
    }
}

scenarios::Scenario scenario_of(const Pipeline& pipeline, const Storm& storm) {
    scenarios::Scenario scenario;
    scenario.name = pipeline.name;
    scenario.run.storm = storm.lasts;
    scenario.run.calm = storm.calm;
    scenario.cluster.brokers = pipeline.brokers;
    scenario.cluster.controllers = pipeline.controllers;
    set_servers(scenario.cluster.config, pipeline);
    for (const Topic& topic : pipeline.topics) {
        if (scenario.topics.contains(topic.name)) {
            throw BadScenario("two topics are named '" + topic.name + "'");
        }
        scenario.topics[topic.name] = {.partitions = topic.partitions,
                                       .replication = topic.replication,
                                       .config = topic.config};
    }
    scenarios::WorkloadSection& workload = scenario.workload;
    workload.kind = scenarios::applications_kind;
    for (const Application& application : pipeline.applications) {
        if (!application.main) throw BadScenario(application.name + ": an application has a main");
        workload.applications.push_back(application.name);
    }
    for (const std::string& group : pipeline.groups) workload.groups[group].members = 0;
    set_all(workload.producer, timeouts_of_producers, "producer");
    set_all(workload.consumer, timeouts_of_consumers, "consumer");
    set_all(workload.producer, pipeline.producer, "producer");
    workload.consumer.auto_offset_reset = "earliest";
    workload.consumer.enable_auto_commit = false;
    set_all(workload.consumer, pipeline.consumer, "consumer");
    for (const Fault& fault : storm.faults) {
        scenarios::FaultSection section;
        section.id = fmt::format("fault-{}", scenario.faults.size() + 1);
        section.kind = fault.kind;
        section.target = target_of(fault.target, pipeline);
        section.at = fault.at;
        section.heal_after = fault.lasts;
        section.options = fault.options;
        scenario.faults.push_back(std::move(section));
    }
    scenarios::Changes changes;
    for (const auto& [path, value] : pipeline.scenario) changes.set.push_back({path, value});
    for (const auto& [path, value] : storm.conditions) changes.set.push_back({path, value});
    // Through the file's own reader, so that everything is checked as a written scenario is.
    return scenarios::parse_scenario(scenarios::write_scenario(scenario), pipeline.name, changes);
}

Judgement judgement_of(const checkers::CheckerReport& report) {
    Judgement judgement{.checker = report.checker,
                        .verdict = std::string(to_string(report.verdict)),
                        .judged = report.judged,
                        .anomalies = {}};
    for (const checkers::Anomaly& anomaly : report.anomalies) {
        judgement.anomalies.push_back({.type = anomaly.type,
                                       .allowed = anomaly.allowed,
                                       .cause = anomaly.cause,
                                       .evidence = anomaly.evidence});
    }
    return judgement;
}

Outcome outcome_of(scenarios::RunResult result) {
    Outcome outcome;
    outcome.verdict = to_string(result.verdict);
    outcome.why = result.why;
    outcome.hash = result.hash;
    outcome.events = result.events;
    for (const checkers::CheckerReport& report : result.checkers) {
        outcome.judgements.push_back(judgement_of(report));
    }
    for (const scenarios::FaultReceipt& fault : result.faults) {
        outcome.faults.push_back(
            {.kind = fault.kind, .target = fault.target, .effects = fault.effects});
    }
    outcome.counts = result.probes;
    result.expanded.run.seed = result.seed;
    outcome.scenario = scenarios::write_scenario(result.expanded);
    return outcome;
}

}  // namespace

const Judgement& Outcome::judgement(const std::string& checker) const {
    const auto found = std::ranges::find(judgements, checker, &Judgement::checker);
    if (found == judgements.end()) {
        throw std::out_of_range("there is no checker '" + checker + "'");
    }
    return *found;
}

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    out << outcome.verdict << (outcome.why.empty() ? "" : ": ") << outcome.why;
    for (const StruckFault& fault : outcome.faults) {
        out << "\n  " << fault.kind << ' ' << fault.target;
        for (const std::string& effect : fault.effects) out << "\n    " << effect;
    }
    return out;
}

Outcome run(const Pipeline& pipeline, const Storm& storm) {
    internal::Shared shared{.pipeline = pipeline};
    scenarios::RunResult result;
    try {
        result = scenarios::run(scenario_of(pipeline, storm),
                                {.seed = storm.seed,
                                 .trace_level = sim::TraceLevel::hash_only,
                                 .applications = [&](const scenarios::Scenario&) {
                                     return internal::make_applications(shared);
                                 }});
    } catch (const scenarios::ScenarioError& error) {
        throw BadScenario(error.text());
    }
    Outcome outcome = outcome_of(std::move(result));
    outcome.thrown = shared.thrown;
    outcome.values = shared.database;
    if (!outcome.thrown.empty() && outcome.holds()) {
        outcome.verdict = "fail";
        outcome.why = "an exception left " + outcome.thrown.front();
    }
    return outcome;
}

Outcome replay(const std::string& repro) {
    try {
        const scenarios::Scenario scenario = scenarios::parse_scenario(repro, "repro");
        if (!scenario.run.seed) throw BadScenario("repro: expected run.seed");
        if (scenario.workload.kind == scenarios::applications_kind) {
            throw BadScenario("repro: its applications are code of a test, and only that runs it");
        }
        Outcome outcome = outcome_of(scenarios::run(
            scenario, {.seed = *scenario.run.seed, .trace_level = sim::TraceLevel::hash_only}));
        outcome.values = std::make_shared<Database>();
        return outcome;
    } catch (const scenarios::ScenarioError& error) {
        throw BadScenario(error.text());
    }
}

}  // namespace squall
