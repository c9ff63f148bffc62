#include "model/broker/fetch_session_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/fetch_session_epoch.h"
#include "model/protocol/fetch_session_handler.h"

namespace squall::model {
namespace fetch_session_cache_test {

constexpr ApiVersion newest = FetchRequest::versions.max;

std::unique_ptr<ReplicaHost::FetchWatch> nobody() {
    return nullptr;
}

FetchRequest request_for(int partitions, std::int32_t session = 0, std::int32_t epoch = 0) {
    FetchRequest request;
    request.session_id = session;
    request.session_epoch = epoch;
    if (partitions == 0) return request;
    FetchRequest::Topic& topic = request.topics.emplace_back();
    topic.topic_id = Uuid{1, 1};
    for (int i = 0; i < partitions; ++i) topic.partitions.emplace_back().partition = i;
    return request;
}

class FetchSessionCacheTest : public testing::Test {
  protected:
    explicit FetchSessionCacheTest(std::int32_t slots = 2)
        : cache_({.max_incremental_fetch_session_cache_slots = slots}, draws_) {}

    void pass(Duration duration) { now_ += duration; }
    FetchSessionCache::Begun begin(const FetchRequest& request, bool is_follower = false,
                                   ApiVersion version = newest) {
        return cache_.begin(request, version, is_follower, nobody, now_);
    }
    // A full fetch, answered. The session's id; 0: it got none.
    std::int32_t open(int partitions, bool is_follower = false) {
        const auto begun = begin(request_for(partitions), is_follower);
        EXPECT_TRUE(begun.begins_session);
        cache_.keep(begun.session, now_);
        begun.session->has_open_request = false;
        return begun.session->id;
    }
    ErrorCode go_on(std::int32_t session, std::int32_t epoch) {
        return begin(request_for(0, session, epoch)).error;
    }

