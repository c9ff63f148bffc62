// assignment: two members of a group own one partition at once, or one of them twice.
//
//   double-owner    as the rebalance callbacks tell it: in one generation, or in two though the
//                   earlier owner is a member still, and was not asked to give it back first
//   zombie-owner    allowed where the one was fenced and has not noticed yet: the earlier owner of
//                   two generations; within one who was replaced under its group.instance.id, which
//                   takes no rebalance (KIP-345). What it does then is judged by committed-offset
//   assigned-twice  a member is assigned what it has and did not give back (revoke before assign)
//   kept-too-long   a member reads on what it was assigned under an id that is not its own any
//   more:
//                   with the membership goes what it owned (KIP-429: lost)
//
// Ownership begins with AssignmentChanged `assigned` (told before the callback runs), and ends with
// `revoked` or `lost` (told after it) or with the stop of the member's node. A member that keeps a
// partition over a rebalance (KIP-429) is told nothing, so its generation is also taken from its
// polls. An owner is fenced if its coordinator removed it since it was assigned the partition
// (MemberRemoved; or before, if it is told late of what it was given as a member), or the group
// came to another coordinator, or died: what that one knows of its members is then told by nobody.
// So is one whom an answer from before it was removed reaches late: it was removed, and is of an
// earlier generation than the other owner. Semantics: G-GRP; guarantees: one owner.
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/client_events.h"
#include "model/events/group_events.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

namespace {

struct Owner {
    std::string member_id;
    model::GenerationId generation;
    sim::EventSequence assigned;
    sim::NodeId node;
    sim::EventSequence reached;  // the generation, as far as it told
};

struct Removal {
    sim::EventSequence event;
    bool is_replacement;
};

class Assignment final : public Checker {
  public:
    std::string_view name() const override { return "assignment"; }

