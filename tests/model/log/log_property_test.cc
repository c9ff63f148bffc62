// The laws of a log: it is a vector of batches, and after a crash a prefix of it that holds all
// that was flushed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/model/log/log_fixture.h"
#include "tests/model/log/producer_batches.h"

namespace squall::model {
namespace {

constexpr std::int32_t tiny_segment = 300;  // two or three batches

struct Action {
    enum class Kind {
        append,
        append_in_next_epoch,
        append_numbered,
        delete_records,
        retain_by_size,
        truncate,
        begin_flush,
        finish_flush,
        checkpoint,
        process_crash,
        power_loss,
        clean_shutdown
    };
    Kind kind = Kind::append;
    std::uint16_t argument = 0;
};

void showValue(const Action& action, std::ostream& os) {
    os << "{" << static_cast<int>(action.kind) << " " << action.argument << "}";
}

rc::Gen<Action> any_action() {
    using Kind = Action::Kind;
    return rc::gen::build<Action>(
        rc::gen::set(&Action::kind, rc::gen::weightedElement<Kind>({{12, Kind::append},
                                                                    {2, Kind::append_in_next_epoch},
                                                                    {4, Kind::append_numbered},
                                                                    {1, Kind::delete_records},
                                                                    {1, Kind::retain_by_size},
                                                                    {3, Kind::truncate},
                                                                    {3, Kind::begin_flush},
                                                                    {3, Kind::finish_flush},
                                                                    {2, Kind::checkpoint},
                                                                    {1, Kind::process_crash},
                                                                    {1, Kind::power_loss},
                                                                    {1, Kind::clean_shutdown}})),
        rc::gen::set(&Action::argument, rc::gen::arbitrary<std::uint16_t>()));
}

// A broker beside a plain vector of the batches that its log must hold.
class Model {
  public:
    explicit Model(std::uint64_t seed) : broker(seed, small_segments(tiny_segment)) {}

    void run(const std::vector<Action>& actions) {
        for (const Action& action : actions) {
            step(action);
            check();
        }
    }

    void step(const Action& action) {
        switch (action.kind) {
            case Action::Kind::append_in_next_epoch:
                epoch_ = epoch_.next();
                [[fallthrough]];
            case Action::Kind::append: {
                Bytes batch =
                    make_batch(std::string(action.argument % 40, 'x') + std::to_string(++written_),
                               1 + action.argument % 3);
                RC_ASSERT(broker.log().append_as_leader(batch, epoch_, 1000)->error ==
                          ErrorCode::none);
                batches.push_back(batch);
                return;
            }
            case Action::Kind::append_numbered:
                return append_numbered(action.argument % 2);
            case Action::Kind::delete_records: {
                const Offset to(action.argument % (end().value() + 1));
                RC_ASSERT(broker.log().advance_log_start(to).ok());
                start = std::max(start, to);
                // A restart may forget it until it is checkpointed.
                RC_ASSERT(broker.directory->checkpoint_offsets().ok());
                return;
            }
            case Action::Kind::retain_by_size: {
                LogOptions options = broker.options;
                options.retention_bytes = action.argument % 1500;
                broker.log().set_options(options);
                RC_ASSERT(broker.log().apply_retention(1000, broker.log().log_end_offset()).ok());
                RC_ASSERT(broker.log().log_start_offset() >= start);
                std::uint64_t kept = 0;
                for (const Bytes& batch : batches) {
                    if (next_of(batch) > broker.log().segments().front().base_offset()) {
                        kept += batch.size();
                    }
                }
                const bool below_start = broker.log().segments().front().base_offset() <= start;
                RC_ASSERT(below_start ||
                          kept >= static_cast<std::uint64_t>(options.retention_bytes));
                start = broker.log().log_start_offset();
                RC_ASSERT(broker.directory->checkpoint_offsets().ok());
                return;
            }
            case Action::Kind::truncate: {
                const Offset to(action.argument % (end().value() + 1));
                RC_ASSERT(broker.log().truncate_to(to).ok());
                while (!batches.empty() && next_of(batches.back()) > to) batches.pop_back();
                forget_if_empty();
                for (InFlight& flush : flushes_) flush.covers = std::min(flush.covers, end());
                flushed = std::min(flushed, end());
                return;
            }
            case Action::Kind::begin_flush:
                flushes_.push_back({broker.log().begin_flush().value(), end()});
                return;
            case Action::Kind::finish_flush: {
                if (flushes_.empty()) return;
                const auto chosen =
                    flushes_.begin() + action.argument % static_cast<int>(flushes_.size());
                RC_ASSERT(broker.log().finish_flush(chosen->flush).ok());
                flushed = std::max(flushed, chosen->covers);
                flushes_.erase(chosen);
                return;
            }
            case Action::Kind::checkpoint:
                RC_ASSERT(broker.directory->checkpoint_offsets().ok());
                return;
            case Action::Kind::process_crash:
                flushes_.clear();
                broker.restart_after_process_crash();
                return;
            case Action::Kind::clean_shutdown:
                flushes_.clear();
                broker.restart_after_clean_shutdown();
                RC_ASSERT(broker.opened.was_clean);
                flushed = end();
                return;
            case Action::Kind::power_loss:
                flushes_.clear();
                lose_power();
                return;
        }
    }

