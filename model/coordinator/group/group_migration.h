// Online migration of a group between the classic and the consumer protocol (KIP-848), under
// group.consumer.migration.policy.
//
//   upgrade     A member of the consumer protocol joins a classic group. The generation becomes the
//               group epoch, what the members were given their target and what they hold; they go
//               on speaking the classic protocol (classic_member_protocol.h). Whoever waits for a
//               generation or an assignment is told to join again.
//   downgrade   The last member of the consumer protocol leaves, is removed, or is replaced. The
//               group epoch becomes the generation, what its members hold the assignment, and a
//               rebalance follows; but for a replacement that leaves everything where it was.
//
// Where Kafka forgets what members may still hold, or that somebody must join, this does not; see
// docs/DEVIATIONS.md. Pure.
// Source: GroupMetadataManager.convertToConsumerGroup, convertToClassicGroup;
// ConsumerGroup.fromClassicGroup, ClassicGroup.fromConsumerGroup.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/bugs.h"
#include "model/controller/image.h"
#include "model/coordinator/group/classic_group.h"
#include "model/coordinator/group/consumer_group.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/group_options.h"

namespace squall::model {

// The group as one of the consumer protocol: the records that make it one, behind the tombstone of
// what it was, and the sessions of its members. Requires: nobody waits for an answer. Nullopt: what
// the members said or were given cannot be read, or two were given the same. `bugs` may be null.
std::optional<GroupDecision> to_consumer(const ClassicGroup& group,
                                         const GroupCoordinatorOptions& options,
                                         const MetadataImage& image, const Moment& at,
                                         const BugSet* bugs);
// The group as one of the classic protocol. Requires: all its members speak that. `is_settled`: as
// in ConvertedToClassic.
group_change::ConvertedToClassic to_classic(const ConsumerGroup& group, const MetadataImage& image,
                                            bool is_settled, TimestampMs wall_ms);

IdPartitions to_ids(const std::vector<TopicPartition>& partitions, const MetadataImage& image);
// What a member that speaks the classic protocol is told that it has.
Bytes embedded_assignment(const IdPartitions& partitions, const ClassicMemberMetadata& member,
                          const MetadataImage& image);

// ---- the rules; each could be broken ----

// A classic group whose members are consumers, and as many as fit.
bool may_upgrade(const ClassicGroup& group, const GroupCoordinatorOptions& options);
// A group, as it is without who just went, in which only the classic protocol is spoken.
bool may_downgrade(const ConsumerGroup& group, const GroupCoordinatorOptions& options);
// What each member of a classic group may have in its hands: what it was given; and what it owned
// when it joined and nobody was given since, for it gives that up only after its sync (KIP-429).
// Of two that claim the same the newer generation counts, and the first member.
// Nullopt: as to_consumer. `bugs` may be null.
std::optional<std::map<std::string, IdPartitions>> holdings_of(const ClassicGroup& group,
                                                               const MetadataImage& image,
                                                               const BugSet* bugs);

}  // namespace squall::model
