// Producer, consumer and admin client over the simulated network, against one fake broker. What is
// asserted is what they emit and what the broker saw.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "model/client/admin.h"
#include "model/client/consumer.h"
#include "model/client/partitioner.h"
#include "model/client/producer.h"
#include "tests/model/client/fake_broker.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

// An application: whatever a test makes it do, in one task.
class Application final : public sim::Process {
  public:
    using Body = std::function<void(Application&)>;
    Application(sim::Node& application_node, Fabric application_fabric, Body body)
        : node(application_node), fabric(application_fabric), body_(std::move(body)) {
        node.spawn("application", [this] { body_(*this); });
    }

    Producer& producer(ProducerOptions options = {}) {
        options.client.client_id = "orders";
        producer_ =
            std::make_unique<Producer>(node, fabric, std::vector<std::string>{"b1"}, options);
        return *producer_;
    }
    Consumer& consumer(ConsumerOptions options = {}, const BugSet* bugs = nullptr) {
        options.client.client_id = "payment";
        if (options.group_id.empty()) options.group_id = "payment";
        consumer_ =
            std::make_unique<Consumer>(node, fabric, std::vector<std::string>{"b1"}, options, bugs);
        return *consumer_;
    }
    AdminClient& admin() {
        AdminOptions options;
        options.client.client_id = "admin";
        admin_ =
            std::make_unique<AdminClient>(node, fabric, std::vector<std::string>{"b1"}, options);
        return *admin_;
    }

    sim::Node& node;
    Fabric fabric;

  private:
    Body body_;
    std::unique_ptr<Producer> producer_;
    std::unique_ptr<Consumer> consumer_;
    std::unique_ptr<AdminClient> admin_;
};

class ClientTest : public testing::TestWithParam<CodecMode> {
  protected:
    ClientTest() : fabric{.network = network, .codec = GetParam()} {
        broker = &simulation.add_node({.name = "b1", .factory = [this](sim::Node& node) {
                                           return std::make_unique<FakeBroker>(node, fabric, state);
                                       }});
        network.attach(*broker);
        state.topics["orders"] = 3;
        simulation.trace().observe([this](const sim::Event& event) { observe(event); });
    }
    ~ClientTest() override { simulation.finish(); }

    void observe(const sim::Event& event) {
        if (const auto* e = event.as<SendCompleted>()) sends.push_back(*e);
        if (const auto* e = event.as<ProduceRetried>()) retries.push_back(*e);
        if (const auto* e = event.as<RecordsPolled>()) {
            polled.push_back(*e);
            positions[e->partition] = e->next_position;
            for (const auto& record : e->records) order.push_back(record.key);
        }
        if (const auto* e = event.as<AssignmentChanged>()) {
            changes.push_back(std::string(to_string(e->change)));
        }
        if (const auto* e = event.as<CommitInvoked>()) {
            commits.push_back(*e);
            for (const auto& [partition, offset] : e->offsets) {
                if (e->automatic && handled[partition] != offset) ++commits_beyond_handled;
            }
        }
        if (const auto* e = event.as<CommitCompleted>()) commits_completed.push_back(*e);
        if (const auto* e = event.as<AdminCompleted>()) admin_completed.push_back(*e);
    }

    // Boots the broker and the application, and lets them run.
    void run(Application::Body body, Duration time = 60s) {
        broker->start();
        sim::Node& node = simulation.add_node(
            {.name = "app", .factory = [this, body](sim::Node& process_node) {
                 return std::make_unique<Application>(process_node, fabric, body);
             }});
        network.attach(node);
        node.start();
        simulation.run_until(simulation.now() + time);
    }

    static ProducerRecord record(std::string key, std::string value = "v") {
        ProducerRecord made;
        made.topic = "orders";
        made.key = to_bytes(key);
        made.value = to_bytes(value);
        return made;
    }
    static ConsumerOptions earliest() {
        ConsumerOptions options;
        options.auto_offset_reset = "earliest";
        return options;
    }
    void fill(int records) {
        for (int i = 0; i < records; ++i) {
            auto& log = state.logs[{.topic = "orders", .partition = i % 3}];
            BatchBuilder builder;
            builder.append(1, as_bytes("k" + std::to_string(i)), as_bytes("v"));
            Bytes batch = builder.finish();
            stamp_batch(batch, log.end, LeaderEpoch{0});
            ++log.end;
            log.batches.push_back(std::move(batch));
        }
    }

