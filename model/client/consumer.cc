#include "model/client/consumer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/assignors/consumer_protocol.h"
#include "model/client/request_end.h"
#include "sim/kernel/simulation.h"

namespace squall::model {

Consumer::Consumer(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                   ConsumerOptions options, const BugSet* bugs)
    : node_(node),
      options_(std::move(options)),
      bugs_(bugs),
      cluster_(node, fabric, std::move(bootstrap), options_.client, [this] { on_metadata(); }),
      membership_(options_),
      fetcher_(options_, bugs),
      auto_commit_(options_.enable_auto_commit && !options_.group_id.empty(),
                   options_.auto_commit_interval),
      progress_(node),
      heartbeat_alarm_(node) {
    ASSERT(!options_.problem(), "consumer {}: {}", options_.client.client_id,
           options_.problem().value_or(""));
    node_.emit(ConsumerConfigured{
        .client_id = options_.client.client_id,
        .group = options_.group_id,
        .enable_auto_commit = auto_commit_.is_enabled(),
        .read_committed = options_.isolation_level == IsolationLevel::read_committed,
        .auto_offset_reset = options_.auto_offset_reset});
    auto_commit_.start(node_.now());
    if (has_group()) {
        node_.spawn(fmt::format("{}/heartbeat", options_.client.client_id),
                    [this] { run_heartbeat(); });
    }
}

// ---- what to read ----

void Consumer::subscribe(std::vector<std::string> topics, RebalanceCallbacks callbacks) {
    ASSERT(has_group(), "consumer {}: subscribe without group.id", options_.client.client_id);
    ASSERT(!is_closed_, "consumer {} is closed", options_.client.client_id);
    callbacks_ = std::move(callbacks);
    for (const std::string& topic : topics) cluster_.track(topic);
    if (subscription_.subscribe({topics.begin(), topics.end()})) membership_.request_rejoin();
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
        if (const auto request = membership_.leave("the consumer unsubscribed")) {
            // Whether it arrives or not: the session will end by itself.
            if (Channel* const channel = coordinator_channel()) {
                static_cast<void>(channel->call(*request));
            }
        }
    }
    subscription_.unsubscribe();
    fetcher_.buffer().clear();
}

// ---- polling ----

