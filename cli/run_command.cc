#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/explanation.h"
#include "cli/run_output.h"
#include "cli/write_report.h"
#include "reports/history.h"
#include "reports/trace_lines.h"

namespace squall::cli {
namespace {

struct RunOptions {
    ScenarioOptions scenario;
    bool json = false;
    bool quiet = false;
    bool explain = false;
    bool no_color = false;
    std::string report;
    std::string report_option = "--report";  // what the user wrote it behind
    std::string history;
    std::string trace;
};

bool wants_color(const RunOptions& options) {
    return !options.no_color && isatty(STDOUT_FILENO) != 0;
}

std::string history_text(const sim::Trace& trace, const std::string& path) {
    if (path.ends_with(".edn")) return reports::history_edn(trace);
    if (path.ends_with(".jsonl")) return reports::history_jsonl(trace);
    throw BadInput{"--history " + path + ": expected a name that ends with .edn or .jsonl"};
}

// On standard output; where that cannot be written, the verdict alone on the other one.
void tell(const scenarios::RunResult& result, double wall, const RunOptions& options) {
    try {
        if (options.json) {
            say(run_json(result, wall, options.explain));
        } else {
            if (!options.quiet) {
                say(describe_run(result, wants_color(options)));
                if (options.explain) say(explain_run(result));
                if (!options.report.empty()) say("report: " + options.report + "\n");
            }
            say(verdict_line(result, wall) + "\n");
        }
        if (std::fflush(stdout) != 0) throw NotWritten{"standard output", std::strerror(errno)};
    } catch (const NotWritten&) {
        fmt::print(stderr, "{}\n", verdict_line(result, wall));
        throw;
    }
}

// False: interrupted on the way.
bool write_files(const scenarios::RunResult& result, const RunOptions& options) {
    if (!options.report.empty() && !write_report(result, options.report)) return false;
    if (!options.history.empty() && !stop_requested()) {
        write_file(options.history, history_text(*result.trace, options.history));
    }
    if (!options.trace.empty() && !stop_requested()) {
        write_file(options.trace, reports::trace_lines(*result.trace));
    }
    return !stop_requested();
}

int run(const RunOptions& options, const Environment& environment) {
    const scenarios::Scenario scenario = options.scenario.load();
    const std::uint64_t seed = options.scenario.choose_seed(scenario);
    if (!options.history.empty()) history_text(sim::Trace{}, options.history);
    if (!options.report.empty()) prepare_report_folder(options.report, options.report_option);

    const auto begin = std::chrono::steady_clock::now();
    const bool keeps_trace = options.explain || !options.report.empty() ||
                             !options.history.empty() || !options.trace.empty();
    const scenarios::RunResult result = scenarios::run(
        scenario, {.seed = seed,
                   .trace_level = keeps_trace ? sim::TraceLevel::full : sim::TraceLevel::hash_only,
                   .stop = &stop_requested(),
                   .step_budget = 0,
                   .prepare = environment.prepare});
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (result.interrupted) {
        fmt::print(stderr, "squall: interrupted after {} of simulated time; scenario={} seed={}\n",
                   to_string(result.simulated), result.scenario, result.seed);
        return exit_interrupted;
    }

    // The verdict goes first: whatever becomes of the files, it is known.
    tell(result, wall, options);
    if (!write_files(result, options)) {
        fmt::print(stderr, "squall: interrupted while writing files; scenario={} seed={}\n",
                   result.scenario, result.seed);
        return exit_interrupted;
    }
    return scenarios::exit_code(result.verdict);
}

}  // namespace

Command add_run(Arguments& arguments, const Environment& environment) {
    auto options = std::make_shared<RunOptions>();
    options->scenario.add_to(arguments);
    arguments.flag("--json", options->json, "one JSON document on stdout, nothing else there");
    arguments.flag("--quiet", options->quiet, "only the verdict line");
    arguments.flag(
        "--explain", options->explain,
        "the story in plain words: who led, who owned what when, what came again and why");
    arguments.flag("--no-color", options->no_color, "no colours, even on a terminal");
    arguments.text("--report", options->report, "writes pictures, summary, history and trace",
                   "DIR");
    arguments.text("--history", options->history,
                   "client operations, .edn in Jepsen's grammar or .jsonl in ours", "FILE");
    arguments.text("--trace", options->trace, "every event, one JSON object a line", "FILE");
    arguments.footer(
        "Example: squall run order-flow --seed 42 --set workload.rate=50 --report report");
    return [options, environment] { return run(*options, environment); };
}

Command add_report(Arguments& arguments, const Environment& environment) {
    auto options = std::make_shared<RunOptions>();
    options->scenario.add_to(arguments);
    arguments.required_text("-o,--out", options->report, "where the files go", "DIR");
    arguments.footer("Example: squall report order-flow --seed 42 -o report");
    options->quiet = true;
    options->report_option = "-o";
    return [options, environment] { return run(*options, environment); };
}

}  // namespace squall::cli
