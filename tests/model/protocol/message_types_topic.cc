#include "tests/model/protocol/message_type.h"

namespace squall::model {

void add_topic_messages(std::vector<MessageType>& types) {
    add_messages(TypeList<ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest,
                          ApiVersionsRequest, CreateTopicsRequest, OffsetForLeaderEpochRequest,
                          DeleteTopicsRequest, DeleteRecordsRequest, CreatePartitionsRequest>{},
                 types);
}

}  // namespace squall::model
