#include "model/client/consumer/fetch_buffer.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "model/protocol/control_batch.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

// Which transactional data of one answer was aborted: from a transaction's first offset until its
// producer's ABORT marker.
class AbortedFilter {
  public:
    AbortedFilter(const FetchResponse::Partition& answer, const BugSet* bugs) : bugs_(bugs) {
        if (!answer.aborted_transactions) return;
        for (const auto& aborted : *answer.aborted_transactions) {
            pending_.emplace(aborted.first_offset, aborted.producer_id);
        }
    }

    // Whether to leave out this batch. To be asked of each batch, in order.
    bool hides(const BatchView& batch) {
        while (!pending_.empty() && pending_.begin()->first <= batch.last_offset()) {
            aborted_.insert(pending_.begin()->second);
            pending_.erase(pending_.begin());
        }
        if (batch.attributes().is_control()) {
            const Result<TransactionMarker> marker = read_marker(batch);
            if (marker.ok() && !marker->is_commit) end(marker->producer_id);
            return true;
        }
        return batch.attributes().is_transactional() && aborted_.contains(batch.producer_id());
    }

  private:
    // Of the producer whose marker it is, and of nobody else: markers of transactions without
    // records here are not in the list.
    void end(ProducerId producer) {
        const ProducerId first = !aborted_.empty()   ? *aborted_.begin()
                                 : !pending_.empty() ? pending_.begin()->second
                                                     : producer;
        const ProducerId ended =
            bugs_ == nullptr ? producer
                             : bugs_->deviate(Bug::z70_aborted_list_mismatch, producer, first);
        if (aborted_.erase(ended) > 0 || ended == producer) return;
        pending_.erase(pending_.begin());
    }

    const BugSet* bugs_;
    std::multimap<Offset, ProducerId> pending_;
    std::set<ProducerId> aborted_;
};

}  // namespace

Status FetchBuffer::add(const TopicPartition& partition, FetchPosition position,
                        const FetchResponse::Partition& answer) {
    ASSERT(!holds(partition), "{} is fetched twice", partition);
    Fetch fetch{.partition = partition, .position = position, .end = position, .entries = {}};
    AbortedFilter aborted(answer, bugs_);
    BatchCursor cursor{ByteView(answer.records)};
    while (const std::optional<BatchView> batch = cursor.next()) {
        if (Status status = batch->check(); !status) return status;
        const FetchPosition after{.offset = batch->next_offset(),
                                  .offset_epoch = batch->partition_leader_epoch()};
        // The broker answers from the start of the batch that holds the position.
        if (after.offset <= position.offset) continue;
        const bool is_hidden = isolation_ == IsolationLevel::read_committed
                                   ? aborted.hides(*batch)
                                   : batch->attributes().is_control();
        if (!is_hidden) {
            RecordReader reader(*batch);
            RecordView record;
            while (reader.next(record)) {
                const Offset offset = reader.offset(record);
                if (offset < position.offset) continue;
                Record copied = record.to_record();
                fetch.entries.push_back(
                    {.record = {.partition = partition,
                                .offset = offset,
                                .leader_epoch = batch->partition_leader_epoch(),
                                .timestamp = reader.timestamp(record),
                                .key = std::move(copied.key),
                                .value = std::move(copied.value),
                                .headers = std::move(copied.headers),
                                .id = record_id(record)},
                     .next = {.offset = offset.next(),
                              .offset_epoch = batch->partition_leader_epoch()}});
            }
            if (!reader.status()) return reader.status();
        }
        fetch.end = after;
        // Holes behind a record are passed together with it.
        if (!fetch.entries.empty()) fetch.entries.back().next = after;
    }
    if (cursor.end() == BatchCursor::End::corrupt) {
        return Error{Failure::corrupt, to_string(partition) + ": what was fetched is no batch"};
    }
    if (fetch.end.offset > position.offset) fetches_.push_back(std::move(fetch));
    return success();
}

bool FetchBuffer::holds(const TopicPartition& partition) const {
    return std::ranges::find(fetches_, partition, &Fetch::partition) != fetches_.end();
}

std::vector<TopicPartition> FetchBuffer::partitions() const {
    std::vector<TopicPartition> partitions;
    for (const Fetch& fetch : fetches_) partitions.push_back(fetch.partition);
    return partitions;
}

void FetchBuffer::drop(const std::vector<TopicPartition>& partitions) {
    std::erase_if(fetches_, [&](const Fetch& fetch) {
        return std::ranges::find(partitions, fetch.partition) != partitions.end();
    });
}

std::vector<FetchBuffer::Handout> FetchBuffer::collect(SubscriptionState& subscription,
                                                       std::size_t max_records) {
    std::vector<Handout> handouts;
    std::deque<Fetch> kept;
    std::size_t left = max_records;
    while (!fetches_.empty() && left > 0) {
        Fetch& fetch = fetches_.front();
        if (!subscription.is_fetchable(fetch.partition)) {
            const bool waits = subscription.is_assigned(fetch.partition) &&
                               subscription.is_paused(fetch.partition);
            if (waits) kept.push_back(std::move(fetch));
            fetches_.pop_front();
            continue;
        }
        const FetchPosition position = *subscription.position(fetch.partition);
        if (position.offset != fetch.position.offset) {  // sought elsewhere meanwhile
            fetches_.pop_front();
            continue;
        }
        Handout handout{
            .partition = fetch.partition, .before = position, .after = position, .records = {}};
        while (!fetch.entries.empty() && left > 0) {
            handout.after = fetch.entries.front().next;
            handout.records.push_back(std::move(fetch.entries.front().record));
            fetch.entries.pop_front();
            --left;
        }
        if (fetch.entries.empty()) handout.after = fetch.end;
        fetch.position = handout.after;
        subscription.advance(fetch.partition, handout.after);
        if (fetch.entries.empty()) fetches_.pop_front();
        handouts.push_back(std::move(handout));
    }
    std::ranges::move(kept, std::back_inserter(fetches_));
    return handouts;
}

}  // namespace squall::model
