// Rules by which a replica answers one partition of a Fetch: fencing by leader epoch (KIP-320),
// divergence by epoch boundary (KIP-595 style, in place of OffsetsForLeaderEpoch since IBP 2.7),
// and how far each kind of reader may read.
#pragma once

#include <cstdint>
#include <optional>

#include "model/bugs.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"

namespace squall::model {

// What one partition of a Fetch asks for.
struct FetchTarget {
    BrokerId replica = no_broker;  // no_broker: a consumer
    BrokerEpoch replica_epoch{-1};
    LeaderEpoch current_leader_epoch = no_leader_epoch;
    Offset fetch_offset;
    LeaderEpoch last_fetched_epoch = no_leader_epoch;  // followers
    Offset log_start_offset = no_offset;               // followers
    std::int32_t max_bytes = 1 << 20;
    bool at_least_one_batch = true;  // the first even if it is larger than max_bytes (KIP-74)
    bool read_committed = false;
    // The second look, after DelayedFetch waited: the follower's fetch was counted by the first.
    bool after_wait = false;
    // A consumer that may be served by a follower (KIP-392: Fetch from version 11 on).
    bool may_read_follower = false;

    bool is_follower() const { return replica != no_broker; }
};

// Where a log begins and ends, for each kind of reader.
// log_start_offset <= last_stable_offset <= high_watermark <= log_end_offset.
struct LogEnds {
    Offset log_start_offset;
    Offset last_stable_offset;
    Offset high_watermark;
    Offset log_end_offset;

    bool operator==(const LogEnds&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("log_start_offset", self.log_start_offset);
        fields("last_stable_offset", self.last_stable_offset);
        fields("high_watermark", self.high_watermark);
        fields("log_end_offset", self.log_end_offset);
    }
};

// fenced_leader_epoch where the asker is behind, unknown_leader_epoch where it is ahead of us. An
// asker that names none (an old client) is not checked.
ErrorCode check_leader_epoch(LeaderEpoch mine, LeaderEpoch theirs, const BugSet* bugs = nullptr);

// Is the asker's log a prefix of ours, as far as its last record tells?
struct PrefixCheck {
    ErrorCode error = ErrorCode::none;          // offset_out_of_range
    std::optional<OffsetAndEpoch> diverging{};  // where it has to look for the common prefix

    bool operator==(const PrefixCheck&) const = default;
};
// `end_of_epoch`: the largest epoch of our log that is not above the last fetched one, and where it
// ends; no_offset or no_leader_epoch where our log cannot tell.
PrefixCheck check_prefix(const FetchTarget& target, Offset log_start_offset,
                         OffsetAndEpoch end_of_epoch, const BugSet* bugs = nullptr);

bool is_out_of_range(Offset fetch_offset, const LogEnds& ends);

// The end, exclusive, of what this reader may be given: followers to the log end, read_uncommitted
// consumers to the high watermark, read_committed ones to the last stable offset.
Offset fetch_bound(bool is_follower, bool read_committed, const LogEnds& ends,
                   const BugSet* bugs = nullptr);

// What one fetch is answered, as far as offsets and epochs decide it.
struct FetchAnswer {
    ErrorCode error = ErrorCode::none;
    std::optional<OffsetAndEpoch> diverging{};
    LogEnds ends{};
    Offset upto{};  // read [fetch_offset, upto); nothing where upto <= fetch_offset
};
// By leaders and, for consumers, by followers (KIP-392), whose ends are their own. An offset that
// the log has and this reader may not see yet is answered with nothing; one that the log does not
// have with offset_out_of_range.
FetchAnswer answer_in_range(const FetchTarget& target, const LogEnds& ends,
                            OffsetAndEpoch end_of_last_fetched_epoch, const BugSet* bugs = nullptr);

}  // namespace squall::model
