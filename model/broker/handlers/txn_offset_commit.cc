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
        default: {
            const ErrorCode told = produce_error_of(error);
            return told == ErrorCode::not_enough_replicas ? ErrorCode::coordinator_load_in_progress
                                                          : told;
        }
    }
}

}  // namespace

// The group coordinator is the leader of the partition that the offsets go to, and so has the
// transaction confirmed first, as any leader does (KIP-890).
TxnOffsetCommitResponse handle(Broker& broker, TxnOffsetCommitRequest& request,
                               const RequestContext& context) {
    const TopicPartition partition{offsets_topic, broker.groups().partition_of(request.group_id)};
    const bool adds = context.api_version >= first_txn_offset_commit_of_version_2;
    const Confirmation confirmation =
        confirm_transaction(broker,
                            {.transactional_id = request.transactional_id,
                             .producer_id = request.producer_id,
                             .producer_epoch = request.producer_epoch},
                            {{partition, no_sequence}}, adds)
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

}  // namespace squall::model
