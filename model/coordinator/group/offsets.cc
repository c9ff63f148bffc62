#include "model/coordinator/group/offsets.h"

#include <algorithm>
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

void CommittedOffsets::apply(const OffsetCommitRecord& record, const RecordPlace& place) {
    if (record.value) {
        OfGroup& offsets = place.producer_id == no_producer_id
                               ? groups_[record.group]
                               : pending_[place.producer_id][record.group];
        CommittedOffset& committed = offsets[record.partition];
        committed = *record.value;
        committed.record_offset = place.offset;
        return;
    }
    // What waits for a marker goes as well; the group still has its transaction (KAFKA-19164).
    for (auto& [producer, of_groups] : pending_) {
        const auto waiting = of_groups.find(record.group);
        if (waiting != of_groups.end()) waiting->second.erase(record.partition);
    }
    const auto found = groups_.find(record.group);
    if (found == groups_.end()) return;
    found->second.erase(record.partition);
    if (found->second.empty()) groups_.erase(found);
}

std::set<TopicPartition> CommittedOffsets::partitions_of(const std::string& group) const {
    std::set<TopicPartition> partitions;
    for (const auto& [partition, committed] : of_group(group)) partitions.insert(partition);
    for (const auto& [producer, of_groups] : pending_) {
        const auto found = of_groups.find(group);
        if (found == of_groups.end()) continue;
        for (const auto& [partition, committed] : found->second) partitions.insert(partition);
    }
    return partitions;
}

std::set<std::string> CommittedOffsets::groups() const {
    std::set<std::string> names;
    for (const auto& [group, offsets] : groups_) names.insert(group);
    for (const auto& [producer, of_groups] : pending_) {
        for (const auto& [group, offsets] : of_groups) names.insert(group);
    }
    return names;
}

std::vector<ResolvedOffset> CommittedOffsets::end_transaction(ProducerId producer, bool commit) {
    std::vector<ResolvedOffset> resolved;
    const auto found = pending_.find(producer);
    if (found == pending_.end()) return resolved;
    for (const auto& [group, offsets] : found->second) {
        for (const auto& [partition, pending] : offsets) {
            const CommittedOffset* const standing = find(group, partition);
            const bool is_overtaken =
                standing != nullptr && standing->record_offset > pending.record_offset;
            const bool takes_effect = commit && !is_overtaken;
            if (takes_effect) groups_[group][partition] = pending;
            resolved.push_back({group, partition, pending.offset, takes_effect});
        }
    }
    pending_.erase(found);
    return resolved;
}

bool CommittedOffsets::has_pending(const std::string& group,
                                   const TopicPartition& partition) const {
    return std::ranges::any_of(pending_, [&](const auto& transaction) {
        const auto offsets = transaction.second.find(group);
        return offsets != transaction.second.end() && offsets->second.contains(partition);
    });
}

bool CommittedOffsets::has_pending(const std::string& group) const {
    return std::ranges::any_of(
        pending_, [&](const auto& transaction) { return transaction.second.contains(group); });
}

bool CommittedOffsets::is_unstable(const std::string& group, const TopicPartition& partition,
                                   bool require_stable, const BugSet* bugs) const {
    const bool right = require_stable && has_pending(group, partition);
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z64_pending_offsets_readable, right, false);
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

OffsetFetchResponse::Group CommittedOffsets::fetch(const OffsetFetchRequest::Group& request,
                                                   bool require_stable, const BugSet* bugs) const {
    OffsetFetchResponse::Group answer;
    answer.group_id = request.group_id;
    const auto answer_for = [&](const TopicPartition& partition) {
        const bool is_held = is_unstable(request.group_id, partition, require_stable, bugs);
        OffsetFetchResponse::Partition slot =
            fetched(partition.partition, is_held ? nullptr : find(request.group_id, partition));
        if (is_held) slot.error_code = ErrorCode::unstable_offset_commit;
        return slot;
    };
    if (request.topics) {
        for (const OffsetFetchRequest::Topic& asked : *request.topics) {
            OffsetFetchResponse::Topic& topic = answer.topics.emplace_back();
            topic.name = asked.name;
            topic.topic_id = asked.topic_id;
            for (const std::int32_t partition : asked.partition_indexes) {
                topic.partitions.push_back(answer_for({asked.name, partition}));
            }
        }
        return answer;
    }
    for (const auto& [partition, committed] : of_group(request.group_id)) {
        if (answer.topics.empty() || answer.topics.back().name != partition.topic) {
            answer.topics.emplace_back().name = partition.topic;
        }
        answer.topics.back().partitions.push_back(answer_for(partition));
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
                              ApiVersion version, const BugSet* bugs) {
    const auto check = [&] {
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
        ErrorCode error =
            speaker_of(*group, request.member_id, request.group_instance_id, bugs).error;
        if (error == ErrorCode::none) error = check_generation(*group, generation);
        // The member knows the generation from its join, and has no assignment in it yet.
        if (error == ErrorCode::none && group->is_in(GroupState::completing_rebalance)) {
            error = ErrorCode::rebalance_in_progress;
        }
        return error;
    };
    const ErrorCode right = check();
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z78_zombie_commit, right, ErrorCode::none);
}

