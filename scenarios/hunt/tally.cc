#include "scenarios/hunt/tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

namespace squall::scenarios {

std::vector<FindingGroup> HuntTally::count(const RunRecord& record) {
    ++totals_.runs;
    ++totals_.verdicts[record.verdict];
    totals_.simulated += record.simulated;
    add_seed(record.seed);
    for (const auto& [name, times] : record.probes) probes_[name] += times;
    for (const std::string& name : record.sometimes) probes_.try_emplace(name, 0);
    for (const auto& [kind, times] : record.faults) {
        FaultCount& fault = faults_[kind];
        fault.struck += times.struck;
        fault.effective += times.effective;
    }
    for (const auto& [cell, times] : record.coverage) coverage_[cell] += times;

    std::vector<FindingGroup> first;
    for (const Objection& objection : record.objections) {
        FindingGroup run{.kind = {.scenario = record.scenario,
                                  .checker = objection.checker,
                                  .anomaly = objection.anomaly,
                                  .cause = objection.cause},
                         .runs = 1,
                         .seed = record.seed,
                         .events = record.events,
                         .hash = record.hash,
                         .plan = record.plan};
        const auto [at, is_new] = findings_.try_emplace(run.kind, run);
        if (is_new) {
            first.push_back(std::move(run));
            continue;
        }
        run.runs += at->second.runs;
        if (std::tie(run.events, run.seed) < std::tie(at->second.events, at->second.seed)) {
            at->second = std::move(run);
        } else {
            at->second.runs = run.runs;
        }
    }
    return first;
}

std::vector<FindingGroup> HuntTally::findings() const {
    std::vector<FindingGroup> groups;
    for (const auto& [kind, group] : findings_) groups.push_back(group);
    std::ranges::stable_sort(groups, [](const FindingGroup& a, const FindingGroup& b) {
        return std::tie(a.kind.scenario, b.runs) < std::tie(b.kind.scenario, a.runs);
    });
    return groups;
}

void HuntTally::add_seed(std::uint64_t seed) {
    const auto after = seeds_.upper_bound(seed);
    const bool meets_next = after != seeds_.end() && after->first - 1 == seed;
    if (after != seeds_.begin()) {
        const auto before = std::prev(after);
        if (seed <= before->second) return;
        if (before->second == seed - 1) {
            before->second = meets_next ? after->second : seed;
            if (meets_next) seeds_.erase(after);
            return;
        }
    }
    const std::uint64_t last = meets_next ? after->second : seed;
    if (meets_next) seeds_.erase(after);
    seeds_.emplace(seed, last);
}

std::string HuntTally::seed_ranges() const {
    std::string text;
    for (const auto& [first, last] : seeds_) {
        if (!text.empty()) text += ",";
        text += last == first ? fmt::format("{}", first) : fmt::format("{}..{}", first, last);
    }
    return text;
}

}  // namespace squall::scenarios
