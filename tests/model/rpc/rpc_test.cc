// Channel and server over the simulated network: how requests can end, in which order, and what the
// other side made of them. What is asserted is what callers were told and what the server saw.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_list.h"
#include "model/rpc/channel.h"
#include "model/rpc/server.h"
#include "sim/kernel/simulation.h"
#include "sim/network/network.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

// A server that answers heartbeats, remembers them by their member id, and can be told to be slow.
struct Desk {
    std::vector<std::string> begun;
    std::vector<std::string> served;
    std::vector<std::int16_t> versions;
    std::vector<std::string> clients;
    int greetings = 0;
    int at_once = 0;
    int most_at_once = 0;
    Duration service_time{};
    bool is_silent = false;         // it serves, and never answers
    bool hangs_up = false;          // it closes the connection in place of an answer
    bool serves_heartbeats = true;  // in its ApiVersions
    std::function<void()> on_greeting;
    std::int16_t newest_heartbeat = HeartbeatRequest::versions.max;
    std::int16_t oldest_heartbeat = HeartbeatRequest::versions.min;
};

class DeskProcess final : public sim::Process {
  public:
    DeskProcess(sim::Node& node, Fabric fabric, Desk& desk)
        : node_(node),
          desk_(desk),
          server_(node, fabric, 9092, [this](Message& request, const RequestContext& context) {
              return serve(request, context);
          }) {}

  private:
    Served serve(Message& request, const RequestContext& context) {
        if (context.api_key == ApiKey::api_versions) return greet();
        const std::string member = request.as<HeartbeatRequest>().member_id;
        desk_.begun.push_back(member);
        desk_.versions.push_back(context.api_version);
        desk_.clients.push_back(context.client_id);
        ++desk_.at_once;
        desk_.most_at_once = std::max(desk_.most_at_once, desk_.at_once);
        if (desk_.service_time > Duration::zero()) node_.sleep_for(desk_.service_time);
        --desk_.at_once;
        desk_.served.push_back(member);
        if (desk_.is_silent) return {};
        if (desk_.hangs_up)
            return {.action = Served::Action::close_connection, .response = nullptr};
        HeartbeatResponse response;
        // Tells one answer from another.
        response.throttle_time_ms = std::stoi(member);
        return {.action = Served::Action::reply, .response = box(response)};
    }

    Served greet() {
        ++desk_.greetings;
        if (desk_.on_greeting) desk_.on_greeting();
        ApiVersionsResponse response;
        response.api_keys.push_back({.api_key = ApiKey::api_versions,
                                     .min_version = ApiVersionsRequest::versions.min,
                                     .max_version = ApiVersionsRequest::versions.max});
        if (desk_.serves_heartbeats) {
            response.api_keys.push_back({.api_key = ApiKey::heartbeat,
                                         .min_version = desk_.oldest_heartbeat,
                                         .max_version = desk_.newest_heartbeat});
        }
        return {.action = Served::Action::reply, .response = box(std::move(response))};
    }

    sim::Node& node_;
    Desk& desk_;
    Server server_;
};

// The caller: channels to the server, and whatever a test makes it do.
class Caller final : public sim::Process {
  public:
    using Body = std::function<void(sim::Node&, Channel&, ChannelPool&)>;
    Caller(sim::Node& node, Fabric fabric, sim::NodeId server, ChannelOptions options, Body body)
        : node_(node), pool_(node, fabric, std::move(options)), body_(std::move(body)) {
        Channel& channel = pool_.to(Endpoint{.node = server, .port = 9092}, "test");
        node.spawn("caller", [this, &channel] { body_(node_, channel, pool_); });
    }

  private:
    sim::Node& node_;
    ChannelPool pool_;
    Body body_;
};

// How one request ended, and when.
struct End {
    std::string member;
    std::optional<int> answer;
    std::optional<Failure> failure;
    Duration at{};
};

HeartbeatRequest beat(const std::string& member) {
    HeartbeatRequest request;
    request.group_id = "g";
    request.member_id = member;
    return request;
}

