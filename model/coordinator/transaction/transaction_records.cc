#include "model/coordinator/transaction/transaction_records.h"

#include <fmt/core.h>

#include <map>
#include <utility>
#include <vector>

#include "model/protocol/wire_codec.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::int16_t key_version = 0;

// The value as Kafka's schema has it.
struct TransactionLogValue {
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 1};

    struct Partitions {
        std::string topic;
        std::vector<std::int32_t> partition_ids;

        bool operator==(const Partitions&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("topic", self.topic);
            fields("partition_ids", self.partition_ids);
        }
    };

    ProducerId producer_id = no_producer_id;
    ProducerId previous_producer_id = no_producer_id;
    ProducerId next_producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::int32_t transaction_timeout_ms = 0;
    std::int8_t transaction_status = 0;
    std::optional<std::vector<Partitions>> transaction_partitions;
    TimestampMs last_update_timestamp_ms = no_timestamp;
    TimestampMs start_timestamp_ms = no_timestamp;
    std::int16_t client_transaction_version = 0;

    bool operator==(const TransactionLogValue&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("producer_id", self.producer_id);
        fields("previous_producer_id", self.previous_producer_id,
               Wire{.since = 1, .tag = 0, .absent = -1});
        fields("next_producer_id", self.next_producer_id, Wire{.since = 1, .tag = 1, .absent = -1});
        fields("producer_epoch", self.producer_epoch);
        fields("transaction_timeout_ms", self.transaction_timeout_ms);
        fields("transaction_status", self.transaction_status);
        fields("transaction_partitions", self.transaction_partitions, Wire{.nullable = 0});
        fields("last_update_timestamp_ms", self.last_update_timestamp_ms);
        fields("start_timestamp_ms", self.start_timestamp_ms);
        fields("client_transaction_version", self.client_transaction_version,
               Wire{.since = 1, .tag = 2, .absent = 0});
    }
};

TransactionLogValue to_log(const TransactionMetadata& metadata) {
    TransactionLogValue value{
        .producer_id = metadata.producer_id,
        .previous_producer_id = metadata.previous_producer_id,
        .next_producer_id = metadata.next_producer_id,
        .producer_epoch = metadata.producer_epoch,
        .transaction_timeout_ms = static_cast<std::int32_t>(metadata.timeout.count()),
        .transaction_status = static_cast<std::int8_t>(metadata.state),
        .transaction_partitions = std::nullopt,
        .last_update_timestamp_ms = metadata.last_update_timestamp,
        .start_timestamp_ms = metadata.start_timestamp,
        .client_transaction_version = metadata.client_transaction_version};
    if (metadata.is_in(TransactionState::empty)) return value;
    value.transaction_partitions.emplace();
    for (const TopicPartition& partition : metadata.partitions) {
        auto& topics = *value.transaction_partitions;
        if (topics.empty() || topics.back().topic != partition.topic) {
            topics.push_back({.topic = partition.topic, .partition_ids = {}});
        }
        topics.back().partition_ids.push_back(partition.partition);
    }
    return value;
}

// nullopt: a state that this release does not know.
std::optional<TransactionMetadata> from_log(const TransactionLogValue& value) {
    if (value.transaction_status < 0 ||
        value.transaction_status > static_cast<std::int8_t>(TransactionState::dead)) {
        return std::nullopt;
    }
    TransactionMetadata metadata{.producer_id = value.producer_id,
                                 .previous_producer_id = value.previous_producer_id,
                                 .next_producer_id = value.next_producer_id,
                                 .producer_epoch = value.producer_epoch,
                                 .timeout = std::chrono::milliseconds(value.transaction_timeout_ms),
                                 .state = static_cast<TransactionState>(value.transaction_status),
                                 .start_timestamp = value.start_timestamp_ms,
                                 .last_update_timestamp = value.last_update_timestamp_ms,
                                 .client_transaction_version = value.client_transaction_version};
    if (value.transaction_partitions) {
        for (const TransactionLogValue::Partitions& topic : *value.transaction_partitions) {
            for (const std::int32_t partition : topic.partition_ids) {
                metadata.partitions.insert({.topic = topic.topic, .partition = partition});
            }
        }
    }
    return metadata;
}

Error corrupt_part(std::string_view what) {
    return Error{Failure::corrupt,
                 fmt::format("a {} of {} does not parse", what, transaction_topic)};
}

}  // namespace

TransactionRecordBytes encode_transaction_record(const TransactionRecord& record) {
    TransactionRecordBytes encoded;
    ByteWriter key(encoded.key);
    key.integer(key_version);
    WireWriter(WireEncoding::classic, encoded.key).string(record.transactional_id);
    if (!record.value) return encoded;
    const ApiVersion version = TransactionLogValue::versions.max;
    Bytes& value = encoded.value.emplace();
    ByteWriter(value).integer(version);
    const Bytes body = encode(to_log(*record.value), version);
    value.insert(value.end(), body.begin(), body.end());
    return encoded;
}

Result<std::optional<TransactionRecord>> decode_transaction_record(ByteView key,
                                                                   std::optional<ByteView> value) {
    WireReader in(WireEncoding::classic, key);
    const auto version = in.integer<std::int16_t>();
    if (!in.ok()) return corrupt_part("key");
    if (version != key_version) return std::optional<TransactionRecord>();
    const std::optional<std::string_view> id = in.string();
    if (!in.ok() || !id) return corrupt_part("key");
    TransactionRecord record{.transactional_id = std::string(*id), .value = std::nullopt};
    if (!value) return std::optional(std::move(record));
    ByteReader front(*value);
    const auto value_version = front.integer<std::int16_t>();
    if (!front.ok() || value_version < 0) return corrupt_part("value");
    if (value_version > TransactionLogValue::versions.max) {
        return std::optional<TransactionRecord>();
    }
    const Result<TransactionLogValue> log =
        decode<TransactionLogValue>(value->subspan(sizeof(std::int16_t)), value_version);
    if (!log) return log.error();
    record.value = from_log(*log);
    if (!record.value) return std::optional<TransactionRecord>();
    return std::optional(std::move(record));
}

}  // namespace squall::model
