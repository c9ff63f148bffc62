#include "model/protocol/fetch_session_handler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/protocol/fetch_session_epoch.h"

namespace squall::model {
namespace fetch_session_handler_test {

const Uuid orders_id{1, 1};
const Uuid payments_id{2, 2};

class FetchSessionHandlerTest : public testing::Test {
  protected:
    struct Wanted {
        std::string topic;
        std::int32_t partition;
        std::int64_t offset;
        Uuid topic_id = orders_id;
    };
    FetchRequest ask(const std::vector<Wanted>& wanted) {
        for (const Wanted& one : wanted) {
            FetchRequest::Partition asked;
            asked.partition = one.partition;
            asked.fetch_offset = Offset{one.offset};
            handler_.want({one.topic, one.partition}, one.topic_id, asked);
        }
        FetchRequest request;
        handler_.complete(request);
        return request;
    }
    // "orders-0@5 payments-1@0 without orders-2 in 7/1": what a request says.
    static std::string text(const FetchRequest& request) {
        std::string text;
        for (const auto& topic : request.topics) {
            for (const auto& partition : topic.partitions) {
                text += fmt::format("{}-{}@{} ", topic.topic, partition.partition,
                                    partition.fetch_offset);
            }
        }
        for (const auto& topic : request.forgotten_topics_data) {
            for (const std::int32_t partition : topic.partitions) {
                text += fmt::format("without {}-{} ", topic.topic, partition);
            }
        }
        return text + fmt::format("in {}/{}", request.session_id, request.session_epoch);
    }
    // An answer with a part for each of these, in a session.
    static FetchResponse answer(std::int32_t session, const std::vector<std::int32_t>& partitions,
                                ErrorCode error = ErrorCode::none) {
        FetchResponse response;
        response.session_id = session;
        response.error_code = error;
        if (partitions.empty()) return response;
        FetchResponse::Topic& topic = response.responses.emplace_back();
        topic.topic_id = orders_id;
        for (const std::int32_t partition : partitions) {
            topic.partitions.emplace_back().partition_index = partition;
        }
        return response;
    }

