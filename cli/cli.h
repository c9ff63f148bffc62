// The command line: one function per command, each in its own file. The contract (commands, output,
// exit codes) stands in docs/CLI.md; scripts depend on it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "sim/kernel/simulation.h"

namespace squall::cli {

// Exit codes beyond those of verdicts (scenarios::exit_code).
inline constexpr int exit_pass = 0;
inline constexpr int exit_fail = 1;
inline constexpr int exit_bad_input = 2;
inline constexpr int exit_broken = 70;
inline constexpr int exit_not_written = 74;
inline constexpr int exit_interrupted = 130;

// What a program around the commands may bring: the real one brings nothing.
struct Environment {
    // See scenarios::RunOptions::prepare.
    std::function<void(sim::Simulation&)> prepare;
};

// Runs the command line; returns the exit code. Never throws.
int run_command_line(int argc, const char* const* argv, const Environment& environment = {});

// Set by the first Ctrl-C; the second one kills the process as usual.
const std::atomic<bool>& stop_requested();

}  // namespace squall::cli
