// A member of the classic protocol, for tests of coordinators: it says what it owns when it joins,
// takes what its sync gives, and gives up the rest. Cooperative, unless its protocol is another.
#pragma once

#include <optional>
#include <string>

#include "model/assignors/consumer_protocol.h"
#include "tests/model/coordinator/consumer_member.h"

namespace squall::model {

struct ClassicClient {
    std::string member_id{};
    std::optional<std::string> instance_id{};
    std::vector<std::string> topics{"orders"};
    GenerationId generation = no_generation;
    std::vector<TopicPartition> owned{};
    std::vector<TopicPartition> given{};  // by the last sync
    std::string protocol{"cooperative-sticky"};

    bool is_eager() const { return protocol != "cooperative-sticky"; }
    JoinGroupRequest joining() const {
        Subscription subscription{.topics = topics};
        subscription.owned_partitions = owned;
        subscription.generation_id = generation;
        JoinGroupRequest request = join_request(member_id, encode_subscription(subscription));
        request.group_instance_id = instance_id;
        request.protocols.front().name = protocol;
        return request;
    }
    SyncGroupRequest syncing(std::map<std::string, Bytes> assignment = {}) const {
        SyncGroupRequest request = sync_request(member_id, generation, std::move(assignment));
        request.group_instance_id = instance_id;
        request.protocol_name = protocol;
        return request;
    }
    HeartbeatRequest beating() const {
        HeartbeatRequest request = heartbeat_request(member_id, generation);
        request.group_instance_id = instance_id;
        return request;
    }
    LeaveGroupRequest leaving() const {
        LeaveGroupRequest request = leave_request(member_id);
        request.members.front().group_instance_id = instance_id;
        return request;
    }

    void take(const JoinGroupResponse& response) {
        if (!response.member_id.empty()) member_id = response.member_id;
        if (response.error_code == ErrorCode::none) generation = response.generation_id;
    }
    void take(const SyncGroupResponse& response) {
        if (response.error_code != ErrorCode::none) return;
        given = decode_assignment(ByteView(response.assignment)).value().partitions;
    }
    // What it keeps it keeps; what it was given comes, what not goes. Whether something went: then
    // it joins once more.
    bool adopt() {
        const bool gives_up = std::ranges::any_of(owned, [&](const TopicPartition& each) {
            return std::ranges::find(given, each) == given.end();
        });
        owned = given;
        return gives_up;
    }
};

inline Bytes orders_assignment(const std::vector<std::int32_t>& numbers) {
    Assignment assignment;
    for (const std::int32_t number : numbers) assignment.partitions.push_back({"orders", number});
    return encode_assignment(assignment);
}

// Asks, stores what it takes, and has the answer.
template <class Request>
typename Request::Response ask_and_store(GroupFixture& fixture, const Request& request,
                                         ApiVersion version = Request::versions.max) {
    const CallId call = fixture.send(request, version);
    fixture.commit_all();
    auto response = fixture.take<typename Request::Response>(call);
    ASSERT(response.has_value(), "call {} is not answered", call);
    return *std::move(response);
}

// A round with a coordinator that assigns: join, sync, adopt.
inline ErrorCode join_and_sync(GroupFixture& fixture, ClassicClient& client) {
    JoinGroupResponse joined = ask_and_store(fixture, client.joining());
    client.take(joined);
    if (joined.error_code == ErrorCode::member_id_required) {
        joined = ask_and_store(fixture, client.joining());
        client.take(joined);
    }
    if (joined.error_code != ErrorCode::none) return joined.error_code;
    const SyncGroupResponse synced = ask_and_store(fixture, client.syncing());
    client.take(synced);
    if (synced.error_code == ErrorCode::none) client.adopt();
    return synced.error_code;
}

inline ErrorCode heartbeat(GroupFixture& fixture, const ClassicClient& client) {
    return ask_and_store(fixture, client.beating()).error_code;
}

}  // namespace squall::model
