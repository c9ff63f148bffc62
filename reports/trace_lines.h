// A recorded trace as JSON lines, one event each:
//
//   {"seq":17,"ns":1500000,"node":"b1","incarnation":1,"cause":12,"event":"NodeStarted","fields":{"name":"b1"}}
//
// Field values are text, as people read them.
#pragma once

#include <string>
#include <string_view>

#include "sim/trace/trace.h"

namespace squall::reports {

std::string trace_lines(const sim::Trace& trace);
// One event, without a line end.
std::string trace_line(const sim::Trace& trace, const sim::Event& event);
// Text as a JSON string, quotes included.
std::string json_quote(std::string_view text);

}  // namespace squall::reports
