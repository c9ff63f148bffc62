#include "model/replica/isr.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

std::vector<BrokerId> IsrChange::proposed_isr() const {
    std::vector<BrokerId> isr;
    isr.reserve(to.size());
    for (const IsrMember& member : to) isr.push_back(member.broker);
    return isr;
}

InSyncSet::InSyncSet(std::vector<BrokerId> committed, PartitionEpoch partition_epoch)
    : committed_(std::move(committed)), partition_epoch_(partition_epoch) {}

bool InSyncSet::is_committed(BrokerId broker) const {
    return contains(committed_, broker);
}

bool InSyncSet::is_in_proposed(BrokerId broker) const {
    if (!in_flight_) return is_committed(broker);
    return std::ranges::find(in_flight_->to, broker, &IsrMember::broker) != in_flight_->to.end();
}

bool InSyncSet::is_in_maximal(BrokerId broker) const {
    return is_committed(broker) || is_in_proposed(broker);
}

std::vector<BrokerId> InSyncSet::maximal() const {
    std::vector<BrokerId> isr = committed_;
    if (!in_flight_) return isr;
    for (const IsrMember& member : in_flight_->to) {
        if (!contains(committed_, member.broker)) isr.push_back(member.broker);
    }
    return isr;
}

void InSyncSet::propose(IsrChange change) {
    ASSERT(!in_flight_, "one AlterPartition in flight per partition");
    ASSERT(change.partition_epoch == partition_epoch_,
           "a proposal on partition epoch {}, the committed one is {}", change.partition_epoch,
           partition_epoch_);
    ASSERT(change.from == committed_, "a proposal that does not build on the committed set");
    in_flight_ = std::move(change);
}

void InSyncSet::roll_back() {
    ASSERT(in_flight_, "nothing in flight to roll back");
    in_flight_.reset();
}

void InSyncSet::commit(std::vector<BrokerId> isr, PartitionEpoch partition_epoch) {
    ASSERT(partition_epoch >= partition_epoch_, "partition epoch back from {} to {}",
           partition_epoch_, partition_epoch);
    committed_ = std::move(isr);
    partition_epoch_ = partition_epoch;
    in_flight_.reset();
}

void InSyncSet::check_invariants() const {
    for (const BrokerId broker : committed_) {
        ASSERT(std::ranges::count(committed_, broker) == 1, "broker {} twice in the in-sync set",
               broker);
        ASSERT(is_in_maximal(broker), "committed member {} outside the maximal set", broker);
    }
    if (!in_flight_) return;
    ASSERT(in_flight_->partition_epoch == partition_epoch_, "in flight on partition epoch {} of {}",
           in_flight_->partition_epoch, partition_epoch_);
    ASSERT(in_flight_->proposed_isr() != committed_, "a proposal that changes nothing");
}

}  // namespace squall::model
