// assignment: two members of a group own one partition at once.
//
//   double-owner  in one generation, as the rebalance callbacks tell it
//   zombie-owner  in two generations: allowed, the fenced member has not noticed yet; what it does
//                 then is judged by committed-offset
//
// Ownership begins with AssignmentChanged `assigned` (told before the callback runs), and ends with
// `revoked` or `lost` (told after it) or with the stop of the member's node. A member that keeps a
// partition over a rebalance (KIP-429) is told nothing, so its generation is also taken from its
// polls. Semantics: G-GRP.
#include <map>
#include <string>
#include <utility>

#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/client_events.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

namespace {

struct Owner {
    model::GenerationId generation;
    sim::EventSequence assigned;
    sim::NodeId node;
};

class Assignment final : public Checker {
  public:
    std::string_view name() const override { return "assignment"; }

    void observe(const sim::Event& event) override {
        if (const auto* changed = event.as<model::AssignmentChanged>()) {
            if (!changed->group.empty()) on_changed(*changed, event);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            if (!polled->group.empty()) on_polled(*polled);
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
            const Owner owner{
                .generation = changed.generation, .assigned = event.sequence, .node = event.node};
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
            if (other.generation == owner.generation) {
                findings_.object("double-owner", std::move(shown),
                                 {other.assigned, owner.assigned});
            } else if (is_new) {
                findings_.allow("zombie-owner", "fenced member has not noticed", std::move(shown),
                                {other.assigned, owner.assigned});
            }
        }
    }

    std::map<Key, Owners> owners_;
    Findings findings_{"assignment"};
};

}  // namespace

std::unique_ptr<Checker> make_assignment(const Casebook&) {
    return std::make_unique<Assignment>();
}

}  // namespace squall::checkers
