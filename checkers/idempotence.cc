// idempotence: the numbered records of a producer stand in each log in order, once, without gaps.
//
//   sequence-gap         a leader appended a batch whose first number does not follow the last one
//                        of its producer and epoch in that log, or is not 0 in a new epoch: of a
//                        transaction of version 2 also where the log knows no older one (KIP-890)
//   sequence-repeated    ... whose numbers stand there already
//   false-duplicate      a leader answered a batch as a repetition of one that is not in its log
//   repetition-refused   a leader refused a batch for its numbers that is one of the last five of
//                        its producer in that log
//   reordered            two sends of an idempotent producer to one partition stand there in the
//                        other order, be they acknowledged or found there though unknown
//
// The numbers are judged in the log of the replica that leads, as the trace tells it, so what a
// leader forgot when it took over shows. Not judged, but for transactions of version 2: the first
// batch of a producer in a log, and after its records were removed from the log's start: without a
// state any number is accepted (KIP-360). A send that its producer reported as failed or unknown
// ends the promise of order for that send ('failure reported'), as the causes of loss do
// (checkers/allowance.h). Guarantees: no duplicates, send order; KIP-98.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"

namespace squall::checkers {

namespace {

class Idempotence final : public Checker {
  public:
    explicit Idempotence(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "idempotence"; }

    using Shown = sim::EventOf<model::BatchAppended, model::DuplicateAnswered,
                               model::NumberedBatchRefused, model::ProducerConfigured>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const NumberedLogs::Appending* appending = book_.numbered_logs().appending()) {
            judge_numbers(*event.as<model::BatchAppended>(), *appending, event.sequence);
        } else if (const auto* answered = event.as<model::DuplicateAnswered>()) {
            judge_answer(*answered, event.sequence);
        } else if (const auto* refused = event.as<model::NumberedBatchRefused>()) {
            judge_refusal(*refused, event.sequence);
        } else if (const auto* configured = event.as<model::ProducerConfigured>()) {
            starts_[configured->client_id].push_back(event.sequence);
        }
    }

    CheckerReport finish() override {
        judge_order();
        return findings_.report();
    }

  private:
    // Where a record was seen whose send was not acknowledged.
    struct Found {
        model::TopicPartition partition;
        model::Offset offset;
        sim::EventSequence event;
    };
    // A send with its place in a log.
    struct Placed {
        const Send* send = nullptr;
        model::Offset offset;
        sim::EventSequence seen;
    };

    // Markers carry no numbers; nor do the records that coordinators write for producers.
    static bool is_numbered(const NumberedBatch& batch) {
        return batch.is_data() && batch.base_sequence >= model::SequenceNumber{0};
    }

    void judge_numbers(const model::BatchAppended& appended,
                       const NumberedLogs::Appending& appending, sim::EventSequence sequence) {
        const NumberedBatch& batch = *appending.batch;
        if (!is_numbered(batch)) return;
        const auto& own = appending.log->of(batch.producer_id);
        const auto last = std::find_if(own.rbegin(), own.rend(),
                                       [](const NumberedBatch* b) { return is_numbered(*b); });
        const bool is_new_epoch =
            last == own.rend() || (*last)->producer_epoch < batch.producer_epoch;
        if (is_new_epoch && starts_transaction_of_v2(batch)) {
            return judge_first(appended, appending, sequence);
        }
        if (last == own.rend()) return;
        const NumberedBatch& before = **last;
        if (before.last_offset < appending.log->start()) return;
        if (!appending.log->is_told_from(before.last_offset)) return;
        if (batch.producer_epoch < before.producer_epoch) return;  // fencing's
        findings_.judge();
        const model::SequenceNumber expected = batch.producer_epoch == before.producer_epoch
                                                   ? next_sequence(before.last_sequence())
                                                   : model::SequenceNumber{0};
        if (batch.base_sequence == expected) return;
        const bool is_repeated = std::ranges::any_of(own, [&](const NumberedBatch* b) {
            return is_numbered(*b) && b->producer_epoch == batch.producer_epoch &&
                   b->base_sequence == batch.base_sequence;
        });
        findings_.object(
            is_repeated ? "sequence-repeated" : "sequence-gap",
            evidence("partition", appended.partition, "broker", appended.broker, "offset",
                     batch.base_offset, "producer_id", batch.producer_id, "producer_epoch",
                     batch.producer_epoch, "sequence", batch.base_sequence, "expected", expected),
            {before.appended, sequence});
    }

