// TopicControl: what becomes of topics after their creation: they grow, and they go (the topic half
// of Kafka's ReplicationControlManager; creation is ReplicaControl's).
//
// Topics are deleted by id (KIP-516): a request that was meant for an earlier topic of the same
// name does not hit its successor. Brokers learn of it from the metadata, and one that was down
// finds logs of a topic id that is not there any more when it comes back. Partitions only ever
// increase: the keys that are in the log stay where they are, and new ones may go elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/controller/image.h"
#include "model/controller/records.h"
#include "model/controller/refusal.h"

namespace squall::model {

class TopicControl {
  public:
    // Error: unknown_topic_id.
    Refusal remove(const MetadataImage& image, const Uuid& topic_id,
                   std::vector<MetadataRecord>& records) const;

    struct Growth {
        std::int32_t count = 0;  // of partitions, when it has grown
        // Of the new partitions; nullopt: the controller places them.
        std::optional<std::vector<std::vector<BrokerId>>> assignments;
    };
    // `entropy` seeds the placement. Errors: unknown_topic_or_partition, invalid_partitions,
    // invalid_replica_assignment, invalid_replication_factor.
    Refusal grow(const MetadataImage& image, const std::string& topic, const Growth& growth,
                 std::uint64_t entropy, std::vector<MetadataRecord>& records) const;
};

}  // namespace squall::model
