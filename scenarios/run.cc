#include "scenarios/run.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "model/bugs.h"
#include "scenarios/admin/admin_plan.h"
#include "scenarios/audit.h"
#include "scenarios/cluster.h"
#include "scenarios/fault_plan.h"
#include "scenarios/receipts.h"
#include "scenarios/scenario_file.h"
#include "scenarios/swarm.h"
#include "scenarios/tally.h"
#include "scenarios/workloads/workload.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {
namespace {

using checkers::CheckerReport;
using checkers::CheckerVerdict;

// Each bug that is armed, with the machines that have it; none where all servers do.
std::map<std::string, std::vector<std::string>> armed_bugs(const Scenario& scenario) {
    std::map<std::string, std::vector<std::string>> armed;
    for (const auto& [name, section] : scenario.nodes) {
        for (const std::string& id : section.bugs) armed[id].push_back(name);
    }
    for (const std::string& id : scenario.bugs) armed[id] = {};
    return armed;
}

// Far beyond what a run of this size and length takes: who gets there turns in circles.
std::uint64_t generous_step_budget(const Scenario& scenario) {
    std::uint64_t machines = scenario.cluster.brokers + scenario.cluster.controllers + 3;
    std::uint64_t partitions = 0;
    for (const auto& [name, group] : scenario.workload.groups) machines += group.members;
    for (const auto& [name, topic] : scenario.topics) {
        partitions += static_cast<std::uint64_t>(topic.partitions);
    }
    const auto seconds =
        static_cast<std::uint64_t>((scenario.run.storm + scenario.run.calm) / 1s) + 1;
    const std::uint64_t each_second = 3'000 * machines * machines + 1'000 * partitions +
                                      200 * std::uint64_t{scenario.workload.rate} * machines;
    return 10'000'000 + seconds * each_second;
}

// With an unsafe configuration armed as a bug, the run is judged by the safe contract.
checkers::Contract contract_of(const Scenario& scenario) {
    const bool unsafe = std::ranges::any_of(scenario.bugs, [](const std::string& id) {
        const model::BugEntry* const entry = model::find_bug(id);
        return entry != nullptr && entry->is_configuration();
    });
    return unsafe ? checkers::Contract::safe : checkers::Contract::configured;
}

std::string first_objection(const CheckerReport& report) {
    for (const checkers::Anomaly& anomaly : report.anomalies) {
        if (anomaly.allowed) continue;
        std::string text = report.checker + ": " + anomaly.type;
        for (const auto& [name, value] : anomaly.evidence) text += " " + name + "=" + value;
        return text;
    }
    return report.checker;
}

// Whether anything was judged of what clients sent, read or committed.
bool sees_clients(const RunResult& result) {
    static constexpr std::array<std::string_view, 10> client_facing = {
        "atomicity",   "committed-offset", "compaction", "delivery",       "duplicate",
        "failed-send", "lost-write",       "order",      "read-committed", "inconsistent-offsets"};
    return std::ranges::any_of(result.checkers, [](const CheckerReport& report) {
        return report.judged > 0 &&
               std::ranges::find(client_facing, report.checker) != client_facing.end();
    });
}

// What is missing for the run to mean anything; empty where nothing is.
std::string vacuity(const RunResult& result, const Scenario& scenario) {
    const bool nothing_happened =
        !result.faults.empty() && std::ranges::all_of(result.faults, [](const FaultReceipt& fault) {
            return fault.effects.empty();
        });
    if (nothing_happened) return "no fault had any effect";
    if (!sees_clients(result)) return "no checker judged anything that clients saw";
    for (const std::string& required : scenario.checks.require) {
        const auto report = std::ranges::find(result.checkers, required, &CheckerReport::checker);
        if (report == result.checkers.end() || report->judged == 0) {
            return fmt::format("checker {} had no chance to object", required);
        }
    }
    for (const Expectation& expected : scenario.checks.expect) {
        const bool found = std::ranges::any_of(result.checkers, [&](const CheckerReport& report) {
            return std::ranges::any_of(report.anomalies, [&](const checkers::Anomaly& anomaly) {
                return anomaly.type == expected.finding &&
                       (expected.because.empty() || anomaly.cause == expected.because);
            });
        });
        if (!found) return fmt::format("the expected finding {} did not appear", expected.finding);
    }
    for (const std::string& text : scenario.checks.probes) {
        const Probe probe = parse_probe(text).value();
        const auto seen = result.probes.find(probe.event);
        if (seen == result.probes.end() || seen->second < probe.at_least) {
            return fmt::format("probe not reached: {} (seen {})", text,
                               seen == result.probes.end() ? 0 : seen->second);
        }
    }
    return {};
}

void decide(RunResult& result, const Scenario& scenario) {
    const auto with = [&](CheckerVerdict verdict) {
        return std::ranges::find(result.checkers, verdict, &CheckerReport::verdict);
    };
    if (const auto failed = with(CheckerVerdict::fail); failed != result.checkers.end()) {
        result.verdict = Verdict::fail;
        result.why = first_objection(*failed);
    } else if (const auto open = with(CheckerVerdict::inconclusive);
               open != result.checkers.end()) {
        result.verdict = Verdict::inconclusive;
        result.why = open->checker + ": " + open->note;
    } else if (std::string missing = vacuity(result, scenario); !missing.empty()) {
        result.verdict = Verdict::vacuous;
        result.why = std::move(missing);
    } else {
        result.verdict = Verdict::pass;
    }
}

// What was found in a run that broke off. Who judges the end has not seen it.
std::vector<CheckerReport> reports_of_a_part(checkers::CheckerSet& checkers) {
    std::vector<CheckerReport> reports;
    try {
        reports = checkers.finish();
    } catch (const AssertionFailure&) {
        // The checkers themselves are what failed: that was told already.
        return {};
    }
    for (CheckerReport& report : reports) {
        const auto& all = checkers::all_checkers();
        const auto entry = std::ranges::find(all, report.checker, &checkers::CheckerEntry::name);
        if (entry == all.end() || !entry->judges_the_end) continue;
        report = {.checker = report.checker,
                  .verdict = CheckerVerdict::inconclusive,
                  .judged = 0,
                  .anomalies = {},
                  .note = "the run broke off before its end"};
    }
    return reports;
}

// A violated invariant of the model itself: our bug, unless we switched one on.
void decide_broken(RunResult& result, const Scenario& scenario, const AssertionFailure& failure) {
    result.why = failure.describe_failure();
    if (armed_bugs(scenario).empty()) {
        result.verdict = Verdict::broken;
        return;
    }
    result.verdict = Verdict::fail;
    CheckerReport report{.checker = "invariant",
                         .verdict = CheckerVerdict::fail,
                         .judged = 1,
                         .anomalies = {},
                         .anomaly_count = 1,
                         .allowed_count = 0,
                         .note = "a decider's own invariant"};
    report.anomalies.push_back({.type = "invariant",
                                .evidence = {{"assertion", failure.describe_failure()}},
                                .events = {},
                                .allowed = false,
                                .cause = {}});
    result.checkers.push_back(std::move(report));
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::broken:
            return "broken";
        case Verdict::fail:
            return "fail";
        case Verdict::inconclusive:
            return "inconclusive";
        case Verdict::vacuous:
            return "vacuous";
        case Verdict::pass:
            return "pass";
    }
    return "?";
}

