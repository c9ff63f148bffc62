// The makers of every fault kind, one per file of this folder: for registry.cc.
#pragma once

#include "scenarios/faults/fault.h"

namespace squall::scenarios {

FaultEntry crash_fault();
FaultEntry power_loss_fault();
FaultEntry pause_fault();
FaultEntry isolate_fault();
FaultEntry cut_fault();
FaultEntry slow_disk_fault();
FaultEntry disk_full_fault();
FaultEntry clock_step_fault();

}  // namespace squall::scenarios
