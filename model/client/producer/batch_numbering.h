// BatchNumbering: the sequence numbers of an idempotent producer (KIP-98, KIP-360): which identity
// (producer id and epoch) and which sequence each batch carries, which batch may be sent, and when
// the epoch has to go up.
//
// A batch is numbered when it is first drained and keeps its number through all retries. At most
// five numbered batches of a partition are without an outcome: as many as its leader remembers.
// The first of a producer id goes alone: a leader that does not know the producer takes any number
// (KIP-360), and so would take the second batch where the first is lost. Retries go in the order of
// their numbers, none before the one in front of it is answered.
//
// When a numbered batch is given up, its numbers will never be used and the leader would refuse all
// that follow: the partition needs a new epoch, in which it counts from 0 again. The epoch goes up
// only when the batches in front of the one given up have an outcome. (Kafka rewrites them at once,
// KAFKA-14034: one of them that was appended without our knowledge is then appended again.)
//
//   given up, certainly not written  -> wants an epoch; new batches wait
//   given up, perhaps written        -> unresolved; new batches wait until nothing is in flight:
//                                       a later one acknowledged proves it written, else an epoch
//   the first in flight is refused   -> it is not in the log, nor is what follows: wants an epoch
//   as out of order
//
// Other partitions go over to the new epoch when nothing of theirs is in flight. Pure; owned by
// Sender, which knows where the batches are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "model/bugs.h"
#include "model/client/producer/producer_batch.h"
#include "model/protocol/types.h"

namespace squall::model {

class BatchNumbering {
  public:
    // `bugs` may be null, and outlives this.
    BatchNumbering(bool is_transactional, const BugSet* bugs)
        : is_transactional_(is_transactional), bugs_(bugs) {}

    const ProducerIdentity& identity() const { return identity_; }
    bool is_identified() const { return identity_.is_valid(); }
    // A new identity from a coordinator. A transactional producer begins at 0 everywhere;
    // requires: then nothing is in flight.
    void identify(const ProducerIdentity& identity);

    // ---- sending ----

    bool may_send(const ProducerBatch& batch) const;
    // Gives it its number, if it has none. Requires: may_send.
    void number(ProducerBatch& batch);

    // ---- outcomes ----

    void on_written(const ProducerBatch& batch);
    // The halves take over its numbers.
    void on_split(const ProducerBatch& whole, const ProducerBatch& first,
                  const ProducerBatch& second);
    // Given up: refused for good, or out of time. `may_be_written`: nobody can tell.
    void on_given_up(const ProducerBatch& batch, bool may_be_written);
    // Is it the first of its partition without an outcome?
    bool is_first_in_flight(const ProducerBatch& batch) const;
    // The leader refused its sequence although nothing is in front of it.
    void on_out_of_order(const ProducerBatch& batch);

    // ---- epochs ----

    // Partitions that cannot go on in their epoch.
    std::vector<TopicPartition> wanting_epoch() const;
    // A batch without an outcome must not be renumbered before it has one, unless it cannot be in
    // the log. `front`: the first in flight; null if none is. `any_in_request`: one of them is in a
    // request that has not ended.
    bool may_renumber(const TopicPartition& partition, const ProducerBatch* front,
                      bool any_in_request) const;
    // The identity has changed since the partition began to count.
    bool is_behind(const TopicPartition& partition) const {
        return partitions_.at(partition).identity != identity_;
    }
    bool is_epoch_exhausted() const { return identity_.epoch == last_epoch; }
    // The same producer id in its next epoch. Requires: not exhausted.
    void raise_epoch();
    // Counts from 0 again, under the identity of now; `in_flight` in their order get new numbers.
    void restart(const TopicPartition& partition, const std::vector<ProducerBatch*>& in_flight);
    // Something of the partition was given up, and whether it was written is not known yet.
    bool has_unresolved() const;
    // Some partition cannot go on under its numbers, or perhaps cannot.
    bool is_troubled() const { return !troubled_.empty(); }
    // Looks at partitions where nothing is in flight any more. True: a number is missing for good.
    bool resolve();

    std::size_t in_flight(const TopicPartition& partition) const;
    void check_invariants() const;

  private:
    static constexpr ProducerEpoch last_epoch{INT16_MAX};

    struct Numbered {
        BatchId batch;
        SequenceNumber first = no_sequence;
        std::int32_t count = 0;
    };
    struct Partition {
        ProducerIdentity identity;
        SequenceNumber next{0};
        SequenceNumber last_acknowledged = no_sequence;
        std::vector<Numbered> in_flight;    // without an outcome, in order
        std::optional<SequenceNumber> gap;  // certainly not in the log, and never will be
        bool is_unresolved = false;
        bool wants_epoch = false;

        bool is_troubled() const { return is_unresolved || wants_epoch; }
    };

    bool is_waiting(const Partition& partition) const {
        return partition.is_troubled() ||
               (partition.identity != identity_ && !partition.in_flight.empty());
    }
    // Neither this batch, the first in flight, nor what follows it can be in the log.
    static bool is_certainly_absent(const Partition& partition, const ProducerBatch& front);
    // How many batches of the partition may be without an outcome.
    std::size_t window(const TopicPartition& partition) const {
        return known_to_leader_.contains(partition) ? ProducerBatch::in_flight_max : 1;
    }
    static void assign(Partition& partition, ProducerBatch& batch, bool is_transactional);
    void forget(const ProducerBatch& batch);

    bool is_transactional_;
    const BugSet* bugs_;
    ProducerIdentity identity_;
    std::map<TopicPartition, Partition> partitions_;
    std::set<TopicPartition> troubled_;         // those that want an epoch, or are unresolved
    std::set<TopicPartition> known_to_leader_;  // a batch of this producer id was acknowledged
};

}  // namespace squall::model
