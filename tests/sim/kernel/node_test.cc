#include "sim/kernel/node.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sim/kernel/wait.h"
#include "tests/sim/kernel/test_node.h"

namespace squall::sim {
namespace {

struct NodeTest : testing::Test {
    std::vector<std::string> log;
    Simulation simulation{{.seed = 3}};

    void run_for(Duration duration) { simulation.run_until(simulation.now() + duration); }
};

// Says that it goes.
struct Leaves {
    std::vector<std::string>& log;
    std::string what;
    ~Leaves() { log.push_back(what); }
};

struct LoggingProcess final : Process {
    std::vector<std::string>& log;
    explicit LoggingProcess(std::vector<std::string>& to) : log(to) { log.push_back("process"); }
    ~LoggingProcess() override { log.push_back("process gone"); }
};

// ---- crash ----

TEST_F(NodeTest, StopsInTheOrderThatIsPromised) {
    Node& node = simulation.add_node({.name = "a", .factory = [&](Node& self) {
                                          self.spawn("task", [&] {
                                              const Leaves leaves{log, "task gone"};
                                              self.sleep_for(1h);
                                          });
                                          return std::make_unique<LoggingProcess>(log);
                                      }});
    node.on_cut([&](StopReason reason) {
        log.push_back(fmt::format("cut {} in {}", to_string(reason), node.incarnation()));
    });
    node.on_stopped([&](StopReason) {
        log.push_back("stopped");
        return std::uint64_t{17};
    });
    simulation.trace().observe([&](const Event& event) {
        log.push_back(fmt::format("{} {} {}", event.name(), event.incarnation, event.print()));
    });
    node.start();
    run_for(1s);
    node.stop(StopReason::power_loss);
    EXPECT_EQ(log,
              (std::vector<std::string>{"NodeStarted 1 name=a", "process", "cut power_loss in 2",
                                        "task gone", "process gone", "stopped",
                                        "NodeStopped 1 reason=power_loss lost_bytes=17"}));
    EXPECT_FALSE(node.is_running());
}

TEST_F(NodeTest, ACrashUnwindsNestedCallsFromTheInsideOut) {
    Node& node = started_node(simulation, "a");
    const std::function<void(int)> descend = [&](int depth) {
        const Leaves leaves{log, std::to_string(depth)};
        if (depth == 5) node.sleep_for(1h);
        descend(depth + 1);
    };
    node.spawn("deep", [&] { descend(0); });
    run_for(1s);
    node.stop(StopReason::crash);
    EXPECT_EQ(log, (std::vector<std::string>{"5", "4", "3", "2", "1", "0"}));
}

TEST_F(NodeTest, ACrashTakesTasksOutOfEveryKindOfWait) {
    Node& node = started_node(simulation, "a");
    auto mailbox = std::make_unique<Mailbox<int>>(node);
    auto gate = std::make_unique<Gate>(node);
    Completer<int> completer;
    node.spawn("completion", [&] {
        const Leaves leaves{log, "completion"};
        Completion<int> completion(node);
        completer = completion.completer();
        completion.await_until(node.now() + 1h);
    });
    node.spawn("mailbox", [&] {
        const Leaves leaves{log, "mailbox"};
        mailbox->pop_until(node.now() + 1h);
    });
    node.spawn("gate", [&] {
        const Leaves leaves{log, "gate"};
        gate->wait();
    });
    run_for(1s);
    EXPECT_EQ(simulation.timers().size(), 2u);
    node.stop(StopReason::crash);
    EXPECT_EQ(log, (std::vector<std::string>{"completion", "mailbox", "gate"}));
    EXPECT_EQ(simulation.timers().size(), 0u);
    EXPECT_TRUE(completer.is_orphan());
    // Nobody is left there to be woken.
    mailbox->push(1);
    gate->open();
    mailbox.reset();
    gate.reset();
    run_for(2h);
}

TEST_F(NodeTest, ATaskThatNeverRanGoesWithoutRunning) {
    Node& node = started_node(simulation, "a");
    auto captured = std::make_shared<Leaves>(Leaves{log, "captured"});
    log.clear();
    node.spawn("task", [&, captured] { log.push_back("ran"); });
    captured.reset();
    node.stop(StopReason::crash);
    run_for(1s);
    EXPECT_EQ(log, std::vector<std::string>{"captured"});
}

TEST_F(NodeTest, DestructorsThatWaitWhileTheTaskUnwindsGoOnAtOnce) {
    Node& node = started_node(simulation, "a");
    struct Waits {
        Node& node;
        std::vector<std::string>& log;
        ~Waits() {
            node.sleep_for(1h);
            Gate gate(node);
            gate.wait();
            Completion<int> completion(node);
            const Completer<int> completer = completion.completer();
            log.push_back(completion.await() ? "value" : "no value");
            Mailbox<int> mailbox(node);
            log.push_back(mailbox.pop_until(LocalTime::max()) ? "item" : "no item");
        }
    };
    node.spawn("task", [&] {
        const Waits waits{node, log};
        node.sleep_for(1h);
    });
    run_for(1s);
    node.stop(StopReason::crash);
    EXPECT_EQ(log, (std::vector<std::string>{"no value", "no item"}));
    EXPECT_EQ(simulation.now(), Time(1s));
}

TEST_F(NodeTest, WhatATaskDoesWhileItUnwindsHasNoEffect) {
    Node& node = started_node(simulation, "a");
    const Listener listener(simulation);
    Gate gate(node);
    struct Acts {
        Node& node;
        Gate& gate;
        ~Acts() {
            node.emit(Said{"from the grave"});
            node.spawn("zombie", [this] { node.emit(Said{"zombie"}); });
            gate.open();
        }
    };
    node.spawn("acts", [&] {
        const Acts acts{node, gate};
        node.sleep_for(1h);
    });
    node.spawn("waits", [&] {
        gate.wait();
        node.emit(Said{"woken"});
    });
    run_for(1s);
    node.stop(StopReason::crash);
    node.start();
    run_for(1s);
    EXPECT_EQ(listener.heard(), "");
}

TEST_F(NodeTest, ATaskThatSurvivesItsNodeIsNamed) {
    Node& node = started_node(simulation, "a");
    node.spawn("stubborn", [&] {
        for (;;) {
            try {
                node.sleep_for(1h);
            } catch (const NodeCrashed&) {
                log.push_back("again");
            }
        }
    });
    run_for(1s);
    EXPECT_EQ(failure_of([&] { node.stop(StopReason::crash); }),
              "task a/stubborn#0 does not end when its node crashes");
    EXPECT_FALSE(node.is_running());
}

TEST_F(NodeTest, OtherNodesAreNotTouchedByACrash) {
    Node& a = started_node(simulation, "a");
    Node& b = started_node(simulation, "b");
    for (Node* const node : {&a, &b}) {
        node->spawn("task", [&, node] {
            const Leaves leaves{log, node->name() + " gone"};
            node->sleep_for(2s);
            log.push_back(node->name() + " awake");
        });
    }
    simulation.control_at(Time(1s), [&] { a.stop(StopReason::crash); });
    run_for(3s);
    EXPECT_EQ(log, (std::vector<std::string>{"a gone", "b awake", "b gone"}));
}

TEST_F(NodeTest, OnlyTheMainContextStartsAndStops) {
    Node& node = started_node(simulation, "a");
    node.spawn("suicide", [&] { node.stop(StopReason::crash); });
    EXPECT_EQ(failure_of([&] { run_for(1s); }), "node a is stopped by a task or a timer");
}

// ---- restart ----

TEST_F(NodeTest, ARestartBuildsAFreshProcessInTheNextIncarnation) {
    Node& node = simulation.add_node({.name = "a", .factory = [&](Node& self) {
                                          log.push_back(fmt::format("boot {}", self.incarnation()));
                                          return std::make_unique<LoggingProcess>(log);
                                      }});
    EXPECT_EQ(node.incarnation(), Incarnation{0});
    node.start();
    EXPECT_EQ(node.incarnation(), Incarnation{1});
    const Process* const first = node.process();
    node.stop(StopReason::crash);
    EXPECT_EQ(node.process(), nullptr);
    EXPECT_NE(first, nullptr);
    node.start();
    EXPECT_EQ(node.incarnation(), Incarnation{2});
    EXPECT_EQ(log,
              (std::vector<std::string>{"boot 1", "process", "process gone", "boot 2", "process"}));
}

TEST_F(NodeTest, DrawsAndTheMonotonicClockGoOnAcrossARestart) {
    Node& node = started_node(simulation, "a");
    const std::uint64_t first = node.draws("jitter").bits();
    run_for(5s);
    node.stop(StopReason::crash);
    run_for(5s);
    node.start();
    EXPECT_NE(node.draws("jitter").bits(), first);
    EXPECT_EQ(node.draws("jitter").ordinal(), 2u);
    EXPECT_EQ(node.now(), LocalTime(10s));
}

// ---- die_at_next_park ----

TEST_F(NodeTest, ADyingTaskIsSilentAndEndsAtItsNextWait) {
    Node& node = started_node(simulation, "a");
    Node& other = started_node(simulation, "b");
    const Listener listener(simulation);
    Gate others_turn(other);
    node.spawn("victim", [&] {
        node.sleep_for(1s);
        node.emit(Said{"alive"});
        others_turn.open();
        node.die_at_next_park(StopReason::power_loss);
        node.emit(Said{"dead"});
        log.push_back("still computing");
        node.sleep_for(1ms);
        log.push_back("not reached");
    });
    node.spawn("bystander", [&] {
        const Leaves leaves{log, "bystander gone"};
        node.sleep_for(1h);
    });
    other.spawn("other", [&] {
        others_turn.wait();
        log.push_back(node.is_running() ? "running" : "stopped");
        other.emit(Said{"other"});
    });
    node.on_cut([&](StopReason reason) { log.push_back(std::string(to_string(reason))); });
    run_for(2s);
    EXPECT_EQ(log, (std::vector<std::string>{"still computing", "power_loss", "bystander gone",
                                             "stopped"}));
    EXPECT_EQ(listener.heard(), "alive other");
    EXPECT_EQ(simulation.trace().count_of("NodeStopped"), 1u);
}

TEST_F(NodeTest, ATimerCanMakeANodeDie) {
    Node& node = started_node(simulation, "a");
    struct Kills final : Timer {
        Node& node;
        explicit Kills(Node& victim) : node(victim) {}
        void fire() override {
            const TraceScope scope(node, EventSequence{0});
            node.die_at_next_park(StopReason::crash);
            node.emit(Said{"dead"});
        }
    } kills(node);
    simulation.timers().arm(kills, Time(1s), 0);
    node.spawn("task", [&] {
        const Leaves leaves{log, fmt::format("gone")};
        node.sleep_until(LocalTime(1s + 1ns));
        log.push_back("survived");
    });
    run_for(2s);
    EXPECT_EQ(log, std::vector<std::string>{"gone"});
    EXPECT_EQ(simulation.trace().count_of("Said"), 0u);
    EXPECT_FALSE(node.is_running());
}

TEST_F(NodeTest, ANodeThatDiedCanBeStartedAgainAndSpeaks) {
    Node& node = started_node(simulation, "a");
    const Listener listener(simulation);
    node.die_at_next_park(StopReason::crash);
    run_for(1s);
    node.start();
    node.spawn("task", [&] { node.emit(Said{"back"}); });
    run_for(1s);
    EXPECT_EQ(listener.heard(), "back");
}

// ---- pause ----

TEST_F(NodeTest, APausedNodeDoesNothingAndCatchesUpInOrder) {
    Node& node = started_node(simulation, "a");
    const Listener listener(simulation);
    for (const int ms : {20, 30, 60}) {
        node.spawn(fmt::format("sleeps {}", ms), [&, ms] {
            node.sleep_for(std::chrono::milliseconds(ms));
            node.emit(Said{fmt::format("{}@{}", ms, simulation.now().ms())});
        });
    }
    simulation.control_at(Time(10ms), [&] { node.pause(); });
    simulation.control_at(Time(50ms), [&] { node.resume(); });
    run_for(40ms);
    EXPECT_TRUE(node.is_paused());
    EXPECT_EQ(listener.heard(), "");
    run_for(1s);
    EXPECT_TRUE(listener.heard() == "20@50 30@50 60@60" || listener.heard() == "30@50 20@50 60@60")
        << listener.heard();
    EXPECT_EQ(node.now(), LocalTime(1040ms));
}

TEST_F(NodeTest, TasksThatAreReadyWhenTheNodeIsPausedWait) {
    Node& node = started_node(simulation, "a");
    for (int i = 0; i < 3; ++i) {
        node.spawn("task", [&] { log.push_back("ran"); });
    }
    node.pause();
    run_for(1s);
    EXPECT_TRUE(log.empty());
    node.resume();
    run_for(1s);
    EXPECT_EQ(log.size(), 3u);
}

TEST_F(NodeTest, WhatArrivesAtAPausedNodeIsHeldInOrder) {
    Node& node = started_node(simulation, "a");
    node.run_when_awake([&] { log.push_back("at once"); });
    node.pause();
    for (const char* const what : {"first", "second"}) {
        node.run_when_awake([&, what] { log.push_back(what); });
    }
    EXPECT_EQ(log, std::vector<std::string>{"at once"});
    node.resume();
    EXPECT_EQ(log, (std::vector<std::string>{"at once", "first", "second"}));
}

TEST_F(NodeTest, APausedNodeCanCrashAndForgetsWhatItHeld) {
    Node& node = started_node(simulation, "a");
    node.spawn("task", [&] {
        const Leaves leaves{log, "gone"};
        node.sleep_for(1ms);
        log.push_back("slept");
    });
    run_for(0s);
    node.pause();
    run_for(1s);
    node.run_when_awake([&] { log.push_back("arrived"); });
    node.stop(StopReason::crash);
    node.start();
    EXPECT_FALSE(node.is_paused());
    run_for(1s);
    EXPECT_EQ(log, std::vector<std::string>{"gone"});
}

TEST_F(NodeTest, APauseSaysHowLongItWas) {
    Node& node = started_node(simulation, "a");
    Duration paused_for{};
    simulation.trace().observe([&](const Event& event) {
        if (const auto* const resumed = event.as<NodeResumed>()) paused_for = resumed->paused_for;
    });
    node.pause();
    run_for(3s);
    node.resume();
    EXPECT_EQ(paused_for, 3s);
    EXPECT_EQ(simulation.trace().count_of("NodePaused"), 1u);
}

// ---- clocks ----

TEST_F(NodeTest, TimersRunOnTheMonotonicClock) {
    Node& fast = simulation.add_node({.name = "fast", .clock = {.monotonic_drift_ppm = 1'000'000}});
    fast.start();
    fast.spawn("task", [&] {
        fast.sleep_for(10s);
        log.push_back(fmt::format("{} {}", simulation.now(), fast.now()));
    });
    run_for(20s);
    EXPECT_EQ(log, std::vector<std::string>{"5s 10s"});
}

TEST_F(NodeTest, ChangingADriftReAimsTheWaitsThatAreUnderWay) {
    Node& node = started_node(simulation, "a");
    node.spawn("task", [&] {
        node.sleep_for(10s);
        log.push_back(fmt::format("{} {}", simulation.now(), node.now()));
    });
    simulation.control_at(Time(4s), [&] {
        node.monotonic_clock().set_drift(simulation.now(), -500'000);
        node.clock_changed("monotonic drift");
    });
    run_for(1h);
    // Six seconds were left, at half speed.
    EXPECT_EQ(log, std::vector<std::string>{"16s 10s"});
}

TEST_F(NodeTest, AFrozenClockHoldsDeadlinesUntilItGoesOn) {
    Node& node = started_node(simulation, "a");
    Gate gate(node);
    node.spawn("task", [&] {
        gate.wait_until(node.now() + 3s);
        log.push_back(fmt::format("{} {}", simulation.now(), node.now()));
    });
    simulation.control_at(Time(1s), [&] {
        node.monotonic_clock().freeze(simulation.now());
        node.clock_changed("monotonic freeze");
    });
    simulation.control_at(Time(100s), [&] {
        node.monotonic_clock().unfreeze(simulation.now());
        node.clock_changed("monotonic unfreeze");
    });
    run_for(1h);
    EXPECT_EQ(log, std::vector<std::string>{"102s 3s"});
}

TEST_F(NodeTest, AWaitThatBeginsWhileTheClockIsFrozenEndsAfterIt) {
    Node& node = started_node(simulation, "a");
    node.monotonic_clock().freeze(simulation.now());
    node.spawn("task", [&] {
        node.sleep_for(1s);
        log.push_back(fmt::format("{}", simulation.now()));
    });
    simulation.control_at(Time(10s), [&] {
        node.monotonic_clock().unfreeze(simulation.now());
        node.clock_changed("monotonic unfreeze");
    });
    run_for(1h);
    EXPECT_EQ(log, std::vector<std::string>{"11s"});
}

TEST_F(NodeTest, TheWallClockStartsAtTheDateWithItsOffsetAndCanBeStepped) {
    Node& node = simulation.add_node({.name = "a", .clock = {.wall_offset = -3s}});
    node.start();
    std::vector<Duration> offsets;
    simulation.trace().observe([&](const Event& event) {
        if (const auto* const change = event.as<ClockChanged>()) {
            offsets.push_back(change->wall_offset);
            log.push_back(fmt::format("{} {}", event.node, change->change));
        }
    });
    EXPECT_EQ(simulation.wall_now() - node.wall_now(), 3s);
    run_for(10s);
    node.wall_clock().step(simulation.now(), 1h);
    node.clock_changed("wall step");
    EXPECT_EQ(offsets, std::vector<Duration>{1h - 3s});
    EXPECT_EQ(log, std::vector<std::string>{"1 wall step"});
    // Timers do not notice.
    EXPECT_EQ(node.now(), LocalTime(10s));
}

}  // namespace
}  // namespace squall::sim
