#include "model/client/admin/transaction_requests.h"

#include <algorithm>

namespace squall::model {

ListTransactionsRequest list_transactions_request(const TransactionFilter& filter) {
    ListTransactionsRequest request;
    request.state_filters.assign(filter.states.begin(), filter.states.end());
    request.producer_id_filters.assign(filter.producers.begin(), filter.producers.end());
    if (filter.longer_than) request.duration_filter = filter.longer_than->count();
    return request;
}

WriteTxnMarkersRequest abort_request(const TopicPartition& partition,
                                     const ActiveProducer& producer) {
    WriteTxnMarkersRequest request;
    request.markers.push_back(
        {.producer_id = producer.id,
         .producer_epoch = producer.epoch,
         .transaction_result = false,
         .topics = {{.name = partition.topic, .partition_indexes = {partition.partition}}},
         // A producer that never had a marker here is taken for the first coordinator's.
         .coordinator_epoch = std::max(producer.coordinator_epoch, 0)});
    return request;
}

std::vector<TransactionListing> read_transactions(const ListTransactionsResponse& response) {
    std::vector<TransactionListing> listed;
    for (const ListTransactionsResponse::Transaction& each : response.transaction_states) {
        listed.push_back({.transactional_id = each.transactional_id,
                          .producer_id = each.producer_id,
                          .state = each.transaction_state});
    }
    return listed;
}

TransactionDescription read_transaction(const DescribeTransactionsResponse::Transaction& answer) {
    TransactionDescription description{
        .state = answer.transaction_state,
        .producer_id = answer.producer_id,
        .producer_epoch = answer.producer_epoch,
        .timeout = std::chrono::milliseconds(answer.transaction_timeout_ms),
        .start = answer.transaction_start_time_ms,
        .partitions = {}};
    for (const DescribeTransactionsResponse::Topic& topic : answer.topics) {
        for (const std::int32_t partition : topic.partitions) {
            description.partitions.insert({.topic = topic.topic, .partition = partition});
        }
    }
    return description;
}

std::vector<ActiveProducer> read_producers(const DescribeProducersResponse::Partition& answer) {
    std::vector<ActiveProducer> producers;
    for (const auto& producer : answer.active_producers) {
        producers.push_back(
            {.id = producer.producer_id,
             .epoch = ProducerEpoch(static_cast<std::int16_t>(producer.producer_epoch)),
             .last_timestamp = producer.last_timestamp,
             .coordinator_epoch = producer.coordinator_epoch,
             .transaction_start = producer.current_txn_start_offset});
    }
    return producers;
}

bool may_hang(const ActiveProducer& producer, TimestampMs now, std::chrono::milliseconds longest) {
    return producer.has_open_transaction() && now - producer.last_timestamp > longest.count();
}

bool will_be_ended(const TransactionDescription* known, const TopicPartition& partition,
                   const ActiveProducer& producer) {
    return known != nullptr && known->producer_id == producer.id &&
           known->partitions.contains(partition);
}

}  // namespace squall::model
