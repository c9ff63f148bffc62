#include <chrono>
#include <memory>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/coordinator/coordinator_host.h"
#include "model/protocol/control_batch.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

// request.timeout.ms of the coordinator, which asks again then.
constexpr std::chrono::milliseconds marker_timeout{30000};

struct Written {
    explicit Written(sim::Node& node) : appended(node), applied(node) {}

    TopicPartition partition;
    bool is_of_group = false;
    sim::Completion<AppendOutcome> appended;  // of other partitions
    sim::Completion<ErrorCode> applied;       // of groups' offsets
};

}  // namespace

// Each marker is appended by this broker as leader; those of __consumer_offsets by way of the group
// coordinator, whose offsets take effect with them.
WriteTxnMarkersResponse handle(Broker& broker, WriteTxnMarkersRequest& request,
                               const RequestContext&) {
    const LocalTime deadline = broker.node().now() + Duration(marker_timeout);
    WriteTxnMarkersResponse response;
    std::vector<std::vector<std::unique_ptr<Written>>> all;
    for (const WriteTxnMarkersRequest::Marker& asked : request.markers) {
        const TransactionMarker marker{.producer_id = asked.producer_id,
                                       .producer_epoch = asked.producer_epoch,
                                       .is_commit = asked.transaction_result,
                                       .coordinator_epoch = asked.coordinator_epoch};
        const TransactionTerms terms{.is_strict_marker = asked.transaction_version >= 2};
        auto& of_marker = all.emplace_back();
        for (const WriteTxnMarkersRequest::Topic& topic : asked.topics) {
            for (const std::int32_t index : topic.partition_indexes) {
                auto written = std::make_unique<Written>(broker.node());
                written->partition = {topic.name, index};
                written->is_of_group = topic.name == offsets_topic;
                if (written->is_of_group) {
                    broker.groups().write_marker(index, marker, terms,
                                                 written->applied.completer());
                } else {
                    broker.replicas().append(written->partition,
                                             marker_batch(marker, broker.node().wall_now().ms()),
                                             -1, AppendOrigin::coordinator, std::nullopt,
                                             written->appended.completer(), terms);
                }
                of_marker.push_back(std::move(written));
            }
        }
    }
    for (std::size_t i = 0; i < request.markers.size(); ++i) {
        WriteTxnMarkersResponse::Marker& answer = response.markers.emplace_back();
        answer.producer_id = request.markers[i].producer_id;
        for (const auto& written : all[i]) {
            ErrorCode error = ErrorCode::request_timed_out;
            if (written->is_of_group) {
                error = written->applied.await_until(deadline).value_or(error);
            } else {
                const auto outcome = written->appended.await_until(deadline);
                if (outcome) error = outcome->error;
            }
            if (answer.topics.empty() || answer.topics.back().name != written->partition.topic) {
                answer.topics.push_back({.name = written->partition.topic, .partitions = {}});
            }
            answer.topics.back().partitions.push_back(
                {.partition_index = written->partition.partition, .error_code = error});
        }
    }
    return response;
}

}  // namespace squall::model
