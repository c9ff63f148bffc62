#include "gateway/inbox.h"

#include <utility>

namespace squall::gateway {

void Inbox::put(Incoming incoming) {
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        was_empty = incoming_.empty();
        incoming_.push_back(std::move(incoming));
    }
    if (was_empty) arrived_.notify_one();
}

std::vector<Incoming> Inbox::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(incoming_, {});
}

void Inbox::wait(std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, patience, [&] { return !incoming_.empty(); });
}

}  // namespace squall::gateway
