#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/visibility.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

struct Deletion {
    std::size_t topic = 0;
    TopicPartition partition;
    ReplicaHost::RecordDeletion state;

    bool is_pending() const { return state.error == ErrorCode::none && !state.is_done(); }
};

ReplicaHost::RecordDeletion begin(Broker& broker, const TopicPartition& partition, Offset up_to) {
    if (broker.image().find_partition(partition) == nullptr) {
        return {.error = ErrorCode::unknown_topic_or_partition};
    }
    if (is_internal(partition.topic)) return {.error = ErrorCode::invalid_topic_exception};
    return broker.replicas().delete_records(partition, up_to);
}

}  // namespace

// DelayedDeleteRecords: what this leader deleted at once is answered when every live replica has.
DeleteRecordsResponse handle(Broker& broker, DeleteRecordsRequest& request, const RequestContext&) {
    const LocalTime deadline = broker.node().now() + std::chrono::milliseconds(request.timeout_ms);
    DeleteRecordsResponse response;
    std::vector<Deletion> deletions;
    std::vector<TopicPartition> partitions;
    for (const DeleteRecordsRequest::Topic& topic : request.topics) {
        response.topics.push_back({.name = topic.name, .partitions = {}});
        for (const DeleteRecordsRequest::Partition& asked : topic.partitions) {
            const TopicPartition partition{topic.name, asked.partition_index};
            partitions.push_back(partition);
            ReplicaHost::RecordDeletion state = begin(broker, partition, asked.offset);
            deletions.push_back({.topic = response.topics.size() - 1,
                                 .partition = partition,
                                 .state = std::move(state)});
        }
    }
    for (;;) {
        sim::Gate news(broker.node());
        const auto subscription = broker.replicas().wait_for_news(partitions, no_broker, news);
        for (Deletion& deletion : deletions) {
            if (!deletion.is_pending()) continue;
            deletion.state =
                broker.replicas().deletion_of(deletion.partition, deletion.state.up_to);
        }
        if (std::ranges::none_of(deletions, &Deletion::is_pending)) break;
        if (broker.node().now() >= deadline) break;
        news.wait_until(deadline);
    }
    for (const Deletion& deletion : deletions) {
        const bool failed = deletion.state.error != ErrorCode::none;
        response.topics[deletion.topic].partitions.push_back(
            {.partition_index = deletion.partition.partition,
             .low_watermark = failed ? no_offset : deletion.state.low_watermark,
             .error_code =
                 deletion.is_pending() ? ErrorCode::request_timed_out : deletion.state.error});
    }
    return response;
}

}  // namespace squall::model
