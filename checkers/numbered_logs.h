// NumberedLogs: the log of every replica, as far as its batches carry producers' numbers: who wrote
// which sequences, which transactions are open, and how the others ended. A fold of BatchAppended,
// MarkerAppended and whatever moves the ends of logs.
//
// A batch is the same batch on every replica if offset and leader epoch are equal, so it is kept
// once; a replica is a row of places. Batches without a producer id are left out. Where a process
// died before it could tell what it had written, the log is `untold`, and nobody is judged by it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/events/controller_events.h"
#include "model/events/replica_events.h"
#include "model/events/transaction_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

struct NumberedBatch {
    model::Offset base_offset;
    model::Offset last_offset;
    model::LeaderEpoch leader_epoch;
    model::ProducerId producer_id;
    model::ProducerEpoch producer_epoch;
    model::SequenceNumber base_sequence;
    bool is_control = false;
    bool is_transactional = false;
    std::optional<bool> commit;            // of a marker whose leader told
    std::int32_t coordinator_epoch = -1;   // the same
    std::vector<model::RecordId> records;  // of a transaction, as the leader told
    sim::EventSequence appended{0};        // first told, by its leader if that lived to tell
    Time appended_at;

    bool is_data() const { return !is_control; }
    // Of its last record. Numbers wrap after 2^31 - 1.
    model::SequenceNumber last_sequence() const;
};
// The number that follows.
model::SequenceNumber next_sequence(model::SequenceNumber sequence);

// What became of a record.
enum class Fate : std::uint8_t {
    plain,      // not part of a transaction
    committed,  // the next marker of its producer commits
    aborted,    // ... aborts
    undecided,  // there is none
    untold      // nobody can tell: behind it lies what a process died before telling
};
std::string_view to_string(Fate fate);

class NumberedLog {
  public:
    // In order of offset.
    const std::vector<const NumberedBatch*>& batches() const { return batches_; }
    // Those of one producer, in order of offset.
    const std::vector<const NumberedBatch*>& of(model::ProducerId producer) const;
    // In which `offset` lies; null if none.
    const NumberedBatch* find(model::Offset offset) const;
    // Null for data, and for records without an end.
    const NumberedBatch* end_of(const NumberedBatch& batch) const;
    Fate fate_of(const NumberedBatch& batch) const;
    // The first offset that read_committed must not pass, given how far the log is committed: that
    // of the first transaction which is open, or whose end is not committed. An end that the broker
    // found when it loaded the log counts as committed: a snapshot of producers holds open
    // transactions alone (Kafka's unreplicatedTxns are not stored), and what was decided stays so.
    model::Offset stable_offset(model::Offset high_watermark) const;
    // First offset -> producer, of the transactions without an end.
    const std::map<model::Offset, model::ProducerId>& open() const { return open_; }
    model::Offset start() const { return start_; }
    // Whether the trace told everything that lies in [from, to).
    bool is_told(model::Offset from, model::Offset to) const;
    bool is_told_from(model::Offset from) const { return is_told(from, end_); }

    void append(const NumberedBatch& batch);
    void advance_end(model::Offset to) { end_ = std::max(end_, to); }
    void truncate(model::Offset to);
    void advance_start(model::Offset to) { start_ = std::max(start_, to); }
    void open(model::Offset start, model::Offset end);

  private:
    std::map<model::Offset, model::ProducerId>::iterator find_open(model::ProducerId producer);
    void end_transaction(const NumberedBatch& marker);
    void reopen();

    std::vector<const NumberedBatch*> batches_;
    std::map<model::ProducerId, std::vector<const NumberedBatch*>> producers_;
    std::map<model::Offset, model::ProducerId> open_;
    std::map<model::Offset, model::Offset> ended_;  // marker -> first offset of its transaction
    std::vector<std::pair<model::Offset, model::Offset>> untold_;  // [from, to), in order
    model::Offset start_{0};
    model::Offset end_{0};
    model::Offset loaded_{0};  // what is below was found when the log was loaded
};

class NumberedLogs {
  public:
    // A numbered batch, and the log that it is about to become part of.
    struct Appending {
        const NumberedBatch* batch = nullptr;
        const NumberedLog* log = nullptr;
    };

    static bool looks_at(const sim::EventKind& kind);
    // What the event appends is no part of its log before `settle`.
    void observe(const sim::Event& event);
    void settle();
    // What the event at hand appends, where it is numbered and a leader appends it; else null.
    const Appending* appending() const { return is_by_leader_ ? &appending_ : nullptr; }

    const NumberedLog* find(const model::TopicPartition& partition, model::BrokerId broker) const;
    // That of the replica that led last.
    const NumberedLog* leader_log(const model::TopicPartition& partition) const;
    model::BrokerId leader(const model::TopicPartition& partition) const;
    // The offsets of a transaction of `producer`, in the log of a group's coordinator as its leader
    // holds it: what it had stored there last when the trace told event `told`; nullopt if nothing.
    struct StoredOffsets {
        model::TopicPartition partition;
        const NumberedBatch* batch = nullptr;
        const NumberedBatch* end = nullptr;  // the marker behind them; null if there is none
        Fate fate = Fate::undecided;
    };
    std::optional<StoredOffsets> stored_offsets(model::ProducerId producer,
                                                model::ProducerEpoch epoch,
                                                sim::EventSequence told) const;
    // Visits the log of each partition that has one, as the replica that led last holds it.
    template <class Visit>
    void visit(const Visit& visit) const {
        for (const auto& [name, partition] : partitions_) {
            const auto log = partition.logs.find(partition.leader);
            if (log != partition.logs.end()) visit(name, log->second);
        }
    }

  private:
    struct Partition {
        std::map<std::pair<model::Offset, model::LeaderEpoch>, NumberedBatch> batches;
        std::map<model::BrokerId, NumberedLog> logs;
        model::BrokerId leader = model::no_broker;
        model::LeaderEpoch leader_epoch = model::no_leader_epoch;
    };

    void on_appended(const model::BatchAppended& appended, const sim::Event& event);
    static const NumberedBatch& note(Partition& partition, const model::BatchAppended& appended,
                                     const sim::Event& event);
    void on_marker(const model::MarkerAppended& marker);

    std::map<model::TopicPartition, Partition> partitions_;
    std::map<std::string, model::Uuid> topics_;
    Appending appending_;  // until it is settled
    NumberedLog* growing_ = nullptr;
    bool is_by_leader_ = false;
};

}  // namespace squall::checkers