    // Each of them has an epoch of its own, so nothing of it was in the log before.
    bool starts_transaction_of_v2(const NumberedBatch& batch) const {
        return batch.is_transactional &&
               book_.transactions().version(batch.producer_id, batch.producer_epoch) >= 2;
    }

    void judge_first(const model::BatchAppended& appended, const NumberedLogs::Appending& appending,
                     sim::EventSequence sequence) {
        const NumberedBatch& batch = *appending.batch;
        if (!appending.log->is_told_from(appending.log->start())) return;
        findings_.judge();
        if (batch.base_sequence == model::SequenceNumber{0}) return;
        findings_.object("sequence-gap",
                         evidence("partition", appended.partition, "broker", appended.broker,
                                  "offset", batch.base_offset, "producer_id", batch.producer_id,
                                  "producer_epoch", batch.producer_epoch, "sequence",
                                  batch.base_sequence, "expected", model::SequenceNumber{0}),
                         {sequence});
    }

    void judge_answer(const model::DuplicateAnswered& answered, sim::EventSequence sequence) {
        const NumberedLog* log = book_.numbered_logs().find(answered.partition, answered.broker);
        if (log == nullptr || !log->is_told_from(model::Offset{0})) return;
        if (answered.base_offset < log->start()) return;
        findings_.judge();
        const NumberedBatch* batch = log->find(answered.base_offset);
        if (batch != nullptr && batch->base_offset == answered.base_offset &&
            batch->producer_id == answered.producer_id &&
            batch->producer_epoch == answered.producer_epoch &&
            batch->base_sequence == answered.base_sequence) {
            return;
        }
        findings_.object(
            "false-duplicate",
            evidence("partition", answered.partition, "broker", answered.broker, "producer_id",
                     answered.producer_id, "producer_epoch", answered.producer_epoch, "sequence",
                     answered.base_sequence, "answered_offset", answered.base_offset),
            {sequence});
    }

    // Its epoch may be a reason to refuse it, but its numbers are none.
    void judge_refusal(const model::NumberedBatchRefused& refused, sim::EventSequence sequence) {
        constexpr int window = 5;
        const NumberedLog* log = book_.numbered_logs().find(refused.partition, refused.broker);
        if (log == nullptr || refused.base_sequence < model::SequenceNumber{0}) return;
        const auto& own = log->of(refused.producer_id);
        if (own.empty() || own.back()->producer_epoch != refused.producer_epoch) return;
        if (!is_about_numbers(refused.error)) return;
        findings_.judge();
        int seen = 0;
        for (auto at = own.rbegin(); at != own.rend() && seen < window; ++at) {
            const NumberedBatch& batch = **at;
            if (!is_numbered(batch) || batch.producer_epoch != refused.producer_epoch) continue;
            ++seen;
            if (batch.base_sequence != refused.base_sequence) continue;
            findings_.object("repetition-refused",
                             evidence("partition", refused.partition, "broker", refused.broker,
                                      "producer_id", refused.producer_id, "producer_epoch",
                                      refused.producer_epoch, "sequence", refused.base_sequence,
                                      "offset", batch.base_offset, "error", refused.error),
                             {batch.appended, sequence});
            return;
        }
    }

    // "OUT_OF_ORDER_SEQUENCE_NUMBER", in whatever case.
    static bool is_about_numbers(std::string_view error) {
        constexpr std::string_view word = "sequence";
        return !std::ranges::search(error, word, [](char a, char b) {
                    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
                }).empty();
    }

    // ---- what clients can see of it ----

    // How often the client of this send had been started: a new process is a new producer.
    std::ptrdiff_t life_of(const Send& send) const {
        const auto starts = starts_.find(book_.history().client(send));
        if (starts == starts_.end()) return 0;
        return std::ranges::lower_bound(starts->second, send.invoked) - starts->second.begin();
    }

