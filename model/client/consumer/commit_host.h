// CommitHost: a consumer's commits: which are under way, what each came to, and in which order the
// application hears of it.
//
// A synchronous commit is tried again until it worked, cannot work, or its time ran out; an
// asynchronous one is sent once, as soon as the coordinator is known. Asynchronous ones end before
// a later synchronous one begins, and their callbacks keep the order of the commits. A member
// commits only while it is one: otherwise the commit is refused before it is sent. An answer that
// never came leaves the outcome unknown.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "model/client/cluster_host.h"
#include "model/client/consumer/auto_commit.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/group_host.h"
#include "model/client/consumer/offset_requests.h"
#include "model/client/consumer/subscription_state.h"
#include "model/events/client_events.h"
#include "sim/kernel/node.h"

namespace squall::model {

struct CommitResult {
    Outcome outcome = Outcome::unknown;
    std::string error;  // "" for ok; else the error code, "timed_out", "closed", ...

    bool ok() const { return outcome == Outcome::ok; }
};

// Run inside a later poll() or commit, in the order of the commits.
using CommitCallback = std::function<void(const CommitResult&)>;

class CommitHost {
  public:
    // What it needs of its consumer; all of it outlives this.
    struct Consumer {
        sim::Node& node;
        const ConsumerOptions& options;
        ClusterHost& cluster;
        GroupHost& group;
        const SubscriptionState& subscription;
        AutoCommit& auto_commit;
        std::function<void()> drive;                    // sends whatever is due
        std::function<void()> tell_progress;            // somebody may wait for what happened
        std::function<void(LocalTime)> await_progress;  // parks until then, or the deadline
        std::function<bool()> take_wakeup;              // the application wants its call to end
    };
    explicit CommitHost(Consumer consumer) : consumer_(std::move(consumer)) {}
    CommitHost(const CommitHost&) = delete;
    CommitHost& operator=(const CommitHost&) = delete;

    // Commits once, without waiting.
    void start(Positions offsets, bool is_automatic, CommitCallback callback);
    // Sends what waits for the coordinator, if it is known by now.
    void send_waiting();
    bool has_waiting() const { return !unsent_.empty(); }
    // Callbacks of commits that have ended, in order.
    void run_callbacks();
    // Commits, after all asynchronous ones under way; nothing more than these where there are no
    // offsets. May park until `deadline`; runs callbacks.
    CommitResult commit_until(Positions offsets, bool is_automatic, LocalTime deadline);

  private:
    struct Commit {
        OperationId operation;
        Positions offsets;
        GroupIdentity identity;
        bool is_automatic = false;
        bool may_be_committed = false;  // some attempt ended without a definite no
        CommitCallback callback;
        std::optional<CommitResult> result;
        ErrorCode error = ErrorCode::none;  // of the last attempt
        bool is_answered = false;           // the last attempt has ended
        bool is_async = false;
    };
    using CommitPtr = std::shared_ptr<Commit>;

    bool is_member() const {
        return consumer_.subscription.type() == SubscriptionState::Type::topics;
    }
    GroupMembership& membership() { return consumer_.group.membership(); }
    CommitPtr begin(Positions offsets, bool is_automatic, CommitCallback callback);
    void send(const CommitPtr& commit);
    void end_attempt(Commit& commit, const Result<OffsetCommitResponse>& answer);
    void finish(Commit& commit, Outcome outcome, std::string error);
    // Nobody waits for its answer any more, or none can come.
    CommitResult give_up(Commit& commit, std::string why);

    Consumer consumer_;
    std::deque<CommitPtr> unsent_;  // asynchronous ones that wait for the coordinator
    std::deque<CommitPtr> async_;   // in order, until their callbacks ran
};

}  // namespace squall::model
