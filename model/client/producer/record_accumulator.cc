#include "model/client/producer/record_accumulator.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

RecordAccumulator::RecordAccumulator(const ProducerOptions& options)
    : batch_size_(options.batch_size),
      max_request_size_(options.max_request_size),
      linger_(options.linger),
      delivery_timeout_(options.delivery_timeout),
      buffer_memory_(options.buffer_memory),
      max_in_flight_(options.max_in_flight),
      is_idempotent_(options.is_idempotent()),
      compression_(options.compression),
      availability_timeout_(options.partitioner_availability_timeout) {}

std::uint64_t RecordAccumulator::bytes_for(const RecordToSend& record) {
    static const ProducerBatch empty;
    return empty.size_with(record);
}

std::optional<RecordAccumulator::Appended> RecordAccumulator::append(
    const TopicPartition& partition, const RecordToSend& record, LocalTime now) {
    ASSERT(!is_closed_, "append to {} after close", partition);
    Queue& queue = queues_[partition];
    const bool has_room =
        !queue.empty() && !queue.back().is_closed && queue.back().size_with(record) <= batch_size_;
    if (!has_room) {
        // A record larger than a batch gets a batch of its own.
        const std::uint64_t reserved = reserved_for(bytes_for(record));
        ASSERT(reserved <= buffer_memory_, "a batch of {} bytes, buffer.memory {}", reserved,
               buffer_memory_);
        if (used_memory_ + reserved > buffer_memory_) {
            forget_if_empty(partition);
            return std::nullopt;
        }
        used_memory_ += reserved;
        ++queued_batches_;
        if (!queue.empty()) queue.back().close();
        ProducerBatch batch;
        batch.id = new_batch_id();
        batch.partition = partition;
        batch.reserved_bytes = reserved;
        batch.created_at = now;
        batch.compression = compression_;
        queue.push_back(std::move(batch));
    }
    ProducerBatch& batch = queue.back();
    const std::size_t size_before = batch.size_bytes();
    batch.append(record);
    return Appended{.wakes_sender = !has_room || is_full(batch),
                    .all_batches_full = is_full(batch),
                    .bytes = static_cast<std::uint32_t>(batch.size_bytes() - size_before)};
}

bool RecordAccumulator::is_full(const ProducerBatch& batch) const {
    return batch.is_closed || batch.size_bytes() >= batch_size_;
}

bool RecordAccumulator::is_backing_off(const ProducerBatch& batch, const MetadataCache& metadata,
                                       LocalTime now) const {
    if (now >= batch.not_before) return false;
    // Another leader did not fail us yet: no reason to spare it (KIP-951).
    return metadata.leader_epoch(batch.partition) <= batch.attempted_epoch;
}

bool RecordAccumulator::is_due(const Queue& queue, LocalTime now) const {
    const ProducerBatch& front = queue.front();
    const bool has_lingered = now - front.created_at >= linger_;
    return has_lingered || queue.size() > 1 || is_full(front) || memory_waiters_ > 0 ||
           flushes_ > 0 || is_closed_;
}

bool RecordAccumulator::may_drain(const TopicPartition& partition, const Queue& queue,
                                  const MetadataCache& metadata, LocalTime now,
                                  const Gate& gate) const {
    return !queue.empty() && !muted_.contains(partition) && is_due(queue, now) &&
           !is_backing_off(queue.front(), metadata, now) && (!gate || gate(queue.front()));
}

RecordAccumulator::Readiness RecordAccumulator::ready(const MetadataCache& metadata, LocalTime now,
                                                      const Gate& gate) const {
    Readiness readiness;
    for (const auto& [partition, queue] : queues_) {
        const BrokerId leader = metadata.leader(partition);
        if (leader == no_broker) {
            readiness.topics_without_leader.insert(partition.topic);
            continue;
        }
        const ProducerBatch& front = queue.front();
        if (muted_.contains(partition) || (gate && !gate(front))) continue;
        if (is_backing_off(front, metadata, now)) {
            readiness.next_check = std::min(readiness.next_check, front.not_before);
        } else if (is_due(queue, now)) {
            readiness.brokers.insert(leader);
        } else {
            readiness.next_check = std::min(readiness.next_check, front.created_at + linger_);
        }
    }
    return readiness;
}

void RecordAccumulator::forget_if_empty(const TopicPartition& partition) {
    const auto queue = queues_.find(partition);
    if (queue != queues_.end() && queue->second.empty()) queues_.erase(queue);
}

void RecordAccumulator::forget_empty() {
    std::erase_if(queues_, [](const auto& each) { return each.second.empty(); });
}

