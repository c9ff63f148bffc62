// Scenario files: TOML to Scenario and back. docs/SCENARIOS.md is the manual.
//
// Everything has a default; what is written is checked. An unknown key, a wrong type, a value out
// of range, a reference to nothing is an error with file, line, column, and a suggestion where a
// near name exists: never ignored.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/scenario.h"

namespace squall::scenarios {

// Bad input. Thrown at start-up only, before anything is simulated.
struct ScenarioError {
    std::string file;  // or "--set PATH" and the like; empty where there is none
    int line = 0;      // from 1; 0 where there is none
    int column = 0;
    std::string message;  // what, what was expected, a suggestion
    // Where the message begins with a path: it is the key that is wrong there, not its value.
    bool is_about_key = false;

    // "order-flow.toml:14:8: unknown fault 'disk_ful'; did you mean 'disk-full'?"
    std::string text() const;
};

// "--set PATH=VALUE": replaces or adds one value. The path is that of the file, its dots as in
// TOML; faults are reached by id ("fault.kill-leader.at"), and "*" stands for every name at its
// place.
struct Override {
    std::string path;
    std::string value;  // TOML, or a bare word taken as a string
};

// What the command line changes in a scenario.
struct Changes {
    std::vector<Override> set;
    std::vector<std::string> bugs;  // "Z01", "hw-truncate-loss", "Z01@b2"
};

// A file, or the name of one in the library. Throws ScenarioError.
Scenario load_scenario(std::string_view name_or_path, const Changes& changes = {});
// `file` is for messages. Throws ScenarioError.
Scenario parse_scenario(std::string_view text, std::string_view file, const Changes& changes = {});

// TOML that parse_scenario reads back to the same scenario; values that are defaults are left out.
std::string write_scenario(const Scenario& scenario);

// Everything that can be known to be wrong without running: counts, references, targets, options.
// parse_scenario has called it. Throws ScenarioError.
void validate(const Scenario& scenario);
// The same for a fault that is given to a cluster while it runs: `machines` are those that there
// are; who plays the role of a topic or a group is found when it strikes. Throws ScenarioError.
void validate_given(const Scenario& scenario, const FaultSection& fault,
                    const std::vector<std::string>& machines);

// "; did you mean 'disk-full'?" with the nearest of `known`, or "" where none is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace squall::scenarios
