#include "model/log/transaction_index.h"

#include "sim/base/assert.h"

namespace squall::model {

void TransactionIndex::append(const AbortedTransaction& transaction) {
    ASSERT(transaction.first_offset <= transaction.last_offset,
           "transaction from {} with a marker at {}", transaction.first_offset,
           transaction.last_offset);
    if (!entries_.empty()) {
        ASSERT(transaction.last_offset > entries_.back().last_offset,
               "marker at {} behind the one at {}", transaction.last_offset,
               entries_.back().last_offset);
    }
    entries_.push_back(transaction);
}

bool TransactionIndex::collect(Offset from, Offset upper_bound,
                               std::vector<AbortedTransaction>& found) const {
    for (const AbortedTransaction& entry : entries_) {
        if (entry.last_offset >= from && entry.first_offset < upper_bound) found.push_back(entry);
        if (entry.last_stable_offset >= upper_bound) return true;
    }
    return false;
}

void TransactionIndex::truncate(Offset end) {
    while (!entries_.empty() && entries_.back().last_offset >= end) entries_.pop_back();
}

}  // namespace squall::model
