// Transactions from end to end: whole brokers, whole clients. What is asserted is what applications
// were told and what readers saw; besides, every checker judges every run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checkers/checker.h"
#include "model/events/group_events.h"
#include "model/events/transaction_events.h"
#include "sim/trace/sim_events.h"
#include "tests/model/broker/small_cluster.h"

namespace squall::model {
namespace {

using Application = SmallCluster::Application;

ProducerOptions transactional(const std::string& id) {
    ProducerOptions options;
    options.transactional_id = id;
    return options;
}

ProducerRecord record(const std::string& topic, const std::string& key) {
    ProducerRecord made;
    made.topic = topic;
    made.key = to_bytes(key);
    made.value = to_bytes("of " + key);
    return made;
}

// What the trace told, and what is asked of it. Outlives the cluster that it watches, which tells
// to its end.
struct Witness {
    void watch(sim::Simulation& simulation) {
        simulation.trace().observe([this](const sim::Event& event) {
            judges.observe(event);
            if (const auto* e = event.as<TransactionEndCompleted>()) ends.push_back(*e);
            if (const auto* e = event.as<TransactionStateChanged>()) {
                states[e->transactional_id].push_back(e->to);
                epochs[e->transactional_id].push_back(e->producer_epoch.value());
                ids[e->transactional_id].insert(e->producer_id);
            }
            if (const auto* e = event.as<MarkerAppended>()) ++markers[e->commit];
            if (const auto* e = event.as<RecordsPolled>()) {
                for (const PolledRecord& each : e->records)
                    polled[e->client_id].push_back(each.key);
            }
            if (event.as<TransactionLoaded>() != nullptr) ++loaded;
            if (const auto* e = event.as<OffsetCommitted>()) committed[e->partition] = e->offset;
            if (event.as<PendingOffsetStored>() != nullptr) ++pending_offsets;
            if (const auto* e = event.as<ProducerFailed>()) failed[e->client_id] = e->error;
            if (event.as<DuplicateAnswered>() != nullptr) ++duplicates;
        });
    }
    std::multiset<std::string> seen_by(const std::string& client) const {
        const auto found = polled.find(client);
        if (found == polled.end()) return {};
        return {found->second.begin(), found->second.end()};
    }

    // What the checkers say at the end: each that objects, and those of `needed` that had no chance
    // to.
    std::vector<std::string> complaints(const std::set<std::string>& needed) {
        std::vector<std::string> found;
        for (const checkers::CheckerReport& report : judges.finish()) {
            if (report.verdict == checkers::CheckerVerdict::fail) {
                const checkers::Anomaly& first = *std::ranges::find(
                    report.anomalies, false, [](const auto& each) { return each.allowed; });
                found.push_back(fmt::format("{}: {}", report.checker, first.type));
                for (const auto& [name, value] : first.evidence) {
                    found.back() += fmt::format(" {}={}", name, value);
                }
            }
            if (report.judged == 0 && needed.contains(report.checker)) {
                found.push_back(report.checker + " judged nothing");
            }
        }
        return found;
    }

