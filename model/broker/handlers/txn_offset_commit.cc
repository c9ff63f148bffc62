#include <optional>
#include <string>
#include <utility>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/verification.h"
#include "sim/kernel/simulation.h"

namespace squall::model {

// The group coordinator is the leader of the partition that the offsets go to, and so has the
// transaction confirmed first, as any leader does (KIP-890).
TxnOffsetCommitResponse handle(Broker& broker, TxnOffsetCommitRequest& request,
                               const RequestContext& context) {
    const TopicPartition partition{offsets_topic, broker.groups().partition_of(request.group_id)};
    const VerificationStart start = broker.replicas().begin_verification(
        partition, request.producer_id, request.producer_epoch, no_sequence);
    if (start.error != ErrorCode::none) {
        return txn_offset_commit_error(request, ErrorCode::not_coordinator);
    }
    TransactionTerms terms;
    if (start.guard != no_guard) {
        const bool adds = broker.config().transactions.is_version_2(
            context.api_version, first_txn_offset_commit_of_version_2);
        const ErrorCode error = confirm_transaction(broker,
                                                    {.transactional_id = request.transactional_id,
                                                     .producer_id = request.producer_id,
                                                     .producer_epoch = request.producer_epoch},
                                                    {partition}, adds)
                                    .at(partition);
        if (error != ErrorCode::none) {
            const ErrorCode told = produce_error_of(error);
            return txn_offset_commit_error(request, told == ErrorCode::not_enough_replicas
                                                        ? ErrorCode::coordinator_load_in_progress
                                                        : told);
        }
        terms.guard = start.guard;
    }
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
