// What clients are shown of the image.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "model/controller/image.h"
#include "model/protocol/types.h"

namespace squall::model {

inline bool is_internal(std::string_view topic) {
    return topic == offsets_topic || topic == transaction_topic;
}

// Fenced brokers are invisible to clients (KIP-631).
inline bool is_visible(const MetadataImage& image, BrokerId id) {
    const BrokerImage* const broker = image.find_broker(id);
    return broker != nullptr && !broker->fenced;
}

inline std::vector<BrokerId> offline_replicas(const MetadataImage& image,
                                              const PartitionImage& partition) {
    std::vector<BrokerId> offline;
    std::ranges::copy_if(partition.replicas, std::back_inserter(offline),
                         [&](BrokerId id) { return !is_visible(image, id); });
    return offline;
}

}  // namespace squall::model
