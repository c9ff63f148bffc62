// Outlook: what a history must know from its beginning, gathered before it is written: where each
// send landed, which of several equal records it was, and what became of each transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "model/events/client_events.h"
#include "model/events/transaction_events.h"
#include "sim/trace/event.h"

namespace squall::reports {

class Outlook {
  public:
    // One of the sends of a record: equal contents are numbered in the order they were sent.
    using Value = std::pair<model::RecordId, std::uint64_t>;
    struct Send {
        Value value;
        model::OperationId transaction;
        std::optional<model::SendCompleted> end;
        // Where somebody read it, though its client did not live to say where it went.
        std::optional<model::TopicPartition> read_from{};

        // A send that chose no partition never left its client.
        std::optional<model::TopicPartition> partition() const {
            if (!end) return read_from;
            return end->partition.partition >= 0 ? std::optional(end->partition) : std::nullopt;
        }
        bool has_left() const { return partition().has_value(); }
        bool has_place() const { return end && end->offset != model::no_offset; }
    };
    struct Transaction {
        std::vector<model::OperationId> sends;
        model::OperationId last_end;  // that was answered
        bool is_committed = false;
        bool is_aborted = false;
        bool may_be_committed = false;

        // Whether it is committed, as its application can know.
        model::Outcome outcome() const;
    };

    void observe(const sim::Event& event);

    // Null if it was never invoked.
    const Send* send(model::OperationId operation) const;
    // Null if it never began.
    const Transaction* transaction(model::OperationId id) const;
    // The send that a polled record stems from, as far as it can be told; null if nobody sent it.
    const Send* sender(const model::TopicPartition& partition,
                       const model::PolledRecord& record) const;

  private:
    void on_invoked(const model::SendInvoked& invoked);
    void on_completed(const model::SendCompleted& completed);
    void on_polled(const model::RecordsPolled& polled);
    void on_ended(const model::TransactionEndCompleted& ended);

    std::map<model::OperationId, Send> sends_;
    std::map<model::RecordId, std::vector<model::OperationId>> alike_;
    std::map<std::pair<model::TopicPartition, model::Offset>, std::vector<model::OperationId>>
        landed_;
    std::map<model::OperationId, Transaction> transactions_;
};

}  // namespace squall::reports
