#include "sim/network/network.h"

#include <gtest/gtest.h>

#include "tests/sim/network/world.h"

namespace squall::sim {
namespace {

// ---- connecting ----

TEST(Network, ConnectsInOneRoundTripAndCarriesFramesBothWays) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.accepted_ones_answer = true;
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    ASSERT_NE(client.connection, nullptr) << client.failure;
    EXPECT_EQ(client.settled_at, Time(2ms));
    EXPECT_EQ(client.connection->peer(), b1.id());
    EXPECT_EQ(world.accepted(b1).connection->peer(), c1.id());
    EXPECT_EQ(world.accepted(b1).connection->id(), client.connection->id());
    EXPECT_EQ(world.network.live_connections(), 1u);

    client.say("one");
    client.say("two");
    world.run_for(10ms);
    EXPECT_EQ(world.accepted(b1).heard, (Words{"one", "two"}));
    EXPECT_EQ(world.accepted(b1).heard_at[0], Time(11ms));
    EXPECT_EQ(client.heard, (Words{"re: one", "re: two"}));
    EXPECT_EQ(client.heard_at[0], Time(12ms));
}

TEST(Network, TellsTheTraceWhatHappenedAndWhy) {
    std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> events;  // name, cause
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.accepted_ones_answer = true;
    world.simulation.trace().observe([&](const Event& event) {
        events[event.sequence.value()] = {std::string(event.name()), event.cause.value()};
    });
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    client.say("hello");
    world.run_for(10ms);

    const Words expected = {"c1 ConnectionOpened connection=1 peer=2",
                            "c1 FrameSent connection=1 peer=2 number=0 label=word bytes=100",
                            "b1 FrameDelivered connection=1 peer=1 number=0",
                            "b1 FrameSent connection=1 peer=1 number=0 label=answer bytes=100",
                            "c1 FrameDelivered connection=1 peer=2 number=0"};
    EXPECT_EQ(Words(world.lines.begin() + 2, world.lines.end()), expected);
    // From the last event back to the first frame.
    std::uint64_t at = events.rbegin()->first;
    Words chain;
    while (at != 0) {
        chain.push_back(events.at(at).first);
        at = events.at(at).second;
    }
    EXPECT_EQ(chain, (Words{"FrameDelivered", "FrameSent", "FrameDelivered", "FrameSent"}));
}

// What is sent within a span arrives at its end, at one instant, and which connection's comes first
// is drawn: nobody can rely on an order that the network does not promise.
TEST(Network, BringsWhatFallsIntoOneSpanAtOneInstantInAnOrderThatIsDrawn) {
    std::set<std::string> firsts;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        NetworkOptions options = steady(1ms);
        options.granularity = 5ms;
        World world(options, seed);
        Node& b1 = world.add("b1");
        std::vector<Ear*> ears;
        for (const char* const name : {"c1", "c2", "c3"}) {
            ears.push_back(&world.dial(world.add(name), b1));
        }
        world.run_for(20ms);
        world.lines.clear();
        std::string first;
        world.simulation.trace().observe([&](const Event& event) {
            if (event.name() != "FrameDelivered") return;
            EXPECT_EQ(event.time, Time(25ms));
            const std::string text = event.print();
            if (first.empty()) first = text.substr(text.find("peer="));
        });
        for (Ear* const ear : ears) {
            ear->say("x");
            ear->say("y");
            world.run_for(1ms);
        }
        world.run_for(10ms);
        firsts.insert(first);
        for (const std::string& line : world.lines) {
            if (!line.starts_with("b1 FrameDelivered")) continue;
            EXPECT_TRUE(line.ends_with("number=0") || line.ends_with("number=1")) << line;
        }
    }
    EXPECT_EQ(firsts.size(), 3u) << "one connection never comes first";
}

TEST(Network, RefusesWhereNobodyListens) {
    World world;
    Node& c1 = world.add("c1");
    Node& deaf = world.add_deaf("deaf");
    Ear& client = world.dial(c1, deaf);
    world.run_for(10ms);
    EXPECT_EQ(client.failure, "refused: port 9092 of deaf: refused");
    EXPECT_EQ(client.settled_at, Time(2ms));
    EXPECT_EQ(world.count({"c1 ConnectFailed", "peer=2 reason=refused"}), 1u);
    EXPECT_EQ(world.network.live_connections(), 0u);
}

TEST(Network, AMachineWithoutPowerDoesNotAnswerOneWithoutAProcessRefuses) {
    World world;
    Node& c1 = world.add("c1");
    Node& dark = world.add("dark");
    Node& down = world.add("down");
    world.run_for(1ms);
    dark.stop(StopReason::power_loss);
    down.stop(StopReason::crash);
    Ear& to_dark = world.dial(c1, dark, 3s);
    Ear& to_down = world.dial(c1, down, 3s);
    world.run_for(5s);
    EXPECT_EQ(to_dark.failure, "unreachable: port 9092 of dark: no answer");
    EXPECT_EQ(to_dark.settled_at, Time(3001ms));
    EXPECT_EQ(to_down.failure, "refused: port 9092 of down: refused");
    EXPECT_EQ(to_down.settled_at, Time(3ms));
}

