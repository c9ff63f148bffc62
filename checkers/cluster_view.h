// ClusterView: which node is which broker, and whether it is up, as the trace tells.
//
// A broker is known from its first event on (BrokerStarted names it; its node is the emitter). The
// stops at the end of a run are not stops: whoever was up then stays up.
#pragma once

#include <algorithm>
#include <map>

#include "model/events/replica_events.h"
#include "sim/trace/event.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

class ClusterView {
  public:
    struct Node {
        bool is_up = false;
        sim::EventSequence started{0};  // its last NodeStarted or BrokerStarted
        Time started_at;                // when that was
    };

    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);

    // Null for brokers never heard of.
    const Node* broker(model::BrokerId broker) const;
    bool is_up(model::BrokerId id) const;
    const std::map<model::BrokerId, sim::NodeId>& brokers() const { return nodes_of_brokers_; }
    bool has_ended() const { return has_ended_; }

    // From when on a bound can be demanded, if not before `start`: who asked over a connection
    // whose other end is gone without a word (FrameLost, "half open") learns of it by its own
    // timeout only, as over TCP.
    Time patience_ends(Time start) const { return std::max(start, patience_ends_); }

  private:
    std::map<model::BrokerId, sim::NodeId> nodes_of_brokers_;
    std::map<sim::NodeId, Node> nodes_;
    Time patience_ends_;
    bool has_ended_ = false;
};

// Whether this fault of a disk spoils bytes at rest, without a word to the process.
bool spoils_what_rests(const sim::DiskFaultHit& hit);
// Whether this fault of a disk takes or spoils bytes that were written.
bool destroys_data(const sim::DiskFaultHit& hit);
// Likewise, and not only what a power loss may take: bytes that were never flushed.
bool destroys_flushed_data(const sim::DiskFaultHit& hit);

}  // namespace squall::checkers
