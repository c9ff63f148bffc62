#include "model/coordinator/group/consumer_group_protocol.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/assignors/server_assignors.h"
#include "model/coordinator/group/consumer_draft.h"
#include "model/coordinator/regular_expression.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

using Heartbeat = ConsumerGroupHeartbeatRequest;

ConsumerGroupHeartbeatResponse heartbeat_error(ErrorCode error, std::string why) {
    ConsumerGroupHeartbeatResponse response;
    response.error_code = error;
    response.error_message = std::move(why);
    return response;
}

std::string_view reason_for(ErrorCode error) {
    switch (error) {
        case ErrorCode::fenced_member_epoch:
            return "the member must give up all its partitions and join again";
        case ErrorCode::unreleased_instance_id:
            return "another member has this instance id, and is there";
        case ErrorCode::fenced_instance_id:
            return "another member came under this instance id";
        case ErrorCode::unsupported_assignor:
            return "the assignors are uniform and range";
        default:
            return to_string(error);
    }
}

std::string_view reason_for(ConsumerGroup::Timer timer) {
    switch (timer) {
        case ConsumerGroup::Timer::session:
            return "session timeout";
        case ConsumerGroup::Timer::rebalance:
            return "rebalance timeout";
        case ConsumerGroup::Timer::join:
            return "join timeout";
        case ConsumerGroup::Timer::sync:
            return "sync timeout";
        case ConsumerGroup::Timer::expressions:
            break;  // removes nobody
    }
    UNREACHABLE("timer {}", static_cast<int>(timer));
}

std::vector<ConsumerGroupHeartbeatResponse::TopicPartitions> to_response(
    const IdPartitions& partitions) {
    std::vector<ConsumerGroupHeartbeatResponse::TopicPartitions> topics;
    for (const IdPartition& each : partitions) {
        if (topics.empty() || topics.back().topic_id != each.topic_id) {
            topics.emplace_back().topic_id = each.topic_id;
        }
        topics.back().partitions.push_back(each.partition);
    }
    return topics;
}

// All that a member has to say: it is told in turn what it has.
bool is_full(const Heartbeat& request) {
    return request.member_epoch == joining_member_epoch ||
           (request.rebalance_timeout_ms != -1 &&
            (request.subscribed_topic_names || request.subscribed_topic_regex) &&
            request.topic_partitions);
}

// Only what nobody subscribes to yet is looked at.
std::optional<std::string> problem_of_expression(const ConsumerGroup& group,
                                                 const std::string& expression) {
    if (expression.empty() || group.subscribed_expressions().contains(expression)) {
        return std::nullopt;
    }
    const auto parsed = RegularExpression::parse(expression);
    if (parsed) return std::nullopt;
    return fmt::format("SubscribedTopicRegex `{}` is not a valid regular expression: {}.",
                       expression, parsed.error().detail);
}

// What the member said before, and over it what it says now.
ConsumerMemberMetadata described(const ConsumerMember* known, const Heartbeat& request,
                                 const GroupCall& call) {
    ConsumerMemberMetadata next = known == nullptr ? ConsumerMemberMetadata{} : known->metadata;
    next.client_id = call.client_id;
    next.client_host = call.client_host;
    next.classic.reset();
    if (request.instance_id) next.instance_id = request.instance_id;
    if (request.rack_id) next.rack_id = request.rack_id;
    if (request.rebalance_timeout_ms != -1) {
        next.rebalance_timeout = std::chrono::milliseconds(request.rebalance_timeout_ms);
    }
    if (request.server_assignor) next.server_assignor = request.server_assignor;
    if (request.subscribed_topic_names) {
        next.subscribed_topic_names = *request.subscribed_topic_names;
    }
    if (request.subscribed_topic_regex) {
        next.subscribed_topic_regex = *request.subscribed_topic_regex;
    }
    return next;
}

}  // namespace

// ---- rules ----

IdPartitions to_set(const std::vector<Heartbeat::TopicPartitions>& topics) {
    IdPartitions partitions;
    for (const Heartbeat::TopicPartitions& topic : topics) {
        for (const std::int32_t number : topic.partitions) {
            partitions.insert({topic.topic_id, number});
        }
    }
    return partitions;
}

