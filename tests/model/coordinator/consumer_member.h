// A member of a group of the consumer protocol, for tests of its coordinator: it does what the
// protocol asks for when the test says so, and remembers what it owns.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/coordinator/group_fixture.h"

namespace squall::model {

using Heartbeat = ConsumerGroupHeartbeatRequest;

inline IdPartition orders_partition(std::int32_t number) {
    return {GroupFixture::topic_id("orders"), number};
}

inline std::vector<Heartbeat::TopicPartitions> to_topics(const IdPartitions& partitions) {
    std::vector<Heartbeat::TopicPartitions> topics;
    for (const IdPartition& each : partitions) {
        if (topics.empty() || topics.back().topic_id != each.topic_id) {
            topics.emplace_back().topic_id = each.topic_id;
        }
        topics.back().partitions.push_back(each.partition);
    }
    return topics;
}

struct ConsumerClient {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::vector<std::string> topics{"orders"};
    std::string expression;  // "": none
    std::int32_t epoch = 0;
    IdPartitions owned;   // as the application sees it
    IdPartitions target;  // as the coordinator told

    Heartbeat full() const {
        Heartbeat request = keep_alive();
        request.rebalance_timeout_ms = 60000;
        request.subscribed_topic_names = topics;
        if (!expression.empty()) request.subscribed_topic_regex = expression;
        request.topic_partitions = to_topics(owned);
        return request;
    }
    Heartbeat keep_alive() const {
        Heartbeat request;
        request.group_id = "g";
        request.member_id = member_id;
        request.member_epoch = epoch;
        request.instance_id = instance_id;
        return request;
    }
    Heartbeat owning() const {
        Heartbeat request = keep_alive();
        request.topic_partitions = to_topics(owned);
        return request;
    }
    Heartbeat leaving(std::int32_t how = leaving_member_epoch) const {
        Heartbeat request = keep_alive();
        request.member_epoch = how;
        return request;
    }

    void take(const ConsumerGroupHeartbeatResponse& response) {
        if (response.error_code != ErrorCode::none) return;
        epoch = response.member_epoch;
        if (!response.assignment) return;
        target.clear();
        for (const auto& topic : response.assignment->topic_partitions) {
            for (const std::int32_t number : topic.partitions) {
                target.insert({topic.topic_id, number});
            }
        }
    }
    // What it must give up, it gives up.
    void revoke() {
        std::erase_if(owned, [&](const IdPartition& each) { return !target.contains(each); });
    }
    void adopt() { owned = target; }
};

// Sends and stores at once, and has the client take the answer.
inline ErrorCode converse(GroupFixture& fixture, ConsumerClient& client, const Heartbeat& request) {
    const CallId call = fixture.send(request);
    fixture.commit_all();
    const auto response = fixture.take<ConsumerGroupHeartbeatResponse>(call);
    ASSERT(response.has_value(), "a heartbeat of {} was not answered", client.member_id);
    client.take(*response);
    return response->error_code;
}

// The client has brought about what it was told, and says so.
inline ErrorCode reconcile(GroupFixture& fixture, ConsumerClient& client) {
    client.adopt();
    return converse(fixture, client, client.owning());
}

}  // namespace squall::model
