// Which partition of __consumer_offsets (or of __transaction_state) a group (or a transactional id)
// lives on; that partition's leader is its coordinator. Kafka's rule, and so visible to every
// client: abs(hash(id)) mod partitions, with Java's String.hashCode.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall::model {

// Java's String.hashCode of a UTF-8 text: over its UTF-16 code units, wrapping at 32 bits. A byte
// that is not UTF-8 counts as U+FFFD.
std::int32_t java_string_hash(std::string_view text);

// Requires: partitions > 0.
std::int32_t coordinator_partition(std::string_view id, std::int32_t partitions);

}  // namespace squall::model
