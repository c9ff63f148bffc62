#include "model/coordinator/group/offsets.h"

#include <utility>

#include "model/coordinator/group/classic_protocol.h"

namespace squall::model {
namespace {

OffsetFetchResponse::Partition fetched(std::int32_t partition, const CommittedOffset* committed) {
    OffsetFetchResponse::Partition answer;
    answer.partition_index = partition;
    answer.metadata = std::string();
    if (committed != nullptr) {
        answer.committed_offset = committed->offset;
        answer.committed_leader_epoch = committed->leader_epoch;
        answer.metadata = committed->metadata;
    }
    return answer;
}

}  // namespace

void CommittedOffsets::apply(const OffsetCommitRecord& record) {
    if (record.value) {
        groups_[record.group][record.partition] = *record.value;
        return;
    }
    const auto found = groups_.find(record.group);
    if (found == groups_.end()) return;
    found->second.erase(record.partition);
    if (found->second.empty()) groups_.erase(found);
}

const CommittedOffset* CommittedOffsets::find(const std::string& group,
                                              const TopicPartition& partition) const {
    const OfGroup& offsets = of_group(group);
    const auto found = offsets.find(partition);
    return found == offsets.end() ? nullptr : &found->second;
}

const CommittedOffsets::OfGroup& CommittedOffsets::of_group(const std::string& group) const {
    static const OfGroup none;
    const auto found = groups_.find(group);
    return found == groups_.end() ? none : found->second;
}

OffsetFetchResponse::Group CommittedOffsets::fetch(const OffsetFetchRequest::Group& request) const {
    OffsetFetchResponse::Group answer;
    answer.group_id = request.group_id;
    if (request.topics) {
        for (const OffsetFetchRequest::Topic& asked : *request.topics) {
            OffsetFetchResponse::Topic& topic = answer.topics.emplace_back();
            topic.name = asked.name;
            topic.topic_id = asked.topic_id;
            for (const std::int32_t partition : asked.partition_indexes) {
                topic.partitions.push_back(
                    fetched(partition, find(request.group_id, {asked.name, partition})));
            }
        }
        return answer;
    }
    for (const auto& [partition, committed] : of_group(request.group_id)) {
        if (answer.topics.empty() || answer.topics.back().name != partition.topic) {
            answer.topics.emplace_back().name = partition.topic;
        }
        answer.topics.back().partitions.push_back(fetched(partition.partition, &committed));
    }
    return answer;
}

OffsetCommitPlan plan_offset_commit(const OffsetCommitRequest& request, TimestampMs wall_ms,
                                    const GroupCoordinatorOptions& options) {
    OffsetCommitPlan plan;
    for (const OffsetCommitRequest::Topic& topic : request.topics) {
        OffsetCommitResponse::Topic& answer = plan.response.topics.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
        for (const OffsetCommitRequest::Partition& partition : topic.partitions) {
            std::string metadata = partition.committed_metadata.value_or(std::string());
            if (metadata.size() > static_cast<std::size_t>(options.offset_metadata_max_bytes)) {
                answer.partitions.push_back(
                    {partition.partition_index, ErrorCode::offset_metadata_too_large});
                continue;
            }
            answer.partitions.push_back({partition.partition_index, ErrorCode::none});
            CommittedOffset committed;
            committed.offset = partition.committed_offset;
            committed.leader_epoch = partition.committed_leader_epoch;
            committed.metadata = std::move(metadata);
            committed.commit_timestamp =
                partition.commit_timestamp == no_timestamp ? wall_ms : partition.commit_timestamp;
            if (request.retention_time_ms >= 0) {
                committed.expire_timestamp = committed.commit_timestamp + request.retention_time_ms;
            }
            plan.records.push_back(OffsetCommitRecord{
                request.group_id, {topic.name, partition.partition_index}, std::move(committed)});
        }
    }
    return plan;
}

OffsetCommitResponse offset_commit_error(const OffsetCommitRequest& request, ErrorCode error) {
    OffsetCommitResponse response;
    for (const OffsetCommitRequest::Topic& topic : request.topics) {
        OffsetCommitResponse::Topic& answer = response.topics.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
        for (const OffsetCommitRequest::Partition& partition : topic.partitions) {
            answer.partitions.push_back({partition.partition_index, error});
        }
    }
    return response;
}

ErrorCode check_offset_commit(const ClassicGroup* group, const OffsetCommitRequest& request,
                              ApiVersion version) {
    const GenerationId generation = request.generation_id_or_member_epoch;
    const bool names_generation = generation >= GenerationId(0);
    if (group == nullptr) {
        if (!names_generation) return ErrorCode::none;
        return version >= 9 ? ErrorCode::group_id_not_found : ErrorCode::illegal_generation;
    }
    if (!names_generation && group->is_in(GroupState::empty)) return ErrorCode::none;
    if (!names_generation && request.member_id.empty() && !request.group_instance_id) {
        return ErrorCode::unknown_member_id;
    }
    ErrorCode error = check_member(*group, request.member_id, request.group_instance_id);
    if (error == ErrorCode::none) error = check_generation(*group, generation);
    // The member knows the generation from its join, and has no assignment in it yet.
    if (error == ErrorCode::none && group->is_in(GroupState::completing_rebalance)) {
        error = ErrorCode::rebalance_in_progress;
    }
    return error;
}

bool commit_renews_session(const ClassicGroup& group, const OffsetCommitRequest& request) {
    return group.find_member(request.member_id) != nullptr &&
           (group.is_in(GroupState::stable) || group.is_in(GroupState::preparing_rebalance));
}

bool is_offset_expired(const CommittedOffset& committed, const ClassicGroup& group,
                       TimestampMs wall_ms, const GroupCoordinatorOptions& options) {
    if (!group.members().empty() || !group.is_in(GroupState::empty)) return false;
    if (committed.expire_timestamp != no_timestamp) return wall_ms >= committed.expire_timestamp;
    const bool has_been_used_by_members =
        group.protocol_type().has_value() && group.state_timestamp() != no_timestamp;
    const TimestampMs since =
        has_been_used_by_members ? group.state_timestamp() : committed.commit_timestamp;
    const auto retention =
        std::chrono::duration_cast<std::chrono::milliseconds>(options.offsets_retention);
    return wall_ms - since >= retention.count();
}

}  // namespace squall::model
