// liveness: after the storm, the cluster does not come to itself.
//
//   no-leader        a partition is without a leader for more than leader_bound of calm
//   isr-not-whole    a replica whose broker is up stays outside the in-sync set, though the calm
//                    lasted at least isr_bound
//   group-unsettled  a partition of a topic that a group consumes is nobody's for more than
//                    group_bound of calm, though the group has members; where its owner crashed,
//                    from when the coordinator removed it
//   group-restless   a group with members was not stable for more than group_bound of calm, though
//                    none of its members came, left or crashed meanwhile
//   member-expired   a coordinator took a member for dead by its session timeout after more than
//                    session_bound of calm, though the member runs and had been given its
//                    assignment
//
// (A group may own all it consumes, and still rebalance for ever.)
//
// A member whose coordinator lost power, or its end of their connection, with its JoinGroup on the
// way hears nothing, not even that the connection is gone, and Kafka lets it wait for
// max.poll.interval.ms and 5 s more: what a group with such a member leaves to nobody is left open,
// and it need not be stable.
//
// Time counts from CalmBegan, or from when the lack began, whichever is later, and not before who
// lost a connection without a word has run out of patience (ClusterView). What needs a broker
// that is down at that time is excused: a leader, when every replica that may lead is down. A bound
// still open when the run ends is left open, except for groups that had settled after the calm
// began (at the end clients leave, and others take over). Guarantees: liveness.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"

namespace squall::checkers {

namespace {

constexpr Duration leader_bound = 20s;
constexpr Duration isr_bound = 25s;
constexpr Duration group_bound = 20s;
// A coordinator learns of a crashed member by its session timeout: by default 45 s (KIP-735).
constexpr Duration session_grace = 60s;
// What a member sent over a connection that died in the storm is given up by request.timeout.ms.
constexpr Duration session_bound = 35s;

struct PartitionHealth {
    model::PartitionChanged state;
    sim::EventSequence event{0};
    std::optional<Time> leaderless_since;
    bool is_told = false;  // the lack was objected to
};

struct Owned {
    std::map<std::string, sim::NodeId> owners;  // by client id
    std::optional<Time> vacant_since;
    sim::EventSequence event{0};
    bool by_crash = false;  // its owner's node stopped, and the coordinator does not know yet
    bool is_told = false;
};

struct Join {
    sim::NodeId coordinator;
    sim::ConnectionId connection;
    bool is_stranded = false;  // the coordinator's end is gone since, and the member not told
};

struct GroupHealth {
    std::map<model::TopicPartition, Owned> partitions;
    std::set<std::string> topics;
    std::uint32_t members = 0;
    bool are_members_told = false;
    Time members_changed;
    std::string state;
    std::optional<Time> restless_since;  // neither stable nor empty
    sim::EventSequence restless_event{0};
    sim::NodeId coordinator;  // that told so
    Time disturbed;           // when a member last came or went, or will have been missed
};

// A member that runs and holds an assignment of its group.
struct LiveMember {
    sim::NodeId node;
    sim::EventSequence assigned;
};

class Liveness final : public Checker {
  public:
    explicit Liveness(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "liveness"; }