ProducerBatch RecordAccumulator::take_front(Queue& queue) {
    ASSERT(!queue.empty(), "nothing to take");
    ProducerBatch batch = std::move(queue.front());
    queue.pop_front();
    ASSERT(queued_batches_ > 0, "more batches taken than queued");
    --queued_batches_;
    batch.close();
    return batch;
}

std::vector<ProducerBatch> RecordAccumulator::drain(BrokerId broker, const MetadataCache& metadata,
                                                    LocalTime now, const Gate& gate) {
    std::vector<ProducerBatch> drained;
    if (queues_.empty()) return drained;
    std::uint64_t size = 0;
    // Begin behind the partition that was first last time, so that a large one cannot starve the
    // others of a request's bytes.
    auto at = queues_.begin();
    const auto last = drained_last_.find(broker);
    if (last != drained_last_.end()) at = queues_.upper_bound(last->second);
    for (std::size_t i = 0; i < queues_.size(); ++i, ++at) {
        if (at == queues_.end()) at = queues_.begin();
        auto& [partition, queue] = *at;
        if (metadata.leader(partition) != broker) continue;
        if (!may_drain(partition, queue, metadata, now, gate)) continue;
        if (!drained.empty() && size + queue.front().size_bytes() > max_request_size_) break;
        if (drained.empty()) drained_last_[broker] = partition;
        size += queue.front().size_bytes();
        drained.push_back(take_front(queue));
        if (keeps_order()) muted_.insert(partition);
    }
    for (const ProducerBatch& batch : drained) forget_if_empty(batch.partition);
    return drained;
}

void RecordAccumulator::reenqueue(ProducerBatch batch) {
    ASSERT(batch.is_closed, "batch {} of {} was never drained", batch.id, batch.partition);
    if (batch.is_numbered()) return put_back(std::move(batch));
    ++queued_batches_;
    Queue& queue = queues_[batch.partition];
    queue.push_front(std::move(batch));
}

void RecordAccumulator::put_back(ProducerBatch batch) {
    ASSERT(batch.is_closed, "batch {} of {} was never drained", batch.id, batch.partition);
    ++queued_batches_;
    Queue& queue = queues_[batch.partition];
    const auto later = std::ranges::find_if(queue, [&](const ProducerBatch& queued) {
        return queued.sends.front() > batch.sends.front();
    });
    queue.insert(later, std::move(batch));
}

std::pair<ProducerBatch, ProducerBatch> RecordAccumulator::split(const ProducerBatch& batch) {
    ASSERT(batch.is_closed, "batch {} of {} was never drained", batch.id, batch.partition);
    ASSERT(batch.sends.size() > 1, "a batch of {} records cannot be split", batch.sends.size());
    const Result<RecordBatch> decoded = decode_batch(ByteView(batch.encoded));
    ASSERT(decoded.ok(), "a batch of our own does not decode: {}", to_string(decoded.error()));
    ASSERT(decoded->records.size() == batch.sends.size(), "{} records for {} sends",
           decoded->records.size(), batch.sends.size());

    const auto half_of = [&](std::size_t begin, std::size_t end) {
        ProducerBatch half = batch;
        half.id = begin == 0 ? batch.id : new_batch_id();
        half.sends.clear();
        half.encoded.clear();
        half.builder = BatchBuilder();
        half.is_closed = false;
        for (std::size_t i = begin; i < end; ++i) {
            const Record& record = decoded->records[i];
            half.append({.send = batch.sends[i],
                         .timestamp = decoded->timestamp_of(record),
                         .key = record.key,
                         .value = record.value,
                         .headers = record.headers});
        }
        half.close();
        if (batch.is_numbered()) {
            half.set_producer(batch.identity,
                              sequence_after(batch.base_sequence, static_cast<std::int32_t>(begin)),
                              decoded->attributes.is_transactional());
        }
        return half;
    };
    const std::size_t middle = batch.sends.size() / 2;
    ProducerBatch first = half_of(0, middle);
    ProducerBatch second = half_of(middle, batch.sends.size());
    // Memory is shared out between the halves, not taken anew.
    first.reserved_bytes = batch.reserved_bytes / 2;
    second.reserved_bytes = batch.reserved_bytes - first.reserved_bytes;
    return {std::move(first), std::move(second)};
}

void RecordAccumulator::release(const ProducerBatch& batch) {
    ASSERT(used_memory_ >= batch.reserved_bytes, "releases {} of {} bytes", batch.reserved_bytes,
           used_memory_);
    used_memory_ -= batch.reserved_bytes;
}

void RecordAccumulator::unmute(const TopicPartition& partition) {
    muted_.erase(partition);
}

