// The decision of the transaction coordinator, what it is told about a request besides the request,
// and the part of its state that is not in the log.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "model/coordinator/decision.h"
#include "model/coordinator/transaction/transaction_records.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/end_txn.h"
#include "model/protocol/messages/init_producer_id.h"
#include "model/protocol/types.h"

namespace squall::model {

// A request as it reached the coordinator.
struct TransactionCall {
    CallId call;
    std::int16_t client_version = 0;  // transaction.version of who asks
    std::optional<ProducerId> fresh_producer_id{};
    Moment at;
};

// AddPartitionsToTxn and AddOffsetsToTxn, for one transactional id.
struct AddPartitions {
    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    std::set<TopicPartition> partitions{};
    bool verify_only = false;
};
struct PartitionsAdded {
    std::map<TopicPartition, ErrorCode> errors;

    static PartitionsAdded all(const AddPartitions& request, ErrorCode error) {
        PartitionsAdded answer;
        for (const TopicPartition& partition : request.partitions) {
            answer.errors.emplace(partition, error);
        }
        return answer;
    }
};

struct TransactionReply {
    CallId call;
    std::variant<InitProducerIdResponse, PartitionsAdded, EndTxnResponse> response;
};

namespace transaction_change {

// A next state is on its way to the log; until it is there nothing else may change.
struct TransitionBegan {
    TransactionState to;
};
// It is there, or will never be.
struct TransitionEnded {};
// The markers of a transaction that is ending are to be written.
struct MarkersDue {
    std::set<TopicPartition> partitions;
};
struct MarkerWritten {
    TopicPartition partition;
};

}  // namespace transaction_change

struct TransactionChange {
    std::string transactional_id;
    std::variant<transaction_change::TransitionBegan, transaction_change::TransitionEnded,
                 transaction_change::MarkersDue, transaction_change::MarkerWritten>
        what;
};

// A state is in the log, or not; `reason` is for the trace.
struct TransactionStored {
    std::string transactional_id;
    std::string reason;
};

using TransactionDecision =
    CoordinatorDecision<TransactionChange, TransactionReply, TransactionRecord, TransactionStored>;

// A marker that has to be written, and where.
struct DueMarker {
    std::string transactional_id;
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    bool commit = true;
    std::int16_t transaction_version = 0;
    std::set<TopicPartition> partitions{};
};

}  // namespace squall::model
