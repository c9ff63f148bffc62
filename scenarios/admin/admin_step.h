// AdminStep: something that an administrator does in the course of a scenario. Kinds are listed in
// registry.cc.
//
// A step is one call of the admin client, made at its time by the machine "operator"; how it ended
// is in the trace (AdminCompleted). A step that is refused is no error of the scenario: asking for
// what cannot be is a thing that administrators do.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/client/admin.h"
#include "scenarios/scenario.h"
#include "sim/base/result.h"

namespace squall::scenarios {

// As the scenario file writes them: option name -> value.
using AdminOptionTexts = std::map<std::string, std::string>;

struct AdminOptionEntry {
    std::string_view name;  // "config.*": one for each setting
    std::string_view about;
    bool is_required = false;
};

struct AdminStepEntry {
    std::string_view kind;
    std::string_view about;  // one line
    std::vector<AdminOptionEntry> options;
    // The call; it may park. Error: invalid_input for an impossible option.
    Result<std::function<void(model::AdminClient&)>> (*make)(const AdminOptionTexts& options);
};

// In order of kind.
const std::vector<AdminStepEntry>& all_admin_steps();
const AdminStepEntry* find_admin_step(std::string_view kind);

// What is wrong with the steps of a scenario, and where ("admin.grow.kind"); nullopt: nothing.
struct AdminProblem {
    std::string path;
    std::string message;
    bool is_about_key = false;  // not its value
};
std::optional<AdminProblem> problem_of_admin_steps(const Scenario& scenario);

}  // namespace squall::scenarios
