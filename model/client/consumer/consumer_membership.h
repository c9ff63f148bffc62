// ConsumerMembership: the client's side of the consumer group protocol (KIP-848), as a state
// machine without IO. Everything goes through one request, ConsumerGroupHeartbeat.
//
//   unsubscribed --a subscription-----------------> joining
//   joining      --heartbeat with epoch 0 answered-> reconciling, or stable (nothing assigned yet)
//   stable       --another target assignment-------> reconciling
//   reconciling  --the application has the target--> acknowledging
//   acknowledging --the heartbeat that says so-----> stable
//   joined       --UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH--> fenced
//   joined       --max.poll.interval.ms, unsubscribe--> left (heartbeat with epoch -1; -2: static)
//   fenced, left --the application has given up its partitions--> joining
//
// The coordinator names the target; the member gives up first what is not in it, then takes what
// is new, and says what it owns: until then nobody else gets what it gave up. Heartbeats are sent
// at the interval that the broker sets, and at once when there is something to say. They carry only
// what changed since the last one that was answered; all of it after one that was not.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/consumer/group_membership.h"
#include "model/client/metadata_cache.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"

namespace squall::model {

// Sorted by topic id, partitions ascending.
using TopicIdPartitions = std::vector<ConsumerGroupHeartbeatRequest::TopicPartitions>;
// Partitions of topics whose id is not known are left out.
TopicIdPartitions by_topic_id(const std::vector<TopicPartition>& partitions,
                              const MetadataCache& metadata);
// Sorted; nullopt while some topic's name is not known.
std::optional<std::vector<TopicPartition>> by_name(const TopicIdPartitions& partitions,
                                                   const MetadataCache& metadata);

class ConsumerMembership final : public GroupMembership {
  public:
    enum class State { unsubscribed, joining, stable, reconciling, acknowledging, fenced, left };

    // `member_id`: chosen by the client, for its whole life (KIP-1082).
    ConsumerMembership(const ConsumerOptions& options, std::string member_id);

    State state() const { return state_; }

    // ---- what the application does ----

    // To be called when the topics of the subscription have changed.
    void subscribe(std::set<std::string> topics);
    // And to what the coordinator finds to match. "": to nothing but the topics.
    void subscribe_to_pattern(std::string pattern);
    void request_rejoin() override {}
    // The target to bring about: what is owned shall be this.
    bool must_reconcile() const { return state_ == State::reconciling; }
    const TopicIdPartitions& target() const { return target_; }
    // Partitions are given up at any time, but taken only while no heartbeat is under way that
    // names what is owned: a coordinator with a newer target would take the names for all there is,
    // and give the others to somebody else.
    bool may_take() const { return !(in_flight_ && telling_.owned != told_.owned); }
    // The application owns `owned` by now. It was the target when it began; there may be another.
    void reconciled(TopicIdPartitions owned);
    // Fenced or left: what was owned is lost or given up, and the application knows.
    bool must_give_up() const { return state_ == State::fenced || state_ == State::left; }
    // Joins again, if there is still something subscribed to.
    void gave_up();

    // ---- heartbeats ----

    bool may_heartbeat(LocalTime now) const;
    // Requires: may_heartbeat.
    ConsumerGroupHeartbeatRequest begin_heartbeat(LocalTime now);
    // `sent_as`: the identity that the heartbeat carried.
    void on_heartbeat(const Result<ConsumerGroupHeartbeatResponse>& answer,
                      const GroupIdentity& sent_as, LocalTime now, Draws& jitter);
    // The last words; nullopt: nothing to leave. Forgets the epoch.
    std::optional<ConsumerGroupHeartbeatRequest> leave();

    bool has_joined() const override;
    bool has_lost_partitions() const override { return state_ == State::fenced; }
    ErrorCode may_commit() const override;
    void on_commit_error(ErrorCode error, const GroupIdentity& sent_as) override;
    LocalTime next_change(LocalTime now) const override;

  private:
    bool is_subscribed() const { return !topics_.empty() || !pattern_.value_or("").empty(); }
    void be_fenced();
    void join();

    std::string rack_;
    std::string assignor_;
    State state_ = State::unsubscribed;
    std::set<std::string> topics_;
    std::optional<std::string> pattern_;  // nullopt: there was never one
    TopicIdPartitions target_;
    TopicIdPartitions owned_;
    bool has_target_ = false;  // given since it joined

    // What the coordinator has heard of, for sure.
    struct Told {
        std::optional<std::set<std::string>> topics;
        std::optional<std::string> pattern;
        std::optional<TopicIdPartitions> owned;
        bool all = false;
    };
    Told told_;     // by answered heartbeats
    Told telling_;  // with the one in flight
    bool in_flight_ = false;
    bool is_urgent_ = false;  // something to say before the interval is over
    std::chrono::milliseconds interval_{0};
    LocalTime sent_at_;
    LocalTime not_before_;
    std::uint32_t failures_ = 0;
};

}  // namespace squall::model
