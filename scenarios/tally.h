// Tally: what a run counts while it goes: operations by outcome, and probes (things that must
// sometimes happen, or a green run means nothing).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/events/client_events.h"
#include "scenarios/event_pattern.h"
#include "scenarios/run.h"
#include "sim/base/result.h"
#include "sim/trace/trace.h"

namespace squall::scenarios {

// "PartitionChanged >= 1": which events, and how often they must be seen at least.
struct Probe {
    EventPattern events;
    std::uint64_t at_least = 1;
};
// Error: invalid_input.
Result<Probe> parse_probe(std::string_view text);

class Tally {
  public:
    // Counts what a pattern matches from now on. Kinds of events as such are counted by the trace.
    // Requires: before anybody asked what it looks at.
    void watch(EventPattern pattern);
    bool looks_at(const sim::EventKind& kind) const;
    void observe(const sim::Event& event);
    // By the patterns' texts.
    const std::map<std::string, std::uint64_t>& watched() const { return watched_; }
    // "send", "poll", "commit", "admin". Nobody can tell of an operation without an end: its client
    // died first, or the run did.
    std::map<std::string, OperationCounts> operations() const;

  private:
    struct Operations {
        std::uint64_t invoked = 0;  // where that is told
        OperationCounts ended;
    };

    Operations sends_;
    Operations polls_;
    Operations commits_;
    Operations admins_;
    std::vector<EventPattern> patterns_;
    std::map<std::string, std::uint64_t> watched_;
};

}  // namespace squall::scenarios
