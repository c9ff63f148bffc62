// The commands: each adds itself to the parser and says how it is run.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/cli.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"

namespace squall::cli {

// A file that could not be written: exit 74.
struct NotWritten {
    std::string path;
    std::string why;
};

// Something is wrong with what the user gave: exit 2.
struct BadInput {
    std::string message;
};

using Command = std::function<int()>;

Command add_run(Arguments& arguments, const Environment& environment);
Command add_report(Arguments& arguments, const Environment& environment);
Command add_check(Arguments& arguments, const Environment& environment);
Command add_list(Arguments& arguments, const Environment& environment);
Command add_doctor(Arguments& arguments, const Environment& environment);
Command add_hunt(Arguments& arguments, const Environment& environment);
Command add_replay(Arguments& arguments, const Environment& environment);
Command add_shrink(Arguments& arguments, const Environment& environment);
Command add_zoo(Arguments& arguments, const Environment& environment);
Command add_serve(Arguments& arguments, const Environment& environment);

// What the command line changes in a scenario: --set and --bug.
struct ScenarioChanges {
    std::vector<std::string> set;
    std::vector<std::string> bugs;

    void add_to(Arguments& arguments);
    // Throws ScenarioError, BadInput.
    scenarios::Scenario load(const std::string& name_or_path) const;
    // As they were written. Throws BadInput.
    scenarios::Changes parse() const;
};

// Options that several commands share.
struct ScenarioOptions {
    std::string scenario;
    std::string seed;  // as written
    ScenarioChanges changes;

    void add_to(Arguments& arguments);
    // Throws ScenarioError, BadInput.
    scenarios::Scenario load() const;
    // As given, or the scenario's own (a repro), or drawn from the system. Throws BadInput.
    std::uint64_t choose_seed(const scenarios::Scenario& scenario) const;
};

// Decimal or 0x hex, 64 bits. Throws BadInput.
std::uint64_t parse_seed(const std::string& text);

// Writes to standard output. Throws NotWritten.
void say(std::string_view text);
// Writes a whole file. Throws NotWritten.
void write_file(const std::string& path, const std::string& content);

// The commit this program was built from; "unknown" outside a checkout.
std::string build_commit();

}  // namespace squall::cli
