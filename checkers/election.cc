// election: whom the controller makes leader, and lets into an in-sync set.
//
//   unclean-election-not-allowed  a leader from outside the in-sync set and the eligible leader
//                                 replicas, where nothing allows it (unclean_elections.h); it
//                                 excuses no loss
//   shut-out-leader               a broker was made leader that is fenced, in controlled shutdown,
//                                 or not registered any more
//   shut-out-member               such a broker was let into an in-sync set (KIP-841)
//   unfenced-behind               a broker was unfenced before it had replayed its registration:
//                                 it may be made leader of what it does not know of (KIP-631)
//
// Judged is who comes, not who stays: the last member of an in-sync set may be kept while its
// broker is away. A broker is fenced from its registration on until it is told unfenced; one that
// registers again as the same process stays as it was. The decisions of one batch take effect
// together, and are told one by one: who is let in again by the batch that elects it is no finding.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/raft_events.h"

namespace squall::checkers {

namespace {

struct Standing {
    model::Uuid incarnation_id;
    bool is_fenced = false;
    bool is_stopping = false;
    bool is_gone = false;
    sim::EventSequence event{0};  // that told so

    bool is_shut_out() const { return is_fenced || is_stopping || is_gone; }
    std::string_view why() const {
        if (is_gone) return "unregistered";
        return is_fenced ? "fenced" : "in controlled shutdown";
    }
};

// Found, unless the rest of the batch lets the broker in.
struct Suspicion {
    std::string_view type;
    model::BrokerId broker;
    Evidence shown;
    Findings::Events events;
};

class Election final : public Checker {
  public:
    explicit Election(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "election"; }

    // Whatever comes between two of its events parts the batches that they were written in.
    bool looks_at(const sim::EventKind&) const override { return true; }
    void observe(const sim::Event& event) override {
        if (event.time != batch_time_ || event.node != batch_node_) conclude();
        batch_time_ = event.time;
        batch_node_ = event.node;
        if (const auto* changed = event.as<model::PartitionChanged>()) {
            on_partition_changed(*changed, event.sequence);
        } else if (const auto* registered = event.as<model::BrokerRegistered>()) {
            on_registered(*registered, event.sequence);
        } else if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
            if (!fence->fenced) judge_unfencing(*fence, event.sequence);
            Standing& broker = brokers_[fence->broker];
            broker.is_fenced = fence->fenced;
            broker.event = event.sequence;
            if (!broker.is_shut_out()) absolve(fence->broker);
        } else if (const auto* stopping = event.as<model::BrokerShutdownBegan>()) {
            Standing& broker = brokers_[stopping->broker];
            broker.is_stopping = true;
            broker.event = event.sequence;
        } else if (const auto* left = event.as<model::BrokerUnregistered>()) {
            Standing& broker = brokers_[left->broker];
            broker = Standing{.is_gone = true, .event = event.sequence};
        } else if (const auto* applied = event.as<model::MetadataApplied>()) {
            model::Offset& furthest = replayed_[applied->broker];
            furthest = std::max(furthest, applied->offset);
        } else if (const auto* deleted = event.as<model::TopicDeleted>()) {
            std::erase_if(partitions_,
                          [&](const auto& entry) { return entry.first.topic == deleted->topic; });
        }
    }

    CheckerReport finish() override {
        conclude();
        return findings_.report();
    }

  private:
    void on_registered(const model::BrokerRegistered& registered, sim::EventSequence sequence) {
        Standing& broker = brokers_[registered.broker];
        if (!broker.is_gone && broker.incarnation_id == registered.incarnation_id) return;
        broker = Standing{
            .incarnation_id = registered.incarnation_id, .is_fenced = true, .event = sequence};
    }

    // A broker's epoch is the offset of its registration, which lies behind all that its earlier
    // processes had replayed: so the furthest of them all decides. The one that asks may be dead by
    // now, and another be starting: its last heartbeat may come late, and is as good as any, since
    // it names its own epoch. Judged where the broker ever told how far it is.
    void judge_unfencing(const model::BrokerFenceChanged& unfenced, sim::EventSequence sequence) {
        const auto replayed = replayed_.find(unfenced.broker);
        if (replayed == replayed_.end()) return;
        findings_.judge();
        if (replayed->second.value() > unfenced.broker_epoch.value()) return;
        findings_.object("unfenced-behind",
                         evidence("broker", unfenced.broker, "broker_epoch", unfenced.broker_epoch,
                                  "replayed", replayed->second),
                         {sequence});
    }

    void on_partition_changed(const model::PartitionChanged& changed, sim::EventSequence sequence) {
        const auto [at, is_new] = partitions_.try_emplace(changed.partition, changed);
        const model::BrokerId led_before = is_new ? model::no_broker : at->second.leader;
        const bool is_made_leader =
            changed.leader != model::no_broker && changed.leader != led_before;
        if (is_made_leader) {
            findings_.judge();
            if (book_.unclean_elections().is_forbidden()) {
                findings_.object(
                    "unclean-election-not-allowed",
                    evidence("partition", changed.partition, "leader", changed.leader,
                             "leader_epoch", changed.leader_epoch, "reason", changed.reason),
                    {sequence});
            }
            suspect("shut-out-leader", changed, changed.leader, sequence);
        }
        const std::vector<model::BrokerId>& before = at->second.isr;
        for (const model::BrokerId member : changed.isr) {
            if (!is_new && std::ranges::find(before, member) != before.end()) continue;
            if (is_made_leader && member == changed.leader) continue;
            findings_.judge();
            suspect("shut-out-member", changed, member, sequence);
        }
        at->second = changed;
    }

    void suspect(std::string_view type, const model::PartitionChanged& changed,
                 model::BrokerId broker, sim::EventSequence sequence) {
        const auto standing = brokers_.find(broker);
        if (standing == brokers_.end() || !standing->second.is_shut_out()) return;
        suspicions_.push_back({.type = type,
                               .broker = broker,
                               .shown = evidence("partition", changed.partition, "broker", broker,
                                                 "is", standing->second.why(), "leader_epoch",
                                                 changed.leader_epoch, "partition_epoch",
                                                 changed.partition_epoch, "reason", changed.reason),
                               .events = {standing->second.event, sequence}});
    }

    void absolve(model::BrokerId broker) {
        std::erase_if(suspicions_, [&](const Suspicion& s) { return s.broker == broker; });
    }

    void conclude() {
        for (Suspicion& found : suspicions_) {
            findings_.object(found.type, std::move(found.shown), std::move(found.events));
        }
        suspicions_.clear();
    }

    const Casebook& book_;
    std::map<model::TopicPartition, model::PartitionChanged> partitions_;
    std::map<model::BrokerId, Standing> brokers_;
    std::map<model::BrokerId, model::Offset> replayed_;  // the furthest, exclusive
    std::vector<Suspicion> suspicions_;
    Time batch_time_;
    sim::NodeId batch_node_;
    Findings findings_{"election"};
};

}  // namespace

std::unique_ptr<Checker> make_election(const Casebook& book) {
    return std::make_unique<Election>(book);
}

}  // namespace squall::checkers
