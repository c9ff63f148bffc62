// The decision of the group coordinator, and what it is told about a request besides the request.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "model/coordinator/decision.h"
#include "model/coordinator/group/group_change.h"
#include "model/coordinator/group/records.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"
#include "model/protocol/messages/delete_groups.h"
#include "model/protocol/messages/heartbeat.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/leave_group.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_delete.h"
#include "model/protocol/messages/offset_fetch.h"
#include "model/protocol/messages/sync_group.h"
#include "model/protocol/messages/txn_offset_commit.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"

namespace squall::model {

// A request that may have to wait, as it reached the coordinator.
struct GroupCall {
    CallId call;
    ApiVersion version = 0;
    std::string client_id;
    std::string client_host;
    std::string fresh_uuid;  // for a member id, if one is needed: deciders draw nothing
    Moment at;
};

// One group of a DeleteGroups request: groups live in several partitions.
struct GroupDeletion {
    using Response = DeleteGroupsResponse::Result;
    std::string group_id;
};

struct GroupReply {
    CallId call;
    std::variant<JoinGroupResponse, SyncGroupResponse, HeartbeatResponse, LeaveGroupResponse,
                 OffsetCommitResponse, TxnOffsetCommitResponse, ConsumerGroupHeartbeatResponse,
                 GroupDeletion::Response, OffsetDeleteResponse>
        response;
};

// The leader's assignment is in the log.
struct AssignmentStored {
    std::string group;
    GenerationId generation;
    std::map<std::string, Bytes> assignment;
};
// So is the new id of a static member (KAFKA-10284).
struct StaticMemberStored {
    std::string group;
    std::string member_id;  // the new one
    GroupMember before;     // as it was under its old id
    std::string leader;     // before the replacement
    bool can_skip_assignment = false;
};
// So are offsets: the checkers want to know whose.
struct OffsetsStored {
    std::string member_id;
    GenerationId generation;
    // The transaction that they wait for; none: they take effect at once.
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
};
enum class GroupType : std::uint8_t { classic, consumer };
// Kafka's words: "Classic".
inline std::string_view to_string(GroupType type) {
    return type == GroupType::classic ? "Classic" : "Consumer";
}

// So is a step of a group of the consumer protocol; why members were removed, if any were; and what
// the group has become, if it changed its protocol.
struct ConsumerGroupStored {
    std::string group;
    std::string reason;
    std::optional<GroupType> converted_to = std::nullopt;
};
// So is the end of a group that an administrator deleted.
struct GroupDeleted {
    std::string group;
};
using GroupFollowUp = std::variant<AssignmentStored, StaticMemberStored, OffsetsStored,
                                   ConsumerGroupStored, GroupDeleted>;

using GroupDecision = CoordinatorDecision<GroupChange, GroupReply, GroupRecord, GroupFollowUp>;

// The answer needs nothing but the request and the group.
template <class Response>
GroupDecision reply_only(const GroupCall& call, Response response) {
    GroupDecision decision;
    decision.answer(call.call, std::move(response));
    return decision;
}

}  // namespace squall::model
