#include <map>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/replica/replica_host.h"

namespace squall::model {

ListOffsetsResponse handle(Broker& broker, ListOffsetsRequest& request,
                           const RequestContext& context) {
    // A partition that is asked for twice is refused both times.
    std::map<TopicPartition, int> mentions;
    for (const ListOffsetsRequest::Topic& topic : request.topics) {
        for (const ListOffsetsRequest::Partition& partition : topic.partitions) {
            ++mentions[{topic.name, partition.partition_index}];
        }
    }
    const bool read_committed = request.isolation_level == IsolationLevel::read_committed;
    ListOffsetsResponse response;
    for (const ListOffsetsRequest::Topic& topic : request.topics) {
        ListOffsetsResponse::Topic& answer = response.topics.emplace_back();
        answer.name = topic.name;
        for (const ListOffsetsRequest::Partition& partition : topic.partitions) {
            const TopicPartition name{topic.name, partition.partition_index};
            ListOffsetsResponse::Partition& slot = answer.partitions.emplace_back();
            slot.partition_index = partition.partition_index;
            if (mentions[name] > 1) {
                slot.error_code = ErrorCode::invalid_request;
                continue;
            }
            const ReplicaHost::OffsetAnswer found = broker.replicas().list_offset(
                name, partition.current_leader_epoch, partition.timestamp, read_committed,
                request.replica_id);
            slot.error_code = found.error;
            slot.timestamp = found.timestamp;
            slot.offset = found.offset;
            slot.leader_epoch = found.leader_epoch;
            if (context.api_version == 0 && found.error == ErrorCode::none) {
                slot.old_style_offsets = {found.offset};
            }
        }
    }
    return response;
}

}  // namespace squall::model
