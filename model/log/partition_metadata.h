// partition.metadata: the file that says which topic id (KIP-516) a partition's folder belongs to,
// so that a topic deleted and created again under its name does not find the old one's records.
//
//     version: 0
//     topic_id: MQI-LXMFQ5eZX1pJ3b6r7g
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/protocol/types.h"
#include "sim/base/result.h"

namespace squall::model {

inline constexpr std::string_view partition_metadata_file = "partition.metadata";

// "orders-0"
std::string log_folder(const TopicPartition& partition);
// nullopt if no partition has a folder of that name.
std::optional<TopicPartition> partition_of_folder(std::string_view folder);

std::string encode_partition_metadata(const Uuid& topic_id);
// Error: corrupt.
Result<Uuid> decode_partition_metadata(std::string_view text);

}  // namespace squall::model
