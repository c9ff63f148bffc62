// What administrators, and readers elsewhere, see of transactions in whole clusters: what is open,
// what hangs and how it is ended (KIP-664), what expires, and what a follower serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "tests/model/broker/broker_world.h"

namespace squall::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const TopicPartition orders{"orders", 0};

BrokerConfig of_version(std::int16_t version) {
    BrokerConfig config;
    config.controller.features.transaction = version;
    config.transactions.state_topic_num_partitions = 2;
    return config;
}

// Of Produce: from 12 on, requests speak transaction.version 2.
constexpr ApiVersion last_of_version_1 = 11;

// A cluster with the topic "orders", led by b1, and producers on its clients' machine.
class TransactionCluster : public BrokerWorld {
  public:
    explicit TransactionCluster(WorldOptions options) : BrokerWorld(std::move(options)) {
        const bool is_made = run_client([this] {
            CreateTopicsRequest request;
            CreateTopicsRequest::Topic& topic = request.topics.emplace_back();
            topic.name = orders.topic;
            topic.num_partitions = -1;
            topic.replication_factor = -1;
            topic.assignments = {
                {.partition_index = 0, .broker_ids = {BrokerId{1}, BrokerId{2}, BrokerId{3}}}};
            request.timeout_ms = 10000;
            ask(1, request);
            client().sleep_for(3s);
        });
        ASSERT(is_made, "no topic");
    }

    // Lives as long as the client's machine.
    Producer& producer(const std::string& transactional_id) {
        ProducerOptions options;
        options.client.client_id = fmt::format("producer-{}", producers_.size());
        options.transactional_id = transactional_id;
        return *producers_.emplace_back(
            std::make_unique<Producer>(client(), fabric(), bootstrap(), options));
    }
    static ProducerRecord record(const std::string& value) {
        ProducerRecord made;
        made.topic = orders.topic;
        made.partition = orders.partition;
        made.value = to_bytes(value);
        return made;
    }
    static void write(Producer& producer, const std::string& value) {
        producer.begin_transaction();
        producer.send(record(value));
        producer.flush();
    }
    // A batch of a producer of version 1 that comes after its transaction ended, as the leader gets
    // it. May park.
    ErrorCode late_batch(ProducerId id, std::optional<std::string> transactional_id = "gone",
                         ApiVersion version = last_of_version_1) {
        BatchBuilder builder({.producer_id = id,
                              .producer_epoch = ProducerEpoch(0),
                              .base_sequence = SequenceNumber(0),
                              .is_transactional = true});
        builder.append(client().wall_now().ms(), std::nullopt, as_bytes("late"));
        ProduceRequest request;
        request.transactional_id = std::move(transactional_id);
        request.acks = -1;
        request.timeout_ms = 10'000;
        ProduceRequest::Topic& topic = request.topic_data.emplace_back();
        topic.name = orders.topic;
        topic.topic_id = broker(1).image().find_topic(orders.topic)->id;
        topic.partition_data.push_back({.index = 0, .records = builder.finish()});
        // Until the whole in-sync set, and a coordinator, are there to ask.
        for (;;) {
            const ErrorCode answer =
                ask(1, request, version).responses.at(0).partition_responses.at(0).error_code;
            if (answer != ErrorCode::not_enough_replicas) return answer;
            client().sleep_for(500ms);
        }
    }
    // Where a read_committed reader has to stop. May park.
    Offset stable_end() {
        return admin().list_offsets({{orders, -1}}, IsolationLevel::read_committed).at(orders);
    }

  private:
    std::vector<std::unique_ptr<Producer>> producers_;
};

class TransactionViews : public testing::TestWithParam<std::int16_t> {};
INSTANTIATE_TEST_SUITE_P(Version, TransactionViews,
                         testing::Values(std::int16_t{1}, std::int16_t{2}),
                         [](const auto& instance) {
                             return "TV" + std::to_string(instance.param);
                         });