    using Shown = sim::EventOf<model::AssignmentChanged, model::RecordsPolled, model::MemberRemoved,
                               model::MemberReconciled, model::CoordinatorChanged,
                               model::GroupStateChanged, sim::NodeStopped>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* changed = event.as<model::AssignmentChanged>()) {
            if (!changed->group.empty()) on_changed(*changed, event);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            if (!polled->group.empty()) on_polled(*polled, event.sequence);
        } else if (const auto* removed = event.as<model::MemberRemoved>()) {
            removed_.insert_or_assign(
                {removed->group, removed->member_id},
                Removal{.event = event.sequence, .is_replacement = removed->reason == "replaced"});
        } else if (const auto* reconciled = event.as<model::MemberReconciled>()) {
            reconciled_[{reconciled->group, reconciled->member_id}] = event.sequence;
        } else if (const auto* coordinator = event.as<model::CoordinatorChanged>()) {
            if (coordinator->active) coordinator_changed_ = event.sequence;
        } else if (const auto* state = event.as<model::GroupStateChanged>()) {
            if (state->to == "Dead") died_[state->group] = event.sequence;
        } else if (event.as<sim::NodeStopped>()) {
            for (auto& [key, owners] : owners_) {
                std::erase_if(owners,
                              [&](const auto& owner) { return owner.second.node == event.node; });
            }
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    using Key = std::pair<std::string, model::TopicPartition>;  // group, partition
    using Owners = std::map<std::string, Owner, std::less<>>;   // by client id

    void on_changed(const model::AssignmentChanged& changed, const sim::Event& event) {
        for (const model::TopicPartition& partition : changed.partitions) {
            const Key key{changed.group, partition};
            Owners& owners = owners_[key];
            if (changed.change != model::AssignmentChange::assigned) {
                owners.erase(changed.client_id);
                continue;
            }
            findings_.judge();
            const Owner owner{.member_id = changed.member_id,
                              .generation = changed.generation,
                              .assigned = event.sequence,
                              .node = event.node,
                              .reached = event.sequence};
            if (const auto own = owners.find(changed.client_id); own != owners.end()) {
                findings_.object("assigned-twice",
                                 evidence("group", changed.group, "partition", partition, "client",
                                          changed.client_id, "generation", changed.generation,
                                          "earlier_generation", own->second.generation),
                                 {own->second.assigned, event.sequence});
            }
            owners.insert_or_assign(changed.client_id, owner);
            compare(key, owners, changed.client_id, owner, true);
        }
    }

    void on_polled(const model::RecordsPolled& polled, sim::EventSequence sequence) {
        const Key key{polled.group, polled.partition};
        const auto owners = owners_.find(key);
        if (owners == owners_.end()) return;
        const auto owner = owners->second.find(polled.client_id);
        if (owner == owners->second.end() || owner->second.generation == polled.generation) return;
        if (owner->second.member_id != polled.member_id) {
            findings_.object("kept-too-long",
                             evidence("group", polled.group, "partition", polled.partition,
                                      "client", polled.client_id, "member", polled.member_id,
                                      "assigned_to", owner->second.member_id),
                             {owner->second.assigned, sequence});
            owner->second.member_id = polled.member_id;
        }
        owner->second.generation = polled.generation;
        owner->second.reached = sequence;
        compare(key, owners->second, polled.client_id, owner->second, false);
    }

    void compare(const Key& key, const Owners& owners, const std::string& client,
                 const Owner& owner, bool is_new) {
        for (const auto& [other_client, other] : owners) {
            if (other_client == client) continue;
            Evidence shown = evidence("group", key.first, "partition", key.second, "client", client,
                                      "generation", owner.generation, "other_client", other_client,
                                      "other_generation", other.generation);
            const bool is_one_generation = other.generation == owner.generation;
            // Who kept it may have had it in the other's generation, too, and been told no more.
            if (!is_new && other.generation > owner.generation) continue;
            const bool is_late = owner.generation < other.generation;
            const auto fenced = is_one_generation ? replaced_one(key.first, other, owner)
                                : is_late         ? removed_before(key.first, owner)
                                                  : fenced_since(key.first, other);
            if (fenced) {
                findings_.allow("zombie-owner", "fenced member has not noticed", std::move(shown),
                                {other.assigned, *fenced, owner.assigned});
            } else {
                findings_.object("double-owner", std::move(shown),
                                 {other.assigned, owner.assigned});
            }
        }
    }

    // Of two owners in one generation: why one of them is none.
    std::optional<sim::EventSequence> replaced_one(const std::string& group, const Owner& earlier,
                                                   const Owner& later) const {
        for (const Owner* owner : {&earlier, &later}) {
            const Removal* const removal = removal_of(group, *owner);
            if (removal != nullptr && removal->is_replacement) return removal->event;
        }
        if (coordinator_changed_ > earlier.reached) return coordinator_changed_;
        return std::nullopt;
    }

    // nullopt: it is a member still.
    std::optional<sim::EventSequence> fenced_since(const std::string& group,
                                                   const Owner& owner) const {
        if (const Removal* const removal = removal_of(group, owner)) return removal->event;
        const auto died = died_.find(group);
        if (died != died_.end() && died->second > owner.assigned) return died->second;
        if (coordinator_changed_ > owner.assigned) return coordinator_changed_;
        return std::nullopt;
    }

    // By which the owner is no member any more; null: none. Ids of the classic protocol are given
    // once; a member of the consumer protocol may come back under its own.
    const Removal* removal_of(const std::string& group, const Owner& owner) const {
        const auto removed = removed_.find({group, owner.member_id});
        if (removed == removed_.end()) return nullptr;
        const Removal& removal = removed->second;
        const auto reconciled = reconciled_.find({group, owner.member_id});
        const bool is_gone = reconciled == reconciled_.end() ? removal.is_replacement
                                                             : reconciled->second < removal.event;
        return is_gone || removal.event > owner.assigned ? &removal : nullptr;
    }

    // nullopt: it is a member, as far as its coordinator has told.
    std::optional<sim::EventSequence> removed_before(const std::string& group,
                                                     const Owner& owner) const {
        const auto removed = removed_.find({group, owner.member_id});
        if (removed == removed_.end()) return std::nullopt;
        const auto reconciled = reconciled_.find(removed->first);
        const bool is_back =
            reconciled != reconciled_.end() && reconciled->second > removed->second.event;
        return is_back ? std::nullopt : std::optional(removed->second.event);
    }

    std::map<Key, Owners> owners_;
    using MemberKey = std::pair<std::string, std::string>;  // group, member
    std::map<MemberKey, Removal> removed_;
    std::map<MemberKey, sim::EventSequence> reconciled_;
    std::map<std::string, sim::EventSequence> died_;  // groups
    sim::EventSequence coordinator_changed_{0};       // of any group: whose it is, is not told
    Findings findings_{"assignment"};
};

}  // namespace

std::unique_ptr<Checker> make_assignment(const Casebook&) {
    return std::make_unique<Assignment>();
}

}  // namespace squall::checkers
