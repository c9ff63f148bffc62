// TransactionHistory: every transaction of the run, folded from what producers told: what was put
// into it, and how its application wanted it to end and was told it had.
//
// Also who a producer is: the transactional id of a producer id, and when which identity was handed
// out, so that whoever had an older one is fenced from then on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/events/client_events.h"
#include "model/events/transaction_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

struct TransactionSend {
    model::OperationId operation;
    std::string topic;
    model::RecordId record;
    sim::EventSequence invoked{0};
    sim::EventSequence completed{0};  // 0: never
    model::Outcome outcome = model::Outcome::unknown;
    model::TopicPartition partition;          // of one that was acknowledged
    model::Offset offset = model::no_offset;  // the same

    bool is_acknowledged() const { return completed.value() != 0 && outcome == model::Outcome::ok; }
    bool has_failed() const { return completed.value() != 0 && outcome == model::Outcome::failed; }
};

struct TransactionOffsets {
    std::string group;
    std::vector<model::PartitionOffset> offsets;
    sim::EventSequence invoked{0};
    sim::EventSequence completed{0};  // 0: never
    model::Outcome outcome = model::Outcome::unknown;
};

struct TransactionEnd {
    model::OperationId operation;
    bool commit = true;
    sim::EventSequence invoked{0};
    sim::EventSequence completed{0};  // 0: never
    model::Outcome outcome = model::Outcome::unknown;
};

struct Transaction {
    model::OperationId id;
    std::string client;
    std::string transactional_id;
    model::ProducerId producer_id;
    model::ProducerEpoch producer_epoch;
    std::int16_t version = 2;
    sim::EventSequence began{0};
    std::vector<TransactionSend> sends;
    std::vector<TransactionOffsets> offsets;
    std::vector<TransactionEnd> ends;

    // The application was told that it is committed; null if it was not.
    const TransactionEnd* told_committed() const;
    // It was told, or can know, that it is not: it never asked for a commit, the commit failed, or
    // an abort succeeded.
    bool must_not_commit() const;
};

// A producer got this identity. If it is a new producer, whoever writes for its transactional id
// under an older identity is fenced from `event` on.
struct Identity {
    model::ProducerId producer_id;
    model::ProducerEpoch producer_epoch;
    bool is_fence = false;
    sim::EventSequence event;
};

class TransactionHistory {
  public:
    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);

    // In order of beginning.
    const std::vector<Transaction>& all() const { return transactions_; }
    const Transaction* find(model::OperationId transaction) const;
    // "" for producer ids never told, and those of idempotent producers.
    const std::string& transactional_id(model::ProducerId producer) const;
    // The first fence that shuts this identity out; nullopt if none does.
    std::optional<Identity> fence_of(model::ProducerId producer, model::ProducerEpoch epoch) const;
    // By which version's rules this producer went last; 2 if it never told.
    std::int16_t version(model::ProducerId producer) const;
    // By which the last transaction that it began under this epoch goes; 0 if it told of none.
    std::int16_t version(model::ProducerId producer, model::ProducerEpoch epoch) const;
    // How long this producer's transactions may stay open.
    Duration timeout(model::ProducerId producer) const;

  private:
    struct Place {
        std::size_t transaction = 0;
        std::size_t item = 0;
    };
    Transaction* edit(model::OperationId transaction);

    std::vector<Transaction> transactions_;
    std::map<model::OperationId, std::size_t> places_;
    std::map<model::OperationId, Place> sends_, offsets_, ends_;  // that are open
    std::map<model::ProducerId, std::string> transactional_ids_;
    std::map<std::string, std::vector<Identity>> identities_;  // by transactional id, in order
    std::map<model::ProducerId, std::int16_t> versions_;
    std::map<std::pair<model::ProducerId, model::ProducerEpoch>, std::int16_t> epoch_versions_;
    std::map<std::string, Duration> timeouts_;  // by transactional id
};

}  // namespace squall::checkers