    // A prefix of what there was, with all that was flushed.
    void lose_power() {
        // Names survive from some moment on; before that there is no log to speak of.
        const std::vector<Bytes> before = batches;
        RC_ASSERT(broker.disk.flush("orders-0/partition.metadata").ok());
        broker.restart_after_power_loss();
        const std::vector<Bytes> after = broker.batches();
        std::vector<Bytes> visible = visible_of(before);
        RC_ASSERT(after.size() <= visible.size());
        RC_ASSERT(std::equal(after.begin(), after.end(), visible.begin()));
        batches.resize(before.size() - (visible.size() - after.size()));
        forget_if_empty();
        RC_ASSERT(end() >= flushed);
        flushed = end();  // what the device has, it has
    }

    // One of two producers writes its next batch; some go twice, and stand in the log once.
    void append_numbered(int producer) {
        const ProducerStates before = naive_producers();
        // A producer whose batches retention took is remembered by the snapshot of the roll.
        const ProducerState* known = before.find(ProducerId(producer));
        if (known == nullptr) known = broker.log().producers().find(ProducerId(producer));
        const SequenceNumber next = known == nullptr || known->batches.empty()
                                        ? SequenceNumber(0)
                                        : sequence_after(known->last_sequence(), 1);
        const Numbered what{.id = producer, .sequence = next.value(), .records = 2};
        Bytes batch = numbered(what);
        const AppendInfo info = broker.log().append_as_leader(batch, epoch_, 1000).value();
        RC_ASSERT(info.error == ErrorCode::none);
        RC_ASSERT(!info.is_duplicate);
        Bytes again = numbered(what);
        const AppendInfo second = broker.log().append_as_leader(again, epoch_, 1000).value();
        RC_ASSERT(second.is_duplicate);
        RC_ASSERT(second.base_offset == info.base_offset);
        batches.push_back(batch);
    }
    // What the log's last batches say; older ones may be known or not.
    ProducerStates naive_producers() const {
        ProducerStates states;
        for (const Bytes& batch : batches) (void)states.append(BatchView::at_front(batch).value());
        return states;
    }
    void check_producers() {
        const ProducerStates naive = naive_producers();
        for (const auto& [id, state] : naive.producers()) {
            const ProducerState* const known = broker.log().producers().find(id);
            RC_ASSERT(known != nullptr);
            RC_ASSERT(known->last_sequence() == state.last_sequence());
            RC_ASSERT(known->batches.back() == state.batches.back());
        }
    }

    // Cut below its start, or into the batch that holds it, the log begins anew.
    void forget_if_empty() {
        start = broker.log().log_start_offset();
        if (broker.log().size() == 0) batches.clear();
    }

    static Offset next_of(const Bytes& batch) { return BatchView::at_front(batch)->next_offset(); }
    // Those that reach beyond the log start.
    std::vector<Bytes> visible_of(const std::vector<Bytes>& all) {
        std::vector<Bytes> visible;
        for (const Bytes& batch : all) {
            if (next_of(batch) > broker.log().log_start_offset()) visible.push_back(batch);
        }
        return visible;
    }

