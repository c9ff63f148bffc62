#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "cli/commands.h"
#include "scenarios/disarmed.h"
#include "scenarios/hunt/repro.h"
#include "scenarios/hunt/shrink.h"
#include "scenarios/shrink_step.h"

namespace squall::cli {
namespace {

namespace fs = std::filesystem;

struct ShrinkCommand {
    ScenarioOptions scenario;
    std::string out;
    std::string checker;
    std::string cause;
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
    const bool is_word = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0;
    return is_word ? name : "Storm" + name;
}

// A GoogleTest around the repro, for any project that uses the package (docs/TESTING.md).
std::string test_text(const scenarios::Scenario& repro, const scenarios::Failing& failing) {
    return fmt::format(
        "// The smallest storm in which {0} objects with {1}. Fails until that is mended; then it\n"
        "// guards against its return.\n"
        "#include <gtest/gtest.h>\n"
        "#include <squall/run.h>\n\n"
        "namespace {{\n\n"
        "constexpr const char* storm = R\"toml(\n{2})toml\";\n\n"
        "TEST({3}, KeepsItsPromises) {{\n"
        "    const squall::Outcome outcome = squall::replay(storm);\n"
        "    EXPECT_TRUE(outcome.holds()) << outcome;\n"
        "}}\n\n"
        "}}  // namespace\n",
        failing.checker, failing.anomaly, scenarios::write_scenario(repro), camel(repro.name));
}

using Run = std::function<scenarios::RunResult(const scenarios::Scenario&)>;

// "; it has 'after crash', 'after pause'"
std::string known_causes(const scenarios::RunResult& result) {
    std::set<std::string> causes;
    for (const scenarios::Failing& failing : scenarios::failings_of(result)) {
        for (const std::string& cause :
             scenarios::causes_of(result, {failing.checker, failing.anomaly})) {
            causes.insert("'" + cause + "'");
        }
    }
    return causes.empty() ? "" : fmt::format("; it has {}", fmt::join(causes, ", "));
}

// Of an armed bug, what it brought about comes before what is wrong without it as well.
scenarios::Failing most_telling(const scenarios::RunResult& result, const Run& run) {
    std::vector<scenarios::Failing> failings = scenarios::failings_of(result);
    if (failings.empty()) return {};
    if (!scenarios::is_armed(result.expanded)) return failings.front();
    try {
        const scenarios::RunResult control = run(scenarios::disarmed(result.expanded));
        for (const scenarios::Failing& failing : failings) {
            if (!scenarios::fails_so(control, failing)) return failing;
        }
    } catch (const scenarios::ScenarioError&) {
        // There is no such control: what is first, then.
    }
    return failings.front();
}

scenarios::Failing choose_failing(const ShrinkCommand& command, const scenarios::RunResult& result,
                                  const Run& run) {
    if (!command.checker.empty() || !command.cause.empty()) {
        for (const scenarios::Failing& failing : scenarios::failings_of(result)) {
            if (!command.checker.empty() && failing.checker != command.checker) continue;
            const scenarios::Failing asked{failing.checker, failing.anomaly,
                                           command.cause.empty() ? failing.cause : command.cause};
            if (scenarios::fails_so(result, asked)) return asked;
        }
        throw BadInput{
            command.cause.empty()
                ? fmt::format("--checker {}: it does not object in this run", command.checker)
                : fmt::format("--cause {}: nothing has this cause in this run{}", command.cause,
                              known_causes(result))};
    }
    // What a repro was written for comes first.
    if (const auto& repro = result.expanded.repro;
        repro && fails_so(result, {repro->checker, repro->anomaly})) {
        return {repro->checker, repro->anomaly};
    }
    return most_telling(result, run);
}

// The fault before it is another one: perhaps what fails now is not what failed then.
std::string what_of_the_cause(const scenarios::RunResult& first, const scenarios::RunResult& last,
                              const scenarios::Failing& failing) {
    const std::vector<std::string> then = scenarios::causes_of(first, failing);
    const std::vector<std::string> now = scenarios::causes_of(last, failing);
    if (then.empty() || now.empty() || std::ranges::find_first_of(then, now) != then.end()) {
        return {};
    }
    return fmt::format("  its cause was '{0}' and is '{1}' now; --cause '{0}' holds to it\n",
                       then.front(), now.front());
}

int shrink(const ShrinkCommand& command) {
    const fs::path folder = fs::path(command.out).parent_path();
    if (!folder.empty() && !fs::is_directory(folder)) {
        throw BadInput{fmt::format("-o {}: there is no folder {}", command.out, folder.string())};
    }
    const scenarios::Scenario loaded = command.scenario.load();
    const std::uint64_t seed = command.scenario.choose_seed(loaded);
    const Run run = [&](const scenarios::Scenario& scenario) {
        return scenarios::run(scenario,
                              {.seed = seed,
                               .trace_level = sim::TraceLevel::hash_only,
                               .stop = &stop_requested(),
                               .step_budget = 0,
                               .prepare = {},
                               .by_safe_contract = scenarios::is_armed_by_configuration(loaded)});
    };
    const scenarios::RunResult first = run(loaded);
    const scenarios::Failing failing =
        first.interrupted ? scenarios::Failing{} : choose_failing(command, first, run);
    if (stop_requested().load()) return exit_interrupted;
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
        scenarios::run(shrunk->smallest, {.seed = shrunk->seed,
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
        try {
            write_file(command.out, text);
        } catch (const NotWritten&) {
            // It took minutes to find.
            say(text);
            throw;
        }
    }
    note(fmt::format("  {}\n{} after {} runs, {} steps taken{}\n", describe_size(shrunk->smallest),
                     shrunk->is_complete ? "smallest" : "stopped: the smallest so far",
                     shrunk->tried, shrunk->taken, command.out.empty() ? "" : ": " + command.out));
    note(what_of_the_cause(first, last, failing));
    if (shrunk->is_by_bugs) {
        note(*shrunk->is_by_bugs ? "  with nothing armed it does not fail so\n"
                                 : "  with nothing armed it fails so as well\n");
    }
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
    arguments.text("--cause", command->cause,
                   "the cause to hold to, as hunt tells it: \"after crash\"", "TEXT");
    arguments.number("--jobs", command->jobs, "worker processes; as many as processors if left out",
                     "N", {1, 1024});
    arguments.flag("--as-test", command->as_test, "writes a GoogleTest around the repro");
    arguments.flag("--quiet", command->quiet, "no progress");
    arguments.footer("Example: squall shrink order-flow --seed 2 --bug Z01 -o lost.toml");
    return [command] { return shrink(*command); };
}

}  // namespace squall::cli