    sim::Simulation simulation{{.seed = 7}};
    sim::Network network{simulation, {}};
    Fabric fabric;
    FakeBrokerState state;
    sim::Node* broker = nullptr;

    std::vector<SendCompleted> sends;
    std::vector<ProduceRetried> retries;
    std::vector<RecordsPolled> polled;
    std::map<TopicPartition, Offset> positions;  // by what was polled
    std::vector<std::string> order;              // keys, as polled
    std::vector<std::string> changes;
    std::vector<CommitInvoked> commits;
    std::map<TopicPartition, Offset> handled;  // what a test's application has finished
    int commits_beyond_handled = 0;            // automatic ones
    std::vector<CommitCompleted> commits_completed;
    std::vector<AdminCompleted> admin_completed;
};

INSTANTIATE_TEST_SUITE_P(Codec, ClientTest, testing::Values(CodecMode::move, CodecMode::roundtrip),
                         [](const auto& instance) {
                             return instance.param == CodecMode::move ? "Move" : "Roundtrip";
                         });

// ---- producer ----

TEST_P(ClientTest, AProducerDeliversByKeyAndTellsTheOffset) {
    std::vector<SendResult> results;
    run([&](Application& app) {
        Producer& producer = app.producer();
        for (int i = 0; i < 20; ++i) {
            producer.send(record("c" + std::to_string(i)),
                          [&](const SendResult& result) { results.push_back(result); });
        }
        producer.flush();
        producer.close();
    });
    ASSERT_EQ(sends.size(), 20u);
    ASSERT_EQ(results.size(), 20u);
    std::map<TopicPartition, std::int64_t> counts;
    for (const SendCompleted& send : sends) {
        EXPECT_EQ(send.outcome, Outcome::ok);
        EXPECT_GE(send.offset, Offset{0});
        ++counts[send.partition];
    }
    for (const auto& [partition, count] : counts) {
        EXPECT_EQ(state.logs.at(partition).end, Offset{count});
    }
    const std::int32_t expected = partition_for_key(as_bytes("c0"), 3);
    EXPECT_TRUE(std::ranges::any_of(
        sends, [&](const SendCompleted& send) { return send.partition.partition == expected; }));
    EXPECT_LE(state.produce_requests, 3) << "records of one partition travel together";
}

TEST_P(ClientTest, AProducerRetriesAndSaysWhy) {
    int refusals = 1;
    state.on_produce = [&]() -> std::optional<ErrorCode> {
        if (refusals-- > 0) return ErrorCode::not_enough_replicas;
        return std::nullopt;
    };
    run([&](Application& app) { app.producer().send_and_wait(record("a")); });
    ASSERT_EQ(sends.size(), 1u);
    EXPECT_EQ(sends[0].outcome, Outcome::ok);
    EXPECT_EQ(sends[0].attempts, 2u);
    ASSERT_EQ(retries.size(), 1u);
    EXPECT_EQ(retries[0].error, "NOT_ENOUGH_REPLICAS");
}

TEST_P(ClientTest, AProducerThatGotNoAnswerDoesNotClaimFailure) {
    state.is_silent_about_produce = true;
    run([&](Application& app) { app.producer().send_and_wait(record("a")); }, 200s);
    ASSERT_EQ(sends.size(), 1u);
    EXPECT_EQ(sends[0].outcome, Outcome::unknown);
    EXPECT_EQ(sends[0].error, "delivery timeout");
    EXPECT_GE(sends[0].attempts, 3u);
    EXPECT_EQ(retries.at(0).error, "timed_out");
}

TEST_P(ClientTest, AProducerKnowsThatNothingIsThereWhenItWasRefusedEveryTime) {
    state.on_produce = [] { return ErrorCode::not_enough_replicas; };
    run([&](Application& app) { app.producer().send_and_wait(record("a")); }, 200s);
    ASSERT_EQ(sends.size(), 1u);
    EXPECT_EQ(sends[0].outcome, Outcome::failed);
}

