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

        // A send that chose no partition never left its client.
        bool has_left() const { return end && end->partition.partition >= 0; }
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
    void on_ended(const model::TransactionEndCompleted& ended);

    std::map<model::OperationId, Send> sends_;
    std::map<model::RecordId, std::vector<model::OperationId>> alike_;
    std::map<std::pair<model::TopicPartition, model::Offset>, std::vector<model::OperationId>>
        landed_;
    std::map<model::OperationId, Transaction> transactions_;
};

}  // namespace squall::reports
