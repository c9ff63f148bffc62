// The nouns of Kafka's protocol: ids, epochs, offsets, and pairs of them. Also the vocabulary of
// the checkers, who know nothing else of the model but its events.
#pragma once

#include <fmt/core.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/format.h"
#include "sim/base/strong_id.h"

namespace squall::model {

using BrokerId = StrongId<struct BrokerIdTag, std::int32_t>;  // node.id of brokers and controllers
using Offset = StrongId<struct OffsetTag, std::int64_t>;      // of a record; ends are exclusive
using LeaderEpoch = StrongId<struct LeaderEpochTag, std::int32_t>;
using PartitionEpoch = StrongId<struct PartitionEpochTag, std::int32_t>;
using BrokerEpoch = StrongId<struct BrokerEpochTag, std::int64_t>;
using RaftEpoch = StrongId<struct RaftEpochTag, std::int32_t>;  // also the controller epoch
using ProducerId = StrongId<struct ProducerIdTag, std::int64_t>;
using ProducerEpoch = StrongId<struct ProducerEpochTag, std::int16_t>;
using SequenceNumber = StrongId<struct SequenceNumberTag, std::int32_t>;
using GenerationId = StrongId<struct GenerationIdTag, std::int32_t>;
using CorrelationId = StrongId<struct CorrelationIdTag, std::int32_t>;
// Identity of a record's content: a hash of key, value and headers (see record_id in
// record_batch.h).
using RecordId = StrongId<struct RecordIdTag, std::uint64_t>;

inline constexpr BrokerId no_broker{-1};
inline constexpr Offset no_offset{-1};
inline constexpr LeaderEpoch no_leader_epoch{-1};
inline constexpr ProducerId no_producer_id{-1};
inline constexpr ProducerEpoch no_producer_epoch{-1};
inline constexpr SequenceNumber no_sequence{-1};
inline constexpr GenerationId no_generation{-1};

// Kafka's timestamps: milliseconds since the Unix epoch; -1 is "none".
using TimestampMs = std::int64_t;
inline constexpr TimestampMs no_timestamp = -1;

// 128 bits: topic ids (KIP-516), incarnation ids, directory ids. Zero is "none".
struct Uuid {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    bool is_zero() const { return high == 0 && low == 0; }
    auto operator<=>(const Uuid&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("high", self.high);
        fields("low", self.low);
    }
};
// 22 characters of URL-safe base64, as Kafka prints them.
std::string to_string(const Uuid& uuid);
// Its inverse; nullopt for any other text.
std::optional<Uuid> parse_uuid(std::string_view text);

struct TopicPartition {
    std::string topic;
    std::int32_t partition = 0;

    auto operator<=>(const TopicPartition&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic", self.topic);
        fields("partition", self.partition);
    }
};
// "orders-0"
inline std::string to_string(const TopicPartition& partition) {
    return fmt::format("{}-{}", partition.topic, partition.partition);
}

struct OffsetAndEpoch {
    Offset offset = no_offset;
    LeaderEpoch epoch = no_leader_epoch;

    auto operator<=>(const OffsetAndEpoch&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("offset", self.offset);
        fields("epoch", self.epoch);
    }
};

// What a consumer wants to see of transactions (isolation.level).
enum class IsolationLevel : std::int8_t { read_uncommitted = 0, read_committed = 1 };
constexpr std::string_view to_string(IsolationLevel level) {
    return level == IsolationLevel::read_committed ? "read_committed" : "read_uncommitted";
}

// What a coordinator is asked to coordinate (FindCoordinator's key type).
enum class CoordinatorType : std::int8_t { group = 0, transaction = 1, share = 2 };
constexpr std::string_view to_string(CoordinatorType type) {
    switch (type) {
        case CoordinatorType::group:
            return "group";
        case CoordinatorType::transaction:
            return "transaction";
        case CoordinatorType::share:
            return "share";
    }
    return "unknown";
}

// What kind of leader an administrator asks for (ElectLeaders, KIP-460).
enum class ElectionType : std::int8_t { preferred = 0, unclean = 1 };

// Whether a leader was elected uncleanly and may still be short of records (KIP-704).
enum class LeaderRecoveryState : std::int8_t { recovered = 0, recovering = 1 };
constexpr std::string_view to_string(LeaderRecoveryState state) {
    return state == LeaderRecoveryState::recovering ? "recovering" : "recovered";
}

inline constexpr const char* offsets_topic = "__consumer_offsets";
inline constexpr const char* transaction_topic = "__transaction_state";
inline constexpr const char* metadata_topic = "__cluster_metadata";

}  // namespace squall::model

template <>
struct fmt::formatter<squall::model::TopicPartition> : squall::PlainFormatter {
    template <class Context>
    auto format(const squall::model::TopicPartition& partition, Context& context) const {
        return fmt::format_to(context.out(), "{}", to_string(partition));
    }
};
template <>
struct fmt::formatter<squall::model::Uuid> : squall::PlainFormatter {
    template <class Context>
    auto format(const squall::model::Uuid& uuid, Context& context) const {
        return fmt::format_to(context.out(), "{}", to_string(uuid));
    }
};
