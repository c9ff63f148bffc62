// EventPattern: which events a probe counts, as scenarios write it:
//
//     LogOpened                                      of that kind
//     LogOpened{finished_swaps != 0}                 with these values in these fields, as printed
//     LogOpened{broker = 1, truncated_bytes != 0}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "sim/trace/event.h"

namespace squall::scenarios {

struct EventPattern {
    struct Field {
        std::string name;
        std::string value;
        bool is_equal = true;  // else: anything but the value
        bool operator==(const Field&) const = default;
    };

    std::string event;
    std::vector<Field> fields;

    // "LogOpened{broker=1 truncated_bytes!=0}": one text for all ways to write it.
    std::string text() const;
    bool matches(const sim::Event& found) const;
    bool operator==(const EventPattern&) const = default;
};

// Whether events have such names is another question (event_names.h). Error: invalid_input.
Result<EventPattern> parse_event_pattern(std::string_view text);

}  // namespace squall::scenarios