    void judge_order() {
        struct Row {
            std::uint32_t client;
            std::ptrdiff_t life;
            model::TopicPartition partition;
            auto operator<=>(const Row&) const = default;
        };
        std::map<Row, std::vector<Placed>> rows;  // each in order of invocation
        const auto found = places_of_unknown();
        std::pair<const Row, std::vector<Placed>>* latest = nullptr;
        for (const Send& send : book_.history().sends()) {
            if (!book_.history().producer(send).enable_idempotence) continue;
            if (send.is_acknowledged()) {
                // A producer fills one batch after the other.
                const model::TopicPartition& partition = book_.history().partition(send);
                const std::ptrdiff_t life = life_of(send);
                const bool is_alike = latest != nullptr && latest->first.client == send.client &&
                                      latest->first.life == life &&
                                      latest->first.partition == partition;
                if (!is_alike) latest = &*rows.try_emplace({send.client, life, partition}).first;
                latest->second.push_back(
                    {.send = &send, .offset = send.offset, .seen = send.completed});
            } else if (const auto at = found.find(send.operation); at != found.end()) {
                rows[{send.client, life_of(send), at->second.partition}].push_back(
                    {.send = &send, .offset = at->second.offset, .seen = at->second.event});
            }
        }
        for (const auto& [row, placed] : rows) {
            // Equal places are the duplicate checker's; here a later send lies before an earlier.
            const Placed* highest = nullptr;
            for (const Placed& later : placed) {
                if (highest != nullptr) judge_pair(row.partition, *highest, later);
                if (highest == nullptr || later.offset > highest->offset) highest = &later;
            }
        }
    }

    // Where the sends that were not acknowledged stand first: told only if nobody sent the same.
    std::map<model::OperationId, Found> places_of_unknown() const {
        std::map<model::RecordId, std::uint64_t> sent;
        for (const Send& send : book_.history().sends()) {
            if (!send.is_acknowledged()) sent.emplace(send.record, 0);
        }
        if (sent.empty()) return {};
        for (const Send& send : book_.history().sends()) {
            if (const auto at = sent.find(send.record); at != sent.end()) ++at->second;
        }
        std::map<model::RecordId, std::vector<Found>> found;
        for (const Sighting& sighting : book_.sightings().all()) {
            if (!sent.contains(sighting.record)) continue;
            found[sighting.record].push_back(
                {.partition = book_.sightings().partition(sighting.partition),
                 .offset = sighting.offset,
                 .event = sighting.event});
        }
        std::map<model::OperationId, Found> places;
        for (const Send& send : book_.history().sends()) {
            const auto at = found.find(send.record);
            if (at == found.end() || send.is_acknowledged() || sent.at(send.record) > 1) continue;
            for (const Found& seen : at->second) {
                if (seen.partition.topic != book_.history().topic(send)) continue;
                const auto [place, is_new] = places.try_emplace(send.operation, seen);
                if (!is_new && seen.offset < place->second.offset) place->second = seen;
            }
        }
        return places;
    }

    void judge_pair(const model::TopicPartition& partition, const Placed& earlier,
                    const Placed& later) {
        findings_.judge();
        if (later.offset > earlier.offset) return;
        Evidence shown =
            evidence("partition", partition, "client", book_.history().client(*later.send),
                     "record", later.send->record, "offset", later.offset, "earlier_record",
                     earlier.send->record, "earlier_offset", earlier.offset);
        Findings::Events events{earlier.send->invoked, later.send->invoked, earlier.seen,
                                later.seen};
        std::optional<Cause> cause = book_.allowance().of_loss(
            partition, book_.history().client(*earlier.send), earlier.send->invoked);
        for (const Placed* placed : {&earlier, &later}) {
            const Send& send = *placed->send;
            if (!cause && send.completed.value() != 0 && send.outcome != model::Outcome::ok) {
                cause = Cause{"failure reported", send.completed};
            }
        }
        if (cause) {
            if (std::ranges::find(events, cause->event) == events.end()) {
                events.push_back(cause->event);
            }
            findings_.allow("reordered", cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object("reordered", std::move(shown), std::move(events));
        }
    }

    const Casebook& book_;
    std::map<std::string, std::vector<sim::EventSequence>> starts_;  // of producers, in order
    Findings findings_{"idempotence"};
};

}  // namespace

std::unique_ptr<Checker> make_idempotence(const Casebook& book) {
    return std::make_unique<Idempotence>(book);
}

}  // namespace squall::checkers
