// Fetch sessions (KIP-227) at a running broker, as a client meets them, and between brokers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/broker/fetch_session_cache.h"
#include "model/client/producer.h"
#include "model/protocol/fetch_session_epoch.h"
#include "tests/model/broker/broker_world.h"

namespace squall::model {
namespace fetch_sessions_test {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int32_t partitions = 3;

// "orders" with three partitions, all led by b1.
class FetchSessionsTest : public testing::Test {
  protected:
    explicit FetchSessionsTest(WorldOptions options = {}) : world_(std::move(options)) {
        client([&] {
            CreateTopicsRequest request;
            CreateTopicsRequest::Topic& topic = request.topics.emplace_back();
            topic.name = "orders";
            topic.num_partitions = -1;
            topic.replication_factor = -1;
            for (std::int32_t i = 0; i < partitions; ++i) {
                topic.assignments.push_back(
                    {.partition_index = i, .broker_ids = {BrokerId{1}, BrokerId{2}, BrokerId{3}}});
            }
            request.timeout_ms = 10000;
            world_.ask(1, request);
        });
        world_.run_for(3s);
    }

    void client(std::function<void()> body) { ASSERT_TRUE(world_.run_client(std::move(body))); }
    Uuid topic_id() { return world_.broker(1).image().find_topic("orders")->id; }

    // Asks for these partitions, each from its offset. Within run_client.
    FetchResponse fetch(std::int32_t session, std::int32_t epoch,
                        const std::map<std::int32_t, std::int64_t>& wanted,
                        std::int32_t max_wait_ms = 0) {
        FetchRequest request;
        request.session_id = session;
        request.session_epoch = epoch;
        request.max_wait_ms = max_wait_ms;
        request.min_bytes = 1;
        request.max_bytes = max_bytes_;
        if (!wanted.empty()) {
            request.topics.push_back({.topic = {}, .topic_id = topic_id(), .partitions = {}});
        }
        for (const auto& [partition, offset] : wanted) {
            FetchRequest::Partition& asked = request.topics.back().partitions.emplace_back();
            asked.partition = partition;
            asked.fetch_offset = Offset{offset};
            asked.partition_max_bytes = 1 << 20;
        }
        return world_.ask(1, std::move(request));
    }
    static std::vector<std::int32_t> parts(const FetchResponse& response) {
        std::vector<std::int32_t> parts;
        for (const auto& topic : response.responses) {
            for (const auto& part : topic.partitions) parts.push_back(part.partition_index);
        }
        return parts;
    }
    void produce(std::int32_t partition, std::size_t bytes = 1) {
        EXPECT_EQ(world_.produce(1, {"orders", partition}, "k", std::string(bytes, 'v')),
                  ErrorCode::none);
    }

