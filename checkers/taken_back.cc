#include "checkers/taken_back.h"

#include <algorithm>

#include "model/events/transaction_events.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

void TakenBack::observe(const sim::Event& event) {
    if (const auto* polled = event.as<model::RecordsPolled>()) {
        if (polled->group.empty()) return;
        auto& offsets = in_hand_[{event.node, {polled->group, polled->partition}}];
        for (const model::PolledRecord& record : polled->records) offsets.push_back(record.offset);
    } else if (const auto* committed = event.as<model::CommitInvoked>()) {
        for (const model::PartitionOffset& each : committed->offsets) {
            take({event.node, {committed->group, each.partition}}, each.offset);
        }
    } else if (const auto* sent = event.as<model::TransactionOffsetsInvoked>()) {
        for (const model::PartitionOffset& each : sent->offsets) {
            const GroupPartition partition{sent->group, each.partition};
            auto& handled = handled_[sent->transaction][partition];
            const auto taken = take({event.node, partition}, each.offset);
            handled.insert(handled.end(), taken.begin(), taken.end());
        }
    } else if (event.as<sim::NodeStopped>() != nullptr) {
        std::erase_if(in_hand_, [&](const auto& entry) { return entry.first.first == event.node; });
    }
}

std::vector<model::Offset> TakenBack::take(const Member& member, model::Offset offset) {
    const auto found = in_hand_.find(member);
    if (found == in_hand_.end()) return {};
    std::vector<model::Offset>& offsets = found->second;
    const auto behind = std::stable_partition(
        offsets.begin(), offsets.end(), [&](const model::Offset each) { return each < offset; });
    std::vector<model::Offset> taken(offsets.begin(), behind);
    offsets.erase(offsets.begin(), behind);
    return taken;
}

TakenBack::Counts TakenBack::count(const TransactionHistory& transactions) const {
    Counts counts;
    for (const auto& [id, partitions] : handled_) {
        const Transaction* const transaction = transactions.find(id);
        if (transaction == nullptr || !transaction->must_not_commit()) continue;
        for (const auto& [partition, offsets] : partitions) {
            for (const model::Offset offset : offsets) ++counts[partition][offset];
        }
    }
    return counts;
}

}  // namespace squall::checkers
