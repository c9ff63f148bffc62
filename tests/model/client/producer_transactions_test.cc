// The transactional producer as an application has it, against a broker that refuses, and loses
// requests and answers: what it says of each end is what became of the transaction.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/client/producer.h"
#include "tests/model/client/fake_broker.h"

namespace squall::model {
namespace {

using Trouble = FakeTransactions::Trouble;

class Application final : public sim::Process {
  public:
    using Script = std::function<void(Producer&, sim::Node&)>;
    Application(sim::Node& node, Fabric fabric, ProducerOptions options, Script script)
        : producer_(node, fabric, {"b1"}, std::move(options)), script_(std::move(script)) {
        node.spawn("main", [this, &node] { script_(producer_, node); });
    }

  private:
    Producer producer_;
    Script script_;
};

// One broker, one application.
class World {
  public:
    explicit World(std::int16_t version) {
        transactions.version = version;
        state.transactions = &transactions;
        state.topics["orders"] = 3;
        options.client.client_id = "app";
        options.client.request_timeout = std::chrono::milliseconds(1000);
        options.linger = std::chrono::milliseconds(0);
        options.delivery_timeout = std::chrono::milliseconds(5000);
        options.max_block = std::chrono::milliseconds(2500);
        options.max_request_size = 1000;
        options.transactional_id = "t";
        broker =
            &simulation_.add_node({.name = "b1", .factory = [this](sim::Node& node) {
                                       return std::make_unique<FakeBroker>(node, fabric_, state);
                                   }});
        network_.attach(*broker);
    }
    ~World() { simulation_.finish(); }

    void run(const Application::Script& script, Duration time = 300s) {
        broker->start();
        sim::Node& node = simulation_.add_node(
            {.name = "app", .factory = [this, script](sim::Node& process_node) {
                 return std::make_unique<Application>(process_node, fabric_, options, script);
             }});
        network_.attach(node);
        node.start();
        simulation_.run_until(simulation_.now() + time);
    }
    static ProducerRecord record(std::int32_t partition, std::size_t bytes = 10) {
        ProducerRecord made;
        made.topic = "orders";
        made.partition = partition;
        made.value = Bytes(bytes, 'x');
        return made;
    }
    // The next requests of this kind meet trouble, one after the other.
    void plan(ApiKey api, std::vector<Trouble> troubles) {
        transactions.trouble = [api, troubles = std::move(troubles),
                                next = std::size_t{0}](ApiKey asked) mutable {
            return asked == api && next < troubles.size() ? troubles[next++] : Trouble::none;
        };
    }

    FakeTransactions transactions;
    FakeBrokerState state;
    ProducerOptions options;
    sim::Node* broker = nullptr;