TEST(Network, AnAttemptIsRepeatedUntilTheMachineIsUp) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.run_for(1ms);
    b1.stop(StopReason::power_loss);
    Ear& client = world.dial(c1, b1);
    world.run_for(500ms);
    b1.start();
    world.run_for(5s);
    EXPECT_NE(client.connection, nullptr) << client.failure;
    EXPECT_EQ(client.settled_at, Time(1003ms));  // the second try, a second after the first
}

TEST(Network, GivesUpAtTheDeadlineOfTheCallerOrOfTheNetwork) {
    NetworkOptions options = steady(1ms);
    options.connect_timeout = 2s;
    World world(options);
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.network.cut_one_way(c1.id(), b1.id(), "f1");
    Ear& patient = world.dial(c1, b1, 60s);
    Ear& hasty = world.dial(c1, b1, 20ms);
    world.run_for(10s);
    EXPECT_EQ(patient.settled_at, Time(2s));
    EXPECT_EQ(hasty.settled_at, Time(20ms));
    EXPECT_EQ(world.count({"ConnectFailed", "reason=unreachable"}), 2u);
    EXPECT_EQ(world.accepted_count(b1), 0u);
}

TEST(Network, AnAcceptorThatLetsGoClosesTheConnection) {
    int accepted = 0;
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add_deaf("b1");
    world.network.listen(b1, World::port, [&](std::shared_ptr<Connection>) { ++accepted; });
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    EXPECT_EQ(accepted, 1);
    EXPECT_EQ(client.closed, "closed by peer");
    EXPECT_EQ(world.count({"b1 ConnectionClosed", "closed by us"}), 1u);
    EXPECT_EQ(world.network.live_connections(), 0u);
}

TEST(Network, AConnectionAcceptedTooLateIsClosedAgain) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.network.cut_one_way(b1.id(), c1.id(), "f1");
    Ear& client = world.dial(c1, b1, 100ms);
    world.run_for(1s);
    EXPECT_EQ(client.failure, "unreachable: port 9092 of b1: no answer");
    ASSERT_EQ(world.accepted_count(b1), 1u);
    EXPECT_EQ(world.accepted(b1).closed, "closed by peer");
    EXPECT_EQ(world.accepted(b1).closed_at, Time(101ms));
}

// ---- closing ----

TEST(Network, WhatWasSentBeforeAClosingStillArrives) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    client.say("last words");
    world.accepted(b1).say("too late");
    client.connection->close();
    EXPECT_FALSE(client.connection->is_open());
    client.say("without effect");
    world.run_for(10ms);
    EXPECT_EQ(world.accepted(b1).heard, Words{"last words"});
    EXPECT_EQ(world.accepted(b1).closed, "closed by peer");
    EXPECT_FALSE(world.accepted(b1).connection->is_open());
    EXPECT_TRUE(client.heard.empty());
    EXPECT_TRUE(client.closed.empty());  // not called for our own close
    EXPECT_EQ(world.count({"FrameLost", "from=2 to=1 number=0 reason=connection closed"}), 1u);
    EXPECT_EQ(world.count({"FrameSent"}), 2u);
}

TEST(Network, TheLastReferenceGoneClosesTheConnection) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    client.connection.reset();
    world.run_for(10ms);
    EXPECT_EQ(world.accepted(b1).closed, "closed by peer");
    EXPECT_EQ(world.network.live_connections(), 0u);
}

TEST(Network, FramesWaitForAHandler) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    Ear& server = world.accepted(b1);
    server.connection->set_handler(nullptr);
    client.say("one");
    client.say("two");
    client.connection->close();
    world.run_for(10ms);
    EXPECT_TRUE(server.heard.empty());
    EXPECT_TRUE(server.connection->is_open());
    server.connection->set_handler(&server);
    EXPECT_TRUE(server.heard.empty());  // never at once
    world.run_for(1ms);
    EXPECT_EQ(server.heard, (Words{"one", "two"}));
    EXPECT_EQ(server.closed, "closed by peer");
}

struct LettingGo final : FrameHandler {
    std::shared_ptr<Connection> connection;
    int frames = 0;
    void on_frame(Connection& from, std::unique_ptr<Payload>) override {
        ++frames;
        connection.reset();
        from.send(std::make_unique<Word>("parting"));
        from.close();
    }
    void on_closed(Connection&, std::string_view) override { frames += 100; }
};