    void check() {
        RC_ASSERT(broker.log().log_end_offset() == end());
        RC_ASSERT(broker.log().log_start_offset() == start);
        RC_ASSERT(broker.batches() == visible_of(batches));
        RC_ASSERT(broker.log().recovery_point() <= end());
        check_producers();
        LeaderEpochCache naive;
        for (const Bytes& batch : batches) {
            const BatchView view = BatchView::at_front(batch).value();
            naive.assign(view.partition_leader_epoch(), view.base_offset());
        }
        naive.truncate_from_start(start);
        // The epoch of an empty log does not outlive a restart.
        if (!broker.log().is_empty()) RC_ASSERT(broker.log().epochs() == naive);
        std::uint64_t size = 0;
        for (const Segment& segment : broker.log().segments()) {
            RC_ASSERT(segment.size() <= static_cast<std::uint64_t>(tiny_segment));
            size += segment.size();
        }
        const Offset first = broker.log().segments().front().base_offset();
        std::uint64_t expected = 0;
        for (const Bytes& batch : batches) {
            if (BatchView::at_front(batch)->base_offset() >= first) expected += batch.size();
        }
        RC_ASSERT(size == expected);
    }

    Offset end() const {
        return batches.empty() ? start : std::max(start, next_of(batches.back()));
    }

    TestBroker broker;
    std::vector<Bytes> batches;  // those below the log start too, as long as they may be there
    Offset start{0};
    Offset flushed{0};

