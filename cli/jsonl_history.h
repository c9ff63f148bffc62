// Reads back what `run --history FILE.jsonl` wrote: the client events of a run, one JSON object a
// line, as a trace that reports can tell of again.
//
// Strict: an unknown event or field, or a value of another kind, is an error with line and column.
// A field that is left out has its default. Events that say nothing of sends, polls and
// transactions (configuration, commits, admin requests) are checked to be JSON and left out.
#pragma once

#include <memory>
#include <string_view>
#include <variant>

#include "checkers/edn.h"
#include "sim/trace/trace.h"

namespace squall::cli {

std::variant<std::unique_ptr<sim::Trace>, checkers::TextProblem> read_history_jsonl(
    std::string_view text);

}  // namespace squall::cli
