// PartitionLeader: what a leader decides about one partition in one leader epoch.
//
// It admits produces, answers fetches, moves the high watermark, keeps the in-sync set in
// agreement with the controller, and says when a produce with acks=all is acknowledged and with
// what. The life of a PartitionLeader is one leader epoch: whoever leads again in another epoch
// starts anew and learns its followers' log ends from their fetches. (Kafka keeps them when the
// same broker is elected again; a leader that slept through another one's epoch would then count
// ends that followers have truncated since.)
//
// Guarantees: the high watermark never moves back; it moves only while the committed in-sync set
// is at least min(min.insync.replicas, replicas), and only over what all of the maximal in-sync
// set fetched from it. Only replicas that have all of what is committed, and all that this leader
// began with, are proposed for the in-sync set (KIP-497, KAFKA-7128), in the incarnation that
// fetched (KIP-903).
//
// A decider: no I/O, no clock, no fiber, no trace; `now` is the node's monotonic time. The host
// (replica_host.cc) appends to the log before it steps Appended, and carries out the output in
// order.
//
//   in flight?   input                          then
//   no           fetch of an eligible replica   propose to add it
//   no           ticked, a member lags          propose to drop it
//   yes          answered with success          committed; high watermark rechecked
//   yes          INELIGIBLE_REPLICA,            rolled back to the committed set
//                OPERATION_NOT_ATTEMPTED
//   yes          FENCED_LEADER_EPOCH, ...       kept until newer metadata arrives
//   yes          any other error                sent again
//   either       metadata, newer partition      committed as it says; proposal dropped
//                epoch
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "model/bugs.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/replica/fetch_rules.h"
#include "model/replica/follower_progress.h"
#include "model/replica/isr.h"
#include "model/replica/replica_selector.h"
#include "sim/base/time.h"

namespace squall::model {

// Names a produce that waits for the high watermark; given by the host.
using ProduceTicket = StrongId<struct ProduceTicketTag, std::uint64_t>;

struct LeaderOptions {
    BrokerId self;
    BrokerEpoch self_epoch{-1};
    Duration replica_lag_time_max = 30s;  // replica.lag.time.max.ms
    const BugSet* bugs = nullptr;         // outlives the leader
};

// A partition, as metadata has it, with what it says of the brokers that hold it.
struct PartitionView {
    LeaderEpoch leader_epoch;
    PartitionEpoch partition_epoch;
    std::vector<BrokerId> replicas;
    std::vector<BrokerId> isr;
    std::map<BrokerId, BrokerStanding> standings{};  // of the replicas that are registered
    std::int32_t min_insync_replicas = 1;

    bool operator==(const PartitionView&) const = default;
};

class PartitionLeader {
  public:
    struct Election {
        PartitionView view;
        Offset log_start_offset;
        Offset log_end_offset;  // the start of this leader epoch
        Offset high_watermark;  // as this replica knew it as a follower, or from its checkpoint
    };

    // ---- inputs ----

    // The host appended to the log.
    struct Appended {
        Offset log_end_offset;
    };
    // A produce with acks=all wants to know when all below `required_offset` is committed.
    struct AcknowledgmentAwaited {
        ProduceTicket ticket;
        Offset required_offset;
    };
    // A fetch that answer_fetch() accepted without error and without divergence.
    struct FollowerFetched {
        BrokerId replica;
        BrokerEpoch replica_epoch{-1};
        Offset fetch_offset;
        Offset log_start_offset;
    };
    // Time passed: at least every half of replica.lag.time.max.ms.
    struct Ticked {};
    // The controller's answer to a proposal.
    struct AlterPartitionAnswered {
        IsrChange proposal;
        ErrorCode error = ErrorCode::none;
        LeaderEpoch leader_epoch{};  // these three only with ErrorCode::none
        std::vector<BrokerId> isr{};
        PartitionEpoch partition_epoch{};
    };
    // Metadata moved on, in this leader epoch: another in-sync set, other replicas, another
    // standing of a broker, other settings.
    struct MetadataChanged {
        PartitionView view;
    };
    // Retention or DeleteRecords moved the start of the log.
    struct LogStartAdvanced {
        Offset log_start_offset;
    };
    // The leadership ends (not_leader_or_follower), or its disk did (kafka_storage_error).
    struct Resigned {
        ErrorCode error = ErrorCode::not_leader_or_follower;
    };
    using Input = std::variant<Appended, AcknowledgmentAwaited, FollowerFetched, Ticked,
                               AlterPartitionAnswered, MetadataChanged, LogStartAdvanced, Resigned>;

    // ---- outputs, to be carried out in this order ----

    struct HighWatermarkMove {
        Offset from;
        Offset to;
        std::vector<BrokerId> maximal_isr;  // that it was taken over
    };
    struct ProduceAnswer {
        ProduceTicket ticket;
        ErrorCode error = ErrorCode::none;

        bool operator==(const ProduceAnswer&) const = default;
    };
    struct Output {
        std::optional<HighWatermarkMove> high_watermark;
        std::vector<ProduceAnswer> answers;
        std::optional<IsrChange> proposal;  // to be sent to the controller
    };

    PartitionLeader(LeaderOptions options, Election election, LocalTime now);

    Output step(const Input& input, LocalTime now);

    // Most fetches of most partitions say nothing: a member of the in-sync set asks again for what
    // comes behind the end of a log whose records are all committed. True: this is one of them, and
    // it is counted, as step() would have, without an output. False: it is for step().
    bool count_repeated_fetch(const FollowerFetched& input, LocalTime now);

