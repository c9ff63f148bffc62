// LogSummary: what the quorum needs to know of its log, without the bytes: where it ends, how much
// of it is durable, and where each raft epoch starts. A value; the host keeps log and summary
// equal and asserts so.
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
    Offset log_end() const { return log_end_; }
    Offset flushed_end() const { return flushed_end_; }
    // Of the last record; no_epoch while empty.
    RaftEpoch last_epoch() const { return epochs_.empty() ? no_epoch : epochs_.back().epoch; }
    LogPosition end() const { return {log_end_, last_epoch()}; }

    // Requires: epoch >= last_epoch(), epoch > no_epoch, count > 0.
    void append(RaftEpoch epoch, std::int64_t count);
    // Drops everything from `to` on. Requires: to <= log_end().
    void truncate(Offset to);
    // Everything below `end` is durable. Never goes back; bounded by log_end, since what was
    // flushed may have been truncated meanwhile.
    void mark_flushed(Offset end);

    // The largest epoch not above `epoch` that has records, and the end of its records. {0, 0} when
    // there is none (KIP-101's OffsetForLeaderEpoch on the metadata log).
    LogPosition end_of_epoch(RaftEpoch epoch) const;
    // A log that ends at `position` is a prefix of this one.
    bool contains(const LogPosition& position) const;
    // The epoch of the record before `end`. Requires: end <= log_end().
    RaftEpoch epoch_before(Offset end) const;

    bool operator==(const LogSummary&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
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

    Offset log_end_{0};
    Offset flushed_end_{0};
    std::vector<EpochStart> epochs_;  // both strictly increasing
};

}  // namespace squall::model::raft