std::vector<ProducerBatch> RecordAccumulator::take_expired(LocalTime now) {
    std::vector<ProducerBatch> expired;
    for (auto& [partition, queue] : queues_) {
        // Also behind a younger one: retries that overtook each other are not in order of age.
        for (std::size_t i = 0; i < queue.size();) {
            if (now - queue[i].created_at < delivery_timeout_) {
                ++i;
                continue;
            }
            queue[i].close();
            expired.push_back(std::move(queue[i]));
            queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i));
            --queued_batches_;
        }
    }
    if (!expired.empty()) forget_empty();
    return expired;
}

std::vector<ProducerBatch> RecordAccumulator::take_all() {
    std::vector<ProducerBatch> all;
    for (auto& [partition, queue] : queues_) {
        while (!queue.empty()) all.push_back(take_front(queue));
    }
    queues_.clear();
    return all;
}

std::vector<ProducerBatch> RecordAccumulator::take_unnumbered() {
    std::vector<ProducerBatch> taken;
    for (auto& [partition, queue] : queues_) {
        // Numbered batches wait in front of all others.
        while (!queue.empty() && !queue.back().is_numbered()) {
            queue.back().close();
            taken.push_back(std::move(queue.back()));
            queue.pop_back();
            --queued_batches_;
        }
    }
    forget_empty();
    std::ranges::sort(taken, {}, [](const ProducerBatch& batch) { return batch.sends.front(); });
    return taken;
}

std::vector<ProducerBatch*> RecordAccumulator::numbered(const TopicPartition& partition) {
    std::vector<ProducerBatch*> batches;
    const auto queue = queues_.find(partition);
    if (queue == queues_.end()) return batches;
    for (ProducerBatch& batch : queue->second) {
        if (batch.is_numbered()) batches.push_back(&batch);
    }
    return batches;
}

void RecordAccumulator::end_flush() {
    ASSERT(flushes_ > 0, "a flush ends that never began");
    --flushes_;
}

void RecordAccumulator::end_memory_wait() {
    ASSERT(memory_waiters_ > 0, "a wait for memory ends that never began");
    --memory_waiters_;
}

void RecordAccumulator::note_ready(BrokerId broker, bool can_be_sent_to, LocalTime now) {
    if (availability_timeout_ == Duration{}) return;
    Attention& attention =
        attention_.try_emplace(broker, Attention{.ready = now, .sent_to = now}).first->second;
    attention.ready = now;
    if (can_be_sent_to) attention.sent_to = now;
}

bool RecordAccumulator::is_available(BrokerId broker) const {
    const auto found = attention_.find(broker);
    return found == attention_.end() ||
           found->second.ready - found->second.sent_to <= availability_timeout_;
}

std::vector<PartitionLoad> RecordAccumulator::loads(std::string_view topic,
                                                    const MetadataCache& metadata) const {
    std::vector<PartitionLoad> loads;
    for (const std::int32_t partition : metadata.available_partitions(topic)) {
        const TopicPartition name{.topic = std::string(topic), .partition = partition};
        if (!is_available(metadata.leader(name))) continue;
        const auto queue = queues_.find(name);
        loads.push_back({.partition = partition,
                         .queued_batches = queue == queues_.end()
                                               ? 0
                                               : static_cast<std::uint32_t>(queue->second.size())});
    }
    return loads;
}

LocalTime RecordAccumulator::next_expiry() const {
    LocalTime next = LocalTime::max();
    for (const auto& [partition, queue] : queues_) {
        for (const ProducerBatch& batch : queue) {
            next = std::min(next, batch.created_at + delivery_timeout_);
        }
    }
    return next;
}

void RecordAccumulator::check_invariants() const {
    std::uint64_t batches = 0;
    std::uint64_t reserved = 0;
    for (const auto& [partition, queue] : queues_) {
        ASSERT(!queue.empty(), "{} has a queue of nothing", partition);
        for (const ProducerBatch& batch : queue) {
            ++batches;
            reserved += batch.reserved_bytes;
            ASSERT(batch.partition == partition, "a batch of {} waits in {}", batch.partition,
                   partition);
            ASSERT(!batch.sends.empty(), "batch {} of {} is empty", batch.id, partition);
            ASSERT(batch.is_closed || &batch == &queue.back(),
                   "batch {} of {} is open, but not the last", batch.id, partition);
        }
    }
    ASSERT(batches == queued_batches_, "{} batches queued, {} counted", batches, queued_batches_);
    ASSERT(reserved <= used_memory_, "{} bytes queued, {} in use", reserved, used_memory_);
    ASSERT(used_memory_ <= buffer_memory_, "{} bytes in use of {}", used_memory_, buffer_memory_);
}

}  // namespace squall::model
