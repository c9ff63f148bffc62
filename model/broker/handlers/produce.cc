#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/verification.h"
#include "model/protocol/batch_view.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

// From version 13 on, topics go by id (KIP-516).
constexpr ApiVersion first_produce_with_topic_ids = 13;

bool is_known_acks(std::int16_t acks) {
    return acks == -1 || acks == 0 || acks == 1;
}

// Clients write exactly one batch of magic 2 a partition, with a CRC that holds, and no control
// batch.
ErrorCode validate_batch(ByteView records) {
    const Result<BatchView> batch = BatchView::at_front(records);
    if (!batch || batch->size() != records.size()) return ErrorCode::corrupt_message;
    if (batch->attributes().is_control()) return ErrorCode::invalid_record;
    if (!batch->check()) return ErrorCode::corrupt_message;
    return ErrorCode::none;
}

struct Append {
    explicit Append(sim::Node& node) : outcome(node) {}

    std::size_t topic = 0;
    std::int32_t partition = 0;
    sim::Completion<AppendOutcome> outcome;
};

// A batch that may be appended, perhaps after its transaction was confirmed.
struct Admitted {
    TopicPartition partition;
    Bytes records;
    sim::Completer<AppendOutcome> completer;
    std::optional<TransactionName> transaction;
    TransactionTerms terms;
};

// The first batch of a transaction in a partition needs the coordinator's word; those that do not
// get it are answered here, and go. May park.
void confirm_transactions(Broker& broker, std::vector<Admitted>& batches, ApiVersion version) {
    std::map<TransactionName, std::map<TopicPartition, SequenceNumber>> to_confirm;
    for (const Admitted& batch : batches) {
        if (!batch.transaction) continue;
        to_confirm[*batch.transaction].emplace(
            batch.partition, BatchView::at_front(batch.records).value().base_sequence());
    }
    if (to_confirm.empty()) return;
    const bool adds = version >= first_produce_of_version_2;
    std::map<TransactionName, std::map<TopicPartition, Confirmation>> confirmations;
    for (const auto& [transaction, first_sequences] : to_confirm) {
        confirmations[transaction] =
            confirm_transaction(broker, transaction, first_sequences, adds);
    }
    std::vector<Admitted> confirmed;
    for (Admitted& batch : batches) {
        if (batch.transaction) {
            const Confirmation& found = confirmations.at(*batch.transaction).at(batch.partition);
            if (found.error != ErrorCode::none) {
                batch.completer.complete({.error = produce_error_of(found.error),
                                          .message = fmt::format("transaction not verified: {}",
                                                                 to_string(found.error))});
                continue;
            }
            batch.terms.guard = found.guard;
        }
        confirmed.push_back(std::move(batch));
    }
    batches = std::move(confirmed);
}

// The transaction that a batch names; nullopt: none.
std::optional<TransactionName> transaction_of(const ProduceRequest& request, ByteView records) {
    const BatchView batch = BatchView::at_front(records).value();
    if (!batch.attributes().is_transactional()) return std::nullopt;
    return TransactionName{.transactional_id = request.transactional_id.value_or(std::string()),
                           .producer_id = batch.producer_id(),
                           .producer_epoch = batch.producer_epoch()};
}

}  // namespace

Answer<ProduceResponse> handle(Broker& broker, ProduceRequest& request,
                               const RequestContext& context) {
    const LocalTime deadline = broker.node().now() + std::chrono::milliseconds(request.timeout_ms);
    std::vector<std::unique_ptr<Append>> appends;
    std::vector<Admitted> admitted;
    ProduceResponse response;
    for (ProduceRequest::Topic& topic : request.topic_data) {
        response.responses.push_back(
            {.name = topic.name, .topic_id = topic.topic_id, .partition_responses = {}});
        const bool by_id = context.api_version >= first_produce_with_topic_ids;
        const TopicImage* const known = by_id ? broker.image().find_topic(topic.topic_id)
                                              : broker.image().find_topic(topic.name);
        for (ProduceRequest::Partition& partition : topic.partition_data) {
            auto append = std::make_unique<Append>(broker.node());
            append->topic = response.responses.size() - 1;
            append->partition = partition.index;
            sim::Completer<AppendOutcome> completer = append->outcome.completer();
            appends.push_back(std::move(append));
            if (!is_known_acks(request.acks)) {
                completer.complete({.error = ErrorCode::invalid_required_acks});
            } else if (const ErrorCode error = validate_batch(partition.records);
                       error != ErrorCode::none) {
                completer.complete({.error = error});
            } else if (known == nullptr) {
                completer.complete({.error = by_id ? ErrorCode::unknown_topic_id
                                                   : ErrorCode::unknown_topic_or_partition});
            } else {
                const std::optional<TransactionName> transaction =
                    transaction_of(request, partition.records);
                admitted.push_back({.partition = {known->name, partition.index},
                                    .records = std::move(partition.records),
                                    .completer = std::move(completer),
                                    .transaction = transaction,
                                    .terms = {}});
            }
        }
    }
    confirm_transactions(broker, admitted, context.api_version);
    for (Admitted& batch : admitted) {
        broker.replicas().append(batch.partition, std::move(batch.records), request.acks,
                                 AppendOrigin::client, std::nullopt, std::move(batch.completer),
                                 batch.terms);
    }

    // DelayedProduce: what is not replicated by the deadline is answered as timed out, and may
    // still commit later.
    for (const auto& append : appends) {
        const AppendOutcome outcome = append->outcome.await_until(deadline).value_or(
            AppendOutcome{.error = ErrorCode::request_timed_out});
        response.responses[append->topic].partition_responses.push_back(
            {.index = append->partition,
             .error_code = outcome.error,
             .base_offset = outcome.base_offset,
             .log_append_time_ms = outcome.log_append_time,
             .log_start_offset = outcome.log_start_offset,
             .error_message =
                 outcome.message.empty() ? std::nullopt : std::optional(outcome.message)});
    }
    if (request.acks != 0) return response;
    const bool failed = std::ranges::any_of(response.responses, [](const auto& topic) {
        return std::ranges::any_of(topic.partition_responses, [](const auto& partition) {
            return partition.error_code != ErrorCode::none;
        });
    });
    if (failed) return CloseConnection{};
    return NoReply{};
}

}  // namespace squall::model
