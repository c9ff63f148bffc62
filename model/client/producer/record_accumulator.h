// RecordAccumulator: what was sent by the application and not yet by the producer: for each
// partition a queue of batches, filled at the back and drained at the front.
//
// A batch is ready when it is full (or another one waits behind it), when linger.ms passed, when
// memory ran out, or when the application flushes or closes; never during the back-off of a retry,
// unless the partition got another leader since (KIP-951), and never while its partition is muted.
// A drain takes at most one batch of each partition. Retries go back to the front. With one request
// in flight (max.in.flight.requests.per.connection=1) the partition is muted from drain to answer,
// so that order survives retries; with more, a retry may overtake (KAFKA-3197), unless batches are
// numbered (BatchNumbering).
//
// Guarantees: memory never exceeds buffer.memory; a batch is in exactly one place: a queue here, or
// with whoever drained it. Pure; see producer.cc for the tasks around it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/client/metadata_cache.h"
#include "model/client/partitioner.h"
#include "model/client/producer/producer_batch.h"
#include "model/client/producer/producer_options.h"
#include "sim/base/time.h"

namespace squall::model {

class RecordAccumulator {
  public:
    explicit RecordAccumulator(const ProducerOptions& options);

    struct Appended {
        bool wakes_sender = false;      // a batch began, or one became full
        bool all_batches_full = false;  // of its partition: a good time for another partition
        std::uint32_t bytes = 0;
    };
    // Nullopt: buffer.memory is exhausted, the record was not taken. Requires: not closed;
    // ever_has_room_for(bytes_for(record)).
    std::optional<Appended> append(const TopicPartition& partition, const RecordToSend& record,
                                   LocalTime now);
    // Of a batch with this record alone.
    static std::uint64_t bytes_for(const RecordToSend& record);
    // A batch takes batch.size of buffer.memory, or more for a larger record.
    bool ever_has_room_for(std::uint64_t bytes) const {
        return reserved_for(bytes) <= buffer_memory_;
    }

    struct Readiness {
        std::set<BrokerId> brokers;                   // have something to be sent now
        std::set<std::string> topics_without_leader;  // have something, and nobody to send it to
        LocalTime next_check = LocalTime::max();      // when time alone makes something ready
    };
    // May the front of a queue be sent, as far as whoever numbers batches is concerned?
    using Gate = std::function<bool(const ProducerBatch&)>;
    Readiness ready(const MetadataCache& metadata, LocalTime now, const Gate& gate) const;

    // Takes ready batches of partitions led by `broker`, up to max.request.size, but at least one
    // where one is ready; partitions take turns in being first.
    std::vector<ProducerBatch> drain(BrokerId broker, const MetadataCache& metadata, LocalTime now,
                                     const Gate& gate);

    // ---- what comes back to the accumulator ----

    // To the front of its queue, as it is; a numbered one in the order of numbers. Requires:
    // drained before, unmuted.
    void reenqueue(ProducerBatch batch);
    // A drained batch that was not sent after all goes back where it was, before what was sent to
    // us later: only retries change the order.
    void put_back(ProducerBatch batch);
    // Half of its records each, for reenqueue; of a numbered batch, with its numbers. Requires:
    // drained; more than one record.
    std::pair<ProducerBatch, ProducerBatch> split(const ProducerBatch& batch);
    // The batch ended: its memory is free again.
    void release(const ProducerBatch& batch);
    // The batch of this partition that was in flight ended.
    void unmute(const TopicPartition& partition);

    // Batches older than delivery.timeout.ms, in order, for release.
    std::vector<ProducerBatch> take_expired(LocalTime now);
    // Every queued batch, for release: a close that does not wait.
    std::vector<ProducerBatch> take_all();
    // Those that were never numbered, and so never sent: of a transaction that is aborted.
    std::vector<ProducerBatch> take_unnumbered();
    // Those that wait to be sent again under their numbers, in order.
    std::vector<ProducerBatch*> numbered(const TopicPartition& partition);

    // ---- pressure ----

    void begin_flush() { ++flushes_; }
    void end_flush();
    void close() { is_closed_ = true; }
    bool is_closed() const { return is_closed_; }
    void begin_memory_wait() { ++memory_waiters_; }
    void end_memory_wait();

    bool has_queued() const { return queued_batches_ > 0; }
    std::uint64_t used_memory() const { return used_memory_; }
    bool is_muted(const TopicPartition& partition) const { return muted_.contains(partition); }
    // Something is ready for the broker, and it could be sent to now, or not: there is no
    // connection, or enough is under way.
    void note_ready(BrokerId broker, bool can_be_sent_to, LocalTime now);
    // Queue lengths of the topic's partitions that have a leader, for the sticky partitioner;
    // without those whose leader could not be sent to for partitioner.availability.timeout.ms.
    std::vector<PartitionLoad> loads(std::string_view topic, const MetadataCache& metadata) const;
    LocalTime next_expiry() const;

    void check_invariants() const;

  private:
    using Queue = std::deque<ProducerBatch>;

    // When something was last ready for a broker, and when it was last sent to.
    struct Attention {
        LocalTime ready;
        LocalTime sent_to;
    };

    std::uint64_t reserved_for(std::uint64_t bytes) const {
        return std::max<std::uint64_t>(batch_size_, bytes);
    }
    bool is_full(const ProducerBatch& batch) const;
    bool is_available(BrokerId broker) const;
    // Does the back-off of a retry hold this batch back?
    bool is_backing_off(const ProducerBatch& batch, const MetadataCache& metadata,
                        LocalTime now) const;
    // Is the front of this queue to be sent now, back-off aside?
    bool is_due(const Queue& queue, LocalTime now) const;
    // Numbers keep the order where there are any.
    bool keeps_order() const { return max_in_flight_ == 1 && !is_idempotent_; }
    bool may_drain(const TopicPartition& partition, const Queue& queue,
                   const MetadataCache& metadata, LocalTime now, const Gate& gate) const;
    ProducerBatch take_front(Queue& queue);
    void forget_if_empty(const TopicPartition& partition);
    void forget_empty();
    BatchId new_batch_id() { return BatchId(next_batch_++); }

    std::uint32_t batch_size_;
    std::uint32_t max_request_size_;
    Duration linger_;
    Duration delivery_timeout_;
    std::uint64_t buffer_memory_;
    std::int32_t max_in_flight_;
    bool is_idempotent_;
    Compression compression_;
    Duration availability_timeout_;  // zero: whoever leads is available

    std::map<BrokerId, Attention> attention_;
    std::map<TopicPartition, Queue> queues_;  // that are not empty
    std::set<TopicPartition> muted_;
    std::map<BrokerId, TopicPartition> drained_last_;  // whose turn is next
    std::uint64_t used_memory_ = 0;
    std::uint64_t queued_batches_ = 0;
    std::uint64_t next_batch_ = 1;
    std::uint32_t flushes_ = 0;
    std::uint32_t memory_waiters_ = 0;
    bool is_closed_ = false;
};

}  // namespace squall::model
