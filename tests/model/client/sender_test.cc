// The sender and its accumulator against a world that knows only the contract: brokers that append
// or not, answers that say so or not, leaders that move, time that passes.
#include "model/client/producer/sender.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace squall::model {
namespace {

using std::chrono::milliseconds;

constexpr std::int32_t partitions = 3;

TopicPartition partition_of(std::int32_t index) {
    return {.topic = "orders", .partition = index};
}

MetadataResponse leaders(const std::vector<std::int32_t>& leader, std::int32_t epoch) {
    MetadataResponse response;
    for (std::int32_t id = 1; id <= 3; ++id) {
        response.brokers.push_back({.node_id = BrokerId(id),
                                    .host = "b" + std::to_string(id),
                                    .port = 9092,
                                    .rack = std::nullopt});
    }
    MetadataResponse::Topic topic;
    topic.name = "orders";
    topic.topic_id = {1, 1};
    for (std::size_t i = 0; i < leader.size(); ++i) {
        MetadataResponse::Partition partition;
        partition.partition_index = static_cast<std::int32_t>(i);
        partition.leader_id = BrokerId(leader[i]);
        partition.leader_epoch = LeaderEpoch(epoch);
        topic.partitions.push_back(partition);
    }
    response.topics = {topic};
    return response;
}

// Batches without numbers: brokers that know no producers. See idempotent_sender_test.cc.
ProducerOptions plain() {
    ProducerOptions options;
    options.enable_idempotence = false;
    return options;
}

// What a broker does with one partition of one request, and what it says.
struct Verdict {
    bool appends = false;
    ErrorCode error = ErrorCode::none;
};

class World {
  public:
    explicit World(const ProducerOptions& configured)
        : options(configured), sender(configured), metadata(configured.client) {
        metadata.track("orders");
        move_leaders({1, 2, 3});
    }

    void move_leaders(const std::vector<std::int32_t>& leader) {
        metadata.begin_refresh();
        metadata.apply(leaders(leader, ++epoch), now, jitter);
    }

