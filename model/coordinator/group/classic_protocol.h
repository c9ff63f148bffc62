// The classic group protocol: what follows from the requests of members, and from their silence.
// Pure: every function takes a group as it is and returns a decision; the group does not change
// until the host applies it.
//
// A join phase ends when all known members have joined, or when the largest rebalance timeout among
// them is over; the first one of an empty group waits for more members instead, first
// group.initial.rebalance.delay.ms and then again as long as new ones keep coming, up to the
// rebalance timeout. Dynamic members that did not join are dropped; static ones stay until their
// session expires. The leader's assignment takes effect when it is stored in the log; a member
// that does not fetch its part within the rebalance timeout is dropped.
//
// Not here: which broker coordinates (coordinator_host.h), committed offsets (offsets.h).
// Source: org.apache.kafka.coordinator.group.GroupMetadataManager, the classicGroup* methods;
// KIP-62, KIP-134, KIP-345, KIP-394, KIP-814.
#pragma once

#include <optional>

#include "model/bugs.h"
#include "model/coordinator/group/classic_group.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/group_options.h"
#include "model/protocol/error_code.h"

namespace squall::model {

class ClassicProtocol {
  public:
    // `bugs` may be null, and outlives this.
    explicit ClassicProtocol(GroupCoordinatorOptions options, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs) {}

    GroupDecision join(const ClassicGroup& group, const JoinGroupRequest& request,
                       const GroupCall& call) const;
    GroupDecision sync(const ClassicGroup& group, const SyncGroupRequest& request,
                       const GroupCall& call) const;
    GroupDecision heartbeat(const ClassicGroup& group, const HeartbeatRequest& request,
                            const GroupCall& call) const;
    GroupDecision leave(const ClassicGroup& group, const LeaveGroupRequest& request,
                        const GroupCall& call) const;

    // The fate of the records of an earlier decision: `none`, or why they are not in the log.
    GroupDecision on_stored(const ClassicGroup& group, const AssignmentStored& stored,
                            ErrorCode error, const Moment& at) const;
    GroupDecision on_stored(const ClassicGroup& group, const StaticMemberStored& stored,
                            ErrorCode error, const Moment& at) const;

    // When on_timeout has something to decide, if nothing happens before; max(): never.
    static LocalTime next_deadline(const ClassicGroup& group);
    // Decides the one timer that is due first. Requires: next_deadline(group) <= at.now.
    GroupDecision on_timeout(const ClassicGroup& group, const Moment& at) const;
    // The group was read from the log of a former coordinator, or was one of the consumer protocol
    // until now: sessions start anew. Without a leader it rebalances.
    GroupDecision on_loaded(const ClassicGroup& group, const Moment& at) const;
    // The group is about to become one of the consumer protocol: who waits is told to join again.
    GroupDecision release(const ClassicGroup& group, const Moment& at) const;

  private:
    GroupCoordinatorOptions options_;
    const BugSet* bugs_;
};

// JoinGroup 0 has no rebalance timeout, and low-level clients send 0: the session timeout serves as
// both, so that there is time for the sync.
std::chrono::milliseconds rebalance_timeout_of(const JoinGroupRequest& request);

// ---- the rules; each could be broken ----

bool is_allowed_session(const JoinGroupRequest& request, const GroupCoordinatorOptions& options);
// Who joins without an id is given one, and must come back with it, so that no member is left
// behind by a client that gave up (KIP-394). A static member's process is told by its instance id
// (KIP-345), so it needs no second round trip.
bool must_return_with_id(const JoinGroupRequest& request, ApiVersion version);
// A member may speak for the group: UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID if another process
// with the same instance id took its place (KIP-345).
ErrorCode check_member(const ClassicGroup& group, const std::string& member_id,
                       const std::optional<std::string>& group_instance_id);
// For which member a heartbeat or a commit speaks, if it may: its own id. `bugs` may be null.
struct Speaker {
    ErrorCode error = ErrorCode::none;
    std::string member_id;
};
Speaker speaker_of(const ClassicGroup& group, const std::string& member_id,
                   const std::optional<std::string>& group_instance_id, const BugSet* bugs);
// ... in this generation: ILLEGAL_GENERATION otherwise.
ErrorCode check_generation(const ClassicGroup& group, GenerationId generation);
// The group has room for whoever asks to join with this member id ("": a new member).
bool has_room(const ClassicGroup& group, const std::string& member_id, std::int32_t group_max_size);
// A join by an existing member starts a rebalance: the leader's, and one with another metadata.
bool must_rebalance_for(const ClassicGroup& group, const GroupMember& member,
                        const JoinGroupRequest& request);
// A session that ran out means that the member is gone. Not while the group owes it an answer: it
// has nothing to say then. New members are the exception, as their clients may have given up.
bool is_expired(const GroupMember& member, LocalTime now);
// What members are told when records could not be stored.
ErrorCode error_for_failed_append(ErrorCode append_error);

}  // namespace squall::model