int exit_code(Verdict verdict) {
    switch (verdict) {
        case Verdict::broken:
            return 70;
        case Verdict::fail:
            return 1;
        case Verdict::inconclusive:
            return 3;
        case Verdict::vacuous:
            return 4;
        case Verdict::pass:
            return 0;
    }
    return 70;
}

RunResult run(const Scenario& written, const RunOptions& options) {
    RunResult result;
    result.expanded = expand(written, options.seed);
    const Scenario& scenario = result.expanded;
    validate(scenario);
    result.scenario = scenario.name;
    result.seed = options.seed;

    const std::unique_ptr<Workload> workload =
        find_workload(scenario.workload.kind)->make(scenario);
    auto cluster = std::make_unique<Cluster>(
        scenario, options.seed, sim::TraceOptions{.level = options.trace_level},
        options.step_budget != 0 ? options.step_budget : generous_step_budget(scenario),
        options.stop);
    sim::Simulation& simulation = cluster->simulation();
    const std::shared_ptr<sim::Trace> trace = simulation.shared_trace();

    Receipts receipts(*trace);
    Tally tally;
    checkers::CheckerSet checkers(contract_of(scenario));
    FaultPlan plan(scenario, *cluster, receipts);
    trace->observe([&](const sim::Event& event) {
        receipts.observe(event);
        tally.observe(event);
        checkers.observe(event);
        plan.observe(event);
    });

    if (options.prepare) options.prepare(simulation);

    const Time storm_end = Time(scenario.run.storm);
    const Time end = storm_end + scenario.run.calm;
    std::optional<AssertionFailure> failure;
    try {
        simulation.control_at(storm_end, [&] {
            plan.end_storm();
            trace->emit_as_harness(sim::CalmBegan{});
            workload->begin_calm(*cluster);
        });
        workload->start(*cluster);
        const AdminPlan admin(scenario, *cluster);
        cluster->boot();
        simulation.run_until(end);
        result.interrupted = simulation.is_interrupted();
        if (!result.interrupted) audit_disks(*cluster);
        simulation.finish();
        result.checkers = checkers.finish();
    } catch (const AssertionFailure& caught) {
        failure = caught;
    }

    for (const auto& [id, nodes] : armed_bugs(scenario)) {
        const model::BugEntry* const entry = model::find_bug(id);
        std::uint64_t hits = 0;
        for (const auto& machine : cluster->machines()) hits += machine->bugs.hits(entry->bug);
        result.bugs.push_back({.id = std::string(entry->id), .hits = hits, .nodes = nodes});
    }
    result.simulated = simulation.now() - Time{};
    // The simulation goes before the trace is judged: whatever its end says is part of the story.
    cluster.reset();
    trace->stop_observing();
    result.hash = trace->hash();
    result.events = trace->count();
    result.faults = receipts.finish();
    result.operations = tally.operations();
    result.probes = {};
    for (const auto& [name, count] : trace->counts()) result.probes[name] = count;
    result.trace = trace;
    if (failure) {
        result.checkers = reports_of_a_part(checkers);
        decide_broken(result, scenario, *failure);
    } else {
        decide(result, scenario);
    }
    return result;
}

}  // namespace squall::scenarios
