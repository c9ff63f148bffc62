// ReplicaHost: the partitions of one broker. Owns a log and a role (leader or follower) for each
// replica that the metadata image assigns to this broker, and fixes the order of effects:
// append -> events -> high watermark -> completions.
//
// It is the only code of a broker that writes partition logs. Handlers and coordinators give it
// work and await a completion; the outcome is decided at the moment of completion, never re-read
// later. Partition leadership follows the image as this broker has replayed it.
//
// Parts: partition_host (one replica: its log, its role, its lane of appends), fetcher_host (one
// task per leader that this broker follows), alter_partition_host (proposals of in-sync sets on
// their way to the controller). The deciders are partition_leader and partition_follower.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/controller/image.h"
#include "model/log/log_directory.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/replica/fetch_rules.h"
#include "model/replica/replica_options.h"
#include "model/replica/replica_selector.h"
#include "model/replica/transaction_verification.h"
#include "model/rpc/channel.h"
#include "sim/base/bytes.h"
#include "sim/disk/disk.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

struct AppendOutcome {
    ErrorCode error = ErrorCode::none;
    Offset base_offset = no_offset;
    TimestampMs log_append_time = no_timestamp;  // only with LogAppendTime
    Offset log_start_offset = no_offset;
    std::string message{};  // for the response's error_message
};

enum class AppendOrigin : std::uint8_t { client, coordinator };

// What an append brings along of its transaction.
struct TransactionTerms {
    VerificationGuard guard = no_guard;  // of a batch that begins one: see begin_verification
    bool is_strict_marker = false;       // KIP-1228
};

// Whether a batch of a transaction needs its coordinator's word before it is appended.
struct VerificationStart {
    ErrorCode error = ErrorCode::none;
    VerificationGuard guard = no_guard;  // no_guard: it does not
};

// What a leader knows of one producer (DescribeProducers).
struct ProducerDescription {
    ProducerId id = no_producer_id;
    ProducerEpoch epoch = no_producer_epoch;
    SequenceNumber last_sequence = no_sequence;
    TimestampMs last_timestamp = no_timestamp;
    std::int32_t coordinator_epoch = -1;
    Offset transaction_start = no_offset;
};

struct FetchOutcome {
    ErrorCode error = ErrorCode::none;
    Offset high_watermark = no_offset;
    Offset last_stable_offset = no_offset;
    Offset log_start_offset = no_offset;
    std::optional<OffsetAndEpoch> diverging_epoch{};  // (epoch, end offset): KIP-595 style
    Bytes records{};
    // Of read_committed consumers: what they must skip of these records.
    std::vector<AbortedTransaction> aborted_transactions{};
    Duration cost{};  // of reading them from the disk; the handler waits for it
    // This reader may have all that the log has from there on: without news there will be nothing.
    bool is_drained = false;
    // There was more for this reader than it had room for.
    bool has_more = false;
};

// How a coordinator (groups, transactions) learns that it became, or stopped being, the leader of
// one of its partitions. Called on the host's turn, must not park.
struct LeadershipChange {
    TopicPartition partition;
    LeaderEpoch leader_epoch;
    bool is_leader = false;
};

class ReplicaHost {
  public:
    virtual ~ReplicaHost() = default;

    // ---- from the metadata replay ----

    // The image moved on; roles follow. Does not park.
    // A broker that starts gives its first image when it has caught up with the controller: logs
    // that this image does not assign to the broker are taken for strays and removed.
    virtual void apply(const MetadataImage& image) = 0;
    virtual void observe_leadership(std::function<void(const LeadershipChange&)> observer) = 0;

    // ---- from handlers and coordinators ----

    // Appends one record batch (encoded, magic 2) as leader. The completer is called once: with
    // acks 0 or 1 after the local append, with -1 when the high watermark passed the batch, with
    // not_leader_or_follower when leadership is lost first. The caller owns the request's timeout.
    // `required_epoch`: coordinators append only in the epoch in which they were elected
    // (not_leader_or_follower otherwise).
    virtual void append(const TopicPartition& partition, Bytes batch, std::int16_t acks,
                        AppendOrigin origin, std::optional<LeaderEpoch> required_epoch,
                        sim::Completer<AppendOutcome> completer, TransactionTerms terms = {}) = 0;
    // Before a batch of a transaction is appended: a guard to be had confirmed by the coordinator,
    // and brought along to append(). `adds`: the coordinator is to add the partition (version 2),
    // which transaction.partition.verification.enable does not switch off.
    virtual VerificationStart begin_verification(const TopicPartition& partition,
                                                 ProducerId producer, ProducerEpoch epoch,
                                                 SequenceNumber first_sequence, bool adds) = 0;
    struct ProducerDescriptions {
        ErrorCode error = ErrorCode::none;
        std::vector<ProducerDescription> producers{};
    };
    virtual ProducerDescriptions describe_producers(const TopicPartition& partition) const = 0;
    // One partition of a Fetch, answered from what is there now. A follower's fetch also moves its
    // fetch state, which feeds in-sync set and high watermark.
    virtual FetchOutcome fetch(const TopicPartition& partition, const FetchTarget& target) = 0;
    // Opens `gate` once when any of the partitions has news for a fetcher (append, high watermark,
    // role): for the wait of DelayedFetch. The subscription ends with the returned handle.
    class FetchWait {
      public:
        virtual ~FetchWait() = default;
    };
    virtual std::unique_ptr<FetchWait> wait_for_news(const std::vector<TopicPartition>& partitions,
                                                     BrokerId replica, sim::Gate& gate) = 0;
    // What one fetcher looks at, over as many of its fetches as it likes: for fetch sessions
    // (KIP-227). Each partition that it was given has a slot of its own, until it is taken away.
    // Outlived by the host.
    class FetchWatch {
      public:
        using Slot = std::size_t;
        virtual ~FetchWatch() = default;

