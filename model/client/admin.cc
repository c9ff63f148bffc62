#include "model/client/admin.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/client/consumer/offset_requests.h"
#include "model/client/request_end.h"
#include "model/protocol/messages/create_topics.h"

namespace squall::model {

AdminClient::AdminClient(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                         AdminOptions options)
    : node_(node),
      options_(std::move(options)),
      cluster_(node, fabric, std::move(bootstrap), options_.client, {}) {}

AdminResult AdminClient::tell(std::string request, Outcome outcome, std::string error) {
    node_.emit(AdminCompleted{.client_id = options_.client.client_id,
                              .request = std::move(request),
                              .outcome = outcome,
                              .error = error});
    return {.outcome = outcome, .error = std::move(error)};
}

AdminResult AdminClient::create_topics(const std::vector<NewTopic>& topics) {
    const LocalTime deadline = node_.now() + options_.default_api_timeout;
    std::string name = "CreateTopics";
    std::map<std::string, CreateTopicsRequest::Topic> wanted;
    for (const NewTopic& topic : topics) {
        name += ' ' + topic.name;
        CreateTopicsRequest::Topic& one = wanted[topic.name];
        one.name = topic.name;
        one.num_partitions = topic.partitions;
        one.replication_factor = topic.replication;
        for (const auto& [key, value] : topic.configs) {
            one.configs.push_back({.name = key, .value = value});
        }
    }

    // Some attempt may have made a topic although nobody said so.
    bool may_be_made = false;
    std::string error = "timed_out";
    for (std::uint32_t attempt = 1; node_.now() < deadline; ++attempt) {
        CreateTopicsRequest request;
        request.timeout_ms = static_cast<std::int32_t>(options_.client.request_timeout.count());
        for (const auto& [topic, one] : wanted) request.topics.push_back(one);
        // The controller where it is known to be a broker; any broker forwards.
        Channel* const controller = cluster_.channel(cluster_.metadata().controller());
        Channel& channel =
            controller != nullptr && attempt == 1 ? *controller : cluster_.any_channel();
        const Result<CreateTopicsResponse> answer = channel.call(std::move(request));
        if (!answer) {
            error = to_string(answer.error().failure);
            if (!was_never_sent(answer.error().failure)) may_be_made = true;
        } else {
            for (const CreateTopicsResponse::Topic& topic : answer->topics) {
                const bool is_made =
                    topic.error_code == ErrorCode::none ||
                    (topic.error_code == ErrorCode::topic_already_exists && may_be_made);
                if (is_made) {
                    wanted.erase(topic.name);
                    continue;
                }
                error = to_string(topic.error_code);
                if (!is_retriable(topic.error_code)) {
                    return tell(std::move(name), Outcome::failed, std::move(error));
                }
                // The controller said no for certain only when it says that it is none.
                if (topic.error_code != ErrorCode::not_controller) may_be_made = true;
            }
            if (wanted.empty()) return tell(std::move(name), Outcome::ok, "");
        }
        cluster_.refresh();
        node_.sleep_for(options_.client.backoff().delay(attempt, cluster_.draws("retry backoff")));
    }
    return tell(std::move(name), may_be_made ? Outcome::unknown : Outcome::failed,
                std::move(error));
}

bool AdminClient::refresh(LocalTime deadline) {
    cluster_.refresh();
    return cluster_.await_metadata(deadline);
}

bool AdminClient::await_topics(const std::vector<NewTopic>& topics, std::size_t min_isr,
                               Duration timeout) {
    const LocalTime deadline = node_.now() + timeout;
    for (const NewTopic& topic : topics) cluster_.track(topic.name);
    const auto is_ready = [&](const NewTopic& topic) {
        const TopicMetadata* const known = cluster_.metadata().topic(topic.name);
        if (known == nullptr) return false;
        if (topic.partitions >= 0 &&
            known->partitions.size() < static_cast<std::size_t>(topic.partitions)) {
            return false;
        }
        return std::ranges::all_of(known->partitions, [&](const PartitionMetadata& partition) {
            return partition.leader != no_broker && partition.isr.size() >= min_isr;
        });
    };
    while (!std::ranges::all_of(topics, is_ready)) {
        if (!refresh(deadline)) return false;
    }
    return true;
}

const TopicMetadata* AdminClient::describe_topic(const std::string& topic) {
    cluster_.track(topic);
    refresh(node_.now() + options_.default_api_timeout);
    return cluster_.metadata().topic(topic);
}

std::map<TopicPartition, Offset> AdminClient::list_offsets(
    const std::map<TopicPartition, TimestampMs>& timestamps, IsolationLevel isolation) {
    const LocalTime deadline = node_.now() + options_.default_api_timeout;
    for (const auto& [partition, timestamp] : timestamps) cluster_.track(partition.topic);
    std::map<TopicPartition, Offset> found;
    while (found.size() < timestamps.size() && node_.now() < deadline) {
        std::map<BrokerId, std::map<TopicPartition, TimestampMs>> by_leader;
        for (const auto& [partition, timestamp] : timestamps) {
            const BrokerId leader = cluster_.metadata().leader(partition);
            if (leader == no_broker || found.contains(partition)) continue;
            by_leader[leader][partition] = timestamp;
        }
        for (const auto& [leader, asked] : by_leader) {
            // The broker may have left the metadata while another one was asked.
            Channel* const channel = cluster_.channel(leader);
            if (channel == nullptr) continue;
            const Result<ListOffsetsResponse> answer = channel->call(list_offsets_request(
                asked, cluster_.metadata(), isolation, options_.client.request_timeout));
            if (!answer) continue;
            for (const auto& [partition, listed] : read_offsets(*answer)) {
                if (listed.error == ErrorCode::none && asked.contains(partition)) {
                    found[partition] = listed.position.offset;
                }
            }
        }
        if (found.size() < timestamps.size()) refresh(deadline);
    }
    return found;
}

void AdminClient::close() {
    cluster_.stop();
}

}  // namespace squall::model