TEST(Network, AHandlerMayLetGoOfItsConnectionWhileItHears) {
    LettingGo server;
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add_deaf("b1");
    world.network.listen(b1, World::port, [&](std::shared_ptr<Connection> connection) {
        server.connection = std::move(connection);
        server.connection->set_handler(&server);
    });
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    client.say("one");
    client.say("two");
    world.run_for(10ms);
    EXPECT_EQ(server.frames, 1);
    EXPECT_EQ(client.heard, Words{"parting"});
    EXPECT_EQ(client.closed, "closed by peer");
    EXPECT_EQ(world.count({"FrameLost", "number=1"}), 1u);
}

// ---- links ----

TEST(Network, FramesOfALinkQueueForItsBandwidth) {
    NetworkOptions options = steady(1ms);
    options.bandwidth_bits_per_second = 8'000'000;  // a byte each microsecond
    World world(options);
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& first = world.dial(c1, b1);
    Ear& second = world.dial(c1, b1);
    world.run_for(10ms);
    first.say("long", "word", 5000);
    second.say("short", "word", 1000);
    world.accepted(b1).say("back", "word", 1000);
    world.run_for(20ms);
    const auto heard_by = [&](const Ear& dialled) -> Ear& {
        const bool is_first = world.accepted(b1, 0).connection->id() == dialled.connection->id();
        return world.accepted(b1, is_first ? 0 : 1);
    };
    EXPECT_EQ(heard_by(first).heard_at, std::vector<Time>{Time(16ms)});
    EXPECT_EQ(heard_by(second).heard_at, std::vector<Time>{Time(17ms)});  // behind the long one
    // The other direction is a link of its own.
    const Ear& back = first.heard.empty() ? second : first;
    EXPECT_EQ(back.heard_at, std::vector<Time>{Time(12ms)});
}

TEST(Network, SetLinkChangesOneDirection) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.accepted_ones_answer = true;
    world.network.set_link(c1.id(), b1.id(), DurationDistribution::Constant{50ms}, 0);
    Ear& client = world.dial(c1, b1);
    world.run_for(100ms);
    EXPECT_EQ(client.settled_at, Time(51ms));
    client.say("slow");
    world.run_for(100ms);
    EXPECT_EQ(world.accepted(b1).heard_at, std::vector<Time>{Time(150ms)});
    EXPECT_EQ(client.heard_at, std::vector<Time>{Time(151ms)});
}

TEST(Network, ANodeReachesItselfPastAllLinksAndCuts) {
    World world;
    Node& b1 = world.add("b1");
    world.network.isolate(b1.id(), "f1");
    world.accepted_ones_answer = true;
    Ear& self = world.dial(b1, b1);
    world.run_for(10ms);
    ASSERT_NE(self.connection, nullptr) << self.failure;
    EXPECT_LT(self.settled_at, Time(1ms));
    self.say("echo");
    world.run_for(1ms);
    EXPECT_EQ(self.heard, Words{"re: echo"});
}

// ---- nodes that stop ----

TEST(Network, TheOsOfACrashedProcessClosesItsConnections) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    world.accepted(b1).say("sent before the crash");
    client.say("never read");
    world.run_for(500us);
    b1.stop(StopReason::crash);
    world.run_for(10ms);
    EXPECT_EQ(client.heard, Words{"sent before the crash"});
    EXPECT_EQ(client.closed, "peer crashed");
    EXPECT_EQ(client.closed_at, Time(11500us));
    EXPECT_TRUE(world.accepted(b1).heard.empty());
    EXPECT_TRUE(world.accepted(b1).closed.empty());
    EXPECT_EQ(world.count({"harness FrameLost", "from=1 to=2", "reason=receiver crashed"}), 1u);
    EXPECT_EQ(world.network.live_connections(), 0u);
}

TEST(Network, AShutDownPeerIsAClosedOne) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    b1.stop(StopReason::shutdown);
    world.run_for(10ms);
    EXPECT_EQ(client.closed, "closed by peer");
}

TEST(Network, APowerLossIsSilentAndTheHostThatIsBackResetsWhatItDoesNotKnow) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    b1.stop(StopReason::power_loss);
    world.run_for(60s);
    EXPECT_TRUE(client.closed.empty());
    EXPECT_TRUE(client.connection->is_open());
    b1.start();
    world.run_for(60s);
    EXPECT_TRUE(client.closed.empty());  // nothing was sent: nothing is known
    client.say("still there?");
    world.run_for(10ms);
    EXPECT_EQ(client.closed, "reset");
    EXPECT_EQ(client.closed_at - Time(120'010ms), Duration(2ms));
    EXPECT_EQ(world.count({"FrameLost", "reason=receiver crashed"}), 1u);
}

TEST(Network, WhatIsSentToADarkHostIsAskedForAgainUntilItIsUp) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    b1.stop(StopReason::power_loss);
    client.say("one");
    client.say("two");
    world.run_for(1s);
    EXPECT_EQ(world.count({"FrameLost"}), 2u);
    EXPECT_TRUE(client.closed.empty());
    b1.start();
    world.run_for(2s);
    EXPECT_EQ(client.closed, "reset");
    EXPECT_TRUE(world.accepted(b1).heard.empty());
}

