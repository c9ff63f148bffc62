#include "model/replica/transaction_verification.h"

#include <algorithm>

namespace squall::model {

VerificationGuard TransactionVerification::begin(ProducerId producer, ProducerEpoch epoch,
                                                 SequenceNumber first, bool bumps_epoch) {
    const auto [entry, is_new] = entries_.try_emplace(producer);
    if (is_new) entry->second.guard = ++last_;
    entry->second.bumps_epoch |= bumps_epoch;
    if (entry->second.epoch < epoch) {
        entry->second.epoch = epoch;
        entry->second.lowest = first;
    } else if (entry->second.epoch == epoch) {
        entry->second.lowest = std::min(entry->second.lowest, first);
    }
    return entry->second.guard;
}

bool TransactionVerification::is_verified(ProducerId producer, VerificationGuard guard) const {
    const auto entry = entries_.find(producer);
    return guard != no_guard && entry != entries_.end() && entry->second.guard == guard;
}

ErrorCode TransactionVerification::check_sequence(ProducerId producer, ProducerEpoch epoch,
                                                  SequenceNumber first, bool is_known) const {
    // A coordinator's batch has no number.
    if (first == no_sequence) return ErrorCode::none;
    const auto entry = entries_.find(producer);
    if (entry == entries_.end() || entry->second.epoch != epoch) return ErrorCode::none;
    const bool begins_late = entry->second.bumps_epoch && !is_known && first != SequenceNumber(0);
    return begins_late || first > entry->second.lowest ? ErrorCode::out_of_order_sequence_number
                                                       : ErrorCode::none;
}

void TransactionVerification::end(ProducerId producer) {
    entries_.erase(producer);
}

}  // namespace squall::model
