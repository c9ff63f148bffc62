// The report folder: equal seeds give equal bytes. Nothing of the host is in it.
#pragma once

#include <string>

#include "scenarios/run.h"

namespace squall::cli {

// Makes the folder, and sees that files can be written there, before the simulation costs any time.
// Throws BadInput: an unwritable folder is a wrong argument.
// `option` is what the user named it by.
void prepare_report_folder(const std::string& folder, const std::string& option = "--report");

// summary.json, scenario.toml, timeline.txt, sequence.svg, topology.svg, ownership.svg,
// trace.jsonl, history.edn. False: Ctrl-C came before all were written. Throws NotWritten.
bool write_report(const scenarios::RunResult& result, const std::string& folder);

}  // namespace squall::cli