    using Shown =
        sim::EventOf<model::PartitionChanged, model::ConsumerConfigured, model::AssignmentChanged,
                     model::GroupStateChanged, model::MemberRemoved, model::CoordinatorChanged,
                     model::LogStartAdvanced, sim::FrameSent, sim::ConnectionClosed,
                     sim::NodeStopped, sim::CalmBegan>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (book_.cluster().has_ended()) return;
        if (const auto* changed = event.as<model::PartitionChanged>()) {
            on_partition_changed(*changed, event);
        } else if (const auto* configured = event.as<model::ConsumerConfigured>()) {
            group_of_[event.node] = configured->group;
            if (!configured->group.empty()) groups_[configured->group].disturbed = event.time;
        } else if (const auto* assigned = event.as<model::AssignmentChanged>()) {
            if (!assigned->group.empty()) on_assignment(*assigned, event);
        } else if (const auto* state = event.as<model::GroupStateChanged>()) {
            GroupHealth& group = groups_[state->group];
            if (!group.are_members_told || group.members == 0) group.members_changed = event.time;
            group.members = state->members;
            group.are_members_told = true;
            on_group_state(state->group, group, *state, event);
        } else if (const auto* removed = event.as<model::MemberRemoved>()) {
            judge_expiry(*removed, event.sequence);
            on_member_removed(removed->group, event.time);
        } else if (event.as<model::CoordinatorChanged>()) {
            forget_restlessness(event.node);
        } else if (const auto* moved = event.as<model::LogStartAdvanced>()) {
            if (moved->reason == "topic deleted") partitions_.erase(moved->partition);
        } else if (const auto* sent = event.as<sim::FrameSent>()) {
            on_request(*sent, event.node);
        } else if (const auto* closed = event.as<sim::ConnectionClosed>()) {
            on_closed(closed->connection, event.node);
        } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
            on_node_stopped(event, *stopped);
        } else if (event.as<sim::CalmBegan>()) {
            calm_ = event.time;
            calm_event_ = event.sequence;
        }
    }

    CheckerReport finish() override {
        if (!calm_) return findings_.report();
        for (auto& [name, partition] : partitions_) {
            judge_leader_at_end(name, partition);
            judge_isr(name, partition);
        }
        for (auto& [name, group] : groups_) judge_group_at_end(name, group);
        return findings_.report();
    }

  private:
    // How long a lack that began at `since` has lasted in the calm.
    Duration lasted(Time since) const {
        return book_.now() - book_.cluster().patience_ends(std::max(since, *calm_));
    }

    static std::vector<model::BrokerId> eligible(const model::PartitionChanged& state) {
        return state.isr.empty() ? state.eligible_leader_replicas : state.isr;
    }

    bool can_have_leader(const model::PartitionChanged& state) const {
        return std::ranges::any_of(eligible(state),
                                   [&](model::BrokerId b) { return book_.cluster().is_up(b); });
    }

    void on_partition_changed(const model::PartitionChanged& changed, const sim::Event& event) {
        PartitionHealth& partition = partitions_[changed.partition];
        if (changed.leader != model::no_broker) {
            judge_leader(changed.partition, partition);
            partition.leaderless_since.reset();
            partition.is_told = false;
        } else if (!partition.leaderless_since) {
            partition.leaderless_since = event.time;
        }
        partition.state = changed;
        partition.event = event.sequence;
    }

    void judge_leader(const model::TopicPartition& name, PartitionHealth& partition) {
        if (!calm_ || !partition.leaderless_since || partition.is_told) return;
        if (lasted(*partition.leaderless_since) <= leader_bound) return;
        // Only a broker that has been up all the while could have led.
        const Time since =
            book_.cluster().patience_ends(std::max(*partition.leaderless_since, *calm_));
        const bool could = std::ranges::any_of(eligible(partition.state), [&](model::BrokerId b) {
            const ClusterView::Node* node = book_.cluster().broker(b);
            return node != nullptr && node->is_up && node->started_at <= since;
        });
        if (!could) return;
        partition.is_told = true;
        findings_.object("no-leader",
                         evidence("partition", name, "since", since, "lasted",
                                  squall::to_string(lasted(*partition.leaderless_since))),
                         {partition.event, calm_event_});
    }

    void judge_leader_at_end(const model::TopicPartition& name, PartitionHealth& partition) {
        findings_.judge();
        if (!partition.leaderless_since || !can_have_leader(partition.state)) return;
        judge_leader(name, partition);
        if (!partition.is_told) {
            findings_.leave_open(fmt::format("{} had no leader when the run ended", name));
        }
    }

    void judge_isr(const model::TopicPartition& name, const PartitionHealth& partition) {
        findings_.judge();
        if (partition.state.leader == model::no_broker) return;
        for (const model::BrokerId replica : partition.state.replicas) {
            if (std::ranges::find(partition.state.isr, replica) != partition.state.isr.end()) {
                continue;
            }
            if (!book_.cluster().is_up(replica)) continue;
            const Duration calm = lasted(book_.cluster().broker(replica)->started_at);
            if (calm < isr_bound) {
                findings_.leave_open(fmt::format(
                    "b{} was not back in the in-sync set of {} when the run ended", replica, name));
                continue;
            }
            findings_.object("isr-not-whole",
                             evidence("partition", name, "replica", replica, "leader",
                                      partition.state.leader, "calm", squall::to_string(calm)),
                             {partition.event, calm_event_});
        }
    }

