// AdminClient: what administrators ask of a cluster (org.apache.kafka.clients.admin), in plain
// blocking style.
//
// Each call sends its requests to whom they concern (any broker, which forwards to the controller;
// the leader of a partition; one broker), retries what may be retried until default.api.timeout.ms
// with new metadata, and emits AdminCompleted. Items of one call end each alone (ItemOutcomes).
// What changes the cluster has taken effect at the controller when a call ends ok; brokers learn of
// it as they replay it. Lives until the process of its node is destroyed, as its channels do.
//
// Differs from Kafka: calls block, and give all their items back together; where an earlier attempt
// of the same call may have done the thing, finding it done is success (a topic that was to be
// created exists, one that was to be deleted is unknown, ...).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/admin/admin_types.h"
#include "model/client/cluster_host.h"
#include "model/events/client_events.h"
#include "model/protocol/error_code.h"
#include "model/rpc/endpoint.h"
#include "sim/base/result.h"
#include "sim/kernel/node.h"

namespace squall::model {

class AdminClient {
  public:
    template <class Key>
    using Results = std::map<Key, AdminResult>;
    // By partition, the brokers that are to hold it; nullopt: the move under way is given up.
    using Reassignments = std::map<TopicPartition, std::optional<std::vector<BrokerId>>>;

    // `bootstrap`: names of broker nodes. The constructor may run in a Process's.
    AdminClient(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                AdminOptions options);
    AdminClient(const AdminClient&) = delete;
    AdminClient& operator=(const AdminClient&) = delete;

    // Every call below may park.

    // ---- topics ----

    // The worst of all topics.
    AdminResult create_topics(const std::vector<NewTopic>& topics, bool validate_only = false);
    Results<std::string> delete_topics(const std::set<std::string>& topics);
    Results<std::string> create_partitions(const std::map<std::string, NewPartitions>& growth,
                                           bool validate_only = false);
    // Topics that do not exist are left out (DescribeTopicPartitions). Error: timed_out.
    Result<std::map<std::string, TopicDescription>> describe_topics(
        const std::set<std::string>& topics);
    // Waits until the broker that is asked knows the topics with all their partitions, each with a
    // leader and an in-sync set of at least `min_isr`. False at the deadline.
    bool await_topics(const std::vector<NewTopic>& topics, std::size_t min_isr, Duration timeout);
    // As metadata has it now; nullptr: unknown.
    const TopicMetadata* describe_topic(const std::string& topic);

    // ---- settings ----

    // IncrementalAlterConfigs. A broker's settings are changed through that broker.
    Results<ConfigResource> alter_configs(
        const std::map<ConfigResource, std::vector<AlterConfigOp>>& changes,
        bool validate_only = false);
    // Resources that do not exist are left out. Error: timed_out.
    Result<std::map<ConfigResource, std::map<std::string, ConfigEntry>>> describe_configs(
        const std::set<ConfigResource>& resources);

    // ---- partitions ----

    // Records below the offset go; -1: all that are committed.
    std::map<TopicPartition, DeletedRecords> delete_records(
        const std::map<TopicPartition, Offset>& up_to);
    // Of all partitions where none are named; partitions that need none are then left out, and the
    // answer may be empty.
    Results<TopicPartition> elect_leaders(ElectionType type,
                                          const std::set<TopicPartition>& partitions);
    Results<TopicPartition> alter_partition_reassignments(const Reassignments& wanted);
    // Of all partitions. Error: timed_out.
    Result<std::map<TopicPartition, PartitionReassignment>> list_partition_reassignments();
    // The offset at each partition's end (timestamp -1), start (-2), or of the first record at or
    // after a time. Partitions that did not answer in time are left out.
    std::map<TopicPartition, Offset> list_offsets(
        const std::map<TopicPartition, TimestampMs>& timestamps,
        IsolationLevel isolation = IsolationLevel::read_uncommitted);

    // ---- voters (KIP-853) ----

    // `voter` listens for the quorum at host and port, and fetches already. Refused with
    // duplicate_voter, request_timed_out (it has not caught up), unsupported_version.
    AdminResult add_raft_voter(BrokerId voter, const Uuid& directory_id, const std::string& host,
                               sim::Port port);
    // Refused with voter_not_found; the last one with invalid_request.
    AdminResult remove_raft_voter(BrokerId voter, const Uuid& directory_id);

    // ---- features (KIP-584) ----

    // As one broker knows them. Error: timed_out.
    Result<FeatureMetadata> describe_features();
    // All of them, or none.
    AdminResult update_features(const std::map<std::string, FeatureUpdate>& updates,
                                bool validate_only = false);

    // ---- transactions (KIP-664); error: timed_out ----

