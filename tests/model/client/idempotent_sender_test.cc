// The idempotent sender against leaders that know producers: each partition's verdicts are those of
// the log's own ProducerStates, requests are lost, executed late or answered with anything that is
// honest. Whatever happens, records stand in each partition in the order they were sent, once.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "model/client/producer/sender.h"
#include "model/log/producer_state.h"

namespace squall::model {
namespace {

using std::chrono::milliseconds;

constexpr std::int32_t partitions = 2;

class IdempotentWorld {
  public:
    explicit IdempotentWorld(const ProducerOptions& configured, const BugSet* bugs = nullptr)
        : options(configured), sender(configured, bugs), metadata(configured.client) {
        metadata.track("orders");
        move_leaders();
        sender.identify({ProducerId(7), ProducerEpoch(0)});
    }

    // Both partitions are led by the other broker from now on.
    void move_leaders() {
        leader = leader == 1 ? 2 : 1;
        MetadataResponse response;
        for (std::int32_t id = 1; id <= 2; ++id) {
            response.brokers.push_back({.node_id = BrokerId(id),
                                        .host = "b" + std::to_string(id),
                                        .port = 9092,
                                        .rack = {}});
        }
        MetadataResponse::Topic topic;
        topic.name = "orders";
        topic.topic_id = {1, 1};
        for (std::int32_t i = 0; i < partitions; ++i) {
            MetadataResponse::Partition partition;
            partition.partition_index = i;
            partition.leader_id = BrokerId(leader);
            partition.leader_epoch = LeaderEpoch(++epoch);
            topic.partitions.push_back(partition);
        }
        response.topics = {topic};
        metadata.begin_refresh();
        metadata.apply(response, now, jitter);
    }

    void append(std::int32_t partition, std::size_t bytes) {
        RecordToSend record{.send = SendId(next_send),
                            .timestamp = 1,
                            .key = std::nullopt,
                            .value = Bytes(std::max<std::size_t>(bytes, 8), 'x'),
                            .headers = {}};
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&next_send), 8, record.value->begin());
        if (sender.accumulator().append({"orders", partition}, record, now)) ++next_send;
    }

    void step() {
        take(sender.step(metadata, now, [](BrokerId) { return true; }));
    }
    void abandon() { take(sender.abandon("closed")); }
    // The oldest request of a broker is executed and answered.
    void answer(std::int32_t broker, ErrorCode refusal, bool hides) {
        auto& queue = requests[broker];
        if (queue.empty()) return;
        const ProduceAttempt attempt = std::move(queue.front());
        queue.pop_front();
        ProduceResponse response = execute(attempt.request, broker, refusal);
        if (hides) {
            for (auto& topic : response.responses) {
                for (auto& partition : topic.partition_responses) {
                    partition.error_code = ErrorCode::not_leader_or_follower;
                    partition.base_offset = no_offset;
                }
            }
        }
        take(sender.on_answer(attempt.id, response, metadata, now, jitter));
    }
    // The connection breaks: the first `executed` of its requests were carried out, the others may
    // be yet.
    void cut(std::int32_t broker, std::size_t executed, bool others_are_lost) {
        auto queue = std::exchange(requests[broker], {});
        for (ProduceAttempt& attempt : queue) {
            if (executed > 0) {
                --executed;
                execute(attempt.request, broker, ErrorCode::none);
            } else if (!others_are_lost) {
                late[broker].push_back(attempt.request);
            }
            take(sender.on_failure(attempt.id, Error{Failure::closed, ""}, now, jitter));
        }
    }
    void arrive(std::int32_t broker) {
        if (late[broker].empty()) return;
        execute(late[broker].front(), broker, ErrorCode::none);
        late[broker].pop_front();
    }
    void settle() {
        for (int i = 0; i < 400 && !sender.is_idle(); ++i) {
            now += milliseconds(1500);
            step();
            for (std::int32_t broker : {1, 2}) {
                while (!requests[broker].empty()) answer(broker, ErrorCode::none, false);
            }
        }
    }

    ProducerOptions options;
    Draws jitter{Noise(1), Meaning("jitter")};
    LocalTime now{};
    Sender sender;
    MetadataCache metadata;
    std::int32_t leader = 2;
    std::int32_t epoch = 0;
    std::uint64_t next_send = 1;
    std::map<std::int32_t, std::deque<ProduceAttempt>> requests;  // by broker
    std::map<std::int32_t, std::deque<ProduceRequest>> late;
    struct Log {
        ProducerStates states;
        std::vector<std::uint64_t> sends;
    };
    std::map<std::int32_t, Log> logs;
    std::map<std::uint64_t, CompletedSend> results;
    std::vector<std::uint64_t> completed;  // in the order in which callbacks come
    std::int64_t next_identity = 8;
    int duplicates_answered = 0;
    int epochs_raised = 0;