TEST_P(TransactionViews, ShowWhatIsOpenWhereAndSinceWhen) {
    TransactionCluster world({.config = of_version(GetParam())});
    std::vector<TransactionListing> all;
    std::vector<TransactionListing> ongoing;
    std::vector<TransactionListing> of_others;
    std::vector<TransactionListing> long_ones;
    std::map<std::string, TransactionDescription> described;
    std::vector<ActiveProducer> producers;
    ASSERT_TRUE(world.run_client([&] {
        Producer& open = world.producer("open");
        Producer& idle = world.producer("idle");
        open.init_transactions();
        idle.init_transactions();
        TransactionCluster::write(open, "a");
        AdminClient& admin = world.admin();
        all = admin.list_transactions().value();
        ongoing = admin.list_transactions({.states = {"Ongoing"}}).value();
        of_others = admin.list_transactions({.producers = {ProducerId(987654)}}).value();
        long_ones = admin.list_transactions({.states = {"Ongoing"}, .longer_than = 1h}).value();
        described = admin.describe_transactions({"open", "idle", "unheard-of"}).value();
        producers = admin.describe_producers(orders).value();
    }));
    ASSERT_THAT(all, SizeIs(2));
    ASSERT_THAT(ongoing, SizeIs(1));
    EXPECT_EQ(ongoing[0].transactional_id, "open");
    EXPECT_THAT(of_others, IsEmpty());
    EXPECT_THAT(long_ones, IsEmpty());
    ASSERT_THAT(described, SizeIs(2));
    EXPECT_EQ(described["idle"].state, "Empty");
    const TransactionDescription& open = described["open"];
    EXPECT_EQ(open.state, "Ongoing");
    EXPECT_EQ(open.timeout, std::chrono::milliseconds(60000));
    EXPECT_EQ(open.partitions, std::set<TopicPartition>{orders});
    EXPECT_EQ(open.producer_id, ongoing[0].producer_id);
    ASSERT_THAT(producers, SizeIs(1));
    EXPECT_EQ(producers[0].id, open.producer_id);
    EXPECT_EQ(producers[0].epoch, open.producer_epoch);
    EXPECT_EQ(producers[0].transaction_start, Offset(0));
    EXPECT_NEAR(static_cast<double>(producers[0].last_timestamp), static_cast<double>(open.start),
                1000);
}

// KIP-1152.
TEST(TransactionListings, AreFilteredByAPatternOfTheWholeId) {
    TransactionCluster world({.config = of_version(2)});
    const auto listed = [&](std::optional<std::string> pattern) {
        std::set<std::string> ids;
        for (int broker = 1; broker <= 3; ++broker) {
            ListTransactionsRequest request;
            request.transactional_id_pattern = pattern;
            const ListTransactionsResponse answer = world.ask(broker, request);
            if (answer.error_code != ErrorCode::none) ids.emplace(to_string(answer.error_code));
            for (const auto& each : answer.transaction_states) ids.insert(each.transactional_id);
        }
        return ids;
    };
    std::vector<std::set<std::string>> seen;
    ASSERT_TRUE(world.run_client([&] {
        for (const char* id : {"pay-1", "pay-2", "ship-1"}) world.producer(id).init_transactions();
        for (const char* pattern : {"", "pay-.*", "pay", ".*-1", "pay-("}) {
            seen.push_back(listed(pattern));
        }
        seen.push_back(listed(std::nullopt));
    }));
    ASSERT_THAT(seen, SizeIs(6));
    EXPECT_THAT(seen[0], ElementsAre("pay-1", "pay-2", "ship-1"));
    EXPECT_THAT(seen[1], ElementsAre("pay-1", "pay-2"));
    EXPECT_THAT(seen[2], IsEmpty());
    EXPECT_THAT(seen[3], ElementsAre("pay-1", "ship-1"));
    EXPECT_THAT(seen[4], ElementsAre("INVALID_REGULAR_EXPRESSION"));
    EXPECT_EQ(seen[5], seen[0]);
}

