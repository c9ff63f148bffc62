// Tally: what a run counts while it goes: operations by outcome, and probes (things that must
// sometimes happen, or a green run means nothing).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/events/client_events.h"
#include "scenarios/run.h"
#include "sim/base/result.h"
#include "sim/trace/trace.h"

namespace squall::scenarios {

// "PartitionChanged >= 1": a kind of event, and how often it must be seen at least.
struct Probe {
    std::string event;
    std::uint64_t at_least = 1;
};
// Error: invalid_input.
Result<Probe> parse_probe(std::string_view text);

class Tally {
  public:
    void observe(const sim::Event& event);
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
};

}  // namespace squall::scenarios
