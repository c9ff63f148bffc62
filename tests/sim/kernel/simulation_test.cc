#include "sim/kernel/simulation.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sim/kernel/wait.h"
#include "tests/sim/kernel/test_node.h"

namespace squall::sim {
namespace {

// ---- time ----

TEST(Simulation, AdvancesVirtualTimeOverSleepsAndToTheEndOfTheRun) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    std::vector<std::int64_t> seen;
    node.spawn("sleeps", [&] {
        for (int i = 0; i < 3; ++i) {
            node.sleep_for(10ms);
            seen.push_back(simulation.now().ms());
        }
    });
    simulation.run_until(Time(20ms));
    EXPECT_EQ(seen, (std::vector<std::int64_t>{10, 20})) << "what is due at the end is run";
    EXPECT_EQ(simulation.now(), Time(20ms));
    simulation.run_until(Time(1h));
    EXPECT_EQ(seen, (std::vector<std::int64_t>{10, 20, 30}));
    EXPECT_EQ(simulation.now(), Time(1h));
    EXPECT_EQ(simulation.wall_now() - WallTime(simulation.options().start), 1h);
}

TEST(Simulation, AdvancesToTheEndWhenNothingIsPending) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    Gate never(node);
    node.spawn("waits", [&] { never.wait(); });
    simulation.run_until(Time(365 * 24h));
    EXPECT_EQ(simulation.now(), Time(365 * 24h));
}

// ---- control actions ----

TEST(Simulation, RunsControlActionsBeforeTasksAndTimersOfTheirTime) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    std::vector<std::string> order;
    struct Notes final : Timer {
        std::vector<std::string>& order;
        explicit Notes(std::vector<std::string>& to) : order(to) {}
        void fire() override { order.push_back("timer"); }
    } notes(order);
    simulation.timers().arm(notes, Time(1s), 0);
    node.spawn("task", [&] {
        node.sleep_until(LocalTime(1s - 1ns));
        order.push_back("task");
        node.sleep_until(LocalTime(1s + 1ns));
        order.push_back("task");
    });
    simulation.control_at(Time(1s), [&] { order.push_back("first"); });
    simulation.control_at(Time(1s), [&] {
        order.push_back("second");
        simulation.control_at(Time{}, [&] { order.push_back("third"); });
    });
    simulation.run_until(Time(2s));
    EXPECT_EQ(order,
              (std::vector<std::string>{"task", "first", "second", "third", "timer", "task"}));
}

TEST(Simulation, RunsAControlActionAsSoonAsTheRunningTaskParks) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Simulation simulation({.seed = seed});
        Node& node = started_node(simulation, "a");
        Gate gate(node);
        std::vector<std::string> order;
        node.spawn("other", [&] {
            gate.wait();
            order.push_back("other");
        });
        node.spawn("asks", [&] {
            node.sleep_for(1ms);
            gate.open();
            simulation.control_soon([&] { order.push_back("action"); });
            order.push_back("task");
            node.sleep_for(0s);
        });
        simulation.run_until(Time(1s));
        EXPECT_EQ(order, (std::vector<std::string>{"task", "action", "other"}));
    }
}

TEST(Simulation, AControlActionSpeaksAsTheHarness) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    std::vector<std::string> said;
    simulation.trace().observe([&](const Event& event) {
        if (event.as<Said>() == nullptr) return;
        said.push_back(
            fmt::format("{} {} {} {}", event.node, event.incarnation, event.cause, event.time));
    });
    const auto speak = [&] { simulation.trace().emit(Said{"x"}); };
    node.spawn("speaks", [&] {
        node.sleep_for(1s);
        speak();
    });
    simulation.control_at(Time(2s), speak);
    simulation.run_until(Time(3s));
    speak();
    EXPECT_EQ(said, (std::vector<std::string>{"1 1 0 1s", "0 0 0 2s", "0 0 0 3s"}));
}

// ---- the end of a run ----

TEST(Simulation, AnInterruptEndsTheRunBeforeTheNextTask) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    int ticks = 0;
    node.spawn("ticks", [&] {
        for (;;) {
            node.sleep_for(1ms);
            ++ticks;
        }
    });
    simulation.control_at(Time(10ms), [&] { simulation.interrupt(); });
    simulation.run_until(Time(1s));
    EXPECT_EQ(ticks, 9);
    EXPECT_EQ(simulation.now(), Time(10ms));
    EXPECT_TRUE(simulation.is_interrupted());
    simulation.run_until(Time(1s));
    EXPECT_EQ(ticks, 9);
}

