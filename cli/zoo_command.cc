#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "model/bugs.h"
#include "scenarios/hunt/zoo.h"
#include "scenarios/library_texts.h"

namespace squall::cli {
namespace {

using nlohmann::ordered_json;
using scenarios::Kill;
using scenarios::ZooRow;

struct ZooCommand {
    std::vector<std::string> ids;
    std::uint64_t seeds = 500;
    unsigned jobs = 0;
    bool no_swarm = false;
    bool json = false;
};

std::vector<const model::BugEntry*> chosen(const std::vector<std::string>& ids) {
    std::vector<const model::BugEntry*> bugs;
    for (const std::string& id : ids) {
        const model::BugEntry* const bug = model::find_bug(id);
        if (bug == nullptr) {
            std::vector<std::string> known;
            for (const model::BugEntry& entry : model::all_bugs()) known.emplace_back(entry.id);
            throw BadInput{"unknown bug '" + id + "'" + scenarios::suggestion(id, known)};
        }
        bugs.push_back(bug);
    }
    if (!bugs.empty()) return bugs;
    for (const model::BugEntry& bug : model::all_bugs()) bugs.push_back(&bug);
    return bugs;
}

double seconds(const Kill& kill) {
    return std::chrono::duration<double>(kill.wall).count();
}

std::string kill_text(const Kill& kill) {
    if (kill.runs == 0) return "-";
    if (!kill.is_caught()) return fmt::format("not in {}", kill.runs);
    return fmt::format("seed {}, {:.1f}s", kill.seed, seconds(kill));
}

std::string checkers_text(const Kill& kill) {
    std::string text;
    for (const auto& [checker, runs] : kill.checkers) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", checker, runs);
    }
    return text;
}

constexpr std::string_view row_format = "{:4} {:34} {:26} {:16} {:18} {:18} {:9}\n";

std::string heading() {
    return fmt::format(fmt::runtime(row_format), "id", "name", "scenario", "checker", "caught at",
                       "by the swarm at", "controls");
}

std::string row_text(const ZooRow& row) {
    std::string text = fmt::format(
        fmt::runtime(row_format), row.bug->id, row.bug->name,
        row.bug->scenario.empty() ? "-" : row.bug->scenario, row.bug->checker, kill_text(row.own),
        kill_text(row.swarm),
        row.control_runs == 0 ? "-" : fmt::format("{}/{}", row.control_failures, row.control_runs));
    const std::string checkers = checkers_text(row.own);
    if (!checkers.empty()) text += "       " + checkers + "\n";
    return text;
}

ordered_json kill_json(const Kill& kill) {
    return {{"caught", kill.is_caught()},
            {"seeds_to_find", kill.is_caught() ? ordered_json(kill.seed) : ordered_json(nullptr)},
            {"seconds", seconds(kill)},
            {"runs", kill.runs},
            {"hits", kill.hits},
            {"checkers", kill.checkers}};
}

std::string zoo_json(const std::vector<ZooRow>& rows) {
    ordered_json document = ordered_json::array();
    for (const ZooRow& row : rows) {
        ordered_json entry = {{"id", row.bug->id},
                              {"name", row.bug->name},
                              {"scenario", row.bug->scenario},
                              {"checker", row.bug->checker}};
        entry.update(kill_json(row.own));
        entry["control_runs"] = row.control_runs;
        entry["control_failures"] = row.control_failures;
        if (row.swarm.runs > 0) entry["swarm"] = kill_json(row.swarm);
        document.push_back(std::move(entry));
    }
    return document.dump(2) + "\n";
}

bool has_swarm() {
    return std::ranges::any_of(scenarios::library_texts(),
                               [](const auto& entry) { return entry.name == "storm"; });
}

int zoo(const ZooCommand& command) {
    scenarios::ZooOptions options;
    options.bugs = chosen(command.ids);
    options.seeds = command.seeds;
    if (!command.no_swarm && has_swarm()) options.swarm = "storm";
    options.limits.workers = command.jobs != 0 ? command.jobs : scenarios::usable_processors();
    if (!command.json) say(heading());
    const Result<std::vector<ZooRow>> rows = hunt_zoo(
        options,
        [&](const ZooRow& row) {
            if (command.json) return;
            say(row_text(row));
            std::fflush(stdout);
        },
        stop_requested());
    if (!rows) throw BadInput{"workers cannot be made: " + rows.error().detail};
    if (command.json) say(zoo_json(*rows));
    std::size_t caught = 0, by_swarm = 0, quiet = 0;
    for (const ZooRow& row : *rows) {
        caught += row.own.is_caught() ? 1 : 0;
        by_swarm += row.swarm.is_caught() ? 1 : 0;
        quiet += row.control_failures == 0 ? 1 : 0;
    }
    if (!command.json) {
        say(fmt::format("zoo: {} of {} caught, {} by the swarm, {} controls silent\n", caught,
                        rows->size(), by_swarm, quiet));
    }
    if (stop_requested().load()) return exit_interrupted;
    return caught == rows->size() && quiet == rows->size() ? exit_pass : exit_fail;
}

}  // namespace

Command add_zoo(Arguments& arguments, const Environment&) {
    auto command = std::make_shared<ZooCommand>();
    arguments.texts("bugs", command->ids, "ids or names (squall list bugs); none: all of them",
                    "[ID]...");
    arguments.number("--seeds", command->seeds, "how many to try at most, for each bug", "N",
                     {1, 1'000'000'000});
    arguments.number("--jobs", command->jobs, "worker processes; as many as processors if left out",
                     "N", {1, 1024});
    arguments.flag("--no-swarm", command->no_swarm, "only in the scenario of each bug");
    arguments.flag("--json", command->json, "one JSON document on stdout, nothing else there");
    arguments.footer("Example: squall zoo Z01 Z10 --seeds 50");
    return [command] { return zoo(*command); };
}

}  // namespace squall::cli