    bool append(std::int32_t partition, std::size_t bytes) {
        RecordToSend record{.send = SendId(next_send),
                            .timestamp = 1,
                            .key = std::nullopt,
                            .value = Bytes(bytes, 'x'),
                            .headers = {}};
        // The record's own number, so that the log can be read back.
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&next_send), 8, record.value->begin());
        if (!sender.accumulator().append(partition_of(partition), record, now)) return false;
        appended_at[next_send] = now;
        ++next_send;
        return true;
    }

    Sender::Step look(LocalTime at) {
        return sender.step(metadata, at,
                           [this](BrokerId broker) { return !unconnected.contains(broker); });
    }
    void step() { take(look(now)); }

    void answer(std::size_t which, const std::vector<Verdict>& verdicts) {
        ProduceAttempt attempt = pop(which);
        ProduceResponse response;
        std::size_t next = 0;
        for (const auto& topic : attempt.request.topic_data) {
            ProduceResponse::Topic answered;
            answered.name = topic.name;
            for (const auto& data : topic.partition_data) {
                const Verdict verdict = verdicts[next++ % verdicts.size()];
                ProduceResponse::Partition partition;
                partition.index = data.index;
                partition.error_code = verdict.error;
                if (verdict.appends) {
                    const Offset base = execute(data);
                    if (verdict.error == ErrorCode::none) partition.base_offset = base;
                }
                answered.partition_responses.push_back(partition);
            }
            response.responses.push_back(answered);
        }
        take(sender.on_answer(attempt.id, response, metadata, now, jitter));
    }

    void fail(std::size_t which, Failure failure, bool appends) {
        ProduceAttempt attempt = pop(which);
        if (appends) {
            for (const auto& topic : attempt.request.topic_data) {
                for (const auto& data : topic.partition_data) execute(data);
            }
        }
        take(sender.on_failure(attempt.id, Error{failure, ""}, now, jitter));
    }

    // Brokers are well again: everything is answered and appended, until nothing is left to do.
    void settle() {
        for (int i = 0; i < 10'000 && !sender.is_idle(); ++i) {
            step();
            while (!attempts.empty()) answer(0, {{.appends = true}});
            now += milliseconds(100);
        }
    }

    void take(const Sender::Step& step) {
        sender.check_invariants();
        for (const CompletedSend& done : step.completed) {
            ++completions[done.send.value()];
            results[done.send.value()] = done;
            completed_at[done.send.value()] = now;
        }
        for (const RetriedBatch& batch : step.retried) retries.push_back(batch);
        for (const BrokerId broker : step.connect) asked_to_connect.insert(broker);
        for (const ProduceAttempt& attempt : step.attempts) {
            attempts.push_back(attempt);
            std::int32_t out = 0;
            for (const ProduceAttempt& other : attempts) out += other.broker == attempt.broker;
            most_in_flight = std::max(most_in_flight, out);
        }
    }

    ProducerOptions options;
    Sender sender;
    MetadataCache metadata;
    Draws jitter{Noise(1), Meaning("jitter")};
    LocalTime now;
    std::set<BrokerId> unconnected;
    std::set<BrokerId> asked_to_connect;
    std::int32_t epoch = 0;
    std::uint64_t next_send = 1;

    std::vector<ProduceAttempt> attempts;                    // out
    std::map<std::int32_t, std::vector<std::uint64_t>> log;  // by partition: sends
    std::map<std::uint64_t, LocalTime> appended_at;
    std::map<std::uint64_t, LocalTime> completed_at;
    std::map<std::uint64_t, int> completions;
    std::map<std::uint64_t, CompletedSend> results;
    std::vector<RetriedBatch> retries;
    std::int32_t most_in_flight = 0;

  private:
    ProduceAttempt pop(std::size_t which) {
        const auto at = attempts.begin() + static_cast<std::ptrdiff_t>(which % attempts.size());
        ProduceAttempt attempt = *at;
        attempts.erase(at);
        return attempt;
    }

    Offset execute(const ProduceRequest::Partition& data) {
        std::vector<std::uint64_t>& sends = log[data.index];
        const Offset base(static_cast<std::int64_t>(sends.size()));
        const Result<RecordBatch> batch = decode_batch(ByteView(data.records));
        for (const Record& record : batch.value().records) {
            std::uint64_t send = 0;
            std::copy_n(record.value->begin(), 8, reinterpret_cast<std::uint8_t*>(&send));
            sends.push_back(send);
        }
        return base;
    }
};

// ---- single rules ----

TEST(Sender, LingersAndThenSendsTogether) {
    World world{plain()};
    world.append(0, 10);
    world.append(0, 10);
    world.step();
    EXPECT_TRUE(world.attempts.empty());
    world.now += milliseconds(5);
    world.step();
    ASSERT_EQ(world.attempts.size(), 1u);
    world.answer(0, {{.appends = true}});
    EXPECT_EQ(world.log[0], (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(world.results.at(2).offset, Offset{1});
    EXPECT_TRUE(world.sender.is_idle());
}

TEST(Sender, SendsAFullBatchAtOnce) {
    World world{plain()};
    world.append(0, 10'000);
    world.append(0, 10'000);
    world.step();
    ASSERT_EQ(world.attempts.size(), 1u);
    EXPECT_EQ(world.attempts[0].request.topic_data[0].partition_data.size(), 1u);
}

TEST(Sender, FlushesWithoutLingering) {
    World world{plain()};
    world.append(0, 10);
    world.sender.accumulator().begin_flush();
    world.step();
    EXPECT_EQ(world.attempts.size(), 1u);
    world.sender.accumulator().end_flush();
}

TEST(Sender, RetriesAfterABackoffOfAHundredMillisecondsGiveOrTake) {
    World world{plain()};
    world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::not_enough_replicas}});
    world.now += milliseconds(79);
    world.step();
    EXPECT_TRUE(world.attempts.empty());
    world.now += milliseconds(41);
    world.step();
    ASSERT_EQ(world.attempts.size(), 1u);
    ASSERT_EQ(world.retries.size(), 1u);
    EXPECT_EQ(world.retries[0].error, "NOT_ENOUGH_REPLICAS");
}

// KIP-951
TEST(Sender, DoesNotBackOffFromANewLeader) {
    World world{plain()};
    world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::not_leader_or_follower}});
    world.step();
    EXPECT_TRUE(world.attempts.empty());
    world.move_leaders({2, 2, 2});
    world.step();
    ASSERT_EQ(world.attempts.size(), 1u);
    EXPECT_EQ(world.attempts[0].broker, BrokerId{2});
}

