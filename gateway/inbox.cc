#include "gateway/inbox.h"

#include <utility>

namespace squall::gateway {

void Inbox::put(Incoming incoming) {
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        if (is_closed_) return;
        was_empty = incoming_.empty();
        incoming_.push_back(std::move(incoming));
    }
    if (was_empty) arrived_.notify_one();
}

void Inbox::close() {
    std::vector<Incoming> left;
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    left.swap(incoming_);
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
