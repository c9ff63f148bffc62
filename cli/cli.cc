#include "cli/cli.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace squall::cli {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_interrupt(int) {
    stop.store(true);
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

int complain(const std::string& message, int code) {
    fmt::print(stderr, "squall: {}\n", message);
    return code;
}

// The first option on the line that `command` does not have; empty where there is none.
std::string unknown_option(const CLI::App& command, int argc, const char* const* argv,
                           std::vector<std::string>& known) {
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    for (int i = 2; i < argc; ++i) {
        const std::string word = argv[i];
        const std::string name = word.substr(0, word.find('='));
        if (name.starts_with("--") && std::ranges::find(known, name) == known.end()) return name;
    }
    return {};
}

// CLI11 names a wrong word; a near command or option is worth a word more.
std::string usage_problem(const CLI::App& app, int argc, const char* const* argv,
                          const CLI::ParseError& error) {
    std::string message = error.what();
    const std::string first = argc > 1 ? argv[1] : "";
    std::vector<std::string> commands;
    const CLI::App* known = nullptr;
    for (const CLI::App* command : app.get_subcommands({})) {
        commands.push_back(command->get_name());
        if (command->get_name() == first) known = command;
    }
    if (known != nullptr) {
        std::vector<std::string> options;
        const std::string option = unknown_option(*known, argc, argv, options);
        if (!option.empty()) {
            message = first + ": unknown option '" + option + "'" +
                      scenarios::suggestion(option, options);
        } else {
            message = first + ": " + message;
        }
    } else if (!first.empty() && !first.starts_with('-')) {
        message = "unknown command '" + first + "'" + scenarios::suggestion(first, commands);
    } else if (first.empty()) {
        message = "a command is needed";
    }
    const std::string help = known != nullptr ? "squall " + first + " --help" : "squall --help";
    return message + "\nsee `" + help + "`";
}

int written(int code) {
    if (std::fflush(stdout) == 0) return code;
    return complain("standard output: cannot be written: " + std::string(std::strerror(errno)),
                    exit_not_written);
}

// `--help` comes as an exception of its own.
int tell_help(const CLI::App& app, const CLI::Success& wanted) {
    std::ostringstream text;
    app.exit(wanted, text, text);
    try {
        say(text.str());
    } catch (const NotWritten& error) {
        return complain(error.path + ": cannot be written: " + error.why, exit_not_written);
    }
    return written(exit_pass);
}

}  // namespace

const std::atomic<bool>& stop_requested() {
    return stop;
}

int run_command_line(int argc, const char* const* argv, const Environment& environment) {
    CLI::App app{
        "Squall: a Kafka-like system in one deterministic process, broken on purpose and judged."};
    app.name("squall");
    app.require_subcommand(1);
    app.footer(
        "Example: squall run order-flow --seed 42 --report squall-report\n"
        "Exit codes: 0 pass, 1 a checker objected, 2 bad usage or input, 3 inconclusive, "
        "4 vacuous, 70 broken, 74 results could not be written, 130 Ctrl-C.");

    struct Entry {
        CLI::App* app;
        Command run;
    };
    std::vector<Entry> entries;
    const auto add = [&](Command (*make)(Arguments&, const Environment&), const char* name,
                         const char* about) {
        CLI::App* const command = app.add_subcommand(name, about);
        Arguments arguments(*command);
        entries.push_back({command, make(arguments, environment)});
    };
    add(add_run, "run", "one simulation, judged");
    add(add_hunt, "hunt", "many seeds, in parallel, and what they found");
    add(add_replay, "replay", "a repro file again, on this version of the code");
    add(add_shrink, "shrink", "the smallest scenario in which the same checker still objects");
    add(add_zoo, "zoo", "arms each known bug, and says who catches it");
    add(add_serve, "serve", "the simulated cluster on real ports, for real clients");
    add(add_report, "report", "one simulation, and the files of its report");
    add(add_check, "check", "judges a recorded history: Jepsen's EDN, or our JSON lines");
    add(add_list, "list",
        "what there is: scenarios, faults, checkers, bugs, workloads, steps, configs");
    add(add_doctor, "doctor", "proves on this machine that runs are deterministic");

    // A reader of our output that goes away is an output that cannot be written, not a crash.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return tell_help(app, wanted);
    } catch (const CLI::ParseError& error) {
        return complain(usage_problem(app, argc, argv, error), exit_bad_input);
    }

    stop.store(false);
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    try {
        for (const Entry& entry : entries) {
            if (!entry.app->parsed()) continue;
            return written(entry.run());
        }
    } catch (const scenarios::ScenarioError& error) {
        return complain(error.text(), exit_bad_input);
    } catch (const BadInput& error) {
        return complain(error.message, exit_bad_input);
    } catch (const NotWritten& error) {
        return complain(error.path + ": cannot be written: " + error.why, exit_not_written);
    } catch (const AssertionFailure& failure) {
        return complain("this is a bug of squall: " + failure.describe_failure(), exit_broken);
    } catch (const std::exception& error) {
        return complain(std::string("this is a bug of squall: ") + error.what(), exit_broken);
    }
    return exit_bad_input;
}

}  // namespace squall::cli
