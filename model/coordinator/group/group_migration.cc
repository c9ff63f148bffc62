#include "model/coordinator/group/group_migration.h"

#include <algorithm>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "model/coordinator/group/consumer_draft.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

// What the member said for the group's protocol; before there is one, for its own first: consumers
// say the same for all.
Result<Subscription> subscription_of(const ClassicGroup& group, const GroupMember& member) {
    const JoinGroupRequest::Protocol* protocol =
        group.protocol_name() ? member.find_protocol(*group.protocol_name()) : nullptr;
    if (protocol == nullptr && !member.protocols.empty()) protocol = &member.protocols.front();
    if (protocol == nullptr) return Error{Failure::corrupt, "a member without protocols"};
    return decode_subscription(ByteView(protocol->metadata));
}

struct PartitionClaim {
    std::string member_id;
    GenerationId generation;
};

}  // namespace

IdPartitions to_ids(const std::vector<TopicPartition>& partitions, const MetadataImage& image) {
    IdPartitions ids;
    for (const TopicPartition& each : partitions) {
        const TopicImage* const topic = image.find_topic(each.topic);
        if (topic != nullptr) ids.insert({topic->id, each.partition});
    }
    return ids;
}

Bytes embedded_assignment(const IdPartitions& partitions, const ClassicMemberMetadata& member,
                          const MetadataImage& image) {
    Assignment assignment;
    for (const IdPartition& each : partitions) {
        const TopicImage* const topic = image.find_topic(each.topic_id);
        if (topic != nullptr) assignment.partitions.push_back({topic->name, each.partition});
    }
    std::ranges::sort(assignment.partitions);
    // In the version that the member itself writes.
    ASSERT(!member.protocols.empty(), "a classic member without protocols");
    ByteReader said(ByteView(member.protocols.front().metadata));
    const auto version = said.integer<std::int16_t>();
    return encode_assignment(assignment, std::clamp<std::int16_t>(said.ok() ? version : 0, 0,
                                                                  consumer_protocol_version_max));
}

// ---- rules ----

bool may_upgrade(const ClassicGroup& group, const GroupCoordinatorOptions& options) {
    switch (options.group_consumer_migration_policy) {
        case MigrationPolicy::bidirectional:
        case MigrationPolicy::upgrade:
            return group.protocol_type() == consumer_protocol_type &&
                   group.members().size() <=
                       static_cast<std::size_t>(options.group_consumer_max_size);
        case MigrationPolicy::downgrade:
        case MigrationPolicy::disabled:
            return false;
    }
    UNREACHABLE("policy {}", static_cast<int>(options.group_consumer_migration_policy));
}

bool may_downgrade(const ConsumerGroup& group, const GroupCoordinatorOptions& options) {
    switch (options.group_consumer_migration_policy) {
        case MigrationPolicy::bidirectional:
        case MigrationPolicy::downgrade:
            return !group.members().empty() &&
                   std::ranges::all_of(group.members(),
                                       [](const auto& each) { return each.second.is_classic(); }) &&
                   group.members().size() <= static_cast<std::size_t>(options.group_max_size);
        case MigrationPolicy::upgrade:
        case MigrationPolicy::disabled:
            return false;
    }
    UNREACHABLE("policy {}", static_cast<int>(options.group_consumer_migration_policy));
}

std::optional<std::map<std::string, IdPartitions>> holdings_of(const ClassicGroup& group,
                                                               const MetadataImage& image,
                                                               const BugSet* bugs) {
    std::map<std::string, IdPartitions> given;
    IdPartitions all_given;
    std::map<IdPartition, PartitionClaim> claims;
    for (const auto& [id, member] : group.members()) {
        const Result<Assignment> assignment = decode_assignment(ByteView(member.assignment));
        const Result<Subscription> subscription = subscription_of(group, member);
        if (!assignment || !subscription) return std::nullopt;
        given[id] = to_ids(assignment->partitions, image);
        for (const IdPartition& each : given[id]) {
            if (!all_given.insert(each).second) return std::nullopt;
        }
        for (const IdPartition& each : to_ids(subscription->owned_partitions, image)) {
            const PartitionClaim claim{id, subscription->generation_id};
            PartitionClaim& strongest = claims.try_emplace(each, claim).first->second;
            if (claim.generation > strongest.generation) strongest = claim;
        }
    }
    std::map<std::string, IdPartitions> right = given;
    for (const auto& [partition, claim] : claims) {
        if (!all_given.contains(partition)) right[claim.member_id].insert(partition);
    }
    if (bugs == nullptr) return right;
    // As Kafka does: what a member has to give up is free before it did.
    return bugs->deviate(Bug::z82_assign_before_revoke, right, given);
}