TEST(Simulation, AnObserverCanInterrupt) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    simulation.trace().observe([&](const Event& event) {
        if (event.as<Said>() != nullptr) simulation.interrupt();
    });
    node.spawn("speaks", [&] {
        node.sleep_for(1ms);
        node.emit(Said{"x"});
        node.sleep_for(0s);
        node.emit(Said{"y"});
    });
    simulation.run_until(Time(1s));
    EXPECT_EQ(simulation.trace().count_of("Said"), 1u);
    EXPECT_EQ(simulation.now(), Time(1ms));
}

TEST(Simulation, AnotherThreadCanInterrupt) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    node.spawn("ticks", [&] {
        for (;;) node.sleep_for(1ns);
    });
    std::thread interrupter;
    simulation.control_at(Time(100ns),
                          [&] { interrupter = std::thread([&] { simulation.interrupt(); }); });
    simulation.run_until(Time::max());
    interrupter.join();
    EXPECT_TRUE(simulation.is_interrupted());
}

TEST(Simulation, ALivelockEndsWithTheStepBudget) {
    Simulation simulation({.seed = 1, .step_budget = 1000});
    Node& node = started_node(simulation, "a");
    node.spawn("spins", [&] {
        node.sleep_for(1s);
        for (;;) node.sleep_for(0s);
    });
    const std::string failure = failure_of([&] { simulation.run_until(Time(1h)); });
    EXPECT_TRUE(failure.starts_with("livelock: 1000 wake-ups and timers, at 1s")) << failure;
    EXPECT_EQ(simulation.steps(), 1000u);
}

