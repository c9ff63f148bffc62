// WaitList: any number of tasks that wait for something to change, and look again when it did. For
// conditions that no single value stands for: "metadata came", "memory was freed". Belongs to one
// node, like all waiting.
#pragma once

#include <utility>
#include <vector>

#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

class WaitList {
  public:
    explicit WaitList(sim::Node& node) : node_(node) {}

    // Parks until the next notify_all(). False: the deadline passed first. May park.
    bool wait_until(LocalTime deadline) {
        std::erase_if(waiters_, [](const auto& waiter) { return waiter.is_orphan(); });
        sim::Completion<Unit> change(node_);
        waiters_.push_back(change.completer());
        return change.await_until(deadline).has_value();
    }
    // Never parks. Requires: the condition was changed before, for whoever looks again.
    void notify_all() {
        for (sim::Completer<Unit>& waiter : std::exchange(waiters_, {})) waiter.complete(Unit{});
    }

  private:
    sim::Node& node_;
    std::vector<sim::Completer<Unit>> waiters_;
};

}  // namespace squall::model
