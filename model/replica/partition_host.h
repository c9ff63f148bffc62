// PartitionHost: one replica of one partition on one broker: its log, its role, and the order in
// which things take effect.
//
// As leader it serves appends one at a time in its *lane*, a task that exists while there is work:
//
//     append to the log -> emit BatchAppended -> wait for the disk (and for the flush, if one is
//     due) -> step the leader -> emit the high watermark, wake fetchers -> complete produces ->
//     propose an in-sync set
//
// A slow disk delays its partition, not its broker. What happens meanwhile is respected: an append
// whose leadership ended while it waited for the disk answers not_leader_or_follower, although it
// stands in the log. As follower it does what its leader's answers say, on the fetcher's task.
//
// Any failure of the disk takes the replica offline until the broker restarts: everything then
// answers kafka_storage_error.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "model/events/replica_events.h"
#include "model/log/log.h"
#include "model/protocol/messages/fetch.h"
#include "model/replica/partition_follower.h"
#include "model/replica/partition_leader.h"
#include "model/replica/replica_host.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

enum class PartitionNews : std::uint8_t {
    appended,   // the log end moved: followers can fetch more
    committed,  // the high watermark moved: consumers can
    trimmed,    // the log start moved, here or at a follower: deletes can be done
    new_role,   // or none at all: everybody has to look again
};

// What the partitions of one broker share, and how they speak to the rest of it. No function parks.
struct PartitionSurroundings {
    sim::Node& node;
    BrokerId broker;
    ReplicaOptions options;
    const BugSet& bugs;
    std::function<BrokerEpoch()> broker_epoch;
    std::function<void(const TopicPartition&, PartitionNews)> on_news;
    std::function<void(const TopicPartition&, const Uuid& topic_id, const IsrChange&)> propose;
    std::function<void(const LeadershipChange&)> on_leadership;
    std::function<void(const TopicPartition&, const Error&)> on_storage_failure;
};

// What metadata says of a partition that this broker holds.
struct PartitionAssignment {
    PartitionView view;
    BrokerId leader = no_broker;
    LogOptions log_options;
};

class PartitionHost {
  public:
    // `log` is null where it could not be made: the replica is offline from the start.
    PartitionHost(const PartitionSurroundings& surroundings, TopicPartition partition,
                  Uuid topic_id, Log* log, Offset high_watermark);
    PartitionHost(const PartitionHost&) = delete;
    PartitionHost& operator=(const PartitionHost&) = delete;

    const TopicPartition& partition() const { return partition_; }
    const Uuid& topic_id() const { return topic_id_; }

    // ---- from the metadata replay; do not park ----

    void take(const PartitionAssignment& assignment);
    // The replica is not this broker's any more; its log may go as soon as this returns.
    void retire();
    // Retired, and no task is inside: may be destroyed.
    bool is_gone() const { return is_retired_ && tasks_inside_ == 0; }

    // ---- as leader; do not park ----

    void append(Bytes batch, std::int16_t acks, AppendOrigin origin,
                std::optional<LeaderEpoch> required_epoch, sim::Completer<AppendOutcome> completer,
                TransactionTerms terms);
    VerificationStart begin_verification(ProducerId producer, ProducerEpoch epoch,
                                         SequenceNumber first_sequence, bool adds);
    ReplicaHost::ProducerDescriptions describe_producers() const;
    // Consumers may be served as follower too (KIP-392).
    FetchOutcome fetch(const FetchTarget& target);
    // See ReplicaHost::FetchWatch. For how long it need not be counted anew while there is no news
    // and the follower only repeats itself: a hundredth of replica.lag.time.max.ms. Nullopt: it is
    // to be fetched.
    std::optional<Duration> count_again(const FetchTarget& target, LocalTime now);
    std::vector<ReadCandidate> read_candidates(Offset offset) const;
    ReplicaHost::OffsetAnswer list_offset(LeaderEpoch current_leader_epoch, TimestampMs timestamp,
                                          bool read_committed, BrokerId replica);
    ReplicaHost::LogContent read_whole_log(LeaderEpoch epoch);
    // See ReplicaHost. May park: for the disk.
    ReplicaHost::RecordDeletion delete_records(Offset up_to);
    ReplicaHost::RecordDeletion deletion_of(Offset up_to) const;
    ReplicaHost::EpochEnd end_of_epoch(LeaderEpoch current_leader_epoch, LeaderEpoch epoch) const;
    void check_in_sync_set();
    void take_isr_answer(const PartitionLeader::AlterPartitionAnswered& answer);

    // ---- as follower ----

    // Whom it follows; no_broker if it leads, or follows nobody.
    BrokerId followed_leader() const;
    std::optional<FollowerFetch> next_fetch(LocalTime now) const;
    // When next_fetch() may have something without any news; LocalTime::max() if never.
    LocalTime next_fetch_at() const;
    // The leader epoch in which the leader's log must be located (see PartitionFollower).
    std::optional<LeaderEpoch> must_locate_leader_log() const;
    // May park: for the disk.
    void take_fetch_answer(const FollowerFetch& asked, FetchResponse::Partition answer);
    void take_fetch_failure(LeaderEpoch asked_in);
    // May park: for the disk.
    void take_leader_log(LeaderEpoch asked_in, Offset log_start_offset, Offset log_end_offset);

