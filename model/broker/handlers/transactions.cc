// The requests of producers, and of partition leaders, to the transaction coordinator.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/coordinator/coordinator_host.h"
#include "model/coordinator/coordinator_partition.h"
#include "model/coordinator/producer_id_host.h"
#include "model/coordinator/transaction_host.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

// From version 4 on, brokers ask, for many transactions at once.
constexpr ApiVersion first_of_brokers = 4;

// PRODUCER_FENCED came with KIP-588: who asks in an older version has never heard of it, and is
// told what fenced producers were told before.
constexpr ApiVersion first_init_with_fenced = 4;
constexpr ApiVersion first_with_fenced = 2;
ErrorCode as_known(ErrorCode error, ApiVersion version, ApiVersion first) {
    const bool is_unknown = error == ErrorCode::producer_fenced && version < first;
    return is_unknown ? ErrorCode::invalid_producer_epoch : error;
}

template <class Topics>
std::set<TopicPartition> partitions_of(const Topics& topics) {
    std::set<TopicPartition> partitions;
    for (const auto& topic : topics) {
        for (const std::int32_t partition : topic.partitions) {
            partitions.insert({topic.name, partition});
        }
    }
    return partitions;
}

// All or nothing: where one partition does not exist, none is added.
PartitionsAdded add(Broker& broker, const AddPartitions& request, std::int16_t client_version) {
    PartitionsAdded refused = PartitionsAdded::all(request, ErrorCode::operation_not_attempted);
    bool any_missing = false;
    for (auto& [partition, error] : refused.errors) {
        if (broker.image().find_partition(partition) != nullptr) continue;
        error = ErrorCode::unknown_topic_or_partition;
        any_missing = true;
    }
    if (any_missing) return refused;
    sim::Completion<PartitionsAdded> answer(broker.node());
    broker.transactions().handle(request, client_version, answer.completer());
    std::optional<PartitionsAdded> added = answer.await();
    ASSERT(added.has_value(), "the coordinator dropped partitions of {}", request.transactional_id);
    return std::move(*added);
}

std::vector<AddPartitionsToTxnResponse::Topic> by_topic(const PartitionsAdded& added) {
    std::vector<AddPartitionsToTxnResponse::Topic> topics;
    for (const auto& [partition, error] : added.errors) {
        if (topics.empty() || topics.back().name != partition.topic) {
            topics.push_back({.name = partition.topic, .results_by_partition = {}});
        }
        topics.back().results_by_partition.push_back(
            {.partition_index = partition.partition, .partition_error_code = error});
    }
    return topics;
}

}  // namespace

// Without a transactional id any broker answers, with a producer id of its own block.
InitProducerIdResponse handle(Broker& broker, InitProducerIdRequest& request,
                              const RequestContext& context) {
    InitProducerIdResponse response;
    if (!request.transactional_id) {
        const std::optional<ProducerId> id = broker.producer_ids().take();
        response.error_code = id ? ErrorCode::none : ErrorCode::coordinator_load_in_progress;
        if (id) {
            response.producer_id = *id;
            response.producer_epoch = ProducerEpoch(0);
        }
        return response;
    }
    if (request.transactional_id->empty()) {
        response.error_code = ErrorCode::invalid_request;
        return response;
    }
    sim::Completion<InitProducerIdResponse> answer(broker.node());
    broker.transactions().handle(request, answer.completer());
    std::optional<InitProducerIdResponse> answered = answer.await();
    ASSERT(answered.has_value(), "the coordinator dropped an InitProducerId of {}",
           *request.transactional_id);
    answered->error_code =
        as_known(answered->error_code, context.api_version, first_init_with_fenced);
    return *answered;
}

