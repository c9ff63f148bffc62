// Child: this program again, in a process of its own, under another condition of the machine.
#pragma once

#include <string>
#include <vector>

#include "sim/base/result.h"

namespace squall::cli {

struct ChildOptions {
    std::string program = "/proc/self/exe";
    std::vector<std::string> arguments;  // after the program's name
    bool fixed_addresses = false;        // address space layout randomisation off
    int heap_fill = -1;                  // fresh heap memory holds this byte; -1: as it comes
};

// What the exit code is where the machine does not allow the condition.
inline constexpr int exit_condition_denied = 126;

struct ChildOutput {
    int exit_code = 0;
    std::string text;  // standard output
};

// Errors: io_error where the process could not be made.
Result<ChildOutput> run_child(const ChildOptions& options);

}  // namespace squall::cli
