// Producer states against a reference that keeps the whole history of each producer and answers
// from it, for any sequence of batches, markers, retries and reloads.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <map>
#include <optional>
#include <vector>

#include "model/log/producer_state.h"
#include "tests/model/log/producer_batches.h"

namespace squall::model {
namespace {

// What may be known of one producer.
struct History {
    struct Sent {
        std::int32_t first = 0;
        std::int32_t last = 0;
        std::int64_t offset = 0;
    };
    std::int16_t epoch = 0;
    std::vector<Sent> sent;  // in this epoch
    std::optional<std::int64_t> open;
    // A snapshot keeps the last batch alone: older ones are not recognised after a reload.
    std::size_t forgotten = 0;
};

struct Reference {
    std::map<std::int64_t, History> producers;
    std::int64_t end = 0;

    // Of the data batch: its offset if it is to be appended or stands already, or the error.
    struct Answer {
        ErrorCode error = ErrorCode::none;
        std::optional<std::int64_t> repeats;
    };
    Answer judge(const Numbered& batch) const {
        const auto found = producers.find(batch.id);
        if (found == producers.end()) return {};
        const History& known = found->second;
        const std::int32_t last = batch.sequence + batch.records - 1;
        if (batch.epoch == known.epoch) {
            const std::size_t window = known.sent.size() > 5 ? known.sent.size() - 5 : 0;
            for (std::size_t i = std::max(window, known.forgotten); i < known.sent.size(); ++i) {
                const History::Sent& sent = known.sent[i];
                if (sent.first == batch.sequence && sent.last == last) return {{}, sent.offset};
            }
        }
        if (batch.epoch < known.epoch) return {ErrorCode::invalid_producer_epoch, {}};
        const std::int32_t expected =
            batch.epoch > known.epoch || known.sent.empty() ? 0 : known.sent.back().last + 1;
        if (batch.sequence != expected) return {ErrorCode::out_of_order_sequence_number, {}};
        if (known.open && !batch.is_transactional) return {ErrorCode::invalid_txn_state, {}};
        return {};
    }
    void append(const Numbered& batch) {
        History& known = producers[batch.id];
        if (batch.epoch != known.epoch)
            known = {.epoch = batch.epoch, .sent = {}, .open = known.open};
        known.sent.push_back({batch.sequence, batch.sequence + batch.records - 1, end});
        if (batch.is_transactional && !known.open) known.open = end;
        end += batch.records;
    }
    ErrorCode judge(const Marker& marker, bool is_strict) const {
        const auto found = producers.find(marker.id);
        if (found == producers.end()) return ErrorCode::none;
        const std::int16_t least =
            static_cast<std::int16_t>(found->second.epoch + (is_strict ? 1 : 0));
        return marker.epoch < least ? ErrorCode::invalid_producer_epoch : ErrorCode::none;
    }
    void append(const Marker& marker) {
        History& known = producers[marker.id];
        if (marker.epoch != known.epoch) known = {.epoch = marker.epoch, .sent = {}, .open = {}};
        known.open.reset();
        ++end;
    }
};

RC_GTEST_PROP(ProducerStates, AgreeWithTheWholeHistory, ()) {
    ProducerStates states;
    Reference reference;
    const int steps = *rc::gen::inRange(1, 120);
    for (int i = 0; i < steps; ++i) {
        const std::int64_t id = *rc::gen::inRange(1, 4);
        const auto known = reference.producers.find(id);
        const bool is_known = known != reference.producers.end();
        const std::int16_t epoch = is_known ? known->second.epoch : std::int16_t{0};
        switch (*rc::gen::weightedElement<int>({{8, 0}, {3, 1}, {1, 2}})) {
            case 0: {
                // Mostly what comes next, sometimes a repetition, a gap, another epoch.
                const std::int32_t next = is_known && !known->second.sent.empty()
                                              ? known->second.sent.back().last + 1
                                              : 0;
                Numbered batch{.id = id, .epoch = epoch, .sequence = next, .offset = reference.end};
                batch.records = *rc::gen::inRange(1, 4);
                batch.is_transactional = *rc::gen::arbitrary<bool>();
                const int twist = *rc::gen::inRange(0, 8);
                if (twist == 0) batch.sequence += *rc::gen::inRange(1, 3);
                if (twist == 1) batch.epoch = static_cast<std::int16_t>(epoch + 1);
                if (twist == 1) batch.sequence = 0;
                if (twist == 2 && epoch > 0) batch.epoch = static_cast<std::int16_t>(epoch - 1);
                if (twist <= 4 && twist > 2 && is_known && !known->second.sent.empty()) {
                    const auto& sent = known->second.sent;
                    const auto& again = sent[*rc::gen::inRange<std::size_t>(0, sent.size())];
                    batch.sequence = again.first;
                    batch.records = again.last - again.first + 1;
                }
                const Bytes bytes = numbered(batch);
                const Reference::Answer expected = reference.judge(batch);
                const ProducerStates::Verdict verdict = states.judge(bytes, BatchSource::client);
                RC_ASSERT(verdict.error == expected.error);
                RC_ASSERT(verdict.duplicate.has_value() == expected.repeats.has_value());
                if (expected.repeats) {
                    RC_ASSERT(verdict.duplicate->first_offset == Offset(*expected.repeats));
                }
                if (verdict.appends()) {
                    (void)states.append(BatchView::at_front(bytes).value());
                    reference.append(batch);
                }
                break;
            }
            case 1: {
                const bool is_strict = *rc::gen::arbitrary<bool>();
                const Marker end{.id = id,
                                 .epoch = static_cast<std::int16_t>(
                                     std::max(0, epoch + *rc::gen::inRange(-1, 2))),
                                 .is_commit = *rc::gen::arbitrary<bool>(),
                                 .offset = reference.end};
                const Bytes bytes = marker(end);
                const ProducerStates::Verdict verdict =
                    states.judge(bytes, BatchSource::broker, {.strict_markers = is_strict});
                // The same marker again is no error, and no record either.
                if (verdict.repeats_marker) {
                    RC_ASSERT(is_strict && is_known && end.epoch == epoch);
                    RC_ASSERT(!known->second.open && known->second.sent.empty());
                    break;
                }
                RC_ASSERT(verdict.error == reference.judge(end, is_strict));
                if (verdict.appends()) {
                    (void)states.append(BatchView::at_front(bytes).value());
                    reference.append(end);
                }
                break;
            }
            case 2:
                states = ProducerStates::from_snapshot(states.to_snapshot()).value();
                for (auto& [producer, history] : reference.producers) {
                    history.forgotten = history.sent.empty() ? 0 : history.sent.size() - 1;
                }
                break;
        }
        std::optional<std::int64_t> first_open;
        for (const auto& [producer, history] : reference.producers) {
            if (!history.open) continue;
            first_open = std::min(first_open.value_or(*history.open), *history.open);
        }
        const Offset stable = states.last_stable_offset(Offset(reference.end));
        RC_ASSERT(stable == Offset(first_open.value_or(reference.end)));
    }
}

}  // namespace
}  // namespace squall::model
