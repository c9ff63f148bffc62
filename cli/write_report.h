// The report folder: equal seeds give equal bytes. Nothing of the host is in it.
#pragma once

#include <string>

#include "scenarios/run.h"

namespace squall::cli {

// Makes the folder, and sees that files can be written there, before the simulation costs any time.
// Throws BadInput: an unwritable folder is a wrong argument.
void prepare_report_folder(const std::string& folder);

// summary.json, scenario.toml, timeline.txt, sequence.svg, topology.svg, trace.jsonl, history.edn.
// Throws NotWritten.
void write_report(const scenarios::RunResult& result, const std::string& folder);

}  // namespace squall::cli
