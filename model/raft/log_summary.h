// LogSummary: what the quorum needs to know of its log, without the bytes: where it begins and
// ends, how much of it is durable, and where each raft epoch starts. A value; the host keeps log
// and summary equal and asserts so.
//
// What a snapshot stands for may be dropped from the front (KIP-630): the log then starts at the
// snapshot's id, and epochs before that are forgotten.
//
// Offsets are record offsets, ends exclusive. Raft epochs start at 1; epoch 0 is "before the first
// record", the last fetched epoch of an empty log (KIP-595).
#pragma once

#include <optional>
#include <vector>

#include "model/protocol/types.h"

namespace squall::model::raft {

inline constexpr RaftEpoch no_epoch{0};

// A place in a log, as votes and divergence compare it: an end offset and the epoch before it.
struct LogPosition {
    Offset offset{0};
    RaftEpoch epoch = no_epoch;

    bool operator==(const LogPosition&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("offset", self.offset);
        fields("epoch", self.epoch);
    }
};

class LogSummary {
  public:
    // Everything before it is in a snapshot. {0, 0} for a log that has all its records.
    LogPosition start() const { return start_; }
    Offset log_end() const { return log_end_; }
    Offset flushed_end() const { return flushed_end_; }
    // Of the last record, be it in the snapshot; no_epoch while there never was any.
    RaftEpoch last_epoch() const { return epochs_.empty() ? start_.epoch : epochs_.back().epoch; }
    LogPosition end() const { return {log_end_, last_epoch()}; }

    // Requires: epoch >= last_epoch(), epoch > no_epoch, count > 0.
    void append(RaftEpoch epoch, std::int64_t count);
    // Drops everything from `to` on. Requires: start().offset <= to <= log_end().
    void truncate(Offset to);
    // Drops everything before `start`. Requires: contains(start).
    void drop_before(const LogPosition& start);
    // Throws everything away: what comes next comes after a snapshot of everything before `start`.
    void restart_at(const LogPosition& start);
    // Everything below `end` is durable. Never goes back; bounded by log_end, since what was
    // flushed may have been truncated meanwhile.
    void mark_flushed(Offset end);

    // The largest epoch not above `epoch` that has records, and the end of its records. {0, 0} when
    // none is known (KIP-101's OffsetForLeaderEpoch on the metadata log).
    LogPosition end_of_epoch(RaftEpoch epoch) const;
    // A log that ends at `position` is a prefix of this one, as far as this one reaches back.
    bool contains(const LogPosition& position) const;
    // The epoch of the record before `end`. Requires: start().offset <= end <= log_end().
    RaftEpoch epoch_before(Offset end) const;

    bool operator==(const LogSummary&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("start", self.start_);
        fields("log_end", self.log_end_);
        fields("flushed_end", self.flushed_end_);
        fields("epochs", self.epochs_);
    }

  private:
    struct EpochStart {
        RaftEpoch epoch;
        Offset start;

        bool operator==(const EpochStart&) const = default;

        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("epoch", self.epoch);
            fields("start", self.start);
        }
    };

    LogPosition start_;
    Offset log_end_{0};
    Offset flushed_end_{0};
    std::vector<EpochStart> epochs_;  // later than start_'s; both strictly increasing
};

}  // namespace squall::model::raft
