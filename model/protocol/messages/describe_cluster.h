// DescribeCluster (KIP-700): the brokers and the controller, without topics. Controllers can be
// asked for the controllers since version 1 (KIP-919), brokers for the fenced ones too since 2
// (KIP-1073).
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

struct DescribeClusterResponse;

struct DescribeClusterRequest {
    static constexpr ApiKey api_key = ApiKey::describe_cluster;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 0};
    using Response = DescribeClusterResponse;

    bool include_cluster_authorized_operations = false;
    std::int8_t endpoint_type = 1;  // 1 brokers, 2 controllers
    bool include_fenced_brokers = false;

    bool operator==(const DescribeClusterRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("include_cluster_authorized_operations", self.include_cluster_authorized_operations);
        fields("endpoint_type", self.endpoint_type, Wire{.since = 1});
        fields("include_fenced_brokers", self.include_fenced_brokers, Wire{.since = 2});
    }
};

struct DescribeClusterResponse {
    static constexpr ApiKey api_key = DescribeClusterRequest::api_key;
    static constexpr VersionRange versions = DescribeClusterRequest::versions;
    using Request = DescribeClusterRequest;

    struct Broker {
        BrokerId broker_id = no_broker;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;
        bool is_fenced = false;

        bool operator==(const Broker&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("broker_id", self.broker_id);
            fields("host", self.host);
            fields("port", self.port);
            fields("rack", self.rack, Wire{.nullable = 0});
            fields("is_fenced", self.is_fenced, Wire{.since = 2});
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int8_t endpoint_type = 1;  // 1 brokers, 2 controllers
    std::string cluster_id;
    BrokerId controller_id = no_broker;
    std::vector<Broker> brokers;
    std::int32_t cluster_authorized_operations = INT32_MIN;

    bool operator==(const DescribeClusterResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("endpoint_type", self.endpoint_type, Wire{.since = 1});
        fields("cluster_id", self.cluster_id);
        fields("controller_id", self.controller_id);
        fields("brokers", self.brokers);
        fields("cluster_authorized_operations", self.cluster_authorized_operations);
    }
};

}  // namespace squall::model
