// WriteTxnMarkers (KIP-98): a transaction coordinator has leaders write commit or abort markers.
// Since version 2 a marker says the transaction.version that it ends (KIP-1228). Version 0 was the
// classic encoding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct WriteTxnMarkersResponse;

struct WriteTxnMarkersRequest {
    static constexpr ApiKey api_key = ApiKey::write_txn_markers;
    static constexpr VersionRange versions{.min = 1, .max = 2, .flexible_since = 1};
    using Response = WriteTxnMarkersResponse;

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        bool operator==(const Topic&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("partition_indexes", self.partition_indexes);
        }
    };

    struct Marker {
        ProducerId producer_id = no_producer_id;
        ProducerEpoch producer_epoch = no_producer_epoch;
        bool transaction_result = false;  // true commits
        std::vector<Topic> topics;
        std::int32_t coordinator_epoch = 0;
        std::int8_t transaction_version = 0;

        bool operator==(const Marker&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("producer_id", self.producer_id);
            fields("producer_epoch", self.producer_epoch);
            fields("transaction_result", self.transaction_result);
            fields("topics", self.topics);
            fields("coordinator_epoch", self.coordinator_epoch);
            fields("transaction_version", self.transaction_version, Wire{.since = 2});
        }
    };

    std::vector<Marker> markers;

    bool operator==(const WriteTxnMarkersRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("markers", self.markers);
    }
};

struct WriteTxnMarkersResponse {
    static constexpr ApiKey api_key = WriteTxnMarkersRequest::api_key;
    static constexpr VersionRange versions = WriteTxnMarkersRequest::versions;
    using Request = WriteTxnMarkersRequest;

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

    struct Marker {
        ProducerId producer_id = no_producer_id;
        std::vector<Topic> topics;

        bool operator==(const Marker&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("producer_id", self.producer_id);
            fields("topics", self.topics);
        }
    };

    std::vector<Marker> markers;

    bool operator==(const WriteTxnMarkersResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("markers", self.markers);
    }
};

}  // namespace squall::model
