#include "model/patterns/poll_failure.h"

namespace squall::model {

void survive_failed_poll(sim::Node& node, const Consumer& consumer) {
    if (consumer.has_failed()) node.die_at_next_park(sim::StopReason::crash);
    node.sleep_for(1s);
}

}  // namespace squall::model