    // Of all coordinators, by transactional id.
    Result<std::vector<TransactionListing>> list_transactions(const TransactionFilter& filter = {});
    // Ids that their coordinator does not know are left out.
    Result<std::map<std::string, TransactionDescription>> describe_transactions(
        const std::set<std::string>& transactional_ids);
    // What the partition's leader knows of its producers.
    Result<std::vector<ActiveProducer>> describe_producers(const TopicPartition& partition);
    // Of these partitions, the transactions that nobody will end. `longest`: how long one may last
    // (transaction.max.timeout.ms); who wrote something since is not asked after.
    Result<std::vector<HangingTransaction>> find_hanging_transactions(
        const std::set<TopicPartition>& partitions,
        std::chrono::milliseconds longest = std::chrono::minutes(15));
    // Writes the abort marker of such a transaction into the partition, past the coordinator.
    AdminResult abort_transaction(const TopicPartition& partition, const ActiveProducer& producer);
    // All that hang in the partition, one after the other; the worst of them. Ok where none does.
    AdminResult abort_hanging_transactions(
        const TopicPartition& partition,
        std::chrono::milliseconds longest = std::chrono::minutes(15));

    // ---- groups; error: timed_out ----

    // Of all coordinators, by name.
    Result<std::vector<GroupListing>> list_groups();
    // Groups that do not exist are left out.
    Result<std::map<std::string, GroupDescription>> describe_groups(
        const std::set<std::string>& groups);
    // What the group committed.
    Result<std::map<TopicPartition, Offset>> list_group_offsets(const std::string& group);
    // How far behind it is, where it committed anything. `isolation`: of its consumers. Partitions
    // whose end nobody told in time are left out.
    Result<std::map<TopicPartition, PartitionLag>> describe_group_lag(
        const std::string& group, IsolationLevel isolation = IsolationLevel::read_uncommitted);
    // Groups that nobody is in.
    Results<std::string> delete_groups(const std::set<std::string>& groups);
    // Of topics that no member subscribes to.
    Results<TopicPartition> delete_group_offsets(const std::string& group,
                                                 const std::set<TopicPartition>& partitions);
    // Of a group that nobody is in.
    Results<TopicPartition> alter_group_offsets(const std::string& group,
                                                const std::map<TopicPartition, Offset>& offsets);

    // ---- the cluster; error: timed_out ----

    Result<ClusterDescription> describe_cluster(bool include_fenced_brokers = false);
    Result<QuorumDescription> describe_quorum();
    // By broker; those that did not answer in time are left out.
    std::map<BrokerId, std::vector<LogDirDescription>> describe_log_dirs(
        const std::set<BrokerId>& brokers);
    AdminResult unregister_broker(BrokerId broker);

    void close();

  private:
    AdminResult tell(std::string request, AdminResult result);
    // False: no fresh metadata by the deadline. May park.
    bool refresh(LocalTime deadline);
    LocalTime deadline() const { return node_.now() + options_.default_api_timeout; }
    // Between attempts. May park.
    void back_off(std::uint32_t attempt);
    // Asks the partition's leader until `error_of` the answer is none or final, or the deadline.
    template <class Request>
    Result<typename Request::Response> ask_leader(
        const TopicPartition& partition, const Request& request,
        const std::function<ErrorCode(const typename Request::Response&)>& error_of);
    // For what any broker answers or forwards. May park.
    template <class Request>
    Result<typename Request::Response> ask_any(Request request);
    // Asks until `is_final` takes the answer, or the deadline. May park.
    template <class Request>
    Result<typename Request::Response> ask_until(
        Request request, const std::function<bool(const typename Request::Response&)>& is_final);
    // Asks each broker of the cluster until it answers without an error, or the deadline. May park.
    template <class Request>
    Status ask_every_broker(const Request& request,
                            const std::function<void(const typename Request::Response&)>& take);
    // The connection to the coordinator of a group or a transactional id; null: nobody says who
    // that is. May park.
    Channel* find_coordinator(CoordinatorType type, const std::string& key);
    // Asks it, until `error_of` the answer is none or final, or the deadline. May park.
    template <class Request>
    Result<typename Request::Response> ask_coordinator(
        CoordinatorType type, const std::string& key, const Request& request,
        const std::function<ErrorCode(const typename Request::Response&)>& error_of,
        ApiVersion newest = Request::versions.max);
    // Makes attempts at the open items until all are settled, or the deadline. `attempt` may park.
    template <class Key>
    Results<Key> settle(std::string request, const std::set<Key>& items,
                        const std::function<void(ItemOutcomes<Key>&)>& attempt);

    sim::Node& node_;
    AdminOptions options_;
    ClusterHost cluster_;
};

}  // namespace squall::model
