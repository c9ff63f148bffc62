#include "sim/kernel/wait.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/kernel/test_node.h"

namespace squall::sim {
namespace {

struct WaitTest : testing::Test {
    Simulation simulation{{.seed = 7}};
    Node& node = started_node(simulation, "a");
    Listener listener{simulation};

    void TearDown() override { simulation.finish(); }
    void say(std::string what) { node.emit(Said{std::move(what)}); }
    void say(std::string what, std::optional<int> value) {
        say(what + "=" + (value ? std::to_string(*value) : "none") + "@" +
            std::to_string(simulation.now().ms()));
    }
    void run() { simulation.run_until(Time(10s)); }
};

// ---- Completion ----

TEST_F(WaitTest, ACompletionHandsOverOneValue) {
    Completer<int> completer;
    node.spawn("waits", [&] {
        Completion<int> completion(node);
        completer = completion.completer();
        say("got", completion.await());
    });
    node.spawn("gives", [&] {
        node.sleep_for(5ms);
        completer.complete(42);
        completer.complete(43);
        say("gave");
    });
    run();
    // Giving does not run the one who waits: that one becomes ready.
    EXPECT_EQ(listener.heard(), "gave got=42@5");
}

TEST_F(WaitTest, AValueGivenBeforeTheWaitIsNotLost) {
    node.spawn("both", [&] {
        Completion<int> completion(node);
        Completer<int> completer = completion.completer();
        completer.complete(1);
        say(completion.done() ? "done" : "not done");
        say("got", completion.await());
    });
    run();
    EXPECT_EQ(listener.heard(), "done got=1@0");
}

TEST_F(WaitTest, AWaitEndsAtItsDeadlineAndLeavesAnOrphan) {
    Completer<int> completer;
    bool orphan = false;
    node.spawn("waits", [&] {
        Completion<int> completion(node);
        completer = completion.completer();
        say("got", completion.await_until(node.now() + 3ms));
        say(completion.abandoned() ? "abandoned" : "timed-out");
    });
    node.spawn("gives", [&] {
        node.sleep_for(5ms);
        orphan = completer.is_orphan();
        completer.complete(1);
    });
    run();
    EXPECT_EQ(listener.heard(), "got=none@3 timed-out");
    EXPECT_TRUE(orphan);
}

TEST_F(WaitTest, ValuesInTimeLeaveOneTimerForAllTheirDeadlines) {
    Completer<int> completer;
    std::size_t timers = 99;
    node.spawn("waits", [&] {
        for (int wait = 0; wait < 3; ++wait) {
            Completion<int> completion(node);
            completer = completion.completer();
            say("got", completion.await_until(node.now() + 1h));
        }
        timers = simulation.timers().size();
    });
    node.spawn("gives", [&] {
        for (int value = 1; value <= 3; ++value) {
            node.sleep_for(1ms);
            completer.complete(value);
        }
    });
    run();
    EXPECT_EQ(listener.heard(), "got=1@1 got=2@2 got=3@3");
    EXPECT_EQ(timers, 1u);
    // It goes with its task.
    EXPECT_EQ(simulation.timers().size(), 0u);
}

// The timer of a wait that ended in time may still be set when the next wait begins.
TEST_F(WaitTest, EachWaitEndsAtItsOwnDeadlineWhateverTheOneBeforeHad) {
    Gate gate(node);
    node.spawn("waits", [&] {
        for (const Duration patience : {80ms, 50ms, 10ms, 30ms}) {
            gate.close();
            const bool is_open = gate.wait_until(node.now() + patience);
            say(std::string(is_open ? "opened" : "gave up") + "@" +
                std::to_string(simulation.now().ms()));
        }
        gate.close();
        gate.wait();
        say("opened@" + std::to_string(simulation.now().ms()));
    });
    node.spawn("opens", [&] {
        node.sleep_until(LocalTime(5ms));
        gate.open();  // the first wait, due at 80; the second is due sooner, at 55
        node.sleep_until(LocalTime(57ms));
        gate.open();  // the third, due at 65; the fourth is due later, at 87
        node.sleep_until(LocalTime(200ms));
        gate.open();  // the last one, which has no deadline
    });
    run();
    EXPECT_EQ(listener.heard(), "opened@5 gave up@55 opened@57 gave up@87 opened@200");
}

TEST_F(WaitTest, ADroppedCompleterEndsTheWaitAsAbandoned) {
    auto completer = std::make_unique<Completer<int>>();
    node.spawn("waits", [&] {
        Completion<int> completion(node);
        *completer = completion.completer();
        say("got", completion.await_until(node.now() + 1h));
        say(completion.abandoned() ? "abandoned" : "timed-out");
    });
    node.spawn("drops", [&] {
        node.sleep_for(2ms);
        completer.reset();
    });
    run();
    EXPECT_EQ(listener.heard(), "got=none@2 abandoned");
}

TEST_F(WaitTest, ACompleterMovesAndAbandonsWhatItHeldBefore) {
    Completer<int> kept;
    node.spawn("first", [&] {
        Completion<int> completion(node);
        kept = completion.completer();
        say("first", completion.await());
    });
    node.spawn("second", [&] {
        node.sleep_for(1ms);
        Completion<int> completion(node);
        Completer<int> moved = completion.completer();
        kept = std::move(moved);
        say("second", completion.await());
    });
    node.spawn("gives", [&] {
        node.sleep_for(2ms);
        kept.complete(5);
    });
    run();
    EXPECT_EQ(listener.heard(), "first=none@1 second=5@2");
}

// ---- Mailbox ----

TEST_F(WaitTest, AMailboxKeepsItsOrder) {
    Mailbox<int> mailbox(node);
    node.spawn("reads", [&] {
        for (;;) say("got", mailbox.pop());
    });
    node.spawn("writes", [&] {
        mailbox.push(1);
        mailbox.push(2);
        node.sleep_for(1ms);
        mailbox.push(3);
    });
    run();
    EXPECT_EQ(listener.heard(), "got=1@0 got=2@0 got=3@1");
}

TEST_F(WaitTest, AnEmptyMailboxLetsTheReaderGoAtTheDeadline) {
    Mailbox<int> mailbox(node);
    node.spawn("reads", [&] {
        say("try", mailbox.try_pop());
        say("got", mailbox.pop_until(node.now() + 4ms));
        say("got", mailbox.pop_until(node.now() + 4ms));
    });
    simulation.control_at(Time(6ms), [&] { mailbox.push(9); });
    run();
    EXPECT_EQ(listener.heard(), "try=none@0 got=none@4 got=9@6");
}

TEST_F(WaitTest, AReaderContinuesBecauseOfTheEventInWhichTheItemWasPushed) {
    Mailbox<int> mailbox(node);
    std::vector<EventSequence> pushed_in, heard_because_of;
    simulation.trace().observe([&](const Event& event) {
        const Said* const said = event.as<Said>();
        if (said == nullptr) return;
        if (said->what == "push") pushed_in.push_back(event.sequence);
        if (said->what == "pop") heard_because_of.push_back(event.cause);
    });
    node.spawn("writes", [&] {
        for (int i = 0; i < 3; ++i) {
            detail::set_current_cause(node, node.emit(Said{"push"}));
            mailbox.push(i);
        }
    });
    node.spawn("reads", [&] {
        node.sleep_for(1ms);
        for (int i = 0; i < 3; ++i) {
            mailbox.pop();
            say("pop");
        }
    });
    run();
    EXPECT_EQ(pushed_in.size(), 3u);
    EXPECT_EQ(heard_because_of, pushed_in);
}

TEST_F(WaitTest, ADeadlineRestoresTheCauseOfTheOneWhoWaits) {
    EventSequence mine, after;
    node.spawn("waits", [&] {
        mine = node.emit(Said{"mine"});
        detail::set_current_cause(node, mine);
        node.sleep_for(5ms);
        after = detail::current_cause(node);
    });
    node.spawn("other", [&] {
        node.sleep_for(5ms);
        detail::set_current_cause(node, node.emit(Said{"other"}));
    });
    run();
    EXPECT_EQ(after, mine);
    EXPECT_NE(mine, EventSequence{0});
}

// ---- Gate ----

TEST_F(WaitTest, AGateOpenedBeforeTheWaitLetsItPass) {
    Gate gate(node);
    node.spawn("waits", [&] {
        gate.open();
        gate.wait();
        say("through");
        gate.close();
        say(gate.wait_until(node.now() + 1ms) ? "open" : "shut");
    });
    run();
    EXPECT_EQ(listener.heard(), "through shut");
}

TEST_F(WaitTest, AGateClosedAgainBeforeTheWaiterRunsKeepsItWaiting) {
    Gate gate(node);
    node.spawn("waits", [&] {
        gate.wait();
        say("through");
    });
    simulation.run_until(Time(1ms));
    gate.open();
    gate.close();
    simulation.run_until(Time(2ms));
    EXPECT_EQ(listener.heard(), "");
    gate.open();
    run();
    EXPECT_EQ(listener.heard(), "through");
}

// ---- misuse, and the end of objects ----

TEST_F(WaitTest, AWaiterThatGoesLeavesItsTaskToItsDeadline) {
    auto gate = std::make_unique<Gate>(node);
    node.spawn("waits", [&] { say(gate->wait_until(node.now() + 5ms) ? "open" : "deadline"); });
    simulation.run_until(Time(1ms));
    gate.reset();
    run();
    EXPECT_EQ(listener.heard(), "deadline");
}

TEST_F(WaitTest, TwoTasksCannotWaitInOnePlace) {
    Gate gate(node);
    for (int i = 0; i < 2; ++i) node.spawn("waits", [&] { gate.wait(); });
    const std::string failure = failure_of([&] { run(); });
    EXPECT_TRUE(failure.find("a/waits#0") != std::string::npos &&
                failure.find("a/waits#1") != std::string::npos)
        << failure;
}

TEST_F(WaitTest, ATaskCannotWaitOnAnotherNode) {
    Node& other = started_node(simulation, "b");
    Gate gate(other);
    node.spawn("waits", [&] { gate.wait(); });
    EXPECT_EQ(failure_of([&] { run(); }), "task a/waits#0 waits on node b");
}

TEST_F(WaitTest, TheMainContextCannotWait) {
    EXPECT_NE(failure_of([&] { node.sleep_for(1ms); }), "");
    Gate gate(node);
    simulation.control_at(Time(1ms), [&] { gate.wait(); });
    EXPECT_NE(failure_of([&] { run(); }), "");
}

TEST_F(WaitTest, ATimerCannotWait) {
    struct Parks final : Timer {
        Node& node;
        explicit Parks(Node& on) : node(on) {}
        void fire() override { node.sleep_for(1ms); }
    } parks(node);
    simulation.timers().arm(parks, Time(1ms), 0);
    EXPECT_NE(failure_of([&] { run(); }), "");
}

TEST_F(WaitTest, ATaskCannotWaitInsideACatchHandler) {
    node.spawn("waits", [&] {
        try {
            ASSERT(false, "for the handler");
        } catch (const AssertionFailure&) {
            node.sleep_for(1ms);
        }
    });
    EXPECT_EQ(failure_of([&] { run(); }), "task a/waits#0 waits inside a catch handler");
}

TEST_F(WaitTest, SleepingUntilAPastTimeLetsTheOthersGoFirst) {
    std::vector<std::string> order;
    Gate go(node);
    node.spawn("yields", [&] {
        go.wait();
        order.push_back("before");
        node.spawn("spawned", [&] { order.push_back("spawned"); });
        node.sleep_until(LocalTime{});
        order.push_back("after");
    });
    simulation.run_until(Time(1ms));
    go.open();
    run();
    EXPECT_EQ(order, (std::vector<std::string>{"before", "spawned", "after"}));
}

}  // namespace
}  // namespace squall::sim
