// Metadata: brokers, topics, leaders and in-sync sets, as the asked broker knows them.
//
// Null topics ask for all; in version 0, which cannot say null, an empty list does (asks_for_all).
// Topic ids since version 10 (KIP-516), asked for by id alone since 12.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct MetadataResponse;

struct MetadataRequest {
    static constexpr ApiKey api_key = ApiKey::metadata;
    static constexpr VersionRange versions{.min = 0, .max = 13, .flexible_since = 9};
    using Response = MetadataResponse;

    struct Topic {
        Uuid topic_id;
        std::optional<std::string> name;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic_id", self.topic_id, Wire{.since = 10});
            fields("name", self.name, Wire{.nullable = 10});
        }
    };

    std::optional<std::vector<Topic>> topics;
    bool allow_auto_topic_creation = true;
    bool include_cluster_authorized_operations = false;
    bool include_topic_authorized_operations = false;

    bool asks_for_all(ApiVersion version) const {
        return !topics || (version == 0 && topics->empty());
    }

    bool operator==(const MetadataRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics, Wire{.nullable = 1});
        fields("allow_auto_topic_creation", self.allow_auto_topic_creation, Wire{.since = 4});
        fields("include_cluster_authorized_operations", self.include_cluster_authorized_operations,
               Wire{.since = 8, .until = 10});
        fields("include_topic_authorized_operations", self.include_topic_authorized_operations,
               Wire{.since = 8});
    }
};

struct MetadataResponse {
    static constexpr ApiKey api_key = MetadataRequest::api_key;
    static constexpr VersionRange versions = MetadataRequest::versions;
    using Request = MetadataRequest;

    struct Broker {
        BrokerId node_id = no_broker;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        bool operator==(const Broker&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("node_id", self.node_id);
            fields("host", self.host);
            fields("port", self.port);
            fields("rack", self.rack, Wire{.since = 1, .nullable = 1});
        }
    };

    struct Partition {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition_index = 0;
        BrokerId leader_id = no_broker;
        LeaderEpoch leader_epoch = no_leader_epoch;
        std::vector<BrokerId> replica_nodes;
        std::vector<BrokerId> isr_nodes;
        std::vector<BrokerId> offline_replicas;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("partition_index", self.partition_index);
            fields("leader_id", self.leader_id);
            fields("leader_epoch", self.leader_epoch, Wire{.since = 7});
            fields("replica_nodes", self.replica_nodes);
            fields("isr_nodes", self.isr_nodes);
            fields("offline_replicas", self.offline_replicas, Wire{.since = 5});
        }
    };

    struct Topic {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name;
        Uuid topic_id;
        bool is_internal = false;
        std::vector<Partition> partitions;
        std::int32_t topic_authorized_operations = INT32_MIN;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("name", self.name, Wire{.nullable = 12});
            fields("topic_id", self.topic_id, Wire{.since = 10});
            fields("is_internal", self.is_internal, Wire{.since = 1});
            fields("partitions", self.partitions);
            fields("topic_authorized_operations", self.topic_authorized_operations,
                   Wire{.since = 8});
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Broker> brokers;
    std::optional<std::string> cluster_id;
    BrokerId controller_id = no_broker;
    std::vector<Topic> topics;
    std::int32_t cluster_authorized_operations = INT32_MIN;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const MetadataResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms, Wire{.since = 3});
        fields("brokers", self.brokers);
        fields("cluster_id", self.cluster_id, Wire{.since = 2, .nullable = 2});
        fields("controller_id", self.controller_id, Wire{.since = 1});
        fields("topics", self.topics);
        fields("cluster_authorized_operations", self.cluster_authorized_operations,
               Wire{.since = 8, .until = 10});
        fields("error_code", self.error_code, Wire{.since = 13});
    }
};

}  // namespace squall::model
