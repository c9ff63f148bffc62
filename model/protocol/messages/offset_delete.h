// OffsetDelete (KIP-496): committed offsets of partitions that nobody in the group subscribes go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct OffsetDeleteResponse;

struct OffsetDeleteRequest {
    static constexpr ApiKey api_key = ApiKey::offset_delete;
    static constexpr VersionRange versions{.min = 0, .max = 0};
    using Response = OffsetDeleteResponse;

    struct Partition {
        std::int32_t partition_index = 0;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
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

    std::string group_id;
    std::vector<Topic> topics;

    bool operator==(const OffsetDeleteRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id);
        fields("topics", self.topics);
    }
};

struct OffsetDeleteResponse {
    static constexpr ApiKey api_key = OffsetDeleteRequest::api_key;
    static constexpr VersionRange versions = OffsetDeleteRequest::versions;
    using Request = OffsetDeleteRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("error_code", self.error_code);
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

    ErrorCode error_code = ErrorCode::none;
    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    bool operator==(const OffsetDeleteResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("error_code", self.error_code);
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
