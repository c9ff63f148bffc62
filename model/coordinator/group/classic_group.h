// ClassicGroup: the live state of one group of the classic protocol, on its coordinator. A copyable
// value; only apply() changes it. What follows from a request or a timeout is decided in
// classic_protocol.h.
//
//   Empty               -> PreparingRebalance   a member joins
//                       -> Dead                 no offsets left (retention), or deleted
//   PreparingRebalance  -> CompletingRebalance  all known members joined, or the join phase is over
//                       -> Empty                the join phase is over and nobody joined
//   CompletingRebalance -> Stable               the leader's assignment is stored
//                       -> PreparingRebalance   a member joins anew, leaves, or misses its sync
//   Stable              -> PreparingRebalance   likewise, or a session expires
//
// A group of the consumer protocol that was converted (group_migration.h) begins as Stable. If it
// has no leader then, nobody in it knows what to read: a rebalance must follow.
//
// The generation grows by one with each completed join phase, never else. At most one leader: the
// first member that joined, and after it is gone another one of the members.
//
// Source: org.apache.kafka.coordinator.group.classic.ClassicGroup; KIP-345, KIP-394.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/coordinator/group/group_change.h"
#include "model/coordinator/group/records.h"
#include "sim/base/time.h"

namespace squall::model {

class ClassicGroup {
  public:
    explicit ClassicGroup(std::string group_id) : group_id_(std::move(group_id)) {}
    // As the log says it was, before anybody's session starts: Stable, or Empty without members.
    ClassicGroup(std::string group_id, const GroupMetadata& stored);

    void apply(const GroupChange& change);

    const std::string& id() const { return group_id_; }
    GroupState state() const { return state_; }
    bool is_in(GroupState state) const { return state_ == state; }
    GenerationId generation() const { return generation_; }
    const std::optional<std::string>& protocol_type() const { return protocol_type_; }
    const std::optional<std::string>& protocol_name() const { return protocol_name_; }
    const std::optional<std::string>& leader() const { return leader_; }
    bool is_leader(std::string_view member_id) const { return leader_ && *leader_ == member_id; }
    TimestampMs state_timestamp() const { return state_timestamp_; }

    const std::map<std::string, GroupMember>& members() const { return members_; }
    // Null where there is no such member.
    const GroupMember* find_member(const std::string& member_id) const;
    // Requires: is a member.
    const GroupMember& member(const std::string& member_id) const;
    // The member id behind an instance id.
    const std::string* find_static_member(const std::string& group_instance_id) const;
    const std::map<std::string, LocalTime>& pending_members() const { return pending_members_; }
    bool is_pending(const std::string& member_id) const {
        return pending_members_.contains(member_id);
    }
    // Members that have not sent the SyncGroup of the current generation.
    const std::set<std::string>& pending_sync() const { return pending_sync_; }

    // When the join phase ends at the latest; max(): no join phase.
    LocalTime join_deadline() const { return join_deadline_; }
    // When members without SyncGroup are dropped; max(): nobody is waited for.
    LocalTime sync_deadline() const { return sync_deadline_; }
    bool is_initial_rebalance() const { return is_initial_rebalance_; }
    // A member was added since the initial join phase was last extended.
    bool new_member_added() const { return new_member_added_; }
    std::chrono::milliseconds extension_left() const { return extension_left_; }

    std::size_t count_awaiting_join() const;
    bool has_all_members_joined() const;
    // The largest of its members'.
    std::chrono::milliseconds rebalance_timeout() const;
    // The group could agree on one of these protocols if the member took part.
    bool supports(const std::string& type,
                  const std::vector<JoinGroupRequest::Protocol>& protocols) const;
    // Among the protocols that all members support, the one with the most first choices; ties go to
    // the first name. Requires: has members with a common protocol.
    std::string select_protocol() const;
    // For the group's leader: all members, with their metadata for the group's protocol.
    std::vector<JoinGroupResponse::Member> join_group_members() const;
    // Stable, and no member subscribes to the topic. False where members are not consumers, or what
    // they subscribe to cannot be read.
    bool has_forgotten(const std::string& topic) const;
    // What the log is told: the group as it is, with this assignment.
    GroupMetadata metadata(const std::map<std::string, Bytes>& assignment,
                           TimestampMs wall_ms) const;
    std::map<std::string, Bytes> assignment() const;

    void check_invariants() const;

    bool operator==(const ClassicGroup&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("group_id", self.group_id_);
        fields("state", self.state_);
        fields("generation", self.generation_);
        fields("protocol_type", self.protocol_type_);
        fields("protocol_name", self.protocol_name_);
        fields("leader", self.leader_);
        fields("state_timestamp", self.state_timestamp_);
        fields("members", self.members_);
        fields("static_members", self.static_members_);
        fields("pending_members", self.pending_members_);
        fields("join_deadline", self.join_deadline_);
        fields("sync_deadline", self.sync_deadline_);
        fields("is_initial_rebalance", self.is_initial_rebalance_);
        fields("new_member_added", self.new_member_added_);
        fields("extension_left", self.extension_left_);
    }

  private:
    void on(const group_change::PendingMemberAdded& change);
    void on(const group_change::PendingMemberRemoved& change);
    void on(const group_change::MemberAdded& change);
    void on(const group_change::MemberUpdated& change);
    void on(const group_change::StaticMemberReplaced& change);
    void on(const group_change::MemberRemoved& change);
    void on(const group_change::SessionRenewed& change);
    void on(const group_change::LeaderElected& change);
    void on(const group_change::JoinAnswered& change);
    void on(const group_change::SyncArrived& change);
    void on(const group_change::SyncAnswered& change);
    void on(const group_change::AssignmentSet& change);
    void on(const group_change::RebalanceStarted& change);
    void on(const group_change::JoinPhaseExtended& change);
    void on(const group_change::GenerationStarted& change);
    void on(const group_change::BecameStable& change);
    void on(const group_change::Died& change);
    void on(const group_change::ConvertedToClassic& change);
    [[noreturn]] void on(const group_change::ConsumerTimerSet& change);

    GroupMember& mutable_member(const std::string& member_id);
    void enter(GroupState state, TimestampMs wall_ms);
    // Protocols that every member supports, in order of name.
    std::set<std::string> common_protocols() const;

    std::string group_id_;
    GroupState state_ = GroupState::empty;
    GenerationId generation_{0};
    std::optional<std::string> protocol_type_;
    std::optional<std::string> protocol_name_;
    std::optional<std::string> leader_;
    TimestampMs state_timestamp_ = no_timestamp;
    std::map<std::string, GroupMember> members_;
    std::map<std::string, std::string> static_members_;  // instance id -> member id
    std::map<std::string, LocalTime> pending_members_;   // member id -> deadline
    std::set<std::string> pending_sync_;
    LocalTime join_deadline_ = LocalTime::max();
    LocalTime sync_deadline_ = LocalTime::max();
    bool is_initial_rebalance_ = false;
    bool new_member_added_ = false;
    std::chrono::milliseconds extension_left_{};
};

}  // namespace squall::model