ErrorCode check_heartbeat(const Heartbeat& request) {
    if (request.group_id.empty()) return ErrorCode::invalid_group_id;
    if (request.member_id.empty()) return ErrorCode::invalid_request;
    if (request.instance_id && request.instance_id->empty()) return ErrorCode::invalid_request;
    if (request.member_epoch < static_leaving_member_epoch) return ErrorCode::invalid_request;
    if (request.member_epoch == static_leaving_member_epoch && !request.instance_id) {
        return ErrorCode::invalid_request;
    }
    if (request.member_epoch == joining_member_epoch) {
        const bool subscribes = request.subscribed_topic_names || request.subscribed_topic_regex;
        if (request.rebalance_timeout_ms == -1 || !subscribes || !request.topic_partitions ||
            !request.topic_partitions->empty()) {
            return ErrorCode::invalid_request;
        }
    }
    if (request.server_assignor && find_server_assignor(*request.server_assignor) == nullptr) {
        return ErrorCode::unsupported_assignor;
    }
    return ErrorCode::none;
}

ErrorCode check_member_epoch(const ConsumerMember& member, std::int32_t epoch,
                             const std::optional<IdPartitions>& owned) {
    const CurrentAssignment& current = member.current;
    if (epoch == current.member_epoch) return ErrorCode::none;
    const bool may_have_lost_its_answer = epoch < current.member_epoch &&
                                          epoch == current.previous_member_epoch && owned &&
                                          std::ranges::includes(current.assigned, *owned);
    return may_have_lost_its_answer ? ErrorCode::none : ErrorCode::fenced_member_epoch;
}

ErrorCode check_instance(const ConsumerGroup& group, const Heartbeat& request, const BugSet* bugs) {
    const auto check = [&] {
        const std::string* const holder = group.find_static_member(*request.instance_id);
        if (request.member_epoch == joining_member_epoch) {
            if (holder == nullptr || *holder == request.member_id) return ErrorCode::none;
            // Who speaks the classic protocol does not say that it goes away.
            const ConsumerMember& before = group.member(*holder);
            return before.is_away() || before.is_classic() ? ErrorCode::none
                                                           : ErrorCode::unreleased_instance_id;
        }
        if (holder == nullptr) return ErrorCode::unknown_member_id;
        return *holder == request.member_id ? ErrorCode::none : ErrorCode::fenced_instance_id;
    };
    const ErrorCode right = check();
    // With the bug a second process takes the place of one that is still there.
    if (bugs == nullptr || right != ErrorCode::unreleased_instance_id) return right;
    return bugs->deviate(Bug::z79_static_id_not_fenced, right, ErrorCode::none);
}

ErrorCode check_member_offsets(const ConsumerGroup& group, const MemberOffsets& request,
                               const BugSet* bugs) {
    const auto check = [&] {
        // Administrators, while nobody is there.
        if (request.member_epoch < 0 && group.members().empty()) return ErrorCode::none;
        const ConsumerMember* const member = group.find_member(request.member_id);
        if (member == nullptr) return ErrorCode::unknown_member_id;
        if (request.is_of_old_version && !member->is_classic()) {
            return ErrorCode::unsupported_version;
        }
        if (member->current.member_epoch == request.member_epoch) return ErrorCode::none;
        // What a member understands: to the one its epoch is a generation.
        return member->is_classic() ? ErrorCode::illegal_generation : ErrorCode::stale_member_epoch;
    };
    const ErrorCode right = check();
    if (bugs == nullptr) return right;
    return bugs->deviate(Bug::z78_zombie_commit, right, ErrorCode::none);
}

// ---- requests ----