    void on_assignment(const model::AssignmentChanged& changed, const sim::Event& event) {
        GroupHealth& group = groups_[changed.group];
        if (changed.change == model::AssignmentChange::assigned) {
            members_[{changed.group, changed.member_id}] = {.node = event.node,
                                                            .assigned = event.sequence};
        } else {
            // It may be about to leave without a word, as static members do.
            members_.erase({changed.group, changed.member_id});
        }
        for (const model::TopicPartition& partition : changed.partitions) {
            group.topics.insert(partition.topic);
            Owned& owned = group.partitions[partition];
            if (changed.change == model::AssignmentChange::assigned) {
                judge_vacancy(changed.group, group, partition, owned);
                owned.owners[changed.client_id] = event.node;
                owned.vacant_since.reset();
                owned.by_crash = false;
                owned.is_told = false;
            } else {
                owned.owners.erase(changed.client_id);
                if (owned.owners.empty()) vacate(owned, event);
            }
        }
    }

    void on_group_state(const std::string& name, GroupHealth& group,
                        const model::GroupStateChanged& changed, const sim::Event& event) {
        if (changed.to == "Stable" || changed.to == "Empty" || changed.to == "Dead") {
            judge_rest(name, group);
            group.restless_since.reset();
        } else if (!group.restless_since) {
            group.restless_since = event.time;
            group.restless_event = event.sequence;
            group.coordinator = event.node;
        }
        group.state = changed.to;
    }

    // Who takes over finds the group as the log has it, and tells only what changes then.
    void forget_restlessness(sim::NodeId coordinator) {
        for (auto& [name, group] : groups_) {
            if (group.coordinator == coordinator) group.restless_since.reset();
        }
    }

    void judge_rest(const std::string& name, const GroupHealth& group) {
        if (!calm_ || group.members == 0) return;
        findings_.judge();
        if (!group.restless_since) return;
        const Time since = std::max(*group.restless_since, group.disturbed);
        if (lasted(since) <= group_bound || has_stranded_member(name)) return;
        findings_.object("group-restless",
                         evidence("group", name, "state", group.state, "members", group.members,
                                  "lasted", squall::to_string(lasted(since))),
                         {group.restless_event, calm_event_});
    }

    void judge_expiry(const model::MemberRemoved& removed, sim::EventSequence sequence) {
        const auto member = members_.find({removed.group, removed.member_id});
        if (member == members_.end()) return;
        const LiveMember live = member->second;
        members_.erase(member);
        if (!calm_ || book_.now() - *calm_ <= session_bound || lasted(*calm_) <= Duration{}) return;
        findings_.judge();
        if (removed.reason != "session timeout") return;
        findings_.object("member-expired",
                         evidence("group", removed.group, "member", removed.member_id, "calm",
                                  squall::to_string(book_.now() - *calm_)),
                         {calm_event_, live.assigned, sequence});
    }

    static void vacate(Owned& owned, const sim::Event& event) {
        if (owned.vacant_since) return;
        owned.vacant_since = event.time;
        owned.event = event.sequence;
    }

    void on_request(const sim::FrameSent& sent, sim::NodeId member) {
        if (sent.label == "JoinGroup") {
            joins_[member] = {.coordinator = sent.peer, .connection = sent.connection};
        } else if (sent.label == "SyncGroup" || sent.label == "FindCoordinator") {
            joins_.erase(member);  // it was answered: so it goes on
        }
    }

    // Where the member's end closes, it is told, and asks anew.
    void on_closed(sim::ConnectionId connection, sim::NodeId by) {
        const auto joined = joins_.find(by);
        if (joined != joins_.end() && joined->second.connection == connection) joins_.erase(joined);
        for (auto& [member, join] : joins_) {
            if (join.connection == connection && join.coordinator == by) join.is_stranded = true;
        }
    }

