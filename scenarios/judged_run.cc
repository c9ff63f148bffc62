#include "scenarios/judged_run.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "model/bugs.h"
#include "scenarios/audit.h"
#include "scenarios/disarmed.h"
#include "scenarios/scenario_file.h"
#include "scenarios/swarm.h"
#include "scenarios/workloads/applications.h"
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

checkers::Contract contract_of(const Scenario& scenario) {
    return is_armed_by_configuration(scenario) ? checkers::Contract::safe
                                               : checkers::Contract::configured;
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
        const auto seen = result.probes.find(probe.events.text());
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
    report.anomalies.push_back(
        {.type = "invariant",
         .evidence = {{"assertion", failure.describe_failure()}},
         .events = {},
         .allowed = false,
         .cause = fmt::format("{} ASSERT({})", failure.file, failure.condition)});
    result.checkers.push_back(std::move(report));
}

// Swarms are drawn and everything is checked before any member is built.
RunResult prepared(const Scenario& written, const RunOptions& options) {
    RunResult result;
    result.expanded = expand(written, options.seed);
    validate(result.expanded);
    result.scenario = result.expanded.name;
    result.seed = options.seed;
    return result;
}

std::unique_ptr<Workload> workload_of(const Scenario& scenario, const RunOptions& options) {
    if (scenario.workload.kind == applications_kind && options.applications) {
        return options.applications(scenario);
    }
    return find_workload(scenario.workload.kind)->make(scenario);
}

void watch_patterns(const ChecksSection& checks, Tally& tally) {
    const auto watch = [&](EventPattern pattern) {
        if (!pattern.fields.empty()) tally.watch(std::move(pattern));
    };
    for (const std::string& text : checks.probes) watch(parse_probe(text).value().events);
    for (const std::string& text : checks.sometimes) watch(parse_event_pattern(text).value());
}

}  // namespace

JudgedRun::JudgedRun(const Scenario& written, const RunOptions& options)
    : result_(prepared(written, options)),
      workload_(workload_of(scenario(), options)),
      cluster_(std::make_unique<Cluster>(
          scenario(), options.seed, sim::TraceOptions{.level = options.trace_level},
          options.step_budget != 0 ? options.step_budget : generous_step_budget(scenario()),
          options.stop)),
      trace_(cluster_->simulation().shared_trace()),
      receipts_(*trace_),
      checkers_(options.by_safe_contract ? checkers::Contract::safe : contract_of(scenario())),
      plan_(std::make_unique<FaultPlan>(scenario(), *cluster_, receipts_)),
      end_(Time(scenario().run.storm) + scenario().run.calm) {
    watch_patterns(scenario().checks, tally_);
    trace_->observe([this](const sim::Event& event) { receipts_.observe(event); },
                    Receipts::looks_at);
    trace_->observe([this](const sim::Event& event) { tally_.observe(event); },
                    [this](const sim::EventKind& kind) { return tally_.looks_at(kind); });
    trace_->observe([this](const sim::Event& event) { coverage_.observe(event); },
                    Coverage::looks_at);
    trace_->observe([this](const sim::Event& event) { checkers_.observe(event); },
                    checkers::CheckerSet::looks_at);
    trace_->observe([this](const sim::Event& event) { plan_->observe(event); },
                    [this](const sim::EventKind& kind) { return plan_->looks_at(kind); });
    if (options.prepare) options.prepare(cluster_->simulation());
}

JudgedRun::~JudgedRun() {
    // Machines have last words too, and whoever would hear them goes first.
    trace_->stop_observing();
    cluster_.reset();
}

void JudgedRun::begin() {
    act([this] {
        cluster_->simulation().control_at(Time(scenario().run.storm), [this] { end_storm(); });
        workload_->start(*cluster_);
        admin_ = std::make_unique<AdminPlan>(scenario(), *cluster_);
        cluster_->boot();
    });
}

void JudgedRun::run_until(Time end) {
    act([&] { cluster_->simulation().run_until(end); });
}

void JudgedRun::act(const std::function<void()>& action) {
    if (is_over()) return;
    try {
        action();
    } catch (const AssertionFailure& caught) {
        failure_ = caught;
    }
}

void JudgedRun::end_storm() {
    if (std::exchange(storm_is_over_, true)) return;
    end_ = now() + scenario().run.calm;
    plan_->end_storm();
    trace_->emit_as_harness(sim::CalmBegan{});
    workload_->begin_calm(*cluster_);
}

RunResult JudgedRun::finish() {
    sim::Simulation& simulation = cluster_->simulation();
    RunResult& result = result_;
    if (!failure_) {
        try {
            result.interrupted = simulation.is_interrupted();
            if (!result.interrupted) audit_disks(*cluster_);
            simulation.finish();
            result.checkers = checkers_.finish();
        } catch (const AssertionFailure& caught) {
            failure_ = caught;
        }
    }

    for (const auto& [id, nodes] : armed_bugs(scenario())) {
        const model::BugEntry* const entry = model::find_bug(id);
        std::uint64_t hits = 0;
        for (const auto& machine : cluster_->machines()) hits += machine->bugs.hits(entry->bug);
        result.bugs.push_back({.id = std::string(entry->id), .hits = hits, .nodes = nodes});
    }
    result.simulated = simulation.now() - Time{};
    // The simulation goes before the trace is judged: whatever its end says is part of the story.
    admin_.reset();
    cluster_.reset();
    trace_->stop_observing();
    result.hash = trace_->hash();
    result.events = trace_->count();
    result.faults = receipts_.finish();
    result.operations = tally_.operations();
    result.probes = tally_.watched();
    result.coverage = coverage_.cells();
    for (const auto& [name, count] : trace_->counts()) result.probes[name] = count;
    result.trace = trace_;
    if (failure_) {
        result.checkers = reports_of_a_part(checkers_);
        decide_broken(result, result.expanded, *failure_);
    } else {
        decide(result, result.expanded);
    }
    return std::move(result_);
}

}  // namespace squall::scenarios
