#include "model/controller/refused.h"

namespace squall::model {

namespace {

template <class Slot>
void refuse_slot(Slot& slot, const Refusal& refusal) {
    slot.error_code = refusal.error;
    if (!refusal.message.empty()) slot.error_message = refusal.message;
}

template <class Slots>
ErrorCode first_error(const Slots& slots) {
    return slots.empty() ? ErrorCode::none : slots.front().error_code;
}

}  // namespace

// ---- with an error for each item ----

CreateTopicsResponse refused(const CreateTopicsRequest& request, const Refusal& refusal) {
    CreateTopicsResponse response;
    for (const CreateTopicsRequest::Topic& topic : request.topics) {
        CreateTopicsResponse::Topic& slot = response.topics.emplace_back();
        slot.name = topic.name;
        refuse_slot(slot, refusal);
    }
    return response;
}

DeleteTopicsResponse refused(const DeleteTopicsRequest& request, const Refusal& refusal) {
    DeleteTopicsResponse response;
    for (const DeleteTopicsRequest::Topic& topic : request.topics) {
        DeleteTopicsResponse::Result& slot = response.responses.emplace_back();
        slot.name = topic.name;
        slot.topic_id = topic.topic_id;
        refuse_slot(slot, refusal);
    }
    if (!request.topics.empty()) return response;
    for (const std::string& name : request.topic_names) {
        DeleteTopicsResponse::Result& slot = response.responses.emplace_back();
        slot.name = name;
        refuse_slot(slot, refusal);
    }
    return response;
}

CreatePartitionsResponse refused(const CreatePartitionsRequest& request, const Refusal& refusal) {
    CreatePartitionsResponse response;
    for (const CreatePartitionsRequest::Topic& topic : request.topics) {
        CreatePartitionsResponse::Result& slot = response.results.emplace_back();
        slot.name = topic.name;
        refuse_slot(slot, refusal);
    }
    return response;
}

namespace {

template <class Request>
typename Request::Response refuse_resources(const Request& request, const Refusal& refusal) {
    typename Request::Response response;
    for (const auto& resource : request.resources) {
        auto& slot = response.responses.emplace_back();
        slot.resource_type = resource.resource_type;
        slot.resource_name = resource.resource_name;
        refuse_slot(slot, refusal);
    }
    return response;
}

}  // namespace

IncrementalAlterConfigsResponse refused(const IncrementalAlterConfigsRequest& request,
                                        const Refusal& refusal) {
    return refuse_resources(request, refusal);
}

AlterConfigsResponse refused(const AlterConfigsRequest& request, const Refusal& refusal) {
    return refuse_resources(request, refusal);
}

// ---- with one error for all ----

// Version 0 has no error of its own: the partitions carry it too.
ElectLeadersResponse refused(const ElectLeadersRequest& request, const Refusal& refusal) {
    ElectLeadersResponse response;
    response.error_code = refusal.error;
    if (!request.topic_partitions) return response;
    for (const ElectLeadersRequest::Topic& topic : *request.topic_partitions) {
        ElectLeadersResponse::Topic& answer = response.replica_election_results.emplace_back();
        answer.topic = topic.topic;
        for (const std::int32_t partition : topic.partitions) {
            ElectLeadersResponse::Partition& slot = answer.partition_result.emplace_back();
            slot.partition_id = partition;
            refuse_slot(slot, refusal);
        }
    }
    return response;
}

AlterPartitionReassignmentsResponse refused(const AlterPartitionReassignmentsRequest&,
                                            const Refusal& refusal) {
    AlterPartitionReassignmentsResponse response;
    refuse_slot(response, refusal);
    return response;
}

ListPartitionReassignmentsResponse refused(const ListPartitionReassignmentsRequest&,
                                           const Refusal& refusal) {
    ListPartitionReassignmentsResponse response;
    refuse_slot(response, refusal);
    return response;
}

UnregisterBrokerResponse refused(const UnregisterBrokerRequest&, const Refusal& refusal) {
    UnregisterBrokerResponse response;
    refuse_slot(response, refusal);
    return response;
}

AllocateProducerIdsResponse refused(const AllocateProducerIdsRequest&, const Refusal& refusal) {
    AllocateProducerIdsResponse response;
    response.error_code = refusal.error;
    return response;
}

UpdateFeaturesResponse refused(const UpdateFeaturesRequest&, const Refusal& refusal) {
    UpdateFeaturesResponse response;
    refuse_slot(response, refusal);
    return response;
}

AddRaftVoterResponse refused(const AddRaftVoterRequest&, const Refusal& refusal) {
    AddRaftVoterResponse response;
    refuse_slot(response, refusal);
    return response;
}

RemoveRaftVoterResponse refused(const RemoveRaftVoterRequest&, const Refusal& refusal) {
    RemoveRaftVoterResponse response;
    refuse_slot(response, refusal);
    return response;
}

DescribeQuorumResponse refused(const DescribeQuorumRequest&, const Refusal& refusal) {
    DescribeQuorumResponse response;
    response.error_code = refusal.error;
    return response;
}

// ---- and back ----

ErrorCode error_of(const CreateTopicsResponse& response) {
    return first_error(response.topics);
}
ErrorCode error_of(const DeleteTopicsResponse& response) {
    return first_error(response.responses);
}
ErrorCode error_of(const CreatePartitionsResponse& response) {
    return first_error(response.results);
}
ErrorCode error_of(const IncrementalAlterConfigsResponse& response) {
    return first_error(response.responses);
}
ErrorCode error_of(const AlterConfigsResponse& response) {
    return first_error(response.responses);
}
ErrorCode error_of(const ElectLeadersResponse& response) {
    return response.error_code;
}
ErrorCode error_of(const AlterPartitionReassignmentsResponse& response) {
    return response.error_code;
}
ErrorCode error_of(const ListPartitionReassignmentsResponse& response) {
    return response.error_code;
}
ErrorCode error_of(const UnregisterBrokerResponse& response) {
    return response.error_code;
}
ErrorCode error_of(const AllocateProducerIdsResponse& response) {
    return response.error_code;
}
ErrorCode error_of(const UpdateFeaturesResponse& response) {
    return response.error_code;
}
// A voter that does not lead says so in the quorum's words.
ErrorCode error_of(const AddRaftVoterResponse& response) {
    return response.error_code == ErrorCode::not_leader_or_follower ? ErrorCode::not_controller
                                                                    : response.error_code;
}
ErrorCode error_of(const RemoveRaftVoterResponse& response) {
    return response.error_code == ErrorCode::not_leader_or_follower ? ErrorCode::not_controller
                                                                    : response.error_code;
}
// Likewise, for the partition.
ErrorCode error_of(const DescribeQuorumResponse& response) {
    if (response.error_code != ErrorCode::none || response.topics.empty()) {
        return response.error_code;
    }
    const ErrorCode error = first_error(response.topics.front().partitions);
    return error == ErrorCode::not_leader_or_follower ? ErrorCode::not_controller : error;
}

}  // namespace squall::model
