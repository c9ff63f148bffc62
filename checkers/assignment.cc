// assignment: two members of a group own one partition at once, or one of them twice.
//
//   double-owner    as the rebalance callbacks tell it: in one generation, or in two though the
//                   earlier owner is a member still, and was not asked to give it back first
//   zombie-owner    in two generations: allowed where the earlier owner was fenced and has not
//                   noticed yet; what it does then is judged by committed-offset
//   assigned-twice  a member is assigned what it has and did not give back (revoke before assign)
//
// Ownership begins with AssignmentChanged `assigned` (told before the callback runs), and ends with
// `revoked` or `lost` (told after it) or with the stop of the member's node. A member that keeps a
// partition over a rebalance (KIP-429) is told nothing, so its generation is also taken from its
// polls. An owner is fenced if its coordinator removed it since it was assigned the partition
// (MemberRemoved), or the group came to another coordinator, or died: what that one knows of its
// members is then told by nobody. Semantics: G-GRP; guarantees: one owner.
#include <map>
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
};

class Assignment final : public Checker {
  public:
    std::string_view name() const override { return "assignment"; }

    using Shown =
        sim::EventOf<model::AssignmentChanged, model::RecordsPolled, model::MemberRemoved,
                     model::CoordinatorChanged, model::GroupStateChanged, sim::NodeStopped>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* changed = event.as<model::AssignmentChanged>()) {
            if (!changed->group.empty()) on_changed(*changed, event);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            if (!polled->group.empty()) on_polled(*polled);
        } else if (const auto* removed = event.as<model::MemberRemoved>()) {
            removed_[{removed->group, removed->member_id}] = event.sequence;
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
                              .node = event.node};
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

    void on_polled(const model::RecordsPolled& polled) {
        const Key key{polled.group, polled.partition};
        const auto owners = owners_.find(key);
        if (owners == owners_.end()) return;
        const auto owner = owners->second.find(polled.client_id);
        if (owner == owners->second.end() || owner->second.generation == polled.generation) return;
        owner->second.generation = polled.generation;
        compare(key, owners->second, polled.client_id, owner->second, false);
    }

    void compare(const Key& key, const Owners& owners, const std::string& client,
                 const Owner& owner, bool is_new) {
        for (const auto& [other_client, other] : owners) {
            if (other_client == client) continue;
            Evidence shown = evidence("group", key.first, "partition", key.second, "client", client,
                                      "generation", owner.generation, "other_client", other_client,
                                      "other_generation", other.generation);
            const sim::EventSequence fenced = fenced_since(key.first, other);
            if (other.generation == owner.generation || (is_new && fenced.value() == 0)) {
                findings_.object("double-owner", std::move(shown),
                                 {other.assigned, owner.assigned});
            } else if (is_new) {
                findings_.allow("zombie-owner", "fenced member has not noticed", std::move(shown),
                                {other.assigned, fenced, owner.assigned});
            }
        }
    }

    // 0: it is a member still.
    sim::EventSequence fenced_since(const std::string& group, const Owner& owner) const {
        const auto removed = removed_.find({group, owner.member_id});
        if (removed != removed_.end() && removed->second > owner.assigned) return removed->second;
        const auto died = died_.find(group);
        if (died != died_.end() && died->second > owner.assigned) return died->second;
        return coordinator_changed_ > owner.assigned ? coordinator_changed_ : sim::EventSequence{0};
    }

    std::map<Key, Owners> owners_;
    std::map<std::pair<std::string, std::string>, sim::EventSequence> removed_;  // group, member
    std::map<std::string, sim::EventSequence> died_;                             // groups
    sim::EventSequence coordinator_changed_{0};  // of any group: whose it is, is not told
    Findings findings_{"assignment"};
};

}  // namespace

std::unique_ptr<Checker> make_assignment(const Casebook&) {
    return std::make_unique<Assignment>();
}

}  // namespace squall::checkers