        virtual Slot add(const TopicPartition& partition) = 0;
        virtual void remove(Slot slot) = 0;
        // As ReplicaHost::fetch, which takes the news there is.
        virtual FetchOutcome fetch(Slot slot, const FetchTarget& target) = 0;
        // Has anything happened to the partition since it was fetched here?
        virtual bool has_news(Slot slot) const = 0;
        // A follower asks again for what it was told, without an error, that there is nothing of,
        // and there was no news since: all that there is to do is to count that it asked, now and
        // then. False: it has to be fetched, for whoever asks is not what it was.
        virtual bool count_again(Slot slot, const FetchTarget& target, LocalTime now) = 0;
        // News of any of them that matter to this fetcher open the gate; one gate at a time.
        virtual void open_on_news(sim::Gate& gate) = 0;
        // No effect if another gate took its place.
        virtual void leave_alone(const sim::Gate& gate) = 0;
    };
    // `replica`: no_broker for a consumer.
    virtual std::unique_ptr<FetchWatch> watch(BrokerId replica) = 0;
    // ListOffsets: timestamp -1 latest, -2 earliest, -3 the first record with the largest
    // timestamp, -4 earliest on local disks, -5 latest in tiered storage (none), otherwise the
    // first record at or after it. Consumers see up to the high watermark (the last stable offset);
    // a `replica` sees the log end.
    struct OffsetAnswer {
        ErrorCode error = ErrorCode::none;
        Offset offset = no_offset;
        TimestampMs timestamp = no_timestamp;
        LeaderEpoch leader_epoch = no_leader_epoch;
    };
    virtual OffsetAnswer list_offset(const TopicPartition& partition,
                                     LeaderEpoch current_leader_epoch, TimestampMs timestamp,
                                     bool read_committed, BrokerId replica = no_broker) = 0;
    // The leader's whole log from its start to its end, batch by batch, for a coordinator's reload.
    // Requires: leader in `epoch`; error not_leader_or_follower otherwise.
    struct LogContent {
        ErrorCode error = ErrorCode::none;
        Bytes records{};
        Offset log_end_offset = no_offset;
    };
    virtual LogContent read_whole_log(const TopicPartition& partition, LeaderEpoch epoch) = 0;
    // DeleteRecords (KIP-107) as leader: the log starts at `up_to` now; -1 is the high watermark.
    // Errors: offset_out_of_range for what is not committed, policy_violation where cleanup.policy
    // does not delete, not_leader_or_follower. Done when `low_watermark` has come up to `up_to`:
    // every live replica has deleted. May park: for the disk.
    struct RecordDeletion {
        ErrorCode error = ErrorCode::none;
        Offset up_to = no_offset;
        Offset low_watermark = no_offset;

        bool is_done() const { return low_watermark >= up_to; }
    };
    virtual RecordDeletion delete_records(const TopicPartition& partition, Offset up_to) = 0;
    // How far one is that was begun. Errors: not_leader_or_follower, kafka_storage_error.
    virtual RecordDeletion deletion_of(const TopicPartition& partition, Offset up_to) const = 0;
    // Where an epoch ends in the leader's log (KIP-320); no_leader_epoch: it cannot tell.
    struct EpochEnd {
        ErrorCode error = ErrorCode::none;
        OffsetAndEpoch end{};
    };
    virtual EpochEnd end_of_epoch(const TopicPartition& partition, LeaderEpoch current_leader_epoch,
                                  LeaderEpoch epoch) const = 0;
    // Fetch from follower (KIP-392): the followers that a consumer of `offset` may be sent to.
    // Empty where this broker does not lead.
    virtual std::vector<ReadCandidate> read_candidates(const TopicPartition& partition,
                                                       Offset offset) const = 0;
    // DescribeLogDirs: how much each replica takes, and how far its log's end lies below what it
    // knows to be committed.
    struct LogSize {
        TopicPartition partition;
        std::uint64_t bytes = 0;
        std::int64_t offset_lag = 0;
    };
    virtual std::vector<LogSize> log_sizes() const = 0;
    virtual bool is_leader(const TopicPartition& partition) const = 0;
    virtual std::optional<Offset> high_watermark(const TopicPartition& partition) const = 0;

    // ---- for the broker's start and stop ----

    // Writes all high watermarks for the next start, as it also does by itself every
    // replica.high.watermark.checkpoint.interval.ms.
    virtual void checkpoint_high_watermarks() = 0;
};

// What a ReplicaHost works with. References outlive it.
struct ReplicaHostDependencies {
    sim::Node& node;
    BrokerId broker;
    LogDirectory& logs;                  // opened
    const LogDirectory::Opened& opened;  // what that found; read in make_replica_host only
    LogOptions log_defaults;  // the broker's; ReplicaOptions and topics' settings go over them
    ChannelPool& channels;
    const BugSet& bugs;
    std::function<BrokerEpoch()> broker_epoch;  // as registered now
    // The active controller as this broker knows it; nullopt: unknown for the moment.
    std::function<std::optional<Endpoint>()> controller;
    // A partition went offline by a disk error (a broker with one log directory then halts, as
    // Kafka does). May be empty. Must not park.
    std::function<void(const TopicPartition&, const Error&)> on_storage_failure;
};

// Spawns its tasks; does not park. Emits LogOpened for every partition log that was found.
std::unique_ptr<ReplicaHost> make_replica_host(ReplicaOptions options,
                                               ReplicaHostDependencies dependencies);

}  // namespace squall::model
