#include "scenarios/hunt/repro.h"

#include <algorithm>

#include "scenarios/hunt/run_record.h"

namespace squall::scenarios {
namespace {

constexpr std::string_view broken_checker = "squall";

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

Failing what_failed(const RunResult& result) {
    if (result.verdict == Verdict::broken) {
        return {std::string(broken_checker), assertion_place(result.why)};
    }
    for (const checkers::CheckerReport& report : result.checkers) {
        if (report.verdict != checkers::CheckerVerdict::fail) continue;
        for (const checkers::Anomaly& anomaly : report.anomalies) {
            if (!anomaly.allowed) return {report.checker, anomaly.type};
        }
    }
    return {};
}

bool fails_so(const RunResult& result, const Failing& failing) {
    if (failing.checker == broken_checker) return what_failed(result) == failing;
    return std::ranges::any_of(result.checkers, [&](const checkers::CheckerReport& report) {
        return report.checker == failing.checker &&
               report.verdict == checkers::CheckerVerdict::fail &&
               std::ranges::any_of(report.anomalies, [&](const checkers::Anomaly& anomaly) {
                   return !anomaly.allowed && anomaly.type == failing.anomaly;
               });
    });
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