  private:
    sim::Simulation simulation_{{.seed = 7}};
    sim::Network network_{simulation_, {}};
    Fabric fabric_{network_, CodecMode::roundtrip};
};

class TransactionalProducer : public testing::TestWithParam<std::int16_t> {
  protected:
    World world_{GetParam()};
    std::vector<TransactionResult> results_;
};

INSTANTIATE_TEST_SUITE_P(Version, TransactionalProducer,
                         testing::Values(std::int16_t{1}, std::int16_t{2}),
                         [](const auto& instance) {
                             return "TV" + std::to_string(instance.param);
                         });

TEST_P(TransactionalProducer, CommitsNoTransactionOfWhichASendFailedAtOnce) {
    world_.run([&](Producer& producer, sim::Node&) {
        producer.init_transactions();
        producer.begin_transaction();
        producer.send(World::record(0));
        producer.send(World::record(1, 2000));
        results_.push_back(producer.commit_transaction());
        results_.push_back(producer.abort_transaction());
        producer.begin_transaction();
        producer.send(World::record(0));
        results_.push_back(producer.commit_transaction());
    });
    ASSERT_EQ(results_.size(), 3u);
    EXPECT_EQ(results_[0].outcome, Outcome::failed);
    EXPECT_EQ(results_[0].error, "commitTransaction after MESSAGE_TOO_LARGE");
    EXPECT_TRUE(results_[0].must_abort);
    EXPECT_TRUE(results_[1].ok()) << results_[1].error;
    EXPECT_TRUE(results_[2].ok()) << results_[2].error;
    EXPECT_EQ(world_.transactions.commits(), 1);
}

// The refusal comes while the transaction is being aborted already.
TEST_P(TransactionalProducer, GoesOnAfterABatchThatWasGivenUpDuringAnAbort) {
    bool refuses = false;
    world_.state.on_produce = [&]() -> std::optional<ErrorCode> {
        if (!refuses) return std::nullopt;
        world_.broker->sleep_for(300ms);
        refuses = false;
        return ErrorCode::message_too_large;
    };
    Duration took{};
    SendResult sent;
    world_.run([&](Producer& producer, sim::Node& node) {
        producer.init_transactions();
        producer.begin_transaction();
        producer.send_and_wait(World::record(0));
        refuses = true;
        producer.send(World::record(0));
        node.sleep_for(150ms);
        results_.push_back(producer.abort_transaction());
        producer.begin_transaction();
        const LocalTime begin = node.now();
        sent = producer.send_and_wait(World::record(0));
        took = node.now() - begin;
        results_.push_back(producer.commit_transaction());
    });
    ASSERT_EQ(results_.size(), 2u);
    EXPECT_TRUE(results_[0].ok()) << results_[0].error;
    EXPECT_TRUE(sent.ok()) << sent.error;
    EXPECT_LT(took, 1s);
    EXPECT_TRUE(results_[1].ok()) << results_[1].error;
}

// What the coordinator has confirmed is over, although no new epoch can be had.
TEST(TransactionalProducerOfVersionOne, ConfirmsAnAbortWhoseNewEpochIsLate) {
    World world(1);
    std::vector<TransactionResult> results;
    world.run([&](Producer& producer, sim::Node& node) {
        producer.init_transactions();
        producer.begin_transaction();
        producer.send_and_wait(World::record(0));
        producer.send(World::record(1, 2000));
        // Carried out the first time, and never answered: then it is a retry (KIP-360).
        world.plan(ApiKey::init_producer_id,
                   {Trouble::lost_answer, Trouble::lost_request, Trouble::lost_request});
        results.push_back(producer.abort_transaction());
        results.push_back(producer.begin_transaction());
        while (!results.back().ok() && !results.back().is_fatal) {
            node.sleep_for(100ms);
            results.push_back(producer.begin_transaction());
        }
        producer.send(World::record(0));
        results.push_back(producer.commit_transaction());
    });
    ASSERT_GE(results.size(), 3u);
    EXPECT_TRUE(results.front().ok()) << results.front().error;
    EXPECT_TRUE(results.back().ok()) << results.back().error;
    EXPECT_EQ(world.transactions.commits(), 1);
}

// The first attempt was carried out, and nobody heard; what refuses the later ones does not know.
TEST_P(TransactionalProducer, NeverSaysThatACommitFailedThatMayHaveBeenCarriedOut) {
    const auto fence = [&] {
        world_.transactions.answer<InitProducerIdResponse>(init_request("t"), 0);
        world_.transactions.write_markers("t");
    };
    world_.run([&](Producer& producer, sim::Node&) {
        producer.init_transactions();
        producer.begin_transaction();
        producer.send(World::record(0));
        world_.plan(ApiKey::end_txn,
                    {Trouble::lost_answer, Trouble::lost_request, Trouble::lost_request});
        results_.push_back(producer.commit_transaction());
        world_.plan(ApiKey::end_txn, {});
        fence();
        fence();
        results_.push_back(producer.commit_transaction());
        results_.push_back(producer.commit_transaction());
    });
    ASSERT_EQ(results_.size(), 3u);
    EXPECT_EQ(world_.transactions.commits(), 1);
    EXPECT_EQ(results_[0].outcome, Outcome::unknown);
    EXPECT_EQ(results_[1].outcome, Outcome::unknown) << results_[1].error;
    EXPECT_TRUE(results_[1].is_fatal);
    EXPECT_EQ(results_[2].outcome, Outcome::unknown) << "refused without being asked again";
}

TEST_P(TransactionalProducer, RetriesNothingAfterAFatalError) {
    int requests = 0;
    world_.state.on_produce = [&]() -> std::optional<ErrorCode> {
        ++requests;
        if (requests == 2) return ErrorCode::not_enough_replicas;
        return requests == 3 ? std::optional(ErrorCode::producer_fenced) : std::nullopt;
    };
    world_.options.client.retry_backoff = std::chrono::milliseconds(1000);
    SendResult retried;
    LocalTime failed_at{};
    LocalTime fenced_at{};
    world_.run([&](Producer& producer, sim::Node& node) {
        producer.init_transactions();
        producer.begin_transaction();
        producer.send_and_wait(World::record(0));
        producer.send(World::record(0), [&](const SendResult& result) {
            retried = result;
            failed_at = node.now();
        });
        node.sleep_for(200ms);
        producer.send(World::record(1), [&](const SendResult&) { fenced_at = node.now(); });
    });
    EXPECT_EQ(requests, 3);
    EXPECT_EQ(retried.outcome, Outcome::failed) << "every attempt was refused for certain";
    EXPECT_EQ(retried.attempts, 1u);
    EXPECT_EQ(failed_at, fenced_at);
}

// ---- whatever happens ----

struct Plan {
    struct Transaction {
        std::vector<int> sends;  // bytes
        bool has_offsets = false;
        bool commits = true;
    };
    std::vector<Transaction> transactions;
    std::vector<int> fates;  // of requests, one after the other
};

Plan some_plan() {
    Plan plan;
    const int transactions = *rc::gen::inRange(1, 5);
    for (int i = 0; i < transactions; ++i) {
        Plan::Transaction made;
        const int sends = *rc::gen::inRange(0, 4);
        for (int k = 0; k < sends; ++k) {
            made.sends.push_back(*rc::gen::weightedElement<int>({{12, 10}, {1, 2000}}));
        }
        made.has_offsets = *rc::gen::inRange(0, 3) == 0;
        made.commits = *rc::gen::inRange(0, 4) > 0;
        plan.transactions.push_back(std::move(made));
    }
    plan.fates = *rc::gen::container<std::vector<int>>(
        40, rc::gen::weightedElement<int>({{10, 0}, {2, 1}, {2, 2}, {1, 3}, {1, 4}, {1, 5}}));
    return plan;
}

// What an application was told of one transaction, and what is true.
struct Told {
    Outcome commit = Outcome::failed;  // of the last call
    bool asked_to_commit = false;
    bool all_sent = true;
    bool has_content = false;
    int committed = 0;
};

void check_what_is_told(std::int16_t version) {
    const Plan plan = some_plan();
    World world(version);
    std::size_t next = 0;
    const auto fate = [&] { return next < plan.fates.size() ? plan.fates[next++] : 0; };
    int last_fate = 0;
    world.transactions.trouble = [&](ApiKey) {
        last_fate = fate();
        if (last_fate == 1) return Trouble::lost_request;
        return last_fate == 2 ? Trouble::lost_answer : Trouble::none;
    };
    world.transactions.refusal = [&](ApiKey) -> std::optional<ErrorCode> {
        if (last_fate == 3) return ErrorCode::coordinator_load_in_progress;
        if (last_fate == 4) return ErrorCode::not_coordinator;
        if (last_fate == 5) return ErrorCode::transaction_abortable;
        return std::nullopt;
    };
    world.state.on_produce = [&]() -> std::optional<ErrorCode> {
        switch (fate()) {
            case 1:
                return ErrorCode::not_enough_replicas;
            case 3:
                return ErrorCode::message_too_large;
            case 4:
                return ErrorCode::invalid_producer_epoch;
            default:
                return std::nullopt;
        }
    };
    std::vector<Told> told;
    told.reserve(plan.transactions.size());
    world.run([&](Producer& producer, sim::Node& node) {
        TransactionResult result = producer.init_transactions();
        while (!result.ok() && !result.is_fatal) {
            node.sleep_for(100ms);
            result = producer.init_transactions();
        }
        for (const Plan::Transaction& transaction : plan.transactions) {
            while (!(result = producer.begin_transaction()).ok()) {
                if (result.is_fatal) return;
                node.sleep_for(100ms);
            }
            const int before = world.transactions.commits();
            Told& now = told.emplace_back();
            for (std::size_t i = 0; i < transaction.sends.size(); ++i) {
                now.has_content = true;
                const auto bytes = static_cast<std::size_t>(transaction.sends[i]);
                producer.send(World::record(static_cast<std::int32_t>(i % 2), bytes),
                              [&now](const SendResult& sent) { now.all_sent &= sent.ok(); });
            }
            if (transaction.has_offsets) {
                now.has_content = true;
                now.all_sent &= producer
                                    .send_offsets_to_transaction({{{"orders", 0}, Offset(5)}},
                                                                 {.group_id = "copy"})
                                    .ok();
            }
            bool commits = transaction.commits;
            for (;;) {
                result = commits ? producer.commit_transaction() : producer.abort_transaction();
                now.committed = world.transactions.commits() - before;
                if (commits) {
                    now.commit = result.outcome;
                    now.asked_to_commit = true;
                }
                if (result.ok()) break;
                if (result.is_fatal) return;
                commits = commits && !result.must_abort;
                node.sleep_for(100ms);
            }
            now.committed = world.transactions.commits() - before;
        }
    });
    for (const Told& each : told) {
        RC_ASSERT(each.committed <= 1);
        if (!each.asked_to_commit) RC_ASSERT(each.committed == 0);
        if (!each.asked_to_commit || each.commit == Outcome::unknown) continue;
        if (each.commit == Outcome::ok) {
            RC_ASSERT(each.all_sent);
            RC_ASSERT(each.committed == (each.has_content ? 1 : 0));
        } else {
            RC_ASSERT(each.committed == 0);
        }
    }
}

RC_GTEST_PROP(WhatATransactionalProducerSays, OfVersionOneIsTrueOfEveryCommit, ()) {
    check_what_is_told(1);
}
RC_GTEST_PROP(WhatATransactionalProducerSays, OfVersionTwoIsTrueOfEveryCommit, ()) {
    check_what_is_told(2);
}

}  // namespace
}  // namespace squall::model