TEST_P(ClientTest, ASendToAnUnknownTopicFailsAfterMaxBlock) {
    state.topics.clear();
    Duration took{};
    run(
        [&](Application& app) {
            const LocalTime begin = app.node.now();
            app.producer().send_and_wait(record("a"));
            took = app.node.now() - begin;
        },
        100s);
    ASSERT_EQ(sends.size(), 1u);
    EXPECT_EQ(sends[0].outcome, Outcome::failed);
    EXPECT_EQ(sends[0].partition.partition, -1);
    EXPECT_EQ(took, Duration(60s));
}

TEST_P(ClientTest, AProducerWithoutAcksHearsNothingAndCallsItOk) {
    run([&](Application& app) {
        ProducerOptions options;
        options.acks = 0;
        Producer& producer = app.producer(options);
        producer.send_and_wait(record("a"));
        producer.send_and_wait(record("b"));
    });
    ASSERT_EQ(sends.size(), 2u);
    EXPECT_EQ(sends[1].outcome, Outcome::ok);
    EXPECT_EQ(sends[1].offset, no_offset);
    EXPECT_EQ(state.produce_requests, 2);
}

TEST_P(ClientTest, AProducerRidesOutARestartOfTheBroker) {
    simulation.control_at(Time(2s), [&] { broker->stop(sim::StopReason::crash); });
    simulation.control_at(Time(8s), [&] { broker->start(); });
    run([&](Application& app) {
        Producer& producer = app.producer();
        for (int i = 0; i < 100; ++i) {
            producer.send(record("c" + std::to_string(i)));
            app.node.sleep_for(100ms);
        }
        producer.close();
    });
    ASSERT_EQ(sends.size(), 100u);
    for (const SendCompleted& send : sends) EXPECT_EQ(send.outcome, Outcome::ok);
}

// ---- consumer ----

TEST_P(ClientTest, AGroupConsumerReadsEachPartitionInOrder) {
    fill(30);
    run([&](Application& app) {
        Consumer& consumer = app.consumer(earliest());
        consumer.subscribe({"orders"});
        while (order.size() < 30) static_cast<void>(consumer.poll(1s));
        consumer.close();
    });
    EXPECT_EQ(order.size(), 30u);
    for (const RecordsPolled& poll : polled) {
        EXPECT_EQ(poll.member_id, "member-1");
        EXPECT_EQ(poll.generation, GenerationId{1});
        ASSERT_FALSE(poll.records.empty());
        EXPECT_EQ(poll.position, poll.records.front().offset);
        EXPECT_EQ(poll.next_position, poll.records.back().offset.next());
    }
    EXPECT_EQ(changes, (std::vector<std::string>{"assigned", "revoked"}));
    EXPECT_EQ(state.leaves, 1);
    for (std::int32_t i = 0; i < 3; ++i) {
        EXPECT_EQ((state.committed.at({.topic = "orders", .partition = i})), Offset{10});
    }
}

TEST_P(ClientTest, ReturnsAtMostMaxPollRecords) {
    fill(30);
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.max_poll_records = 4;
        Consumer& consumer = app.consumer(options);
        consumer.subscribe({"orders"});
        std::size_t last = 0;
        std::size_t most = 0;
        while (order.size() < 30) {
            static_cast<void>(consumer.poll(1s));
            most = std::max(most, order.size() - last);
            last = order.size();
        }
        if (most != 4) order.clear();
    });
    EXPECT_EQ(order.size(), 30u);
}

TEST_P(ClientTest, AutoCommitTakesThePositionsOfEarlierPolls) {
    fill(30);
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.max_poll_records = 2;
        Consumer& consumer = app.consumer(options);
        consumer.subscribe({"orders"});
        for (int i = 0; i < 30; ++i) {
            static_cast<void>(consumer.poll(100ms));
            app.node.sleep_for(900ms);
            handled = positions;
        }
    });
    ASSERT_GE(commits.size(), 3u);
    for (const CommitInvoked& commit : commits) EXPECT_TRUE(commit.automatic);
    // The records of the running poll are not among them.
    EXPECT_EQ(commits_beyond_handled, 0);
}

