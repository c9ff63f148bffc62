// What an application does about a poll that told of an error.
#pragma once

#include "model/client/consumer.h"
#include "sim/kernel/node.h"

namespace squall::model {

// A consumer that failed for good (Consumer::has_failed) ends the process, as an exception that
// nobody catches: a supervisor starts it again. Anything else may have passed a moment later: waits
// that moment. May park.
void survive_failed_poll(sim::Node& node, const Consumer& consumer);

}  // namespace squall::model
