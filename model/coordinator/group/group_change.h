// What can happen to the live state of a group: the part that is not in the log (who waits
// for what, until when), as facts. The decider decides in these; ClassicGroup::apply alone makes
// them true; the host derives trace events from them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/coordinator/decision.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"
#include "sim/base/time.h"

namespace squall::model {

enum class GroupState : std::uint8_t {
    empty,                 // no members; may have offsets
    preparing_rebalance,   // members are asked to join
    completing_rebalance,  // the generation is complete; its assignment is not stored yet
    stable,
    dead,  // removed for good
};
// Kafka's words: "PreparingRebalance".
std::string_view to_string(GroupState state);

struct GroupMember {
    std::string member_id;
    std::optional<std::string> group_instance_id;  // static (KIP-345)
    std::string client_id;
    std::string client_host;
    std::chrono::milliseconds rebalance_timeout{};  // the client's max.poll.interval.ms
    std::chrono::milliseconds session_timeout{};
    std::vector<JoinGroupRequest::Protocol> protocols;  // in the member's order of preference
    Bytes assignment;
    bool is_new = true;                   // not yet part of a generation
    std::optional<CallId> awaiting_join;  // its JoinGroup waits for the generation
    std::optional<CallId> awaiting_sync;  // its SyncGroup waits for the assignment
    // max(): no timer, because the group owes the member an answer.
    LocalTime session_deadline = LocalTime::max();

    bool is_static() const { return group_instance_id.has_value(); }
    // Null where the member does not support it.
    const JoinGroupRequest::Protocol* find_protocol(std::string_view name) const;

    bool operator==(const GroupMember&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("member_id", self.member_id);
        fields("group_instance_id", self.group_instance_id);
        fields("client_id", self.client_id);
        fields("client_host", self.client_host);
        fields("rebalance_timeout", self.rebalance_timeout);
        fields("session_timeout", self.session_timeout);
        fields("protocols", self.protocols);
        fields("assignment", self.assignment);
        fields("is_new", self.is_new);
        fields("awaiting_join", self.awaiting_join);
        fields("awaiting_sync", self.awaiting_sync);
        fields("session_deadline", self.session_deadline);
    }
};

namespace group_change {

// An id was given out; its owner is expected to come back with it (KIP-394).
struct PendingMemberAdded {
    std::string member_id;
    LocalTime deadline;
};
struct PendingMemberRemoved {
    std::string member_id;
};
// Joins: waits for the generation. Was pending, or comes without an id of its own.
struct MemberAdded {
    std::string protocol_type;
    GroupMember member;
};
// Joins again, or (no call) takes back what it said.
struct MemberUpdated {
    std::string member_id;
    std::vector<JoinGroupRequest::Protocol> protocols;
    std::chrono::milliseconds rebalance_timeout;
    std::chrono::milliseconds session_timeout;
    std::optional<CallId> awaiting_join;
};
// A static member came back under a new id, and inherits place and assignment.
struct StaticMemberReplaced {
    std::string from;
    std::string to;
};
struct MemberRemoved {
    std::string member_id;
    std::string reason;
};
struct SessionRenewed {
    std::string member_id;
    LocalTime deadline;
};
struct LeaderElected {
    std::string member_id;
};
// The JoinGroup of the member is answered.
struct JoinAnswered {
    std::string member_id;
};
// The member's SyncGroup came; without a call it is answered at once.
struct SyncArrived {
    std::string member_id;
    std::optional<CallId> awaiting_sync;
};
struct SyncAnswered {
    std::string member_id;
};
// By member id; who is not in it gets no bytes.
struct AssignmentSet {
    std::map<std::string, Bytes> assignment;
};
struct RebalanceStarted {
    std::string reason;
    // The first rebalance of an empty group waits for more members: it may be extended by what is
    // left of the rebalance timeout.
    bool is_initial = false;
    std::chrono::milliseconds extension_left{};
    LocalTime join_deadline;
    TimestampMs wall_ms;
};
struct JoinPhaseExtended {
    LocalTime join_deadline;
    std::chrono::milliseconds extension_left{};
};
// All who are going to join have joined: the next generation. Without members the group is Empty.
struct GenerationStarted {
    LocalTime sync_deadline;
    TimestampMs wall_ms;
};
// The assignment of the current generation is stored.
struct BecameStable {
    TimestampMs wall_ms;
};
struct Died {};
// A group of the consumer protocol is one of the classic protocol from now on (KIP-848): Stable, in
// the generation that was its epoch.
struct ConvertedToClassic {
    GenerationId generation;
    std::vector<GroupMember> members;
    // Everybody has what it is to have. If not, nobody leads, and a rebalance follows.
    bool is_settled = false;
    TimestampMs wall_ms = no_timestamp;
};
// A timer of a member of a group of the consumer protocol (KIP-848) starts anew, or (max()) stops.
// Those of the classic protocol have one to join again, and one to fetch their assignment. The
// group itself (no member id) has one at which its regular expressions are resolved.
struct ConsumerTimerSet {
    enum class Timer : std::uint8_t { session, rebalance, join, sync, expressions };
    std::string member_id;
    Timer timer = Timer::session;
    LocalTime deadline;
};

}  // namespace group_change

struct GroupChange {
    std::string group;
    std::variant<group_change::PendingMemberAdded, group_change::PendingMemberRemoved,
                 group_change::MemberAdded, group_change::MemberUpdated,
                 group_change::StaticMemberReplaced, group_change::MemberRemoved,
                 group_change::SessionRenewed, group_change::LeaderElected,
                 group_change::JoinAnswered, group_change::SyncArrived, group_change::SyncAnswered,
                 group_change::AssignmentSet, group_change::RebalanceStarted,
                 group_change::JoinPhaseExtended, group_change::GenerationStarted,
                 group_change::BecameStable, group_change::Died, group_change::ConvertedToClassic,
                 group_change::ConsumerTimerSet>
        what;
};

}  // namespace squall::model
