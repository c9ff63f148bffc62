// Partition lists for people: "orders-0..2, payments-0,4, __consumer_offsets-1". Topics in order of
// name, Kafka's internal ones last.
#pragma once

#include <string>
#include <vector>

#include "model/protocol/types.h"

namespace squall::model {

// Repeated partitions are told once.
std::string list_partitions(const std::vector<TopicPartition>& partitions);

}  // namespace squall::model
