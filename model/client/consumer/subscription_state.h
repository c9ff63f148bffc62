// SubscriptionState: which topics a consumer wants, which partitions it has, and where it stands in
// each.
//
// The position is the next offset to hand to the application; it moves when records are handed
// over, not when they are fetched. Each assigned partition is in one of four states:
//
//   initializing        no position: the committed offset is to be looked up
//   awaiting_reset      no position: the log's first or last offset is to be looked up
//   awaiting_validation has a position, of which a new leader must say whether its log holds it
//   fetching            has a position
//
//   initializing   --committed offset-------------> fetching
//   initializing   --none committed, policy-------> awaiting_reset
//   any            --seek-------------------------> fetching
//   any            --seek_to_beginning / end------> awaiting_reset
//   fetching       --offset out of range, policy--> awaiting_reset
//   fetching       --another leader epoch---------> awaiting_validation
//   awaiting_validation --the log holds it--------> fetching
//   awaiting_validation --the log was truncated---> fetching, from where it diverges
//   awaiting_reset --offset found-----------------> fetching
//
// Only a partition that is fetching, not paused and not about to be revoked is fetchable
// (KAFKA-14196): nothing is handed out of the others. Topics are subscribed to by name or by a
// pattern; the topics that match one are found by whoever has the metadata. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/protocol/reset_cause.h"
#include "model/protocol/types.h"
#include "sim/base/time.h"

namespace squall::model {

enum class OffsetReset : std::uint8_t { earliest, latest };

struct FetchPosition {
    Offset offset;                               // the next to hand out
    LeaderEpoch offset_epoch = no_leader_epoch;  // of the record before it, if known

    bool operator==(const FetchPosition&) const = default;
};

// ---- the rule; it could be broken ----

// A position that followed a record of `offset_epoch` must be checked against the log of a leader
// of an epoch that it was not checked against before: that log may have lost the record, and may
// have another one in its place (KIP-320). Where the record's epoch is not known there is nothing
// to check. `bugs` may be null.
bool must_validate(LeaderEpoch offset_epoch, LeaderEpoch checked_epoch, LeaderEpoch leader_epoch,
                   const BugSet* bugs);

class SubscriptionState {
  public:
    enum class Type { none, topics, assigned_by_user };
    enum class State { initializing, awaiting_reset, awaiting_validation, fetching };

    Type type() const { return type_; }

    // ---- what is wanted ----

    // Requires: not assigned by the user. True: the set of topics changed.
    bool subscribe(std::set<std::string> topics);
    // Requires: not subscribed to topics. Partitions that stay keep their position.
    void assign_from_user(const std::vector<TopicPartition>& partitions);
    // The group's decision. Requires: subscribed. Partitions that stay keep their position.
    void assign_from_group(const std::vector<TopicPartition>& partitions);
    // Subscription and assignment are gone.
    void unsubscribe();
    // The assignment is gone, the subscription stays.
    void revoke_all();
    // Some of it is. Requires: assigned.
    void revoke(const std::vector<TopicPartition>& partitions);

    const std::set<std::string>& topics() const { return topics_; }
    std::vector<TopicPartition> assignment() const;
    bool is_assigned(const TopicPartition& partition) const;
    // Grows whenever the assignment changes: what was fetched for an older one is stale.
    std::uint64_t assignment_version() const { return assignment_version_; }

    // ---- positions. Requires, for each: the partition is assigned. ----

    void seek(const TopicPartition& partition, FetchPosition position);
    void request_reset(const TopicPartition& partition, OffsetReset where, ResetCause cause);
    // The committed offset came. Ignored unless still initializing: the application may have
    // sought meanwhile.
    bool position_from_committed(const TopicPartition& partition, FetchPosition position);
    // The log's end came. Ignored unless still waiting for the same one.
    bool position_from_reset(const TopicPartition& partition, OffsetReset where,
                             FetchPosition position);
    // Metadata names a leader of this epoch: the position may have to be validated. Ignored unless
    // fetching. `bugs` may be null.
    void meet_leader(const TopicPartition& partition, LeaderEpoch leader_epoch, const BugSet* bugs);
    // The leader of `leader_epoch` answered for a position that stands as it was `asked` about:
    // its log holds what was read, or (`diverges_at`) holds it only up to there. Ignored otherwise.
    // True: taken.
    bool validated(const TopicPartition& partition, FetchPosition asked, LeaderEpoch leader_epoch,
                   std::optional<FetchPosition> diverges_at);
    // Records up to `next` were handed out. Requires: has a position, not beyond `next`.
    void advance(const TopicPartition& partition, FetchPosition next);

    std::optional<FetchPosition> position(const TopicPartition& partition) const;
    State state(const TopicPartition& partition) const;
    std::optional<OffsetReset> pending_reset(const TopicPartition& partition) const;
    // Of the pending reset, or the last one.
    ResetCause reset_cause(const TopicPartition& partition) const;
    bool has_all_positions() const;

    // ---- fetching ----

    void pause(const TopicPartition& partition, bool paused);
    bool is_paused(const TopicPartition& partition) const;
    // Nothing is handed out of these any more.
    void mark_pending_revocation(const std::vector<TopicPartition>& partitions);
    bool is_fetchable(const TopicPartition& partition) const;
    std::vector<TopicPartition> fetchable() const;
    std::vector<TopicPartition> in_state(State state) const;
    // Nothing is asked about this partition before then.
    void back_off(const TopicPartition& partition, LocalTime until);
    LocalTime not_before(const TopicPartition& partition) const;

    // ---- fetch from follower (KIP-392) ----

    // The leader told to read from this replica instead, until `until`.
    void prefer_replica(const TopicPartition& partition, BrokerId replica, LocalTime until);
    // no_broker: the leader. Also once a partition got another position by anything but reading.
    BrokerId preferred_replica(const TopicPartition& partition, LocalTime now) const;
    // Whether there was one.
    bool forget_preferred_replica(const TopicPartition& partition);

    // ---- committing ----

    // The positions of all partitions that have one: everything handed out so far.
    std::map<TopicPartition, FetchPosition> all_consumed() const;

  private:
    struct Partition {
        State state = State::initializing;
        std::optional<FetchPosition> position;
        LeaderEpoch checked_epoch = no_leader_epoch;  // of the leader whose log holds the position
        std::optional<OffsetReset> reset;
        ResetCause reset_cause = ResetCause::none;
        bool is_paused = false;
        bool is_pending_revocation = false;
        LocalTime not_before;
        BrokerId preferred_replica = no_broker;
        LocalTime preferred_until;
    };

    void assign(const std::vector<TopicPartition>& partitions);
    Partition& require(const TopicPartition& partition);
    const Partition& require(const TopicPartition& partition) const;
    const Partition* find(const TopicPartition& partition) const;

    Type type_ = Type::none;
    std::set<std::string> topics_;
    std::map<TopicPartition, Partition> partitions_;
    std::uint64_t assignment_version_ = 0;
};

}  // namespace squall::model