    BrokerWorld world_;
    std::int32_t max_bytes_ = 1 << 20;
};

TEST_F(FetchSessionsTest, TellAConsumerWhatChangedAndNothingElse) {
    std::vector<std::vector<std::int32_t>> told;
    client([&] {
        const FetchResponse full = fetch(0, 0, {{0, 0}, {1, 0}, {2, 0}});
        told.push_back(parts(full));
        const std::int32_t id = full.session_id;
        told.push_back(parts(fetch(id, 1, {})));
        produce(1);
        told.push_back(parts(fetch(id, 2, {})));
        told.push_back(parts(fetch(id, 3, {})));  // not taken yet: it still asks from offset 0
        told.push_back(parts(fetch(id, 4, {{1, 1}})));
        told.push_back(parts(fetch(id, 5, {})));
    });
    EXPECT_THAT(told, ElementsAre(ElementsAre(0, 1, 2), IsEmpty(), ElementsAre(1), ElementsAre(1),
                                  IsEmpty(), IsEmpty()));
}

TEST_F(FetchSessionsTest, WakeAWaitingConsumerForAPartitionThatItDidNotNameAgain) {
    // On a connection of its own: the other one waits for its answer.
    ProducerOptions options;
    options.client.client_id = "producer";
    Producer producer(world_.client(), world_.fabric(), world_.bootstrap(), options);
    Duration waited{};
    std::vector<std::int32_t> told;
    client([&] {
        const std::int32_t id = fetch(0, 0, {{0, 0}, {1, 0}, {2, 0}}).session_id;
        world_.client().spawn("later", [&] {
            world_.client().sleep_for(2s);
            producer.send({.topic = "orders",
                           .partition = 2,
                           .key = std::nullopt,
                           .value = Bytes(1),
                           .headers = {},
                           .timestamp = std::nullopt});
        });
        const LocalTime began = world_.client().now();
        told = parts(fetch(id, 1, {}, 20'000));
        waited = world_.client().now() - began;
    });
    EXPECT_THAT(told, ElementsAre(2));
    EXPECT_GE(waited, 2s);
    EXPECT_LT(waited, 3s);
}

TEST_F(FetchSessionsTest, ServePartitionsInTurnWhereNotAllFitIntoAnAnswer) {
    std::vector<std::vector<std::int32_t>> with_records;
    client([&] {
        for (std::int32_t i = 0; i < partitions; ++i) {
            for (int n = 0; n < 3; ++n) produce(i, 1000);
        }
        max_bytes_ = 1500;
        std::map<std::int32_t, std::int64_t> next{{0, 0}, {1, 0}, {2, 0}};
        const FetchResponse full = fetch(0, 0, next);
        std::int32_t epoch = 0;
        for (int round = 0; round < 4; ++round) {
            const FetchResponse response = fetch(full.session_id, ++epoch, next);
            next.clear();
            auto& got = with_records.emplace_back();
            for (const auto& topic : response.responses) {
                for (const auto& part : topic.partitions) {
                    if (part.records.empty()) continue;
                    got.push_back(part.partition_index);
                    const auto batch = BatchView::at_front(part.records);
                    next[part.partition_index] = batch->next_offset().value();
                }
            }
        }
    });
    EXPECT_THAT(with_records,
                ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2), ElementsAre(0)));
}

TEST_F(FetchSessionsTest, RefuseWhatTheyAreNotAskedInTurnAndDoNotOutliveTheProcess) {
    std::vector<ErrorCode> errors;
    std::int32_t id = 0;
    client([&] {
        id = fetch(0, 0, {{0, 0}}).session_id;
        errors.push_back(fetch(id, 2, {}).error_code);
        errors.push_back(fetch(id, 1, {}).error_code);
        errors.push_back(fetch(id, 1, {}).error_code);
    });
    world_.node("b1").stop(sim::StopReason::crash);
    world_.node("b1").start();
    world_.run_for(20s);
    client([&] { errors.push_back(fetch(id, 2, {}).error_code); });
    EXPECT_THAT(errors, ElementsAre(ErrorCode::invalid_fetch_session_epoch, ErrorCode::none,
                                    ErrorCode::invalid_fetch_session_epoch,
                                    ErrorCode::fetch_session_id_not_found));
}

TEST_F(FetchSessionsTest, TellOfATopicThatWasDeleted) {
    FetchResponse response;
    client([&] {
        const std::int32_t id = fetch(0, 0, {{0, 0}}).session_id;
        fetch(id, 1, {});
        world_.admin().delete_topics({"orders"});
        world_.client().sleep_for(3s);
        response = fetch(id, 2, {});
    });
    ASSERT_THAT(parts(response), ElementsAre(0));
    EXPECT_EQ(response.responses[0].partitions[0].error_code, ErrorCode::unknown_topic_id);
}

// Nothing is appended, so every fetch of a follower is answered with nothing: the leader has to
// count that it came all the same.
TEST_F(FetchSessionsTest, KeepFollowersOfIdlePartitionsInSync) {
    world_.run_for(90s);
    EXPECT_THAT(world_.events("IsrChangeProposed"), IsEmpty());
    EXPECT_EQ(world_.broker(1).fetch_sessions().size(), 2u);
}

class OneSessionTest : public FetchSessionsTest {
  protected:
    static WorldOptions options() {
        WorldOptions options;
        options.config.fetch_sessions.max_incremental_fetch_session_cache_slots = 1;
        return options;
    }
    OneSessionTest() : FetchSessionsTest(options()) {}
};

TEST_F(OneSessionTest, IsEnoughForBrokersThatDoWithoutTheRest) {
    std::int32_t session = -1;
    client([&] {
        for (int n = 0; n < 3; ++n) produce(n);
        session = fetch(0, 0, {{0, 0}}).session_id;
    });
    world_.run_for(60s);
    EXPECT_EQ(session, no_fetch_session);
    EXPECT_EQ(world_.broker(1).fetch_sessions().size(), 1u);
    EXPECT_THAT(world_.events("IsrChangeProposed"), IsEmpty());
}

}  // namespace fetch_sessions_test
}  // namespace squall::model