TEST_P(ClientTest, AutoCommitRunsAheadOfTheApplicationIfTheBugIsArmed) {
    fill(30);
    BugSet bugs;
    bugs.arm(Bug::z75_auto_commit_of_running_poll);
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.max_poll_records = 2;
        Consumer& consumer = app.consumer(options, &bugs);
        consumer.subscribe(std::vector<std::string>{"orders"});
        for (int i = 0; i < 15; ++i) {
            static_cast<void>(consumer.poll(100ms));
            app.node.sleep_for(900ms);
            handled = positions;
        }
    });
    EXPECT_GT(commits_beyond_handled, 0);
    EXPECT_GT(bugs.hits(Bug::z75_auto_commit_of_running_poll), 0u);
}

TEST_P(ClientTest, ARebalanceCommitsThenRevokesThenAssignsAndSkipsNothing) {
    fill(9);
    simulation.control_at(Time(10s), [&] {
        state.is_rebalancing = true;
        fill(9);
    });
    simulation.control_at(Time(30s), [&] { fill(9); });
    std::vector<std::string> callbacks;
    run([&](Application& app) {
        Consumer& consumer = app.consumer(earliest());
        consumer.subscribe({"orders"}, {.assigned = [&](const auto&) { callbacks.push_back("+"); },
                                        .revoked = [&](const auto&) { callbacks.push_back("-"); },
                                        .lost = [&](const auto&) { callbacks.push_back("!"); }});
        while (true) static_cast<void>(consumer.poll(1s));
    });
    EXPECT_EQ(callbacks, (std::vector<std::string>{"+", "-", "+"}));
    EXPECT_EQ(order.size(), 27u) << "nothing twice, nothing left out";
    EXPECT_EQ(polled.back().generation, GenerationId{2});
}

TEST_P(ClientTest, AForgottenMemberLosesItsPartitionsAndJoinsAnew) {
    fill(9);
    simulation.control_at(Time(10s), [&] { state.member_id = "somebody else"; });
    run([&](Application& app) {
        Consumer& consumer = app.consumer(earliest());
        consumer.subscribe({"orders"});
        while (true) static_cast<void>(consumer.poll(1s));
    });
    EXPECT_EQ(changes, (std::vector<std::string>{"assigned", "lost", "assigned"}));
    EXPECT_EQ(state.member_id, "member-2");
}

TEST_P(ClientTest, AMemberThatDoesNotPollLeavesTheGroup) {
    fill(9);
    run(
        [&](Application& app) {
            ConsumerOptions options = earliest();
            options.max_poll_interval = 10s;
            Consumer& consumer = app.consumer(options);
            consumer.subscribe({"orders"});
            static_cast<void>(consumer.poll(5s));
            app.node.sleep_for(30s);
            static_cast<void>(consumer.poll(5s));
        },
        38s);
    EXPECT_EQ(state.leaves, 1);
    EXPECT_EQ(changes, (std::vector<std::string>{"assigned", "lost", "assigned"}));
}

TEST_P(ClientTest, ACommitWithoutAnAnswerIsUnknown) {
    fill(3);
    CommitResult result;
    run(
        [&](Application& app) {
            ConsumerOptions options = earliest();
            options.enable_auto_commit = false;
            Consumer& consumer = app.consumer(options);
            consumer.subscribe({"orders"});
            static_cast<void>(consumer.poll(5s));
            state.is_silent_about_commits = true;
            result = consumer.commit_sync();
        },
        100s);
    EXPECT_EQ(result.outcome, Outcome::unknown);
    ASSERT_EQ(commits_completed.size(), 1u);
    EXPECT_EQ(commits_completed[0].outcome, Outcome::unknown);
}

TEST_P(ClientTest, ACommitOfAnOldGenerationFailsForCertain) {
    fill(3);
    CommitResult result;
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.enable_auto_commit = false;
        Consumer& consumer = app.consumer(options);
        consumer.subscribe({"orders"});
        static_cast<void>(consumer.poll(5s));
        ++state.generation;
        result = consumer.commit_sync();
    });
    EXPECT_EQ(result.outcome, Outcome::failed);
    EXPECT_EQ(result.error, "ILLEGAL_GENERATION");
}