class RpcTest : public testing::TestWithParam<CodecMode> {
  protected:
    RpcTest() : fabric{.network = network, .codec = GetParam()} {
        options.client_id = "caller";
        server = &simulation.add_node({.name = "b1", .factory = [this](sim::Node& node) {
                                           return std::make_unique<DeskProcess>(node, fabric, desk);
                                       }});
        network.attach(*server);
    }
    ~RpcTest() override { simulation.finish(); }

    // Boots the caller (and the server, if it is not to stay down) and lets them run.
    void run(Caller::Body body, Duration time = 120s, bool with_server = true) {
        if (with_server) server->start();
        caller = &simulation.add_node({.name = "app", .factory = [this, body](sim::Node& node) {
                                           return std::make_unique<Caller>(
                                               node, fabric, server->id(), options, body);
                                       }});
        network.attach(*caller);
        caller->start();
        simulation.run_until(simulation.now() + time);
    }

    // Sends without waiting; `ends` tells how it went.
    void post(Channel& channel, const std::string& member,
              std::optional<std::chrono::milliseconds> timeout = std::nullopt) {
        channel.send_then<HeartbeatRequest>(
            beat(member),
            [this, member](Result<HeartbeatResponse> result) { note(member, result); }, timeout);
    }
    void call(Channel& channel, const std::string& member) {
        const Result<HeartbeatResponse> result = channel.call(beat(member));
        note(member, result);
    }
    void note(const std::string& member, const Result<HeartbeatResponse>& result) {
        End end{.member = member, .at = simulation.now() - Time{}};
        if (result) {
            end.answer = result->throttle_time_ms;
        } else {
            end.failure = result.error().failure;
        }
        ends.push_back(end);
    }
    std::vector<std::string> order_of_ends() const {
        std::vector<std::string> order;
        for (const End& end : ends) order.push_back(end.member);
        return order;
    }

    sim::Simulation simulation{{.seed = 11}};
    sim::Network network{simulation, {}};
    Fabric fabric;
    ChannelOptions options;
    Desk desk;
    sim::Node* server = nullptr;
    sim::Node* caller = nullptr;
    std::vector<End> ends;
};

INSTANTIATE_TEST_SUITE_P(Codec, RpcTest, testing::Values(CodecMode::move, CodecMode::roundtrip),
                         [](const auto& instance) {
                             return instance.param == CodecMode::move ? "Move" : "Roundtrip";
                         });

TEST_P(RpcTest, RequestsArriveAndEndInTheOrderOfTheirCalls) {
    run([&](sim::Node& node, Channel& channel, ChannelPool&) {
        // Three before there is a connection, three on it.
        for (const char* member : {"1", "2", "3"}) post(channel, member);
        node.sleep_for(1s);
        for (const char* member : {"4", "5", "6"}) post(channel, member);
    });
    const std::vector<std::string> expected = {"1", "2", "3", "4", "5", "6"};
    EXPECT_EQ(desk.served, expected);
    ASSERT_EQ(order_of_ends(), expected);
    for (const End& end : ends) EXPECT_EQ(end.answer, std::stoi(end.member));
    EXPECT_EQ(desk.greetings, 1) << "one connection serves them all";
    EXPECT_EQ(desk.clients.at(0), "caller");
}

TEST_P(RpcTest, SpeaksTheNewestVersionThatBothKnow) {
    desk.newest_heartbeat = HeartbeatRequest::versions.max - 1;
    run([&](sim::Node&, Channel& channel, ChannelPool&) { call(channel, "1"); });
    ASSERT_EQ(desk.versions.size(), 1u);
    EXPECT_EQ(desk.versions[0], HeartbeatRequest::versions.max - 1);
}

TEST_P(RpcTest, ARequestThatThePeerDoesNotServeIsNeverSent) {
    desk.serves_heartbeats = false;
    run([&](sim::Node&, Channel& channel, ChannelPool&) { call(channel, "1"); });
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_EQ(ends[0].failure, Failure::invalid_input);
    EXPECT_TRUE(desk.begun.empty());
}

