#include "model/client/consumer/offset_requests.h"

#include <utility>

namespace squall::model {
namespace {

void note(ErrorCode& first, ErrorCode error) {
    if (first == ErrorCode::none) first = error;
}

template <class Topics>
void read_topics(const Topics& topics, const MetadataCache& metadata, CommittedAnswer& answer) {
    for (const auto& topic : topics) {
        const std::string name = metadata.topic_name(topic.name, topic.topic_id);
        for (const auto& partition : topic.partitions) {
            note(answer.error, partition.error_code);
            if (partition.error_code != ErrorCode::none) continue;
            if (partition.committed_offset < Offset{0}) continue;
            answer.committed[{.topic = name, .partition = partition.partition_index}] = {
                .offset = partition.committed_offset,
                .offset_epoch = partition.committed_leader_epoch};
        }
    }
}

}  // namespace

std::optional<OffsetReset> reset_policy(const ConsumerOptions& options) {
    if (options.auto_offset_reset == "earliest") return OffsetReset::earliest;
    if (options.auto_offset_reset == "latest") return OffsetReset::latest;
    return std::nullopt;
}

OffsetFetchRequest committed_request(const std::string& group,
                                     const std::vector<TopicPartition>& partitions,
                                     const MetadataCache& metadata, bool require_stable,
                                     const GroupIdentity* member) {
    std::map<std::string, std::vector<std::int32_t>> by_topic;
    for (const TopicPartition& partition : partitions) {
        by_topic[partition.topic].push_back(partition.partition);
    }
    // Version 8 asks for several groups; older ones for this one.
    OffsetFetchRequest request;
    request.group_id = group;
    request.require_stable = require_stable;
    request.topics.emplace();
    OffsetFetchRequest::Group one;
    one.group_id = group;
    if (member != nullptr) {
        one.member_id = member->member_id;
        one.member_epoch = member->generation.value();
    }
    one.topics.emplace();
    for (const auto& [topic, indexes] : by_topic) {
        const OffsetFetchRequest::Topic wanted{
            .name = topic, .topic_id = metadata.topic_id(topic), .partition_indexes = indexes};
        request.topics->push_back(wanted);
        one.topics->push_back(wanted);
    }
    request.groups.push_back(std::move(one));
    return request;
}

CommittedAnswer read_committed(const OffsetFetchResponse& response, const std::string& group,
                               const MetadataCache& metadata) {
    CommittedAnswer answer{.error = response.error_code, .committed = {}};
    read_topics(response.topics, metadata, answer);
    for (const OffsetFetchResponse::Group& one : response.groups) {
        if (one.group_id != group) continue;
        note(answer.error, one.error_code);
        read_topics(one.topics, metadata, answer);
    }
    return answer;
}

OffsetCommitRequest commit_request(const std::string& group, const GroupIdentity& identity,
                                   const std::optional<std::string>& instance_id,
                                   const Positions& offsets, const MetadataCache& metadata) {
    OffsetCommitRequest request;
    request.group_id = group;
    request.generation_id_or_member_epoch = identity.generation;
    request.member_id = identity.member_id;
    request.group_instance_id = instance_id;
    std::map<std::string, OffsetCommitRequest::Topic> topics;
    for (const auto& [partition, position] : offsets) {
        OffsetCommitRequest::Partition one;
        one.partition_index = partition.partition;
        one.committed_offset = position.offset;
        one.committed_leader_epoch = position.offset_epoch;
        one.committed_metadata = "";
        OffsetCommitRequest::Topic& topic = topics[partition.topic];
        topic.name = partition.topic;
        topic.topic_id = metadata.topic_id(partition.topic);
        topic.partitions.push_back(std::move(one));
    }
    for (auto& [name, topic] : topics) request.topics.push_back(std::move(topic));
    return request;
}

ErrorCode commit_error(const OffsetCommitResponse& response) {
    ErrorCode first = ErrorCode::none;
    for (const OffsetCommitResponse::Topic& topic : response.topics) {
        for (const OffsetCommitResponse::Partition& partition : topic.partitions) {
            note(first, partition.error_code);
        }
    }
    return first;
}

bool proves_not_committed(ErrorCode error) {
    switch (error) {
        case ErrorCode::unknown_member_id:
        case ErrorCode::illegal_generation:
        case ErrorCode::rebalance_in_progress:
        case ErrorCode::fenced_instance_id:
        case ErrorCode::stale_member_epoch:
        case ErrorCode::group_id_not_found:
        case ErrorCode::invalid_group_id:
        case ErrorCode::group_authorization_failed:
        case ErrorCode::topic_authorization_failed:
        case ErrorCode::offset_metadata_too_large:
        case ErrorCode::invalid_commit_offset_size:
        case ErrorCode::coordinator_load_in_progress:
            return true;
        default:
            return false;
    }
}

OffsetForLeaderEpochRequest epoch_end_request(const Positions& positions,
                                              const MetadataCache& metadata) {
    OffsetForLeaderEpochRequest request;
    request.replica_id = no_broker;
    std::map<std::string, OffsetForLeaderEpochRequest::Topic> topics;
    for (const auto& [partition, position] : positions) {
        OffsetForLeaderEpochRequest::Topic& topic = topics[partition.topic];
        topic.topic = partition.topic;
        topic.partitions.push_back({.partition = partition.partition,
                                    .current_leader_epoch = metadata.leader_epoch(partition),
                                    .leader_epoch = position.offset_epoch});
    }
    for (auto& [name, topic] : topics) request.topics.push_back(std::move(topic));
    return request;
}

std::map<TopicPartition, EpochEnd> read_epoch_ends(const OffsetForLeaderEpochResponse& response) {
    std::map<TopicPartition, EpochEnd> ends;
    for (const OffsetForLeaderEpochResponse::Topic& topic : response.topics) {
        for (const OffsetForLeaderEpochResponse::EpochEndOffset& partition : topic.partitions) {
            ends[{.topic = topic.topic, .partition = partition.partition}] = {
                .error = partition.error_code,
                .end = {.offset = partition.end_offset, .offset_epoch = partition.leader_epoch}};
        }
    }
    return ends;
}

ListOffsetsRequest list_offsets_request(const std::map<TopicPartition, TimestampMs>& timestamps,
                                        const MetadataCache& metadata, IsolationLevel isolation,
                                        std::chrono::milliseconds timeout) {
    ListOffsetsRequest request;
    request.isolation_level = isolation;
    request.timeout_ms = static_cast<std::int32_t>(timeout.count());
    std::map<std::string, ListOffsetsRequest::Topic> topics;
    for (const auto& [partition, timestamp] : timestamps) {
        ListOffsetsRequest::Topic& topic = topics[partition.topic];
        topic.name = partition.topic;
        topic.partitions.push_back({.partition_index = partition.partition,
                                    .current_leader_epoch = metadata.leader_epoch(partition),
                                    .timestamp = timestamp});
    }
    for (auto& [name, topic] : topics) request.topics.push_back(std::move(topic));
    return request;
}

std::map<TopicPartition, ListedOffset> read_offsets(const ListOffsetsResponse& response) {
    std::map<TopicPartition, ListedOffset> offsets;
    for (const ListOffsetsResponse::Topic& topic : response.topics) {
        for (const ListOffsetsResponse::Partition& partition : topic.partitions) {
            // Version 0 answers with a list.
            const Offset offset = partition.old_style_offsets.empty()
                                      ? partition.offset
                                      : partition.old_style_offsets.front();
            offsets[{.topic = topic.name, .partition = partition.partition_index}] = {
                .error = partition.error_code,
                .position = {.offset = offset, .offset_epoch = partition.leader_epoch}};
        }
    }
    return offsets;
}

}  // namespace squall::model