    // The election itself may move the high watermark: a leader alone in its in-sync set.
    Output begin(LocalTime now);

    // ---- questions ----

    // May a produce be appended? not_enough_replicas (nothing is written), invalid_required_acks,
    // not_leader_or_follower (elected in another epoch than the asker knows), or none.
    ErrorCode admits_produce(std::int16_t acks, std::optional<LeaderEpoch> required_epoch) const;

    // Facts of the log that a fetch depends on.
    struct LogFacts {
        OffsetAndEpoch end_of_last_fetched_epoch{};  // see check_prefix
        std::optional<Offset> first_unstable_offset{};
    };
    using FetchAnswer = model::FetchAnswer;
    FetchAnswer answer_fetch(const FetchTarget& target, const LogFacts& facts) const;

    // Would this fetch of a follower be accepted as one of its current incarnation? (KIP-903)
    bool is_of_current_incarnation(BrokerId replica, BrokerEpoch replica_epoch) const;
    // And is it one of a replica at all?
    bool knows_follower(BrokerId replica, BrokerEpoch replica_epoch) const;

    // Is the end of the log, as clients may know it, settled? Right after an election the high
    // watermark lags behind what the previous leader showed: ListOffsets answers
    // offset_not_available rather than going back (KIP-207).
    bool may_list_end_offset() const;

    LogEnds ends(std::optional<Offset> first_unstable_offset) const;

    // ---- DeleteRecords (KIP-107) ----

    // Records that are not committed are not there to be deleted.
    bool may_delete_up_to(Offset offset) const;
    // Below it no live replica has records any more; no_offset while one did not tell yet.
    Offset low_watermark() const;

    // ---- fetch from follower (KIP-392) ----

    // Followers in the in-sync set that have the record at `offset`, or end there, ascending by id.
    std::vector<ReadCandidate> read_candidates(Offset offset, LocalTime now) const;

    LeaderEpoch leader_epoch() const { return leader_epoch_; }
    Offset epoch_start_offset() const { return epoch_start_offset_; }
    Offset high_watermark() const { return high_watermark_; }
    Offset log_end_offset() const { return log_end_offset_; }
    const InSyncSet& in_sync_set() const { return in_sync_set_; }
    const std::map<BrokerId, FollowerProgress>& followers() const { return followers_; }
    std::size_t waiting_produces() const { return pending_.size(); }

    void check_invariants() const;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("leader_epoch", self.leader_epoch_);
        fields("epoch_start_offset", self.epoch_start_offset_);
        fields("log_start_offset", self.log_start_offset_);
        fields("high_watermark", self.high_watermark_);
        fields("log_end_offset", self.log_end_offset_);
        fields("replicas", self.replicas_);
        fields("in_sync_set", self.in_sync_set_);
        fields("followers", self.followers_);
        fields("standings", self.standings_);
        fields("min_insync_replicas", self.min_insync_replicas_);
        fields("pending", self.pending_);
    }

  private:
    struct PendingProduce {
        ProduceTicket ticket;
        Offset required_offset;

        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("ticket", self.ticket);
            fields("required_offset", self.required_offset);
        }
    };

    void on(const Appended& input, LocalTime now, Output& output);
    void on(const AcknowledgmentAwaited& input, LocalTime now, Output& output);
    void on(const FollowerFetched& input, LocalTime now, Output& output);
    void on(const Ticked& input, LocalTime now, Output& output);
    void on(const AlterPartitionAnswered& input, LocalTime now, Output& output);
    void on(const MetadataChanged& input, LocalTime now, Output& output);
    void on(const LogStartAdvanced& input, LocalTime now, Output& output);
    void on(const Resigned& input, LocalTime now, Output& output);

    // The rules.
    std::size_t min_isr() const;
    bool counts_for_high_watermark(BrokerId replica, const FollowerProgress& progress,
                                   LocalTime now) const;
    bool is_in_isr_to_count(BrokerId replica) const;
    bool is_isr_eligible(BrokerId replica, const FollowerProgress& progress) const;
    bool has_reached_isr(const FollowerProgress& progress) const;
    bool may_join_isr(BrokerId replica, const FollowerProgress& progress) const;
    bool is_out_of_sync(const FollowerProgress& progress, LocalTime now) const;

    void record(FollowerProgress& progress, const FollowerFetched& input, LocalTime now) const;
    void take_view(const PartitionView& view, LocalTime now);
    void advance_high_watermark(LocalTime now, Output& output);
    void answer_reached(Output& output);
    void propose(const std::vector<BrokerId>& isr, Output& output);

    LeaderOptions options_;
    LeaderEpoch leader_epoch_;
    Offset epoch_start_offset_;
    Offset log_start_offset_;
    Offset high_watermark_;
    Offset log_end_offset_;
    std::vector<BrokerId> replicas_;
    InSyncSet in_sync_set_;
    std::map<BrokerId, FollowerProgress> followers_;  // the replicas but this one
    std::map<BrokerId, BrokerStanding> standings_;
    std::int32_t min_insync_replicas_ = 1;
    std::vector<PendingProduce> pending_;  // in order of required_offset
};

// ---- the rule; it could be broken ----

// Whether the answer to a produce request waits for the in-sync set. That of a batch that repeats
// one does, too, while the one is not committed. `bugs` may be null.
bool awaits_in_sync_set(std::int16_t acks, bool repeats_uncommitted, const BugSet* bugs);

}  // namespace squall::model
