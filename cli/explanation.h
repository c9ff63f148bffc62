// `run --explain`: the story of a run in plain words.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "scenarios/run.h"

namespace squall::cli {

// What happened; who owned which partition when, with the bill of each group's rebalances; what
// came again, or was otherwise not as one might expect, and which promise allows it. Requires: a
// full trace.
std::string explain_run(const scenarios::RunResult& result);
// The bill of each group, for scripts: group, protocol, unowned_partition_seconds,
// partitions_moved, records_handled, records_handled_again, lanes (partition -> spans of owner,
// from, to; in seconds).
nlohmann::ordered_json groups_json(const scenarios::RunResult& result);

}  // namespace squall::cli
