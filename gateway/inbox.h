// Inbox: the one queue between the real world's threads and the simulation's. Threads put outside
// events in; the pacing loop takes them out, in order, and blocks while there is nothing to do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "gateway/control_action.h"
#include "gateway/outside_event.h"

namespace squall::gateway {

// Looks at the simulation and changes nothing: it is not recorded.
struct Inquiry {
    std::function<void()> look;
};

struct Incoming {
    std::variant<OutsideEvent, Inquiry> what;
    // Of a Controlled: called with the answer, on the simulation's thread.
    std::function<void(ControlAnswer)> answer{};
};

class Inbox {
  public:
    // From any thread.
    void put(Incoming incoming);
    // Nobody takes anything out any more: what is in it goes, and what comes.
    void close();
    // Everything that came since the last call.
    std::vector<Incoming> take();
    // Returns when something is there, or `patience` is over.
    void wait(std::chrono::nanoseconds patience);

  private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Incoming> incoming_;
    bool is_closed_ = false;
};

}  // namespace squall::gateway
