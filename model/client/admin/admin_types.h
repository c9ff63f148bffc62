// What administrators ask for, and what they are told: the vocabulary of AdminClient, with Kafka's
// words (org.apache.kafka.clients.admin).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/admin/item_outcomes.h"
#include "model/client/client_options.h"
#include "model/protocol/config_resource.h"
#include "model/protocol/types.h"

namespace squall::model {

struct AdminOptions {
    ClientOptions client;
    std::chrono::milliseconds default_api_timeout{60000};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        ClientOptions::describe(self.client, fields);
        fields("default.api.timeout.ms", self.default_api_timeout);
    }
};

struct NewTopic {
    std::string name;
    std::int32_t partitions = -1;   // -1: the broker's default
    std::int16_t replication = -1;  // -1: the broker's default
    std::map<std::string, std::string> configs;
};

struct NewPartitions {
    std::int32_t total = 0;
    // Of the new ones; nullopt: the controller places them.
    std::optional<std::vector<std::vector<BrokerId>>> assignments;
};

struct ConfigResource {
    ConfigResourceType type = ConfigResourceType::topic;
    std::string name;  // a topic's; a broker's id, "" for all brokers

    auto operator<=>(const ConfigResource&) const = default;
};

struct AlterConfigOp {
    ConfigOperation operation = ConfigOperation::set;
    std::string name;
    std::optional<std::string> value;  // none for remove
};

struct ConfigEntry {
    std::string value;
    ConfigSource source = ConfigSource::default_config;

    bool is_default() const { return source == ConfigSource::default_config; }
    bool operator==(const ConfigEntry&) const = default;
};

struct TopicDescription {
    struct Partition {
        BrokerId leader = no_broker;
        LeaderEpoch leader_epoch = no_leader_epoch;
        std::vector<BrokerId> replicas;
        std::vector<BrokerId> isr;
        std::vector<BrokerId> eligible_leader_replicas;
        std::vector<BrokerId> last_known_elr;
    };

    Uuid id;
    bool is_internal = false;
    std::vector<Partition> partitions;  // by partition index
};

struct ClusterDescription {
    struct Node {
        std::string host;
        std::optional<std::string> rack;
        bool is_fenced = false;
    };

    std::string cluster_id;
    BrokerId controller = no_broker;
    std::map<BrokerId, Node> nodes;
};

struct QuorumDescription {
    struct Replica {
        BrokerId id = no_broker;
        Uuid directory_id{};  // zero in a static quorum
        Offset log_end_offset = no_offset;
        TimestampMs last_caught_up = no_timestamp;
    };

    BrokerId leader = no_broker;
    RaftEpoch leader_epoch{};
    Offset high_watermark = no_offset;
    std::vector<Replica> voters;
    // Of one node there may be two: the voter that it was, and what it is with another directory.
    std::vector<Replica> observers;
};

struct LogDirDescription {
    struct Replica {
        std::int64_t size = 0;
        std::int64_t offset_lag = 0;
    };

    std::string error;  // "" for a directory in use
    std::int64_t total_bytes = -1;
    std::int64_t usable_bytes = -1;
    std::map<TopicPartition, Replica> replicas;
};

struct DeletedRecords {
    AdminResult result;
    Offset low_watermark = no_offset;  // where the partition begins now; only with ok
};

struct PartitionReassignment {
    std::vector<BrokerId> replicas;
    std::vector<BrokerId> adding_replicas;
    std::vector<BrokerId> removing_replicas;

    bool operator==(const PartitionReassignment&) const = default;
};

// ---- features (KIP-584) ----

// How a level may change (FeatureUpdate.UpgradeType).
enum class FeatureUpgradeType : std::int8_t {
    upgrade = 1,
    safe_downgrade = 2,
    unsafe_downgrade = 3
};

struct FeatureUpdate {
    std::int16_t level = 0;
    FeatureUpgradeType type = FeatureUpgradeType::upgrade;
};

struct FeatureMetadata {
    // Levels, both ends included.
    struct Range {
        std::int16_t min = 0;
        std::int16_t max = 0;

        bool operator==(const Range&) const = default;
    };

    std::int64_t epoch = -1;  // of the finalized ones
    std::map<std::string, std::int16_t> finalized;
    std::map<std::string, Range> supported;  // by the broker that answered
};

// ---- transactions (KIP-664) ----

// A producer, as a partition's leader knows it.
struct ActiveProducer {
    ProducerId id = no_producer_id;
    ProducerEpoch epoch = no_producer_epoch;
    TimestampMs last_timestamp = no_timestamp;
    std::int32_t coordinator_epoch = -1;
    Offset transaction_start = no_offset;  // of its open transaction; no_offset: none

    bool has_open_transaction() const { return transaction_start != no_offset; }
};

// Which transactions are listed; what is left empty does not matter.
struct TransactionFilter {
    std::set<std::string> states;  // Kafka's words: "Ongoing"
    std::set<ProducerId> producers;
    std::optional<std::chrono::milliseconds> longer_than;  // open for longer

    bool operator==(const TransactionFilter&) const = default;
};

struct TransactionListing {
    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    std::string state;

    bool operator==(const TransactionListing&) const = default;
};

// What its coordinator knows of a transactional id.
struct TransactionDescription {
    std::string state;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::chrono::milliseconds timeout{};
    TimestampMs start = no_timestamp;  // no_timestamp: none is open
    std::set<TopicPartition> partitions;
};

// Open in a partition, and nobody will end it.
struct HangingTransaction {
    TopicPartition partition;
    ActiveProducer producer;
};

// ---- groups ----

struct GroupListing {
    std::string group;
    std::string type;           // "Classic", "Consumer"
    std::string protocol_type;  // "consumer" of consumers, "" of a group that has offsets alone
    std::string state;

    bool operator==(const GroupListing&) const = default;
};

struct GroupMemberDescription {
    std::string member_id;
    std::string group_instance_id;  // "": a dynamic member
    std::string client_id;
    std::string client_host;
    std::vector<TopicPartition> assigned;

    bool operator==(const GroupMemberDescription&) const = default;
};

struct GroupDescription {
    std::string type;  // "Classic", "Consumer"
    std::string state;
    std::string assignor;  // "" where there is none
    std::vector<GroupMemberDescription> members;
};

// How far behind a group is in one partition.
struct PartitionLag {
    Offset committed;
    Offset end;  // the end of what its consumers may read

    std::int64_t lag() const { return end.value() - committed.value(); }
    bool operator==(const PartitionLag&) const = default;
};

}  // namespace squall::model
