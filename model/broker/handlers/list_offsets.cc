#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/replica/replica_host.h"

namespace squall::model {

ListOffsetsResponse handle(Broker& broker, ListOffsetsRequest& request,
                           const RequestContext& context) {
    const bool read_committed = request.isolation_level == IsolationLevel::read_committed;
    ListOffsetsResponse response;
    for (const ListOffsetsRequest::Topic& topic : request.topics) {
        ListOffsetsResponse::Topic& answer = response.topics.emplace_back();
        answer.name = topic.name;
        for (const ListOffsetsRequest::Partition& partition : topic.partitions) {
            const ReplicaHost::OffsetAnswer found =
                broker.replicas().list_offset(TopicPartition{topic.name, partition.partition_index},
                                              partition.current_leader_epoch, partition.timestamp,
                                              read_committed, request.replica_id);
            ListOffsetsResponse::Partition& slot = answer.partitions.emplace_back();
            slot.partition_index = partition.partition_index;
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
