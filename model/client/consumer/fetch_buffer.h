// FetchBuffer: what was fetched and not yet handed to the application.
//
// Guarantees: hands out each partition's records in offset order, from its position on, without
// control records, and under read_committed without those of aborted transactions; moves the
// position with what it hands out, also over holes that compaction, control batches or aborted
// records leave; drops what no longer fits: partitions that are not assigned, about to be revoked,
// or were sought elsewhere. What was fetched for a paused partition waits.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "model/bugs.h"
#include "model/client/consumer/consumer_record.h"
#include "model/client/consumer/subscription_state.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/types.h"
#include "sim/base/result.h"

namespace squall::model {

class FetchBuffer {
  public:
    // Records of one partition, handed out together.
    struct Handout {
        TopicPartition partition;
        FetchPosition before;
        FetchPosition after;
        std::vector<ConsumerRecord> records;  // may be empty where only holes were passed
    };

    // `bugs` may be null, and outlives the buffer.
    explicit FetchBuffer(IsolationLevel isolation, const BugSet* bugs = nullptr)
        : isolation_(isolation), bugs_(bugs) {}

    // Takes one partition of a Fetch answer, which was asked for from `position` on. Corrupt where
    // a batch is not what its producer wrote.
    Status add(const TopicPartition& partition, FetchPosition position,
               const FetchResponse::Partition& answer);
    // Is there anything of this partition? Then it is not fetched again.
    bool holds(const TopicPartition& partition) const;
    // Of which there is something.
    std::vector<TopicPartition> partitions() const;

    // At most `max_records` over all partitions; what was fetched first comes first.
    std::vector<Handout> collect(SubscriptionState& subscription, std::size_t max_records);
    void clear() { fetches_.clear(); }
    void drop(const std::vector<TopicPartition>& partitions);

  private:
    struct Entry {
        ConsumerRecord record;
        FetchPosition next;  // the position when it has been handed out
    };
    struct Fetch {
        TopicPartition partition;
        FetchPosition position;  // from where the remaining entries read on
        FetchPosition end;       // where all of it has been handed out
        std::deque<Entry> entries;
    };

    IsolationLevel isolation_;
    const BugSet* bugs_;
    std::deque<Fetch> fetches_;  // at most one for each partition
};

}  // namespace squall::model
