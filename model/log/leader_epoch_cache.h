// LeaderEpochCache: where each leader epoch begins in one log (KIP-101), the memory by which
// replicas find the point where they diverged.
//
// A list of (epoch, start offset), strictly increasing in both. Every batch appended assigns its
// epoch, a new leader assigns its own at its log end. Cut at both ends together with the log. Pure;
// the log stores it as leader-epoch-checkpoint, in Kafka's format:
//
//     0                  version
//     2                  number of entries
//     3 0                epoch, start offset
//     5 120
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "sim/base/result.h"

namespace squall::model {

class LeaderEpochCache {
  public:
    struct Entry {
        LeaderEpoch epoch;
        Offset start;

        bool operator==(const Entry&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("epoch", self.epoch);
            fields("start", self.start);
        }
    };

    // `epoch` begins at `start`, or earlier if that is known. Entries that contradict it (a later
    // epoch, or a start not before this one) are from a past that was truncated, and go. Returns
    // whether anything changed. Requires: epoch >= 0, start >= 0.
    bool assign(LeaderEpoch epoch, Offset start);

    // The end of `epoch` in this log, exclusive, with the epoch that the answer is about: the
    // largest known one that is not larger. {no_offset, no_leader_epoch} when this log cannot know:
    // no epoch is asked for, none is known, or it is later than the latest.
    //     latest epoch                  -> (epoch, log_end)
    //     before the first known epoch  -> (epoch, start of the first)
    //     otherwise                     -> (largest known <= epoch, start of the next)
    OffsetAndEpoch end_offset_for(LeaderEpoch epoch, Offset log_end) const;
    // The epoch of the record at `offset`; nullopt before the first entry.
    std::optional<LeaderEpoch> epoch_at(Offset offset) const;
    // no_leader_epoch if empty.
    LeaderEpoch latest() const;
    // The largest known epoch below `epoch`.
    std::optional<LeaderEpoch> before(LeaderEpoch epoch) const;

    // The log ends at `end` now: epochs that began there or later are gone. Returns whether
    // anything changed.
    bool truncate_from_end(Offset end);
    // The log begins at `start` now: epochs that ended before are gone, the one that spans it
    // begins there. Returns whether anything changed.
    bool truncate_from_start(Offset start);
    void clear() { entries_.clear(); }

    const std::vector<Entry>& entries() const { return entries_; }

    std::string to_checkpoint() const;
    // Corrupt unless it is what to_checkpoint writes.
    static Result<LeaderEpochCache> from_checkpoint(std::string_view text);

    bool operator==(const LeaderEpochCache&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("entries", self.entries_);
    }

  private:
    void check_invariants() const;

    std::vector<Entry> entries_;
};

}  // namespace squall::model