  private:
    void take(Sender::Step step) {
        for (CompletedSend& each : step.completed) {
            ASSERT(results.emplace(each.send.value(), each).second, "send {} completes twice",
                   each.send);
            completed.push_back(each.send.value());
        }
        for (ProduceAttempt& attempt : step.attempts) {
            requests[attempt.broker.value()].push_back(std::move(attempt));
        }
        if (step.needs_identity) sender.identify({ProducerId(next_identity++), ProducerEpoch(0)});
        epochs_raised += step.raised ? 1 : 0;
        sender.check_invariants();
    }

    ProduceResponse execute(const ProduceRequest& request, std::int32_t broker, ErrorCode refusal) {
        ProduceResponse response;
        for (const auto& topic : request.topic_data) {
            ProduceResponse::Topic& answered = response.responses.emplace_back();
            answered.name = topic.name;
            for (const auto& data : topic.partition_data) {
                ProduceResponse::Partition& slot = answered.partition_responses.emplace_back();
                slot.index = data.index;
                slot.error_code = broker != leader ? ErrorCode::not_leader_or_follower : refusal;
                if (slot.error_code == ErrorCode::none) write(data, slot);
            }
        }
        return response;
    }

    void write(const ProduceRequest::Partition& data, ProduceResponse::Partition& slot) {
        Log& log = logs[data.index];
        Bytes batch = data.records;
        stamp_batch(batch, Offset(static_cast<std::int64_t>(log.sends.size())), LeaderEpoch(epoch));
        const ProducerStates::Verdict verdict = log.states.judge(batch, BatchSource::client);
        slot.error_code = verdict.error;
        if (verdict.duplicate) {
            ++duplicates_answered;
            slot.base_offset = verdict.duplicate->first_offset;
        }
        if (!verdict.appends()) return;
        const BatchView view = BatchView::at_front(batch).value();
        ASSERT(view.check().ok(), "a numbered batch with a wrong CRC");
        (void)log.states.append(view);
        slot.base_offset = view.base_offset();
        RecordReader reader(view);
        RecordView record;
        while (reader.next(record)) {
            std::uint64_t send = 0;
            std::copy_n(record.value->begin(), 8, reinterpret_cast<std::uint8_t*>(&send));
            log.sends.push_back(send);
        }
    }
};

// ---- one by one ----

ProducerOptions quick() {
    ProducerOptions options;
    options.linger = milliseconds(0);
    options.batch_size = 1;  // a batch for each record
    return options;
}

