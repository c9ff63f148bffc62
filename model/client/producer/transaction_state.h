// ProducerTransaction: the transactional producer's own state: what the application may do now,
// what an error means for the transaction and for the producer, and which partitions the
// coordinator knows of (Kafka's TransactionManager; KIP-98, KIP-360, KIP-890).
//
//   uninitialized   -> ready            initTransactions
//   ready           -> in_transaction   beginTransaction
//   in_transaction  -> committing       commitTransaction
//   in_transaction, abortable_error
//                   -> aborting         abortTransaction
//   committing, aborting
//                   -> ready            the coordinator said so
//   in_transaction, committing
//                   -> abortable_error  this transaction cannot be committed any more
//   all             -> fatal_error      nothing can be done with this producer any more
//
// A call that is not allowed is told so and changes nothing (Kafka's IllegalStateException). Pure;
// ProducerTransactionHost makes the requests.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/error_code.h"
#include "model/protocol/types.h"

namespace squall::model {

enum class TransactionPhase : std::uint8_t {
    uninitialized,
    ready,
    in_transaction,
    committing,
    aborting,
    abortable_error,
    fatal_error,
};
std::string_view to_string(TransactionPhase phase);

enum class TransactionCommand : std::uint8_t { init, begin, send, send_offsets, commit, abort };

// What a coordinator's answer means.
enum class AnswerMeaning : std::uint8_t {
    done,
    retry,             // ask again, the same broker
    find_coordinator,  // ask again, perhaps another broker
    abortable,         // this transaction must be aborted
    fatal,             // this producer is done
};
AnswerMeaning meaning_for_init(ErrorCode error);
AnswerMeaning meaning_for_add_partitions(ErrorCode error);
AnswerMeaning meaning_for_offsets(ErrorCode error);
AnswerMeaning meaning_for_end(ErrorCode error);
// Of a batch that was given up.
AnswerMeaning meaning_for_produce(ErrorCode error);

class ProducerTransaction {
  public:
    TransactionPhase phase() const { return phase_; }
    const std::string& error() const { return error_; }

    // Nullopt, or why the application must not do this now.
    std::optional<std::string> refusal(TransactionCommand command) const;

    // By which rules the producer goes on. Requires: no transaction is open.
    void speak_version(bool is_version_2);
    void initialized();
    void begin();
    void begin_commit();
    void begin_abort();
    void ended();
    void abortable(std::string error);
    void fatal(std::string error);

    // transaction.version 2: leaders add partitions themselves, and every end raises the epoch.
    bool is_version_2() const { return is_version_2_; }
    // The application sends to this partition. True: the coordinator must be told first.
    bool add(const TopicPartition& partition);
    // A group's offsets are part of it, as far as the coordinator is concerned.
    void add_offsets() { has_anything_ = true; }
    // Nobody knows whether they are: the application may try again, or abort.
    void doubt_offsets() { had_error_ = true; }
    // Nothing has gone wrong, and what was sent may still be committed.
    bool is_open() const {
        return phase_ == TransactionPhase::in_transaction || phase_ == TransactionPhase::committing;
    }
    // May new batches of this partition be sent?
    bool may_send_to(const TopicPartition& partition) const;
    std::set<TopicPartition> unadded() const;
    void added(const std::set<TopicPartition>& partitions);
    // The coordinator has to hear of the end. Under version 1 only if it said that something is
    // part of the transaction: it refuses to end what it has not begun. If that is in doubt the new
    // epoch ends it.
    bool needs_end() const { return has_anything_ || (had_error_ && is_version_2_); }
    // After this end the producer needs a new epoch from the coordinator: something was given up
    // whose numbers must not be used again, or may be part of a transaction.
    bool needs_new_epoch() const { return had_error_ && !is_version_2_; }

  private:
    TransactionPhase phase_ = TransactionPhase::uninitialized;
    std::string error_;
    bool is_version_2_ = false;
    bool has_anything_ = false;  // the coordinator knows of it, or version 2: its leaders see to it
    bool had_error_ = false;
    std::set<TopicPartition> sent_to_;
    std::set<TopicPartition> added_;
};

}  // namespace squall::model
