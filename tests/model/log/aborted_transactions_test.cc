// What a log tells read_committed readers, against a naive walk over its batches: which
// transactions were aborted, and how far everything is decided. Both are rebuilt, from snapshots
// and records, after every truncation and every start; whatever happened, they say what the batches
// say.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <tuple>
#include <vector>

#include "tests/model/log/log_fixture.h"
#include "tests/model/log/producer_batches.h"

namespace squall::model {
namespace {

// By producer, from where to where.
using Aborted = std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

struct Told {
    Aborted aborted;
    std::int64_t stable = 0;
};

// One walk, without any index.
Told walk(TestBroker& broker) {
    Told told;
    std::map<ProducerId, Offset> open;
    for (const Bytes& bytes : broker.batches()) {
        const BatchView batch = BatchView::at_front(bytes).value();
        if (!batch.attributes().is_control()) {
            if (batch.attributes().is_transactional()) {
                open.try_emplace(batch.producer_id(), batch.base_offset());
            }
            continue;
        }
        const auto began = open.find(batch.producer_id());
        if (began == open.end()) continue;
        const auto end = read_marker(batch);
        if (end && !end->is_commit) {
            told.aborted.emplace_back(batch.producer_id().value(), began->second.value(),
                                      batch.base_offset().value());
        }
        open.erase(began);
    }
    Offset stable = broker.log().log_end_offset();
    for (const auto& [producer, first] : open) stable = std::min(stable, first);
    told.stable = stable.value();
    return told;
}

Aborted of_index(const Log& log, std::int64_t from, std::int64_t to) {
    Aborted found;
    for (const AbortedTransaction& each : log.aborted_transactions(Offset(from), Offset(to))) {
        found.emplace_back(each.producer_id.value(), each.first_offset.value(),
                           each.last_offset.value());
    }
    std::ranges::sort(found);
    return found;
}

// Three producers that write, commit, abort, and write on.
class Producers {
  public:
    explicit Producers(TestBroker& broker) : broker_(broker) {}

    void write(std::int64_t id, bool is_transactional, int records) {
        State& state = states_[id];
        // One that writes outside of a transaction has none open.
        if (!is_transactional && state.is_open) return;
        Bytes batch = numbered({.id = id,
                                .epoch = state.epoch,
                                .sequence = state.next,
                                .records = records,
                                .is_transactional = is_transactional});
        append(batch, BatchSource::client);
        state.next += records;
        state.is_open = is_transactional;
    }
    void end(std::int64_t id, bool commit) {
        State& state = states_[id];
        Bytes batch = marker({.id = id, .epoch = state.epoch, .is_commit = commit});
        append(batch, BatchSource::broker);
        state.is_open = false;
    }
    // The log has lost what they wrote last: each goes on in its next epoch, with what is open.
    void forget() {
        for (auto& [id, state] : states_) {
            state.next = 0;
            ++state.epoch;
            const auto* known = broker_.log().producers().find(ProducerId(id));
            state.is_open = known != nullptr && known->has_open_transaction();
        }
    }

  private:
    struct State {
        std::int16_t epoch = 0;
        std::int32_t next = 0;
        bool is_open = false;
    };

    void append(Bytes& batch, BatchSource source) {
        const auto done = broker_.log().append_as_leader(batch, LeaderEpoch(0), 1000, source);
        ASSERT(done.ok() && done->error == ErrorCode::none, "refused: {}",
               to_string(done.ok() ? done->error : ErrorCode::unknown_server_error));
    }

    TestBroker& broker_;
    std::map<std::int64_t, State> states_;
};

RC_GTEST_PROP(AbortedTransactions, AreWhatAWalkOverTheBatchesSays, (std::uint64_t seed)) {
    TestBroker broker(seed, small_segments(600));
    Producers producers(broker);
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
        const std::int64_t id = *rc::gen::inRange(1, 4);
        const std::int64_t end = broker.log().log_end_offset().value();
        switch (*rc::gen::weightedElement<int>({{9, 0}, {5, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}})) {
            case 0:
                producers.write(id, *rc::gen::inRange(0, 4) > 0, *rc::gen::inRange(1, 4));
                break;
            case 1:
                producers.end(id, *rc::gen::arbitrary<bool>());
                break;
            case 2:
                RC_ASSERT(broker.log()
                              .truncate_to(Offset(*rc::gen::inRange<std::int64_t>(0, end + 1)))
                              .ok());
                producers.forget();
                break;
            case 3:
                broker.restart_after_process_crash();
                break;
            case 4:
                RC_ASSERT(broker.log().flush().ok());
                break;
            case 5:
                broker.restart_after_power_loss();
                if (!broker.has_log()) return;  // not even its folder was journaled
                producers.forget();
                break;
        }
        const Told told = walk(broker);
        const std::int64_t now_end = broker.log().log_end_offset().value();
        const Offset high_watermark = broker.log().log_end_offset();
        RC_ASSERT(broker.log().last_stable_offset(high_watermark) == Offset(told.stable));
        const std::int64_t from = *rc::gen::inRange<std::int64_t>(0, now_end + 1);
        const std::int64_t to = *rc::gen::inRange<std::int64_t>(from, now_end + 2);
        Aborted expected;
        for (const auto& each : told.aborted) {
            const auto [producer, first, last] = each;
            if (first < to && last >= from) expected.push_back(each);
        }
        std::ranges::sort(expected);
        RC_ASSERT(of_index(broker.log(), from, to) == expected);
    }
}

TEST(AbortedTransactions, ThatAreTruncatedIntoAreOpenAgain) {
    TestBroker broker;
    Producers producers(broker);
    producers.write(1, true, 2);
    producers.end(1, false);
    producers.write(2, false, 1);
    EXPECT_EQ(of_index(broker.log(), 0, 4), (Aborted{{1, 0, 2}}));
    EXPECT_EQ(broker.log().last_stable_offset(Offset(4)), Offset(4));
    ASSERT_TRUE(broker.log().truncate_to(Offset(2)).ok());
    EXPECT_EQ(of_index(broker.log(), 0, 2), Aborted{});
    EXPECT_EQ(broker.log().last_stable_offset(Offset(2)), Offset(0));
}

TEST(AbortedTransactions, AreKnownAgainAfterARecovery) {
    TestBroker broker(1, small_segments(300));
    Producers producers(broker);
    for (int i = 0; i < 4; ++i) {
        producers.write(1, true, 1);
        producers.end(1, i % 2 == 0);
    }
    producers.write(2, true, 1);
    ASSERT_TRUE(broker.log().flush().ok());
    broker.restart_after_power_loss();
    EXPECT_EQ(of_index(broker.log(), 0, 9), (Aborted{{1, 2, 3}, {1, 6, 7}}));
    EXPECT_EQ(of_index(broker.log(), 4, 9), (Aborted{{1, 6, 7}}));
    EXPECT_EQ(broker.log().last_stable_offset(Offset(9)), Offset(8));
}

}  // namespace
}  // namespace squall::model