TEST(IdempotentSender, NumbersBatchesInTheOrderOfTheSends) {
    IdempotentWorld world(quick());
    for (int i = 0; i < 3; ++i) world.append(0, 8);
    world.step();
    world.settle();
    EXPECT_EQ(world.logs[0].sends, (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(world.logs[0].states.find(ProducerId(7))->last_sequence(), SequenceNumber(2));
}

TEST(IdempotentSender, IsToldOfARetryWhereItsBatchStands) {
    IdempotentWorld world(quick());
    world.append(0, 8);
    world.step();
    world.cut(1, 1, true);
    world.settle();
    EXPECT_EQ(world.logs[0].sends, std::vector<std::uint64_t>{1});
    EXPECT_EQ(world.duplicates_answered, 1);
    EXPECT_EQ(world.results.at(1).fate, Fate::written);
    EXPECT_EQ(world.results.at(1).offset, Offset(0));
}

TEST(IdempotentSender, HasNoMoreThanFiveBatchesOfAPartitionUnderWay) {
    IdempotentWorld world(quick());
    for (int i = 0; i < 9; ++i) world.append(0, 8);
    world.step();
    // The leader does not know the producer yet, and would take any number.
    EXPECT_EQ(world.sender.numbering()->in_flight({"orders", 0}), 1u);
    world.answer(1, ErrorCode::none, false);
    world.step();
    EXPECT_EQ(world.sender.numbering()->in_flight({"orders", 0}), 5u);
}

TEST(IdempotentSender, RaisesItsEpochWhenABatchIsGivenUp) {
    IdempotentWorld world(quick());
    world.append(0, 8);
    world.append(0, 8);
    world.step();
    world.answer(1, ErrorCode::invalid_record, false);
    world.settle();
    EXPECT_EQ(world.results.at(1).fate, Fate::not_written);
    EXPECT_EQ(world.results.at(2).fate, Fate::written);
    EXPECT_EQ(world.epochs_raised, 1);
    EXPECT_EQ(world.logs[0].sends, std::vector<std::uint64_t>{2});
}

// KAFKA-14034: the first batch is in the log without our knowledge, the second fails for good.
void fail_behind_an_unacknowledged_batch(IdempotentWorld& world) {
    world.append(0, 8);
    world.settle();
    world.append(0, 8);
    world.step();
    world.cut(1, 1, true);
    world.now += milliseconds(1500);
    world.step();
    world.append(0, 8);
    world.step();
    // The first is refused without a word on whether it stands; the second, for good.
    world.answer(1, ErrorCode::not_leader_or_follower, false);
    world.answer(1, ErrorCode::invalid_record, false);
    world.settle();
}

TEST(IdempotentSender, RenumbersNoBatchThatMayBeInTheLog) {
    IdempotentWorld world(quick());
    fail_behind_an_unacknowledged_batch(world);
    EXPECT_EQ(world.logs[0].sends, (std::vector<std::uint64_t>{1, 2}));
}

TEST(IdempotentSender, WritesTwiceWhereItRenumbersAtOnce) {
    BugSet bugs;
    bugs.arm(Bug::z48_epoch_bump_rewrites_inflight);
    IdempotentWorld world(quick(), &bugs);
    fail_behind_an_unacknowledged_batch(world);
    EXPECT_EQ(world.logs[0].sends, (std::vector<std::uint64_t>{1, 2, 2}));
    EXPECT_GT(bugs.hits(Bug::z48_epoch_bump_rewrites_inflight), 0u);
}

TEST(IdempotentSender, KeepsNumbersTogetherWhenItSplitsABatch) {
    ProducerOptions options;
    IdempotentWorld world(options);
    for (int i = 0; i < 5; ++i) world.append(0, 8);
    world.now += milliseconds(10);
    world.step();
    world.append(0, 8);
    world.answer(1, ErrorCode::message_too_large, false);
    world.settle();
    EXPECT_EQ(world.logs[0].sends, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(world.epochs_raised, 0);
}

// The limit of a message's size was lowered between the two attempts.
TEST(IdempotentSender, SplitsNoBatchThatMayBeInTheLog) {
    ProducerOptions options;
    IdempotentWorld world(options);
    for (int i = 0; i < 2; ++i) world.append(0, 8);
    world.now += milliseconds(10);
    world.step();
    world.cut(1, 1, true);
    world.now += milliseconds(1500);
    world.step();
    world.answer(1, ErrorCode::message_too_large, false);
    world.append(0, 8);
    world.settle();
    EXPECT_EQ(world.logs[0].sends, (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(world.results.at(1).fate, Fate::unknown);
    EXPECT_EQ(world.results.at(2).fate, Fate::unknown);
    EXPECT_EQ(world.results.at(3).fate, Fate::written);
}

// The first waits for its retry, the second is in flight, the third was never sent.
void leave_batches_everywhere(IdempotentWorld& world) {
    world.append(0, 8);
    world.settle();
    for (int i = 0; i < 2; ++i) world.append(0, 8);
    world.step();
    world.answer(1, ErrorCode::not_enough_replicas, false);
    ASSERT_EQ(world.requests[1].size(), 1u);
    for (int i = 0; i < 5; ++i) world.append(0, 8);
}

TEST(IdempotentSender, GivesUpInTheOrderOfTheSendsWhatRunsOutOfTimeTogether) {
    IdempotentWorld world(quick());
    leave_batches_everywhere(world);
    world.now += world.options.delivery_timeout;
    world.step();
    EXPECT_EQ(world.completed, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(world.results.at(2).fate, Fate::not_written);
    EXPECT_EQ(world.results.at(3).fate, Fate::unknown);
    EXPECT_EQ(world.results.at(8).fate, Fate::not_written);
}

TEST(IdempotentSender, GivesUpInTheOrderOfTheSendsWhenItIsClosed) {
    IdempotentWorld world(quick());
    leave_batches_everywhere(world);
    world.abandon();
    EXPECT_EQ(world.completed, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(world.results.at(2).fate, Fate::not_written);
    EXPECT_EQ(world.results.at(3).fate, Fate::unknown);
}

TEST(IdempotentSender, SendsItsBatchesCompressed) {
    for (const Compression codec :
         {Compression::gzip, Compression::snappy, Compression::lz4, Compression::zstd}) {
        ProducerOptions options = quick();
        options.compression = codec;
        IdempotentWorld world(options);
        world.append(0, 2000);
        world.step();
        ASSERT_EQ(world.requests[1].size(), 1u);
        const Bytes& sent = world.requests[1][0].request.topic_data[0].partition_data[0].records;
        EXPECT_EQ(BatchView::at_front(sent)->attributes().compression(), codec);
        EXPECT_LT(sent.size(), 1000u);
        world.settle();
        EXPECT_EQ(world.logs[0].sends, std::vector<std::uint64_t>{1});
    }
}

// ---- under anything ----

struct Action {
    enum Kind { append, tick, answer, cut, arrive, move } kind;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
};

std::ostream& operator<<(std::ostream& out, const Action& action) {
    static const char* const names[] = {"append", "tick", "answer", "cut", "arrive", "move"};
    return out << names[action.kind] << "(" << action.a << "," << action.b << ")";
}

rc::Gen<std::vector<Action>> actions() {
    const auto number = rc::gen::inRange<std::uint32_t>(0, 1000);
    return rc::gen::container<std::vector<Action>>(
        rc::gen::construct<Action>(rc::gen::weightedElement<Action::Kind>({{8, Action::append},
                                                                           {5, Action::tick},
                                                                           {7, Action::answer},
                                                                           {2, Action::cut},
                                                                           {2, Action::arrive},
                                                                           {1, Action::move}}),
                                   number, number));
}

void play(IdempotentWorld& world, const std::vector<Action>& script) {
    static const std::vector<ErrorCode> refusals = {
        ErrorCode::none,          ErrorCode::none,
        ErrorCode::none,          ErrorCode::not_enough_replicas,
        ErrorCode::none,          ErrorCode::not_leader_or_follower,
        ErrorCode::none,          ErrorCode::message_too_large,
        ErrorCode::invalid_record};
    for (const Action& action : script) {
        const auto broker = 1 + static_cast<std::int32_t>(action.a % 2);
        switch (action.kind) {
            case Action::append:
                world.append(static_cast<std::int32_t>(action.a % partitions), action.b % 300);
                break;
            case Action::tick:
                // Sometimes long enough for delivery.timeout.ms to matter.
                world.now += milliseconds(action.b % 16 == 0 ? 45'000 : action.a % 300);
                break;
            case Action::answer:
                world.answer(broker, refusals[action.b % refusals.size()], action.b % 11 == 0);
                break;
            case Action::cut:
                world.cut(broker, action.b % 4, action.b % 3 == 0);
                break;
            case Action::arrive:
                world.arrive(broker);
                break;
            case Action::move:
                world.move_leaders();
                break;
        }
        world.step();
    }
    world.settle();
    for (std::int32_t broker : {1, 2}) {
        while (!world.late[broker].empty()) world.arrive(broker);
    }
}

RC_GTEST_PROP(IdempotentSender, WritesEachRecordOnceInOrderAndSaysSo, ()) {
    ProducerOptions options;
    options.linger = milliseconds(*rc::gen::inRange(0, 20));
    options.batch_size = *rc::gen::element<std::uint32_t>(1, 400, 16384);
    options.max_in_flight = *rc::gen::inRange(1, 6);
    IdempotentWorld world(options);
    play(world, *actions());
    RC_ASSERT(world.sender.is_idle());
    RC_ASSERT(world.results.size() + 1 == world.next_send);
    for (auto& [partition, log] : world.logs) {
        // Strictly: no copies.
        for (std::size_t i = 1; i < log.sends.size(); ++i) {
            RC_ASSERT(log.sends[i - 1] < log.sends[i]);
        }
    }
    for (const auto& [send, result] : world.results) {
        const auto& sends = world.logs[result.partition.partition].sends;
        const bool stands = std::ranges::find(sends, send) != sends.end();
        if (result.fate == Fate::written) {
            RC_ASSERT(stands);
            RC_ASSERT(sends[static_cast<std::size_t>(result.offset.value())] == send);
        }
        if (result.fate == Fate::not_written) RC_ASSERT(!stands);
    }
}

}  // namespace
}  // namespace squall::model
