// TransactionHost: the transaction coordinator of one broker. For each partition of
// __transaction_state that the broker leads it holds the transactional ids that live there
// (TransactionShard), and fixes the order of effects: live changes -> answers that wait for nothing
// -> append -> (committed) records take effect -> events -> parked answers -> markers.
//
// Loading, dropping and reloading are as in CoordinatorHost: a partition is read when the broker
// becomes its leader, and answers COORDINATOR_LOAD_IN_PROGRESS until all of it is committed;
// records are appended only in the leader epoch in which the partition was loaded; when the fate of
// an append is unknown, the shard is dropped and read again.
//
// Markers: one task for each transaction that is ending asks the leaders of its partitions until
// all markers stand, for ever, whoever leads meanwhile; a coordinator that took over goes on with
// what its log says. Nothing else parks.
//
// Source: org.apache.kafka.coordinator.transaction.TransactionCoordinator,
// TransactionMarkerChannelManager; KIP-98, KIP-664, KIP-890, KIP-1228.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/bugs.h"
#include "model/controller/image.h"
#include "model/coordinator/producer_id_host.h"
#include "model/coordinator/transaction/transaction_options.h"
#include "model/coordinator/transaction/transaction_shard.h"
#include "model/protocol/messages/describe_transactions.h"
#include "model/protocol/messages/list_transactions.h"
#include "model/protocol/messages/write_txn_markers.h"
#include "model/replica/replica_host.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

// What a TransactionHost works with. References outlive it.
struct TransactionHostDependencies {
    sim::Node& node;
    BrokerId broker;
    ReplicaHost& replicas;
    ProducerIdHost& producer_ids;
    const BugSet& bugs;
    std::function<const MetadataImage&()> image;
    // Asks a broker, this one included, to write markers; waits for its answer. May park.
    std::function<Result<WriteTxnMarkersResponse>(BrokerId, WriteTxnMarkersRequest)> write_markers;
};

class TransactionHost {
  public:
    // Spawns its tasks and observes the leadership of the replicas; does not park.
    TransactionHost(TransactionOptions options, TransactionHostDependencies dependencies);
    TransactionHost(const TransactionHost&) = delete;
    TransactionHost& operator=(const TransactionHost&) = delete;
    ~TransactionHost();

    // Each is answered once. None of them parks. Requires: a transactional id.
    void handle(const InitProducerIdRequest& request,
                sim::Completer<InitProducerIdResponse> completer);
    // `client_version`: the transaction.version that the asker speaks.
    void handle(const AddPartitions& request, std::int16_t client_version,
                sim::Completer<PartitionsAdded> completer);
    void handle(const EndTxnRequest& request, std::int16_t client_version,
                sim::Completer<EndTxnResponse> completer);
    DescribeTransactionsResponse::Transaction describe(const std::string& transactional_id) const;
    ListTransactionsResponse list(const ListTransactionsRequest& request) const;

    const TransactionOptions& options() const { return options_; }
    // Of __transaction_state.
    std::int32_t partition_of(std::string_view transactional_id) const;
    // Null where this broker does not coordinate the partition, or not yet.
    const TransactionShard* find_active(std::int32_t partition) const;

  private:
    // A batch on its way through the log.
    struct Write {
        explicit Write(sim::Node& node) : appended(node) {}

        sim::Completion<AppendOutcome> appended;
        std::vector<TransactionRecord> records;
        std::vector<TransactionReply> parked;
        std::optional<TransactionStored> follow_up;
    };
    enum class Phase { loading, active, failed, dropped };
    // The ids of one partition, in one leader epoch.
    struct Shard {
        Shard(TopicPartition name, LeaderEpoch epoch, const TransactionOptions& options,
              const BugSet* bugs)
            : partition(std::move(name)), leader_epoch(epoch), ids(options, bugs) {}

        const TopicPartition partition;
        const LeaderEpoch leader_epoch;
        Phase phase = Phase::loading;
        TransactionShard ids;
        std::map<std::string, Offset> offsets;      // of each id's last record
        std::deque<std::unique_ptr<Write>> writes;  // in the order of the log
        bool is_settling = false;                   // a task waits for the first of them
        std::set<std::string> marking;              // a task writes the markers of these
        std::set<std::string> completing;           // a task waits to try their last step again
    };
    using ShardRef = std::shared_ptr<Shard>;  // shared with the tasks that wait

    using AnyCompleter =
        std::variant<sim::Completer<InitProducerIdResponse>, sim::Completer<PartitionsAdded>,
                     sim::Completer<EndTxnResponse>>;
    struct Waiting {
        const Shard* shard;
        AnyCompleter completer;
    };

    // ---- leadership ----
    void on_leadership(const LeadershipChange& change);
    void start_loading(const TopicPartition& partition, LeaderEpoch epoch);
    void load(const ShardRef& shard);
    Status replay(Shard& shard, ByteView log) const;
    bool wait_until_committed(const Shard& shard, Offset end);
    void drop(std::int32_t partition);
    void drop_and_reload(const ShardRef& shard);

    // ---- requests ----
    std::variant<ShardRef, ErrorCode> find_shard(const std::string& transactional_id) const;
    template <class Response, class Request>
    void decide(const ShardRef& shard, const Request& request, std::int16_t client_version,
                sim::Completer<Response> completer);

    // ---- effects ----
    void execute(const ShardRef& shard, TransactionDecision decision);
    void reply(TransactionReply reply);
    void append(const ShardRef& shard, TransactionDecision decision);
    void settle(const ShardRef& shard);
    void commit(const ShardRef& shard, Write& write, Offset base_offset);
    void fail(const ShardRef& shard, Write& write, ErrorCode error);
    void spend_producer_id(const TransactionDecision& decision);

    // ---- markers ----
    void start_marking(const ShardRef& shard, const std::string& transactional_id);
    void write_markers(const ShardRef& shard, const std::string& transactional_id);
    // One round over all leaders. False: the coordinator was fenced.
    bool ask_leaders(const ShardRef& shard, const DueMarker& marker);
    bool take_answer(const ShardRef& shard, const DueMarker& marker,
                     const Result<WriteTxnMarkersResponse>& answer);
    void retry_completion(const ShardRef& shard, const std::string& transactional_id);

    // ---- time ----
    Moment moment() const;
    void abort_timed_out();
    void remove_expired();

    TransactionOptions options_;
    TransactionHostDependencies dependencies_;
    sim::Node& node_;
    std::map<std::int32_t, ShardRef> shards_;
    std::map<CallId, Waiting> waiting_;
    CallId next_call_{1};
};

}  // namespace squall::model
