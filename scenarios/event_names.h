// EventNames: the kinds of events that a scenario may name, in `when` and in probes, and their
// fields.
//
// The one list of event kinds there is: whoever subscribes in code asks for types, but a scenario
// is text, and a name in it that nothing ever emits would wait for ever. A test holds the list
// against the sources, so that a new kind of event is not forgotten here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/scenario.h"

namespace squall::scenarios {

struct EventName {
    std::string name;
    std::vector<std::string> fields;  // in the order in which they are printed
};

// In order of name.
const std::vector<EventName>& event_names();

// What is wrong with the name, and what may have been meant; nullopt: an event has it.
std::optional<std::string> problem_of_event(std::string_view name);
// Likewise for a field. Requires: `event` names an event.
std::optional<std::string> problem_of_field(std::string_view event, std::string_view field);

}  // namespace squall::scenarios