    FetchSessionHandler handler_;
};

TEST_F(FetchSessionHandlerTest, NamesEverythingOnceAndThenWhatChanged) {
    EXPECT_EQ(text(ask({{"orders", 0, 5}, {"orders", 1, 0}})), "orders-0@5 orders-1@0 in 0/0");
    ASSERT_TRUE(handler_.take(answer(7, {0, 1})));
    EXPECT_EQ(text(ask({{"orders", 0, 5}, {"orders", 1, 0}})), "in 7/1");
    ASSERT_TRUE(handler_.take(answer(7, {})));
    EXPECT_EQ(text(ask({{"orders", 0, 6}, {"orders", 1, 0}, {"orders", 2, 0}})),
              "orders-0@6 orders-2@0 in 7/2");
    ASSERT_TRUE(handler_.take(answer(7, {2})));
    EXPECT_EQ(text(ask({{"orders", 2, 0}})), "without orders-0 without orders-1 in 7/3");
}

TEST_F(FetchSessionHandlerTest, FindsWhatWasAskedForByIdAndByName) {
    ask({{"orders", 0, 5}, {"orders", 1, 9}, {"payments", 0, 3, payments_id}});
    const auto* const by_id = handler_.find({}, payments_id, 0);
    ASSERT_NE(by_id, nullptr);
    EXPECT_EQ(by_id->name, (TopicPartition{"payments", 0}));
    EXPECT_EQ(handler_.find("orders", {}, 1)->asked.fetch_offset, Offset{9});
    EXPECT_EQ(handler_.find("orders", {}, 2), nullptr);
}

TEST_F(FetchSessionHandlerTest, GoesOnWithoutASessionWhereTheBrokerGivesNone) {
    ask({{"orders", 0, 5}});
    ASSERT_TRUE(handler_.take(answer(0, {0})));
    EXPECT_EQ(text(ask({{"orders", 0, 5}})), "orders-0@5 in 0/0");
}

TEST_F(FetchSessionHandlerTest, BeginsAnewWhereTheBrokerDoesNotKnowTheSession) {
    ask({{"orders", 0, 5}});
    ASSERT_TRUE(handler_.take(answer(7, {0})));
    ask({{"orders", 0, 5}});
    EXPECT_FALSE(handler_.take(answer(0, {}, ErrorCode::fetch_session_id_not_found)));
    EXPECT_EQ(text(ask({{"orders", 0, 5}})), "orders-0@5 in 0/0");
}

TEST_F(FetchSessionHandlerTest, EndsTheOldSessionWhereItsEpochIsWrongOrNoAnswerCame) {
    ask({{"orders", 0, 5}});
    ASSERT_TRUE(handler_.take(answer(7, {0})));
    ask({{"orders", 0, 5}});
    EXPECT_FALSE(handler_.take(answer(0, {}, ErrorCode::invalid_fetch_session_epoch)));
    EXPECT_EQ(text(ask({{"orders", 0, 5}})), "orders-0@5 in 7/0");
    ASSERT_TRUE(handler_.take(answer(8, {0})));
    ask({{"orders", 0, 6}});
    handler_.give_up();
    EXPECT_EQ(text(ask({{"orders", 0, 6}})), "orders-0@6 in 8/0");
}

TEST_F(FetchSessionHandlerTest, RefusesAnAnswerToMoreOrLessThanWasAsked) {
    ask({{"orders", 0, 5}, {"orders", 1, 5}});
    EXPECT_FALSE(handler_.take(answer(7, {0})));
    EXPECT_EQ(text(ask({{"orders", 0, 5}, {"orders", 1, 5}})), "orders-0@5 orders-1@5 in 0/0");
    ASSERT_TRUE(handler_.take(answer(7, {0, 1})));
    ask({{"orders", 0, 5}, {"orders", 1, 5}});
    EXPECT_FALSE(handler_.take(answer(7, {2})));
    EXPECT_EQ(text(ask({{"orders", 0, 5}, {"orders", 1, 5}})), "orders-0@5 orders-1@5 in 7/0");
}

TEST_F(FetchSessionHandlerTest, ForgetsATopicThatWasMadeAnewAndAsksForTheNewOne) {
    ask({{"orders", 0, 5}});
    ASSERT_TRUE(handler_.take(answer(7, {0})));
    const FetchRequest request = ask({{"orders", 0, 5, payments_id}});
    EXPECT_EQ(text(request), "orders-0@5 without orders-0 in 7/1");
    EXPECT_EQ(request.topics.at(0).topic_id, payments_id);
    EXPECT_EQ(request.forgotten_topics_data.at(0).topic_id, orders_id);
}

TEST_F(FetchSessionHandlerTest, SaysAgainWhatWasSaidForARequestThatWasNotMade) {
    ask({{"orders", 0, 5}});
    ASSERT_TRUE(handler_.take(answer(7, {0})));
    handler_.want({"orders", 0}, orders_id, {.partition = 0, .fetch_offset = Offset{6}});
    handler_.give_up();
    EXPECT_EQ(text(ask({{"orders", 0, 6}})), "orders-0@6 in 7/0");
}

TEST(FetchSessionEpoch, NeverComesBackToTheOneThatBeginsASession) {
    EXPECT_EQ(next_session_epoch(initial_session_epoch), 1);
    EXPECT_EQ(next_session_epoch(INT32_MAX), 1);
    EXPECT_EQ(next_session_epoch(final_session_epoch), final_session_epoch);
    EXPECT_TRUE(is_full_fetch(initial_session_epoch));
    EXPECT_TRUE(is_full_fetch(final_session_epoch));
    EXPECT_FALSE(is_full_fetch(1));
}

}  // namespace fetch_session_handler_test
}  // namespace squall::model