TEST(Network, ASenderGivesUpOnAHostThatStaysDark) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    b1.stop(StopReason::power_loss);
    client.say("one");
    world.run_for(800s);
    EXPECT_TRUE(client.closed.empty());
    world.run_for(200s);
    EXPECT_EQ(client.closed, "timed out");  // Linux: about a quarter of an hour
}

TEST(Network, ANodeThatStopsWhileItConnectsLeavesNothingBehind) {
    for (const StopReason reason :
         {StopReason::crash, StopReason::power_loss, StopReason::shutdown}) {
        for (const Duration moment : {Duration(500us), Duration(1500us)}) {
            World world;
            Node& c1 = world.add("c1");
            Node& b1 = world.add("b1");
            Ear& client = world.dial(c1, b1);
            world.run_for(moment);
            c1.stop(reason);
            world.run_for(1s);
            EXPECT_EQ(client.connection, nullptr);
            const bool came_in = moment > Duration(1ms);
            EXPECT_EQ(world.accepted_count(b1), came_in ? 1u : 0u);
            if (came_in && reason != StopReason::power_loss) {
                EXPECT_FALSE(world.accepted(b1).closed.empty());
                EXPECT_EQ(world.network.live_connections(), 0u);
            }
        }
    }
}

TEST(Network, ADyingNodeSendsNothing) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    c1.spawn("dies", [&] {
        client.connection->send(std::make_unique<Word>("alive"));
        c1.die_at_next_park(StopReason::crash);
        client.connection->send(std::make_unique<Word>("dead"));
        client.connection->close();
    });
    world.run_for(10ms);
    EXPECT_EQ(world.accepted(b1).heard, Words{"alive"});
    EXPECT_EQ(world.accepted(b1).closed, "peer crashed");
    EXPECT_EQ(world.count({"closed by us"}), 0u);
}

TEST(Network, ARestartedNodeListensAnew) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.run_for(1ms);
    b1.stop(StopReason::crash);
    b1.start();
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    EXPECT_NE(client.connection, nullptr) << client.failure;
}

// ---- nodes that pause ----

TEST(Network, APausedNodeHearsEverythingInOrderWhenItResumes) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    b1.pause();
    client.say("one");
    world.run_for(5ms);
    client.say("two");
    Ear& late = world.dial(c1, b1);
    world.run_for(50ms);
    EXPECT_TRUE(world.accepted(b1).heard.empty());
    EXPECT_NE(late.connection, nullptr);  // its OS shakes hands
    EXPECT_EQ(world.accepted_count(b1), 1u);
    late.say("three");
    world.run_for(50ms);
    b1.resume();
    world.run_for(1ms);
    EXPECT_EQ(world.accepted(b1).heard, (Words{"one", "two"}));
    ASSERT_EQ(world.accepted_count(b1), 2u);
    EXPECT_EQ(world.accepted(b1, 1).heard, Words{"three"});
}

TEST(Network, APausedNodeThatCrashesHearsNothing) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    b1.pause();
    client.say("one");
    world.run_for(5ms);
    b1.stop(StopReason::crash);
    world.run_for(5ms);
    b1.start();
    world.run_for(5ms);
    EXPECT_TRUE(world.accepted(b1).heard.empty());
    EXPECT_EQ(client.closed, "peer crashed");
    EXPECT_EQ(world.count({"FrameLost", "reason=receiver crashed"}), 1u);
}

TEST(Network, AFrozenMachineDoesNotShakeHands) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.run_for(1ms);
    b1.pause();
    b1.monotonic_clock().freeze(world.simulation.now());
    Ear& client = world.dial(c1, b1, 500ms);
    world.run_for(1s);
    EXPECT_EQ(client.failure, "unreachable: port 9092 of b1: no answer");
}

// ---- the end ----

TEST(Network, EndsMayOutliveTheNetwork) {
    Ear* left = nullptr;
    std::unique_ptr<Ear> keeper;
    {
        World world;
        Node& c1 = world.add("c1");
        Node& b1 = world.add("b1");
        left = &world.dial(c1, b1);
        world.run_for(10ms);
        keeper = std::make_unique<Ear>(c1);
        keeper->connection = left->connection;
    }
    EXPECT_FALSE(keeper->connection->is_open());
    keeper->connection->set_handler(nullptr);
    keeper->connection->close();
}

}  // namespace
}  // namespace squall::sim