TEST(Sender, KnowsThatARefusedRecordIsNotThere) {
    World world{plain()};
    world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::invalid_record}});
    EXPECT_EQ(world.results.at(1).fate, Fate::not_written);
    EXPECT_EQ(world.results.at(1).error, "INVALID_RECORD");
}

TEST(Sender, NeverForgetsAnIndefiniteAttempt) {
    World world{plain()};
    world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.fail(0, Failure::timed_out, true);
    world.now += milliseconds(200);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::invalid_record}});
    EXPECT_EQ(world.results.at(1).fate, Fate::unknown);
    EXPECT_EQ(world.results.at(1).attempts, 2u);
}

TEST(Sender, DoesNotCountARequestThatNeverLeft) {
    World world{plain()};
    world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.fail(0, Failure::refused, false);
    world.now += milliseconds(120'000);
    world.step();
    EXPECT_EQ(world.results.at(1).fate, Fate::not_written);
    EXPECT_EQ(world.results.at(1).attempts, 0u);
    EXPECT_EQ(world.results.at(1).error, "delivery timeout");
}

TEST(Sender, KeepsTheOrderOfRequestsThatNeverLeft) {
    World world{plain()};
    for (int send = 0; send < 2; ++send) {
        world.append(0, 10);
        world.now += milliseconds(5);
        world.step();
    }
    ASSERT_EQ(world.attempts.size(), 2u);
    world.fail(0, Failure::refused, false);
    world.fail(0, Failure::refused, false);
    world.settle();
    EXPECT_EQ(world.log[0], (std::vector<std::uint64_t>{1, 2}));
}

// The leader dies, five batches gather for it, and another leader takes over.
TEST(Sender, KeepsForAnyLeaderWhatWaitsForAConnection) {
    World world{plain()};
    world.unconnected = {BrokerId(1)};
    for (int send = 0; send < 5; ++send) {
        world.append(0, 10'000);
        world.now += milliseconds(5);
        world.step();
    }
    EXPECT_TRUE(world.attempts.empty());
    EXPECT_EQ(world.asked_to_connect, std::set<BrokerId>{BrokerId(1)});
    world.move_leaders({2, 2, 2});
    world.settle();
    EXPECT_EQ(world.log[0], (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
    EXPECT_TRUE(world.retries.empty());
}

TEST(Sender, SplitsABatchThatIsTooLarge) {
    World world{plain()};
    for (int i = 0; i < 5; ++i) world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::message_too_large}});
    world.settle();
    EXPECT_EQ(world.log[0], (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
    for (std::uint64_t send = 1; send <= 5; ++send) {
        EXPECT_EQ(world.results.at(send).fate, Fate::written);
    }
    EXPECT_EQ(world.sender.accumulator().used_memory(), 0u);
}

TEST(Sender, GivesUpALoneRecordThatIsTooLarge) {
    World world{plain()};
    world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::message_too_large}});
    EXPECT_EQ(world.results.at(1).fate, Fate::not_written);
}

TEST(Sender, StopsAtTheLimitOfRetries) {
    ProducerOptions options = plain();
    options.retries = 1;
    World world{options};
    world.append(0, 10);
    world.now += milliseconds(5);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::not_enough_replicas}});
    world.now += milliseconds(200);
    world.step();
    world.answer(0, {{.appends = false, .error = ErrorCode::not_enough_replicas}});
    EXPECT_EQ(world.results.at(1).fate, Fate::not_written);
    EXPECT_EQ(world.results.at(1).attempts, 2u);
}

TEST(Sender, LeavesARecordAloneThatDoesNotFitIntoMemory) {
    ProducerOptions options = plain();
    options.buffer_memory = 16384;
    World world{options};
    EXPECT_TRUE(world.append(0, 10));
    EXPECT_FALSE(world.append(1, 10));
    world.settle();
    EXPECT_TRUE(world.append(1, 10));
}

