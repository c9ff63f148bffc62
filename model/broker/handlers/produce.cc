#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/protocol/batch_view.h"

namespace squall::model {
namespace {

// From version 13 on, topics go by id (KIP-516).
constexpr ApiVersion first_with_topic_ids = 13;

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

}  // namespace

Answer<ProduceResponse> handle(Broker& broker, ProduceRequest& request,
                               const RequestContext& context) {
    const LocalTime deadline = broker.node().now() + std::chrono::milliseconds(request.timeout_ms);
    std::vector<std::unique_ptr<Append>> appends;
    ProduceResponse response;
    for (ProduceRequest::Topic& topic : request.topic_data) {
        response.responses.push_back(
            {.name = topic.name, .topic_id = topic.topic_id, .partition_responses = {}});
        const bool by_id = context.api_version >= first_with_topic_ids;
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
                broker.replicas().append(TopicPartition{known->name, partition.index},
                                         std::move(partition.records), request.acks,
                                         AppendOrigin::client, std::nullopt, std::move(completer));
            }
        }
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
