// DeleteRecords (KIP-107): moves the start of partitions up to an offset; -1 is the high watermark.
// To be asked of their leaders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DeleteRecordsResponse;

struct DeleteRecordsRequest {
    static constexpr ApiKey api_key = ApiKey::delete_records;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 2};
    using Response = DeleteRecordsResponse;

    struct Partition {
        std::int32_t partition_index = 0;
        Offset offset = no_offset;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("offset", self.offset);
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

    std::vector<Topic> topics;
    std::int32_t timeout_ms = 0;

    bool operator==(const DeleteRecordsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
        fields("timeout_ms", self.timeout_ms);
    }
};

struct DeleteRecordsResponse {
    static constexpr ApiKey api_key = DeleteRecordsRequest::api_key;
    static constexpr VersionRange versions = DeleteRecordsRequest::versions;
    using Request = DeleteRecordsRequest;

    struct Partition {
        std::int32_t partition_index = 0;
        Offset low_watermark = no_offset;
        ErrorCode error_code = ErrorCode::none;

        bool operator==(const Partition&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("partition_index", self.partition_index);
            fields("low_watermark", self.low_watermark);
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

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    bool operator==(const DeleteRecordsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("topics", self.topics);
    }
};

}  // namespace squall::model
