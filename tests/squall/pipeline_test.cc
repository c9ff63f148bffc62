// What people write who test applications of their own (docs/TESTING.md): pipelines, storms, and
// what is asked afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "squall/run.h"

namespace {

using namespace std::chrono_literals;
using squall::Client;
using squall::Outcome;
using squall::Pipeline;
using squall::Storm;

// What the shop was told of its orders, and which the billing has written down.
using Orders = std::map<std::string, int>;

void shop(Client& client) {
    squall::Producer& producer = client.producer();
    auto& next = client.database<int>("next order");
    auto& acknowledged = client.database<Orders>("acknowledged");
    while (!client.is_calm()) {
        client.sleep(std::chrono::milliseconds(50 + client.draw(100)));
        const std::string order = "order-" + std::to_string(next++);
        producer.send({.topic = "orders", .key = order, .value = "one of everything"},
                      [&acknowledged, order](const squall::Answer& answer) {
                          if (answer.ok()) ++acknowledged[order];
                      });
    }
    producer.flush();
}

void billing(Client& client) {
    squall::Consumer& consumer = client.consumer("billing");
    auto& bills = client.database<Orders>("bills");
    consumer.subscribe({"orders"});
    while (!client.is_stopping()) {
        for (const squall::Received& order : consumer.poll()) {
            client.sleep(2ms);
            ++bills[order.key.value()];
            consumer.handled(order);
        }
        consumer.commit();
    }
    consumer.close();
}

Pipeline shop_and_billing() {
    return {.topics = {{.name = "orders", .partitions = 2}},
            .applications = {{"shop", shop}, {"billing", billing}},
            .groups = {"billing"}};
}

bool bills_all(const Outcome& outcome) {
    const auto& bills = outcome.database<Orders>("bills");
    return std::ranges::all_of(outcome.database<Orders>("acknowledged"),
                               [&](const auto& order) { return bills.contains(order.first); });
}

TEST(Pipeline, WorksInACalmWorld) {
    const Outcome outcome = squall::run(shop_and_billing(), {.seed = 1});
    EXPECT_EQ(outcome.verdict, "pass") << outcome;
    EXPECT_GT(outcome.database<Orders>("acknowledged").size(), 100u);
    EXPECT_TRUE(bills_all(outcome));
    EXPECT_GT(outcome.judgement("lost-write").judged, 100u);
    EXPECT_GT(outcome.judgement("delivery").judged, 100u);
    EXPECT_EQ(outcome.judgement("delivery").verdict, "pass");
    EXPECT_GT(outcome.counts.at("RecordHandled"), 100u);
}

// Everybody dies once, and the applications are started again with what their database kept.
TEST(Pipeline, SurvivesWhatItsStormBrings) {
    const Storm storm{
        .seed = 2,
        .faults = {{.kind = "crash", .target = "leader(#0)", .at = 6s, .lasts = 4s},
                   {.kind = "crash", .target = "application(#0)", .at = 8s, .lasts = 1s},
                   {.kind = "crash", .target = "billing", .at = 9s, .lasts = 2s},
                   {.kind = "restart", .target = "application(#1)", .at = 14s, .lasts = 1s},
                   {.kind = "pause", .target = "coordinator(#0)", .at = 15s, .lasts = 2s}}};
    const Outcome outcome = squall::run(shop_and_billing(), storm);
    EXPECT_TRUE(outcome.holds()) << outcome;
    ASSERT_EQ(outcome.faults.size(), storm.faults.size());
    for (const squall::StruckFault& fault : outcome.faults) {
        EXPECT_FALSE(fault.effects.empty()) << fault.kind << " " << fault.target;
    }
    EXPECT_TRUE(bills_all(outcome));
    EXPECT_EQ(squall::run(shop_and_billing(), storm).hash, outcome.hash) << "a run is pure";
}

// Commits what it has not done yet: a crash in between, and the order is never billed. The log of
// Kafka is fine, so no checker can know; the database does.
void hasty_billing(Client& client) {
    squall::Consumer& consumer = client.consumer("billing");
    auto& bills = client.database<Orders>("bills");
    consumer.subscribe({"orders"});
    for (;;) {
        const auto orders = consumer.poll();
        consumer.commit();
        for (const squall::Received& order : orders) {
            client.sleep(100ms);
            ++bills[order.key.value()];
        }
    }
}

TEST(Pipeline, ThatForgetsIsFoundOut) {
    Pipeline pipeline = shop_and_billing();
    pipeline.applications.at(1).main = hasty_billing;
    const Outcome calm = squall::run(pipeline, {.seed = 3});
    EXPECT_TRUE(bills_all(calm));
    const Outcome outcome = squall::run(
        pipeline,
        {.seed = 3, .faults = {{.kind = "crash", .target = "billing", .at = 10s, .lasts = 1s}}});
    EXPECT_FALSE(bills_all(outcome));
}

TEST(Pipeline, CopiesInTransactions) {
    const auto copier = [](Client& client) {
        squall::Consumer& consumer =
            client.consumer("copier", {{"isolation.level", "read_committed"}});
        squall::Producer& producer = client.producer({{"transactional.id", "copier"}});
        consumer.subscribe({"orders"});
        while (!producer.init_transactions().ok()) client.sleep(500ms);
        for (;;) {
            const auto batch = consumer.poll();
            if (batch.empty()) continue;
            producer.begin_transaction();
            for (const squall::Received& order : batch) {
                producer.send({.topic = "copies", .key = order.key, .value = order.value});
            }
            producer.send_offsets_to_transaction(consumer);
            squall::Answer answer = producer.commit_transaction();
            while (!answer.ok() && !answer.must_abort && !answer.is_fatal) {
                client.sleep(500ms);
                answer = producer.commit_transaction();
            }
            if (answer.ok()) {
                client.database<int>("copied") += static_cast<int>(batch.size());
                continue;
            }
            // Its successor goes on from what was committed.
            if (answer.is_fatal || !producer.abort_transaction().ok()) {
                throw std::runtime_error(answer.error);
            }
            consumer.rewind(batch);
        }
    };
    Pipeline pipeline{.topics = {{.name = "orders"}, {.name = "copies"}},
                      .applications = {{"shop", shop}, {"copier", copier}},
                      .groups = {"copier"},
                      .consumer = {{"isolation.level", "read_committed"}}};
    const Outcome outcome = squall::run(
        pipeline,
        {.seed = 4, .faults = {{.kind = "crash", .target = "leader(copies-0)", .at = 9s}}});
    EXPECT_TRUE(outcome.holds()) << outcome;
    EXPECT_GT(outcome.judgement("atomicity").judged, 0u);
    EXPECT_EQ(outcome.database<int>("copied"),
              static_cast<int>(outcome.database<Orders>("acknowledged").size()));
}

TEST(Pipeline, ThatThrowsFails) {
    const Pipeline pipeline{
        .topics = {{.name = "orders"}},
        .applications = {{"shop", shop}, {"clerk", [](Client& client) {
                                              client.sleep(1s);
                                              throw std::runtime_error("no such order");
                                          }}}};
    const Outcome outcome = squall::run(pipeline, {.seed = 5});
    EXPECT_FALSE(outcome.holds());
    ASSERT_EQ(outcome.thrown.size(), 1u);
    EXPECT_EQ(outcome.thrown.front(), "clerk: no such order");
    EXPECT_NE(outcome.why.find("clerk: no such order"), std::string::npos) << outcome.why;
}

TEST(Pipeline, RefusesASettingThatKafkaDoesNotKnow) {
    Pipeline pipeline{.topics = {{.name = "orders"}},
                      .applications = {{"shop", [](Client& client) {
                                            client.producer({{"linger", "5"}});
                                        }}}};
    const Outcome outcome = squall::run(pipeline, {.seed = 1});
    ASSERT_EQ(outcome.thrown.size(), 1u);
    EXPECT_NE(outcome.thrown.front().find("unknown setting 'linger'"), std::string::npos)
        << outcome.thrown.front();
}

// Said before anything runs, with what is wrong.
std::string refusal(const Pipeline& pipeline, const Storm& storm) {
    try {
        squall::run(pipeline, storm);
    } catch (const squall::BadScenario& refused) {
        return refused.what();
    }
    return "ran";
}

TEST(BadScenario, NamesWhatIsWrong) {
    const auto fault = [](std::string kind, std::string target) {
        return Storm{.faults = {{.kind = std::move(kind), .target = std::move(target)}}};
    };
    const Pipeline pipeline = shop_and_billing();
    const auto names = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    EXPECT_PRED2(names, refusal(pipeline, fault("earthquake", "b1")), "unknown fault 'earthquake'");
    EXPECT_PRED2(names, refusal(pipeline, fault("crash", "b9")), "there is no node 'b9'");
    EXPECT_PRED2(names, refusal(pipeline, fault("crash", "mayor(#1)")), "mayor");
    EXPECT_PRED2(names, refusal(pipeline, {.conditions = {{"network.latncy", "\"1ms\""}}}),
                 "latncy");
    Pipeline twice = pipeline;
    twice.applications.push_back(twice.applications.front());
    EXPECT_PRED2(names, refusal(twice, {}), "there is a machine 'shop' already");
    Pipeline wrong = pipeline;
    wrong.producer["linger.ms"] = "soon";
    EXPECT_PRED2(names, refusal(wrong, {}), "linger.ms");
    Pipeline empty = pipeline;
    empty.applications.push_back({"nobody", nullptr});
    EXPECT_PRED2(names, refusal(empty, {}), "nobody");
}

TEST(Database, KeepsOneTypeForAName) {
    squall::Database database;
    ++database.at<int>("count");
    EXPECT_EQ(database.at<int>("count"), 1);
    EXPECT_THROW(database.at<std::string>("count"), std::logic_error);
}

}  // namespace