// KIP-794: the partitions of a broker that takes nothing are left out of the choice, until it takes
// something again.
TEST(Sender, LeavesPartitionsOutWhoseBrokerCouldNotBeSentToForTooLong) {
    ProducerOptions options = plain();
    options.partitioner_availability_timeout = milliseconds(1000);
    for (const bool is_on : {true, false}) {
        if (!is_on) options.partitioner_availability_timeout = milliseconds(0);
        World world{options};
        const auto chosen_from = [&] {
            std::vector<std::int32_t> partitions_left;
            for (const PartitionLoad& load :
                 world.sender.accumulator().loads("orders", world.metadata)) {
                partitions_left.push_back(load.partition);
            }
            return partitions_left;
        };
        world.unconnected = {BrokerId(2)};
        for (std::int32_t i = 0; i < partitions; ++i) world.append(i, 10);
        world.now += milliseconds(5);
        world.step();
        EXPECT_EQ(chosen_from(), (std::vector<std::int32_t>{0, 1, 2}));
        world.now += milliseconds(1001);
        world.step();
        EXPECT_EQ(chosen_from(),
                  is_on ? (std::vector<std::int32_t>{0, 2}) : (std::vector<std::int32_t>{0, 1, 2}));
        world.unconnected.clear();
        world.step();
        EXPECT_EQ(chosen_from(), (std::vector<std::int32_t>{0, 1, 2}));
    }
}

TEST(Sender, AsksForMetadataWhereNobodyLeads) {
    World world{plain()};
    world.move_leaders({-1, 2, 3});
    world.append(0, 10);
    const Sender::Step step = world.look(world.now + milliseconds(5));
    EXPECT_TRUE(step.refresh_metadata);
    EXPECT_TRUE(step.attempts.empty());
}

// ---- the contract, under anything ----

struct Action {
    enum Kind { append, tick, answer, fail, move, flush } kind;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    std::uint32_t c = 0;
};

std::ostream& operator<<(std::ostream& out, const Action& action) {
    static const char* const names[] = {"append", "tick", "answer", "fail", "move", "flush"};
    return out << names[action.kind] << "(" << action.a << "," << action.b << "," << action.c
               << ")";
}

rc::Gen<std::vector<Action>> actions() {
    const auto number = rc::gen::inRange<std::uint32_t>(0, 1000);
    return rc::gen::container<std::vector<Action>>(
        rc::gen::construct<Action>(rc::gen::weightedElement<Action::Kind>({{6, Action::append},
                                                                           {4, Action::tick},
                                                                           {6, Action::answer},
                                                                           {2, Action::fail},
                                                                           {1, Action::move},
                                                                           {1, Action::flush}}),
                                   number, number, number));
}

// What brokers can honestly do: an error that proves that nothing was written goes with nothing
// written; any other error can go with either.
Verdict honest_verdict(std::uint32_t choice) {
    static const std::vector<Verdict> verdicts = {
        {.appends = true, .error = ErrorCode::none},
        {.appends = false, .error = ErrorCode::not_enough_replicas},
        {.appends = false, .error = ErrorCode::not_leader_or_follower},
        {.appends = true, .error = ErrorCode::not_leader_or_follower},
        {.appends = true, .error = ErrorCode::not_enough_replicas_after_append},
        {.appends = true, .error = ErrorCode::request_timed_out},
        {.appends = false, .error = ErrorCode::kafka_storage_error},
        {.appends = false, .error = ErrorCode::invalid_record},
        {.appends = false, .error = ErrorCode::message_too_large},
        {.appends = true, .error = ErrorCode::unknown_server_error},
    };
    return verdicts[choice % verdicts.size()];
}

