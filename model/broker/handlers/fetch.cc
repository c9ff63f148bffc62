#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/visibility.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

struct Reader {
    BrokerId replica = no_broker;  // no_broker: a consumer
    BrokerEpoch replica_epoch{-1};
    bool read_committed = false;
};

Reader reader_of(const FetchRequest& request, ApiVersion version) {
    // KIP-903: from version 15 on, a follower names itself together with its broker epoch.
    const bool has_state = version >= 15;
    return Reader{.replica = has_state ? request.replica_state.replica_id : request.replica_id,
                  .replica_epoch = request.replica_state.replica_epoch,
                  .read_committed = request.isolation_level == IsolationLevel::read_committed};
}

struct Pass {
    FetchResponse response;
    std::int64_t bytes = 0;
    Duration cost{};              // of reading from the disk
    bool answer_at_once = false;  // an error, a divergence, or another replica to read from
};

// From version 11 on, consumers say where they are, and may be served by followers (KIP-392).
constexpr ApiVersion first_with_rack = 11;

// Where a consumer had better read this partition; nullopt: here.
std::optional<BrokerId> preferred_replica(Broker& broker, const std::string& client_rack,
                                          const TopicPartition& partition, Offset offset) {
    if (broker.config().replica_selector == ReplicaSelector::leader) return std::nullopt;
    const MetadataImage& image = broker.image();
    std::vector<LocatedCandidate> followers;
    for (const ReadCandidate& candidate : broker.replicas().read_candidates(partition, offset)) {
        if (!is_visible(image, candidate.broker)) continue;
        followers.push_back(
            {.candidate = candidate, .rack = image.find_broker(candidate.broker)->rack});
    }
    return select_read_replica(broker.config().replica_selector, client_rack, broker.rack(),
                               followers);
}

// Topic names, from ids where the version speaks in ids.
const TopicImage* find_topic(const MetadataImage& image, const FetchRequest::Topic& topic,
                             ApiVersion version) {
    return version >= 13 ? image.find_topic(topic.topic_id) : image.find_topic(topic.topic);
}

// What can be answered from what is there now.
Pass read_once(Broker& broker, const FetchRequest& request, ApiVersion version, bool after_wait) {
    const Reader reader = reader_of(request, version);
    const bool is_consumer = reader.replica == no_broker;
    Pass pass;
    pass.response.responses.reserve(request.topics.size());
    for (const FetchRequest::Topic& topic : request.topics) {
        const TopicImage* const known = find_topic(broker.image(), topic, version);
        FetchResponse::Topic answer{
            .topic = topic.topic, .topic_id = topic.topic_id, .partitions = {}};
        answer.partitions.reserve(topic.partitions.size());
        TopicPartition name{known != nullptr ? known->name : std::string(), 0};
        for (const FetchRequest::Partition& partition : topic.partitions) {
            FetchResponse::Partition& slot = answer.partitions.emplace_back();
            slot.partition_index = partition.partition;
            if (known == nullptr) {
                slot.error_code = version >= 13 ? ErrorCode::unknown_topic_id
                                                : ErrorCode::unknown_topic_or_partition;
                pass.answer_at_once = true;
                continue;
            }
            name.partition = partition.partition;
            std::optional<BrokerId> elsewhere;
            if (is_consumer && version >= first_with_rack) {
                elsewhere =
                    preferred_replica(broker, request.rack_id, name, partition.fetch_offset);
            }
            const std::int64_t room =
                elsewhere ? 0 : std::max<std::int64_t>(request.max_bytes - pass.bytes, 0);
            FetchOutcome outcome = broker.replicas().fetch(
                name,
                FetchTarget{
                    .replica = reader.replica,
                    .replica_epoch = reader.replica_epoch,
                    .current_leader_epoch = partition.current_leader_epoch,
                    .fetch_offset = partition.fetch_offset,
                    .last_fetched_epoch = partition.last_fetched_epoch,
                    .log_start_offset = partition.log_start_offset,
                    .max_bytes = static_cast<std::int32_t>(
                        std::min<std::int64_t>(room, partition.partition_max_bytes)),
                    // Progress is always possible: the first batch comes even if it is larger.
                    .at_least_one_batch = pass.bytes == 0 && !elsewhere,
                    .read_committed = reader.read_committed,
                    .after_wait = after_wait,
                    .may_read_follower = is_consumer && version >= first_with_rack});
            if (elsewhere && outcome.error == ErrorCode::none) {
                slot.preferred_read_replica = *elsewhere;
                pass.answer_at_once = true;
            }
            slot.error_code = outcome.error;
            slot.high_watermark = outcome.high_watermark;
            slot.last_stable_offset = outcome.last_stable_offset;
            slot.log_start_offset = outcome.log_start_offset;
            if (outcome.diverging_epoch) {
                slot.diverging_epoch = {.epoch = outcome.diverging_epoch->epoch,
                                        .end_offset = outcome.diverging_epoch->offset};
            }
            pass.bytes += static_cast<std::int64_t>(outcome.records.size());
            pass.answer_at_once |= outcome.error != ErrorCode::none || outcome.diverging_epoch;
            pass.cost += outcome.cost;
            slot.records = std::move(outcome.records);
            if (reader.read_committed) {
                slot.aborted_transactions.emplace();
                for (const AbortedTransaction& aborted : outcome.aborted_transactions) {
                    slot.aborted_transactions->push_back(
                        {.producer_id = aborted.producer_id, .first_offset = aborted.first_offset});
                }
            }
        }
        pass.response.responses.push_back(std::move(answer));
    }
    return pass;
}

std::vector<TopicPartition> partitions_of(const Broker& broker, const FetchRequest& request,
                                          ApiVersion version) {
    std::vector<TopicPartition> partitions;
    for (const FetchRequest::Topic& topic : request.topics) {
        const TopicImage* const known = find_topic(broker.image(), topic, version);
        if (known == nullptr) continue;
        for (const FetchRequest::Partition& partition : topic.partitions) {
            partitions.push_back({known->name, partition.partition});
        }
    }
    return partitions;
}

}  // namespace

// DelayedFetch: waits for min_bytes, but no longer than max_wait_ms. Every piece of news makes it
// look again; what it answers is what it read last, so reading and answering are one moment.
FetchResponse handle(Broker& broker, FetchRequest& request, const RequestContext& context) {
    const LocalTime deadline = broker.node().now() + std::chrono::milliseconds(request.max_wait_ms);
    sim::Gate news(broker.node());
    std::unique_ptr<ReplicaHost::FetchWait> subscription;
    for (bool after_wait = false;; after_wait = true) {
        news.close();
        Pass pass = read_once(broker, request, context.api_version, after_wait);
        if (pass.answer_at_once || pass.bytes >= request.min_bytes ||
            broker.node().now() >= deadline) {
            if (pass.cost > Duration::zero()) broker.node().sleep_for(pass.cost);
            return std::move(pass.response);
        }
        // Nobody parked since the read: what comes from here on is news.
        if (subscription == nullptr) {
            subscription = broker.replicas().wait_for_news(
                partitions_of(broker, request, context.api_version),
                reader_of(request, context.api_version).replica, news);
        }
        news.wait_until(deadline);
    }
}

}  // namespace squall::model
