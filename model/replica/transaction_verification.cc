#include "model/replica/transaction_verification.h"

#include <algorithm>

namespace squall::model {

VerificationGuard TransactionVerification::begin(ProducerId producer, ProducerEpoch epoch,
                                                 SequenceNumber first) {
    const auto [entry, is_new] = entries_.try_emplace(producer);
    if (is_new) entry->second.guard = ++last_;
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
                                                  SequenceNumber first) const {
    const auto entry = entries_.find(producer);
    if (entry == entries_.end() || entry->second.epoch != epoch) return ErrorCode::none;
    return first > entry->second.lowest ? ErrorCode::out_of_order_sequence_number : ErrorCode::none;
}

void TransactionVerification::end(ProducerId producer) {
    entries_.erase(producer);
}

}  // namespace squall::model
