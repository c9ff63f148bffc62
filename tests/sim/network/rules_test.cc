#include "sim/network/rules.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>

#include "sim/network/rule_book.h"
#include "tests/sim/network/world.h"

namespace squall::sim {
namespace {

Rule rule(Disturbance disturbance, std::string label = {}) {
    Rule made;
    made.fault_id = "f1";
    made.label = std::move(label);
    made.disturbance = std::move(disturbance);
    return made;
}

// A client and a server, connected since 2 ms, now at 10 ms.
struct Pair {
    explicit Pair(bool answers = false) {
        world.accepted_ones_answer = answers;
        client = &world.dial(c1, b1);
        world.run_for(10ms);
    }
    Ear& server() { return world.accepted(b1); }

    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    Ear* client = nullptr;
};

TEST(DelayRule, AddsTimeAndKeepsTheOrder) {
    Pair pair;
    Rule delay = rule(disturb::Delay{DurationDistribution::Constant{30ms}});
    delay.count = 1;
    pair.world.network.add_rule(delay);
    pair.client->say("late");
    pair.client->say("behind it");
    pair.world.run_for(100ms);
    EXPECT_EQ(pair.server().heard, (Words{"late", "behind it"}));
    EXPECT_EQ(pair.server().heard_at, (std::vector<Time>{Time(41ms), Time(41ms)}));
    EXPECT_EQ(pair.world.count(
                  {"harness FrameDisturbed", "from=1 to=2 number=0 rule=delay", "rule_id=f1"}),
              1u);
}

TEST(DelayRule, ConcernsItsLabelAndItsDirectionOnly) {
    Pair pair(/*answers=*/true);
    Rule delay = rule(disturb::Delay{DurationDistribution::Constant{30ms}}, "Fetch");
    delay.from = pair.c1.id();
    delay.to = pair.b1.id();
    pair.world.network.add_rule(delay);
    pair.client->say("one", "Produce");
    pair.client->say("two", "Fetch");
    pair.world.run_for(100ms);
    EXPECT_EQ(pair.server().heard_at, (std::vector<Time>{Time(11ms), Time(41ms)}));
    EXPECT_EQ(pair.client->heard_at, (std::vector<Time>{Time(12ms), Time(42ms)}));
}

// Two senders, and their frames leave one after the other: bytes over the rate is what each takes.
TEST(ThrottleRule, LetsFramesThroughOneAfterTheOther) {
    World world;
    Node& c1 = world.add("c1");
    Node& c2 = world.add("c2");
    Node& b1 = world.add("b1");
    Ear& one = world.dial(c1, b1);
    Ear& two = world.dial(c2, b1);
    world.run_for(10ms);
    Rule narrow = rule(disturb::Throttle{8'000});  // a byte in a millisecond
    narrow.to = b1.id();
    const RuleId id = world.network.add_rule(narrow);
    one.say("large", "word", 1000);
    two.say("small", "word", 100);
    world.run_for(5s);
    EXPECT_EQ(world.accepted(b1, 0).heard_at, (std::vector<Time>{Time(1011ms)}));
    EXPECT_EQ(world.accepted(b1, 1).heard_at, (std::vector<Time>{Time(1111ms)}));
    EXPECT_EQ(world.count({"harness FrameDisturbed", "rule=throttle", "rule_id=f1"}), 2u);
    world.network.remove_rule(id);
    const Time now = world.simulation.now();
    one.say("large", "word", 1000);
    world.run_for(10ms);
    EXPECT_EQ(world.accepted(b1, 0).heard_at.back(), now + 1ms);
}

TEST(ThrottleRule, LetsSomethingThrough) {
    Pair pair;
    EXPECT_THROW(pair.world.network.add_rule(rule(disturb::Throttle{0})), AssertionFailure);
}

TEST(StallRule, HoldsFramesAndAttemptsUntilItIsRemoved) {
    Pair pair;
    const RuleId stall = pair.world.network.add_rule(rule(disturb::Stall{}));
    pair.client->say("one");
    pair.client->say("two");
    Ear& dialled = pair.world.dial(pair.c1, pair.b1);
    pair.world.run_for(1s);
    EXPECT_TRUE(pair.server().heard.empty());
    EXPECT_TRUE(pair.client->closed.empty());
    EXPECT_EQ(dialled.connection, nullptr);
    pair.world.network.remove_rule(stall);
    pair.world.run_for(10ms);
    EXPECT_EQ(pair.server().heard, (Words{"one", "two"}));
    EXPECT_EQ(pair.server().heard_at[0], Time(1011ms));
    EXPECT_NE(dialled.connection, nullptr) << dialled.failure;
    EXPECT_EQ(pair.world.count({"FrameDisturbed", "rule=stall rule_id=f1"}), 2u);
}

TEST(StallRule, HoldsClosingsToo) {
    Pair pair;
    const RuleId stall = pair.world.network.add_rule(rule(disturb::Stall{}));
    pair.client->say("one");
    pair.c1.stop(StopReason::crash);
    pair.world.run_for(1s);
    EXPECT_TRUE(pair.server().closed.empty());
    pair.world.network.remove_rule(stall);
    pair.world.run_for(10ms);
    EXPECT_EQ(pair.server().heard, Words{"one"});  // the OS kept it
    EXPECT_EQ(pair.server().closed, "peer crashed");
}

TEST(StallRule, WhatItHeldGoesDownWithThePower) {
    Pair pair;
    const RuleId stall = pair.world.network.add_rule(rule(disturb::Stall{}, "held"));
    pair.client->say("gone", "word");
    pair.client->say("kept back", "held");
    pair.client->say("behind it", "word");
    pair.c1.stop(StopReason::power_loss);
    pair.world.network.remove_rule(stall);
    pair.world.run_for(1s);
    EXPECT_EQ(pair.server().heard, Words{"gone"});
    EXPECT_TRUE(pair.server().closed.empty());
    EXPECT_EQ(pair.world.count({"FrameLost", "reason=sender lost power"}), 2u);
}

TEST(StallRule, WhatOneRuleReleasesTheNextOneHolds) {
    Pair pair;
    const RuleId first = pair.world.network.add_rule(rule(disturb::Stall{}));
    const RuleId second = pair.world.network.add_rule(rule(disturb::Stall{}));
    pair.client->say("one");
    pair.world.network.remove_rule(first);
    pair.world.run_for(100ms);
    EXPECT_TRUE(pair.server().heard.empty());
    pair.world.network.remove_rule(second);
    pair.world.run_for(100ms);
    EXPECT_EQ(pair.server().heard, Words{"one"});
}

TEST(StallRule, CanHoldOneLabelAndAllBehindIt) {
    Pair pair;
    const RuleId stall = pair.world.network.add_rule(rule(disturb::Stall{}, "Fetch"));
    pair.client->say("one", "Produce");
    pair.client->say("two", "Fetch");
    pair.client->say("three", "Produce");
    pair.world.run_for(100ms);
    EXPECT_EQ(pair.server().heard, Words{"one"});
    pair.world.network.remove_rule(stall);
    pair.world.run_for(100ms);
    EXPECT_EQ(pair.server().heard, (Words{"one", "two", "three"}));
}

TEST(ResetRule, LosesWhatIsInFlightAndBothEndsNotice) {
    Pair pair;
    Rule reset = rule(disturb::Reset{}, "fatal");
    pair.world.network.add_rule(reset);
    pair.server().say("crossing");
    pair.client->say("before");
    pair.client->say("boom", "fatal");
    pair.client->say("after");
    pair.world.run_for(10ms);
    EXPECT_TRUE(pair.server().heard.empty());
    EXPECT_TRUE(pair.client->heard.empty());
    EXPECT_EQ(pair.client->closed, "reset");
    EXPECT_EQ(pair.server().closed, "reset");
    EXPECT_EQ(pair.client->closed_at, Time(11ms));
    EXPECT_EQ(pair.world.count({"FrameLost", "from=1 to=2", "reason=reset"}), 3u);
    EXPECT_EQ(pair.world.count({"FrameLost", "from=2 to=1", "reason=reset"}), 1u);
    EXPECT_EQ(pair.world.count({"FrameDisturbed", "number=1 rule=reset rule_id=f1"}), 1u);
    EXPECT_EQ(pair.world.count({"ConnectionClosed", "reason=reset"}), 2u);
    EXPECT_EQ(pair.world.network.live_connections(), 0u);
}

TEST(ResetRule, RefusesAttempts) {
    World world;
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    world.network.add_rule(rule(disturb::Reset{}));
    Ear& client = world.dial(c1, b1);
    world.run_for(10ms);
    EXPECT_EQ(client.failure, "refused: port 9092 of b1: reset");
    EXPECT_EQ(world.accepted_count(b1), 0u);
    EXPECT_EQ(world.network.live_connections(), 0u);
}

TEST(HalfOpenRule, OnlyTheSenderNoticesUntilTheOtherSends) {
    Pair pair;
    pair.world.network.add_rule(rule(disturb::HalfOpen{}, "fatal"));
    pair.client->say("boom", "fatal");
    pair.world.run_for(60s);
    EXPECT_EQ(pair.client->closed, "reset");
    EXPECT_TRUE(pair.server().heard.empty());
    EXPECT_TRUE(pair.server().closed.empty());
    EXPECT_TRUE(pair.server().connection->is_open());
    pair.server().say("anyone?");
    pair.world.run_for(10ms);
    EXPECT_EQ(pair.server().closed, "reset");
    EXPECT_EQ(pair.server().closed_at, Time(60'012ms));
    EXPECT_EQ(pair.world.count({"FrameLost", "from=2 to=1", "reason=half open"}), 1u);
    EXPECT_EQ(pair.world.network.live_connections(), 0u);
}

TEST(ReplayRule, DeliversARequestAgainOnAConnectionOfItsOwn) {
    Pair pair(/*answers=*/true);
    Rule replay = rule(disturb::Replay{20ms});
    replay.count = 1;
    pair.world.network.add_rule(replay);
    pair.client->say("once");
    pair.client->say("twice?");
    pair.world.run_for(1s);
    EXPECT_EQ(pair.server().heard, (Words{"once", "twice?"}));
    EXPECT_EQ(pair.client->heard, (Words{"re: once", "re: twice?"}));
    ASSERT_EQ(pair.world.accepted_count(pair.b1), 2u);
    Ear& again = pair.world.accepted(pair.b1, 1);
    EXPECT_EQ(again.heard, Words{"once"});
    EXPECT_EQ(again.heard_at, std::vector<Time>{Time(31ms)});
    EXPECT_EQ(again.connection->peer(), pair.c1.id());
    EXPECT_NE(again.connection->id(), pair.client->connection->id());
    // The answer goes nowhere, and the middlebox hangs up.
    EXPECT_EQ(pair.world.count({"FrameLost", "connection=2", "reason=nobody waits for it"}), 1u);
    EXPECT_EQ(again.closed, "closed by peer");
    EXPECT_EQ(pair.world.network.live_connections(), 1u);
    EXPECT_EQ(pair.world.count({"FrameDisturbed", "number=0 rule=replay"}), 1u);
}

TEST(ReplayRule, RepliesPass) {
    Pair pair(/*answers=*/true);
    Rule replay = rule(disturb::Replay{20ms});
    replay.from = pair.b1.id();
    pair.world.network.add_rule(replay);
    pair.client->say("once");
    pair.world.run_for(1s);
    EXPECT_EQ(pair.client->heard, Words{"re: once"});
    EXPECT_EQ(pair.world.count({"FrameDisturbed"}), 0u);
}

TEST(ReplayRule, AMiddleboxWithoutAnAnswerHangsUpInTheEnd) {
    Pair pair;
    pair.world.network.add_rule(rule(disturb::Replay{20ms}));
    pair.client->say("once");
    pair.world.run_for(60s);
    EXPECT_EQ(pair.world.accepted(pair.b1, 1).heard, Words{"once"});
    EXPECT_EQ(pair.world.accepted(pair.b1, 1).closed, "closed by peer");
    EXPECT_EQ(pair.world.network.live_connections(), 1u);
}

TEST(ReplayRule, FindsNobodyAfterACrash) {
    for (const StopReason reason : {StopReason::crash, StopReason::power_loss}) {
        Pair pair;
        pair.world.network.add_rule(rule(disturb::Replay{20ms}));
        pair.client->say("once");
        pair.world.run_for(5ms);
        pair.b1.stop(reason);
        pair.world.run_for(60s);
        EXPECT_EQ(pair.world.accepted_count(pair.b1), 1u);
    }
}

TEST(ReplayRule, AMiddleboxGoesWithTheMachineThatItTalksTo) {
    for (const StopReason reason :
         {StopReason::crash, StopReason::power_loss, StopReason::shutdown}) {
        Pair pair;
        pair.world.network.add_rule(rule(disturb::Replay{20ms}));
        pair.client->say("once");
        pair.world.run_for(100ms);
        ASSERT_EQ(pair.world.accepted_count(pair.b1), 2u);
        pair.b1.stop(reason);
        pair.client->connection->close();
        pair.world.run_for(60s);
        EXPECT_EQ(pair.world.network.live_connections(), 0u);
    }
}

TEST(ReplayRule, AMiddleboxIsResetBeforeAnybodyAnswersIt) {
    Pair pair;
    Rule replay = rule(disturb::Replay{20ms});
    replay.count = 1;
    pair.world.network.add_rule(replay);
    pair.client->say("once");
    pair.world.run_for(5ms);
    pair.world.network.reset_connections(pair.b1.id(), std::nullopt, "r");
    pair.world.run_for(60s);
    EXPECT_EQ(pair.world.accepted_count(pair.b1), 1u);
    EXPECT_EQ(pair.world.network.live_connections(), 0u);
}

TEST(Partition, HoldsWhatGoesBetweenItsGroups) {
    World world;
    std::vector<Node*> nodes;
    for (const char* name : {"b1", "b2", "b3", "b4"}) nodes.push_back(&world.add(name));
    const auto ids =
        world.network.partition({{nodes[0]->id()}, {nodes[1]->id(), nodes[2]->id()}}, "split");
    std::vector<std::string> reached;
    std::map<std::string, Ear*> ears;
    for (Node* from : nodes) {
        for (Node* to : nodes) {
            if (from != to) ears[from->name() + to->name()] = &world.dial(*from, *to, 1s);
        }
    }
    world.run_for(2s);
    for (const auto& [pair, ear] : ears) {
        if (ear->connection != nullptr) reached.push_back(pair);
    }
    EXPECT_EQ(reached, (Words{"b1b4", "b2b3", "b2b4", "b3b2", "b3b4", "b4b1", "b4b2", "b4b3"}));

    ears["b2b3"]->say("inside");
    world.run_for(10ms);
    EXPECT_EQ(world.accepted(*nodes[2]).heard.size() + world.accepted(*nodes[2], 1).heard.size(),
              1u);
    for (const RuleId id : ids) world.network.remove_rule(id);
    Ear& healed = world.dial(*nodes[0], *nodes[1]);
    world.run_for(10ms);
    EXPECT_NE(healed.connection, nullptr) << healed.failure;
}

TEST(Partition, LosesNothingOfWhatItHeld) {
    Pair pair(/*answers=*/true);
    const auto ids = pair.world.network.partition({{pair.c1.id()}, {pair.b1.id()}}, "split");
    pair.client->say("one");
    pair.server().say("two");
    pair.world.run_for(1s);
    EXPECT_TRUE(pair.server().heard.empty());
    EXPECT_TRUE(pair.client->heard.empty());
    EXPECT_EQ(pair.world.count({"FrameDisturbed", "rule=cut rule_id=split"}), 2u);
    for (const RuleId id : ids) pair.world.network.remove_rule(id);
    pair.world.run_for(1s);
    EXPECT_EQ(pair.server().heard, Words{"one"});
    EXPECT_EQ(pair.client->heard, (Words{"two", "re: one"}));
}

TEST(Cut, OneWayLeavesTheOtherWay) {
    Pair pair;
    const auto ids = pair.world.network.cut_one_way(pair.c1.id(), pair.b1.id(), "oneway");
    pair.client->say("held");
    pair.server().say("passes");
    pair.world.run_for(1s);
    EXPECT_TRUE(pair.server().heard.empty());
    EXPECT_EQ(pair.client->heard, Words{"passes"});
    ASSERT_EQ(ids.size(), 1u);
    pair.world.network.remove_rule(ids[0]);
    pair.world.run_for(1s);
    EXPECT_EQ(pair.server().heard, Words{"held"});
}

TEST(Cut, ACutHidesTheResetOfAHostThatIsBack) {
    Pair pair;
    pair.b1.stop(StopReason::power_loss);
    pair.b1.start();
    const auto ids = pair.world.network.isolate(pair.b1.id(), "alone");
    pair.client->say("anyone?");
    pair.world.run_for(10s);
    EXPECT_TRUE(pair.client->closed.empty());
    for (const RuleId id : ids) pair.world.network.remove_rule(id);
    pair.world.run_for(60s);
    EXPECT_EQ(pair.client->closed, "reset");
}

TEST(Isolate, CutsANodeOffFromAllOthers) {
    World world;
    Node& b1 = world.add("b1");
    Node& b2 = world.add("b2");
    Node& b3 = world.add("b3");
    world.network.isolate(b1.id(), "alone");
    Ear& out = world.dial(b1, b2, 1s);
    Ear& in = world.dial(b3, b1, 1s);
    Ear& others = world.dial(b2, b3, 1s);
    world.run_for(2s);
    EXPECT_EQ(out.connection, nullptr);
    EXPECT_EQ(in.connection, nullptr);
    EXPECT_NE(others.connection, nullptr);
}

TEST(ResetConnections, BreaksThoseBetweenTwoNodesOrAllOfOne) {
    World world;
    Node& b1 = world.add("b1");
    Node& b2 = world.add("b2");
    Node& b3 = world.add("b3");
    Ear& first = world.dial(b1, b2);
    Ear& second = world.dial(b3, b1);
    Ear& third = world.dial(b2, b3);
    world.run_for(10ms);
    first.say("in flight");
    world.network.reset_connections(b2.id(), b1.id(), "f7");
    world.run_for(10ms);
    EXPECT_EQ(first.closed, "reset");
    EXPECT_TRUE(second.closed.empty());
    EXPECT_EQ(world.count({"FrameDisturbed", "rule=reset rule_id=f7"}), 1u);
    EXPECT_EQ(world.count({"FrameLost", "reason=reset"}), 1u);
    world.network.reset_connections(b3.id(), std::nullopt, "f8");
    world.run_for(10ms);
    EXPECT_EQ(second.closed, "reset");
    EXPECT_EQ(third.closed, "reset");
    EXPECT_EQ(world.network.live_connections(), 0u);
}

// ---- the book ----

Passage frame(std::uint32_t from, std::uint32_t to, std::uint64_t bits = 0) {
    return {.from = NodeId(from), .to = NodeId(to), .label = "Fetch", .bits = bits};
}

TEST(RuleBook, SkipsAndCounts) {
    RuleBook book;
    Rule some = rule(disturb::Reset{});
    some.skip = 2;
    some.count = 3;
    book.add(some);
    std::string met;
    for (int i = 0; i < 8; ++i) met += book.meet(frame(1, 2), RuleId{0}) != nullptr ? 'x' : '.';
    EXPECT_EQ(met, "..xxx...");
}

TEST(RuleBook, TheFirstThatDisturbsDecides) {
    RuleBook book;
    Rule once = rule(disturb::Reset{});
    once.count = 1;
    const RuleId first = book.add(once);
    const RuleId second = book.add(rule(disturb::Stall{}));
    EXPECT_EQ(book.meet(frame(1, 2), RuleId{0})->id, first);
    EXPECT_EQ(book.meet(frame(1, 2), RuleId{0})->id, second);
    EXPECT_EQ(book.meet(frame(1, 2), first)->id, second);
    EXPECT_EQ(book.meet(frame(1, 2), second), nullptr);
    book.remove(second);
    EXPECT_EQ(book.meet(frame(1, 2), RuleId{0}), nullptr);
    EXPECT_THROW(book.remove(second), AssertionFailure);
}

TEST(RuleBook, AChanceIsDrawnFromTheFrameAlone) {
    Rule maybe = rule(disturb::Stall{});
    maybe.per_million = 300'000;
    RuleBook book;
    book.add(maybe);
    int hits = 0;
    std::vector<bool> fates;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        fates.push_back(book.meet(frame(1, 2, mix(i)), RuleId{0}) != nullptr);
        hits += fates.back() ? 1 : 0;
    }
    EXPECT_NEAR(hits, 3000, 200);
    // Half of the frames, other rules beside: the same fates.
    RuleBook other;
    other.add(rule(disturb::Stall{}, "Produce"));
    other.add(maybe);
    for (std::uint64_t i = 0; i < 10'000; i += 2) {
        EXPECT_EQ(other.meet(frame(1, 2, mix(i)), RuleId{0}) != nullptr, fates[i]);
    }
}

TEST(RuleBook, SignalsAreHeldButNotBroken) {
    RuleBook book;
    book.add(rule(disturb::Reset{}));
    const RuleId stall = book.add(rule(disturb::Stall{}));
    Passage closing = frame(1, 2);
    closing.kind = Passage::Kind::signal;
    closing.label = {};
    ASSERT_NE(book.meet(closing, RuleId{0}), nullptr);
    EXPECT_EQ(book.meet(closing, RuleId{0})->id, stall);
}

TEST(RuleBook, APartitionOfManyIsOneRule) {
    RuleBook book;
    std::vector<NodeId> left, right;
    for (std::uint32_t i = 1; i <= 50; ++i) left.push_back(NodeId(i));
    for (std::uint32_t i = 51; i <= 100; ++i) right.push_back(NodeId(i));
    const RuleId id = book.add_partition({left, right}, "split");
    EXPECT_TRUE(book.is_cut(NodeId(3), NodeId(77)));
    EXPECT_TRUE(book.is_cut(NodeId(77), NodeId(3)));
    EXPECT_FALSE(book.is_cut(NodeId(3), NodeId(4)));
    EXPECT_FALSE(book.is_cut(NodeId(3), NodeId(1000)));
    EXPECT_THROW(book.add_partition({{NodeId(1)}, {NodeId(1)}}, "twice"), AssertionFailure);
    book.remove(id);
    EXPECT_TRUE(book.empty());
}

// ---- laws ----

struct Happening {
    Duration at{};
    int what = 0;         // 0-5 say, 6 delay, 7 stall, 8 lift a stall, 9 break
    std::size_t who = 0;  // which connection, which direction
    bool from_client = true;
};

std::vector<Happening> any_happenings(bool with_breaks) {
    std::vector<Happening> all;
    const auto count = *rc::gen::inRange(0, 60);
    for (int i = 0; i < count; ++i) {
        all.push_back({.at = Duration(10ms) + Duration(*rc::gen::inRange(0, 20'000'000)),
                       .what = *rc::gen::inRange(0, with_breaks ? 10 : 9),
                       .who = *rc::gen::inRange<std::size_t>(0, 3),
                       .from_client = *rc::gen::arbitrary<bool>()});
    }
    std::ranges::stable_sort(all, {}, &Happening::at);
    return all;
}

struct Conversation {
    struct Line {
        Ear* client;
        Ear* server;
        Words said[2];  // by the client, by the server
    };
    std::uint64_t hash = 0;
    bool in_order = true;  // each heard a prefix of what the other said
    bool complete = true;  // and all of it
    std::size_t events = 0;
};

Conversation converse(const std::vector<Happening>& happenings, std::uint64_t seed) {
    World world(NetworkOptions{}, seed);
    Node& c1 = world.add("c1");
    Node& b1 = world.add("b1");
    std::vector<Ear*> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(&world.dial(c1, b1));
        world.run_for(3s);
    }
    const Time begin = world.simulation.now();
    std::vector<Conversation::Line> lines;
    for (std::size_t i = 0; i < 3; ++i) {
        lines.push_back({.client = clients[i], .server = &world.accepted(b1, i), .said = {}});
    }
    std::vector<RuleId> stalls;
    int number = 0;
    for (const Happening& each : happenings) {
        world.simulation.run_until(begin + each.at);
        Conversation::Line& line = lines[each.who];
        const NodeId from = each.from_client ? c1.id() : b1.id();
        Rule made;
        made.fault_id = "f";
        made.from = from;
        switch (each.what) {
            case 6:
                made.count = 2;
                made.disturbance = disturb::Delay{DurationDistribution::Exponential{5ms}};
                world.network.add_rule(made);
                break;
            case 7:
                made.disturbance = disturb::Stall{};
                stalls.push_back(world.network.add_rule(made));
                break;
            case 8:
                if (stalls.empty()) break;
                world.network.remove_rule(stalls.back());
                stalls.pop_back();
                break;
            case 9:
                made.count = 1;
                made.disturbance = each.who == 0 ? Disturbance(disturb::Reset{})
                                                 : Disturbance(disturb::HalfOpen{});
                if (each.who == 2) {
                    line.client->connection->close();
                } else {
                    world.network.add_rule(made);
                }
                break;
            default: {
                Ear& speaker = each.from_client ? *line.client : *line.server;
                const std::string text = std::to_string(number++);
                if (speaker.connection->is_open())
                    line.said[each.from_client ? 0 : 1].push_back(text);
                speaker.say(text, each.what % 2 == 0 ? "Fetch" : "Produce",
                            static_cast<std::uint32_t>(each.what) * 1000);
            }
        }
    }
    for (const RuleId stall : stalls) world.network.remove_rule(stall);
    world.run_for(10s);

    Conversation result{.hash = world.simulation.trace().hash(), .events = world.lines.size()};
    for (const Conversation::Line& line : lines) {
        const auto judge = [&](const Words& said, const Words& heard) {
            result.in_order = result.in_order && heard.size() <= said.size() &&
                              std::equal(heard.begin(), heard.end(), said.begin());
            result.complete = result.complete && heard == said;
        };
        judge(line.said[0], line.server->heard);
        judge(line.said[1], line.client->heard);
    }
    return result;
}

RC_GTEST_PROP(Network, DeliversAPrefixInOrderWhateverBreaks, (std::uint64_t seed)) {
    const Conversation result = converse(any_happenings(/*with_breaks=*/true), seed);
    RC_ASSERT(result.in_order);
}

RC_GTEST_PROP(Network, DelaysAndStallsLoseNothing, (std::uint64_t seed)) {
    const Conversation result = converse(any_happenings(/*with_breaks=*/false), seed);
    RC_ASSERT(result.in_order);
    RC_ASSERT(result.complete);
}

RC_GTEST_PROP(Network, EqualSeedsGiveEqualHashesAndOthersOthers, (std::uint64_t seed)) {
    const std::vector<Happening> happenings = any_happenings(/*with_breaks=*/true);
    const Conversation once = converse(happenings, seed);
    RC_ASSERT(once.hash == converse(happenings, seed).hash);
    RC_ASSERT(once.hash != converse(happenings, seed + 1).hash);
}

// How long the frames of one client took, with and without another client beside it.
std::vector<Duration> latencies_of(const std::string& name, bool with_other) {
    World world(NetworkOptions{.bandwidth_bits_per_second = 0}, 3);
    Node& b1 = world.add("b1");
    Node* const other = with_other ? &world.add("c0") : nullptr;
    Node& client = world.add(name);
    Ear* const noise = with_other ? &world.dial(*other, b1) : nullptr;
    Ear& ear = world.dial(client, b1);
    world.run_for(1s);
    std::vector<Duration> latencies;
    const NodeId id = client.id();
    for (int i = 0; i < 20; ++i) {
        const Time sent = world.simulation.now();
        if (noise != nullptr) noise->say("noise", "Fetch");
        ear.say("signal", i % 2 == 0 ? "Fetch" : "Produce");
        world.run_for(1s);
        for (std::size_t n = 0; n < world.accepted_count(b1); ++n) {
            Ear& server = world.accepted(b1, n);
            if (server.connection->peer() == id) latencies.push_back(server.heard_at.back() - sent);
        }
    }
    return latencies;
}

TEST(Network, DroppingOneClientLeavesTheLatenciesOfOthersAsTheyWere) {
    const std::vector<Duration> alone = latencies_of("c1", false);
    EXPECT_EQ(alone.size(), 20u);
    EXPECT_EQ(alone, latencies_of("c1", true));
    EXPECT_NE(alone, latencies_of("c2", false));
    EXPECT_NE(alone[0], alone[2]);
}

}  // namespace
}  // namespace squall::sim
