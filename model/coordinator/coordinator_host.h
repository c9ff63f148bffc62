// CoordinatorHost: the group coordinator of one broker. For each partition of __consumer_offsets
// that the broker leads it holds the groups that live there (GroupShard), and fixes the order of
// effects: live changes -> events -> answers that wait for nothing -> append -> (committed) records
// take effect -> events -> parked answers.
//
// A partition is loaded by reading its whole log when the broker becomes its leader. Until all that
// was read is committed, requests are answered COORDINATOR_LOAD_IN_PROGRESS: what a coordinator
// shows, its successor will know too. (Kafka opens as soon as the log is read, and serves offsets
// from what is committed so far; for a moment those can be older than ones it served before.)
// Groups are appended to in the leader epoch in which they were loaded, and never in another: a
// coordinator that was replaced without noticing cannot write.
//
// When leadership ends, or the fate of an append is unknown, the groups of the partition are
// dropped, everybody who waits is told NOT_COORDINATOR, and if this broker still leads they are
// read from the log again. An append that certainly left nothing in the log fails alone.
//
// Deciders run in whatever task brings the request, to the end: nothing of the host parks but its
// own tasks (timers, loading, waiting for appends).
//
// Source: org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "model/controller/image.h"
#include "model/coordinator/group/group_options.h"
#include "model/coordinator/group/group_shard.h"
#include "model/protocol/control_batch.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"
#include "model/protocol/messages/heartbeat.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/leave_group.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_fetch.h"
#include "model/protocol/messages/sync_group.h"
#include "model/protocol/messages/txn_offset_commit.h"
#include "model/replica/replica_host.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

// Who asks.
struct GroupCaller {
    ApiVersion version = 0;
    std::string client_id;
    std::string client_host;
};

class CoordinatorHost {
  public:
    // Spawns its tasks and observes the leadership of `replicas`; does not park. `node` and
    // `replicas` outlive it.
    // `bugs` may be null, and outlives it.
    // `image`: the cluster as this broker knows it; groups of the consumer protocol are assigned by
    // it. Without one, no topics are known.
    CoordinatorHost(sim::Node& node, BrokerId broker, GroupCoordinatorOptions options,
                    ReplicaHost& replicas, const BugSet* bugs = nullptr,
                    std::function<const MetadataImage&()> image = {});
    CoordinatorHost(const CoordinatorHost&) = delete;
    CoordinatorHost& operator=(const CoordinatorHost&) = delete;
    ~CoordinatorHost();

    // Each is answered once: at once, or when members, timers or the log allow it. Joins and syncs
    // may wait for minutes. None of them parks.
    void handle(const JoinGroupRequest& request, const GroupCaller& caller,
                sim::Completer<JoinGroupResponse> completer);
    void handle(const SyncGroupRequest& request, const GroupCaller& caller,
                sim::Completer<SyncGroupResponse> completer);
    void handle(const HeartbeatRequest& request, const GroupCaller& caller,
                sim::Completer<HeartbeatResponse> completer);
    void handle(const LeaveGroupRequest& request, const GroupCaller& caller,
                sim::Completer<LeaveGroupResponse> completer);
    void handle(const ConsumerGroupHeartbeatRequest& request, const GroupCaller& caller,
                sim::Completer<ConsumerGroupHeartbeatResponse> completer);
    // Does not know which topics exist; the handler refuses commits for those that do not.
    void handle(const OffsetCommitRequest& request, const GroupCaller& caller,
                sim::Completer<OffsetCommitResponse> completer);
    void handle(const OffsetFetchRequest& request, const GroupCaller& caller,
                sim::Completer<OffsetFetchResponse> completer);
    void handle(const GroupDeletion& request, const GroupCaller& caller,
                sim::Completer<GroupDeletion::Response> completer);
    // Does not know which topics exist either.
    void handle(const OffsetDeleteRequest& request, const GroupCaller& caller,
                sim::Completer<OffsetDeleteResponse> completer);

    // `terms`: the guard of the transaction, confirmed by its coordinator.
    void handle(const TxnOffsetCommitRequest& request, const GroupCaller& caller,
                TransactionTerms terms, sim::Completer<TxnOffsetCommitResponse> completer);
    // The end of a producer's transaction in a partition of __consumer_offsets. Answered when the
    // marker is committed and its offsets have taken effect (KAFKA-17507).
    void write_marker(std::int32_t partition, const TransactionMarker& marker,
                      TransactionTerms terms, sim::Completer<ErrorCode> completer);

    const GroupCoordinatorOptions& options() const { return options_; }
    // Of __consumer_offsets.
    std::int32_t partition_of(std::string_view group) const;
    // Null where this broker does not coordinate the partition, or not yet.
    const GroupShard* find_active(std::int32_t partition) const;
    // The shard that serves the group, or why there is none.
    struct FoundShard {
        const GroupShard* shard = nullptr;
        ErrorCode error = ErrorCode::none;
    };
    FoundShard find_group_shard(const std::string& group) const;
    // Some of the groups that this broker is to coordinate are still being read.
    bool is_loading() const;
    // Those that it serves, in order of partition.
    void visit_shards(const std::function<void(const GroupShard&)>& visit) const;

