#include "scenarios/hunt/zoo.h"

#include <algorithm>
#include <optional>
#include <set>

#include "scenarios/hunt/hunt.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"

namespace squall::scenarios {
namespace {

enum class Until { named_checker, any_checker };

class ZooHunt {
  public:
    ZooHunt(const ZooOptions& options, const std::atomic<bool>& stop)
        : options_(options), stop_(stop) {}

    Result<ZooRow> hunt(const model::BugEntry& bug) {
        ZooRow row;
        row.bug = &bug;
        const std::string scenario(bug.scenario);
        if (!scenario.empty()) {
            const Result<Kill> own = kill(armed(scenario, bug), std::string(bug.checker),
                                          Until::named_checker, options_.seeds);
            if (!own) return own.error();
            row.own = *own;
            const std::uint64_t last = row.own.is_caught() ? row.own.seed : options_.seeds;
            if (const Status controlled = control(scenario, last, row); !controlled) {
                return controlled.error();
            }
        }
        for (const std::string& name : options_.swarms) {
            const std::optional<Scenario> swarming = armed_if_possible(name, bug);
            if (!swarming) continue;
            const Result<Kill> swarm =
                kill(*swarming, {}, Until::any_checker, options_.swarm_seeds);
            if (!swarm) return swarm.error();
            const std::uint64_t runs = row.swarm.runs;
            const auto wall = row.swarm.wall;
            row.swarm = *swarm;
            row.swarm.runs += runs;
            row.swarm.wall += wall;
            if (!row.swarm.is_caught()) continue;
            row.swarm_name = name;
            break;
        }
        return row;
    }

  private:
    static Scenario armed(const std::string& scenario, const model::BugEntry& bug) {
        return load_scenario(scenario, {.set = {}, .bugs = {std::string(bug.id)}});
    }

    // A configuration may be one that this scenario has no place for: a flaw of another workload.
    static std::optional<Scenario> armed_if_possible(const std::string& scenario,
                                                     const model::BugEntry& bug) {
        if (!bug.is_configuration()) return armed(scenario, bug);
        try {
            return armed(scenario, bug);
        } catch (const ScenarioError&) {
            return std::nullopt;
        }
    }

    // Runs seeds from 1 until one fails as asked. Later seeds that were under way are not counted.
    Result<Kill> kill(const Scenario& scenario, const std::string& checker, Until until,
                      std::uint64_t seeds) {
        std::map<std::uint64_t, RunRecord> records;
        std::uint64_t upcoming = 1;
        std::uint64_t first = 0;
        const auto is_kill = [&](const RunRecord& record) {
            return std::ranges::any_of(record.objections, [&](const Objection& objection) {
                return until == Until::any_checker || objection.checker == checker;
            });
        };
        const auto next = [&]() -> std::optional<std::uint64_t> {
            if (first != 0 || upcoming > seeds) return std::nullopt;
            return upcoming++;
        };
        const auto done = [&](const JobOutcome& outcome) {
            RunRecord record = outcome.end == JobEnd::done
                                   ? parse_run_record(outcome.text).value()
                                   : record_of(outcome, scenario.name, outcome.job);
            if (is_kill(record)) first = first == 0 ? outcome.job : std::min(first, outcome.job);
            records.emplace(outcome.job, std::move(record));
        };
        WorkerPool pool(options_.limits, [&](std::uint64_t seed) {
            RunRecord record = run_for_record(scenario, seed, options_.step_budget);
            if (until == Until::any_checker) leave_out_what_is_not_its_own(record, scenario, seed);
            return to_json(record);
        });
        if (const Status ran = pool.run(next, done, stop_); !ran) return ran.error();
        Kill kill;
        kill.seed = first;
        for (const auto& [seed, record] : records) {
            if (first != 0 && seed > first) break;
            ++kill.runs;
            kill.wall += record.wall;
            for (const auto& [bug, hits] : record.bug_hits) kill.hits += hits;
            std::set<std::string> objecting;
            for (const Objection& objection : record.objections) {
                objecting.insert(objection.checker);
            }
            for (const std::string& name : objecting) ++kill.checkers[name];
        }
        return kill;
    }

