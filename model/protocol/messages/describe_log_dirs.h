// DescribeLogDirs (KIP-113): what lies in a broker's log directories, how large; total and free
// bytes since version 4 (KIP-827). Null topics ask for all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DescribeLogDirsResponse;

struct DescribeLogDirsRequest {
    static constexpr ApiKey api_key = ApiKey::describe_log_dirs;
    static constexpr VersionRange versions{.min = 1, .max = 4, .flexible_since = 2};
    using Response = DescribeLogDirsResponse;

    struct Topic {
        std::string topic;
        std::vector<std::int32_t> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic);
            fields("partitions", self.partitions);
        }
    };

    std::optional<std::vector<Topic>> topics;

    bool operator==(const DescribeLogDirsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics, Wire{.nullable = 0});
    }
};

struct DescribeLogDirsResponse {
    static constexpr ApiKey api_key = DescribeLogDirsRequest::api_key;
    static constexpr VersionRange versions = DescribeLogDirsRequest::versions;
    using Request = DescribeLogDirsRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;
        bool is_future_key = false;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("partition_size", self.partition_size);
            fields("offset_lag", self.offset_lag);
            fields("is_future_key", self.is_future_key);
        }
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partitions", self.partitions);
        }
    };

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::string log_dir;
        std::vector<Topic> topics;
        std::int64_t total_bytes = -1;
        std::int64_t usable_bytes = -1;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("log_dir", self.log_dir);
            fields("topics", self.topics);
            fields("total_bytes", self.total_bytes, Wire{.since = 4});
            fields("usable_bytes", self.usable_bytes, Wire{.since = 4});
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<Result> results;

    bool operator==(const DescribeLogDirsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code, Wire{.since = 3});
        fields("results", self.results);
    }
};

}  // namespace squall::model