    // ---- by the clock; may park: for the disk ----

    // Kafka's rules of retention, for this replica alone: every replica keeps its own.
    void apply_retention();
    void clean_if_due();
    // Where flush.ms has passed since the last flush.
    void flush_if_due();
    void expire_producers();  // does not park

    // ---- questions ----

    ReplicaHost::LogSize log_size() const;
    bool is_compacted() const { return log_ != nullptr && log_->options().cleanup_policy.compacts; }
    bool is_leader() const { return std::holds_alternative<PartitionLeader>(role_); }
    bool is_offline() const { return is_offline_; }
    Offset high_watermark() const;

  private:
    struct Produce {
        Bytes batch;
        std::int16_t acks = -1;
        AppendOrigin origin = AppendOrigin::client;
        std::optional<LeaderEpoch> required_epoch;
        sim::Completer<AppendOutcome> completer;
        TransactionTerms terms;
    };
    struct Waiting {
        AppendOutcome outcome;
        sim::Completer<AppendOutcome> completer;
    };
    // A task that may park inside, for as long as this lives.
    class Inside;

    void run_lane();
    void serve(Produce produce);
    // May its batches begin, or go on with, the transactions that they name?
    ErrorCode check_verified(const Produce& produce) const;
    bool has_open_transaction(ProducerId producer, ProducerEpoch epoch) const;
    // The transactions of what was appended need no guard any more.
    void end_verification(ByteView batches);
    bool settle(Duration cost, bool flush_due);
    void become_leader(const PartitionAssignment& assignment);
    void become_follower(const PartitionAssignment& assignment);
    void resign(ErrorCode error);
    void go_offline(const Error& error);

    void carry_out(const PartitionLeader::Output& output);
    // Returns what it cost on the disk, and whether a flush is due.
    struct DiskWork {
        Duration cost{};
        bool flush_due = false;
    };
    DiskWork carry_out(const PartitionFollower::Output& output, ByteView records);
    Status change_log(const PartitionFollower::Output& output, ByteView records, DiskWork& work,
                      bool& records_were_bad);

    PartitionLeader* leader_in(LeaderEpoch epoch);
    PartitionFollower* follower() { return std::get_if<PartitionFollower>(&role_); }
    const PartitionFollower* follower() const { return std::get_if<PartitionFollower>(&role_); }
    // Is a request of that leader epoch for us, as leader? For a read that a follower may answer,
    // as either.
    ErrorCode check_leadership(LeaderEpoch current_leader_epoch) const;
    ErrorCode check_replica(LeaderEpoch current_leader_epoch) const;
    FetchAnswer answer_as_follower(const FetchTarget& target, OffsetAndEpoch end_of_epoch);
    void count_fetch(PartitionLeader& leader, const FetchTarget& target, LocalTime now);
    void count_progress(PartitionLeader& leader, const PartitionLeader::FollowerFetched& fetched,
                        LocalTime now);
    LeaderEpoch leader_epoch() const;
    LogState log_state() const;
    TimestampMs wall_ms() const { return surroundings_.node.wall_now().ms(); }

    void emit_appended(ByteView batches, ReplicaRole role, Offset from);
    void emit_role(ReplicaRole role, BrokerId leader);
    void emit_truncated(Offset from, std::string_view reason);
    void emit_markers(ByteView batches);
    void emit_refused(ByteView batches, ErrorCode error);
    void emit_duplicate(ByteView batches, Offset base_offset);
    // The last stable offset, where transactions hold it back or just did.
    void tell_last_stable_offset();
    // The log was changed from its front: the role and the trace hear of it.
    void note_log_start(Offset before, std::string_view reason);

    const PartitionSurroundings& surroundings_;
    TopicPartition partition_;
    Uuid topic_id_;
    Log* log_;
    // Until there is a role, the high watermark as of the last checkpoint.
    struct NoRole {
        Offset high_watermark;
    };
    std::variant<NoRole, PartitionLeader, PartitionFollower> role_;
    std::optional<PartitionView> view_;  // that the leader was told last
    sim::Mailbox<Produce> lane_;
    std::string lane_name_;  // of its task
    bool lane_runs_ = false;
    std::map<ProduceTicket, Waiting> waiting_;
    ProduceTicket next_ticket_{1};
    TransactionVerification verification_;  // of this leader epoch
    struct StableOffset {
        Offset offset;
        Offset high_watermark;
        bool is_held_back = false;
    };
    StableOffset told_stable_;  // as the trace knows it
    std::optional<IsrChange> last_proposal_;
    LocalTime flushed_at_;  // or opened
    bool is_offline_ = false;
    bool is_uncleanable_ = false;  // compaction found bytes that are no batch
    bool is_retired_ = false;
    int tasks_inside_ = 0;
};

}  // namespace squall::model
