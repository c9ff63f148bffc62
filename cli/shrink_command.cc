#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "scenarios/hunt/repro.h"
#include "scenarios/hunt/shrink.h"
#include "scenarios/shrink_step.h"

namespace squall::cli {
namespace {

struct ShrinkCommand {
    ScenarioOptions scenario;
    std::string out;
    std::string checker;
    unsigned jobs = 0;
    bool as_test = false;
    bool quiet = false;
};

// "lost-write" -> "LostWrite".
std::string camel(const std::string& words) {
    std::string name;
    bool upper = true;
    for (const char c : words) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            upper = true;
            continue;
        }
        name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        upper = false;
    }
    return name;
}

// A GoogleTest around the repro, for the project that uses squall.
std::string test_text(const scenarios::Scenario& repro, const scenarios::Failing& failing) {
    return fmt::format(
        "// The smallest storm in which {0} objects with {1}. Fails until that is mended; then it\n"
        "// guards against its return.\n"
        "#include <gtest/gtest.h>\n\n"
        "#include \"scenarios/run.h\"\n"
        "#include \"scenarios/scenario_file.h\"\n\n"
        "namespace {{\n\n"
        "constexpr const char* storm = R\"toml(\n{2})toml\";\n\n"
        "TEST({3}, KeepsItsPromises) {{\n"
        "    const squall::scenarios::Scenario scenario =\n"
        "        squall::scenarios::parse_scenario(storm, \"{4}\");\n"
        "    const squall::scenarios::RunResult result =\n"
        "        squall::scenarios::run(scenario, {{.seed = *scenario.run.seed}});\n"
        "    EXPECT_NE(result.verdict, squall::scenarios::Verdict::fail) << result.why;\n"
        "    EXPECT_NE(result.verdict, squall::scenarios::Verdict::broken) << result.why;\n"
        "}}\n\n"
        "}}  // namespace\n",
        failing.checker, failing.anomaly, scenarios::write_scenario(repro), camel(repro.name),
        repro.name);
}

scenarios::Failing choose_failing(const ShrinkCommand& command,
                                  const scenarios::RunResult& result) {
    for (const checkers::CheckerReport& report : result.checkers) {
        if (report.checker != command.checker) continue;
        for (const checkers::Anomaly& anomaly : report.anomalies) {
            if (!anomaly.allowed) return {report.checker, anomaly.type};
        }
    }
    if (!command.checker.empty()) {
        throw BadInput{
            fmt::format("--checker {}: it does not object in this run", command.checker)};
    }
    // What a repro was written for comes first.
    if (const auto& repro = result.expanded.repro;
        repro && fails_so(result, {repro->checker, repro->anomaly})) {
        return {repro->checker, repro->anomaly};
    }
    return what_failed(result);
}

int shrink(const ShrinkCommand& command) {
    const scenarios::Scenario loaded = command.scenario.load();
    const std::uint64_t seed = command.scenario.choose_seed(loaded);
    const auto run = [&](const scenarios::Scenario& scenario) {
        return scenarios::run(scenario, {.seed = seed,
                                         .trace_level = sim::TraceLevel::hash_only,
                                         .stop = &stop_requested(),
                                         .step_budget = 0,
                                         .prepare = {}});
    };
    const scenarios::RunResult first = run(loaded);
    if (first.interrupted) return exit_interrupted;
    const scenarios::Failing failing = choose_failing(command, first);
    if (failing.checker.empty()) {
        throw BadInput{fmt::format("{} at seed {} does not fail (verdict {}): nothing to shrink",
                                   first.scenario, seed, to_string(first.verdict))};
    }
    const auto note = [&](const std::string& text) {
        if (!command.quiet) fmt::print(stderr, "{}", text);
    };
    const bool terminal = isatty(STDERR_FILENO) != 0;
    note(fmt::format("shrinking {} seed {}: {} with {}\n  {}\n", first.scenario, seed,
                     failing.checker, failing.anomaly, describe_size(first.expanded)));

    scenarios::ShrinkOptions options;
    options.seed = seed;
    options.failing = failing;
    options.limits.workers = command.jobs != 0 ? command.jobs : scenarios::usable_processors();
    options.progress = [&](const scenarios::ShrinkProgress& progress) {
        if (!progress.what.empty()) {
            note(fmt::format("{}  {:4} tried  {}\n", terminal ? "\r\033[K" : "", progress.tried,
                             progress.what));
        } else if (terminal) {
            note(fmt::format("\r\033[K  {:4} tried", progress.tried));
        }
    };
    const Result<scenarios::Shrunk> shrunk = shrink(first.expanded, options, stop_requested());
    if (terminal) note("\r\033[K");
    if (!shrunk) throw BadInput{"workers cannot be made: " + shrunk.error().detail};

    // Once more, whole: what is written has been seen to fail.
    const scenarios::RunResult last =
        scenarios::run(shrunk->smallest, {.seed = seed,
                                          .trace_level = sim::TraceLevel::hash_only,
                                          .stop = nullptr,
                                          .step_budget = options.step_budget,
                                          .prepare = {}});
    ASSERT(fails_so(last, failing), "the smallest scenario does not fail in this process");
    const scenarios::Scenario repro = repro_of(last, failing, build_commit());
    const std::string text =
        command.as_test ? test_text(repro, failing) : scenarios::write_scenario(repro);
    if (command.out.empty()) {
        say(text);
    } else {
        write_file(command.out, text);
    }
    note(fmt::format("  {}\n{} after {} runs, {} steps taken{}\n", describe_size(shrunk->smallest),
                     shrunk->is_complete ? "smallest" : "stopped: the smallest so far",
                     shrunk->tried, shrunk->taken, command.out.empty() ? "" : ": " + command.out));
    return shrunk->is_complete ? exit_pass : exit_interrupted;
}

}  // namespace

Command add_shrink(Arguments& arguments, const Environment&) {
    auto command = std::make_shared<ShrinkCommand>();
    command->scenario.add_to(arguments);
    arguments.text("-o,--out", command->out, "where the repro goes; standard output if left out",
                   "FILE");
    arguments.text("--checker", command->checker,
                   "whose objection to keep; the first one's if left out", "NAME");
    arguments.number("--jobs", command->jobs, "worker processes; as many as processors if left out",
                     "N", {1, 1024});
    arguments.flag("--as-test", command->as_test, "writes a GoogleTest around the repro");
    arguments.flag("--quiet", command->quiet, "no progress");
    arguments.footer("Example: squall shrink order-flow --seed 2 --bug Z01 -o lost.toml");
    return [command] { return shrink(*command); };
}

}  // namespace squall::cli
