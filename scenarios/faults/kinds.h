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
FaultEntry restart_fault();
FaultEntry rolling_restart_fault();
FaultEntry delay_fault();
FaultEntry stall_fault();
FaultEntry reset_fault();
FaultEntry half_open_fault();
FaultEntry replay_fault();
FaultEntry bandwidth_fault();
FaultEntry io_error_fault();
FaultEntry bit_rot_fault();
FaultEntry misdirected_write_fault();
FaultEntry wiped_disk_fault();
FaultEntry die_at_write_fault();
FaultEntry crash_loop_fault();
FaultEntry flap_fault();
FaultEntry clock_drift_fault();
FaultEntry clock_freeze_fault();
FaultEntry leap_second_fault();
FaultEntry partition_fault();
FaultEntry swizzle_fault();
FaultEntry swapped_disks_fault();
FaultEntry slow_handler_fault();
FaultEntry handler_throws_fault();
FaultEntry poison_record_fault();
FaultEntry duplicate_send_fault();
FaultEntry leave_group_fault();

}  // namespace squall::scenarios
