#include "model/client/consumer/commit_host.h"

#include <algorithm>
#include <utility>

#include "model/client/request_end.h"
#include "sim/base/assert.h"

namespace squall::model {

CommitHost::CommitPtr CommitHost::begin(Positions offsets, bool is_automatic,
                                        CommitCallback callback) {
    ASSERT(!consumer_.options.group_id.empty(), "consumer {}: commit without group.id",
           consumer_.options.client.client_id);
    auto commit = std::make_shared<Commit>();
    commit->operation = consumer_.cluster.next_operation();
    commit->offsets = std::move(offsets);
    commit->is_automatic = is_automatic;
    commit->callback = std::move(callback);
    if (is_member()) commit->identity = membership().identity();
    CommitInvoked invoked{.operation = commit->operation,
                          .client_id = consumer_.options.client.client_id,
                          .group = consumer_.options.group_id,
                          .member_id = commit->identity.member_id,
                          .generation = commit->identity.generation,
                          .automatic = is_automatic,
                          .offsets = {}};
    for (const auto& [partition, position] : commit->offsets) {
        invoked.offsets.push_back({.partition = partition, .offset = position.offset});
    }
    consumer_.node.emit(invoked);
    return commit;
}

// One attempt. Requires: the coordinator is known, or the commit fails for good.
void CommitHost::send(const CommitPtr& commit) {
    commit->is_answered = false;
    if (is_member()) {
        const ErrorCode refusal = membership().may_commit();
        if (refusal != ErrorCode::none) {
            commit->error = refusal;
            commit->is_answered = true;
            if (commit->is_async) give_up(*commit, std::string(to_string(commit->error)));
            return;
        }
        // The member epoch moves on under a commit that is tried again; its partitions are the
        // member's own as long as it was not fenced in between (KIP-848).
        if (consumer_.group.is_modern()) commit->identity = membership().identity();
    }
    Channel* const channel = consumer_.group.coordinator();
    ASSERT(channel != nullptr, "consumer {}: commits to nobody",
           consumer_.options.client.client_id);
    channel->send_then(
        commit_request(consumer_.options.group_id, commit->identity, membership().instance_id(),
                       commit->offsets, consumer_.cluster.metadata()),
        [this, commit](Result<OffsetCommitResponse> answer) {
            end_attempt(*commit, answer);
            consumer_.tell_progress();
        });
}

void CommitHost::end_attempt(Commit& commit, const Result<OffsetCommitResponse>& answer) {
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
            membership().lose_coordinator();
        }
        if (commit.error == ErrorCode::request_timed_out) membership().lose_coordinator();
        membership().on_commit_error(commit.error, commit.identity);
    } else {
        commit.error = ErrorCode::network_exception;
        text = to_string(answer.error().failure);
        if (!was_never_sent(answer.error().failure)) commit.may_be_committed = true;
        membership().lose_coordinator();
    }
    if (commit.error == ErrorCode::none) return finish(commit, Outcome::ok, "");
    if (commit.is_async) {
        if (commit.is_automatic && is_retriable(commit.error)) {
            consumer_.auto_commit.failed_for_now(consumer_.node.now(),
                                                 consumer_.options.client.retry_backoff);
        }
        give_up(commit, std::move(text));
    }
}

void CommitHost::finish(Commit& commit, Outcome outcome, std::string error) {
    ASSERT(!commit.result, "commit {} completes twice", commit.operation);
    commit.result = CommitResult{.outcome = outcome, .error = error};
    consumer_.node.emit(CommitCompleted{
        .operation = commit.operation, .outcome = outcome, .error = std::move(error)});
}

CommitResult CommitHost::give_up(Commit& commit, std::string why) {
    finish(commit, commit.may_be_committed ? Outcome::unknown : Outcome::failed, std::move(why));
    return *commit.result;
}

void CommitHost::send_waiting() {
    if (!membership().coordinator()) return;
    for (const CommitPtr& commit : std::exchange(unsent_, {})) send(commit);
}

void CommitHost::start(Positions offsets, bool is_automatic, CommitCallback callback) {
    CommitPtr commit = begin(std::move(offsets), is_automatic, std::move(callback));
    commit->is_async = true;
    async_.push_back(commit);
    unsent_.push_back(commit);
    consumer_.drive();
}

void CommitHost::run_callbacks() {
    // A callback may commit again: take them one by one.
    while (!async_.empty() && async_.front()->result) {
        const CommitPtr commit = async_.front();
        async_.pop_front();
        if (commit->callback) commit->callback(*commit->result);
    }
}

CommitResult CommitHost::commit_until(Positions offsets, bool is_automatic, LocalTime deadline) {
    // What was committed asynchronously before must not come after.
    const auto is_pending = [](const CommitPtr& commit) { return !commit->result.has_value(); };
    while (std::ranges::any_of(async_, is_pending) && consumer_.node.now() < deadline) {
        consumer_.drive();
        if (std::ranges::any_of(async_, is_pending)) consumer_.await_progress(deadline);
    }
    run_callbacks();
    if (offsets.empty()) return {.outcome = Outcome::ok, .error = ""};

    const CommitPtr commit = begin(std::move(offsets), is_automatic, {});
    std::uint32_t failures = 0;
    while (true) {
        while (!membership().coordinator()) {
            if (!membership().fatal().empty()) return give_up(*commit, membership().fatal());
            if (consumer_.node.now() >= deadline) return give_up(*commit, "timed_out");
            consumer_.group.find_coordinator();
            consumer_.await_progress(deadline);
            if (consumer_.take_wakeup()) return give_up(*commit, "woken_up");
        }
        send(commit);
        while (!commit->is_answered) {
            if (consumer_.node.now() >= deadline) {
                // Its answer may still come, and finds the commit completed.
                commit->may_be_committed = true;
                return give_up(*commit, "timed_out");
            }
            consumer_.await_progress(deadline);
            if (!commit->is_answered && consumer_.take_wakeup()) {
                commit->may_be_committed = true;
                return give_up(*commit, "woken_up");
            }
        }
        if (commit->result) return *commit->result;
        const bool has_newer_epoch = commit->error == ErrorCode::stale_member_epoch &&
                                     commit->identity != membership().identity() &&
                                     membership().may_commit() == ErrorCode::none;
        if (!is_retriable(commit->error) && !has_newer_epoch)
            return give_up(*commit, std::string(to_string(commit->error)));
        ++failures;
        const Duration backoff = consumer_.options.client.backoff().delay(
            failures, consumer_.cluster.draws("commit backoff"));
        consumer_.node.sleep_until(std::min(deadline, consumer_.node.now() + backoff));
    }
}

}  // namespace squall::model
