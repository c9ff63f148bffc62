#include "model/coordinator/group/classic_member_protocol.h"

#include <algorithm>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "model/coordinator/group/classic_protocol.h"
#include "model/coordinator/group/consumer_draft.h"
#include "model/coordinator/group/group_migration.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

template <class Response>
GroupDecision refuse_member(const GroupCall& call, ErrorCode error) {
    Response response;
    response.error_code = error;
    return reply_only(call, std::move(response));
}

// What the member said before, and over it what it says now.
ConsumerMemberMetadata described_by_join(const ConsumerMember* known,
                                         const JoinGroupRequest& request, Subscription subscription,
                                         const GroupCall& call) {
    ConsumerMemberMetadata next = known == nullptr ? ConsumerMemberMetadata{} : known->metadata;
    if (request.group_instance_id) next.instance_id = request.group_instance_id;
    if (subscription.rack_id) next.rack_id = std::move(subscription.rack_id);
    next.client_id = call.client_id;
    next.client_host = call.client_host;
    next.subscribed_topic_names = std::move(subscription.topics);
    next.subscribed_topic_regex.clear();
    next.rebalance_timeout = rebalance_timeout_of(request);
    next.classic = {.session_timeout = std::chrono::milliseconds(request.session_timeout_ms),
                    .protocols = request.protocols};
    return next;
}

// From when it is called until it joins; a second call does not give it more time.
void expect_join(ConsumerDraft& draft, const std::string& member_id) {
    using Timer = ConsumerDraft::Timer;
    if (draft.group().deadline(Timer::join, member_id) != LocalTime::max()) return;
    draft.start_timer(member_id, Timer::join,
                      Duration(draft.group().member(member_id).metadata.rebalance_timeout));
}

}  // namespace

// ---- rules ----

ErrorCode check_classic_member(const ConsumerGroup& group, const std::string& member_id,
                               const std::optional<std::string>& group_instance_id) {
    if (group_instance_id) {
        const std::string* const current = group.find_static_member(*group_instance_id);
        if (current == nullptr) return ErrorCode::unknown_member_id;
        if (*current != member_id) return ErrorCode::fenced_instance_id;
    }
    const ConsumerMember* const member = group.find_member(member_id);
    return member != nullptr && member->is_classic() ? ErrorCode::none
                                                     : ErrorCode::unknown_member_id;
}

bool must_join_again(const ConsumerGroup& group, const ConsumerMember& member,
                     const std::string& member_id) {
    if (member.current.member_epoch < group.epoch()) return true;
    switch (member.current.state) {
        case MemberState::stable:
            return false;
        case MemberState::unrevoked_partitions:
            return true;
        case MemberState::unreleased_partitions:
            return group.is_target_free_for(member_id);
    }
    UNREACHABLE("member state {}", static_cast<int>(member.current.state));
}

bool must_join_before_sync(const ConsumerGroup& group, const ConsumerMember& member) {
    return member.current.member_epoch < group.epoch() &&
           member.current.state != MemberState::unrevoked_partitions;
}

// ---- requests ----

GroupDecision ClassicMemberProtocol::join(const ConsumerGroup& group,
                                          const JoinGroupRequest& request, const GroupCall& call,
                                          const MetadataImage& image) const {
    const auto refuse = [&](ErrorCode error, std::string member_id) {
        JoinGroupResponse response;
        response.error_code = error;
        response.member_id = std::move(member_id);
        return reply_only(call, std::move(response));
    };
    if (!is_allowed_session(request, options_)) {
        return refuse(ErrorCode::invalid_session_timeout, request.member_id);
    }
    const bool is_new_id = request.member_id.empty();
    ASSERT(!is_new_id || !call.fresh_uuid.empty(), "no uuid for a member of {}", group.id());
    const std::string id = is_new_id ? call.fresh_uuid : request.member_id;
    if (group.find_member(id) == nullptr &&
        group.members().size() >= static_cast<std::size_t>(options_.group_consumer_max_size)) {
        return refuse(ErrorCode::group_max_size_reached, "");
    }
    if (request.protocol_type != consumer_protocol_type ||
        !group.supports_classic(request.protocols)) {
        return refuse(ErrorCode::inconsistent_group_protocol, request.member_id);
    }
    Result<Subscription> subscription =
        decode_subscription(ByteView(request.protocols.front().metadata));
    if (!subscription) return refuse(ErrorCode::unknown_server_error, request.member_id);
    // Nothing is remembered of an id that was given out: who comes with one is a member.
    if (is_new_id && must_return_with_id(request, call.version)) {
        return refuse(ErrorCode::member_id_required, id);
    }

    ConsumerDraft draft(group, options_, image, call.at, bugs_);
    bool replaces_consumer = false;
    if (request.group_instance_id) {
        const std::string* const before = group.find_static_member(*request.group_instance_id);
        if (!is_new_id && before == nullptr) return refuse(ErrorCode::unknown_member_id, id);
        if (!is_new_id && *before != id) return refuse(ErrorCode::fenced_instance_id, id);
        if (is_new_id && before != nullptr) {
            replaces_consumer = !group.member(*before).is_classic();
            draft.replace_static(std::string(*before), id);
        }
    }
    const IdPartitions owned = to_ids(subscription->owned_partitions, image);
    draft.assign(
        draft.describe_member(id, described_by_join(draft.group().find_member(id), request,
                                                    std::move(subscription).value(), call)));
    draft.reconcile_member(id, owned);

    JoinGroupResponse response;
    response.member_id = id;
    response.generation_id = GenerationId(draft.group().member(id).current.member_epoch);
    response.protocol_type = std::string(consumer_protocol_type);
    response.protocol_name = request.protocols.front().name;
    if (replaces_consumer && may_downgrade(draft.group(), options_)) {
        const bool is_settled = draft.group().state() == ConsumerGroupState::stable;
        response.protocol_name = draft.convert_to_classic(is_settled).protocol_name();
        return draft.answer(call.call, std::move(response), "replaced");
    }
    draft.stop_timer(id, ConsumerDraft::Timer::join);
    draft.renew_session(id);
    draft.start_timer(id, ConsumerDraft::Timer::sync, Duration(rebalance_timeout_of(request)));
    return draft.answer(call.call, std::move(response), replaces_consumer ? "replaced" : "");
}

