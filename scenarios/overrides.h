// Overrides: what the command line changes in a scenario's document before it is read, so that a
// changed value is checked exactly as a written one.
#pragma once

#include <toml++/toml.h>

#include <string_view>

#include "scenarios/scenario_file.h"

namespace squall::scenarios {

// Throws ScenarioError for a path that leads nowhere, or an unknown bug.
void apply_changes(toml::table& document, const Changes& changes);

// Gives an error whose message begins with a dotted path ("topics.orders: ...") the position of
// that path in the document, where it has one.
void locate(ScenarioError& error, const toml::table& document, std::string_view file);

// An error about a value that the command line gave names that, instead of a place in the file.
void blame(ScenarioError& error, const Changes& changes);

}  // namespace squall::scenarios