GroupDecision ConsumerGroupProtocol::heartbeat(const ConsumerGroup& group, const Heartbeat& request,
                                               const GroupCall& call,
                                               const MetadataImage& image) const {
    ConsumerDraft draft(group, options_, image, call.at, bugs_);
    const auto refuse = [&](ErrorCode error) {
        return reply_only(call, heartbeat_error(error, std::string(reason_for(error))));
    };
    ErrorCode error = check_heartbeat(request);
    if (error == ErrorCode::none && request.instance_id) {
        error = check_instance(group, request, bugs_);
    }
    if (error != ErrorCode::none) return refuse(error);

    const std::string& id = request.member_id;
    const ConsumerMember* const known = group.find_member(id);
    if (request.member_epoch < joining_member_epoch) {
        if (known == nullptr) return refuse(ErrorCode::unknown_member_id);
        ConsumerGroupHeartbeatResponse farewell;
        farewell.member_id = id;
        farewell.member_epoch = request.member_epoch;
        if (request.member_epoch == leaving_member_epoch) {
            draft.expel(id);
            return draft.answer(call.call, std::move(farewell), "left");
        }
        CurrentAssignment away = known->current;
        away.previous_member_epoch = away.member_epoch;
        away.member_epoch = static_leaving_member_epoch;
        away.state = MemberState::stable;
        away.pending_revocation.clear();
        draft.write<CurrentAssignment>(id, away);
        draft.stop_timer(id, ConsumerDraft::Timer::rebalance);
        return draft.answer(call.call, std::move(farewell));
    }

    std::optional<IdPartitions> owned;
    if (request.topic_partitions) owned = to_set(*request.topic_partitions);
    const bool comes_back =
        known != nullptr && known->is_away() && request.member_epoch == joining_member_epoch;
    if (comes_back) {
        draft.come_back(id);
    } else if (known != nullptr) {
        error = check_member_epoch(*known, request.member_epoch, owned);
        if (error != ErrorCode::none) return refuse(error);
    } else if (request.member_epoch != joining_member_epoch) {
        return refuse(ErrorCode::unknown_member_id);
    } else if (const std::string* const before =
                   request.instance_id ? group.find_static_member(*request.instance_id) : nullptr) {
        draft.replace_static(std::string(*before), id);
    } else if (group.members().size() >=
               static_cast<std::size_t>(options_.group_consumer_max_size)) {
        return refuse(ErrorCode::group_max_size_reached);
    }
    ConsumerMemberMetadata next = described(draft.group().find_member(id), request, call);
    if (const auto problem = problem_of_expression(group, next.subscribed_topic_regex)) {
        return reply_only(call, heartbeat_error(ErrorCode::invalid_regular_expression, *problem));
    }
    const bool asks_for_another_assignment = draft.describe_member(id, std::move(next));
    draft.refresh_expressions();
    draft.assign(asks_for_another_assignment);
    draft.reconcile_member(id, owned);
    draft.renew_session(id);
    // It may have spoken the classic protocol before.
    draft.stop_timer(id, ConsumerDraft::Timer::join);
    draft.stop_timer(id, ConsumerDraft::Timer::sync);

    const CurrentAssignment& now = draft.group().member(id).current;
    ConsumerGroupHeartbeatResponse response;
    response.member_id = id;
    response.member_epoch = now.member_epoch;
    response.heartbeat_interval_ms =
        static_cast<std::int32_t>(options_.group_consumer_heartbeat_interval.count());
    const bool has_changed = known == nullptr || known->current.assigned != now.assigned;
    if (is_full(request) || has_changed) {
        response.assignment.emplace();
        response.assignment->topic_partitions = to_response(now.assigned);
    }
    return draft.answer(call.call, std::move(response));
}

// ---- time ----

GroupDecision ConsumerGroupProtocol::on_timeout(const ConsumerGroup& group, const Moment& at,
                                                const MetadataImage& image) const {
    ASSERT(group.next_deadline() <= at.now, "nothing of {} is due", group.id());
    ConsumerDraft draft(group, options_, image, at, bugs_);
    const auto [timer, member_id] = group.next_timer();
    if (timer == ConsumerGroup::Timer::expressions) {
        draft.resolve_expressions();
        return draft.take("");
    }
    draft.expel(member_id);
    return draft.take(std::string(reason_for(timer)));
}

GroupDecision ConsumerGroupProtocol::on_loaded(const ConsumerGroup& group, const Moment& at) const {
    static const MetadataImage nothing;
    ConsumerDraft draft(group, options_, nothing, at, bugs_);
    for (const auto& [id, member] : group.members()) {
        draft.renew_session(id);
        if (member.current.state == MemberState::unrevoked_partitions && !member.is_classic()) {
            draft.start_timer(id, ConsumerDraft::Timer::rebalance,
                              Duration(member.metadata.rebalance_timeout));
        }
    }
    return draft.take("");
}

}  // namespace squall::model
