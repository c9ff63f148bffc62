#include "scenarios/hunt/repro.h"

#include <algorithm>

#include "scenarios/hunt/run_record.h"

namespace squall::scenarios {
namespace {

constexpr std::string_view broken_checker = "squall";
// The same where a bug was armed: see JudgedRun.
constexpr std::string_view invariant_checker = "invariant";

// "kill-leader 8.2s crash leader(orders-0) = b2"
std::vector<std::string> strikes_of(const RunResult& result) {
    std::vector<std::string> strikes;
    for (const FaultReceipt& fault : result.faults) {
        const std::string time =
            fault.at == Time::max() ? "never" : squall::to_string(fault.at.since_origin());
        strikes.push_back(fmt::format("{} {} {} {}", fault.id, time, fault.kind, fault.target));
    }
    return strikes;
}

std::string id_of(std::string_view strike) {
    return std::string(strike.substr(0, strike.find(' ')));
}

}  // namespace

std::vector<Failing> failings_of(const RunResult& result) {
    if (result.verdict == Verdict::broken) {
        return {{std::string(broken_checker), assertion_place(result.why)}};
    }
    std::vector<Failing> failings;
    for (const checkers::CheckerReport& report : result.checkers) {
        if (report.verdict != checkers::CheckerVerdict::fail) continue;
        for (const checkers::Anomaly& anomaly : report.anomalies) {
            const Failing failing{report.checker, anomaly.type, anomaly.cause};
            if (anomaly.allowed || std::ranges::count(failings, failing) > 0) continue;
            failings.push_back(failing);
        }
    }
    return failings;
}

Failing what_failed(const RunResult& result) {
    const std::vector<Failing> failings = failings_of(result);
    return failings.empty() ? Failing{} : failings.front();
}

bool fails_so(const RunResult& result, const Failing& failing) {
    if (failing.checker == invariant_checker && result.verdict == Verdict::broken) {
        return failing.cause.empty() || failing.cause == assertion_place(result.why);
    }
    const std::vector<std::string> causes = causes_of(result, failing);
    return failing.cause.empty() ? !causes.empty() : std::ranges::count(causes, failing.cause) > 0;
}

std::vector<std::string> causes_of(const RunResult& result, const Failing& failing) {
    std::vector<std::string> causes;
    for (const Objection& objection : record_of(result).objections) {
        if (objection.checker != failing.checker || objection.anomaly != failing.anomaly) continue;
        causes.push_back(objection.cause);
    }
    return causes;
}

Scenario repro_of(const RunResult& result, const Failing& failing, std::string commit) {
    Scenario repro = result.expanded;
    repro.run.seed = result.seed;
    repro.run.hash = result.hash;
    repro.repro = ReproSection{.checker = failing.checker,
                               .anomaly = failing.anomaly,
                               .struck = strikes_of(result),
                               .commit = std::move(commit)};
    return repro;
}

Faithfulness compare(const ReproSection& repro, std::optional<std::uint64_t> hash,
                     const RunResult& result) {
    Faithfulness faithfulness;
    faithfulness.same_hash = hash && *hash == result.hash;
    faithfulness.same_failure = fails_so(result, {repro.checker, repro.anomaly});
    // The n-th strike of a fault is compared with its n-th strike now.
    std::vector<std::string> now = strikes_of(result);
    for (const std::string& strike : repro.struck) {
        ++faithfulness.struck;
        const auto again = std::ranges::find_if(
            now, [&](const std::string& text) { return id_of(text) == id_of(strike); });
        if (again == now.end()) {
            faithfulness.differences.push_back(strike + ": did not come");
            continue;
        }
        if (*again == strike) {
            ++faithfulness.struck_alike;
        } else {
            faithfulness.differences.push_back(strike + ": now " +
                                               again->substr(id_of(strike).size() + 1));
        }
        now.erase(again);
    }
    return faithfulness;
}

}  // namespace squall::scenarios
