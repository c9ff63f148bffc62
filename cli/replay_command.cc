#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <memory>

#include "cli/commands.h"
#include "cli/run_output.h"
#include "cli/write_report.h"
#include "gateway/served_run.h"
#include "scenarios/hunt/repro.h"

namespace squall::cli {
namespace {

struct ReplayCommand {
    std::string file;
    ScenarioChanges changes;
    std::string report;
    bool json = false;
    bool quiet = false;
    bool no_color = false;
};

// "replay: bit for bit" or what came again and what did not.
std::string faithfulness_text(const scenarios::Faithfulness& faithfulness,
                              const scenarios::ReproSection& repro, bool has_hash, bool changed) {
    if (faithfulness.same_hash)
        return "replay: bit for bit the run that the repro was written for\n";
    std::string text = changed ? "replay: not the same run, as values were changed\n"
                       : has_hash
                           ? "replay: another hash: the code is not the one that wrote the repro\n"
                           : "replay: the repro holds no hash to compare\n";
    if (!repro.commit.empty()) {
        text += fmt::format("  written by commit {}, this is {}\n", repro.commit, build_commit());
    }
    text += fmt::format("  {} with {}: {}\n", repro.checker, repro.anomaly,
                        faithfulness.same_failure ? "again" : "not this time");
    if (faithfulness.struck > 0) {
        text += fmt::format("  {} of {} faults struck the same machines at the same time\n",
                            faithfulness.struck_alike, faithfulness.struck);
    }
    for (const std::string& difference : faithfulness.differences) {
        text += "    " + difference + "\n";
    }
    return text;
}

// "replay: bit for bit" of what `squall serve --record` wrote.
std::string faithfulness_text(const gateway::Recording& recording,
                              const scenarios::RunResult& result, bool changed) {
    const std::string events = fmt::format("{} events from outside", recording.events.size());
    if (!recording.hash) {
        return fmt::format("replay: {}, of a server that was killed: there is no hash to compare\n",
                           events);
    }
    if (*recording.hash == result.hash) {
        return fmt::format("replay: bit for bit the run that was recorded, {}\n", events);
    }
    return changed ? "replay: not the same run, as values were changed\n"
                   : "replay: another hash: the code is not the one that recorded it\n";
}

int replay(const ReplayCommand& command, const Environment& environment) {
    std::optional<gateway::Recording> recording;
    if (gateway::is_recording(command.file)) {
        Result<gateway::Recording> read = gateway::read_recording(command.file);
        if (!read) throw BadInput{read.error().detail};
        recording = std::move(read).value();
    }
    const scenarios::Scenario scenario =
        recording
            ? scenarios::parse_scenario(recording->scenario, command.file, command.changes.parse())
            : command.changes.load(command.file);
    if (!scenario.run.seed) {
        throw BadInput{command.file +
                       ": not a repro: it has no run.seed (squall run takes scenarios)"};
    }
    if (!command.report.empty()) prepare_report_folder(command.report);
    const auto begin = std::chrono::steady_clock::now();
    const scenarios::RunOptions options{
        .seed = *scenario.run.seed,
        .trace_level = command.report.empty() ? sim::TraceLevel::hash_only : sim::TraceLevel::full,
        .stop = &stop_requested(),
        .step_budget = 0,
        .prepare = environment.prepare};
    const scenarios::RunResult result = recording
                                            ? gateway::replay(scenario, recording->events, options)
                                            : scenarios::run(scenario, options);
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (result.interrupted) {
        fmt::print(stderr, "squall: interrupted after {} of simulated time\n",
                   to_string(result.simulated));
        return exit_interrupted;
    }
    if (!command.report.empty()) write_report(result, command.report);
    if (command.json) {
        say(run_json(result, wall));
        return scenarios::exit_code(result.verdict);
    }
    if (!command.quiet) {
        say(describe_run(result, !command.no_color && isatty(STDOUT_FILENO) != 0));
        const bool changed = !command.changes.set.empty() || !command.changes.bugs.empty();
        if (recording) say(faithfulness_text(*recording, result, changed));
        if (scenario.repro) {
            say(faithfulness_text(compare(*scenario.repro, scenario.run.hash, result),
                                  *scenario.repro, scenario.run.hash.has_value(), changed));
        }
        if (!command.report.empty()) say("report: " + command.report + "\n");
    }
    say(verdict_line(result, wall) + "\n");
    return scenarios::exit_code(result.verdict);
}

}  // namespace

Command add_replay(Arguments& arguments, const Environment& environment) {
    auto command = std::make_shared<ReplayCommand>();
    arguments.required_text(
        "repro", command->file,
        "a repro file (a scenario with its seed), or what `serve --record` wrote", "FILE");
    command->changes.add_to(arguments);
    arguments.text("--report", command->report, "writes pictures, summary, history and trace",
                   "DIR");
    arguments.flag("--json", command->json, "one JSON document on stdout, nothing else there");
    arguments.flag("--quiet", command->quiet, "only the verdict line");
    arguments.flag("--no-color", command->no_color, "no colours, even on a terminal");
    arguments.footer("Example: squall replay hunt/finding-1-lost-write.toml --report report");
    return [command, environment] { return replay(*command, environment); };
}

}  // namespace squall::cli
