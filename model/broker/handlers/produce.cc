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
#include "model/broker/handlers/visibility.h"
#include "model/protocol/batch_view.h"
#include "model/protocol/message_set.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

// The client that may (AdminUtils.ADMIN_CLIENT_ID).
constexpr std::string_view admin_client_id = "__admin_client";
// Since this version who asked the wrong broker is told the right one (KIP-951).
constexpr ApiVersion first_produce_with_hints = 10;
// From version 13 on, topics go by id (KIP-516).
constexpr ApiVersion first_produce_with_topic_ids = 13;

bool is_known_acks(std::int16_t acks) {
    return acks == -1 || acks == 0 || acks == 1;
}

// Before it, producers may write message sets (KIP-98).
constexpr ApiVersion first_with_batches_alone = 3;
constexpr ApiVersion first_with_zstd = 7;

AppendOutcome invalid(std::string why) {
    return {.error = ErrorCode::invalid_record, .message = std::move(why)};
}

// Clients write exactly one batch of magic 2 a partition (ProduceRequest.validateRecords), whole,
// and with a CRC that holds. Of the older formats, see admit_records().
AppendOutcome validate_records(ByteView records, ApiVersion version) {
    if (records.empty()) {
        return invalid(
            fmt::format("Produce requests with version {} must have at least one record "
                        "batch per partition",
                        version));
    }
    if (version >= first_with_batches_alone && records.size() > batch_layout::magic &&
        records[batch_layout::magic] != batch_layout::current_magic) {
        return invalid(
            fmt::format("Produce requests with version {} are only allowed to contain "
                        "record batches with magic version 2",
                        version));
    }
    const Result<BatchView> batch = BatchView::at_front(records);
    if (!batch) return {.error = ErrorCode::corrupt_message};
    if (version < first_with_zstd && batch->attributes().compression() == Compression::zstd) {
        return {.error = ErrorCode::unsupported_compression_type,
                .message = fmt::format("Produce requests with version {} are not allowed to use "
                                       "ZStandard compression",
                                       version)};
    }
    if (batch->size() != records.size()) {
        return invalid(
            fmt::format("Produce requests with version {} are only allowed to contain "
                        "exactly one record batch per partition",
                        version));
    }
    if (!batch->check()) return {.error = ErrorCode::corrupt_message};
    return {};
}

// What a request of that version carries becomes the one batch that the log takes.
AppendOutcome admit_records(Bytes& records, ApiVersion version) {
    if (version >= first_with_batches_alone || !is_message_set(records)) {
        return validate_records(records, version);
    }
    Result<Bytes> batch = batch_of_message_set(records);
    if (!batch) {
        return {.error = batch.error().failure == Failure::corrupt ? ErrorCode::corrupt_message
                                                                   : ErrorCode::invalid_record,
                .message = batch.error().detail};
    }
    records = std::move(batch).value();
    return {};
}

// The coordinators' topics are written by nobody else: a foreign record would end who loads them.
bool may_write(std::string_view topic, const RequestContext& context) {
    return !is_internal(topic) || context.client_id == admin_client_id;
}

struct Append {
    explicit Append(sim::Node& node) : outcome(node) {}

    std::size_t topic = 0;
    std::int32_t partition = 0;
    TopicPartition name;
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

// What is no fault of the transaction is to be tried again, and nothing was written. Of version 2
// on, producers know by themselves that the end of the transaction before is still under way.
ErrorCode produce_error_of(ErrorCode error, TransactionSupport support) {
    switch (error) {
        case ErrorCode::concurrent_transactions:
            return support == TransactionSupport::adds_partitions ? error
                                                                  : ErrorCode::not_enough_replicas;
        case ErrorCode::coordinator_load_in_progress:
        case ErrorCode::coordinator_not_available:
        case ErrorCode::not_coordinator:
        case ErrorCode::network_exception:
            return ErrorCode::not_enough_replicas;
        default:
            return error;
    }
}

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
    const TransactionSupport support = support_of_produce(version);
    std::map<TransactionName, std::map<TopicPartition, Confirmation>> confirmations;
    for (const auto& [transaction, first_sequences] : to_confirm) {
        confirmations[transaction] =
            confirm_transaction(broker, transaction, first_sequences, support);
    }
    std::vector<Admitted> confirmed;
    for (Admitted& batch : batches) {
        if (batch.transaction) {
            const Confirmation& found = confirmations.at(*batch.transaction).at(batch.partition);
            if (found.error != ErrorCode::none) {
                batch.completer.complete({.error = produce_error_of(found.error, support),
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

bool has_transactional_batch(const ProduceRequest& request) {
    for (const ProduceRequest::Topic& topic : request.topic_data) {
        for (const ProduceRequest::Partition& partition : topic.partition_data) {
            const Result<BatchView> batch = BatchView::at_front(partition.records);
            if (batch && batch->attributes().is_transactional()) return true;
        }
    }
    return false;
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
    // Nobody may write for a transaction that has no name: all of the request is refused.
    const bool is_nameless = !request.transactional_id && has_transactional_batch(request);
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
            append->name = {known != nullptr ? known->name : topic.name, partition.index};
            sim::Completer<AppendOutcome> completer = append->outcome.completer();
            appends.push_back(std::move(append));
            const auto index = static_cast<std::size_t>(partition.index);
            if (is_nameless) {
                completer.complete({.error = ErrorCode::transactional_id_authorization_failed});
            } else if (known == nullptr || partition.index < 0 ||
                       index >= known->partitions.size()) {
                completer.complete({.error = known == nullptr && by_id
                                                 ? ErrorCode::unknown_topic_id
                                                 : ErrorCode::unknown_topic_or_partition});
            } else if (partition.records.empty() &&
                       context.api_version < first_with_batches_alone) {
                // An old producer may write nothing, and nothing is what becomes of it.
                completer.complete({});
            } else if (AppendOutcome outcome =
                           admit_records(partition.records, context.api_version);
                       outcome.error != ErrorCode::none) {
                completer.complete(std::move(outcome));
            } else if (!is_known_acks(request.acks)) {
                completer.complete({.error = ErrorCode::invalid_required_acks});
            } else if (!may_write(known->name, context)) {
                completer.complete(
                    {.error = ErrorCode::invalid_topic_exception,
                     .message = fmt::format("Cannot append to internal topic {}", known->name)});
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
    LeaderHints leaders;
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
        if (outcome.error == ErrorCode::not_leader_or_follower &&
            context.api_version >= first_produce_with_hints) {
            response.responses[append->topic].partition_responses.back().current_leader =
                leaders.hint(broker.image(), append->name);
        }
    }
    response.node_endpoints = leaders.endpoints();
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
