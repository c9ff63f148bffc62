// TransactionIndex: the aborted transactions whose markers lie in one segment, by which a fetch
// tells read_committed consumers what to skip (KIP-98).
//
// Kafka keeps it as <base offset>.txnindex beside the segment; here it is in memory, rebuilt from
// the markers when the log is opened. Entries are in the order of their markers. Pure.
#pragma once

#include <vector>

#include "model/protocol/types.h"

namespace squall::model {

struct AbortedTransaction {
    ProducerId producer_id = no_producer_id;
    Offset first_offset = no_offset;  // of its first record in this partition
    Offset last_offset = no_offset;   // of its marker
    // What the last stable offset was when it had ended: no transaction that ends later begins
    // below.
    Offset last_stable_offset = no_offset;

    bool operator==(const AbortedTransaction&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("producer_id", self.producer_id);
        fields("first_offset", self.first_offset);
        fields("last_offset", self.last_offset);
        fields("last_stable_offset", self.last_stable_offset);
    }
};

class TransactionIndex {
  public:
    // Requires: its marker lies behind the last entry's.
    void append(const AbortedTransaction& transaction);
    // Adds to `found` what overlaps [from, upper_bound). True if no later segment can hold more.
    bool collect(Offset from, Offset upper_bound, std::vector<AbortedTransaction>& found) const;
    // Transactions whose markers are not below `end` are open again, and go.
    void truncate(Offset end);

    const std::vector<AbortedTransaction>& entries() const { return entries_; }

  private:
    std::vector<AbortedTransaction> entries_;
};

}  // namespace squall::model
