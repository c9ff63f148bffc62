#include "sim/kernel/scheduler.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/kernel/stack_pool.h"
#include "sim/kernel/wait.h"
#include "tests/sim/kernel/test_node.h"

namespace squall::sim {
namespace {

// In each round the named tasks are made ready together, in the order written; returns the order
// in which they ran, round by round.
std::vector<std::string> order_of(std::uint64_t seed,
                                  const std::vector<std::vector<std::string>>& rounds,
                                  const std::string& without = {}) {
    Simulation simulation({.seed = seed});
    Node& node = started_node(simulation, "a");
    std::map<std::string, std::unique_ptr<Gate>> gates;
    std::vector<std::string> ran;
    for (const auto& round : rounds) {
        for (const std::string& name : round) {
            if (name == without || gates.contains(name)) continue;
            Gate& gate = *gates.emplace(name, std::make_unique<Gate>(node)).first->second;
            node.spawn(name, [&ran, &gate, name] {
                for (;;) {
                    gate.wait();
                    gate.close();
                    ran.push_back(name);
                }
            });
        }
    }
    Time now{};
    for (const auto& round : rounds) {
        simulation.run_until(now += 1ms);
        for (const std::string& name : round) {
            if (name != without) gates.at(name)->open();
        }
    }
    simulation.run_until(now += 1ms);
    simulation.finish();
    return ran;
}

TEST(Scheduler, ChoosesAmongReadyTasksBySeedAlone) {
    const std::vector<std::vector<std::string>> rounds{{"p", "q", "r"}};
    std::set<std::vector<std::string>> orders;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        orders.insert(order_of(seed, rounds));
        ASSERT_EQ(order_of(seed, rounds), order_of(seed, rounds));
        // Who was made ready first does not matter.
        ASSERT_EQ(order_of(seed, rounds), order_of(seed, {{"r", "q", "p"}}));
    }
    EXPECT_EQ(orders.size(), 6u) << "not every order of three tasks occurs";
}

TEST(Scheduler, ChoosesAnewAtEachWakeUp) {
    const std::vector<std::string> ran =
        order_of(1, std::vector<std::vector<std::string>>(50, {"p", "q"}));
    ASSERT_EQ(ran.size(), 100u);
    std::set<std::string> first;
    for (std::size_t round = 0; round < 50; ++round) first.insert(ran[2 * round]);
    EXPECT_EQ(first.size(), 2u);
}

// The point of keyed draws: a task less leaves the order among the others as it was.
RC_GTEST_PROP(Scheduler, KeepsTheMutualOrderOfTasksWhenOneIsLeftOut, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    // Each round wakes a subset of five tasks, drawn as a bit mask.
    const auto masks = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 32));
    std::vector<std::vector<std::string>> rounds;
    for (const int mask : masks) {
        std::vector<std::string>& round = rounds.emplace_back();
        for (int task = 0; task < 5; ++task) {
            if ((mask >> task & 1) != 0) round.emplace_back(1, static_cast<char>('p' + task));
        }
    }
    std::vector<std::string> expected = order_of(seed, rounds);
    std::erase(expected, "q");
    RC_ASSERT(order_of(seed, rounds, "q") == expected);
}

TEST(Scheduler, TellsTasksOfOneNameApart) {
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Simulation simulation({.seed = seed});
        Node& node = started_node(simulation, "a");
        std::vector<int> order;
        for (int i = 0; i < 3; ++i) node.spawn("same", [&order, i] { order.push_back(i); });
        simulation.run_until(Time(1s));
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 6u);
}

TEST(Scheduler, OrdersDeadlinesOfEqualTimeBySeed) {
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Simulation simulation({.seed = seed});
        std::vector<int> order;
        for (int i = 0; i < 3; ++i) {
            Node& node = started_node(simulation, fmt::format("n{}", i));
            node.spawn("sleeps", [&, i] {
                node.sleep_until(LocalTime(1s));
                order.push_back(i);
            });
        }
        simulation.run_until(Time(1s));
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 6u);
}

// ---- exceptions ----