// KAFKA-12671: a batch after the end of its transaction, version 1, and nobody asks.
TEST(HangingTransaction, IsFoundAmongThoseThatAreOnlySlowAndIsEnded) {
    BrokerConfig config = of_version(1);
    config.transactions.partition_verification = false;
    config.replica.transaction_partition_verification = false;
    TransactionCluster world({.config = config});
    ErrorCode taken = ErrorCode::unknown_server_error;
    std::vector<HangingTransaction> too_early;
    std::vector<HangingTransaction> found;
    std::vector<HangingTransaction> left;
    std::optional<AdminResult> aborted;
    std::vector<Offset> stable;
    bool is_committed = false;
    ASSERT_TRUE(world.run_client([&] {
        AdminClient& admin = world.admin();
        taken = world.late_batch(ProducerId(4242));
        Producer& slow = world.producer("slow");
        slow.init_transactions();
        TransactionCluster::write(slow, "a");
        world.client().sleep_for(5s);
        stable.push_back(world.stable_end());
        too_early = admin.find_hanging_transactions({orders}, 15min).value();
        found = admin.find_hanging_transactions({orders}, 3s).value();
        if (found.size() == 1) aborted = admin.abort_transaction(orders, found[0].producer);
        stable.push_back(world.stable_end());
        is_committed = slow.commit_transaction().ok();
        world.client().sleep_for(1s);
        stable.push_back(world.stable_end());
        left = admin.find_hanging_transactions({orders}, 0s).value();
    }));
    EXPECT_EQ(taken, ErrorCode::none);
    EXPECT_THAT(too_early, IsEmpty());
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].producer.id, ProducerId(4242));
    EXPECT_EQ(found[0].producer.transaction_start, Offset(0));
    ASSERT_TRUE(aborted.has_value());
    EXPECT_EQ(aborted->outcome, Outcome::ok) << aborted->error;
    EXPECT_TRUE(is_committed);
    // Behind the late batch; behind the slow one; past its commit marker.
    EXPECT_THAT(stable, ElementsAre(Offset(0), Offset(1), Offset(4)));
    EXPECT_THAT(left, IsEmpty());
}

// What the step abort-transaction does: all of them, and nothing that somebody will end.
TEST(HangingTransaction, IsAbortedWithAllOthersOfItsPartition) {
    BrokerConfig config = of_version(1);
    config.transactions.partition_verification = false;
    config.replica.transaction_partition_verification = false;
    TransactionCluster world({.config = config});
    std::vector<AdminResult> results;
    std::vector<Offset> stable;
    ASSERT_TRUE(world.run_client([&] {
        AdminClient& admin = world.admin();
        world.late_batch(ProducerId(4242));
        world.late_batch(ProducerId(4343));
        Producer& slow = world.producer("slow");
        slow.init_transactions();
        TransactionCluster::write(slow, "a");
        world.client().sleep_for(5s);
        results.push_back(admin.abort_hanging_transactions(orders));
        stable.push_back(world.stable_end());
        results.push_back(admin.abort_hanging_transactions(orders, 3s));
        stable.push_back(world.stable_end());
    }));
    EXPECT_EQ(results, (std::vector<AdminResult>{{.outcome = Outcome::ok, .error = ""},
                                                 {.outcome = Outcome::ok, .error = ""}}));
    // Behind the first late batch, then behind the slow one.
    EXPECT_THAT(stable, ElementsAre(Offset(0), Offset(2)));
    EXPECT_EQ(world.count("AdminCompleted", "AbortTransaction"), 2u);
}

TEST(HangingTransaction, IsNotLetInWhereLeadersAsk) {
    TransactionCluster world({.config = of_version(1)});
    ErrorCode refused = ErrorCode::none;
    Offset stable = no_offset;
    ASSERT_TRUE(world.run_client([&] {
        world.producer("other").init_transactions();  // there is a coordinator
        refused = world.late_batch(ProducerId(4242));
        stable = world.stable_end();
    }));
    EXPECT_EQ(refused, ErrorCode::invalid_producer_id_mapping) << to_string(refused);
    EXPECT_EQ(stable, Offset(0));
}

// Each version of a request is told in errors that it knows (KIP-890).
TEST(TransactionVerification, IsToldInWordsOfTheRequestsVersion) {
    TransactionCluster world({.config = of_version(1)});
    std::map<ApiVersion, ErrorCode> of_no_partition_of_it;
    ErrorCode nameless = ErrorCode::none;
    ErrorCode empty = ErrorCode::none;
    ErrorCode of_version_2 = ErrorCode::none;
    ErrorCode ended = ErrorCode::none;
    ASSERT_TRUE(world.run_client([&] {
        Producer& producer = world.producer("named");
        producer.init_transactions();
        const ProducerId id = world.admin().list_transactions().value().at(0).producer_id;
        for (const ApiVersion version : {ApiVersion{10}, last_of_version_1}) {
            of_no_partition_of_it[version] = world.late_batch(id, "named", version);
        }
        nameless = world.late_batch(id, std::nullopt);
        empty = world.late_batch(id, "");
        // The coordinator adds the partition by itself.
        of_version_2 = world.late_batch(id, "named", 12);
        EndTxnRequest request;
        request.transactional_id = "";
        request.producer_id = id;
        ended = world.ask(1, request).error_code;
    }));
    EXPECT_EQ(of_no_partition_of_it[10], ErrorCode::invalid_txn_state);
    EXPECT_EQ(of_no_partition_of_it[11], ErrorCode::transaction_abortable);
    EXPECT_EQ(nameless, ErrorCode::transactional_id_authorization_failed);
    EXPECT_EQ(empty, ErrorCode::invalid_request);
    EXPECT_EQ(of_version_2, ErrorCode::none) << to_string(of_version_2);
    EXPECT_EQ(ended, ErrorCode::invalid_request);
}

