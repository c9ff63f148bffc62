// Consumer: reads partitions, alone or as a member of a classic group, in plain blocking style.
//
// subscribe() or assign(), then poll() in a loop, from one task. As in Kafka, everything that the
// application can see happens inside poll(): joining a group, rebalance callbacks, automatic
// commits, moves of the position. Fetches, heartbeats and the answers to them go on in between. A
// position moves when poll() returns the records; auto commit takes the positions of earlier polls
// (AutoCommit). The decisions are those of the pure Membership, SubscriptionState and Fetcher; here
// are the requests, the waiting and the trace.
//
// The eager protocol only: all partitions are revoked before each rebalance. Positions are not
// validated against leader epochs (KIP-320) yet, and there are no fetch sessions.
//
// Lives until the process of its node is destroyed, as its channels do: make it a member of the
// node's Process, not a local of a task. When the node stops, calls that wait end with NodeCrashed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/cluster_host.h"
#include "model/client/consumer/auto_commit.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/consumer_record.h"
#include "model/client/consumer/fetcher.h"
#include "model/client/consumer/membership.h"
#include "model/client/consumer/offset_requests.h"
#include "model/client/consumer/subscription_state.h"
#include "model/events/client_events.h"
#include "model/rpc/endpoint.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

// Run inside poll(), unsubscribe() and close(), on the application's task; may park, commit, seek.
struct RebalanceCallbacks {
    using Callback = std::function<void(const std::vector<TopicPartition>&)>;
    Callback assigned;
    Callback revoked;
    Callback lost;  // empty: `revoked` is called instead, as in Kafka
};

struct CommitResult {
    Outcome outcome = Outcome::unknown;
    std::string error;  // "" for ok; else the error code, "timed_out", "closed", ...

    bool ok() const { return outcome == Outcome::ok; }
};

// Run inside a later poll() or commit, in the order of the commits.
using CommitCallback = std::function<void(const CommitResult&)>;

class Consumer {
  public:
    // `bootstrap`: names of broker nodes. Spawns its tasks; the constructor may run in a Process's.
    // `bugs` may be null, and outlives the consumer. Requires: options.problem() is nullopt; no
    // other client of this node has the same client.id.
    Consumer(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
             ConsumerOptions options, const BugSet* bugs = nullptr);
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;

    // ---- what to read. Never parks, but for unsubscribe. ----

    // Joins the group at the next poll(). Requires: group.id; nothing assigned by assign().
    void subscribe(std::vector<std::string> topics, RebalanceCallbacks callbacks = {});
    // Requires: not subscribed. Replaces what was assigned before.
    void assign(std::vector<TopicPartition> partitions);
    // Gives up everything, and leaves the group. May park.
    void unsubscribe();
    std::vector<TopicPartition> assignment() const { return subscription_.assignment(); }

    // ---- reading ----

    // Up to max.poll.records records; empty when none came within `timeout`. An error is one that
    // the application must deal with: no offset to start from under auto.offset.reset=none, a
    // corrupt batch, a group that will not have us. May park; runs callbacks.
    Result<std::vector<ConsumerRecord>> poll(Duration timeout);

    // Requires of all below: the partition is assigned.
    // The next offset to be returned; looks it up where it is not known yet. May park.
    Result<Offset> position(const TopicPartition& partition);
    void seek(const TopicPartition& partition, Offset offset);
    // The offset is looked up at the next poll() or position(). Empty: all assigned partitions.
    void seek_to_beginning(const std::vector<TopicPartition>& partitions = {});
    void seek_to_end(const std::vector<TopicPartition>& partitions = {});
    void pause(const std::vector<TopicPartition>& partitions);
    void resume(const std::vector<TopicPartition>& partitions);

    // ---- committing. Requires: group.id. ----

