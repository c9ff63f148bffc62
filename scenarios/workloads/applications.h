// applications: whatever a test brings along. The scenario names the machines
// (workload.applications); what they run is code, which RunOptions::applications hands over. So a
// file with this workload can be read, checked and shrunk by anybody, but run only by its test.
#pragma once

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

inline constexpr std::string_view applications_kind = "applications";

WorkloadEntry applications_workload();

}  // namespace squall::scenarios
