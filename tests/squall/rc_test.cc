// Storms that RapidCheck draws: a property takes one, and a counterexample shrinks to what it
// takes.
#include "squall/rc.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>

#include "squall/run.h"

namespace {

using namespace std::chrono_literals;

// Every task that was accepted is done, but for those who commit first and die in the middle of it.
squall::Pipeline worker(bool commits_first) {
    using Done = std::set<std::string>;
    const auto sender = [](squall::Client& client) {
        squall::Producer& producer = client.producer();
        while (!client.is_calm()) {
            client.sleep(200ms);
            const std::string task = std::to_string(client.database<int>("next")++);
            producer.send({.topic = "tasks", .key = task, .value = task},
                          [&client, task](const squall::Answer& answer) {
                              if (answer.ok()) client.database<Done>("asked").insert(task);
                          });
        }
        producer.flush();
    };
    const auto doer = [commits_first](squall::Client& client) {
        squall::Consumer& consumer = client.consumer("doer");
        consumer.subscribe({"tasks"});
        for (;;) {
            const auto tasks = consumer.poll();
            if (commits_first) consumer.commit();
            for (const squall::Received& task : tasks) {
                client.sleep(100ms);
                client.database<Done>("done").insert(*task.key);
            }
            if (!commits_first) consumer.commit();
        }
    };
    return {.topics = {{.name = "tasks"}},
            .applications = {{"sender", sender}, {"doer", doer}},
            .groups = {"doer"}};
}

bool does_all(const squall::Outcome& outcome) {
    using Done = std::set<std::string>;
    return std::ranges::includes(outcome.database<Done>("done"), outcome.database<Done>("asked"));
}

RC_GTEST_PROP(Storms, AreRunnable, (squall::rc::Storm storm)) {
    RC_ASSERT(storm.faults.size() <= 5u);
    for (const squall::Fault& fault : storm.faults) {
        RC_ASSERT(fault.at >= 3s);
        RC_ASSERT(fault.at < storm.lasts);
        const bool loses_data = fault.kind == "power-loss" || fault.kind == "die-at-write";
        RC_ASSERT(!loses_data || fault.target == "b1");
    }
}

// As RC_GTEST_PROP, of a few cases only, and always the same ones.
template <class Property>
rc::detail::TestResult check(Property property, std::uint64_t seed, int cases) {
    rc::detail::TestParams params;
    params.seed = seed;
    params.maxSuccess = cases;
    return rc::detail::checkTestable(std::move(property), rc::detail::TestMetadata{}, params);
}

std::string text_of(const rc::detail::TestResult& result) {
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    return text.str();
}

TEST(Storms, AWorkerWithoutABugHoldsOut) {
    const auto result = check(
        [](squall::rc::Storm storm) {
            const squall::Outcome outcome = squall::run(worker(false), storm);
            RC_LOG() << outcome;
            RC_ASSERT(outcome.holds());
            RC_ASSERT(does_all(outcome));
        },
        1, 10);
    EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << text_of(result);
}

// What is left of the storm is what it takes: the death of the worker.
TEST(Storms, ShrinkToWhatItTakes) {
    squall::rc::Storm last;
    const auto result = check(
        [&](squall::rc::Storm storm) {
            const squall::Outcome outcome = squall::run(worker(true), storm);
            if (!does_all(outcome)) last = storm;
            RC_ASSERT(does_all(outcome));
        },
        1, 30);
    ASSERT_TRUE(result.is<rc::detail::FailureResult>()) << text_of(result);
    // The last that failed is the smallest.
    ASSERT_EQ(last.faults.size(), 1u) << text_of(result);
    EXPECT_TRUE(last.conditions.empty());
    const std::string& target = last.faults.front().target;
    EXPECT_TRUE(target.starts_with("application(#")) << target;
}

}  // namespace
