// Members of the classic protocol in a group of the consumer protocol (KIP-848): while the members
// of a group go over from one to the other, one after the other, both kinds are in it.
//
// To such a member its epoch is the generation. It joins, and is answered when its step towards the
// target is stored, without waiting for anybody; nobody leads, for the coordinator assigns. Its
// sync fetches what it may have by now. A heartbeat calls it to join again whenever there is a next
// step: the group is of a newer epoch, it has something to give up (which a cooperative member does
// between its sync and its next join, an eager one before it joins), or what it waits for is free.
// Who is called and does not join, or joins and does not sync, within its rebalance timeout is
// removed.
//
// Pure. Source: GroupMetadataManager, the classicGroup*ToConsumerGroup methods.
#pragma once

#include <optional>
#include <string>

#include "model/bugs.h"
#include "model/controller/image.h"
#include "model/coordinator/group/consumer_group.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/group_options.h"
#include "model/protocol/error_code.h"

namespace squall::model {

class ClassicMemberProtocol {
  public:
    // `bugs` may be null, and outlives this.
    explicit ClassicMemberProtocol(GroupCoordinatorOptions options, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs) {}

    // May leave the group without members of the consumer protocol: then it is converted.
    GroupDecision join(const ConsumerGroup& group, const JoinGroupRequest& request,
                       const GroupCall& call, const MetadataImage& image) const;
    GroupDecision sync(const ConsumerGroup& group, const SyncGroupRequest& request,
                       const GroupCall& call, const MetadataImage& image) const;
    GroupDecision heartbeat(const ConsumerGroup& group, const HeartbeatRequest& request,
                            const GroupCall& call) const;
    GroupDecision leave(const ConsumerGroup& group, const LeaveGroupRequest& request,
                        const GroupCall& call) const;

  private:
    GroupCoordinatorOptions options_;
    const BugSet* bugs_;
};

// ---- the rules; each could be broken ----

// A member may speak the classic protocol: it does, and it is the one behind its instance id.
// UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID otherwise.
ErrorCode check_classic_member(const ConsumerGroup& group, const std::string& member_id,
                               const std::optional<std::string>& group_instance_id);
// Is there a next step that the member can take by joining again?
bool must_join_again(const ConsumerGroup& group, const ConsumerMember& member,
                     const std::string& member_id);
// ... and it cannot be given what it has before: unless it has joined, and must give up first.
bool must_join_before_sync(const ConsumerGroup& group, const ConsumerMember& member);

}  // namespace squall::model
