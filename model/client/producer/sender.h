// Sender: decides what goes to which broker next, and what each answer means for the records it
// carried. Owns the accumulator and the batches in flight. Pure: producer.cc makes the requests.
//
//   queued --drain--> in flight --ok--------------------------> done: written
//     ^                  |------retriable error, time left----> queued again, after back-off
//     |                  |------too large, several records----> queued again in two halves
//     |                  '------anything else-----------------> done: not_written or unknown
//     '--- expired after delivery.timeout.ms, queued or in flight -> done: not_written or unknown
//
// Guarantees: every record that was appended completes exactly once, not later than the first step
// at or after delivery.timeout.ms from its batch's creation. `not_written` means that the record is
// not in the log and never will be: the sender says so only if every request that carried it was
// refused before the append, or never left. One indefinite attempt (timeout, disconnect, an error
// that can follow an append) makes the fate `unknown` for good, unless a later one is acknowledged.
// Without idempotence, an indefinite attempt that is repeated can write a record twice; with it
// (BatchNumbering) the leader refuses what it has, and what does not follow.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/client/metadata_cache.h"
#include "model/client/producer/batch_numbering.h"
#include "model/client/producer/producer_batch.h"
#include "model/client/producer/producer_options.h"
#include "model/client/producer/record_accumulator.h"
#include "model/client/request_end.h"
#include "model/protocol/messages/produce.h"
#include "sim/base/result.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

// Whether a record is in the log, as far as anybody can tell.
enum class Fate : std::uint8_t { written, not_written, unknown };
inline std::string_view to_string(Fate fate) {
    switch (fate) {
        case Fate::written:
            return "written";
        case Fate::not_written:
            return "not_written";
        case Fate::unknown:
            return "unknown";
    }
    return "?";
}

struct CompletedSend {
    SendId send;
    Fate fate = Fate::unknown;
    TopicPartition partition;
    Offset offset = no_offset;  // no_offset where the broker did not tell
    std::string error;          // "" for written
    ErrorCode code = ErrorCode::none;
    std::uint32_t attempts = 0;  // produce requests that carried it
};

// A batch goes out again.
struct RetriedBatch {
    TopicPartition partition;
    std::uint32_t records = 0;
    std::string error;
};

// One produce request, unique in one producer.
using AttemptId = StrongId<struct AttemptIdTag, std::uint64_t>;

struct ProduceAttempt {
    AttemptId id;
    BrokerId broker = no_broker;
    ProduceRequest request;
    bool expects_answer = true;  // acks=0: none; report `on_sent`
};

// ---- the rules, by name ----

// Can the batch be in the log after this answer?
inline bool is_indefinite(ErrorCode error) {
    return error != ErrorCode::none && !proves_not_written(error);
}
// "It is not there" is a promise; without certainty the fate is unknown.
inline Fate fate_of_failure(const ProducerBatch& batch) {
    return batch.may_be_written ? Fate::unknown : Fate::not_written;
}

// A batch that is too large may go in parts. Not one with a number that may be in the log already:
// its leader would know the whole again, but not the parts, and they would be written a second
// time.
inline bool may_split(const ProducerBatch& batch) {
    return batch.sends.size() > 1 && !(batch.is_numbered() && batch.may_be_written);
}

class Sender {
  public:
    // `bugs` may be null, and outlives the sender.
    explicit Sender(const ProducerOptions& options, const BugSet* bugs = nullptr);

    RecordAccumulator& accumulator() { return accumulator_; }
    const RecordAccumulator& accumulator() const { return accumulator_; }

    // What to do now, in this order: completions, retries told, requests sent, connections made.
    struct Step {
        std::vector<CompletedSend> completed;
        std::vector<RetriedBatch> retried;
        std::vector<ProduceAttempt> attempts;
        std::vector<BrokerId> connect;  // step again when it is connected, or cannot be
        bool refresh_metadata = false;
        // Nothing can be sent without a producer id: give one to identify().
        bool needs_identity = false;
        // A new epoch of the same producer id begins.
        std::optional<ProducerIdentity> raised{};
        // A number of the transaction is missing for good: it can only be aborted.
        bool lost_sequence = false;
        LocalTime next = LocalTime::max();  // when to step again if nothing else happens
    };
    // Drains only towards brokers that are connected, as Kafka's Sender does: what waited for a
    // connection to a leader that is gone would be overtaken by what goes to the next one, without
    // a retry of either.
    // `may_send_to`: empty, or whether the transaction allows for new batches of a partition.
    Step step(const MetadataCache& metadata, LocalTime now,
              const std::function<bool(BrokerId)>& is_connected,
              const std::function<bool(const TopicPartition&)>& may_send_to = {});
    // Requires: idempotent.
    void identify(const ProducerIdentity& identity);
    // Null without idempotence.
    const BatchNumbering* numbering() const { return numbering_ ? &*numbering_ : nullptr; }

    // The end of an attempt. Hints about leaders go into `metadata`. Requires: id of an attempt
    // that has not ended.
    Step on_answer(AttemptId id, const ProduceResponse& response, MetadataCache& metadata,
                   LocalTime now, Draws& jitter);
    Step on_failure(AttemptId id, const Error& error, LocalTime now, Draws& jitter);
    // acks=0: it is on its way, and nobody will tell more.
    Step on_sent(AttemptId id);

    // Everything that has not completed does so now: a close that does not wait.
    Step abandon(std::string_view why);
    // What was never sent completes as not written: its transaction is aborted.
    Step abort_unsent(std::string_view why);

    // Records neither queued nor in flight are complete.
    bool is_idle() const { return !accumulator_.has_queued() && batches_.empty(); }
    std::uint32_t in_flight(BrokerId broker) const;

    void check_invariants() const;

  private:
    struct Attempt {
        BrokerId broker = no_broker;
        std::map<TopicPartition, BatchId> batches;
    };
    enum class Reaction { succeed, retry, split, fail };

    bool may_retry(const ProducerBatch& batch, ErrorCode error, LocalTime now) const;
    Reaction react(const ProducerBatch& batch, ErrorCode error, LocalTime now) const;
    Reaction react_to_out_of_order(const ProducerBatch& batch, LocalTime now) const;
    bool has_time_left(const ProducerBatch& batch, LocalTime now) const;
    void renew_epoch(Step& step);
    void split(const ProducerBatch& batch);
    ProduceAttempt begin_attempt(BrokerId broker, std::vector<ProducerBatch> batches,
                                 const MetadataCache& metadata, Step& step);
    Attempt end_attempt(AttemptId id);
    // Takes the batch out of flight; nullopt when it expired meanwhile.
    std::optional<ProducerBatch> land(BatchId id);
    void settle(ProducerBatch batch, ErrorCode error, Offset base_offset, std::string_view text,
                LocalTime now, Draws& jitter, Step& step);
    void complete(const ProducerBatch& batch, Fate fate, Offset base_offset, ErrorCode code,
                  std::string_view error, Step& step);
    void expire(LocalTime now, Step& step);

    std::int16_t acks_;
    std::int32_t retries_;
    std::string transactional_id_;
    std::uint32_t max_in_flight_;
    std::chrono::milliseconds request_timeout_;
    Duration delivery_timeout_;
    RetryBackoff backoff_;

    RecordAccumulator accumulator_;
    std::optional<BatchNumbering> numbering_;
    std::map<AttemptId, Attempt> attempts_;        // not ended
    std::map<BatchId, ProducerBatch> batches_;     // in flight
    std::map<BrokerId, std::uint32_t> in_flight_;  // attempts
    std::uint64_t next_attempt_ = 1;
};

}  // namespace squall::model
