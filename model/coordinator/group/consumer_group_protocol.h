// The consumer group protocol (KIP-848): what follows from the heartbeats of members, and from
// their silence. Pure: every function takes a group as it is, with all that was decided for it so
// far, and returns a decision; its records are what happens to the group.
//
// One heartbeat: the member joins, or is found, and its epoch is checked; what it subscribes to is
// noted, and the group epoch moves on if that, or a topic, changed; a target of an older epoch is
// made anew; and the member takes its next step towards the target (member_reconciliation.h). It is
// answered when the records are committed.
//
// A regular expression (RE2's syntax) is checked when a member brings it, and resolved after the
// answer, by a timer that is due at once, in a batch of its own; again when topics come that match,
// when somebody brings a new one, and every group.consumer.regex.refresh.interval.ms; never more
// than once in 10 s. Members get what it stands for with their next heartbeat. Not here: committed
// offsets (offsets.h), which broker coordinates. Source:
// org.apache.kafka.coordinator.group.GroupMetadataManager, the consumerGroup* methods.
#pragma once

#include <optional>
#include <string>

#include "model/bugs.h"
#include "model/controller/image.h"
#include "model/coordinator/group/consumer_group.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/group_options.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"

namespace squall::model {

class ConsumerGroupProtocol {
  public:
    // `bugs` may be null, and outlives this.
    explicit ConsumerGroupProtocol(GroupCoordinatorOptions options, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs) {}

    GroupDecision heartbeat(const ConsumerGroup& group,
                            const ConsumerGroupHeartbeatRequest& request, const GroupCall& call,
                            const MetadataImage& image) const;

    // Decides the one timer that is due first. Requires: group.next_deadline() <= at.now.
    GroupDecision on_timeout(const ConsumerGroup& group, const Moment& at,
                             const MetadataImage& image) const;
    // The group was read from the log of a former coordinator: sessions start anew.
    GroupDecision on_loaded(const ConsumerGroup& group, const Moment& at) const;

  private:
    GroupCoordinatorOptions options_;
    const BugSet* bugs_;
};

// ---- the rules; each could be broken ----

// A heartbeat that makes no sense by itself: INVALID_REQUEST and its like. Its expression is not
// looked at.
ErrorCode check_heartbeat(const ConsumerGroupHeartbeatRequest& request);
// The epoch a member speaks in: its own; or the one before, if the answer that told it of its own
// was lost, which shows in that it owns no more than was given to it. FENCED_MEMBER_EPOCH else.
ErrorCode check_member_epoch(const ConsumerMember& member, std::int32_t epoch,
                             const std::optional<IdPartitions>& owned);
// Who may come under an instance id: its own process, or, while that is away, a new one (KIP-345);
// in place of one that speaks the classic protocol always. `bugs` may be null.
ErrorCode check_instance(const ConsumerGroup& group, const ConsumerGroupHeartbeatRequest& request,
                         const BugSet* bugs);
// A commit or a fetch of committed offsets by a member, in its epoch.
struct MemberOffsets {
    std::string member_id;
    std::int32_t member_epoch = -1;
    // Of a version that knows generations only.
    bool is_of_old_version = false;
};
// UNKNOWN_MEMBER_ID; STALE_MEMBER_EPOCH, or ILLEGAL_GENERATION to who speaks the classic protocol.
// `bugs` may be null.
ErrorCode check_member_offsets(const ConsumerGroup& group, const MemberOffsets& request,
                               const BugSet* bugs);

IdPartitions to_set(const std::vector<ConsumerGroupHeartbeatRequest::TopicPartitions>& topics);

}  // namespace squall::model
