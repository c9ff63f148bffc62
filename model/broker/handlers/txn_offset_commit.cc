#include <map>
#include <optional>
#include <string>
#include <utility>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/verification.h"
#include "model/coordinator/coordinator_host.h"
#include "sim/kernel/simulation.h"

namespace squall::model {
namespace {

// What the group's member is told in place of the error of a replica or a coordinator.
ErrorCode offset_error_of(ErrorCode error) {
    switch (error) {
        case ErrorCode::not_leader_or_follower:
        case ErrorCode::kafka_storage_error:
            return ErrorCode::not_coordinator;
        case ErrorCode::unknown_topic_or_partition:
            return ErrorCode::coordinator_not_available;
        case ErrorCode::network_exception:
            return ErrorCode::coordinator_load_in_progress;
        default:
            return error;
    }
}

// The group coordinator is the leader of the partition that the offsets go to, and so has the
// transaction confirmed first, as any leader does (KIP-890). May park.
TxnOffsetCommitResponse commit(Broker& broker, const TxnOffsetCommitRequest& request,
                               const RequestContext& context) {
    const TopicPartition partition{offsets_topic, broker.groups().partition_of(request.group_id)};
    const Confirmation confirmation =
        confirm_transaction(broker,
                            {.transactional_id = request.transactional_id,
                             .producer_id = request.producer_id,
                             .producer_epoch = request.producer_epoch},
                            {{partition, no_sequence}},
                            support_of_txn_offset_commit(context.api_version))
            .at(partition);
    if (confirmation.error != ErrorCode::none) {
        return txn_offset_commit_error(request, offset_error_of(confirmation.error));
    }
    const TransactionTerms terms{.guard = confirmation.guard};
    sim::Completion<TxnOffsetCommitResponse> answer(broker.node());
    broker.groups().handle(
        request,
        GroupCaller{.version = context.api_version,
                    .client_id = context.client_id,
                    .client_host = broker.node().simulation().node(context.peer).name()},
        terms, answer.completer());
    std::optional<TxnOffsetCommitResponse> response = answer.await();
    ASSERT(response.has_value(), "the coordinator dropped a TxnOffsetCommit of {}",
           request.transactional_id);
    return std::move(*response);
}

}  // namespace

// What does not exist is refused, while offsets of the others are committed. Answers keep the order
// of the request.
TxnOffsetCommitResponse handle(Broker& broker, TxnOffsetCommitRequest& request,
                               const RequestContext& context) {
    TxnOffsetCommitRequest known = request;
    for (TxnOffsetCommitRequest::Topic& topic : known.topics) {
        std::erase_if(topic.partitions, [&](const TxnOffsetCommitRequest::Partition& partition) {
            return broker.image().find_partition({topic.name, partition.partition_index}) ==
                   nullptr;
        });
    }
    std::erase_if(known.topics, [](const auto& topic) { return topic.partitions.empty(); });

    std::map<TopicPartition, ErrorCode> outcomes;
    // Of no offsets at all, too, the coordinator has its say.
    if (!known.topics.empty() || request.topics.empty()) {
        const TxnOffsetCommitResponse committed = commit(broker, known, context);
        for (const TxnOffsetCommitResponse::Topic& topic : committed.topics) {
            for (const TxnOffsetCommitResponse::Partition& partition : topic.partitions) {
                outcomes[{topic.name, partition.partition_index}] = partition.error_code;
            }
        }
    }
    TxnOffsetCommitResponse response;
    for (const TxnOffsetCommitRequest::Topic& topic : request.topics) {
        TxnOffsetCommitResponse::Topic& slot = response.topics.emplace_back();
        slot.name = topic.name;
        for (const TxnOffsetCommitRequest::Partition& partition : topic.partitions) {
            const auto outcome = outcomes.find({topic.name, partition.partition_index});
            slot.partitions.push_back({.partition_index = partition.partition_index,
                                       .error_code = outcome == outcomes.end()
                                                         ? ErrorCode::unknown_topic_or_partition
                                                         : outcome->second});
        }
    }
    return response;
}

}  // namespace squall::model