TEST(TransactionOffsets, OfPartitionsThatAreNotThereAreRefusedAndTheOthersStored) {
    TransactionCluster world({.config = of_version(2)});
    TxnOffsetCommitResponse response;
    ASSERT_TRUE(world.run_client([&] {
        world.producer("named").init_transactions();
        TxnOffsetCommitRequest request;
        request.transactional_id = "named";
        request.group_id = "g";
        request.producer_id = world.admin().list_transactions().value().at(0).producer_id;
        request.producer_epoch = ProducerEpoch(0);
        for (const char* topic : {"nothing", "orders"}) {
            TxnOffsetCommitRequest::Topic& offsets = request.topics.emplace_back();
            offsets.name = topic;
            for (const std::int32_t partition : {0, 7}) {
                offsets.partitions.push_back(
                    {.partition_index = partition, .committed_offset = Offset(3)});
            }
        }
        // Until the group has a coordinator, and it has loaded.
        FindCoordinatorRequest find;
        find.key = "g";
        find.coordinator_keys = {"g"};
        for (;;) {
            const auto found = world.ask(1, find).coordinators.at(0);
            if (found.error_code == ErrorCode::none) {
                response = world.ask(found.node_id.value(), request);
                const ErrorCode error = response.topics.at(1).partitions.at(0).error_code;
                if (!is_retriable(error)) return;
            }
            world.client().sleep_for(500ms);
        }
    }));
    ASSERT_THAT(response.topics, SizeIs(2));
    std::vector<ErrorCode> errors;
    for (const TxnOffsetCommitResponse::Topic& topic : response.topics) {
        for (const TxnOffsetCommitResponse::Partition& partition : topic.partitions) {
            errors.push_back(partition.error_code);
        }
    }
    EXPECT_THAT(errors, ElementsAre(ErrorCode::unknown_topic_or_partition,
                                    ErrorCode::unknown_topic_or_partition, ErrorCode::none,
                                    ErrorCode::unknown_topic_or_partition));
}

TEST_P(TransactionViews, OfAClosedProducerNothingStaysOpen) {
    TransactionCluster world({.config = of_version(GetParam())});
    std::map<std::string, TransactionDescription> described;
    Duration took{};
    ASSERT_TRUE(world.run_client([&] {
        Producer& producer = world.producer("closed");
        producer.init_transactions();
        TransactionCluster::write(producer, "a");
        const LocalTime begin = world.client().now();
        producer.close(10s);
        took = world.client().now() - begin;
        world.client().sleep_for(1s);
        described = world.admin().describe_transactions({"closed"}).value();
    }));
    EXPECT_LT(took, 5s);
    EXPECT_EQ(described["closed"].state, "CompleteAbort");
    EXPECT_EQ(world.count("TransactionEndCompleted", "commit=false outcome=ok"), 1u);
}

// Kafka: a close that does not wait forces the producer down, and its transaction times out.
TEST_P(TransactionViews, AProducerThatIsClosedAtOnceLeavesItsTransactionToTheCoordinator) {
    TransactionCluster world({.config = of_version(GetParam())});
    std::map<std::string, TransactionDescription> described;
    ASSERT_TRUE(world.run_client([&] {
        Producer& producer = world.producer("closed");
        producer.init_transactions();
        TransactionCluster::write(producer, "a");
        producer.close(Duration{});
        world.client().sleep_for(1s);
        described = world.admin().describe_transactions({"closed"}).value();
    }));
    EXPECT_EQ(described["closed"].state, "Ongoing");
}