    checkers::CheckerSet judges{checkers::Contract::configured};
    std::vector<TransactionEndCompleted> ends;
    std::map<std::string, std::vector<std::string>> states;
    std::map<std::string, std::vector<std::int16_t>> epochs;
    std::map<std::string, std::set<ProducerId>> ids;
    std::map<bool, int> markers;
    std::map<std::string, std::vector<std::string>> polled;
    std::map<TopicPartition, Offset> committed;
    std::map<std::string, std::string> failed;
    int pending_offsets = 0;
    int loaded = 0;
    int duplicates = 0;
};

using testing::IsEmpty;

const std::set<std::string> of_transactions = {"atomicity", "fencing", "idempotence",
                                               "transaction-state", "read-committed"};

// Nothing is disturbed any more: what hangs now hangs for good.
void begin_calm(SmallCluster& cluster) {
    cluster.simulation().trace().emit_as_harness(sim::CalmBegan{});
}

// Reads a topic from its beginning for a while.
Application::Script reader(const std::string& topic, std::int32_t partitions,
                           IsolationLevel isolation) {
    return [=](Application& app) {
        ConsumerOptions options;
        options.isolation_level = isolation;
        options.auto_offset_reset = "earliest";
        options.enable_auto_commit = false;
        Consumer& consumer = app.consumer(options);
        std::vector<TopicPartition> all;
        for (std::int32_t i = 0; i < partitions; ++i) all.push_back({topic, i});
        consumer.assign(all);
        for (int i = 0; i < 20; ++i) static_cast<void>(consumer.poll(500ms));
    };
}

void commit_one(Application& app, Producer& producer, const std::vector<std::string>& keys) {
    static_cast<void>(app);
    producer.begin_transaction();
    for (const std::string& key : keys) producer.send(record("orders", key));
    producer.commit_transaction();
}

class Transactions : public testing::TestWithParam<std::int16_t> {
  protected:
    static void use_version(BrokerConfig& config) {
        config.controller.features.transaction = GetParam();
    }
};

INSTANTIATE_TEST_SUITE_P(Version, Transactions, testing::Values(std::int16_t{1}, std::int16_t{2}),
                         [](const auto& instance) {
                             return "TV" + std::to_string(instance.param);
                         });

TEST_P(Transactions, AreCommittedOverAllPartitionsAndReadOnlyWhenTheyAre) {
    Witness witness;
    SmallCluster cluster(11, use_version);
    witness.watch(cluster.simulation());
    std::vector<TransactionResult> results;
    cluster.start("app", [&](Application& app) {
        app.create_topic("orders", 3);
        Producer& producer = app.producer(transactional("payments"));
        results.push_back(producer.init_transactions());
        results.push_back(producer.begin_transaction());
        for (const char* key : {"a", "b", "c", "d", "e"}) producer.send(record("orders", key));
        results.push_back(producer.commit_transaction());
        results.push_back(producer.begin_transaction());
        for (const char* key : {"x", "y", "z"}) producer.send(record("orders", key));
        producer.flush();
        results.push_back(producer.abort_transaction());
        commit_one(app, producer, {"f"});
    });
    cluster.run(30s);
    begin_calm(cluster);
    cluster.start("strict", reader("orders", 3, IsolationLevel::read_committed));
    cluster.start("loose", reader("orders", 3, IsolationLevel::read_uncommitted));
    cluster.run(30s);

    ASSERT_EQ(results.size(), 5u);
    for (const TransactionResult& result : results) EXPECT_TRUE(result.ok()) << result.error;
    ASSERT_EQ(witness.ends.size(), 3u);
    EXPECT_EQ(witness.ends[2].outcome, Outcome::ok) << witness.ends[2].error;
    EXPECT_EQ(witness.seen_by("strict-c"),
              (std::multiset<std::string>{"a", "b", "c", "d", "e", "f"}));
    EXPECT_EQ(witness.seen_by("loose-c").size(), 9u);
    EXPECT_GT(witness.markers[true], 1);
    EXPECT_GT(witness.markers[false], 0);
    EXPECT_EQ(witness.states["payments"].back(), "CompleteCommit");
    // Version 2 has an epoch for every transaction.
    EXPECT_EQ(witness.epochs["payments"].back(), GetParam() == 2 ? 3 : 0);
    EXPECT_THAT(witness.complaints(of_transactions), IsEmpty());
}

TEST_P(Transactions, CommitOffsetsWithTheRecordsOrNotAtAll) {
    Witness witness;
    SmallCluster cluster(12, use_version);
    witness.watch(cluster.simulation());
    std::vector<TransactionResult> results;
    cluster.start("app", [&](Application& app) {
        app.create_topic("orders", 3);
        Producer& producer = app.producer(transactional("payments"));
        producer.init_transactions();
        for (const bool commits : {false, true}) {
            producer.begin_transaction();
            producer.send(record("orders", commits ? "kept" : "dropped"));
            results.push_back(producer.send_offsets_to_transaction(
                {{{"orders", 0}, Offset(commits ? 7 : 5)}}, {.group_id = "copy"}));
            results.push_back(commits ? producer.commit_transaction()
                                      : producer.abort_transaction());
        }
    });
    cluster.run(60s);
    ASSERT_EQ(results.size(), 4u);
    for (const TransactionResult& result : results) EXPECT_TRUE(result.ok()) << result.error;
    EXPECT_EQ(witness.pending_offsets, 2);
    EXPECT_EQ(witness.committed, (std::map<TopicPartition, Offset>{{{"orders", 0}, Offset(7)}}));
    EXPECT_THAT(witness.complaints({"atomicity", "transaction-state", "fencing"}), IsEmpty());
}

TEST_P(Transactions, FenceAZombieAndAbortWhatItLeftOpen) {
    Witness witness;
    SmallCluster cluster(13, use_version);
    witness.watch(cluster.simulation());
    TransactionResult zombie_commit;
    bool second_is_done = false;
    cluster.start("first", [&](Application& app) {
        app.create_topic("orders", 3);
        Producer& producer = app.producer(transactional("payments"));
        producer.init_transactions();
        producer.begin_transaction();
        producer.send(record("orders", "zombie"));
        producer.flush();
        app.node.sleep_for(20s);
        zombie_commit = producer.commit_transaction();
    });
    cluster.run(15s);
    cluster.start("second", [&](Application& app) {
        Producer& producer = app.producer(transactional("payments"));
        producer.init_transactions();
        commit_one(app, producer, {"alive"});
        second_is_done = true;
    });
    cluster.run(30s);
    begin_calm(cluster);
    cluster.start("strict", reader("orders", 3, IsolationLevel::read_committed));
    cluster.run(20s);

    EXPECT_TRUE(second_is_done);
    EXPECT_EQ(zombie_commit.outcome, Outcome::failed);
    EXPECT_TRUE(zombie_commit.is_fatal);
    EXPECT_TRUE(witness.failed.contains("first"));
    EXPECT_EQ(witness.seen_by("strict-c"), std::multiset<std::string>{"alive"});
    EXPECT_THAT(witness.complaints(of_transactions), IsEmpty());
}

TEST_P(Transactions, ThatTakeTooLongAreAbortedByTheCoordinator) {
    Witness witness;
    SmallCluster cluster(14, use_version);
    witness.watch(cluster.simulation());
    TransactionResult late;
    cluster.start("app", [&](Application& app) {
        app.create_topic("orders", 3);
        ProducerOptions options = transactional("payments");
        options.transaction_timeout = std::chrono::milliseconds(5000);
        Producer& producer = app.producer(options);
        producer.init_transactions();
        producer.begin_transaction();
        producer.send(record("orders", "late"));
        producer.flush();
        app.node.sleep_for(40s);
        late = producer.commit_transaction();
    });
    cluster.run(70s);
    begin_calm(cluster);
    cluster.start("strict", reader("orders", 3, IsolationLevel::read_committed));
    cluster.run(20s);
    EXPECT_EQ(late.outcome, Outcome::failed) << late.error;
    EXPECT_TRUE(witness.seen_by("strict-c").empty());
    EXPECT_EQ(witness.states["payments"].back(), "CompleteAbort");
    EXPECT_THAT(witness.complaints({"atomicity", "transaction-state", "read-committed"}),
                IsEmpty());
}

TEST_P(Transactions, SurviveTheDeathOfEveryBrokerInTurn) {
    Witness witness;
    SmallCluster cluster(15, use_version);
    witness.watch(cluster.simulation());
    std::multiset<std::string> promised;
    std::multiset<std::string> undecided;
    bool is_done = false;
    cluster.start("app", [&](Application& app) {
        app.create_topic("orders", 3);
        Producer& producer = app.producer(transactional("payments"));
        producer.init_transactions();
        for (int i = 0; i < 200; ++i) {
            if (!producer.begin_transaction().ok()) break;
            std::multiset<std::string> keys;
            for (int j = 0; j < 3; ++j) keys.insert(fmt::format("{}-{}", i, j));
            for (const std::string& key : keys) producer.send(record("orders", key));
            const TransactionResult result = producer.commit_transaction();
            if (result.ok()) promised.insert(keys.begin(), keys.end());
            if (result.outcome == Outcome::unknown) undecided.insert(keys.begin(), keys.end());
            if (result.must_abort) producer.abort_transaction();
            if (result.is_fatal) break;
            app.node.sleep_for(300ms);
        }
        is_done = true;
    });
    cluster.run(20s);
    for (std::int32_t id = 1; id <= 3; ++id) {
        cluster.broker(id).stop(sim::StopReason::crash);
        cluster.run(15s);
        cluster.broker(id).start();
        cluster.run(15s);
    }
    cluster.run(60s);
    begin_calm(cluster);
    cluster.start("strict", reader("orders", 3, IsolationLevel::read_committed));
    cluster.run(20s);
    EXPECT_TRUE(is_done);
    EXPECT_GT(promised.size(), 100u);
    EXPECT_GT(witness.loaded, 0);
    const std::multiset<std::string> seen = witness.seen_by("strict-c");
    std::multiset<std::string> allowed = promised;
    allowed.insert(undecided.begin(), undecided.end());
    EXPECT_TRUE(std::ranges::includes(seen, promised)) << "a committed record is missing";
    EXPECT_TRUE(std::ranges::includes(allowed, seen)) << "seen twice, or never committed";
    EXPECT_THAT(witness.complaints(of_transactions), IsEmpty());
}

TEST(ProducerIds, RotateAtTheCeilingOfEpochs) {
    Witness witness;
    SmallCluster cluster(
        16, [](BrokerConfig& config) { config.transactions.producer_epoch_ceiling = 3; });
    witness.watch(cluster.simulation());
    int committed = 0;
    cluster.start("app", [&](Application& app) {
        app.create_topic("orders", 3);
        Producer& producer = app.producer(transactional("payments"));
        producer.init_transactions();
        for (int i = 0; i < 12; ++i) {
            producer.begin_transaction();
            producer.send(record("orders", std::to_string(i)));
            committed += producer.commit_transaction().ok() ? 1 : 0;
        }
    });
    cluster.run(60s);
    begin_calm(cluster);
    cluster.start("strict", reader("orders", 3, IsolationLevel::read_committed));
    cluster.run(20s);
    EXPECT_EQ(committed, 12);
    EXPECT_GE(witness.ids["payments"].size(), 3u);
    EXPECT_EQ(witness.seen_by("strict-c").size(), 12u);
    EXPECT_THAT(witness.complaints(of_transactions), IsEmpty());
}

TEST(IdempotentProducer, WritesEachRecordOnceThroughCrashesOfLeaders) {
    Witness witness;
    SmallCluster cluster(17);
    witness.watch(cluster.simulation());
    int acknowledged = 0;
    cluster.start("app", [&](Application& app) {
        app.create_topic("orders", 3);
        ProducerOptions options;
        options.client.request_timeout = std::chrono::milliseconds(2000);
        Producer& producer = app.producer(options);
        for (int i = 0; i < 600; ++i) {
            producer.send(record("orders", std::to_string(i)),
                          [&](const SendResult& result) { acknowledged += result.ok() ? 1 : 0; });
            app.node.sleep_for(100ms);
        }
        producer.flush();
    });
    cluster.run(15s);
    for (std::int32_t id = 1; id <= 3; ++id) {
        cluster.broker(id).stop(sim::StopReason::crash);
        cluster.run(10s);
        cluster.broker(id).start();
        cluster.run(10s);
    }
    cluster.run(120s);
    begin_calm(cluster);
    cluster.start("reader", reader("orders", 3, IsolationLevel::read_uncommitted));
    cluster.run(20s);
    EXPECT_EQ(acknowledged, 600);
    const std::vector<std::string>& seen = witness.polled["reader-c"];
    EXPECT_EQ(seen.size(), 600u);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 600u);
    EXPECT_THAT(witness.complaints({"idempotence", "duplicate", "order"}), IsEmpty());
}

}  // namespace
}  // namespace squall::model
