// PartitionFollower: what a follower decides about one partition: what to fetch, and what to do
// with the answer.
//
// It fetches from its log end and names the epoch of its last record. A leader whose log does not
// contain that prefix answers with a diverging epoch, and the follower truncates towards the common
// prefix, as often as it takes (KIP-101, KIP-279, KIP-595); so after any election its log becomes a
// prefix of the leader's, and nothing that is committed is ever truncated. It never truncates to a
// high watermark: its own lags behind what is committed (KIP-101, scenario 1).
//
//   phase       input                            next
//   leaderless  LeaderChanged to a broker        fetching
//   any         LeaderChanged to no_broker       leaderless
//   fetching    answer with records              fetching, after the append
//   fetching    answer with a diverging epoch    fetching, after the truncation
//   fetching    OFFSET_OUT_OF_RANGE              out_of_range: ask where the leader's log is
//   out_of_range  LeaderLogLocated               fetching, after the truncation
//   fetching    FENCED_LEADER_EPOCH              fenced: newer metadata must arrive first
//   fetching    any other error, bad records     fetching, after replica.fetch.backoff.ms
//   any         LogFailed                        failed: until the broker restarts
//
// A decider: no I/O, no clock, no fiber. The host carries out the output, then tells the new state
// of the log by LogChanged, before anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "model/bugs.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "sim/base/time.h"

namespace squall::model {

struct FollowerOptions {
    Duration replica_fetch_backoff = 1s;  // replica.fetch.backoff.ms
    const BugSet* bugs = nullptr;         // outlives the follower
};

// A replica's log, as far as replication looks at it.
struct LogState {
    Offset log_start_offset{0};
    Offset log_end_offset{0};
    // Of the last record; none in an empty log. Not the last epoch that the log knows: one that we
    // led without writing anything has nothing to diverge.
    LeaderEpoch last_epoch = no_leader_epoch;

    bool operator==(const LogState&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("log_start_offset", self.log_start_offset);
        fields("log_end_offset", self.log_end_offset);
        fields("last_epoch", self.last_epoch);
    }
};

// One partition of a follower's Fetch request.
struct FollowerFetch {
    LeaderEpoch current_leader_epoch;
    Offset fetch_offset;
    LeaderEpoch last_fetched_epoch = no_leader_epoch;
    Offset log_start_offset;

    bool operator==(const FollowerFetch&) const = default;
};

enum class FollowerPhase : std::uint8_t { leaderless, fetching, out_of_range, fenced, failed };
std::string_view to_string(FollowerPhase phase);

class PartitionFollower {
  public:
    // ---- inputs ----

    // Metadata names a leader, or none (no_broker), in a newer leader epoch.
    struct LeaderChanged {
        BrokerId leader = no_broker;
        LeaderEpoch leader_epoch;
    };
    struct FetchAnswered {
        FollowerFetch asked;  // what was asked: late answers are recognised by it
        ErrorCode error = ErrorCode::none;
        Offset leader_high_watermark = no_offset;
        Offset leader_log_start_offset = no_offset;
        std::optional<OffsetAndEpoch> diverging_epoch{};
        // With a diverging epoch: what our own log says of it, as end_offset_for does. no_offset
        // where it cannot tell.
        OffsetAndEpoch own_end_of_diverging_epoch{};
        bool has_records = false;
    };
    // Records were bad (corrupt, or not where they should be), or the leader was not reached.
    struct FetchFailed {
        LeaderEpoch current_leader_epoch;
    };
    // Where the leader's log begins and ends; answers out_of_range.
    struct LeaderLogLocated {
        LeaderEpoch current_leader_epoch;
        Offset log_start_offset;
        Offset log_end_offset;
    };
    // The host did what an output asked: the log is now like this.
    struct LogChanged {
        LogState log;
    };
    struct LogFailed {};
    using Input = std::variant<LeaderChanged, FetchAnswered, FetchFailed, LeaderLogLocated,
                               LogChanged, LogFailed>;

    // ---- outputs, to be carried out in this order ----

    struct Output {
        std::optional<Offset> truncate_to;
        std::optional<Offset> restart_at;  // drop the whole log, and begin anew at this offset
        bool append = false;               // the records of the answer
        std::optional<Offset> advance_log_start_to;
        std::optional<Offset> leader_high_watermark;  // apply by set_high_watermark, at the end
        bool locate_leader_log = false;
        std::string_view reason;  // of a truncation: "divergence", "out of range", ...

        bool changes_log() const {
            return truncate_to || restart_at || append || advance_log_start_to;
        }
    };

    PartitionFollower(FollowerOptions options, LogState log, Offset high_watermark);

    Output step(const Input& input, LocalTime now);

    // ---- questions ----

    // What to ask the leader for now; nullopt: nothing (see phase, retry_at).
    std::optional<FollowerFetch> next_fetch(LocalTime now) const;
    // While fetching: not before this.
    LocalTime retry_at() const { return retry_at_; }

    FollowerPhase phase() const { return phase_; }
    BrokerId leader() const { return leader_; }
    LeaderEpoch leader_epoch() const { return leader_epoch_; }
    Offset high_watermark() const { return high_watermark_; }
    const LogState& log() const { return log_; }

    // The end of step FetchAnswered: after the append, bounded by what the log has. Returns whether
    // it moved forward.
    bool set_high_watermark(Offset leader_high_watermark);

    void check_invariants() const;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("phase", self.phase_);
        fields("leader", self.leader_);
        fields("leader_epoch", self.leader_epoch_);
        fields("log", self.log_);
        fields("high_watermark", self.high_watermark_);
        fields("retry_at", self.retry_at_);
        fields("log_is_changing", self.log_is_changing_);
    }

  private:
    void on(const LeaderChanged& input, LocalTime now, Output& output);
    void on(const FetchAnswered& input, LocalTime now, Output& output);
    void on(const FetchFailed& input, LocalTime now, Output& output);
    void on(const LeaderLogLocated& input, LocalTime now, Output& output);
    void on(const LogChanged& input, LocalTime now, Output& output);
    void on(const LogFailed& input, LocalTime now, Output& output);

    // The rules.
    Offset end_on_becoming_follower() const;
    Offset truncation_offset(OffsetAndEpoch diverging, OffsetAndEpoch own_end) const;
    bool is_answer_to_now(const FollowerFetch& asked) const;

    void truncate(Offset to, std::string_view reason, Output& output);

    FollowerOptions options_;
    FollowerPhase phase_ = FollowerPhase::leaderless;
    BrokerId leader_ = no_broker;
    LeaderEpoch leader_epoch_ = no_leader_epoch;
    LogState log_;
    Offset high_watermark_;
    LocalTime retry_at_{};
    bool log_is_changing_ = false;  // an output is being carried out
};

}  // namespace squall::model