TEST(Scheduler, KeepsTheExceptionsOfFibersApart) {
    // The main context handles an exception of its own all the time.
    std::string outer;
    std::vector<int> handled_in_tasks;
    try {
        throw std::runtime_error("outer");
    } catch (const std::runtime_error&) {
        Simulation simulation({.seed = 1});
        Node& node = started_node(simulation, "a");
        for (int i = 0; i < 3; ++i) {
            node.spawn("throws", [&, i] {
                for (int round = 0; round < 3; ++round) {
                    if (std::current_exception() != nullptr) handled_in_tasks.push_back(-1);
                    try {
                        throw i;
                    } catch (const int& value) {
                        handled_in_tasks.push_back(value);
                    }
                    node.sleep_for(1ms);
                }
            });
        }
        simulation.run_until(Time(1s));
        try {
            throw;
        } catch (const std::runtime_error& exception) {
            outer = exception.what();
        }
    }
    EXPECT_EQ(outer, "outer");
    std::ranges::sort(handled_in_tasks);
    EXPECT_EQ(handled_in_tasks, (std::vector<int>{0, 0, 0, 1, 1, 1, 2, 2, 2}));
}

TEST(Scheduler, UnwindsTasksWhileTheMainContextUnwinds) {
    int unwound = 0;
    struct Count {
        int& count;
        ~Count() { ++count; }
    };
    int in_flight_in_task = -1;
    EXPECT_THROW(
        {
            Simulation simulation({.seed = 1});
            Node& node = started_node(simulation, "a");
            node.spawn("sleeps", [&] {
                const Count count{unwound};
                node.sleep_for(1h);
            });
            node.spawn("looks", [&] {
                in_flight_in_task = std::uncaught_exceptions();
                node.sleep_for(1h);
            });
            simulation.run_until(Time(1s));
            throw std::runtime_error("the test's own");
        },
        std::runtime_error);
    EXPECT_EQ(unwound, 1);
    EXPECT_EQ(in_flight_in_task, 0);
    EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TEST(Scheduler, LetsATaskUnwindForAnAssertionOfItsOwnPastDestructorsThatWait) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    struct Waits {
        Node& node;
        ~Waits() { node.sleep_for(1h); }
    };
    node.spawn("fails", [&] {
        const Waits waits{node};
        ASSERT(false, "the task's own");
    });
    EXPECT_EQ(failure_of([&] { simulation.run_until(Time(1s)); }), "the task's own");
    EXPECT_EQ(simulation.now(), Time{});
}

// ---- stacks ----

TEST(Scheduler, GivesAllStacksBackAtTheEndOfASimulation) {
    const auto run_once = [](std::uint64_t seed) {
        Simulation simulation({.seed = seed});
        for (const char* const name : {"a", "b"}) {
            Node& node = started_node(simulation, name);
            for (int i = 0; i < 10; ++i) {
                node.spawn("task", [&node] {
                    for (;;) node.sleep_for(1ms);
                });
            }
        }
        simulation.control_at(Time(3ms),
                              [&] { simulation.node(NodeId{1}).stop(StopReason::crash); });
        simulation.run_until(Time(5ms));
    };
    run_once(0);
    const Scheduler::Stacks before = Scheduler::stacks_of_this_thread();
    EXPECT_EQ(before.in_use, 0u);
    for (std::uint64_t seed = 0; seed < 2000; ++seed) run_once(seed);
    const Scheduler::Stacks after = Scheduler::stacks_of_this_thread();
    EXPECT_EQ(after.in_use, 0u);
    EXPECT_EQ(after.mapped, before.mapped);
}

TEST(Scheduler, ReusesTheFiberOfATaskThatEnded) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    std::size_t in_use = 0;
    node.spawn("spawns", [&] {
        for (int i = 0; i < 1000; ++i) {
            node.spawn("short", [] {});
            node.sleep_for(1ms);
        }
        in_use = Scheduler::stacks_of_this_thread().in_use;
    });
    simulation.run_until(Time(10s));
    EXPECT_EQ(in_use, 2u);
}

TEST(StackPool, HandsOutTheStackThatCameBackLast) {
    StackPool pool;
    const StackPool::Stack first = pool.take();
    const StackPool::Stack second = pool.take();
    EXPECT_NE(first.bottom, second.bottom);
    pool.give_back(first);
    pool.give_back(second);
    EXPECT_EQ(pool.in_use(), 0u);
    EXPECT_EQ(pool.take().bottom, second.bottom);
    EXPECT_EQ(pool.mapped(), 2u);
}

// Reads the guard page, as an overflow would touch it.
TEST(StackPoolDeathTest, GuardsTheLowEndOfAStack) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    StackPool pool;
    const StackPool::Stack stack = pool.take();
    volatile char* const below = static_cast<char*>(stack.bottom) - 1;
    EXPECT_DEATH(*below = 1, "");
    *(below + 1) = 1;
}

}  // namespace
}  // namespace squall::sim