  private:
    // A batch on its way through the log.
    struct Write {
        explicit Write(sim::Node& node) : appended(node) {}

        sim::Completion<AppendOutcome> appended;
        LocalTime deadline;  // of its answers; the batch may be committed later all the same
        std::vector<GroupRecord> records;
        std::vector<GroupReply> parked;
        std::optional<GroupFollowUp> follow_up;
        // In place of records, a marker; and who waits for it.
        struct Marker {
            TransactionMarker marker;
            sim::Completer<ErrorCode> completer;
        };
        std::optional<Marker> marker;
    };
    enum class Phase { loading, active, failed, dropped };
    // The groups of one partition, in one leader epoch.
    struct Shard {
        Shard(TopicPartition name, LeaderEpoch epoch, GroupCoordinatorOptions options,
              const BugSet* bugs)
            : partition(std::move(name)), leader_epoch(epoch), groups(options, bugs) {}

        const TopicPartition partition;
        const LeaderEpoch leader_epoch;
        Phase phase = Phase::loading;
        GroupShard groups;
        std::deque<std::unique_ptr<Write>> writes;  // in the order of the log
        bool is_settling = false;                   // a task waits for the first of them
    };
    using ShardRef = std::shared_ptr<Shard>;  // shared with the tasks that wait for its log

    using AnyCompleter =
        std::variant<sim::Completer<JoinGroupResponse>, sim::Completer<SyncGroupResponse>,
                     sim::Completer<HeartbeatResponse>, sim::Completer<LeaveGroupResponse>,
                     sim::Completer<OffsetCommitResponse>, sim::Completer<TxnOffsetCommitResponse>,
                     sim::Completer<ConsumerGroupHeartbeatResponse>,
                     sim::Completer<GroupDeletion::Response>, sim::Completer<OffsetDeleteResponse>>;
    struct Waiting {
        const Shard* shard;
        AnyCompleter completer;
    };

    // ---- leadership ----
    void on_leadership(const LeadershipChange& change);
    void start_loading(const TopicPartition& partition, LeaderEpoch epoch);
    void load(const ShardRef& shard);
    bool wait_until_committed(const Shard& shard, Offset end);
    void drop(std::int32_t partition);
    void drop_and_reload(const ShardRef& shard);

    // ---- requests ----
    // The shard that serves the group, or why there is none.
    std::variant<ShardRef, ErrorCode> find_shard(const std::string& group) const;
    template <class Request>
    void serve(const Request& request, const GroupCaller& caller,
               sim::Completer<typename Request::Response> completer);
    template <class Request>
    void decide(const ShardRef& shard, const Request& request, const GroupCaller& caller,
                sim::Completer<typename Request::Response> completer, TransactionTerms terms = {});
    std::string draw_uuid(const std::string& group);
    OffsetFetchResponse::Group fetch(const OffsetFetchRequest::Group& request,
                                     bool require_stable) const;

    // ---- effects ----
    void execute(const ShardRef& shard, GroupDecision decision, TransactionTerms terms = {});
    void apply(Shard& shard, const GroupChange& change);
    void reply(GroupReply reply);
    void park(Shard& shard, std::vector<GroupReply> parked);
    void release_parked(Write& write, ErrorCode error);
    void append(const ShardRef& shard, GroupDecision decision, TransactionTerms terms);
    void start_write(const ShardRef& shard, std::unique_ptr<Write> write, Bytes batch,
                     TransactionTerms terms);
    void settle(const ShardRef& shard);
    void commit(const ShardRef& shard, Write& write, Offset base_offset);
    void commit_marker(Shard& shard, Write::Marker& marker);
    void tell_consumer_group(const std::string& group, const ConsumerGroup* before,
                             const ConsumerGroup* after, const std::string& reason);
    void tell_downgrade(const std::string& group, const ConsumerGroup& before,
                        const GroupMetadata& after, const std::string& reason);
    std::vector<TopicPartition> by_name(const IdPartitions& partitions) const;
    void fail_answers(const ShardRef& shard, Write& write, ErrorCode error);

    // ---- time ----
    Moment moment() const;
    const MetadataImage& image() const;
    LocalTime next_deadline(const Shard& shard) const;
    void run_timers();
    void fire_one(const ShardRef& shard);
    void check_retention();

    sim::Node& node_;
    BrokerId broker_;
    GroupCoordinatorOptions options_;
    ReplicaHost& replicas_;
    const BugSet* bugs_;
    std::function<const MetadataImage&()> image_;
    std::map<std::int32_t, ShardRef> shards_;
    std::map<CallId, Waiting> waiting_;
    CallId next_call_{1};
    LocalTime armed_until_ = LocalTime::max();  // what the timer task sleeps for
    LocalTime next_retention_check_;
    sim::Gate timers_changed_;
};

}  // namespace squall::model
