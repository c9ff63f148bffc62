#include "sim/kernel/wait.h"

#include "sim/kernel/scheduler.h"
#include "sim/kernel/simulation.h"

namespace squall::sim::detail {

Waiter::~Waiter() {
    // Nobody can wake it here any more; its deadline, or the end of its node, still can.
    if (task_ != nullptr) task_->waiter = nullptr;
}

bool Waiter::park_until(LocalTime deadline) {
    return node_->scheduler_.park(*node_, this, deadline);
}

void Waiter::wake() {
    if (task_ != nullptr) wake(current_cause(*node_));
}

void Waiter::wake(EventSequence cause) {
    if (task_ != nullptr) node_->scheduler_.wake(*task_, cause);
}

EventSequence current_cause(Node& node) {
    return node.trace().context().cause;
}

void set_current_cause(Node& node, EventSequence cause) {
    node.trace().context().cause = cause;
}

}  // namespace squall::sim::detail