// ---- both ways ----

std::optional<GroupDecision> to_consumer(const ClassicGroup& group,
                                         const GroupCoordinatorOptions& options,
                                         const MetadataImage& image, const Moment& at,
                                         const BugSet* bugs) {
    const auto holdings = holdings_of(group, image, bugs);
    if (!holdings) return std::nullopt;
    const std::int32_t epoch = group.generation().value();
    const ConsumerGroup nothing(group.id());
    ConsumerDraft draft(nothing, options, image, at, bugs);
    for (const auto& [id, member] : group.members()) {
        ASSERT(!member.awaiting_join && !member.awaiting_sync, "{} is owed an answer", id);
        Subscription subscription = subscription_of(group, member).value();
        draft.describe_member(
            id, {.instance_id = member.group_instance_id,
                 .rack_id = std::move(subscription.rack_id),
                 .client_id = member.client_id,
                 .client_host = member.client_host,
                 .subscribed_topic_names = std::move(subscription.topics),
                 .subscribed_topic_regex = "",
                 .rebalance_timeout = member.rebalance_timeout,
                 .server_assignor = std::nullopt,
                 .classic = ClassicMemberMetadata{.session_timeout = member.session_timeout,
                                                  .protocols = member.protocols}});
    }
    draft.write<ConsumerGroupEpoch>("", ConsumerGroupEpoch{.epoch = epoch, .metadata_hash = 0});
    for (const auto& [id, held] : *holdings) {
        draft.write<TargetAssignment>(id, TargetAssignment{.partitions = held});
    }
    draft.write<TargetAssignmentEpoch>("", TargetAssignmentEpoch{.assignment_epoch = epoch});
    for (const auto& [id, held] : *holdings) {
        draft.write<CurrentAssignment>(id, CurrentAssignment{.member_epoch = epoch,
                                                             .previous_member_epoch = epoch,
                                                             .state = MemberState::stable,
                                                             .assigned = held,
                                                             .pending_revocation = {}});
        draft.renew_session(id);
    }
    GroupDecision decision = draft.take("");
    decision.records.insert(decision.records.begin(),
                            GroupMetadataRecord{group.id(), std::nullopt});
    return decision;
}

group_change::ConvertedToClassic to_classic(const ConsumerGroup& group, const MetadataImage& image,
                                            bool is_settled, TimestampMs wall_ms) {
    group_change::ConvertedToClassic converted;
    converted.generation = GenerationId(group.epoch());
    converted.is_settled = is_settled;
    converted.wall_ms = wall_ms;
    for (const auto& [id, member] : group.members()) {
        ASSERT(member.is_classic(), "{} does not speak the classic protocol", id);
        const ConsumerMemberMetadata& metadata = member.metadata;
        GroupMember& next = converted.members.emplace_back();
        next.member_id = id;
        next.group_instance_id = metadata.instance_id;
        next.client_id = metadata.client_id;
        next.client_host = metadata.client_host;
        next.rebalance_timeout = metadata.rebalance_timeout;
        next.session_timeout = metadata.classic->session_timeout;
        next.protocols = metadata.classic->protocols;
        IdPartitions held = member.current.assigned;
        held.insert(member.current.pending_revocation.begin(),
                    member.current.pending_revocation.end());
        next.assignment = embedded_assignment(held, *metadata.classic, image);
        next.is_new = false;
    }
    return converted;
}

}  // namespace squall::model