constexpr Duration longest_tick = milliseconds(20'000);

void play(World& world, const std::vector<Action>& script) {
    bool flushing = false;
    for (const Action& action : script) {
        switch (action.kind) {
            case Action::append:
                world.append(static_cast<std::int32_t>(action.a % partitions),
                             8 + action.b * 17 % 9000);
                break;
            case Action::tick: {
                // Mostly milliseconds, sometimes long enough for delivery.timeout.ms to matter.
                const Duration tick =
                    action.b % 8 == 0 ? longest_tick : milliseconds(action.a % 200);
                // Requests do not outlive request.timeout.ms: the channel ends them.
                if (tick == longest_tick) {
                    while (!world.attempts.empty()) {
                        world.fail(0, Failure::timed_out, action.c % 2 == 0);
                    }
                }
                world.now += tick;
                break;
            }
            case Action::answer:
                if (!world.attempts.empty()) {
                    world.answer(action.a, {honest_verdict(action.b), honest_verdict(action.c)});
                }
                break;
            case Action::fail:
                if (!world.attempts.empty()) {
                    const bool was_sent = action.b % 2 == 0;
                    world.fail(action.a, was_sent ? Failure::closed : Failure::refused,
                               was_sent && action.c % 2 == 0);
                }
                break;
            case Action::move: {
                const auto leader = static_cast<std::int32_t>(action.a % 4);  // 0: nobody
                world.move_leaders({leader == 0 ? -1 : leader,
                                    1 + static_cast<std::int32_t>(action.b % 3),
                                    1 + static_cast<std::int32_t>(action.c % 3)});
                break;
            }
            case Action::flush:
                if (flushing) {
                    world.sender.accumulator().end_flush();
                } else {
                    world.sender.accumulator().begin_flush();
                }
                flushing = !flushing;
                break;
        }
        world.step();
    }
    world.move_leaders({1, 2, 3});
    world.settle();
}

ProducerOptions drawn_options() {
    ProducerOptions options = plain();
    options.max_in_flight = *rc::gen::inRange(1, 6);
    options.batch_size = *rc::gen::element<std::uint32_t>(1, 500, 16384);
    options.linger = milliseconds(*rc::gen::inRange(0, 50));
    options.retries = *rc::gen::element(0, 3, std::numeric_limits<std::int32_t>::max());
    options.buffer_memory = *rc::gen::element<std::uint64_t>(50'000, 33'554'432);
    return options;
}

RC_GTEST_PROP(SenderContract, CompletesEveryRecordExactlyOnceAndFreesItsMemory, ()) {
    World world{drawn_options()};
    play(world, *actions());
    RC_ASSERT(world.sender.is_idle());
    RC_ASSERT(world.completions.size() == world.appended_at.size());
    for (const auto& [send, times] : world.completions) RC_ASSERT(times == 1);
    RC_ASSERT(world.sender.accumulator().used_memory() == 0u);
    RC_ASSERT(world.most_in_flight <= world.options.max_in_flight);
}

RC_GTEST_PROP(SenderContract, NeverClaimsMoreThanIsTrue, ()) {
    World world{drawn_options()};
    play(world, *actions());
    for (const auto& [send, result] : world.results) {
        const std::vector<std::uint64_t>& log = world.log[result.partition.partition];
        const auto copies = std::ranges::count(log, send);
        if (result.fate == Fate::not_written) RC_ASSERT(copies == 0);
        if (result.fate == Fate::written) {
            RC_ASSERT(copies >= 1);
            RC_ASSERT(log[static_cast<std::size_t>(result.offset.value())] == send);
        }
    }
}

RC_GTEST_PROP(SenderContract, KeepsTheOrderOfEachPartitionWithOneRequestInFlight, ()) {
    ProducerOptions options = drawn_options();
    options.max_in_flight = 1;
    World world{options};
    play(world, *actions());
    for (const auto& [partition, log] : world.log) {
        // Copies by retries aside, later sends never stand before earlier ones.
        std::vector<std::uint64_t> first_copies;
        std::set<std::uint64_t> seen;
        for (const std::uint64_t send : log) {
            if (seen.insert(send).second) first_copies.push_back(send);
        }
        RC_ASSERT(std::ranges::is_sorted(first_copies));
    }
}

RC_GTEST_PROP(SenderContract, CompletesWithinTheDeliveryTimeout, ()) {
    World world{drawn_options()};
    play(world, *actions());
    for (const auto& [send, appended] : world.appended_at) {
        RC_ASSERT(world.completed_at.at(send) - appended <=
                  world.options.delivery_timeout + longest_tick);
    }
}

}  // namespace
}  // namespace squall::model
