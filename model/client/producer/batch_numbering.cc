#include "model/client/producer/batch_numbering.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

// Is `left` before `right`, in a circle of 2^31 numbers of which a window is in use?
bool is_before(SequenceNumber left, SequenceNumber right) {
    constexpr std::int64_t sequences = std::int64_t{1} << 31;
    const std::int64_t ahead = (std::int64_t{right.value()} - left.value() + sequences) % sequences;
    return ahead != 0 && ahead < sequences / 2;
}

}  // namespace

void BatchNumbering::identify(const ProducerIdentity& identity) {
    ASSERT(identity.is_valid(), "identified as nobody");
    if (identity.id != identity_.id) known_to_leader_.clear();
    identity_ = identity;
    if (!is_transactional_) return;
    for (const auto& [name, partition] : partitions_) {
        ASSERT(partition.in_flight.empty(), "{}: {} batches in flight across transactions", name,
               partition.in_flight.size());
    }
    partitions_.clear();
    troubled_.clear();
}

// ---- sending ----

bool BatchNumbering::may_send(const ProducerBatch& batch) const {
    if (!is_identified()) return false;
    const auto found = partitions_.find(batch.partition);
    if (found == partitions_.end()) return true;
    const Partition& partition = found->second;
    if (batch.is_numbered()) {
        if (!is_first_in_flight(batch)) return false;
        // What waits for its new number must not be sent under the old one again.
        return !partition.wants_epoch || !is_certainly_absent(partition, batch);
    }
    return !is_waiting(partition) && partition.in_flight.size() < window(batch.partition);
}

void BatchNumbering::number(ProducerBatch& batch) {
    ASSERT(may_send(batch), "batch {} of {} must not be sent yet", batch.id, batch.partition);
    if (batch.is_numbered()) return;
    Partition& partition = partitions_[batch.partition];
    if (partition.identity != identity_) {
        ASSERT(partition.in_flight.empty(), "{} changes its epoch in flight", batch.partition);
        partition = Partition{};
        partition.identity = identity_;
        troubled_.erase(batch.partition);
    }
    assign(partition, batch, is_transactional_);
    partition.in_flight.push_back(
        {.batch = batch.id, .first = batch.base_sequence, .count = batch.record_count()});
}

void BatchNumbering::assign(Partition& partition, ProducerBatch& batch, bool is_transactional) {
    batch.set_producer(partition.identity, partition.next, is_transactional);
    partition.next = sequence_after(partition.next, batch.record_count());
}

// ---- outcomes ----

void BatchNumbering::forget(const ProducerBatch& batch) {
    std::vector<Numbered>& in_flight = partitions_.at(batch.partition).in_flight;
    const auto found = std::ranges::find(in_flight, batch.id, &Numbered::batch);
    ASSERT(found != in_flight.end(), "batch {} of {} is not in flight", batch.id, batch.partition);
    in_flight.erase(found);
}

void BatchNumbering::on_written(const ProducerBatch& batch) {
    forget(batch);
    Partition& partition = partitions_.at(batch.partition);
    // An answer to what it carried before its number was rewritten says nothing of the new number.
    if (batch.identity != partition.identity) return;
    if (batch.identity.id == identity_.id) known_to_leader_.insert(batch.partition);
    const SequenceNumber last = batch.last_sequence();
    if (partition.last_acknowledged == no_sequence ||
        is_before(partition.last_acknowledged, last)) {
        partition.last_acknowledged = last;
    }
}

void BatchNumbering::on_split(const ProducerBatch& whole, const ProducerBatch& first,
                              const ProducerBatch& second) {
    std::vector<Numbered>& in_flight = partitions_.at(whole.partition).in_flight;
    const auto found = std::ranges::find(in_flight, whole.id, &Numbered::batch);
    ASSERT(found != in_flight.end(), "batch {} of {} is not in flight", whole.id, whole.partition);
    *found = {.batch = first.id, .first = first.base_sequence, .count = first.record_count()};
    in_flight.insert(
        found + 1,
        {.batch = second.id, .first = second.base_sequence, .count = second.record_count()});
}

void BatchNumbering::on_given_up(const ProducerBatch& batch, bool may_be_written) {
    if (!batch.is_numbered()) return;
    forget(batch);
    Partition& partition = partitions_.at(batch.partition);
    if (batch.identity != partition.identity) return;
    troubled_.insert(batch.partition);
    if (may_be_written) {
        partition.is_unresolved = true;
        return;
    }
    if (!partition.gap || is_before(batch.base_sequence, *partition.gap)) {
        partition.gap = batch.base_sequence;
    }
    partition.wants_epoch = true;
}