TEST_P(RpcTest, AVersionTooNewForUsIsAsGoodAsNone) {
    desk.oldest_heartbeat = HeartbeatRequest::versions.max + 1;
    desk.newest_heartbeat = HeartbeatRequest::versions.max + 2;
    run([&](sim::Node&, Channel& channel, ChannelPool&) { call(channel, "1"); });
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_EQ(ends[0].failure, Failure::invalid_input);
    EXPECT_TRUE(desk.begun.empty());
}

TEST_P(RpcTest, ATimeoutClosesTheConnectionAndEndsAllThatIsInFlightOnIt) {
    desk.is_silent = true;
    run([&](sim::Node& node, Channel& channel, ChannelPool&) {
        post(channel, "1", 3s);
        post(channel, "2", 30s);
        node.sleep_for(1s);
        post(channel, "3", 30s);
    });
    ASSERT_EQ(order_of_ends(), (std::vector<std::string>{"1", "2", "3"}));
    for (const End& end : ends) {
        EXPECT_EQ(end.failure, Failure::timed_out) << end.member;
        EXPECT_EQ(end.at, 3s) << "with the first whose patience ended";
    }
}

// The host is up, and nobody listens on that port.
Endpoint closed_port(const Channel& channel) {
    return {.node = channel.peer().node, .port = 9999};
}

TEST_P(RpcTest, RefusedMeansNeverSent) {
    run([&](sim::Node&, Channel& channel, ChannelPool& pool) {
        call(pool.to(closed_port(channel), "test"), "1");
    });
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_EQ(ends[0].failure, Failure::refused);
    EXPECT_TRUE(desk.begun.empty());
}

TEST_P(RpcTest, UnreachableMeansNeverSentAlsoWhenTheHostComesBack) {
    options.connection_setup_timeout = 10000ms;
    run([&](sim::Node&, Channel& channel, ChannelPool&) { call(channel, "1"); }, 20s, false);
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_EQ(ends[0].failure, Failure::unreachable);
    EXPECT_EQ(ends[0].at, 10s);
    server->start();
    simulation.run_until(simulation.now() + 60s);
    EXPECT_TRUE(desk.begun.empty()) << "what was given up does not come later";
}

TEST_P(RpcTest, BacksOffLongerAndLongerWhileNobodyListens) {
    options.reconnect_backoff = 100ms;
    options.reconnect_backoff_max = 1000ms;
    run([&](sim::Node&, Channel& channel, ChannelPool& pool) {
        for (int i = 0; i < 8; ++i) call(pool.to(closed_port(channel), "test"), "1");
    });
    ASSERT_EQ(ends.size(), 8u);
    // Exponential with 20 % of jitter either way, and some milliseconds for the refusal itself.
    Duration expected = 100ms;
    for (std::size_t i = 1; i < ends.size(); ++i) {
        const Duration pause = ends[i].at - ends[i - 1].at;
        EXPECT_GE(pause, expected * 80 / 100) << i;
        EXPECT_LE(pause, expected * 120 / 100 + 20ms) << i;
        expected = std::min<Duration>(expected * 2, 1000ms);
    }
}

TEST_P(RpcTest, ConnectsWithoutARequestAndTellsWhenItHas) {
    std::optional<bool> was_connected;
    run([&](sim::Node&, Channel& channel, ChannelPool&) {
        channel.connect_then([&] {
            was_connected = channel.is_connected();
            post(channel, "1");
        });
    });
    EXPECT_EQ(was_connected, true);
    EXPECT_EQ(desk.greetings, 1);
    EXPECT_EQ(order_of_ends(), std::vector<std::string>{"1"});
}