    bool has_stranded_member(const std::string& group) const {
        return std::ranges::any_of(joins_, [&](const auto& entry) {
            const auto& [member, join] = entry;
            const auto known = group_of_.find(member);
            return join.is_stranded && known != group_of_.end() && known->second == group;
        });
    }

    void on_node_stopped(const sim::Event& event, const sim::NodeStopped& stopped) {
        joins_.erase(event.node);
        std::erase_if(members_, [&](const auto& entry) { return entry.second.node == event.node; });
        forget_restlessness(event.node);
        if (const auto member = group_of_.find(event.node); member != group_of_.end()) {
            groups_[member->second].disturbed = event.time + session_grace;
        }
        if (stopped.reason == sim::StopReason::power_loss) {
            for (auto& [member, join] : joins_) {
                if (join.coordinator == event.node) join.is_stranded = true;
            }
        }
        for (auto& [name, group] : groups_) {
            for (auto& [partition, owned] : group.partitions) {
                const auto gone = std::erase_if(
                    owned.owners, [&](const auto& owner) { return owner.second == event.node; });
                if (gone == 0 || !owned.owners.empty()) continue;
                vacate(owned, event);
                owned.by_crash = true;
            }
        }
    }

    // From here on the group knows, and can settle.
    void on_member_removed(const std::string& name, Time now) {
        groups_[name].disturbed = now;
        for (auto& [partition, owned] : groups_[name].partitions) {
            if (!std::exchange(owned.by_crash, false) || !owned.vacant_since) continue;
            owned.vacant_since = std::min(now, *owned.vacant_since + session_grace);
        }
    }

    void judge_vacancy(const std::string& name, const GroupHealth& group,
                       const model::TopicPartition& partition, Owned& owned) {
        if (!calm_ || !owned.vacant_since || owned.is_told || group.members == 0) return;
        const Time vacant = *owned.vacant_since + (owned.by_crash ? session_grace : Duration{});
        const Time since = std::max(vacant, group.members_changed);
        if (lasted(since) <= group_bound) return;
        owned.is_told = true;
        if (has_stranded_member(name)) {
            findings_.leave_open(fmt::format(
                "{} is owned by nobody in group {}: a member still waits for the answer to a "
                "JoinGroup from a coordinator that lost power or their connection",
                partition, name));
            return;
        }
        findings_.object("group-unsettled",
                         evidence("group", name, "partition", partition, "members", group.members,
                                  "lasted", squall::to_string(lasted(since))),
                         {owned.event, calm_event_});
    }

    void judge_group_at_end(const std::string& name, GroupHealth& group) {
        judge_rest(name, group);
        if (group.topics.empty()) return;
        for (const auto& [partition, state] : partitions_) {
            if (!group.topics.contains(partition.topic)) continue;
            // A partition nobody of the group ever had is vacant from the start.
            group.partitions.try_emplace(partition, Owned{.vacant_since = Time{}});
        }
        for (auto& [partition, owned] : group.partitions) {
            findings_.judge();
            if (!owned.vacant_since || group.members == 0) continue;
            judge_vacancy(name, group, partition, owned);
            if (!owned.is_told && *owned.vacant_since < *calm_) {
                findings_.leave_open(fmt::format(
                    "{} was owned by nobody in group {} when the run ended", partition, name));
            }
        }
    }

    const Casebook& book_;
    std::map<model::TopicPartition, PartitionHealth> partitions_;
    std::map<std::string, GroupHealth> groups_;
    std::map<std::pair<std::string, std::string>, LiveMember> members_;  // by group and id
    std::map<sim::NodeId, Join> joins_;                                  // not answered, by member
    std::map<sim::NodeId, std::string> group_of_;
    std::optional<Time> calm_;
    sim::EventSequence calm_event_{0};
    Findings findings_{"liveness"};
};

}  // namespace

std::unique_ptr<Checker> make_liveness(const Casebook& book) {
    return std::make_unique<Liveness>(book);
}

}  // namespace squall::checkers
