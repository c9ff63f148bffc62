// What the control port tells: JSON documents, and metrics as OpenMetrics text with the names that
// Kafka's own have behind the usual exporters. docs/SERVE.md lists both.
#pragma once

#include <string>

#include "gateway/control_action.h"
#include "gateway/gateway.h"
#include "gateway/status_board.h"
#include "scenarios/judged_run.h"
#include "scenarios/run.h"

namespace squall::gateway {

// What the documents are made of; all of it on the simulation's thread.
struct ControlView {
    const StatusBoard& board;
    scenarios::JudgedRun& run;
    Gateway& gateway;
};

std::string status_document(const ControlView& view);
std::string topics_document(const ControlView& view);
std::string groups_document(const ControlView& view);
std::string transactions_document(const ControlView& view);
std::string faults_document(const ControlView& view);
std::string metrics_text(const ControlView& view);

// Of a run that is over.
std::string verdict_document(const scenarios::RunResult& result);

}  // namespace squall::gateway
