// controller: only the leader of the quorum decides, and only for as long as it leads.
//
//   fenced-controller   a node whose raft member does not lead made a decision of the controller's
//                       take effect
//   stale-leader        a member still leads its epoch long after another was elected in a later
//                       one: who can only reach it waits for nothing
//
// guarantees: no effect from a fenced controller; one controller per raft epoch. KIP-595, KIP-631;
// KAFKA-15489: a leader that no majority fetches from resigns after 1.5 times the fetch timeout. A
// fetch that was under way when the leader was cut off may renew that once, so it has twice as
// long, and two seconds for what its clock, disk and network add. A process that is paused cannot
// resign; its time begins anew when it goes on. Nothing is allowed.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/controller_events.h"
#include "model/events/raft_events.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

namespace {

constexpr Duration slack = 2s;

struct Reign {
    model::BrokerId leader;
    model::RaftEpoch epoch;
    sim::EventSequence elected;
    // Since when a leader of a later epoch is there.
    std::optional<Time> superseded;
    sim::EventSequence successor{0};
    bool is_told = false;
};

class Controller final : public Checker {
  public:
    explicit Controller(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "controller"; }

    using Shown =
        sim::EventOf<model::RaftStarted, model::RaftRoleChanged, model::PartitionChanged,
                     model::TopicCreated, model::BrokerRegistered, model::BrokerFenceChanged,
                     sim::NodeStopped, sim::NodePaused, sim::NodeResumed>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* started = event.as<model::RaftStarted>()) {
            fetch_timeouts_[event.node] = std::chrono::milliseconds(started->fetch_timeout_ms);
        } else if (const auto* role = event.as<model::RaftRoleChanged>()) {
            on_role(*role, event);
        } else if (const auto* changed = event.as<model::PartitionChanged>()) {
            on_decision(event, changed->reason);
        } else if (event.as<model::TopicCreated>() != nullptr) {
            on_decision(event, "topic created");
        } else if (event.as<model::BrokerRegistered>() != nullptr) {
            on_decision(event, "broker registered");
        } else if (event.as<model::BrokerFenceChanged>() != nullptr) {
            on_decision(event, "broker fence changed");
        } else if (event.as<sim::NodeStopped>() != nullptr) {
            end_reign(event.node);
        } else if (event.as<sim::NodePaused>() != nullptr) {
            if (const auto reign = reigns_.find(event.node); reign != reigns_.end()) judge(*reign);
            paused_[event.node] = event.sequence;
        } else if (event.as<sim::NodeResumed>() != nullptr) {
            paused_.erase(event.node);
            const auto reign = reigns_.find(event.node);
            if (reign != reigns_.end() && reign->second.superseded)
                reign->second.superseded = book_.now();
        }
    }

    CheckerReport finish() override {
        for (auto& reign : reigns_) judge(reign);
        return findings_.report();
    }

  private:
    using Reigns = std::map<sim::NodeId, Reign>;

    void on_role(const model::RaftRoleChanged& role, const sim::Event& event) {
        if (role.role != "leader") return end_reign(event.node);
        end_reign(event.node);
        reigns_[event.node] = {
            .leader = role.replica, .epoch = role.epoch, .elected = event.sequence};
        for (auto& [node, reign] : reigns_) {
            if (reign.epoch >= role.epoch || reign.superseded) continue;
            reign.superseded = book_.now();
            reign.successor = event.sequence;
        }
    }

    void end_reign(sim::NodeId node) {
        const auto reign = reigns_.find(node);
        if (reign == reigns_.end()) return;
        judge(*reign);
        reigns_.erase(reign);
    }

    void judge(Reigns::value_type& entry) {
        auto& [node, reign] = entry;
        if (!reign.superseded || reign.is_told || paused_.contains(node)) return;
        findings_.judge();
        const auto timeout = fetch_timeouts_.find(node);
        if (timeout == fetch_timeouts_.end()) return;
        const Duration bound = timeout->second * 3 + slack;
        if (book_.now() - *reign.superseded <= bound) return;
        reign.is_told = true;
        findings_.object("stale-leader",
                         evidence("replica", reign.leader, "epoch", reign.epoch, "lasted",
                                  squall::to_string(book_.now() - *reign.superseded), "bound",
                                  squall::to_string(bound)),
                         {reign.elected, reign.successor});
    }

    void on_decision(const sim::Event& event, std::string_view what) {
        findings_.judge();
        if (reigns_.contains(event.node)) return;
        findings_.object("fenced-controller", evidence("node", event.node, "decision", what),
                         {event.sequence});
    }

    const Casebook& book_;
    std::map<sim::NodeId, Duration> fetch_timeouts_;
    Reigns reigns_;  // of the members that lead now
    std::map<sim::NodeId, sim::EventSequence> paused_;
    Findings findings_{"controller"};
};

}  // namespace

std::unique_ptr<Checker> make_controller(const Casebook& book) {
    return std::make_unique<Controller>(book);
}

}  // namespace squall::checkers