GroupDecision ClassicMemberProtocol::sync(const ConsumerGroup& group,
                                          const SyncGroupRequest& request, const GroupCall& call,
                                          const MetadataImage& image) const {
    const auto refuse = [&](ErrorCode error) {
        return refuse_member<SyncGroupResponse>(call, error);
    };
    const std::string& id = request.member_id;
    const ErrorCode error = check_classic_member(group, id, request.group_instance_id);
    if (error != ErrorCode::none) return refuse(error);
    const ConsumerMember& member = group.member(id);
    const ClassicMemberMetadata& classic = *member.metadata.classic;
    if (request.generation_id.value() != member.current.member_epoch) {
        return refuse(ErrorCode::illegal_generation);
    }
    if ((request.protocol_type && request.protocol_type != consumer_protocol_type) ||
        (request.protocol_name && request.protocol_name != classic.protocols.front().name)) {
        return refuse(ErrorCode::inconsistent_group_protocol);
    }
    ConsumerDraft draft(group, options_, image, call.at, bugs_);
    SyncGroupResponse response;
    if (must_join_before_sync(group, member)) {
        expect_join(draft, id);
        response.error_code = ErrorCode::rebalance_in_progress;
        return draft.answer(call.call, std::move(response));
    }
    draft.stop_timer(id, ConsumerDraft::Timer::sync);
    draft.renew_session(id);
    response.protocol_type = request.protocol_type;
    response.protocol_name = request.protocol_name;
    response.assignment = embedded_assignment(member.current.assigned, classic, image);
    return draft.answer(call.call, std::move(response));
}

GroupDecision ClassicMemberProtocol::heartbeat(const ConsumerGroup& group,
                                               const HeartbeatRequest& request,
                                               const GroupCall& call) const {
    const std::string& id = request.member_id;
    ErrorCode error = check_classic_member(group, id, request.group_instance_id);
    if (error == ErrorCode::none &&
        request.generation_id.value() != group.member(id).current.member_epoch) {
        error = ErrorCode::illegal_generation;
    }
    if (error != ErrorCode::none) return refuse_member<HeartbeatResponse>(call, error);

    static const MetadataImage nothing;
    ConsumerDraft draft(group, options_, nothing, call.at, bugs_);
    draft.renew_session(id);
    HeartbeatResponse response;
    if (must_join_again(group, group.member(id), id)) {
        expect_join(draft, id);
        response.error_code = ErrorCode::rebalance_in_progress;
    }
    return draft.answer(call.call, std::move(response));
}

GroupDecision ClassicMemberProtocol::leave(const ConsumerGroup& group,
                                           const LeaveGroupRequest& request,
                                           const GroupCall& call) const {
    static const MetadataImage nothing;
    ConsumerDraft draft(group, options_, nothing, call.at, bugs_);
    bool any_left = false;
    const auto take_out = [&](const LeaveGroupRequest::Member& leaver) {
        std::string id = leaver.member_id;
        // Administrators remove static members by instance id alone.
        if (id.empty() && leaver.group_instance_id) {
            const std::string* const known =
                draft.group().find_static_member(*leaver.group_instance_id);
            if (known == nullptr) return ErrorCode::unknown_member_id;
            id = *known;
        }
        const ErrorCode error = check_classic_member(draft.group(), id, leaver.group_instance_id);
        if (error != ErrorCode::none) return error;
        draft.remove(id);
        any_left = true;
        return ErrorCode::none;
    };
    LeaveGroupResponse response;
    if (call.version <= 2) {
        response.error_code = take_out({request.member_id, std::nullopt, std::nullopt});
    } else {
        for (const LeaveGroupRequest::Member& leaver : request.members) {
            const ErrorCode error = take_out(leaver);
            response.members.push_back({leaver.member_id, leaver.group_instance_id, error});
        }
    }
    if (any_left) draft.bump_epoch(draft.group().metadata_hash());
    return draft.answer(call.call, std::move(response), "left");
}

}  // namespace squall::model