TEST_P(ClientTest, AsynchronousCommitsEndInTheirOrder) {
    fill(3);
    std::vector<int> ended;
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.enable_auto_commit = false;
        Consumer& consumer = app.consumer(options);
        consumer.subscribe({"orders"});
        static_cast<void>(consumer.poll(5s));
        for (int i = 0; i < 5; ++i) {
            consumer.commit_async([&ended, i](const CommitResult&) { ended.push_back(i); });
        }
        static_cast<void>(consumer.poll(1s));
    });
    EXPECT_EQ(ended, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_P(ClientTest, AnAssignedConsumerSeeksAndPauses) {
    fill(9);
    const TopicPartition p0{.topic = "orders", .partition = 0};
    const TopicPartition p1{.topic = "orders", .partition = 1};
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.enable_auto_commit = false;
        Consumer& consumer = app.consumer(options);
        consumer.assign({p0, p1});
        consumer.seek(p0, Offset{2});
        consumer.pause({p1});
        while (consumer.poll(1s)->empty()) {
        }
        consumer.resume({p1});
        static_cast<void>(consumer.poll(1s));
        static_cast<void>(consumer.poll(1s));
    });
    ASSERT_GE(polled.size(), 2u);
    EXPECT_EQ(polled[0].partition, p0);
    EXPECT_EQ(polled[0].position, Offset{2});
    EXPECT_EQ(polled[1].partition, p1);
    EXPECT_EQ(order, (std::vector<std::string>{"k6", "k1", "k4", "k7"}));
}

TEST_P(ClientTest, ResetsToTheEndByDefault) {
    fill(9);
    simulation.control_at(Time(20s), [&] { fill(3); });
    run([&](Application& app) {
        Consumer& consumer = app.consumer();
        consumer.subscribe({"orders"});
        while (true) static_cast<void>(consumer.poll(1s));
    });
    EXPECT_EQ(order.size(), 3u);
    EXPECT_EQ(polled.front().position, Offset{3});
}

TEST_P(ClientTest, SaysThatThereIsNoOffsetToStartFrom) {
    std::string problem;
    run([&](Application& app) {
        ConsumerOptions options;
        options.auto_offset_reset = "none";
        Consumer& consumer = app.consumer(options);
        consumer.subscribe({"orders"});
        const auto records = consumer.poll(10s);
        if (!records) problem = records.error().detail;
    });
    EXPECT_NE(problem.find("auto.offset.reset is none"), std::string::npos) << problem;
}

TEST_P(ClientTest, ACooperativeMemberReadsOnThroughARebalance) {
    fill(9);
    simulation.control_at(Time(10s), [&] {
        state.is_rebalancing = true;
        fill(9);
    });
    std::vector<std::string> callbacks;
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.partition_assignment_strategy = {"cooperative-sticky"};
        Consumer& consumer = app.consumer(options);
        const auto say = [&](std::string what) {
            return [&callbacks, what](const std::vector<TopicPartition>& partitions) {
                callbacks.push_back(what + std::to_string(partitions.size()));
            };
        };
        consumer.subscribe(std::vector<std::string>{"orders"},
                           {.assigned = say("assigned "), .revoked = say("revoked ")});
        while (app.node.now() < LocalTime(40s)) static_cast<void>(consumer.poll(1s));
    });
    EXPECT_EQ(order.size(), 18u);
    EXPECT_EQ(state.joins, 3) << "one to be named, one to join, one to join again";
    EXPECT_EQ(callbacks, (std::vector<std::string>{"assigned 3", "assigned 0"}));
}

TEST_P(ClientTest, APatternFollowsTheTopicsThatThereAre) {
    fill(3);
    simulation.control_at(Time(10s), [&] { state.topics["orders-dlt"] = 1; });
    std::vector<TopicPartition> last;
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.client.metadata_max_age = 5s;
        Consumer& consumer = app.consumer(options);
        consumer.subscribe(TopicPattern::parse("orders.*").value());
        while (app.node.now() < LocalTime(40s)) static_cast<void>(consumer.poll(1s));
        last = consumer.assignment();
    });
    EXPECT_EQ(order.size(), 3u);
    EXPECT_EQ(last.size(), 4u);
}

