#include "model/controller/topic_control.h"

#include <fmt/core.h>

#include <utility>

#include "model/controller/placement.h"
#include "model/controller/replica_control.h"
#include "sim/base/assert.h"

namespace squall::model {

Refusal TopicControl::remove(const MetadataImage& image, const Uuid& topic_id,
                             std::vector<MetadataRecord>& records) const {
    if (image.find_topic(topic_id) == nullptr) {
        return {ErrorCode::unknown_topic_id, "This server does not host this topic ID."};
    }
    records.push_back(RemoveTopicRecord{.topic_id = topic_id});
    return granted;
}

Refusal TopicControl::grow(const MetadataImage& image, const std::string& name,
                           const Growth& growth, std::uint64_t entropy,
                           std::vector<MetadataRecord>& records) const {
    const TopicImage* const topic = image.find_topic(name);
    if (topic == nullptr) {
        return {ErrorCode::unknown_topic_or_partition,
                fmt::format("The topic '{}' does not exist.", name)};
    }
    const auto now = static_cast<std::int32_t>(topic->partitions.size());
    if (growth.count == now) {
        return {ErrorCode::invalid_partitions,
                fmt::format("Topic already has {} partition(s).", now)};
    }
    if (growth.count < now) {
        return {ErrorCode::invalid_partitions,
                fmt::format("The topic {} currently has {} partition(s); {} would not be an "
                            "increase.",
                            name, now, growth.count)};
    }
    const std::int32_t additional = growth.count - now;
    const std::size_t replication_factor = topic->partitions.front().replicas.size();
    std::vector<std::vector<BrokerId>> assignments;
    if (growth.assignments) {
        assignments = *growth.assignments;
        if (assignments.size() != static_cast<std::size_t>(additional)) {
            return {ErrorCode::invalid_replica_assignment,
                    fmt::format("Attempted to add {} additional partition(s), but only {} "
                                "assignment(s) were specified.",
                                additional, assignments.size())};
        }
        for (const std::vector<BrokerId>& replicas : assignments) {
            Refusal refusal = check_assignment(image, replicas, replication_factor);
            if (refusal.refused()) return refusal;
        }
    } else {
        auto placed = place_replicas(usable_brokers(image), additional,
                                     static_cast<std::int32_t>(replication_factor), entropy);
        if (!placed) {
            return {ErrorCode::invalid_replication_factor,
                    fmt::format("Unable to replicate the partition {} time(s): {}",
                                replication_factor, placed.error().detail)};
        }
        assignments = std::move(placed).value();
    }
    for (std::int32_t i = 0; i < additional; ++i) {
        auto born =
            new_partition(image, topic->id, now + i, assignments[static_cast<std::size_t>(i)]);
        if (!born) {
            return {ErrorCode::invalid_replica_assignment,
                    fmt::format("All brokers specified in the manual partition assignment for "
                                "partition {} are fenced or in controlled shutdown.",
                                now + i)};
        }
        records.push_back(*std::move(born));
    }
    return granted;
}

}  // namespace squall::model