TEST(TransactionalId, ThatNobodyUsesExpiresAndItsNextProducerBeginsAnew) {
    BrokerConfig config = of_version(2);
    config.transactions.transactional_id_expiration = 5s;
    config.transactions.remove_expired_interval = 1s;
    TransactionCluster world({.config = config});
    std::size_t before = 0;
    std::size_t after = 0;
    TransactionResult late;
    bool is_fresh_ok = false;
    std::vector<ProducerId> ids;
    ASSERT_TRUE(world.run_client([&] {
        Producer& producer = world.producer("rare");
        producer.init_transactions();
        TransactionCluster::write(producer, "a");
        producer.commit_transaction();
        AdminClient& admin = world.admin();
        ids.push_back(admin.describe_transactions({"rare"}).value().at("rare").producer_id);
        before = admin.list_transactions().value().size();
        world.client().sleep_for(10s);
        after = admin.list_transactions().value().size();
        // The producer does not know; whatever it is told, it is no success.
        TransactionCluster::write(producer, "b");
        late = producer.commit_transaction();
        Producer& fresh = world.producer("rare");
        is_fresh_ok = fresh.init_transactions().ok();
        TransactionCluster::write(fresh, "c");
        is_fresh_ok = is_fresh_ok && fresh.commit_transaction().ok();
        ids.push_back(admin.describe_transactions({"rare"}).value().at("rare").producer_id);
    }));
    EXPECT_EQ(before, 1u);
    EXPECT_EQ(after, 0u);
    EXPECT_FALSE(late.ok());
    EXPECT_TRUE(late.is_fatal || late.must_abort);
    EXPECT_TRUE(is_fresh_ok);
    EXPECT_NE(ids.at(0), ids.at(1));
}

// producer.id.expiration.ms: who wrote nothing for so long is forgotten, but not who has something
// open. KIP-360: the forgotten one goes on with whatever number comes next.
TEST(ProducerIds, OfWhoIsSilentForLongAreForgottenUnlessATransactionIsOpen) {
    BrokerConfig config = of_version(2);
    config.logs.log.producer_id_expiration_ms = std::chrono::milliseconds(5000);
    config.replica.upkeep.producer_id_expiration_check_interval = std::chrono::milliseconds(1000);
    TransactionCluster world({.config = config});
    std::vector<std::size_t> known;
    std::vector<SendResult> sends;
    ASSERT_TRUE(world.run_client([&] {
        AdminClient& admin = world.admin();
        Producer& plain = world.producer("");
        Producer& open = world.producer("open");
        open.init_transactions();
        TransactionCluster::write(open, "a");
        sends.push_back(plain.send_and_wait(TransactionCluster::record("b")));
        known.push_back(admin.describe_producers(orders).value().size());
        world.client().sleep_for(10s);
        const std::vector<ActiveProducer> left = admin.describe_producers(orders).value();
        known.push_back(left.size());
        if (!left.empty()) known.push_back(left[0].has_open_transaction() ? 1 : 0);
        sends.push_back(plain.send_and_wait(TransactionCluster::record("c")));
        known.push_back(admin.describe_producers(orders).value().size());
    }));
    EXPECT_THAT(known, ElementsAre(2, 1, 1, 2));
    ASSERT_THAT(sends, SizeIs(2));
    EXPECT_TRUE(sends[1].ok()) << sends[1].error;
    EXPECT_EQ(world.count("ProducerIdentified", "reason=\"epoch bump\""), 0u);
}

// ---- readers ----

TEST_P(TransactionViews, AFollowerServesWhatIsCommittedAndTellsWhatWasAborted) {
    BrokerConfig config = of_version(GetParam());
    config.replica_selector = ReplicaSelector::rack_aware;
    TransactionCluster world({.racks = 3, .config = config});
    std::unique_ptr<Consumer> consumer;
    std::vector<std::string> read;
    ASSERT_TRUE(world.run_client([&] {
        Producer& producer = world.producer("writer");
        producer.init_transactions();
        for (int i = 0; i < 6; ++i) {
            TransactionCluster::write(producer, std::to_string(i));
            if (i % 2 == 0) {
                producer.commit_transaction();
            } else {
                producer.abort_transaction();
            }
        }
        TransactionCluster::write(producer, "open");
        ConsumerOptions options{.client = {.client_id = "reader"}};
        options.enable_auto_commit = false;
        options.auto_offset_reset = "earliest";
        options.isolation_level = IsolationLevel::read_committed;
        options.client_rack = "rack-2";
        consumer =
            std::make_unique<Consumer>(world.client(), world.fabric(), world.bootstrap(), options);
        consumer->assign({orders});
        for (int i = 0; i < 8; ++i) {
            for (const ConsumerRecord& each : consumer->poll(1s).value()) {
                read.emplace_back(as_text(*each.value));
            }
        }
    }));
    EXPECT_THAT(read, ElementsAre("0", "2", "4"));
    EXPECT_GT(world.count("FetchServed", "broker=2 partition=orders-0 replica=-1"), 0u);
}

}  // namespace
}  // namespace squall::model
