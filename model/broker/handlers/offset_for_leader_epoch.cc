#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/replica/replica_host.h"

namespace squall::model {

// Where an epoch ended in this leader's log: how a consumer finds out that its log was truncated
// below its position (KIP-320).
OffsetForLeaderEpochResponse handle(Broker& broker, OffsetForLeaderEpochRequest& request,
                                    const RequestContext&) {
    OffsetForLeaderEpochResponse response;
    for (const OffsetForLeaderEpochRequest::Topic& topic : request.topics) {
        OffsetForLeaderEpochResponse::Topic& answer = response.topics.emplace_back();
        answer.topic = topic.topic;
        for (const OffsetForLeaderEpochRequest::Partition& asked : topic.partitions) {
            const ReplicaHost::EpochEnd found =
                broker.replicas().end_of_epoch(TopicPartition{topic.topic, asked.partition},
                                               asked.current_leader_epoch, asked.leader_epoch);
            OffsetForLeaderEpochResponse::EpochEndOffset& slot = answer.partitions.emplace_back();
            slot.partition = asked.partition;
            slot.error_code = found.error;
            slot.leader_epoch = found.end.epoch;
            slot.end_offset = found.end.offset;
        }
    }
    return response;
}

}  // namespace squall::model