TEST(Simulation, ALivelockNamesWhoTurnsInCircles) {
    Simulation simulation({.seed = 1, .step_budget = 100'000});
    Node& node = started_node(simulation, "a");
    node.spawn("innocent", [&] { node.sleep_for(1s); });
    node.spawn("spins", [&] {
        for (;;) node.sleep_for(0s);
    });
    const std::string failure = failure_of([&] { simulation.run_until(Time(1h)); });
    EXPECT_TRUE(failure.find("turning in circles: a/spins (") != std::string::npos) << failure;
    EXPECT_EQ(failure.find("innocent"), std::string::npos) << failure;
}

TEST(Simulation, StopsWhenAFlagIsSetWhileTimeStandsStill) {
    std::atomic<bool> stop{false};
    Simulation simulation({.seed = 1, .stop = &stop});
    Node& node = started_node(simulation, "a");
    node.spawn("spins", [&] {
        for (int turns = 0;; ++turns) {
            node.sleep_for(0s);
            if (turns == 100) stop = true;
        }
    });
    simulation.run_until(Time(1h));
    EXPECT_TRUE(simulation.is_interrupted());
    EXPECT_LT(simulation.steps(), 50'000u);
}

TEST(Simulation, AFailureOfATaskATimerOrAnActionEndsTheRunAndIsRethrown) {
    struct Fails final : Timer {
        void fire() override { ASSERT(false, "at 1s"); }
    };
    for (const char* const who : {"task", "timer", "action", "exception"}) {
        int unwound = 0;
        struct Count {
            int& count;
            ~Count() { ++count; }
        };
        Simulation simulation({.seed = 1});
        Node& node = started_node(simulation, "a");
        Fails fails;
        for (const std::int64_t seconds : {1, 2}) {
            node.spawn("sleeps", [&, seconds, who = std::string(who)] {
                const Count count{unwound};
                node.sleep_for(std::chrono::seconds(seconds));
                if (who == "exception") throw std::out_of_range("at 1s");
                ASSERT(who != "task", "at {}s", seconds);
                node.sleep_for(1h);
            });
        }
        if (who == std::string("timer")) simulation.timers().arm(fails, Time(1s), 0);
        if (who == std::string("action")) {
            simulation.control_at(Time(1s), [] { ASSERT(false, "at 1s"); });
        }
        EXPECT_EQ(failure_of([&] { simulation.run_until(Time(10s)); }), "at 1s") << who;
        EXPECT_EQ(simulation.now(), Time(1s)) << who;
        EXPECT_NE(failure_of([&] { simulation.run_until(Time(20s)); }), "") << who;
        simulation.finish();
        EXPECT_EQ(unwound, 2) << who;
    }
}

TEST(Simulation, StopsEveryNodeAtTheEnd) {
    Simulation simulation({.seed = 1});
    started_node(simulation, "a");
    started_node(simulation, "b").stop(StopReason::crash);
    simulation.add_node({.name = "never started"});
    std::vector<std::string> stopped;
    simulation.trace().observe([&](const Event& event) {
        if (event.as<NodeStopped>() != nullptr) stopped.push_back(event.print());
    });
    simulation.finish();
    simulation.finish();
    EXPECT_EQ(stopped, std::vector<std::string>{"reason=end_of_run lost_bytes=0"});
    EXPECT_NE(failure_of([&] { simulation.run_until(Time(1s)); }), "");
}

TEST(Simulation, TellsAtItsEndOfATaskThatDoesNotEnd) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    Node& other = started_node(simulation, "b");
    node.spawn("stubborn", [&] {
        for (;;) {
            try {
                node.sleep_for(1h);
            } catch (const NodeCrashed&) {
            }
        }
    });
    simulation.run_until(Time(1s));
    EXPECT_NE(failure_of([&] { simulation.finish(); }).find("a/stubborn#0"), std::string::npos);
    EXPECT_FALSE(other.is_running());
}

TEST(Simulation, IsAloneInItsThread) {
    const Simulation simulation({.seed = 1});
    EXPECT_EQ(failure_of([] { const Simulation second({.seed = 2}); }),
              "another simulation is live in this thread");
}

TEST(Simulation, RefusesTwoNodesOfOneName) {
    Simulation simulation({.seed = 1});
    Node& node = simulation.add_node({.name = "a"});
    EXPECT_THROW(simulation.add_node({.name = "a"}), AssertionFailure);
    EXPECT_EQ(simulation.find_node("a"), &node);
    EXPECT_EQ(simulation.find_node("b"), nullptr);
    EXPECT_EQ(&simulation.node(NodeId{1}), &node);
}

// ---- determinism ----

// Tasks of three nodes that sleep, wake each other, crash and come back.
std::uint64_t hash_of_a_run(std::uint64_t seed, TraceLevel level = TraceLevel::hash_only) {
    Simulation simulation({.seed = seed, .trace = {.level = level, .ring_capacity = 10}});
    for (const char* const name : {"a", "b", "c"}) {
        simulation
            .add_node({.name = name,
                       .factory =
                           [](Node& node) {
                               struct Boxed final : Process {
                                   Mailbox<std::uint64_t> mailbox;
                                   explicit Boxed(Node& on) : mailbox(on) {}
                               };
                               auto process = std::make_unique<Boxed>(node);
                               Mailbox<std::uint64_t>& mailbox = process->mailbox;
                               node.spawn("reads", [&] {
                                   for (;;) {
                                       const auto item = mailbox.pop_until(node.now() + 3ms);
                                       node.emit(Said{item ? std::to_string(*item) : "nothing"});
                                   }
                               });
                               for (int i = 0; i < 4; ++i) {
                                   node.spawn("writes", [&, i] {
                                       for (;;) {
                                           node.sleep_for(Duration(node.draws("pause").below(5)) *
                                                          1'000'000);
                                           mailbox.push(node.draws("item").below(100) * 10 +
                                                        static_cast<std::uint64_t>(i));
                                       }
                                   });
                               }
                               return process;
                           }})
            .start();
    }
    for (const std::int64_t ms : {20, 40, 60}) {
        simulation.control_at(Time(std::chrono::milliseconds(ms)), [&] {
            Node& node = simulation.node(NodeId{2});
            node.is_running() ? node.stop(StopReason::crash) : node.start();
        });
    }
    simulation.run_until(Time(100ms));
    simulation.finish();
    return simulation.trace().hash();
}

TEST(Simulation, RepeatsForASeedAndDiffersBetweenSeeds) {
    std::set<std::uint64_t> hashes;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::uint64_t hash = hash_of_a_run(seed);
        EXPECT_EQ(hash_of_a_run(seed), hash);
        hashes.insert(hash);
    }
    EXPECT_EQ(hashes.size(), 20u);
}

TEST(Simulation, HasOneHashAtEveryTraceLevel) {
    EXPECT_EQ(hash_of_a_run(5, TraceLevel::hash_only), hash_of_a_run(5, TraceLevel::ring));
    EXPECT_EQ(hash_of_a_run(5, TraceLevel::hash_only), hash_of_a_run(5, TraceLevel::full));
}

TEST(Simulation, RunsInTwoThreadsAtOnceWithEqualHashes) {
    std::vector<std::uint64_t> here, there;
    const auto run_all = [](std::vector<std::uint64_t>& hashes) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) hashes.push_back(hash_of_a_run(seed));
    };
    std::thread other(run_all, std::ref(there));
    run_all(here);
    other.join();
    EXPECT_EQ(here, there);
}

}  // namespace
}  // namespace squall::sim