TEST_P(RpcTest, TellsOfAConnectionThatWasRefusedAndOfTheNextAfterItsBackoff) {
    options.reconnect_backoff = 1000ms;
    std::vector<Duration> told;
    bool is_connected = true;
    run([&](sim::Node&, Channel& channel, ChannelPool& pool) {
        Channel& closed = pool.to(closed_port(channel), "test");
        closed.connect_then([&] {
            told.push_back(simulation.now() - Time{});
            is_connected = closed.is_connected();
            closed.connect_then([&] { told.push_back(simulation.now() - Time{}); });
        });
    });
    EXPECT_FALSE(is_connected);
    ASSERT_EQ(told.size(), 2u);
    EXPECT_LT(told[0], 100ms);
    EXPECT_GE(told[1] - told[0], 800ms);
}

TEST_P(RpcTest, OneRequestOfAConnectionIsServedAtATime) {
    desk.service_time = 100ms;
    run([&](sim::Node&, Channel& channel, ChannelPool&) {
        for (const char* member : {"1", "2", "3", "4"}) post(channel, member);
    });
    EXPECT_EQ(desk.most_at_once, 1);
    EXPECT_EQ(desk.served, (std::vector<std::string>{"1", "2", "3", "4"}));
    ASSERT_EQ(ends.size(), 4u);
    for (std::size_t i = 1; i < ends.size(); ++i) {
        EXPECT_GE(ends[i].at - ends[i - 1].at, 90ms) << "pipelined requests wait for their turn";
    }
}

TEST_P(RpcTest, RequestsOfDifferentConnectionsAreServedSideBySide) {
    desk.service_time = 1s;
    run([&](sim::Node&, Channel& channel, ChannelPool& pool) {
        post(channel, "1");
        post(pool.to(channel.peer(), "other"), "2");
    });
    EXPECT_EQ(desk.most_at_once, 2);
    EXPECT_EQ(ends.size(), 2u);
}

TEST_P(RpcTest, ARequestIsServedToItsEndWhenItsCallerIsGone) {
    desk.service_time = 5s;
    simulation.control_at(Time(2s), [&] { caller->stop(sim::StopReason::crash); });
    run([&](sim::Node&, Channel& channel, ChannelPool&) { post(channel, "1"); });
    EXPECT_EQ(desk.served, std::vector<std::string>{"1"}) << "executed, response lost";
    EXPECT_TRUE(ends.empty());
}

TEST_P(RpcTest, WhatWaitsBehindALostConnectionIsNotServed) {
    desk.service_time = 5s;
    simulation.control_at(Time(2s), [&] { caller->stop(sim::StopReason::crash); });
    run([&](sim::Node&, Channel& channel, ChannelPool&) {
        post(channel, "1");
        post(channel, "2");
    });
    EXPECT_EQ(desk.begun, std::vector<std::string>{"1"});
}

TEST_P(RpcTest, AHangUpEndsWhatIsInFlightAsClosed) {
    desk.hangs_up = true;
    run([&](sim::Node&, Channel& channel, ChannelPool&) {
        post(channel, "1");
        post(channel, "2");
    });
    ASSERT_EQ(ends.size(), 2u);
    for (const End& end : ends) EXPECT_EQ(end.failure, Failure::closed) << end.member;
    EXPECT_EQ(desk.served, std::vector<std::string>{"1"});
}