    // Of a swarm's run: what a checker also says of the same storm with nothing armed, by the same
    // contract, is not the bug's doing; nor is anything where the bug changed no answer.
    void leave_out_what_is_not_its_own(RunRecord& record, const Scenario& armed,
                                       std::uint64_t seed) const {
        // Nor is a choice of the seed that does not go together with what the bug sets.
        std::erase_if(record.objections, [](const Objection& objection) {
            return objection.anomaly == "scenario-error";
        });
        if (record.objections.empty()) return;
        std::uint64_t hits = 0;
        bool is_configuration = false;
        for (const std::string& id : armed.bugs) {
            is_configuration |= model::find_bug(id)->is_configuration();
        }
        for (const auto& [bug, count] : record.bug_hits) hits += count;
        if (hits == 0 && !is_configuration) {
            record.objections.clear();
            return;
        }
        const RunResult unarmed =
            scenarios::run(load_scenario(armed.name), {.seed = seed,
                                                       .trace_level = sim::TraceLevel::hash_only,
                                                       .step_budget = options_.step_budget,
                                                       .by_safe_contract = is_configuration});
        for (const checkers::CheckerReport& report : unarmed.checkers) {
            if (report.verdict != checkers::CheckerVerdict::fail) continue;
            std::erase_if(record.objections, [&](const Objection& objection) {
                return objection.checker == report.checker;
            });
        }
    }

    // The scenario's seeds 1..last with nothing armed: run once, however many bugs it serves.
    Status control(const std::string& name, std::uint64_t last, ZooRow& row) {
        std::uint64_t& known = controlled_[name];
        std::set<std::uint64_t>& failures = control_failures_[name];
        if (last > known) {
            const Scenario scenario = load_scenario(name);
            std::uint64_t upcoming = known + 1;
            const auto next = [&]() -> std::optional<std::uint64_t> {
                if (upcoming > last) return std::nullopt;
                return upcoming++;
            };
            const auto done = [&](const JobOutcome& outcome) {
                if (outcome.end != JobEnd::done || outcome.text != "sound") {
                    failures.insert(outcome.job);
                }
            };
            WorkerPool pool(options_.limits, [&](std::uint64_t seed) {
                const Verdict verdict =
                    run_for_record(scenario, seed, options_.step_budget).verdict;
                const bool failed = verdict == Verdict::fail || verdict == Verdict::broken;
                return std::string(failed ? "" : "sound");
            });
            if (const Status ran = pool.run(next, done, stop_); !ran) return ran;
            known = last;
        }
        row.control_runs = last;
        row.control_failures = static_cast<std::uint64_t>(
            std::ranges::count_if(failures, [&](std::uint64_t seed) { return seed <= last; }));
        return Unit{};
    }

    const ZooOptions& options_;
    const std::atomic<bool>& stop_;
    std::map<std::string, std::uint64_t> controlled_;  // scenario -> seeds 1..n are known
    std::map<std::string, std::set<std::uint64_t>> control_failures_;
};

}  // namespace

Result<std::vector<ZooRow>> hunt_zoo(const ZooOptions& options,
                                     const std::function<void(const ZooRow&)>& on_row,
                                     const std::atomic<bool>& stop) {
    ZooHunt zoo(options, stop);
    std::vector<ZooRow> rows;
    for (const model::BugEntry* bug : options.bugs) {
        Result<ZooRow> row = zoo.hunt(*bug);
        if (!row) return row.error();
        if (stop.load()) break;
        rows.push_back(std::move(row).value());
        on_row(rows.back());
    }
    return rows;
}

}  // namespace squall::scenarios
