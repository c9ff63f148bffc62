#include "cli/hunt_output.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "cli/wording.h"
#include "scenarios/coverage.h"

namespace squall::cli {
namespace {

using nlohmann::ordered_json;
using scenarios::FindingGroup;
using scenarios::HuntTotals;
using scenarios::Verdict;

std::uint64_t count_of(const HuntTotals& totals, Verdict verdict) {
    const auto found = totals.verdicts.find(verdict);
    return found == totals.verdicts.end() ? 0 : found->second;
}

std::string painted(const char* code, const std::string& text, bool color) {
    return color ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}

std::string findings_text(const HuntSummary& summary, bool color) {
    const std::vector<FindingGroup> groups = summary.tally->findings();
    if (groups.empty()) return {};
    std::string text = painted("1", "findings", color) + "\n";
    for (const FindingGroup& group : groups) {
        text += fmt::format("  {}  {}: {}, {}: {}, seed {} is the shortest\n      {}\n",
                            group.kind.scenario, painted("31", group.kind.checker, color),
                            group.kind.anomaly, group.kind.cause, plural(group.runs, "run"),
                            group.seed, summary.repro_of(group));
    }
    return text + "\n";
}

// Zeros first: what never happened was never tested.
std::string probes_text(const HuntSummary& summary, bool color) {
    std::vector<std::pair<std::string, std::uint64_t>> rows;
    for (const auto& row : summary.tally->probes()) rows.push_back(row);
    if (rows.empty()) return {};
    std::ranges::stable_sort(rows, [](const auto& left, const auto& right) {
        return (left.second == 0) > (right.second == 0);
    });
    std::string text = painted("1", "what happened, and how often", color) + "\n";
    std::string line;
    for (const auto& [name, count] : rows) {
        if (count == 0) {
            text += "  " + painted("31", "NEVER  " + name, color) + "\n";
            continue;
        }
        const std::string entry = fmt::format("{} {}", name, count);
        if (line.size() + entry.size() > 96) {
            text += "  " + line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : ", ") + entry;
    }
    if (!line.empty()) text += "  " + line + "\n";
    return text + "\n";
}

std::string faults_text(const HuntSummary& summary, bool color) {
    const auto& faults = summary.tally->faults();
    if (faults.empty()) return {};
    std::string text = painted("1", "faults", color) + "                struck   with an effect\n";
    for (const auto& [kind, count] : faults) {
        const std::string row =
            fmt::format("  {:18} {:>7}  {:>15}", kind, count.struck, count.effective);
        text += (count.effective == 0 ? painted("31", row, color) : row) + "\n";
    }
    return text + "\n";
}

// Rows and columns of the grid: what is known, and what was seen besides.
struct Grid {
    explicit Grid(const HuntSummary& summary) : cells(summary.tally->coverage()) {
        for (const std::string& transition : scenarios::known_transitions()) {
            transitions.emplace(transition, 0);
        }
        faults.insert(std::string(scenarios::Coverage::no_fault));
        for (const auto& [kind, count] : summary.tally->faults()) faults.insert(kind);
        for (const auto& [cell, count] : cells) {
            transitions[cell.transition] += count;
            faults.insert(cell.fault);
        }
    }
    std::size_t size() const { return transitions.size() * faults.size(); }

