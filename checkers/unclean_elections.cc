#include "checkers/unclean_elections.h"

namespace squall::checkers {

namespace {

using UncleanElectionsEvents = sim::EventOf<model::PartitionChanged, model::BrokerRegistered,
                                            model::ElectLeadersInvoked, model::TopicDeleted>;

}  // namespace

bool UncleanElections::looks_at(const sim::EventKind& kind) {
    return UncleanElectionsEvents::includes(kind);
}

void UncleanElections::observe(const sim::Event& any, const TopicSettings& settings) {
    const UncleanElectionsEvents event(any);
    is_forbidden_ = false;
    if (const auto* changed = event.as<model::PartitionChanged>()) {
        on_changed(*changed, settings, event.cause);
    } else if (const auto* registered = event.as<model::BrokerRegistered>()) {
        registered_ = registered->broker;
        registered_for_ = event.cause;
    } else if (const auto* asked = event.as<model::ElectLeadersInvoked>()) {
        on_asked(*asked);
    } else if (const auto* deleted = event.as<model::TopicDeleted>()) {
        std::erase_if(partitions_,
                      [&](const auto& entry) { return entry.first.topic == deleted->topic; });
    }
}

void UncleanElections::on_asked(const model::ElectLeadersInvoked& asked) {
    if (!asked.unclean) return;
    is_asked_for_all_ = is_asked_for_all_ || asked.partitions.empty();
    asked_.insert(asked.partitions.begin(), asked.partitions.end());
}

void UncleanElections::on_changed(const model::PartitionChanged& changed,
                                  const TopicSettings& settings, sim::EventSequence cause) {
    Partition& partition = partitions_[changed.partition];
    // Who comes back after an unclean stop is eligible no more. Where nobody else was, the same
    // decision elects.
    const bool loses_its_last = cause == registered_for_ && partition.candidates.size() == 1 &&
                                partition.candidates.contains(registered_);
    const bool is_last_known =
        (partition.is_abandoned || loses_its_last) &&
        (changed.leader == partition.last_leader ||
         (partition.candidates.size() == 1 && partition.candidates.contains(changed.leader)));
    is_forbidden_ = changed.unclean && !is_last_known && !was_asked_for(changed.partition) &&
                    !settings.allows_unclean_election(changed.partition.topic);
    if (changed.leader != model::no_broker) partition.last_leader = changed.leader;
    std::set<model::BrokerId> candidates(changed.isr.begin(), changed.isr.end());
    candidates.insert(changed.eligible_leader_replicas.begin(),
                      changed.eligible_leader_replicas.end());
    partition.is_abandoned = candidates.empty();
    if (!candidates.empty()) partition.candidates = std::move(candidates);
}

}  // namespace squall::checkers