    Draws draws_{Noise(7), Meaning("sessions")};
    FetchSessionCache cache_;
    LocalTime now_{};
};

TEST_F(FetchSessionCacheTest, GoesThroughItsEpochsOneByOne) {
    const std::int32_t id = open(3);
    ASSERT_GT(id, 0);
    EXPECT_EQ(go_on(id, 1), ErrorCode::none);
    EXPECT_EQ(go_on(id, 2), ErrorCode::none);
    EXPECT_EQ(go_on(id, 2), ErrorCode::invalid_fetch_session_epoch);
    EXPECT_EQ(go_on(id, 4), ErrorCode::invalid_fetch_session_epoch);
    EXPECT_EQ(go_on(id, 3), ErrorCode::none);
    EXPECT_EQ(go_on(id + 1, 4), ErrorCode::fetch_session_id_not_found);
}

TEST_F(FetchSessionCacheTest, NeedsTopicsNamedAsAtFirst) {
    const std::int32_t id = open(3);
    EXPECT_EQ(begin(request_for(0, id, 1), false, 12).error,
              ErrorCode::fetch_session_topic_id_error);
    EXPECT_EQ(go_on(id, 1), ErrorCode::none);
}

TEST_F(FetchSessionCacheTest, EndsASessionThatBeginsAnewOrIsClosed) {
    const std::int32_t first = open(3);
    EXPECT_TRUE(begin(request_for(3, first, initial_session_epoch)).begins_session);
    EXPECT_EQ(go_on(first, 1), ErrorCode::fetch_session_id_not_found);
    const std::int32_t second = open(3);
    EXPECT_FALSE(begin(request_for(0, second, final_session_epoch)).begins_session);
    EXPECT_EQ(go_on(second, 1), ErrorCode::fetch_session_id_not_found);
    EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(FetchSessionCacheTest, EndsASessionThatForgotAllItsPartitions) {
    const std::int32_t id = open(2);
    FetchRequest request = request_for(0, id, 1);
    request.forgotten_topics_data = {{.topic = {}, .topic_id = Uuid{1, 1}, .partitions = {0, 1}}};
    const auto begun = begin(request);
    EXPECT_EQ(begun.error, ErrorCode::none);
    EXPECT_FALSE(begun.is_incremental);
    EXPECT_EQ(begun.session->id, no_fetch_session);
    EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(FetchSessionCacheTest, HasNoSessionsForClientsFromBeforeThem) {
    const auto begun = begin(request_for(3), false, 6);
    EXPECT_EQ(begun.error, ErrorCode::none);
    EXPECT_FALSE(begun.begins_session);
}

TEST_F(FetchSessionCacheTest, GivesNoSessionWhereAllAreYoungAndInUse) {
    open(1);
    open(1);
    EXPECT_EQ(open(5), no_fetch_session);
    EXPECT_EQ(cache_.evictions(), 0u);
}

TEST_F(FetchSessionCacheTest, EvictsConsumersAtAnyAgeForFollowersAndNotTheOtherWayRound) {
    const std::int32_t consumer = open(9);
    const std::int32_t follower = open(1, true);
    EXPECT_NE(open(1, true), no_fetch_session);
    EXPECT_EQ(go_on(consumer, 1), ErrorCode::fetch_session_id_not_found);
    EXPECT_EQ(go_on(follower, 1), ErrorCode::none);
    EXPECT_EQ(open(9), no_fetch_session);
}

TEST_F(FetchSessionCacheTest, EvictsWhatWasNotUsedForTwoMinutes) {
    const std::int32_t left_alone = open(9, true);
    pass(60s);
    const std::int32_t in_use = open(1);
    pass(60s + 1ms);
    EXPECT_NE(open(1), no_fetch_session);
    EXPECT_EQ(go_on(left_alone, 1), ErrorCode::fetch_session_id_not_found);
    EXPECT_EQ(go_on(in_use, 1), ErrorCode::none);
}

TEST_F(FetchSessionCacheTest, EvictsTheSmallestOfThoseThatAreOldEnough) {
    const std::int32_t small = open(2);
    const std::int32_t large = open(4);
    pass(60s);
    EXPECT_EQ(go_on(small, 1), ErrorCode::none);
    EXPECT_EQ(go_on(large, 1), ErrorCode::none);
    pass(61s);
    EXPECT_EQ(go_on(small, 2), ErrorCode::none);
    EXPECT_EQ(go_on(large, 2), ErrorCode::none);
    EXPECT_EQ(open(1), no_fetch_session);
    EXPECT_NE(open(3), no_fetch_session);
    EXPECT_EQ(go_on(small, 3), ErrorCode::fetch_session_id_not_found);
    EXPECT_EQ(go_on(large, 3), ErrorCode::none);
}

TEST_F(FetchSessionCacheTest, LooksAtAllAgainWhereAnEarlierRequestWasLeftOpen) {
    const auto begun = begin(request_for(1));
    cache_.keep(begun.session, now_);
    begun.session->partitions().front().must_look = false;
    ASSERT_EQ(go_on(begun.session->id, 1), ErrorCode::none);
    EXPECT_TRUE(begun.session->partitions().front().must_look);
}

// ---- what a partition has to tell ----

TEST(CachedPartition, TellsWhatChangedOnce) {
    CachedPartition known;
    FetchResponse::Partition part{.high_watermark = Offset{5}, .log_start_offset = Offset{0}};
    EXPECT_TRUE(known.tell(part));
    EXPECT_FALSE(known.tell(part));
    part.high_watermark = Offset{6};
    EXPECT_TRUE(known.tell(part));
    EXPECT_FALSE(known.tell(part));
    part.log_start_offset = Offset{2};
    EXPECT_TRUE(known.tell(part));
    EXPECT_FALSE(known.tell(part));
    part.last_stable_offset = Offset{4};
    EXPECT_FALSE(known.tell(part));
}

TEST(CachedPartition, TellsRecordsErrorsDivergenceAndOtherReplicasEachTime) {
    CachedPartition known;
    const FetchResponse::Partition quiet{.high_watermark = Offset{5},
                                         .log_start_offset = Offset{0}};
    const auto is_told_twice = [&](const FetchResponse::Partition& part) {
        known.tell(quiet);
        return known.tell(part) && known.tell(part);
    };
    FetchResponse::Partition part = quiet;
    part.records = Bytes(1);
    EXPECT_TRUE(is_told_twice(part));
    part = quiet;
    part.error_code = ErrorCode::not_leader_or_follower;
    EXPECT_TRUE(is_told_twice(part));
    part = quiet;
    part.diverging_epoch.epoch = LeaderEpoch{1};
    EXPECT_TRUE(is_told_twice(part));
    part = quiet;
    part.preferred_read_replica = BrokerId{2};
    EXPECT_TRUE(is_told_twice(part));
}

TEST(CachedPartition, TellsTheHighWatermarkAgainWhenAnErrorOrADivergenceIsOver) {
    const FetchResponse::Partition quiet{.high_watermark = Offset{5},
                                         .log_start_offset = Offset{0}};
    for (const bool is_error : {true, false}) {
        CachedPartition known;
        known.tell(quiet);
        FetchResponse::Partition part = quiet;
        if (is_error) part.error_code = ErrorCode::not_leader_or_follower;
        if (!is_error) part.diverging_epoch.epoch = LeaderEpoch{1};
        known.tell(part);
        EXPECT_TRUE(known.tell(quiet)) << is_error;
        EXPECT_FALSE(known.tell(quiet)) << is_error;
    }
}

// ---- both ends, against a fetcher that has no session ----

// A broker of five partitions, and a fetcher that wants some of them. The network loses requests
// and answers, the broker restarts and forgets its sessions, another fetcher takes the only slot,
// topics are made anew: whenever the fetcher took an answer it knows of each partition that it
// wants what a full answer would have told it.
class World {
  public:
    static constexpr int partitions = 5;

    struct Truth {
        std::uint64_t topic = 1;
        Offset log_start_offset{0};
        Offset high_watermark{0};
        bool is_failing = false;
    };
    struct Known {
        Offset position{0};
        Offset log_start_offset = no_offset;
        Offset high_watermark = no_offset;
        bool is_failing = false;
    };

    void restart() { cache_ = fresh_cache(); }
    void let_another_in() {
        now_ += 121s;
        const auto begun = cache_->begin(request_for(1), newest, true, nobody, now_);
        cache_->keep(begun.session, now_);
    }
    void recreate(int i) {
        truth[i] = {.topic = truth[i].topic + 1};
        known[i] = {};
    }
    enum class Fate { arrives, request_lost, answer_lost };
    // True: the fetcher took the answer.
    bool exchange(Fate fate) {
        now_ += 1ms;
        for (int i = 0; i < partitions; ++i) {
            if (!wanted[i]) continue;
            handler_.want(name(i), Uuid{truth[i].topic, static_cast<std::uint64_t>(i)},
                          {.partition = i, .fetch_offset = known[i].position});
        }
        FetchRequest request;
        handler_.complete(request);
        std::optional<FetchResponse> response;
        if (fate != Fate::request_lost) response = serve(request);
        if (!response || fate == Fate::answer_lost) {
            handler_.give_up();
            return false;
        }
        if (!handler_.take(*response)) return false;
        for (const auto& topic : response->responses) {
            for (const auto& part : topic.partitions) {
                const auto* const entry = handler_.find({}, topic.topic_id, part.partition_index);
                hear(known.at(entry->name.partition), part);
            }
        }
        if (request.session_epoch > 0) ++incremental;
        return true;
    }
    void check() const {
        for (int i = 0; i < partitions; ++i) {
            if (!wanted.at(i)) continue;
            RC_ASSERT(known.at(i).is_failing == truth.at(i).is_failing);
            if (truth.at(i).is_failing) continue;
            RC_ASSERT(known.at(i).position == truth.at(i).high_watermark);
            RC_ASSERT(known.at(i).high_watermark == truth.at(i).high_watermark);
            RC_ASSERT(known.at(i).log_start_offset == truth.at(i).log_start_offset);
        }
    }

    std::map<int, Truth> truth = of_each<Truth>();
    std::map<int, Known> known = of_each<Known>();
    std::map<int, bool> wanted = of_each<bool>(true);
    int incremental = 0;

  private:
    template <class T>
    static std::map<int, T> of_each(const T& first = {}) {
        std::map<int, T> each;
        for (int i = 0; i < partitions; ++i) each[i] = first;
        return each;
    }
    static TopicPartition name(int i) { return {fmt::format("topic{}", i), i}; }
    std::unique_ptr<FetchSessionCache> fresh_cache() {
        return std::make_unique<FetchSessionCache>(
            FetchSessionOptions{.max_incremental_fetch_session_cache_slots = 1}, draws_);
    }

    FetchResponse serve(const FetchRequest& request) {
        FetchResponse response;
        const auto begun = cache_->begin(request, newest, true, nobody, now_);
        response.error_code = begun.error;
        if (begun.error != ErrorCode::none) return response;
        if (begun.begins_session) cache_->keep(begun.session, now_);
        response.session_id = begun.session->id;
        for (CachedPartition& partition : begun.session->partitions()) {
            const FetchResponse::Partition part = read(partition);
            if (!partition.tell(part) && begun.is_incremental) continue;
            response.responses.push_back(
                {.topic = {}, .topic_id = partition.topic_id, .partitions = {part}});
        }
        begun.session->has_open_request = false;
        return response;
    }
    FetchResponse::Partition read(const CachedPartition& partition) const {
        const Truth& there = truth.at(partition.asked.partition);
        FetchResponse::Partition part;
        part.partition_index = partition.asked.partition;
        if (partition.topic_id.high != there.topic) {
            part.error_code = ErrorCode::unknown_topic_id;
        } else if (there.is_failing) {
            part.error_code = ErrorCode::not_leader_or_follower;
        } else {
            part.high_watermark = there.high_watermark;
            part.log_start_offset = there.log_start_offset;
            if (partition.asked.fetch_offset < there.high_watermark) part.records = Bytes(1);
        }
        return part;
    }
    static void hear(Known& known, const FetchResponse::Partition& part) {
        known.is_failing = part.error_code != ErrorCode::none;
        if (known.is_failing) return;
        known.high_watermark = part.high_watermark;
        known.log_start_offset = part.log_start_offset;
        if (!part.records.empty()) known.position = part.high_watermark;
    }

    Draws draws_{Noise(7), Meaning("sessions")};
    std::unique_ptr<FetchSessionCache> cache_ = fresh_cache();
    FetchSessionHandler handler_;
    LocalTime now_{};
};

int incremental_exchanges = 0;

RC_GTEST_PROP(FetchSessions, TellAFetcherWhatFullAnswersWouldTell, ()) {
    World world;
    const auto steps = *rc::gen::container<std::vector<std::pair<std::uint8_t, int>>>(
        rc::gen::pair(rc::gen::arbitrary<std::uint8_t>(), rc::gen::inRange(0, World::partitions)));
    for (const auto& [what, i] : steps) {
        World::Truth& truth = world.truth[i];
        switch (what % 32) {
            case 0:
                world.restart();
                break;
            case 1:
                world.let_another_in();
                break;
            case 2:
                world.recreate(i);
                break;
            case 3:
                world.exchange(World::Fate::request_lost);
                break;
            case 4:
                world.exchange(World::Fate::answer_lost);
                break;
            case 5:
                truth.is_failing = !truth.is_failing;
                break;
            case 6:
                truth.log_start_offset = truth.high_watermark;
                break;
            case 7:
            case 8:
                world.wanted[i] = !world.wanted[i];
                break;
            case 9:
            case 10:
                truth.high_watermark = truth.high_watermark.next();
                break;
            default: {
                // Each refusal is of a session that is given up.
                int rounds = 1;
                while (!world.exchange(World::Fate::arrives)) {
                    ++rounds;
                    RC_ASSERT(rounds <= 3);
                }
                world.check();
            }
        }
    }
    incremental_exchanges += world.incremental;
}

// The property above would hold of fetchers that never go on with a session, too.
TEST(FetchSessions, WereReachedByTheProperty) {
    if (testing::UnitTest::GetInstance()->total_test_count() ==
        testing::UnitTest::GetInstance()->test_to_run_count()) {
        EXPECT_GT(incremental_exchanges, 100);
    }
}

}  // namespace fetch_session_cache_test
}  // namespace squall::model