ErrorCode check_txn_offset_commit(const ClassicGroup* group, const TxnOffsetCommitRequest& request,
                                  const BugSet* bugs) {
    const auto check = [&] {
        const bool names_generation = request.generation_id >= GenerationId(0);
        const bool names_member = !request.member_id.empty() || request.group_instance_id;
        if (group == nullptr) {
            return names_generation ? ErrorCode::illegal_generation : ErrorCode::none;
        }
        if (!names_generation && (!names_member || group->is_in(GroupState::empty))) {
            return ErrorCode::none;
        }
        ErrorCode error = check_member(*group, request.member_id, request.group_instance_id);
        if (error == ErrorCode::none) error = check_generation(*group, request.generation_id);
        return error;
    };
    const ErrorCode right = check();
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z65_txn_commit_without_group_fence, right, ErrorCode::none);
}

OffsetCommitRequest as_offset_commit(const TxnOffsetCommitRequest& request) {
    OffsetCommitRequest commit;
    commit.group_id = request.group_id;
    commit.member_id = request.member_id;
    commit.group_instance_id = request.group_instance_id;
    commit.generation_id_or_member_epoch = request.generation_id;
    for (const TxnOffsetCommitRequest::Topic& topic : request.topics) {
        OffsetCommitRequest::Topic& slot = commit.topics.emplace_back();
        slot.name = topic.name;
        for (const TxnOffsetCommitRequest::Partition& partition : topic.partitions) {
            OffsetCommitRequest::Partition& each = slot.partitions.emplace_back();
            each.partition_index = partition.partition_index;
            each.committed_offset = partition.committed_offset;
            each.committed_leader_epoch = partition.committed_leader_epoch;
            each.committed_metadata = partition.committed_metadata;
        }
    }
    return commit;
}

TxnOffsetCommitResponse txn_offset_commit_error(const TxnOffsetCommitRequest& request,
                                                ErrorCode error) {
    TxnOffsetCommitResponse response;
    for (const TxnOffsetCommitRequest::Topic& topic : request.topics) {
        TxnOffsetCommitResponse::Topic& answer = response.topics.emplace_back();
        answer.name = topic.name;
        for (const TxnOffsetCommitRequest::Partition& partition : topic.partitions) {
            answer.partitions.push_back({partition.partition_index, error});
        }
    }
    return response;
}

bool commit_renews_session(const ClassicGroup& group, const OffsetCommitRequest& request) {
    return group.find_member(request.member_id) != nullptr &&
           (group.is_in(GroupState::stable) || group.is_in(GroupState::preparing_rebalance));
}

bool is_offset_expired(const TopicPartition& partition, const CommittedOffset& committed,
                       const ClassicGroup& group, TimestampMs wall_ms,
                       const GroupCoordinatorOptions& options, const BugSet* bugs) {
    const auto retention =
        std::chrono::duration_cast<std::chrono::milliseconds>(options.offsets_retention).count();
    const auto is_older = [&](TimestampMs since) { return wall_ms - since >= retention; };
    const auto check = [&] {
        const bool is_empty = group.is_in(GroupState::empty) && group.members().empty();
        const bool is_unsubscribed = !is_empty && group.has_forgotten(partition.topic);
        if (!is_empty && !is_unsubscribed) return false;
        if (committed.expire_timestamp != no_timestamp) {
            return wall_ms >= committed.expire_timestamp;
        }
        const bool has_been_used_by_members = is_empty && group.protocol_type().has_value() &&
                                              group.state_timestamp() != no_timestamp;
        return is_older(has_been_used_by_members ? group.state_timestamp()
                                                 : committed.commit_timestamp);
    };
    const bool right = check();
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z85_offsets_expire_while_active, right,
                         is_older(committed.commit_timestamp));
}

bool is_offset_expired(const CommittedOffset& committed, bool is_subscribed, TimestampMs wall_ms,
                       const GroupCoordinatorOptions& options, const BugSet* bugs) {
    const auto retention =
        std::chrono::duration_cast<std::chrono::milliseconds>(options.offsets_retention).count();
    const bool is_old = committed.expire_timestamp != no_timestamp
                            ? wall_ms >= committed.expire_timestamp
                            : wall_ms - committed.commit_timestamp >= retention;
    const bool right = is_old && !is_subscribed;
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z85_offsets_expire_while_active, right, is_old);
}

}  // namespace squall::model
