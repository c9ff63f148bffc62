#include "sim/kernel/simulation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/kernel/wait.h"

namespace squall::sim {
namespace {

Node& started_node(Simulation& simulation, std::string name) {
    Node& node = simulation.add_node({.name = std::move(name)});
    node.start();
    return node;
}

TEST(Simulation, AdvancesVirtualTimeOverSleepsAndToTheEndOfTheRun) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    std::vector<std::int64_t> seen;
    node.spawn("sleeper", [&] {
        for (int i = 0; i < 3; ++i) {
            node.sleep_for(10ms);
            seen.push_back(simulation.now().ms());
        }
    });
    simulation.run_until(Time(25ms));
    EXPECT_EQ(seen, (std::vector<std::int64_t>{10, 20}));
    EXPECT_EQ(simulation.now(), Time(25ms));
    simulation.run_until(Time(1h));
    EXPECT_EQ(seen, (std::vector<std::int64_t>{10, 20, 30}));
    EXPECT_EQ(simulation.now(), Time(1h));
}

TEST(Simulation, CrashUnwindsTasks) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    int unwound = 0;
    struct Count {
        int& n;
        ~Count() { ++n; }
    };
    for (int i = 0; i < 5; ++i) {
        node.spawn("sleeper", [&] {
            const Count count{unwound};
            node.sleep_until(LocalTime::max());
        });
    }
    simulation.control_at(Time(1s), [&] { node.stop(StopReason::crash); });
    simulation.run_until(Time(2s));
    EXPECT_EQ(unwound, 5);
}

TEST(Simulation, AssertionFailureOfATaskSurfaces) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    node.spawn("bad", [&] { ASSERT(1 == 2, "no"); });
    EXPECT_THROW(simulation.run_until(Time(2s)), AssertionFailure);
}

TEST(Simulation, Wait) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "a");
    Mailbox<int> box(node);
    std::vector<int> got;
    node.spawn("reader", [&] {
        while (got.size() < 3) got.push_back(box.pop());
    });
    node.spawn("writer", [&] {
        for (int i = 0; i < 3; ++i) {
            box.push(i);
            node.sleep_for(1ms);
        }
    });
    simulation.run_until(Time(2s));
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2}));
}

}  // namespace
}  // namespace squall::sim