Result<std::vector<ConsumerRecord>> Consumer::poll(Duration timeout) {
    ASSERT(!is_closed_, "consumer {} is closed", options_.client.client_id);
    ASSERT(subscription_.type() != SubscriptionState::Type::none,
           "consumer {}: nothing is subscribed or assigned", options_.client.client_id);
    const LocalTime deadline = node_.now() + timeout;
    membership_.polled(node_.now());
    heartbeat_alarm_.open();
    while (true) {
        run_commit_callbacks();
        if (is_member()) {
            if (!membership_.fatal().empty()) {
                return Error{Failure::invalid_input, membership_.fatal()};
            }
            if (std::optional<Bytes> assignment = membership_.take_assignment()) {
                complete_rebalance(*assignment);
            }
            if (membership_.needs_preparation()) prepare_rebalance(deadline);
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
    at(committed_not_before_);
    if (has_group()) at(membership_.next_change(now));
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

// Eager: everything is given up before the member joins again.
void Consumer::prepare_rebalance(LocalTime deadline) {
    const std::vector<TopicPartition> owned = subscription_.assignment();
    if (!owned.empty() && !membership_.has_lost_partitions()) {
        // Nothing more is handed out while the last positions are on their way (KAFKA-14196). The
        // rebalance waits for this member, and heartbeats go on.
        subscription_.mark_pending_revocation();
        if (auto_commit_.is_enabled()) {
            const LocalTime limit =
                std::max(deadline, node_.now() + options_.client.request_timeout);
            commit_until(subscription_.all_consumed(), true, limit);
        }
    }
    give_up_partitions();
    membership_.prepared();
}

// Runs the callback of revoked or lost, and forgets the partitions.
void Consumer::give_up_partitions() {
    const std::vector<TopicPartition> owned = subscription_.assignment();
    if (owned.empty()) return;
    const bool is_lost = membership_.has_lost_partitions();
    const auto& callback = is_lost && callbacks_.lost ? callbacks_.lost : callbacks_.revoked;
    if (callback) callback(owned);
    tell_assignment(is_lost ? AssignmentChange::lost : AssignmentChange::revoked, owned);
    subscription_.revoke_all();
    fetcher_.buffer().clear();
}

void Consumer::complete_rebalance(const Bytes& assignment) {
    const Result<Assignment> decoded = decode_assignment(ByteView(assignment));
    if (!decoded) {
        problem_ = to_string(decoded.error());
        return;
    }
    owner_ = membership_.identity();
    subscription_.assign_from_group(decoded->partitions);
    auto_commit_.start(node_.now());
    tell_assignment(AssignmentChange::assigned, subscription_.assignment());
    if (callbacks_.assigned) callbacks_.assigned(subscription_.assignment());
    // The application may have subscribed to something else meanwhile.
    if (is_member() && joined_topics_ != subscription_.topics()) membership_.request_rejoin();
}

// ---- what needs no waiting ----

void Consumer::drive() {
    if (is_closed_) return;
    const bool needs_coordinator =
        is_member() || !unsent_commits_.empty() ||
        (has_group() && !subscription_.in_state(SubscriptionState::State::initializing).empty());
    if (needs_coordinator) find_coordinator();
    if (is_member()) {
        if (is_joining_allowed_) drive_join();
        drive_sync();
        drive_heartbeat();
    }
    if (membership_.coordinator()) {
        for (const CommitPtr& commit : std::exchange(unsent_commits_, {})) send_commit(commit);
    }
    drive_positions();
    drive_fetches();
}

Channel* Consumer::coordinator_channel() {
    const std::optional<CoordinatorAddress>& coordinator = membership_.coordinator();
    if (!coordinator) return nullptr;
    // A connection of its own: a JoinGroup may wait for minutes, and fetches must not wait with it.
    return cluster_.channel(coordinator->host, coordinator->port, "coordinator");
}

void Consumer::find_coordinator() {
    if (!membership_.may_find(node_.now())) return;
    cluster_.any_channel().send_then(
        membership_.begin_find(), [this](Result<FindCoordinatorResponse> answer) {
            membership_.on_found(answer, node_.now(), cluster_.draws("coordinator backoff"));
            progress_.open();
            heartbeat_alarm_.open();
            drive();
        });
}

void Consumer::drive_join() {
    if (!membership_.may_join(node_.now())) return;
    Channel* const channel = coordinator_channel();
    if (channel == nullptr) return membership_.lose_coordinator();
    joined_topics_ = subscription_.topics();
    const Subscription mine{.topics = {joined_topics_.begin(), joined_topics_.end()},
                            .user_data = std::nullopt,
                            .owned_partitions = {},
                            .generation_id = membership_.identity().generation,
                            .rack_id = std::nullopt};
    std::vector<JoinGroupRequest::Protocol> protocols;
    for (const std::string& name : options_.partition_assignment_strategy) {
        protocols.push_back({.name = name, .metadata = encode_subscription(mine)});
    }
    // The answer comes when the whole group has joined: wait a little longer than that may take.
    const auto patience =
        std::max(options_.client.request_timeout, options_.max_poll_interval + 5000ms);
    channel->send_then(
        membership_.begin_join(std::move(protocols)),
        [this](Result<JoinGroupResponse> answer) {
            membership_.on_joined(answer, node_.now(), cluster_.draws("join backoff"));
            progress_.open();
            heartbeat_alarm_.open();
            drive();
        },
        patience);
}

void Consumer::drive_sync() {
    if (!membership_.must_sync()) return;
    Channel* const channel = coordinator_channel();
    if (channel == nullptr) return;
    std::map<std::string, Bytes> assignments;
    if (membership_.is_leader()) {
        auto assigned = assign_group();
        if (!assigned) return;  // metadata is on its way
        assignments = std::move(*assigned);
    } else {
        assigned_counts_.clear();
    }
    channel->send_then(
        membership_.begin_sync(std::move(assignments)), [this](Result<SyncGroupResponse> answer) {
            membership_.on_synced(answer, node_.now(), cluster_.draws("join backoff"));
            progress_.open();
            heartbeat_alarm_.open();
            drive();
        });
}

// What the leader of the group decides; nullopt while a topic's metadata has not been answered.
std::optional<std::map<std::string, Bytes>> Consumer::assign_group() {
    std::vector<SubscribedMember> members;
    std::set<std::string> topics;
    for (const JoinGroupResponse::Member& member : membership_.members()) {
        Result<Subscription> subscription = decode_subscription(ByteView(member.metadata));
        // A member whose words make no sense gets nothing, and does not stop the others.
        if (!subscription) subscription = Subscription{};
        topics.insert(subscription->topics.begin(), subscription->topics.end());
        members.push_back({.member_id = member.member_id,
                           .group_instance_id = member.group_instance_id,
                           .subscription = std::move(subscription).value()});
    }
    PartitionCounts counts;
    for (const std::string& topic : topics) {
        cluster_.track(topic);
        if (const auto count = cluster_.metadata().partition_count(topic)) {
            counts[topic] = *count;
        } else if (!cluster_.metadata().is_answered(topic)) {
            return std::nullopt;
        }
    }
    const PartitionAssignor* const assignor = find_assignor(membership_.protocol());
    ASSERT(assignor != nullptr, "group {}: the coordinator chose '{}', which nobody offered",
           options_.group_id, membership_.protocol());
    std::map<std::string, Bytes> encoded;
    for (const auto& [member, assignment] : assignor->assign(counts, members)) {
        encoded[member] = encode_assignment(assignment);
    }
    assigned_counts_ = counts;
    return encoded;
}

// Metadata changed: partitions that the group's leader did not deal out call for a rebalance.
void Consumer::on_metadata() {
    for (const auto& [topic, count] : assigned_counts_) {
        const auto now_there = cluster_.metadata().partition_count(topic);
        if (now_there && *now_there != count) membership_.request_rejoin();
    }
    for (const std::string& topic : joined_topics_) {
        if (!assigned_counts_.empty() && !assigned_counts_.contains(topic) &&
            cluster_.metadata().partition_count(topic)) {
            membership_.request_rejoin();
        }
    }
    progress_.open();
    drive();
}

void Consumer::drive_heartbeat() {
    const LocalTime now = node_.now();
    membership_.check_session(now);
    if (!membership_.may_heartbeat(now)) return;
    Channel* const channel = coordinator_channel();
    if (channel == nullptr) return membership_.lose_coordinator();
    channel->send_then(membership_.begin_heartbeat(now),
                       [this, as = membership_.identity()](Result<HeartbeatResponse> answer) {
                           membership_.on_heartbeat(answer, as, node_.now());
                           progress_.open();
                           heartbeat_alarm_.open();
                       });
}

// Keeps the membership alive while the application works, and gives it up when it works too long.
void Consumer::run_heartbeat() {
    while (!is_closed_) {
        heartbeat_alarm_.close();
        if (is_member()) {
            if (membership_.is_poll_late(node_.now())) {
                if (const auto request = membership_.leave("max.poll.interval.ms passed")) {
                    if (Channel* const channel = coordinator_channel()) {
                        channel->send_then(*request, [](Result<LeaveGroupResponse>) {});
                    }
                }
                progress_.open();
            }
            drive();
        }
        const LocalTime next =
            is_member() ? membership_.next_change(node_.now()) : LocalTime::max();
        heartbeat_alarm_.wait_until(next);
    }
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

void Consumer::drive_positions() {
    const LocalTime now = node_.now();
    const auto initializing = subscription_.in_state(SubscriptionState::State::initializing);
    if (!initializing.empty()) {
        if (has_group()) {
            look_up_committed(initializing);
        } else if (const auto policy = reset_policy(options_)) {
            set_reset(initializing, *policy, ResetCause::no_commit);
        } else {
            problem_ = fmt::format("{}: no offset to start from, and auto.offset.reset is none",
                                   initializing.front());
        }
    }
    std::vector<TopicPartition> awaiting;
    for (const auto& partition : subscription_.in_state(SubscriptionState::State::awaiting_reset)) {
        if (now >= subscription_.not_before(partition)) awaiting.push_back(partition);
    }
    if (!awaiting.empty()) look_up_ends(awaiting);
}

void Consumer::look_up_committed(const std::vector<TopicPartition>& partitions) {
    Channel* const channel = coordinator_channel();
    if (channel == nullptr || committed_in_flight_ || node_.now() < committed_not_before_) return;
    committed_in_flight_ = true;
    channel->send_then(
        committed_request(options_.group_id, partitions, cluster_.metadata(),
                          options_.isolation_level == IsolationLevel::read_committed),
        [this, partitions,
         version = subscription_.assignment_version()](Result<OffsetFetchResponse> response) {
            committed_in_flight_ = false;
            progress_.open();
            CommittedAnswer answer{.error = ErrorCode::network_exception, .committed = {}};
            if (response) {
                answer = read_committed(*response, options_.group_id, cluster_.metadata());
            }
            if (!response || refreshes_coordinator(answer.error)) membership_.lose_coordinator();
            if (answer.error != ErrorCode::none) {
                committed_not_before_ = node_.now() + options_.client.retry_backoff;
                if (!is_retriable(answer.error)) problem_ = to_string(answer.error);
                return;
            }
            // For another assignment: its partitions ask for themselves.
            if (version != subscription_.assignment_version()) return drive();
            for (const TopicPartition& partition : partitions) {
                const auto found = answer.committed.find(partition);
                if (found != answer.committed.end()) {
                    if (subscription_.position_from_committed(partition, found->second)) {
                        tell_position(partition, found->second, PositionReason::committed);
                    }
                } else if (subscription_.state(partition) ==
                           SubscriptionState::State::initializing) {
                    if (const auto policy = reset_policy(options_)) {
                        subscription_.request_reset(partition, *policy, ResetCause::no_commit);
                    } else {
                        committed_not_before_ = node_.now() + options_.client.retry_backoff;
                        problem_ = fmt::format(
                            "{}: nothing is committed, and auto.offset.reset is none", partition);
                    }
                }
            }
            drive();
        });
}

void Consumer::look_up_ends(const std::vector<TopicPartition>& partitions) {
    std::map<BrokerId, std::map<TopicPartition, TimestampMs>> by_leader;
    std::map<BrokerId, std::map<TopicPartition, OffsetReset>> wanted;
    for (const TopicPartition& partition : partitions) {
        const BrokerId leader = cluster_.metadata().leader(partition);
        if (leader == no_broker) {
            cluster_.refresh();
            continue;
        }
        if (ends_in_flight_.contains(leader)) continue;
        const OffsetReset where = *subscription_.pending_reset(partition);
        by_leader[leader][partition] = timestamp_of(where);
        wanted[leader][partition] = where;
    }
    for (const auto& [leader, timestamps] : by_leader) {
        Channel* const channel = cluster_.channel(leader);
        if (channel == nullptr) {
            cluster_.refresh();
            continue;
        }
        ends_in_flight_.insert(leader);
        channel->send_then(
            list_offsets_request(timestamps, cluster_.metadata(), options_.isolation_level,
                                 options_.client.request_timeout),
            [this, broker = leader, asked = wanted[leader]](Result<ListOffsetsResponse> response) {
                ends_in_flight_.erase(broker);
                progress_.open();
                std::map<TopicPartition, ListedOffset> offsets;
                if (response) offsets = read_offsets(*response);
                bool refresh = !response;
                for (const auto& [partition, where] : asked) {
                    if (!subscription_.is_assigned(partition)) continue;
                    const auto found = offsets.find(partition);
                    if (found != offsets.end() && found->second.error == ErrorCode::none) {
                        if (subscription_.position_from_reset(partition, where,
                                                              found->second.position)) {
                            tell_position(partition, found->second.position,
                                          where == OffsetReset::earliest
                                              ? PositionReason::reset_earliest
                                              : PositionReason::reset_latest,
                                          subscription_.reset_cause(partition));
                        }
                        continue;
                    }
                    subscription_.back_off(partition, node_.now() + options_.client.retry_backoff);
                    refresh = true;
                    if (found != offsets.end() && !is_retriable(found->second.error)) {
                        problem_ = fmt::format("{}: {}", partition, to_string(found->second.error));
                    }
                }
                if (refresh) cluster_.refresh();
                drive();
            });
    }
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

Consumer::CommitPtr Consumer::begin_commit(Positions offsets, bool is_automatic,
                                           CommitCallback callback) {
    ASSERT(has_group(), "consumer {}: commit without group.id", options_.client.client_id);
    auto commit = std::make_shared<Commit>();
    commit->operation = cluster_.next_operation();
    commit->offsets = std::move(offsets);
    commit->is_automatic = is_automatic;
    commit->callback = std::move(callback);
    if (is_member()) commit->identity = membership_.identity();
    CommitInvoked invoked{.operation = commit->operation,
                          .client_id = options_.client.client_id,
                          .group = options_.group_id,
                          .member_id = commit->identity.member_id,
                          .generation = commit->identity.generation,
                          .automatic = is_automatic,
                          .offsets = {}};
    for (const auto& [partition, position] : commit->offsets) {
        invoked.offsets.push_back({.partition = partition, .offset = position.offset});
    }
    node_.emit(invoked);
    return commit;
}

// One attempt. Requires: the coordinator is known, or the commit fails for good.
void Consumer::send_commit(const CommitPtr& commit) {
    commit->is_answered = false;
    if (is_member()) {
        // Only a member of a running generation may commit: the partitions are its own.
        if (membership_.state() != Membership::State::stable) {
            commit->error = membership_.has_lost_partitions() ? ErrorCode::unknown_member_id
                                                              : ErrorCode::rebalance_in_progress;
            commit->is_answered = true;
            if (commit->is_async) {
                finish_commit(*commit,
                              commit->may_be_committed ? Outcome::unknown : Outcome::failed,
                              std::string(to_string(commit->error)));
            }
            return;
        }
    }
    Channel* const channel = coordinator_channel();
    ASSERT(channel != nullptr, "consumer {}: commits to nobody", options_.client.client_id);
    channel->send_then(
        commit_request(options_.group_id, commit->identity, membership_.instance_id(),
                       commit->offsets, cluster_.metadata()),
        [this, commit](Result<OffsetCommitResponse> answer) {
            end_commit_attempt(*commit, answer);
            progress_.open();
        });
}

void Consumer::end_commit_attempt(Commit& commit, const Result<OffsetCommitResponse>& answer) {
    if (commit.result) return;  // too late: it was given up
    commit.is_answered = true;
    std::string text;
    if (answer) {
        commit.error = commit_error(*answer);
        text = to_string(commit.error);
        if (commit.error != ErrorCode::none && !proves_not_committed(commit.error)) {
            commit.may_be_committed = true;
        }
        if (refreshes_coordinator(commit.error) &&
            commit.error != ErrorCode::coordinator_load_in_progress) {
            membership_.lose_coordinator();
        }
        if (commit.error == ErrorCode::request_timed_out) membership_.lose_coordinator();
        membership_.on_commit_error(commit.error, commit.identity);
    } else {
        commit.error = ErrorCode::network_exception;
        text = to_string(answer.error().failure);
        if (!was_never_sent(answer.error().failure)) commit.may_be_committed = true;
        membership_.lose_coordinator();
    }
    if (commit.error == ErrorCode::none) return finish_commit(commit, Outcome::ok, "");
    if (commit.is_async) {
        if (commit.is_automatic && is_retriable(commit.error)) {
            auto_commit_.failed_for_now(node_.now(), options_.client.retry_backoff);
        }
        finish_commit(commit, commit.may_be_committed ? Outcome::unknown : Outcome::failed,
                      std::move(text));
    }
}

void Consumer::finish_commit(Commit& commit, Outcome outcome, std::string error) {
    ASSERT(!commit.result, "commit {} completes twice", commit.operation);
    commit.result = CommitResult{.outcome = outcome, .error = error};
    node_.emit(CommitCompleted{
        .operation = commit.operation, .outcome = outcome, .error = std::move(error)});
}

void Consumer::commit_async(CommitCallback callback) {
    start_commit(subscription_.all_consumed(), false, std::move(callback));
}

void Consumer::commit_async(const std::map<TopicPartition, Offset>& offsets,
                            CommitCallback callback) {
    start_commit(without_epochs(offsets), false, std::move(callback));
}

void Consumer::start_commit(Positions offsets, bool is_automatic, CommitCallback callback) {
    CommitPtr commit = begin_commit(std::move(offsets), is_automatic, std::move(callback));
    commit->is_async = true;
    async_commits_.push_back(commit);
    unsent_commits_.push_back(commit);
    drive();
}

void Consumer::run_commit_callbacks() {
    // A callback may commit again: take them one by one.
    while (!async_commits_.empty() && async_commits_.front()->result) {
        const CommitPtr commit = async_commits_.front();
        async_commits_.pop_front();
        if (commit->callback) commit->callback(*commit->result);
    }
}

CommitResult Consumer::commit_sync() {
    return commit_until(subscription_.all_consumed(), false,
                        node_.now() + options_.default_api_timeout);
}

CommitResult Consumer::commit_sync(const std::map<TopicPartition, Offset>& offsets) {
    return commit_until(without_epochs(offsets), false, node_.now() + options_.default_api_timeout);
}

CommitResult Consumer::commit_until(Positions offsets, bool is_automatic, LocalTime deadline) {
    // What was committed asynchronously before must not come after.
    const auto is_pending = [](const CommitPtr& commit) { return !commit->result.has_value(); };
    while (std::ranges::any_of(async_commits_, is_pending) && node_.now() < deadline) {
        drive();
        if (std::ranges::any_of(async_commits_, is_pending)) await_progress(deadline);
    }
    run_commit_callbacks();
    if (offsets.empty()) return {.outcome = Outcome::ok, .error = ""};

    const CommitPtr commit = begin_commit(std::move(offsets), is_automatic, {});
    const auto give_up = [&](std::string why) {
        finish_commit(*commit, commit->may_be_committed ? Outcome::unknown : Outcome::failed,
                      std::move(why));
        return *commit->result;
    };
    std::uint32_t failures = 0;
    while (true) {
        while (!membership_.coordinator()) {
            if (!membership_.fatal().empty()) return give_up(membership_.fatal());
            if (node_.now() >= deadline) return give_up("timed_out");
            find_coordinator();
            await_progress(deadline);
        }
        send_commit(commit);
        while (!commit->is_answered) {
            if (node_.now() >= deadline) {
                // Its answer may still come, and finds the commit completed.
                commit->may_be_committed = true;
                return give_up("timed_out");
            }
            await_progress(deadline);
        }
        if (commit->result) return *commit->result;
        if (!is_retriable(commit->error)) return give_up(std::string(to_string(commit->error)));
        ++failures;
        const Duration backoff =
            options_.client.backoff().delay(failures, cluster_.draws("commit backoff"));
        node_.sleep_until(std::min(deadline, node_.now() + backoff));
    }
}

void Consumer::auto_commit() {
    Positions offsets = subscription_.all_consumed();
    auto_commit_.began(node_.now());
    if (offsets.empty()) return;
    start_commit(std::move(offsets), true, {});
}

Result<std::optional<Offset>> Consumer::committed(const TopicPartition& partition) {
    ASSERT(has_group(), "consumer {}: committed() without group.id", options_.client.client_id);
    const LocalTime deadline = node_.now() + options_.default_api_timeout;
    cluster_.track(partition.topic);
    ErrorCode error = ErrorCode::none;
    while (node_.now() < deadline) {
        find_coordinator();
        Channel* const channel = coordinator_channel();
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
        if (!response || refreshes_coordinator(error)) membership_.lose_coordinator();
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
                            !(is_member() && membership_.has_lost_partitions());
    if (may_commit) {
        commit_until(subscription_.all_consumed(), true, deadline);
    } else if (has_group()) {
        commit_until({}, false, deadline);  // asynchronous commits under way come to their end
    }
    if (is_member()) {
        give_up_partitions();
        Channel* const channel = coordinator_channel();
        const auto request = membership_.leave("the consumer is being closed");
        if (request && channel != nullptr) {
            const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(
                std::min<Duration>(options_.client.request_timeout,
                                   std::max(deadline - node_.now(), Duration(1ms))));
            // Whether it arrives or not: the session will end by itself.
            static_cast<void>(channel->call(*request, patience));
        }
    }
    membership_.shut_down();
    is_closed_ = true;
    cluster_.stop();
    heartbeat_alarm_.open();
}

}  // namespace squall::model