TEST_P(RpcTest, ConnectsAnewAfterALossAndWhatWasNotSentIsSentThen) {
    options.reconnect_backoff = 1000ms;
    simulation.control_at(Time(2s), [&] { server->stop(sim::StopReason::crash); });
    simulation.control_at(Time(2500ms), [&] { server->start(); });
    desk.service_time = 1s;
    run([&](sim::Node& node, Channel& channel, ChannelPool&) {
        node.sleep_for(1500ms);
        post(channel, "1");  // in flight when the server dies
        node.sleep_for(600ms);
        post(channel, "2");  // no connection: it waits through the back-off
    });
    ASSERT_EQ(order_of_ends(), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(ends[0].failure, Failure::closed);
    EXPECT_EQ(ends[1].answer, 2);
    EXPECT_EQ(desk.greetings, 2);
}

TEST_P(RpcTest, AConnectionThatIsLostRightBehindItsGreetingWasNone) {
    // A caller that is paused meanwhile finds both when it goes on.
    desk.on_greeting = [&] {
        if (desk.greetings > 1) return;
        simulation.control_soon([&] { caller->pause(); });
        simulation.control_at(simulation.now() + 50ms, [&] {
            server->stop(sim::StopReason::crash);
            server->start();
        });
        simulation.control_at(simulation.now() + 100ms, [&] { caller->resume(); });
    };
    run([&](sim::Node& node, Channel& channel, ChannelPool&) {
        post(channel, "1");
        node.sleep_for(10s);
        post(channel, "2");
    });
    ASSERT_EQ(ends.size(), 2u);
    EXPECT_EQ(ends[0].failure, Failure::unreachable);
    EXPECT_EQ(ends[1].answer, 2);
    EXPECT_EQ(desk.served, std::vector<std::string>{"2"});
}

TEST_P(RpcTest, AServerThatStopsMidwayAnswersNobody) {
    desk.service_time = 10s;
    simulation.control_at(Time(3s), [&] { server->stop(sim::StopReason::crash); });
    run([&](sim::Node&, Channel& channel, ChannelPool&) { post(channel, "1"); });
    EXPECT_EQ(desk.begun, std::vector<std::string>{"1"});
    EXPECT_TRUE(desk.served.empty());
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_EQ(ends[0].failure, Failure::closed);
}

TEST_P(RpcTest, APowerLossIsFoundOutByTimeout) {
    desk.service_time = 10s;
    simulation.control_at(Time(3s), [&] { server->stop(sim::StopReason::power_loss); });
    run([&](sim::Node&, Channel& channel, ChannelPool&) { post(channel, "1", 7s); });
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_EQ(ends[0].failure, Failure::timed_out);
    EXPECT_EQ(ends[0].at, 7s);
}

TEST_P(RpcTest, AnOwnerMayGiveUpTheConnection) {
    desk.service_time = 10s;
    run([&](sim::Node& node, Channel& channel, ChannelPool&) {
        post(channel, "1");
        node.sleep_for(1s);
        channel.close("not wanted any more");
        desk.service_time = 0s;
        post(channel, "2");
    });
    ASSERT_EQ(order_of_ends(), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(ends[0].failure, Failure::closed);
    EXPECT_EQ(ends[0].at, 1s);
    EXPECT_EQ(ends[1].answer, 2);
}

TEST_P(RpcTest, WhoExpectsNoResponseHoldsNothingInFlight) {
    desk.is_silent = true;
    std::size_t in_flight = 99;
    run([&](sim::Node& node, Channel& channel, ChannelPool&) {
        post(channel, "1");
        node.sleep_for(100ms);
        channel.send_and_forget(beat("2"));
        in_flight = channel.in_flight();
    });
    EXPECT_EQ(in_flight, 1u);
    EXPECT_EQ(desk.served, (std::vector<std::string>{"1", "2"}));
}

TEST_P(RpcTest, APoolKeepsOneChannelPerPeerAndPurpose) {
    bool same = false;
    bool different = true;
    std::optional<Endpoint> known;
    std::optional<Endpoint> unknown;
    run([&](sim::Node&, Channel& channel, ChannelPool& pool) {
        same = &pool.to(channel.peer(), "a") == &pool.to(channel.peer(), "a");
        different = &pool.to(channel.peer(), "a") != &pool.to(channel.peer(), "b");
        known = pool.resolve("b1", 9092);
        unknown = pool.resolve("b9", 9092);
    });
    EXPECT_TRUE(same);
    EXPECT_TRUE(different);
    ASSERT_TRUE(known.has_value());
    EXPECT_EQ(known->node, server->id());
    EXPECT_EQ(known->port, 9092);
    EXPECT_FALSE(unknown.has_value());
}

}  // namespace
}  // namespace squall::model
