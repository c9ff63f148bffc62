// Whose the directory is that a server finds on its disk: looked at before anything in it is
// opened.
#pragma once

#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"
#include "sim/kernel/node.h"

namespace squall::model {

// How long it took to see that the directory is `id`'s, or nobody's yet. An error, and told as
// RaftHalted: it is another node's, or cannot be read; the process has to end.
Result<Duration> check_own_directory(sim::Node& node, BrokerId id, const sim::Disk& disk);

}  // namespace squall::model
