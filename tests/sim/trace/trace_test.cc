#include "sim/trace/trace.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include "sim/base/assert.h"
#include "sim/trace/sim_events.h"

namespace squall::sim {
namespace {

// An event as it can be kept: what an observer saw, in words.
struct Seen {
    std::uint64_t sequence, cause;
    Time time;
    NodeId node;
    Incarnation incarnation;
    std::string name, text;
    bool operator==(const Seen&) const = default;
};

Seen seen(const Event& event) {
    return {event.sequence.value(), event.cause.value(),       event.time,   event.node,
            event.incarnation,      std::string(event.name()), event.print()};
}

// A little history: `steps` decides what is emitted, by whom and when.
void play(Trace& trace, const std::vector<std::uint8_t>& steps) {
    std::int64_t now = 0;
    for (const std::uint8_t step : steps) {
        now += step % 7;
        trace.context() = {.time = Time(Duration(now)),
                           .node = NodeId(1 + step % 3u),
                           .incarnation = Incarnation(1),
                           .cause = EventSequence(trace.count() / 2)};
        switch (step % 4) {
            case 0:
                trace.emit(NodeStarted{.name = std::string(step % 40u, 'n')});
                break;
            case 1:
                trace.emit(NodeStopped{.reason = StopReason::power_loss, .lost_bytes = step});
                break;
            case 2:
                trace.emit(FrameLost{.connection = ConnectionId(step),
                                     .from = NodeId(1),
                                     .to = NodeId(2),
                                     .number = step,
                                     .reason = "reset"});
                break;
            default:
                trace.emit_as_harness(NodePaused{});
        }
    }
}

RC_GTEST_PROP(Trace, HashIsEqualAtEveryLevel, (const std::vector<std::uint8_t>& steps)) {
    Trace bare({.level = TraceLevel::hash_only});
    Trace ring({.level = TraceLevel::ring, .ring_capacity = 3});
    Trace full({.level = TraceLevel::full});
    full.observe([](const Event& event) { (void)event.print(); });
    for (Trace* trace : {&bare, &ring, &full}) play(*trace, steps);
    RC_ASSERT(bare.hash() == full.hash());
    RC_ASSERT(ring.hash() == full.hash());
    RC_ASSERT(bare.counts() == full.counts());
    RC_ASSERT(bare.count() == steps.size());
}

RC_GTEST_PROP(Trace, ReplaysWhatItsObserversSaw, (const std::vector<std::uint8_t>& steps)) {
    std::vector<Seen> observed;
    Trace full({.level = TraceLevel::full});
    full.observe([&](const Event& event) { observed.push_back(seen(event)); });
    play(full, steps);
    std::vector<Seen> replayed;
    full.replay([&](const Event& event) { replayed.push_back(seen(event)); });
    RC_ASSERT(replayed == observed);
}

// Whether it came before the first event of a kind or after it, and whatever others look at.
RC_GTEST_PROP(Trace, ShowsAnObserverTheKindsItLooksAt,
              (const std::vector<std::uint8_t>& before, const std::vector<std::uint8_t>& after)) {
    Trace trace;
    std::vector<Seen> all;
    std::vector<Seen> nodes;
    std::uint64_t nothing = 0;
    play(trace, before);
    const auto is_of_a_node = [](const EventKind& kind) {
        return kind.is_one_of<NodeStarted, NodeStopped>();
    };
    trace.observe([&](const Event& event) { nodes.push_back(seen(event)); }, is_of_a_node);
    trace.observe([&](const Event& event) { all.push_back(seen(event)); });
    trace.observe([&](const Event&) { ++nothing; }, [](const EventKind&) { return false; });
    play(trace, after);
    RC_ASSERT(all.size() == after.size());
    std::erase_if(all, [](const Seen& each) {
        return each.name != NodeStarted::event_name && each.name != NodeStopped::event_name;
    });
    RC_ASSERT(nodes == all);
    RC_ASSERT(nothing == 0u);
    trace.stop_observing();
    play(trace, after);
    RC_ASSERT(nodes == all);
}

RC_GTEST_PROP(Trace, RingKeepsTheLastEventsInOrder, (const std::vector<std::uint8_t>& steps)) {
    const auto capacity = *rc::gen::inRange<std::size_t>(1, 8);
    std::vector<Seen> observed;
    Trace ring({.level = TraceLevel::ring, .ring_capacity = capacity});
    ring.observe([&](const Event& event) { observed.push_back(seen(event)); });
    play(ring, steps);
    if (observed.size() > capacity) {
        observed.erase(observed.begin(), observed.end() - static_cast<std::ptrdiff_t>(capacity));
    }
    std::vector<Seen> replayed;
    ring.replay([&](const Event& event) { replayed.push_back(seen(event)); });
    RC_ASSERT(replayed == observed);
}

TEST(Trace, ReplayDecodesThePayload) {
    Trace full({.level = TraceLevel::full});
    const FrameLost lost{.connection = ConnectionId(9),
                         .from = NodeId(1),
                         .to = NodeId(2),
                         .number = 4,
                         .reason = "receiver crashed"};
    full.emit(lost);
    int visits = 0;
    full.replay([&](const Event& event) {
        ++visits;
        EXPECT_EQ(event.as<NodeStarted>(), nullptr);
        const auto* decoded = event.as<FrameLost>();
        ASSERT_NE(decoded, nullptr);
        EXPECT_EQ(decoded->connection, lost.connection);
        EXPECT_EQ(decoded->to, lost.to);
        EXPECT_EQ(decoded->number, 4u);
        EXPECT_EQ(decoded->reason, "receiver crashed");
        const std::vector<FieldText> expected = {{"connection", "9"},
                                                 {"from", "1"},
                                                 {"to", "2"},
                                                 {"number", "4"},
                                                 {"reason", "receiver crashed"}};
        EXPECT_EQ(event.fields(), expected);
    });
    EXPECT_EQ(visits, 1);
}

TEST(Trace, HashTellsEveryPartOfAnEventApart) {
    const auto hash_of = [](Trace::Context context, const std::string& name) {
        Trace trace;
        trace.context() = context;
        trace.emit(NodeStarted{.name = name});
        return trace.hash();
    };
    const Trace::Context base{Time(1ms), NodeId(1), Incarnation(1), EventSequence(0)};
    const std::uint64_t hash = hash_of(base, "b1");
    EXPECT_EQ(hash, hash_of(base, "b1"));
    EXPECT_NE(hash, hash_of(base, "b2"));
    EXPECT_NE(hash, hash_of({Time(2ms), NodeId(1), Incarnation(1), EventSequence(0)}, "b1"));
    EXPECT_NE(hash, hash_of({Time(1ms), NodeId(2), Incarnation(1), EventSequence(0)}, "b1"));
    EXPECT_NE(hash, hash_of({Time(1ms), NodeId(1), Incarnation(2), EventSequence(0)}, "b1"));
    EXPECT_NE(hash, hash_of({Time(1ms), NodeId(1), Incarnation(1), EventSequence(1)}, "b1"));
}

TEST(Trace, HashTellsKindsAndOrdersApart) {
    Trace paused;
    paused.emit(NodePaused{});
    Trace calm;
    calm.emit(CalmBegan{});
    EXPECT_NE(paused.hash(), calm.hash());
    paused.emit(CalmBegan{});
    calm.emit(NodePaused{});
    EXPECT_NE(paused.hash(), calm.hash());
}

TEST(Trace, ADeadNodeSaysNothingButTheHarnessDoes) {
    Trace trace;
    trace.context().node = NodeId(1);
    trace.mute(true);
    EXPECT_EQ(trace.emit(NodePaused{}), EventSequence(0));
    EXPECT_EQ(trace.count(), 0u);
    NodeId speaker(99);
    trace.observe([&](const Event& event) { speaker = event.node; });
    EXPECT_EQ(trace.emit_as_harness(CalmBegan{}), EventSequence(1));
    EXPECT_EQ(speaker, harness_node);
    EXPECT_EQ(trace.emit(NodePaused{}), EventSequence(0));  // still mute
    trace.mute(false);
    EXPECT_EQ(trace.emit(NodePaused{}), EventSequence(2));
    EXPECT_EQ(trace.context().node, NodeId(1));
}

TEST(Trace, CountsByKind) {
    Trace trace;
    trace.emit(NodePaused{});
    trace.emit(CalmBegan{});
    trace.emit(NodePaused{});
    EXPECT_EQ(trace.count_of("NodePaused"), 2u);
    EXPECT_EQ(trace.count_of("CalmBegan"), 1u);
    EXPECT_EQ(trace.count_of("NodeStarted"), 0u);
    const std::map<std::string, std::uint64_t, std::less<>> expected = {{"CalmBegan", 1},
                                                                        {"NodePaused", 2}};
    EXPECT_EQ(trace.counts(), expected);
}

TEST(Trace, ObserversHearInOrderOfRegistrationBeforeTheNextEvent) {
    Trace trace;
    std::string heard;
    trace.observe(
        [&](const Event& event) { heard += "a" + std::to_string(event.sequence.value()); });
    trace.observe(
        [&](const Event& event) { heard += "b" + std::to_string(event.sequence.value()); });
    trace.emit(NodePaused{});
    trace.emit(NodePaused{});
    EXPECT_EQ(heard, "a1b1a2b2");
}

TEST(Trace, KnowsTheNamesOfNodes) {
    Trace trace;
    trace.name_node(NodeId(1), "b1");
    EXPECT_EQ(trace.node_name(NodeId(1)), "b1");
    EXPECT_EQ(trace.node_name(harness_node), "harness");
    EXPECT_EQ(trace.node_name(NodeId(7)), "?");
}

}  // namespace
}  // namespace squall::sim