    scenarios::CoverageCounts cells;
    std::map<std::string, std::uint64_t> transitions;  // with how often each was seen
    std::set<std::string> faults;
};

std::string coverage_text(const HuntSummary& summary, bool color) {
    const Grid grid(summary);
    const std::string never = fmt::format("{} never (--grid)", grid.size() - grid.cells.size());
    return fmt::format("{}\n  {} of {} cells: {} transitions x {} faults, {}\n\n",
                       painted("1", "coverage", color), grid.cells.size(), grid.size(),
                       grid.transitions.size(), grid.faults.size(), painted("31", never, color));
}

}  // namespace

std::string coverage_grid(const HuntSummary& summary, bool color) {
    const Grid grid(summary);
    std::vector<std::pair<std::string, std::uint64_t>> rows(grid.transitions.begin(),
                                                            grid.transitions.end());
    std::ranges::stable_sort(rows, [](const auto& left, const auto& right) {
        return (left.second == 0) > (right.second == 0);
    });
    std::string text = painted("1", "transitions under faults", color) + "\n";
    std::size_t number = 0;
    for (const std::string& fault : grid.faults)
        text += fmt::format("  {:>2} {}\n", ++number, fault);
    text += fmt::format("  {:56}", "");
    for (number = 1; number <= grid.faults.size(); ++number) text += fmt::format("{:>7}", number);
    text += "\n";
    for (const auto& [transition, count] : rows) {
        std::string row = fmt::format("  {:56}", transition);
        for (const std::string& fault : grid.faults) {
            const auto cell = grid.cells.find({transition, fault});
            row += cell != grid.cells.end() ? fmt::format("{:>7}", cell->second)
                                            : painted("31", fmt::format("{:>7}", "-"), color);
        }
        text += (count == 0 ? painted("31", row + "   NEVER", color) : row) + "\n";
    }
    return text + "\n";
}

std::string finding_line(const FindingGroup& group) {
    return fmt::format("{} seed {}  {}: {}, {}", group.kind.scenario, group.seed,
                       group.kind.checker, group.kind.anomaly, group.kind.cause);
}

std::string describe_hunt(const HuntSummary& summary, bool color) {
    return findings_text(summary, color) + faults_text(summary, color) +
           probes_text(summary, color) + coverage_text(summary, color);
}

std::string hunt_line(const HuntSummary& summary) {
    const HuntTotals& totals = summary.tally->totals();
    const std::uint64_t broken = count_of(totals, Verdict::broken);
    std::string seeds = summary.tally->seed_ranges();
    return fmt::format(
        "hunt: {}{} failed, {} passed, {} inconclusive, {} vacuous  seeds={} sim={:.0f}s "
        "wall={:.0f}s",
        broken == 0 ? "" : fmt::format("{} broken, ", broken), count_of(totals, Verdict::fail),
        count_of(totals, Verdict::pass), count_of(totals, Verdict::inconclusive),
        count_of(totals, Verdict::vacuous), seeds.empty() ? "none" : seeds,
        seconds_of(totals.simulated), summary.wall_seconds);
}

std::string hunt_json(const HuntSummary& summary) {
    const HuntTotals& totals = summary.tally->totals();
    ordered_json verdicts;
    for (const Verdict verdict :
         {Verdict::pass, Verdict::fail, Verdict::broken, Verdict::inconclusive, Verdict::vacuous}) {
        verdicts[std::string(to_string(verdict))] = count_of(totals, verdict);
    }
    ordered_json findings = ordered_json::array();
    for (const FindingGroup& group : summary.tally->findings()) {
        findings.push_back({{"scenario", group.kind.scenario},
                            {"seed", std::to_string(group.seed)},
                            {"checker", group.kind.checker},
                            {"anomaly", group.kind.anomaly},
                            {"cause", group.kind.cause},
                            {"runs", group.runs},
                            {"repro", summary.repro_of(group)}});
    }
    ordered_json faults = ordered_json::object();
    for (const auto& [kind, count] : summary.tally->faults()) {
        faults[kind] = {{"struck", count.struck}, {"effective", count.effective}};
    }
    ordered_json coverage = ordered_json::object();
    for (const auto& [cell, count] : summary.tally->coverage()) {
        coverage[cell.transition][cell.fault] = count;
    }
    const ordered_json document = {{"verdicts", verdicts},
                                   {"findings", findings},
                                   {"probes", summary.tally->probes()},
                                   {"faults", faults},
                                   {"coverage", coverage},
                                   {"seeds", summary.tally->seed_ranges()},
                                   {"seeds_run", totals.runs},
                                   {"sim_seconds", seconds_of(totals.simulated)},
                                   {"wall_seconds", summary.wall_seconds}};
    return document.dump(2) + "\n";
}

int hunt_exit_code(const HuntTotals& totals) {
    if (count_of(totals, Verdict::broken) > 0) return exit_code(Verdict::broken);
    if (count_of(totals, Verdict::fail) > 0) return exit_code(Verdict::fail);
    if (count_of(totals, Verdict::pass) > 0 || totals.runs == 0) return 0;
    return exit_code(count_of(totals, Verdict::inconclusive) > 0 ? Verdict::inconclusive
                                                                 : Verdict::vacuous);
}

}  // namespace squall::cli
