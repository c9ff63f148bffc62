#include "scenarios/hunt/run_record.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "scenarios/event_pattern.h"
#include "sim/base/bytes.h"

namespace squall::scenarios {
namespace {

using checkers::Anomaly;
using checkers::CheckerReport;
using nlohmann::json;

// The kind of the fault that struck last before the events that show the anomaly.
std::string fault_before(const RunResult& result, const Anomaly& anomaly) {
    std::uint64_t shown = 0;
    for (const sim::EventSequence event : anomaly.events) shown = std::max(shown, event.value());
    std::string kind;
    for (const FaultReceipt& fault : result.faults) {
        if (fault.at == Time::max()) continue;
        if (shown == 0 || fault.after_event <= shown) kind = fault.kind;
    }
    return kind.empty() ? "no fault" : "after " + kind;
}

std::vector<Objection> objections_of(const RunResult& result) {
    std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> counts;
    for (const CheckerReport& report : result.checkers) {
        if (report.verdict != checkers::CheckerVerdict::fail) continue;
        for (const Anomaly& anomaly : report.anomalies) {
            if (anomaly.allowed) continue;
            const std::string cause =
                anomaly.cause.empty() ? fault_before(result, anomaly) : anomaly.cause;
            ++counts[{report.checker, anomaly.type, cause}];
        }
    }
    std::vector<Objection> objections;
    for (const auto& [key, count] : counts) {
        const auto& [checker, anomaly, cause] = key;
        objections.push_back({checker, anomaly, cause, count});
    }
    return objections;
}

}  // namespace

std::string assertion_place(std::string_view description) {
    const std::string_view place = description.substr(0, description.find(" failed: "));
    // "file.cc:12: ASSERT(...)": the line moves with every edit.
    const std::size_t first = place.find(':');
    const std::size_t second = first == std::string_view::npos ? first : place.find(": ", first);
    if (second == std::string_view::npos) return std::string(place);
    return std::string(place.substr(0, first)) + " " + std::string(place.substr(second + 2));
}

RunRecord record_of(const RunResult& result) {
    RunRecord record{.scenario = result.scenario,
                     .seed = result.seed,
                     .verdict = result.verdict,
                     .why = result.why,
                     .hash = result.hash,
                     .events = result.events,
                     .simulated = result.simulated,
                     .wall = {},
                     .objections = objections_of(result),
                     .probes = result.probes,
                     .faults = {},
                     .bug_hits = {},
                     .sometimes = {},
                     .coverage = result.coverage,
                     .plan = {}};
    if (result.verdict == Verdict::broken) {
        record.objections = {{"squall", assertion_place(result.why), "broken", 1}};
    }
    for (const FaultReceipt& fault : result.faults) {
        if (fault.at == Time::max()) continue;
        FaultCount& count = record.faults[fault.kind];
        ++count.struck;
        if (!fault.effects.empty()) ++count.effective;
    }
    for (const BugHits& bug : result.bugs) record.bug_hits[bug.id] = bug.hits;
    for (const std::string& text : result.expanded.checks.sometimes) {
        record.sometimes.push_back(parse_event_pattern(text).value().text());
    }
    return record;
}

RunRecord record_of(const JobOutcome& outcome, std::string scenario, std::uint64_t seed) {
    RunRecord record;
    record.scenario = std::move(scenario);
    record.seed = seed;
    record.verdict = Verdict::broken;
    record.why = fmt::format("{}: {}", to_string(outcome.end), outcome.text);
    record.wall = outcome.wall;
    record.objections = {{"squall", std::string(to_string(outcome.end)), outcome.text, 1}};
    return record;
}

std::string to_json(const RunRecord& record) {
    json document = {{"scenario", record.scenario},
                     {"seed", std::to_string(record.seed)},
                     {"verdict", to_string(record.verdict)},
                     {"why", record.why},
                     {"hash", to_hex(record.hash)},
                     {"events", record.events},
                     {"sim_ns", record.simulated.count()},
                     {"wall_ns", record.wall.count()},
                     {"probes", record.probes},
                     {"bugs", record.bug_hits},
                     {"sometimes", record.sometimes}};
    json objections = json::array();
    for (const Objection& objection : record.objections) {
        objections.push_back(
            {objection.checker, objection.anomaly, objection.cause, objection.count});
    }
    document["objections"] = std::move(objections);
    json faults = json::object();
    for (const auto& [kind, count] : record.faults) faults[kind] = {count.struck, count.effective};
    document["faults"] = std::move(faults);
    json coverage = json::array();
    for (const auto& [cell, count] : record.coverage) {
        coverage.push_back({cell.transition, cell.fault, count});
    }
    document["coverage"] = std::move(coverage);
    if (!record.plan.empty()) document["plan"] = record.plan;
    // Evidence may quote what a client sent: bytes that are no UTF-8 must not end the hunt.
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Verdict> parse_verdict(std::string_view word) {
    for (const Verdict verdict :
         {Verdict::broken, Verdict::fail, Verdict::inconclusive, Verdict::vacuous, Verdict::pass}) {
        if (to_string(verdict) == word) return verdict;
    }
    return Error{Failure::corrupt, fmt::format("'{}' is no verdict", word)};
}

Result<RunRecord> parse_run_record(std::string_view text) {
    const auto number = [](const std::string& digits, int base) {
        std::uint64_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        return value;
    };
    try {
        const json document = json::parse(text);
        Result<Verdict> verdict = parse_verdict(document.at("verdict").get<std::string>());
        if (!verdict) return verdict.error();
        RunRecord record{
            .scenario = document.at("scenario"),
            .seed = number(document.at("seed"), 10),
            .verdict = *verdict,
            .why = document.at("why"),
            .hash = number(document.at("hash"), 16),
            .events = document.at("events"),
            .simulated = Duration(document.at("sim_ns").get<std::int64_t>()),
            .wall = std::chrono::nanoseconds(document.at("wall_ns").get<std::int64_t>()),
            .objections = {},
            .probes = document.at("probes"),
            .faults = {},
            .bug_hits = document.at("bugs"),
            .sometimes = document.at("sometimes"),
            .coverage = {},
            .plan = document.value("plan", std::string())};
        for (const json& row : document.at("objections")) {
            record.objections.push_back({row.at(0), row.at(1), row.at(2), row.at(3)});
        }
        for (const auto& [kind, row] : document.at("faults").items()) {
            record.faults[kind] = {row.at(0), row.at(1)};
        }
        for (const json& row : document.at("coverage")) {
            record.coverage[{row.at(0), row.at(1)}] = row.at(2);
        }
        return record;
    } catch (const json::exception& error) {
        return Error{Failure::corrupt, error.what()};
    }
}

}  // namespace squall::scenarios
