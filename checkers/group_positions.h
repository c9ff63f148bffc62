// GroupPositions: whether the members of a group start where their group had got to.
//
//   position-below-commit  a position was taken from the committed offset, and a higher commit had
//                          been answered ok before the partition was assigned, hence before the
//                          offset was asked for
//   commit-forgotten       a member found nothing committed, though a commit had been answered ok
//                          before the partition was assigned
//   reset-without-cause    a position was out of range that lies in the log: no log start moved
//                          past it, nothing was truncated, and nobody sought it
//
// A committed offset is a register: a lower one may be read if its commit was not answered ok
// before the higher one was invoked (on its way, of unknown outcome, failed), or if it took effect
// after the higher was answered (whether it may is committed_offset.cc's). Commits are forgotten
// with their group ("Dead") and topic. Offsets sent to a transaction are none here: when they count
// is read_committed.cc's. Not judged: groups that were empty for a minute since, the shortest
// offsets.retention.minutes; resets without a cause in the trace.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkers/allowance.h"
#include "checkers/findings.h"
#include "model/events/client_events.h"
#include "model/events/group_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

// A position that is not what its group promised.
struct PositionFault {
    std::string_view type;
    Evidence shown;
    Findings::Events events;
    std::optional<Cause> cause;  // by which it is allowed

    bool is_excused() const { return cause.has_value(); }
};

class GroupPositions {
  public:
    static bool looks_at(const sim::EventKind& kind);
    // Returns what is wrong with the position that this event sets, if it does. `allowance` has
    // seen the event.
    std::optional<PositionFault> observe(const sim::Event& event, const Allowance& allowance);

  private:
    struct Commit {
        model::OperationId operation;
        model::Offset offset;
        sim::EventSequence invoked;
        sim::EventSequence answered_ok{0};  // 0: never, or otherwise
    };
    struct Partition {
        std::vector<Commit> commits;                            // in order of invocation
        std::map<model::Offset, sim::EventSequence> effective;  // when an offset last took effect
    };
    struct Group {
        std::map<model::TopicPartition, Partition> partitions;
        std::optional<Time> empty_since;
    };
    // Of one consumer, in one partition.
    struct Reader {
        sim::EventSequence assigned{0};
        model::Offset position = model::no_offset;
        bool has_sought = false;  // that is what the application set
    };
    using ReaderKey = std::pair<std::string, model::TopicPartition>;

    void on_invoked(const model::CommitInvoked& invoked, sim::EventSequence sequence);
    void on_completed(const model::CommitCompleted& completed, sim::EventSequence sequence);
    void on_group_state(const model::GroupStateChanged& changed, Time now);
    void forget_topic(const std::string& topic);
    std::optional<PositionFault> judge(const model::PositionSet& set, const Reader& reader,
                                       sim::EventSequence sequence, const Allowance& allowance);
    // The last commit above `offset` that was answered ok before `event`; null: none.
    static const Commit* last_above(const Partition& partition, model::Offset offset,
                                    sim::EventSequence event);
    static bool may_be_read_after(const Partition& partition, model::Offset offset,
                                  const Commit& higher);

    std::map<std::string, Group> groups_;
    std::map<ReaderKey, Reader> readers_;
    // Commits without an answer.
    std::map<model::OperationId, std::vector<std::pair<std::string, model::TopicPartition>>> open_;
};

}  // namespace squall::checkers
