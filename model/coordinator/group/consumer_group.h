// ConsumerGroup: one group of the consumer protocol (KIP-848), on its coordinator. A copyable
// value: the fold of its records, and beside it the timers of its members, which are not in the
// log.
//
// Three epochs. The *group epoch* grows whenever something happens that may ask for another
// assignment: a member comes, goes, subscribes to something else, or a topic changes. The *target
// epoch* is the group epoch for which the target assignment was made. A *member's epoch* is the
// target epoch that the member has been brought to (member_reconciliation.h).
//
//   Empty        no members
//   Assigning    the target is older than the group: the next heartbeat makes a new one
//   Reconciling  some member is not yet where the target wants it
//   Stable       all are
//
// A member subscribes to topics by name, by a regular expression, or both. What an expression
// stands for is part of the group's records: the coordinator looks it up now and then, and members
// have what was found last.
//
// Members may speak the classic protocol: what they said then is kept with them, and the group can
// become a classic one (group_migration.h).
//
// A static member that left for a while (epoch -2) keeps its place and its partitions until its
// session ends. What follows from requests and timeouts is decided in consumer_group_protocol.h.
// Source: org.apache.kafka.coordinator.group.modern.consumer.ConsumerGroup.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/coordinator/group/consumer_records.h"
#include "model/coordinator/group/group_change.h"
#include "sim/base/time.h"

namespace squall::model {

inline constexpr std::int32_t joining_member_epoch = 0;
inline constexpr std::int32_t leaving_member_epoch = -1;
inline constexpr std::int32_t static_leaving_member_epoch = -2;

enum class ConsumerGroupState : std::uint8_t { empty, assigning, reconciling, stable };
// Kafka's words: "Reconciling".
std::string_view to_string(ConsumerGroupState state);

struct ConsumerMember {
    ConsumerMemberMetadata metadata;
    CurrentAssignment current;

    bool is_static() const { return metadata.instance_id.has_value(); }
    // It speaks the classic protocol (classic_member_protocol.h).
    bool is_classic() const { return metadata.classic.has_value(); }
    // It will be back (KIP-345).
    bool is_away() const { return current.member_epoch == static_leaving_member_epoch; }
    bool holds(const IdPartition& partition) const {
        return current.assigned.contains(partition) ||
               current.pending_revocation.contains(partition);
    }

    bool operator==(const ConsumerMember&) const = default;
};

class ConsumerGroup {
  public:
    explicit ConsumerGroup(std::string group_id) : group_id_(std::move(group_id)) {}

    // ---- what mutates ----

    void apply(const ConsumerGroupRecord& record);
    void apply(const group_change::ConsumerTimerSet& change);

    // ---- what can be asked ----

    const std::string& id() const { return group_id_; }
    ConsumerGroupState state() const;
    std::int32_t epoch() const { return epoch_; }
    std::int64_t metadata_hash() const { return metadata_hash_; }
    std::int32_t target_epoch() const { return target_epoch_; }
    // What the target gives to a member.
    const IdPartitions& target_of(const std::string& member_id) const;
    // Nothing is known of it, not even its epoch: its records are gone.
    bool is_gone() const { return is_gone_; }

    const std::map<std::string, ConsumerMember>& members() const { return members_; }
    // Null where there is no such member.
    const ConsumerMember* find_member(const std::string& member_id) const;
    // Requires: is a member.
    const ConsumerMember& member(const std::string& member_id) const;
    // The member id behind an instance id.
    const std::string* find_static_member(const std::string& instance_id) const;
    bool is_held_by_another(const IdPartition& partition, const std::string& member_id) const;
    std::set<std::string> subscribed_topics() const;
    // What one member subscribes to, as far as its expression is resolved.
    std::set<std::string> topics_of(const ConsumerMember& member) const;
    // The expressions that members subscribe to, and those of which the topics are known.
    std::set<std::string> subscribed_expressions() const;
    const std::map<std::string, ResolvedExpression>& resolved_expressions() const {
        return resolved_;
    }
    // The assignor that most members prefer; nullopt: nobody has a preference.
    std::optional<std::string> preferred_assignor() const;

    // Every partition of the member's target that it does not hold is in nobody's hands.
    bool is_target_free_for(const std::string& member_id) const;
    // One of these is supported by every member that speaks the classic protocol.
    bool supports_classic(const std::vector<JoinGroupRequest::Protocol>& protocols) const;

    using Timer = group_change::ConsumerTimerSet::Timer;
    // max(): no timer.
    LocalTime deadline(Timer timer, const std::string& member_id) const;
    LocalTime next_deadline() const;
    // Whose timer is due first, and which. Requires: next_deadline() is not max().
    std::pair<Timer, std::string> next_timer() const;

    // No partition in two hands; epochs in order; who is static is known by one id.
    void check_invariants() const;

    // The folds of the records are equal, whatever the timers.
    bool has_same_records_as(const ConsumerGroup& other) const;

  private:
    void on(const ConsumerStateRecord<ConsumerGroupEpoch>& record);
    void on(const ConsumerStateRecord<ConsumerMemberMetadata>& record);
    void on(const ConsumerStateRecord<TargetAssignmentEpoch>& record);
    void on(const ConsumerStateRecord<TargetAssignment>& record);
    void on(const ConsumerStateRecord<CurrentAssignment>& record);
    void on(const ConsumerStateRecord<ResolvedExpression>& record);

    std::string group_id_;
    bool is_gone_ = false;
    std::int32_t epoch_ = 0;
    std::int64_t metadata_hash_ = 0;
    std::int32_t target_epoch_ = 0;
    std::map<std::string, ConsumerMember> members_;
    std::map<std::string, IdPartitions> target_;
    std::map<std::string, ResolvedExpression> resolved_;  // by expression
    std::map<std::pair<std::string, Timer>, LocalTime> deadlines_;
};

}  // namespace squall::model
