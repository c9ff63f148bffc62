#include "model/broker/handlers/verification.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "model/broker/broker.h"
#include "model/coordinator/coordinator_partition.h"
#include "model/coordinator/transaction_host.h"
#include "model/events/transaction_events.h"
#include "model/protocol/messages/add_partitions_to_txn.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

using Errors = std::map<TopicPartition, ErrorCode>;

Errors all(const std::set<TopicPartition>& partitions, ErrorCode error) {
    Errors errors;
    for (const TopicPartition& partition : partitions) errors.emplace(partition, error);
    return errors;
}

Errors ask_here(Broker& broker, const AddPartitions& request, std::int16_t client_version) {
    sim::Completion<PartitionsAdded> answer(broker.node());
    broker.transactions().handle(request, client_version, answer.completer());
    std::optional<PartitionsAdded> added = answer.await();
    ASSERT(added.has_value(), "the coordinator dropped a verification of {}",
           request.transactional_id);
    return std::move(added->errors);
}

Errors ask_there(Broker& broker, BrokerId coordinator, const AddPartitions& asked) {
    AddPartitionsToTxnRequest request;
    AddPartitionsToTxnRequest::Transaction& transaction = request.transactions.emplace_back();
    transaction.transactional_id = asked.transactional_id;
    transaction.producer_id = asked.producer_id;
    transaction.producer_epoch = asked.producer_epoch;
    transaction.verify_only = asked.verify_only;
    for (const TopicPartition& partition : asked.partitions) {
        if (transaction.topics.empty() || transaction.topics.back().name != partition.topic) {
            transaction.topics.push_back({.name = partition.topic, .partitions = {}});
        }
        transaction.topics.back().partitions.push_back(partition.partition);
    }
    const Result<AddPartitionsToTxnResponse> answer =
        broker.call_broker(coordinator, "transaction_verification", std::move(request));
    if (!answer) return all(asked.partitions, ErrorCode::network_exception);
    Errors errors = all(asked.partitions, answer->error_code == ErrorCode::none
                                              ? ErrorCode::unknown_server_error
                                              : answer->error_code);
    for (const auto& result : answer->results_by_transaction) {
        for (const auto& topic : result.topic_results) {
            for (const auto& partition : topic.results_by_partition) {
                errors[{topic.name, partition.partition_index}] = partition.partition_error_code;
            }
        }
    }
    return errors;
}

Errors ask_once(Broker& broker, const AddPartitions& request, std::int16_t client_version) {
    const TopicImage* const topic = broker.image().find_topic(std::string(transaction_topic));
    if (topic == nullptr) {
        return all(request.partitions, ErrorCode::coordinator_not_available);
    }
    const auto index = static_cast<std::size_t>(coordinator_partition(
        request.transactional_id, static_cast<std::int32_t>(topic->partitions.size())));
    const BrokerId coordinator = topic->partitions[index].leader;
    if (coordinator == broker.id()) return ask_here(broker, request, client_version);
    if (broker.image().find_broker(coordinator) == nullptr) {
        return all(request.partitions, ErrorCode::coordinator_not_available);
    }
    return ask_there(broker, coordinator, request);
}

std::map<TopicPartition, Confirmation> begin_verifications(
    Broker& broker, const TransactionName& transaction,
    const std::map<TopicPartition, SequenceNumber>& first_sequences, bool adds) {
    std::map<TopicPartition, Confirmation> begun;
    for (const auto& [partition, first_sequence] : first_sequences) {
        const VerificationStart start = broker.replicas().begin_verification(
            partition, transaction.producer_id, transaction.producer_epoch, first_sequence, adds);
        begun[partition] = {.error = start.error, .guard = start.guard};
    }
    return begun;
}

std::set<TopicPartition> guarded(const std::map<TopicPartition, Confirmation>& confirmations) {
    std::set<TopicPartition> partitions;
    for (const auto& [partition, confirmation] : confirmations) {
        if (confirmation.guard != no_guard) partitions.insert(partition);
    }
    return partitions;
}

ErrorCode in_words_of_producers(ErrorCode error, TransactionSupport support) {
    switch (error) {
        case ErrorCode::producer_fenced:
            return ErrorCode::invalid_producer_epoch;
        case ErrorCode::transaction_abortable:
            return support == TransactionSupport::defaults ? ErrorCode::invalid_txn_state : error;
        default:
            return error;
    }
}

}  // namespace

TransactionSupport support_of_produce(ApiVersion version) {
    if (version >= first_produce_of_version_2) return TransactionSupport::adds_partitions;
    constexpr ApiVersion first_with_generic_errors = 11;
    return version >= first_with_generic_errors ? TransactionSupport::generic_errors
                                                : TransactionSupport::defaults;
}

TransactionSupport support_of_txn_offset_commit(ApiVersion version) {
    if (version >= first_txn_offset_commit_of_version_2) return TransactionSupport::adds_partitions;
    constexpr ApiVersion first_with_generic_errors = 4;
    return version >= first_with_generic_errors ? TransactionSupport::generic_errors
                                                : TransactionSupport::defaults;
}

std::map<TopicPartition, Confirmation> confirm_transaction(
    Broker& broker, const TransactionName& transaction,
    const std::map<TopicPartition, SequenceNumber>& first_sequences, TransactionSupport support) {
    const bool adds = support == TransactionSupport::adds_partitions;
    const TransactionOptions& options = broker.config().transactions;
    AddPartitions request{.transactional_id = transaction.transactional_id,
                          .producer_id = transaction.producer_id,
                          .producer_epoch = transaction.producer_epoch,
                          .partitions = {},
                          .verify_only = !adds};
    const LocalTime give_up =
        broker.node().now() + Duration(options.add_partitions_retry_backoff_max);
    std::map<TopicPartition, Confirmation> confirmations;
    Errors errors;
    for (;;) {
        confirmations = begin_verifications(broker, transaction, first_sequences, adds);
        request.partitions = guarded(confirmations);
        if (request.partitions.empty()) return confirmations;
        errors = ask_once(broker, request, adds ? 2 : 1);
        const bool is_busy = std::ranges::any_of(errors, [](const auto& each) {
            return each.second == ErrorCode::concurrent_transactions;
        });
        if (!adds || !is_busy || broker.node().now() >= give_up) break;
        broker.node().sleep_for(options.add_partitions_retry_backoff);
    }
    for (const auto& [partition, error] : errors) {
        confirmations.at(partition).error = in_words_of_producers(error, support);
        broker.node().emit(PartitionVerified{
            .broker = broker.id(),
            .partition = partition,
            .producer_id = transaction.producer_id,
            .producer_epoch = transaction.producer_epoch,
            .added = adds && error == ErrorCode::none,
            .error = error == ErrorCode::none ? "" : std::string(to_string(error))});
    }
    return confirmations;
}

}  // namespace squall::model