TEST_P(ClientTest, AWakeupEndsAPollEarly) {
    std::optional<Error> end;
    LocalTime ended;
    bool polls_on = false;
    run([&](Application& app) {
        Consumer& consumer = app.consumer(earliest());
        consumer.subscribe(std::vector<std::string>{"orders"});
        app.node.spawn("waker", [&] {
            app.node.sleep_for(20s);
            consumer.wakeup();
        });
        const auto records = consumer.poll(50s);
        if (!records) end = records.error();
        ended = app.node.now();
        polls_on = consumer.poll(1s).ok();
    });
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->failure, Failure::closed);
    EXPECT_LT(ended, LocalTime(21s));
    EXPECT_TRUE(polls_on);
}

// What the coordinator does not answer in time is given up; the partitions are revoked all the
// same.
TEST_P(ClientTest, ACloseEndsInTheTimeItWasGiven) {
    fill(3);
    Duration taken{};
    run([&](Application& app) {
        Consumer& consumer = app.consumer(earliest());
        consumer.subscribe(std::vector<std::string>{"orders"});
        while (order.empty()) static_cast<void>(consumer.poll(1s));
        state.is_silent_about_commits = true;
        const LocalTime began = app.node.now();
        consumer.close(3s);
        taken = app.node.now() - began;
    });
    EXPECT_GE(taken, Duration(3s)) << "it tried to commit";
    EXPECT_LE(taken, Duration(3100ms));
    EXPECT_EQ(changes, (std::vector<std::string>{"assigned", "revoked"}));
    ASSERT_FALSE(commits_completed.empty());
    EXPECT_EQ(commits_completed.back().outcome, Outcome::unknown);
}

TEST_P(ClientTest, ACloseCommitsAndLeavesAtOnceIfItCan) {
    fill(3);
    Duration taken{};
    run([&](Application& app) {
        Consumer& consumer = app.consumer(earliest());
        consumer.subscribe(std::vector<std::string>{"orders"});
        while (order.size() < 3) static_cast<void>(consumer.poll(1s));
        const LocalTime began = app.node.now();
        consumer.close(30s);
        taken = app.node.now() - began;
    });
    EXPECT_LE(taken, Duration(1s));
    ASSERT_FALSE(commits_completed.empty());
    EXPECT_EQ(commits_completed.back().outcome, Outcome::ok);
    EXPECT_EQ(state.leaves, 1);
}

TEST_P(ClientTest, AConsumerKnowsHowFarItLagsBehind) {
    fill(9);
    std::optional<std::int64_t> before;
    std::optional<std::int64_t> after;
    run([&](Application& app) {
        ConsumerOptions options = earliest();
        options.max_poll_records = 1;
        Consumer& consumer = app.consumer(options);
        const TopicPartition first{.topic = "orders", .partition = 0};
        consumer.assign({first});
        while (order.empty()) static_cast<void>(consumer.poll(1s));
        before = consumer.lag(first);
        while (order.size() < 3) static_cast<void>(consumer.poll(1s));
        after = consumer.lag(first);
    });
    EXPECT_EQ(before, 2);
    EXPECT_EQ(after, 0);
}

// ---- admin ----

TEST_P(ClientTest, AnAdminMakesATopicAndWaitsForIt) {
    bool is_ready = false;
    AdminResult again;
    std::map<TopicPartition, Offset> ends;
    run([&](Application& app) {
        AdminClient& admin = app.admin();
        const NewTopic payments{
            .name = "payments", .partitions = 2, .replication = 1, .configs = {}};
        admin.create_topics({payments});
        is_ready = admin.await_topics({payments}, 1, 10s);
        ends = admin.list_offsets({{{.topic = "payments", .partition = 1}, latest_timestamp}});
        again = admin.create_topics({payments});
    });
    EXPECT_TRUE(is_ready);
    EXPECT_EQ(ends.size(), 1u);
    ASSERT_EQ(admin_completed.size(), 2u);
    EXPECT_EQ(admin_completed[0].request, "CreateTopics payments");
    EXPECT_EQ(admin_completed[0].outcome, Outcome::ok);
    EXPECT_EQ(again.outcome, Outcome::failed);
    EXPECT_EQ(again.error, "TOPIC_ALREADY_EXISTS");
}

}  // namespace
}  // namespace squall::model
