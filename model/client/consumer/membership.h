// Membership: the client's side of the classic group protocol (JoinGroup, SyncGroup, Heartbeat,
// LeaveGroup), as a state machine without IO.
//
//   unjoined ------JoinGroup sent-------> preparing_rebalance
//   preparing_rebalance --answered------> completing_rebalance --SyncGroup answered--> stable
//   any --an error of join or sync------> unjoined
//   stable --rejoin asked for-----------> stays stable until the next JoinGroup is sent
//
// Before it joins, the application must give up its partitions (all of them under the eager
// protocol, those of topics that it does not want any more under the cooperative one):
// needs_preparation, prepared. If the coordinator has forgotten the member meanwhile, they are
// lost, not revoked. A cooperative member that gave something up after a join joins once more
// (KIP-429); so does a leader that saw its topics change.
//
//   UNKNOWN_MEMBER_ID       forget member id and generation, join anew
//   ILLEGAL_GENERATION      forget the generation, keep the id (KAFKA-13419), join anew
//   MEMBER_ID_REQUIRED      take the id that was given, join at once (KIP-394)
//   REBALANCE_IN_PROGRESS   join again with the same identity
//   NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, a broken connection: find the coordinator again
//   FENCED_INSTANCE_ID and errors of configuration: fatal
//
// An answer that belongs to an older generation or member id than the current ones changes nothing.
// Two more ways out: no heartbeat answered for session.timeout.ms means that the coordinator is
// gone; no poll for max.poll.interval.ms means that the application is, and the member leaves.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/client/consumer/group_membership.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/heartbeat.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/leave_group.h"
#include "model/protocol/messages/sync_group.h"
#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

class Membership final : public GroupMembership {
  public:
    enum class State { unjoined, preparing_rebalance, completing_rebalance, stable };

    explicit Membership(const ConsumerOptions& options);

    State state() const { return state_; }

    // ---- joining ----

    void request_rejoin() override { needs_rejoin_ = true; }
    bool needs_rejoin() const { return needs_rejoin_; }
    // The application must give up what the protocol asks for before the member may join.
    bool needs_preparation() const { return needs_rejoin_ && !is_prepared_ && !has_assignment_; }
    bool has_lost_partitions() const override {
        return identity_.generation == no_generation || identity_.member_id.empty();
    }
    void prepared() { is_prepared_ = true; }
    bool may_join(LocalTime now) const;
    // Requires: may_join.
    JoinGroupRequest begin_join(std::vector<JoinGroupRequest::Protocol> protocols);
    void on_joined(const Result<JoinGroupResponse>& answer, LocalTime now, Draws& jitter);

    // Joined, and the sync is still to be sent.
    bool must_sync() const { return state_ == State::completing_rebalance && !sync_in_flight_; }
    bool is_leader() const { return !members_.empty(); }
    // Of whom a leader has to think. Empty for followers.
    const std::vector<JoinGroupResponse::Member>& members() const { return members_; }
    const std::string& protocol() const { return protocol_; }
    // Requires: must_sync. `assignments` by member id: of a leader.
    SyncGroupRequest begin_sync(std::map<std::string, Bytes> assignments);
    void on_synced(const Result<SyncGroupResponse>& answer, LocalTime now, Draws& jitter);

    // The outcome of a join, for the application; nullopt where there is none, or where the member
    // was forgotten before it could be told.
    std::optional<Bytes> take_assignment();
    bool has_assignment() const { return has_assignment_; }

    // ---- staying ----

    // In a generation: heartbeats are due.
    bool has_joined() const override {
        return state_ == State::stable || state_ == State::completing_rebalance;
    }
    // Only a member of a running generation may commit: the partitions are its own.
    ErrorCode may_commit() const override;
    bool may_heartbeat(LocalTime now) const;
    HeartbeatRequest begin_heartbeat(LocalTime now);
    // `sent_as`: the identity that the heartbeat carried.
    void on_heartbeat(const Result<HeartbeatResponse>& answer, const GroupIdentity& sent_as,
                      LocalTime now);
    // Gives up a coordinator that has been silent for session.timeout.ms.
    void check_session(LocalTime now);
    void on_commit_error(ErrorCode error, const GroupIdentity& sent_as) override;
    // Nullopt: nothing to leave, or a static member, which does not. Forgets the identity.
    std::optional<LeaveGroupRequest> leave(std::string_view reason);
    void shut_down() override;
    LocalTime next_change(LocalTime now) const override;

  private:
    void on_coordinator(LocalTime now) override { session_alive_at_ = now; }
    void fail_join(ErrorCode error, const Result<Unit>& transport, LocalTime now, Draws& jitter);
    void reset_generation();
    void reset_identity();
    void back_off(LocalTime now, Draws& jitter);

    std::chrono::milliseconds session_timeout_;
    std::chrono::milliseconds heartbeat_interval_;

    State state_ = State::unjoined;

    bool needs_rejoin_ = true;
    bool is_prepared_ = false;
    bool join_in_flight_ = false;
    LocalTime join_not_before_;
    std::uint32_t join_failures_ = 0;
    std::vector<JoinGroupResponse::Member> members_;
    std::string protocol_;
    bool sync_in_flight_ = false;
    std::optional<GroupIdentity> joining_as_;  // of the sync in flight
    bool has_assignment_ = false;
    Bytes assignment_;
    GroupIdentity assigned_as_;

    LocalTime heartbeat_sent_at_;
    LocalTime session_alive_at_;
    bool heartbeat_in_flight_ = false;
};

}  // namespace squall::model