  private:
    struct InFlight {
        LogFlush flush;
        Offset covers;
    };
    LeaderEpoch epoch_{0};
    std::vector<InFlight> flushes_;
    int written_ = 0;
};

RC_GTEST_PROP(LogModel, IsAVectorOfBatchesAndRecoveryKeepsAPrefixWithAllThatWasFlushed,
              (std::uint64_t seed)) {
    Model model(seed);
    model.run(*rc::gen::scale(2.0, rc::gen::container<std::vector<Action>>(any_action())));
}

// A node that dies at any disk operation leaves a log that opens, to a prefix.
RC_GTEST_PROP(LogModel, ADeathAtAnyDiskOperationLeavesAPrefix, (std::uint64_t seed)) {
    Model model(seed);
    const auto actions = *rc::gen::container<std::vector<Action>>(
        rc::gen::suchThat(any_action(), [](const Action& action) {
            return action.kind == Action::Kind::append ||
                   action.kind == Action::Kind::append_in_next_epoch ||
                   action.kind == Action::Kind::truncate;
        }));
    model.run(actions);
    RC_ASSERT(model.broker.log().flush().ok());
    RC_ASSERT(model.broker.disk.flush("orders-0/partition.metadata").ok());  // earlier truncations
    const std::vector<Bytes> before = model.batches;
    const auto target = *rc::gen::inRange<std::int64_t>(0, model.end().value() + 1);
    const bool loses_power = *rc::gen::arbitrary<bool>();

    // In the middle of a truncation and the appends that follow it.
    bool is_dead = false;
    model.broker.disk.arm_death_after(*rc::gen::inRange<std::uint64_t>(0, 12),
                                      [&] { is_dead = true; });
    Log& log = model.broker.log();
    std::vector<Bytes> attempted;
    if (log.truncate_to(Offset(target)).ok()) {
        for (int i = 0; i < 5 && !is_dead; ++i) {
            Bytes batch = make_batch("new" + std::to_string(i), 2);
            (void)log.append_as_leader(batch, LeaderEpoch(1000), 1000);
            attempted.push_back(batch);
        }
    }
    model.broker.disk.revive();
    if (loses_power) {
        model.broker.restart_after_power_loss();
    } else {
        model.broker.restart_after_process_crash();
    }
    const std::vector<Bytes> after = model.broker.batches();
    for (const Bytes& batch : after) RC_ASSERT(BatchView::at_front(batch)->check().ok());
    // Old batches first, as far as they go, at least up to the truncation; then new ones.
    std::size_t old = 0;
    while (old < after.size() && old < before.size() && after[old] == before[old]) ++old;
    std::size_t kept = 0;
    while (kept < before.size() &&
           BatchView::at_front(before[kept])->next_offset() <= Offset(target)) {
        ++kept;
    }
    RC_ASSERT(old >= kept);
    RC_ASSERT(after.size() - old <= attempted.size());
    if (after.size() > old) RC_ASSERT(old == kept);
    for (std::size_t i = old; i < after.size(); ++i) RC_ASSERT(after[i] == attempted[i - old]);
}

RC_GTEST_PROP(LogModel, FindsTheFirstRecordAtOrAfterATimestampAsANaiveScanDoes, ()) {
    TestBroker broker(1, small_segments(tiny_segment));
    struct At {
        Offset offset;
        TimestampMs timestamp;
    };
    std::vector<At> records;
    const auto batches = *rc::gen::container<std::vector<std::vector<std::uint8_t>>>(
        rc::gen::nonEmpty(rc::gen::scale(0.1, rc::gen::container<std::vector<std::uint8_t>>(
                                                  rc::gen::inRange<std::uint8_t>(0, 50)))));
    for (const std::vector<std::uint8_t>& timestamps : batches) {
        Bytes batch =
            make_batch("v", std::vector<TimestampMs>(timestamps.begin(), timestamps.end()));
        const AppendInfo info = broker.log().append_as_leader(batch, LeaderEpoch(3), 25).value();
        RC_ASSERT(info.error == ErrorCode::none);
        for (std::size_t i = 0; i < timestamps.size(); ++i) {
            records.push_back({info.base_offset + static_cast<std::int64_t>(i), timestamps[i]});
        }
    }
    const Offset end = broker.log().log_end_offset();
    const Offset start(*rc::gen::inRange<std::int64_t>(0, end.value() + 1));
    const Offset bound(*rc::gen::inRange<std::int64_t>(0, end.value() + 1));
    RC_ASSERT(broker.log().advance_log_start(start).ok());
    if (*rc::gen::arbitrary<bool>()) {
        RC_ASSERT(broker.directory->checkpoint_offsets().ok());
        broker.restart_after_process_crash();
    }
    for (TimestampMs timestamp = 0; timestamp <= 51; ++timestamp) {
        std::optional<TimestampAndOffset> expected;
        for (const At& record : records) {
            if (record.offset >= start && record.timestamp >= timestamp) {
                if (record.offset < bound) {
                    expected = TimestampAndOffset{.timestamp = record.timestamp,
                                                  .offset = record.offset,
                                                  .leader_epoch = LeaderEpoch(3)};
                }
                break;
            }
        }
        RC_ASSERT(broker.log().find_by_timestamp(timestamp, bound)->value == expected);
    }
}

RC_GTEST_PROP(LogModel, ReadsAreWhatAVectorOfBatchesWouldGive, ()) {
    TestBroker broker(1, small_segments(tiny_segment));
    std::vector<Bytes> batches;
    for (const int records : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 4))) {
        Bytes batch = make_batch("v", static_cast<std::size_t>(records));
        RC_ASSERT(broker.log().append_as_leader(batch, LeaderEpoch(0), 1000).ok());
        batches.push_back(batch);
    }
    const std::int64_t end = broker.log().log_end_offset().value();
    const Offset from(*rc::gen::inRange<std::int64_t>(0, end + 1));
    const Offset bound(*rc::gen::inRange<std::int64_t>(0, end + 1));
    const auto max_bytes = *rc::gen::inRange<std::int64_t>(0, 500);
    const bool at_least_one = *rc::gen::arbitrary<bool>();
    const LogRead read = broker.log().read(from, max_bytes, bound, at_least_one).value();

    Bytes expected;
    Offset next = from;
    for (const Bytes& batch : batches) {
        const BatchView view = BatchView::at_front(batch).value();
        if (view.last_offset() < from) continue;
        const bool fits = static_cast<std::int64_t>(expected.size() + batch.size()) <= max_bytes ||
                          (expected.empty() && at_least_one);
        if (!fits || view.last_offset() >= bound) break;
        expected.insert(expected.end(), batch.begin(), batch.end());
        next = view.next_offset();
    }
    // A read stops at the end of a segment: a prefix, and not an empty one.
    RC_ASSERT(read.records.size() <= expected.size());
    RC_ASSERT(std::equal(read.records.begin(), read.records.end(), expected.begin()));
    RC_ASSERT(read.records.empty() == expected.empty());
    if (read.records.size() == expected.size()) {
        RC_ASSERT(read.next_offset == next);
    } else {
        RC_ASSERT(std::ranges::find(broker.log().segments(), read.next_offset,
                                    &Segment::base_offset) != broker.log().segments().end());
    }
}

}  // namespace
}  // namespace squall::model
