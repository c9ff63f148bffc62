#include "model/client/consumer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "sim/kernel/simulation.h"

namespace squall::model {
namespace {

PositionReason reason_of(PositionSource source) {
    switch (source) {
        case PositionSource::committed:
            return PositionReason::committed;
        case PositionSource::earliest:
            return PositionReason::reset_earliest;
        case PositionSource::latest:
            return PositionReason::reset_latest;
        case PositionSource::truncation:
            return PositionReason::truncation;
    }
    UNREACHABLE("source {}", static_cast<int>(source));
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

}  // namespace

Consumer::Consumer(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                   ConsumerOptions options, const BugSet* bugs)
    : node_(node),
      options_(std::move(options)),
      bugs_(bugs),
      cluster_(node, fabric, std::move(bootstrap), options_.client, [this] { on_metadata(); }),
      group_(node, options_, cluster_, subscription_, bugs, [this] { on_group_news(); }),
      positions_(options_, bugs),
      fetcher_(options_, bugs),
      auto_commit_(options_.enable_auto_commit && !options_.group_id.empty(),
                   options_.auto_commit_interval),
      progress_(node),
      commits_({.node = node,
                .options = options_,
                .cluster = cluster_,
                .group = group_,
                .subscription = subscription_,
                .auto_commit = auto_commit_,
                .drive = [this] { drive(); },
                .tell_progress = [this] { progress_.open(); },
                .await_progress = [this](LocalTime deadline) { await_progress(deadline); },
                .take_wakeup = [this] { return std::exchange(is_woken_, false); }}) {
    ASSERT(!options_.problem(), "consumer {}: {}", options_.client.client_id,
           options_.problem().value_or(""));
    node_.emit(ConsumerConfigured{
        .client_id = options_.client.client_id,
        .group = options_.group_id,
        .enable_auto_commit = auto_commit_.is_enabled(),
        .read_committed = options_.isolation_level == IsolationLevel::read_committed,
        .auto_offset_reset = options_.auto_offset_reset,
        .group_protocol = options_.group_protocol,
        .assignors = joined(options_.partition_assignment_strategy)});
    auto_commit_.start(node_.now());
    if (has_group()) group_.start();
}

// ---- what to read ----

void Consumer::subscribe(std::vector<std::string> topics, RebalanceCallbacks callbacks) {
    ASSERT(has_group(), "consumer {}: subscribe without group.id", options_.client.client_id);
    ASSERT(!is_closed_, "consumer {} is closed", options_.client.client_id);
    callbacks_ = std::move(callbacks);
    pattern_.reset();
    group_.modern().subscribe_to_pattern("");
    for (const std::string& topic : topics) cluster_.track(topic);
    if (subscription_.subscribe({topics.begin(), topics.end()})) membership().request_rejoin();
}

void Consumer::subscribe(TopicPattern pattern, RebalanceCallbacks callbacks) {
    ASSERT(has_group(), "consumer {}: subscribe without group.id", options_.client.client_id);
    ASSERT(!is_closed_, "consumer {} is closed", options_.client.client_id);
    callbacks_ = std::move(callbacks);
    pattern_ = std::move(pattern);
    group_.modern().subscribe_to_pattern("");
    cluster_.track_all();
    subscription_.subscribe({});
    match_pattern();
}

void Consumer::subscribe_to_pattern(std::string pattern, RebalanceCallbacks callbacks) {
    ASSERT(has_group(), "consumer {}: subscribe without group.id", options_.client.client_id);
    ASSERT(group_.is_modern(), "consumer {}: no coordinator matches under the classic protocol",
           options_.client.client_id);
    ASSERT(!is_closed_, "consumer {} is closed", options_.client.client_id);
    callbacks_ = std::move(callbacks);
    pattern_.reset();
    // The coordinator names partitions by the ids of topics, of which any may come.
    cluster_.track_all();
    subscription_.subscribe({});
    group_.modern().subscribe_to_pattern(std::move(pattern));
}

// Whether other topics match by now.
bool Consumer::match_pattern() {
    if (!pattern_ || !is_member()) return false;
    if (!subscription_.subscribe(pattern_->matching(cluster_.metadata()))) return false;
    membership().request_rejoin();
    return true;
}

void Consumer::assign(std::vector<TopicPartition> partitions) {
    ASSERT(!is_closed_, "consumer {} is closed", options_.client.client_id);
    // What was read of the partitions that go is committed before they do.
    if (auto_commit_.is_due(node_.now())) auto_commit();
    for (const TopicPartition& partition : partitions) cluster_.track(partition.topic);
    subscription_.assign_from_user(partitions);
    owner_ = {};
    tell_assignment(AssignmentChange::assigned, subscription_.assignment());
}

void Consumer::unsubscribe() {
    if (is_member()) {
        give_up_partitions();
        group_.leave("the consumer unsubscribed", options_.client.request_timeout);
        if (group_.is_modern()) {
            group_.modern().subscribe({});
            group_.modern().subscribe_to_pattern("");
            if (group_.modern().must_give_up()) group_.modern().gave_up();
        }
    }
    pattern_.reset();
    subscription_.unsubscribe();
    fetcher_.buffer().clear();
}

// ---- polling ----

Error Consumer::failure() {
    const std::string& why = membership().fatal();
    if (!std::exchange(has_told_failure_, true)) {
        node_.emit(ConsumerFailed{
            .client_id = options_.client.client_id, .group = options_.group_id, .why = why});
    }
    return {Failure::invalid_input, why};
}

Result<std::vector<ConsumerRecord>> Consumer::poll(Duration timeout) {
    ASSERT(!is_closed_, "consumer {} is closed", options_.client.client_id);
    ASSERT(subscription_.type() != SubscriptionState::Type::none,
           "consumer {}: nothing is subscribed or assigned", options_.client.client_id);
    const LocalTime deadline = node_.now() + timeout;
    membership().polled(node_.now());
    group_.wake();
    while (true) {
        if (const auto woken = take_wakeup()) return *woken;
        commits_.run_callbacks();
        if (is_member()) {
            if (has_failed()) return failure();
            rebalance(deadline);
        }
        is_joining_allowed_ = true;
        drive();
        is_joining_allowed_ = false;
        // Before anything is handed out: the positions are those of earlier polls.
        const bool is_commit_due = auto_commit_.is_due(node_.now());
        const bool is_commit_late = is_commit_due && AutoCommit::takes_running_poll(bugs_);
        if (is_commit_due && !is_commit_late) auto_commit();
        if (problem_) {
            return Error{Failure::invalid_input, *std::exchange(problem_, std::nullopt)};
        }
        std::vector<ConsumerRecord> records = collect();
        if (is_commit_late) auto_commit();
        if (!records.empty()) {
            // The next fetch is under way while the application works.
            drive_fetches();
            return records;
        }
        if (node_.now() >= deadline) return records;
        await_progress(deadline);
    }
}

std::vector<ConsumerRecord> Consumer::collect() {
    std::vector<ConsumerRecord> records;
    auto handouts = fetcher_.buffer().collect(subscription_,
                                              static_cast<std::size_t>(options_.max_poll_records));
    for (FetchBuffer::Handout& handout : handouts) {
        RecordsPolled polled{.client_id = options_.client.client_id,
                             .group = options_.group_id,
                             .member_id = owner_.member_id,
                             .generation = owner_.generation,
                             .partition = handout.partition,
                             .position = handout.before.offset,
                             .next_position = handout.after.offset,
                             .records = {}};
        for (ConsumerRecord& record : handout.records) {
            polled.records.push_back(
                {.offset = record.offset,
                 .record = record.id,
                 .key = record.key ? std::string(as_text(*record.key)) : std::string()});
            records.push_back(std::move(record));
        }
        node_.emit(polled);
    }
    return records;
}

LocalTime Consumer::next_change(LocalTime deadline) {
    const LocalTime now = node_.now();
    LocalTime next = deadline;
    const auto at = [&](LocalTime time) {
        if (time > now) next = std::min(next, time);
    };
    at(auto_commit_.due());
    at(positions_.committed_not_before());
    if (has_group()) at(membership().next_change(now));
    for (const TopicPartition& partition : subscription_.assignment()) {
        at(subscription_.not_before(partition));
    }
    return next;
}

void Consumer::await_progress(LocalTime deadline) {
    progress_.wait_until(next_change(deadline));
    progress_.close();
}

// ---- rebalances, as the application sees them ----

void Consumer::tell_assignment(AssignmentChange change,
                               const std::vector<TopicPartition>& partitions) {
    node_.emit(AssignmentChanged{.client_id = options_.client.client_id,
                                 .group = is_member() ? options_.group_id : std::string(),
                                 .member_id = owner_.member_id,
                                 .generation = owner_.generation,
                                 .change = change,
                                 .partitions = partitions});
}

void Consumer::rebalance(LocalTime deadline) {
    if (group_.is_modern()) return reconcile(deadline);
    Membership& member = group_.classic();
    if (const std::optional<Bytes> assignment = member.take_assignment()) {
        complete_rebalance(*assignment);
    }
    if (member.needs_preparation()) prepare_rebalance(deadline);
}

// Before a join: eagerly everything is given up; cooperatively what is not wanted any more.
void Consumer::prepare_rebalance(LocalTime deadline) {
    const bool is_lost = group_.classic().has_lost_partitions();
    if (is_lost && group_.plan().is_cooperative() && !subscription_.assignment().empty() &&
        !gives_up_what_it_lost(bugs_)) {
        return group_.classic().prepared();
    }
    std::vector<TopicPartition> leaving = subscription_.assignment();
    if (!is_lost && group_.plan().is_cooperative()) {
        std::erase_if(leaving, [&](const TopicPartition& partition) {
            return subscription_.topics().contains(partition.topic);
        });
    }
    if (!is_lost && !leaving.empty()) {
        subscription_.mark_pending_revocation(leaving);
        commit_before_revocation(deadline);
    } else if (!is_lost && auto_commit_.is_enabled() && !subscription_.all_consumed().empty()) {
        auto_commit();
    }
    // It may have been forgotten while it committed.
    const bool has_lost_all = group_.classic().has_lost_partitions();
    give_up(has_lost_all ? subscription_.assignment() : leaving, has_lost_all);
    group_.classic().prepared();
}

// Nothing more is handed out of what goes while the last positions are on their way (KAFKA-14196).
// The group waits for this member, and heartbeats go on.
void Consumer::commit_before_revocation(LocalTime deadline) {
    if (!auto_commit_.is_enabled()) return;
    const LocalTime limit = std::max(deadline, node_.now() + options_.client.request_timeout);
    commits_.commit_until(subscription_.all_consumed(), true, limit);
}

// Runs the callback of revoked or lost, and forgets the partitions.
void Consumer::give_up(const std::vector<TopicPartition>& partitions, bool is_lost) {
    if (partitions.empty()) return;
    const auto& callback = is_lost && callbacks_.lost ? callbacks_.lost : callbacks_.revoked;
    if (callback) callback(partitions);
    tell_assignment(is_lost ? AssignmentChange::lost : AssignmentChange::revoked, partitions);
    subscription_.revoke(partitions);
    fetcher_.buffer().drop(partitions);
}

void Consumer::give_up_partitions() {
    give_up(subscription_.assignment(), membership().has_lost_partitions());
}

// The partitions are `assigned` from now on; the application is told of those that are new to it.
void Consumer::take_over(const std::vector<TopicPartition>& assigned,
                         const std::vector<TopicPartition>& added) {
    owner_ = membership().identity();
    subscription_.assign_from_group(assigned);
    auto_commit_.start(node_.now());
    tell_assignment(AssignmentChange::assigned, added);
    if (callbacks_.assigned) callbacks_.assigned(added);
}

void Consumer::complete_rebalance(const Bytes& assignment) {
    Membership& member = group_.classic();
    const Result<Assignment> decoded = decode_assignment(ByteView(assignment));
    if (!decoded) {
        problem_ = to_string(decoded.error());
        return;
    }
    group_.plan().assigned(decoded->partitions, member.identity().generation);
    const AssignmentDiff diff = assignment_diff(subscription_.assignment(), decoded->partitions);
    if (!diff.revoked.empty()) {
        ASSERT(group_.plan().is_cooperative(), "consumer {} joined with partitions in hand",
               options_.client.client_id);
        give_up(diff.revoked, false);
        // They are free now: the next round gives them to their new owners.
        member.request_rejoin();
    }
    take_over(decoded->partitions, diff.added);
    // The application may have subscribed to something else meanwhile.
    if (is_member() && group_.plan().joined_topics() != subscription_.topics()) {
        member.request_rejoin();
    }
}

// The consumer protocol: what goes, goes first; then the coordinator is told.
void Consumer::reconcile(LocalTime deadline) {
    ConsumerMembership& member = group_.modern();
    owner_ = member.has_joined() ? member.identity() : owner_;
    if (member.must_give_up()) {
        give_up(subscription_.assignment(), true);
        member.gave_up();
        return;
    }
    if (!member.must_reconcile()) return;
    const TopicIdPartitions target = member.target();
    const auto assigned = by_name(target, cluster_.metadata());
    if (!assigned) {
        cluster_.refresh();
        return;
    }
    const AssignmentDiff diff = assignment_diff(subscription_.assignment(), *assigned);
    if (diff.revoked.empty() && !member.may_take()) return;
    if (!diff.revoked.empty()) {
        subscription_.mark_pending_revocation(diff.revoked);
        commit_before_revocation(deadline);
        // Fenced while it committed: everything is lost, not this alone.
        if (!member.has_joined()) return;
        give_up(diff.revoked, false);
    }
    if (!member.has_joined()) return;
    if (member.target() == target && member.may_take()) {
        take_over(*assigned, diff.added);
        if (!member.has_joined()) return;
    }
    member.reconciled(by_topic_id(subscription_.assignment(), cluster_.metadata()));
}

// ---- what needs no waiting ----

void Consumer::drive() {
    if (is_closed_) return;
    const bool needs_coordinator =
        is_member() || commits_.has_waiting() ||
        (has_group() && !subscription_.in_state(SubscriptionState::State::initializing).empty());
    if (needs_coordinator) group_.find_coordinator();
    group_.drive(is_joining_allowed_);
    commits_.send_waiting();
    drive_positions();
    drive_fetches();
}

void Consumer::on_group_news() {
    progress_.open();
    drive();
}

void Consumer::on_metadata() {
    match_pattern();
    group_.on_metadata();
    progress_.open();
    drive();
}

// ---- positions ----

void Consumer::tell_position(const TopicPartition& partition, FetchPosition position,
                             PositionReason reason, ResetCause cause) {
    node_.emit(PositionSet{.client_id = options_.client.client_id,
                           .group = options_.group_id,
                           .partition = partition,
                           .offset = position.offset,
                           .reason = reason,
                           .cause = cause});
}

void Consumer::take(const PositionLookup::Reaction& reaction) {
    for (const PositionLookup::Found& found : reaction.found) {
        tell_position(found.partition, found.position, reason_of(found.source), found.cause);
    }
    if (reaction.refresh_metadata) cluster_.refresh();
    if (reaction.lose_coordinator) membership().lose_coordinator();
    if (reaction.problem) problem_ = reaction.problem;
}

void Consumer::drive_positions() {
    bool refresh = false;
    if (!has_group()) take(positions_.skip_group(subscription_));
    if (Channel* const channel = has_group() ? group_.coordinator() : nullptr) {
        const auto asked = positions_.begin_committed(subscription_, node_.now());
        if (!asked.empty()) {
            const bool has_epoch = group_.is_modern() && group_.modern().has_joined();
            channel->send_then(
                committed_request(options_.group_id, asked, cluster_.metadata(),
                                  options_.isolation_level == IsolationLevel::read_committed,
                                  has_epoch ? &identity() : nullptr),
                [this, asked,
                 version = subscription_.assignment_version()](Result<OffsetFetchResponse> answer) {
                    take(positions_.on_committed(asked, version, answer, subscription_,
                                                 cluster_.metadata(), node_.now()));
                    progress_.open();
                    drive();
                });
        }
    }
    for (PositionLookup::EndsAsk& ask :
         positions_.begin_ends(subscription_, cluster_.metadata(), node_.now(), refresh)) {
        cluster_.channel(ask.leader)
            ->send_then(std::move(ask.request), [this, leader = ask.leader, asked = ask.asked](
                                                    Result<ListOffsetsResponse> answer) {
                take(positions_.on_ends(leader, asked, answer, subscription_, node_.now()));
                progress_.open();
                drive();
            });
    }
    positions_.meet_leaders(subscription_, cluster_.metadata());
    for (PositionLookup::EpochsAsk& ask :
         positions_.begin_epochs(subscription_, cluster_.metadata(), node_.now(), refresh)) {
        cluster_.channel(ask.leader)
            ->send_then(ask.request, [this, ask](Result<OffsetForLeaderEpochResponse> answer) {
                take(positions_.on_epochs(ask, answer, subscription_, node_.now()));
                progress_.open();
                drive();
            });
    }
    if (refresh) cluster_.refresh();
}

void Consumer::set_reset(const std::vector<TopicPartition>& partitions, OffsetReset where,
                         ResetCause cause) {
    for (const TopicPartition& partition :
         partitions.empty() ? subscription_.assignment() : partitions) {
        subscription_.request_reset(partition, where, cause);
    }
}

Result<Offset> Consumer::position(const TopicPartition& partition) {
    const LocalTime deadline = node_.now() + options_.default_api_timeout;
    while (true) {
        if (const auto woken = take_wakeup()) return *woken;
        if (const auto known = subscription_.position(partition)) return known->offset;
        drive();
        if (problem_) {
            return Error{Failure::invalid_input, *std::exchange(problem_, std::nullopt)};
        }
        if (node_.now() >= deadline) {
            return Error{Failure::timed_out, to_string(partition) + ": no position in time"};
        }
        await_progress(deadline);
    }
}

std::optional<std::int64_t> Consumer::lag(const TopicPartition& partition) const {
    const auto position = subscription_.position(partition);
    const auto end = fetcher_.log_end(partition);
    if (!position || !end) return std::nullopt;
    return std::max<std::int64_t>(0, *end - position->offset);
}

void Consumer::wakeup() {
    is_woken_ = true;
    progress_.open();
}

std::optional<Error> Consumer::take_wakeup() {
    if (!std::exchange(is_woken_, false)) return std::nullopt;
    return Error{Failure::closed, options_.client.client_id + " was woken up"};
}

void Consumer::seek(const TopicPartition& partition, Offset offset) {
    subscription_.seek(partition, {.offset = offset});
    tell_position(partition, {.offset = offset}, PositionReason::seek);
}

void Consumer::seek_to_beginning(const std::vector<TopicPartition>& partitions) {
    set_reset(partitions, OffsetReset::earliest, ResetCause::asked);
}

void Consumer::seek_to_end(const std::vector<TopicPartition>& partitions) {
    set_reset(partitions, OffsetReset::latest, ResetCause::asked);
}

void Consumer::pause(const std::vector<TopicPartition>& partitions) {
    for (const TopicPartition& partition : partitions) subscription_.pause(partition, true);
}

void Consumer::resume(const std::vector<TopicPartition>& partitions) {
    for (const TopicPartition& partition : partitions) subscription_.pause(partition, false);
}

// ---- fetching ----

void Consumer::drive_fetches() {
    Fetcher::Plan plan = fetcher_.plan(subscription_, cluster_.metadata(), node_.now());
    if (plan.refresh_metadata) cluster_.refresh();
    const auto react = [this](const Fetcher::Reaction& reaction) {
        if (reaction.refresh_metadata) cluster_.refresh();
        if (reaction.problem) problem_ = reaction.problem;
        progress_.open();
        drive();
    };
    for (auto& [broker, request] : plan.requests) {
        Channel* const channel = cluster_.channel(broker);
        if (channel == nullptr) {
            fetcher_.on_failure(broker, subscription_, node_.now());
            cluster_.refresh();
            continue;
        }
        channel->send_then(
            std::move(request), [this, from = broker, react](Result<FetchResponse> answer) {
                react(answer ? fetcher_.on_answer(from, *answer, subscription_, cluster_.metadata(),
                                                  node_.now())
                             : fetcher_.on_failure(from, subscription_, node_.now()));
            });
    }
}

// ---- committing ----

Positions Consumer::without_epochs(const std::map<TopicPartition, Offset>& offsets) {
    Positions positions;
    for (const auto& [partition, offset] : offsets) {
        positions[partition] = {.offset = offset, .offset_epoch = no_leader_epoch};
    }
    return positions;
}

void Consumer::commit_async(CommitCallback callback) {
    commits_.start(subscription_.all_consumed(), false, std::move(callback));
}

void Consumer::commit_async(const std::map<TopicPartition, Offset>& offsets,
                            CommitCallback callback) {
    commits_.start(without_epochs(offsets), false, std::move(callback));
}

CommitResult Consumer::commit_sync() {
    return commits_.commit_until(subscription_.all_consumed(), false,
                                 node_.now() + options_.default_api_timeout);
}

CommitResult Consumer::commit_sync(const std::map<TopicPartition, Offset>& offsets) {
    return commits_.commit_until(without_epochs(offsets), false,
                                 node_.now() + options_.default_api_timeout);
}

void Consumer::auto_commit() {
    Positions offsets = subscription_.all_consumed();
    auto_commit_.began(node_.now());
    if (offsets.empty()) return;
    commits_.start(std::move(offsets), true, {});
}

Result<std::optional<Offset>> Consumer::committed(const TopicPartition& partition) {
    ASSERT(has_group(), "consumer {}: committed() without group.id", options_.client.client_id);
    const LocalTime deadline = node_.now() + options_.default_api_timeout;
    cluster_.track(partition.topic);
    ErrorCode error = ErrorCode::none;
    while (node_.now() < deadline) {
        if (const auto woken = take_wakeup()) return *woken;
        group_.find_coordinator();
        Channel* const channel = group_.coordinator();
        if (channel == nullptr) {
            await_progress(std::min(deadline, node_.now() + options_.client.retry_backoff));
            continue;
        }
        const Result<OffsetFetchResponse> response = channel->call(
            committed_request(options_.group_id, {partition}, cluster_.metadata(),
                              options_.isolation_level == IsolationLevel::read_committed));
        CommittedAnswer answer{.error = ErrorCode::network_exception, .committed = {}};
        if (response) answer = read_committed(*response, options_.group_id, cluster_.metadata());
        error = answer.error;
        if (error == ErrorCode::none) {
            const auto found = answer.committed.find(partition);
            if (found == answer.committed.end()) return std::optional<Offset>();
            return std::optional<Offset>(found->second.offset);
        }
        if (!is_retriable(error)) {
            return Error{Failure::invalid_input, std::string(to_string(error))};
        }
        if (!response || refreshes_coordinator(error)) membership().lose_coordinator();
        node_.sleep_for(options_.client.retry_backoff);
    }
    return Error{Failure::timed_out, fmt::format("{}: {}", partition, to_string(error))};
}

// ---- the end ----

void Consumer::close(Duration timeout) {
    if (is_closed_) return;
    const LocalTime deadline = node_.now() + timeout;
    const bool may_commit = has_group() && auto_commit_.is_enabled() &&
                            !subscription_.all_consumed().empty() &&
                            !(is_member() && membership().has_lost_partitions());
    if (may_commit) {
        commits_.commit_until(subscription_.all_consumed(), true, deadline);
    } else if (has_group()) {
        commits_.commit_until({}, false,
                              deadline);  // asynchronous commits under way come to their end
    }
    if (is_member()) {
        give_up_partitions();
        group_.leave(
            "the consumer is being closed",
            std::chrono::duration_cast<std::chrono::milliseconds>(std::min<Duration>(
                options_.client.request_timeout, std::max(deadline - node_.now(), Duration(1ms)))));
    }
    group_.stop();
    is_closed_ = true;
    cluster_.stop();
}

}  // namespace squall::model