AddPartitionsToTxnResponse handle(Broker& broker, AddPartitionsToTxnRequest& request,
                                  const RequestContext& context) {
    AddPartitionsToTxnResponse response;
    // A broker adds on behalf of a producer that speaks version 2, and else only verifies.
    const std::int16_t version = context.api_version >= first_of_brokers ? 2 : 1;
    if (context.api_version < first_of_brokers) {
        PartitionsAdded added = add(broker,
                                    {.transactional_id = request.v3_and_below_transactional_id,
                                     .producer_id = request.v3_and_below_producer_id,
                                     .producer_epoch = request.v3_and_below_producer_epoch,
                                     .partitions = partitions_of(request.v3_and_below_topics)},
                                    version);
        for (auto& [partition, error] : added.errors) {
            error = as_known(error, context.api_version, first_with_fenced);
        }
        response.results_by_topic_v3_and_below = by_topic(added);
        return response;
    }
    for (const AddPartitionsToTxnRequest::Transaction& transaction : request.transactions) {
        response.results_by_transaction.push_back(
            {.transactional_id = transaction.transactional_id,
             .topic_results = by_topic(add(broker,
                                           {.transactional_id = transaction.transactional_id,
                                            .producer_id = transaction.producer_id,
                                            .producer_epoch = transaction.producer_epoch,
                                            .partitions = partitions_of(transaction.topics),
                                            .verify_only = transaction.verify_only},
                                           version))});
    }
    return response;
}

// The group's partition of __consumer_offsets becomes part of the transaction.
AddOffsetsToTxnResponse handle(Broker& broker, AddOffsetsToTxnRequest& request,
                               const RequestContext& context) {
    AddOffsetsToTxnResponse response;
    const TopicPartition partition{offsets_topic, broker.groups().partition_of(request.group_id)};
    // The producer looks for its group's coordinator only after this, so that nobody may have asked
    // for the topic yet. A partition that no image has must not become part of a transaction: its
    // marker would be taken for one to a deleted topic, and never be written.
    if (broker.image().find_partition(partition) == nullptr) {
        broker.auto_create_topic(offsets_topic);
        response.error_code = ErrorCode::coordinator_load_in_progress;
        return response;
    }
    const PartitionsAdded added = add(broker,
                                      {.transactional_id = request.transactional_id,
                                       .producer_id = request.producer_id,
                                       .producer_epoch = request.producer_epoch,
                                       .partitions = {partition}},
                                      1);
    response.error_code =
        as_known(added.errors.at(partition), context.api_version, first_with_fenced);
    return response;
}

EndTxnResponse handle(Broker& broker, EndTxnRequest& request, const RequestContext& context) {
    const bool is_version_2 = context.api_version >= first_end_txn_of_version_2;
    sim::Completion<EndTxnResponse> answer(broker.node());
    broker.transactions().handle(request, is_version_2 ? 2 : 1, answer.completer());
    std::optional<EndTxnResponse> answered = answer.await();
    ASSERT(answered.has_value(), "the coordinator dropped an EndTxn of {}",
           request.transactional_id);
    answered->error_code = as_known(answered->error_code, context.api_version, first_with_fenced);
    return *answered;
}

DescribeTransactionsResponse handle(Broker& broker, DescribeTransactionsRequest& request,
                                    const RequestContext&) {
    DescribeTransactionsResponse response;
    for (const std::string& id : request.transactional_ids) {
        response.transaction_states.push_back(broker.transactions().describe(id));
    }
    return response;
}

ListTransactionsResponse handle(Broker& broker, ListTransactionsRequest& request,
                                const RequestContext&) {
    return broker.transactions().list(request);
}

DescribeProducersResponse handle(Broker& broker, DescribeProducersRequest& request,
                                 const RequestContext&) {
    DescribeProducersResponse response;
    for (const DescribeProducersRequest::Topic& topic : request.topics) {
        DescribeProducersResponse::Topic& answer = response.topics.emplace_back();
        answer.name = topic.name;
        for (const std::int32_t index : topic.partition_indexes) {
            const ReplicaHost::ProducerDescriptions found =
                broker.replicas().describe_producers({topic.name, index});
            DescribeProducersResponse::Partition& slot = answer.partitions.emplace_back();
            slot.partition_index = index;
            slot.error_code = found.error;
            for (const ProducerDescription& producer : found.producers) {
                slot.active_producers.push_back(
                    {.producer_id = producer.id,
                     .producer_epoch = producer.epoch.value(),
                     .last_sequence = producer.last_sequence,
                     .last_timestamp = producer.last_timestamp,
                     .coordinator_epoch = producer.coordinator_epoch,
                     .current_txn_start_offset = producer.transaction_start});
            }
        }
    }
    return response;
}

}  // namespace squall::model