    // Commits the given offsets (the next to read), or everything that was returned so far; again
    // and again, until it worked, cannot work, or default.api.timeout.ms passed. May park; runs
    // commit callbacks.
    CommitResult commit_sync();
    CommitResult commit_sync(const std::map<TopicPartition, Offset>& offsets);
    // The same, once, without waiting.
    void commit_async(CommitCallback callback = {});
    void commit_async(const std::map<TopicPartition, Offset>& offsets,
                      CommitCallback callback = {});
    // What the group committed; nullopt: nothing. May park.
    Result<std::optional<Offset>> committed(const TopicPartition& partition);

    // Commits (under auto commit), gives up the partitions, leaves the group, and stops. May park,
    // about as long as `timeout`; runs callbacks. Afterwards only destruction is allowed.
    void close(Duration timeout = std::chrono::seconds(30));

    const ConsumerOptions& options() const { return options_; }
    const GroupIdentity& identity() const { return membership_.identity(); }

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

    bool has_group() const { return !options_.group_id.empty(); }
    bool is_member() const { return subscription_.type() == SubscriptionState::Type::topics; }

    // ---- what needs no waiting: sends whatever is due ----
    void drive();
    void find_coordinator();
    void drive_join();
    void drive_sync();
    void drive_heartbeat();
    void drive_positions();
    void look_up_committed(const std::vector<TopicPartition>& partitions);
    void look_up_ends(const std::vector<TopicPartition>& partitions);
    void drive_fetches();
    void on_metadata();
    std::optional<std::map<std::string, Bytes>> assign_group();
    Channel* coordinator_channel();

    // ---- the application's task ----
    // May park.
    void prepare_rebalance(LocalTime deadline);
    void complete_rebalance(const Bytes& assignment);
    void give_up_partitions();
    void tell_assignment(AssignmentChange change, const std::vector<TopicPartition>& partitions);
    std::vector<ConsumerRecord> collect();
    LocalTime next_change(LocalTime deadline);
    // Parks until something happened, or the deadline. May park.
    void await_progress(LocalTime deadline);
    void set_reset(const std::vector<TopicPartition>& partitions, OffsetReset where,
                   ResetCause cause);
    void tell_position(const TopicPartition& partition, FetchPosition position,
                       PositionReason reason, ResetCause cause = ResetCause::none);

    CommitPtr begin_commit(Positions offsets, bool is_automatic, CommitCallback callback);
    void send_commit(const CommitPtr& commit);
    void end_commit_attempt(Commit& commit, const Result<OffsetCommitResponse>& answer);
    void finish_commit(Commit& commit, Outcome outcome, std::string error);
    CommitResult commit_until(Positions offsets, bool is_automatic, LocalTime deadline);
    void run_commit_callbacks();
    void auto_commit();
    static Positions without_epochs(const std::map<TopicPartition, Offset>& offsets);
    void start_commit(Positions offsets, bool is_automatic, CommitCallback callback);

    void run_heartbeat();

    sim::Node& node_;
    ConsumerOptions options_;
    const BugSet* bugs_;
    ClusterHost cluster_;
    SubscriptionState subscription_;
    Membership membership_;
    Fetcher fetcher_;
    AutoCommit auto_commit_;
    RebalanceCallbacks callbacks_;
    sim::Gate progress_;         // something happened that the application's task may care about
    sim::Gate heartbeat_alarm_;  // the heartbeat task must look at the time again

    GroupIdentity owner_;                                  // under which the partitions are owned
    std::set<std::string> joined_topics_;                  // the subscription that the group knows
    std::map<std::string, std::int32_t> assigned_counts_;  // partitions the leader has dealt out
    std::deque<CommitPtr> unsent_commits_;  // asynchronous ones that wait for the coordinator
    std::deque<CommitPtr> async_commits_;   // in order, until their callbacks ran
    bool committed_in_flight_ = false;      // a lookup of committed offsets
    LocalTime committed_not_before_;
    std::set<BrokerId> ends_in_flight_;   // lookups of log ends
    std::optional<std::string> problem_;  // for the next poll
    bool is_joining_allowed_ = false;     // inside poll
    bool is_closed_ = false;
};

}  // namespace squall::model
