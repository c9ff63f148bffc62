// The embedded consumer protocol: bytes that members of a classic group pass to each other through
// the coordinator, which does not read them (JoinGroup metadata, SyncGroup assignment).
//
//   Subscription  int16 version | topics: array of string | user_data: nullable bytes
//                 | 1+ owned_partitions: array of (topic, array of int32)
//                 | 2+ generation_id: int32 | 3+ rack_id: nullable string
//   Assignment    int16 version | partitions: array of (topic, array of int32)
//                 | user_data: nullable bytes                                   (0 to 3 alike)
//
// Arrays and bytes have int32 lengths, strings int16, -1 is null. Never flexible. A newer version
// than ours is read as our newest and its tail ignored, as all Kafka clients do: members of one
// group may run different releases. Source: ConsumerProtocolSubscription.json,
// ConsumerProtocolAssignment.json (KIP-429, KIP-792, KIP-881).
#pragma once

#include <cstdint>

#include "model/assignors/assignor.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

inline constexpr std::int16_t consumer_protocol_version_max = 3;
inline constexpr std::string_view consumer_protocol_type = "consumer";

// Partitions are grouped by topic, in order of topic and partition.
// Requires: 0 <= version <= consumer_protocol_version_max. What the version lacks is left out.
Bytes encode_subscription(const Subscription& subscription,
                          std::int16_t version = consumer_protocol_version_max);
Bytes encode_assignment(const Assignment& assignment,
                        std::int16_t version = consumer_protocol_version_max);

// Failure::corrupt where bytes are missing or make no sense. An assignment of no bytes at all is
// the empty one: that is what a coordinator gives to a member that its leader forgot.
Result<Subscription> decode_subscription(ByteView bytes);
Result<Assignment> decode_assignment(ByteView bytes);

// The user data of the sticky assignor (sticky.h): what a member had, and in which generation.
struct StickyUserData {
    std::vector<TopicPartition> partitions;
    GenerationId generation = no_generation;

    bool operator==(const StickyUserData&) const = default;
};
Bytes encode_sticky_user_data(const StickyUserData& data);
Result<StickyUserData> decode_sticky_user_data(ByteView bytes);

}  // namespace squall::model
