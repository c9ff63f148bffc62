// What clients are shown of the image.
#pragma once

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "model/controller/image.h"
#include "model/protocol/messages/leader_hint.h"
#include "model/protocol/types.h"

namespace squall::model {

// Topics of the coordinators.
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

// Who leads a partition, as this broker's image says, and where it is reached, for clients that
// asked the wrong broker (KIP-951).
class LeaderHints {
  public:
    // By the image of this moment: who collects hints may park between them.
    LeaderIdAndEpoch hint(const MetadataImage& image, const TopicPartition& partition) {
        const PartitionImage* const found = image.find_partition(partition);
        if (found == nullptr) return {};
        if (is_visible(image, found->leader)) {
            const BrokerImage& leader = *image.find_broker(found->leader);
            leaders_.insert_or_assign(found->leader, NodeEndpoint{.node_id = found->leader,
                                                                  .host = leader.host,
                                                                  .port = leader.port,
                                                                  .rack = leader.rack});
        }
        return {.leader_id = found->leader, .leader_epoch = found->leader_epoch};
    }
    // Of all leaders that were hinted at and could be reached then.
    std::vector<NodeEndpoint> endpoints() const {
        std::vector<NodeEndpoint> endpoints;
        for (const auto& [id, endpoint] : leaders_) endpoints.push_back(endpoint);
        return endpoints;
    }

  private:
    std::map<BrokerId, NodeEndpoint> leaders_;
};

}  // namespace squall::model