bool BatchNumbering::is_first_in_flight(const ProducerBatch& batch) const {
    const auto found = partitions_.find(batch.partition);
    return found != partitions_.end() && !found->second.in_flight.empty() &&
           found->second.in_flight.front().batch == batch.id;
}

void BatchNumbering::on_out_of_order(const ProducerBatch& batch) {
    Partition& partition = partitions_.at(batch.partition);
    if (batch.identity != partition.identity) return;
    partition.wants_epoch = true;
    troubled_.insert(batch.partition);
}

// ---- epochs ----

std::vector<TopicPartition> BatchNumbering::wanting_epoch() const {
    std::vector<TopicPartition> wanting;
    for (const TopicPartition& name : troubled_) {
        if (partitions_.at(name).wants_epoch) wanting.push_back(name);
    }
    return wanting;
}

bool BatchNumbering::is_certainly_absent(const Partition& partition, const ProducerBatch& front) {
    const bool lies_behind_gap = partition.gap && is_before(*partition.gap, front.base_sequence);
    return lies_behind_gap || !front.may_be_written || front.is_known_absent;
}

bool BatchNumbering::may_renumber(const TopicPartition& name, const ProducerBatch* front,
                                  bool any_in_request) const {
    const bool right =
        front == nullptr || (!any_in_request && is_certainly_absent(partitions_.at(name), *front));
    if (bugs_ == nullptr) return right;
    return bugs_->deviate(Bug::z48_epoch_bump_rewrites_inflight, right, true);
}

void BatchNumbering::raise_epoch() {
    ASSERT(is_identified() && !is_epoch_exhausted(), "epoch {} of producer {} cannot go up",
           identity_.epoch, identity_.id);
    ++identity_.epoch;
}

void BatchNumbering::restart(const TopicPartition& name,
                             const std::vector<ProducerBatch*>& in_flight) {
    Partition& partition = partitions_.at(name);
    ASSERT(in_flight.size() == partition.in_flight.size(), "{}: {} of {} batches renumbered", name,
           in_flight.size(), partition.in_flight.size());
    ASSERT(partition.identity != identity_, "{} counts from 0 twice in an epoch", name);
    partition = Partition{};
    partition.identity = identity_;
    troubled_.erase(name);
    for (ProducerBatch* const batch : in_flight) {
        assign(partition, *batch, is_transactional_);
        batch->is_known_absent = false;
        partition.in_flight.push_back(
            {.batch = batch->id, .first = batch->base_sequence, .count = batch->record_count()});
    }
}

bool BatchNumbering::has_unresolved() const {
    return std::ranges::any_of(
        troubled_, [&](const TopicPartition& name) { return partitions_.at(name).is_unresolved; });
}

bool BatchNumbering::resolve() {
    bool is_missing = false;
    for (const TopicPartition& name : troubled_) {
        Partition& partition = partitions_.at(name);
        if (!partition.is_unresolved || !partition.in_flight.empty()) continue;
        partition.is_unresolved = false;
        const bool all_acknowledged =
            partition.last_acknowledged != no_sequence &&
            sequence_after(partition.last_acknowledged, 1) == partition.next;
        if (all_acknowledged) continue;
        partition.wants_epoch = true;
        is_missing = true;
    }
    std::erase_if(troubled_,
                  [&](const TopicPartition& name) { return !partitions_.at(name).is_troubled(); });
    return is_missing;
}

std::size_t BatchNumbering::in_flight(const TopicPartition& name) const {
    const auto found = partitions_.find(name);
    return found == partitions_.end() ? 0 : found->second.in_flight.size();
}

void BatchNumbering::check_invariants() const {
    for (const auto& [name, partition] : partitions_) {
        ASSERT(partition.is_troubled() == troubled_.contains(name), "{} is lost sight of", name);
        for (std::size_t i = 1; i < partition.in_flight.size(); ++i) {
            const Numbered& before = partition.in_flight[i - 1];
            const Numbered& after = partition.in_flight[i];
            ASSERT(is_before(before.first, after.first), "{}: {} in flight behind {}", name,
                   after.first, before.first);
        }
        if (!partition.in_flight.empty()) {
            const Numbered& last = partition.in_flight.back();
            const SequenceNumber end = sequence_after(last.first, last.count);
            ASSERT(end == partition.next || is_before(end, partition.next),
                   "{}: {} in flight, the next number is {}", name, last.first, partition.next);
        }
    }
}

}  // namespace squall::model
