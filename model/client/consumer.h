// Consumer: reads partitions, alone or as a member of a group, in plain blocking style.
//
// subscribe() or assign(), then poll() in a loop, from one task. As in Kafka, everything that the
// application can see happens inside poll(): joining a group, rebalance callbacks, automatic
// commits, moves of the position. Fetches, heartbeats and the answers to them go on in between. A
// position moves when poll() returns the records; auto commit takes the positions of earlier polls
// (AutoCommit).
//
// How it gives up and takes partitions depends on the group's protocol:
//   eager        everything is revoked before each rebalance, everything assigned after it
//   cooperative  what stays is kept and read on; what goes is revoked after the rebalance, and one
//                more rebalance gives it to its next owner (KIP-429)
//   consumer     the coordinator names the target; what goes is revoked, what comes is assigned,
//                and nobody else stops for it (KIP-848)
//
// The decisions are those of pure state machines: SubscriptionState, PositionLookup, Fetcher,
// Membership, ConsumerMembership, GroupPlan. GroupHost keeps the membership alive, CommitHost sees
// commits through; here are the application's calls, the requests for records and positions, and
// the trace.
//
// Lives until the process of its node is destroyed, as its channels do: make it a member of the
// node's Process, not a local of a task. When the node stops, calls that wait end with NodeCrashed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/cluster_host.h"
#include "model/client/consumer/auto_commit.h"
#include "model/client/consumer/commit_host.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/consumer_record.h"
#include "model/client/consumer/fetcher.h"
#include "model/client/consumer/group_host.h"
#include "model/client/consumer/offset_requests.h"
#include "model/client/consumer/position_lookup.h"
#include "model/client/consumer/subscription_state.h"
#include "model/client/consumer/topic_pattern.h"
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
    // To all topics that match, also those that come later. The pattern is matched by the client.
    void subscribe(TopicPattern pattern, RebalanceCallbacks callbacks = {});
    // The same, but matched by the coordinator, in RE2's syntax, also against internal topics:
    // Kafka's SubscriptionPattern (KIP-848). poll() tells if the coordinator cannot read it.
    // Requires: group.protocol=consumer.
    void subscribe_to_pattern(std::string pattern, RebalanceCallbacks callbacks = {});
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
    // How far behind the end of the log the position is, as of the last records that were fetched;
    // nullopt while nothing was, or there is no position.
    std::optional<std::int64_t> lag(const TopicPartition& partition) const;

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

    // The call that parks now, or the next one, returns early: poll() and position() with
    // Failure::closed, a commit as if its time had run out. May be called from any task of the
    // node.
    void wakeup();

    // Commits (under auto commit), gives up the partitions, leaves the group, and stops. May park,
    // about as long as `timeout`; runs callbacks. Afterwards only destruction is allowed.
    void close(Duration timeout = std::chrono::seconds(30));

    // Its group will not have it (FENCED_INSTANCE_ID, INVALID_REQUEST, GROUP_ID_NOT_FOUND, ...):
    // every poll() from now on tells of the same error, and only another consumer can go on.
    bool has_failed() const { return is_member() && !group_.membership().fatal().empty(); }

    const ConsumerOptions& options() const { return options_; }
    const GroupIdentity& identity() const { return group_.membership().identity(); }
    // What a producer that commits for this member has to name; the members' own view.
    const std::set<std::string>& subscription() const { return subscription_.topics(); }

  private:
    bool has_group() const { return !options_.group_id.empty(); }
    bool is_member() const { return subscription_.type() == SubscriptionState::Type::topics; }
    GroupMembership& membership() { return group_.membership(); }

    // ---- what needs no waiting: sends whatever is due ----
    void drive();
    void drive_positions();
    void drive_fetches();
    void take(const PositionLookup::Reaction& reaction);
    void on_metadata();
    void on_group_news();
    bool match_pattern();

    // ---- the application's task ----
    // May park.
    void rebalance(LocalTime deadline);
    void prepare_rebalance(LocalTime deadline);
    void complete_rebalance(const Bytes& assignment);
    void reconcile(LocalTime deadline);
    void commit_before_revocation(LocalTime deadline);
    void give_up(const std::vector<TopicPartition>& partitions, bool is_lost);
    void give_up_partitions();
    void tell_assignment(AssignmentChange change, const std::vector<TopicPartition>& partitions);
    void take_over(const std::vector<TopicPartition>& assigned,
                   const std::vector<TopicPartition>& added);
    std::vector<ConsumerRecord> collect();
    LocalTime next_change(LocalTime deadline);
    // Parks until something happened, or the deadline. May park.
    void await_progress(LocalTime deadline);
    // Requires: has_failed().
    Error failure();
    // The error of a call that wakeup() ends.
    std::optional<Error> take_wakeup();
    void set_reset(const std::vector<TopicPartition>& partitions, OffsetReset where,
                   ResetCause cause);
    void tell_position(const TopicPartition& partition, FetchPosition position,
                       PositionReason reason, ResetCause cause = ResetCause::none);

    void auto_commit();
    static Positions without_epochs(const std::map<TopicPartition, Offset>& offsets);

    sim::Node& node_;
    ConsumerOptions options_;
    const BugSet* bugs_;
    ClusterHost cluster_;
    SubscriptionState subscription_;
    std::optional<TopicPattern> pattern_;
    GroupHost group_;
    PositionLookup positions_;
    Fetcher fetcher_;
    AutoCommit auto_commit_;
    RebalanceCallbacks callbacks_;
    sim::Gate progress_;  // something happened that the application's task may care about

    CommitHost commits_;

    GroupIdentity owner_;                 // under which the partitions are owned
    std::optional<std::string> problem_;  // for the next poll
    bool is_joining_allowed_ = false;     // inside poll
    bool has_told_failure_ = false;
    bool is_woken_ = false;
    bool is_closed_ = false;
};

}  // namespace squall::model
