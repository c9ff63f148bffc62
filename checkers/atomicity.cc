// atomicity: all of a transaction, or nothing of it, and that as its application was told.
//
//   torn            parts of one transaction were committed, and others aborted or lost
//   contradicted    told committed, and yet something of it was aborted; or told aborted (or that
//                   the commit failed, or no commit was ever asked for), and yet it was committed
//   incomplete-commit
//                   told committed, and yet one of its sends was told failed: a commit says that
//                   all of the transaction is in (KIP-98: commitTransaction fails if any send did).
//                   Nothing allows it
//
// Parts are the records of its sends, wherever the logs of the last leaders hold them, and the
// offsets put into it. A record's fate is the next marker of its producer behind it; an offset's is
// what its group did when the marker came (PendingOffsetsResolved), or else, since a coordinator
// that finds the marker in its log when it loads that does not tell, as a record's. An acknowledged
// record of a transaction of which something was committed, and that stands nowhere, was lost.
//
// A commit whose answer never came may have happened or not: then only `torn` can be objected to.
// Left open: something committed, something not yet decided when the run ended; unless a log that
// held its end, or the coordinator's, lost what it had: then it is torn, and allowed. (Who leaves
// it undecided for too long is hanging_transaction.cc's.) Allowed: what version 1 of transactions
// leaves open (a delayed EndTxn or produce request that meets the next transaction, KAFKA-17754;
// configured contract), and the causes of loss, of the records, of the markers, or of the
// coordinator's log (checkers/allowance.h). Guarantees: all or nothing; KIP-98, KIP-890.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"

namespace squall::checkers {

namespace {

// One record or offset of a transaction, and what became of it.
struct Part {
    std::string text;  // "orders-0 offset 17", "group shop, orders-0 offset 18"
    std::optional<model::TopicPartition> partition;  // of a record
    Fate fate = Fate::undecided;
    bool is_lost = false;
    sim::EventSequence event;
};

// An offset that waits for the end of its transaction.
struct Pending {
    std::size_t transaction = 0;  // its place in the history
    model::PartitionOffset offset;
    model::ProducerEpoch producer_epoch;
    sim::EventSequence event;
    std::optional<bool> commit;
    sim::EventSequence resolved{0};
};

class Atomicity final : public Checker {
  public:
    explicit Atomicity(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "atomicity"; }

    using Shown = sim::EventOf<model::PendingOffsetStored, model::PendingOffsetsResolved>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* stored = event.as<model::PendingOffsetStored>()) {
            on_stored(*stored, event.sequence);
        } else if (const auto* resolved = event.as<model::PendingOffsetsResolved>()) {
            on_resolved(*resolved, event.sequence);
        }
    }

    CheckerReport finish() override {
        std::vector<std::vector<Part>> parts(book_.transactions().all().size());
        find_records(parts);
        for (const auto& [key, all] : pending_) {
            for (const Pending& pending : all)
                parts[pending.transaction].push_back(part(key, pending));
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            judge(book_.transactions().all()[i], parts[i]);
            judge_completeness(book_.transactions().all()[i]);
        }
        return findings_.report();
    }

  private:
    using GroupAndProducer = std::pair<std::string, model::ProducerId>;
    // What a record is known by: it may have been sent in several transactions of its producer.
    using RecordKey = std::tuple<model::ProducerId, std::string, model::RecordId>;

    // ---- offsets ----

    // The transaction that last sent this offset: the same one is sent again after an abort.
    void on_stored(const model::PendingOffsetStored& stored, sim::EventSequence sequence) {
        const model::PartitionOffset offset{.partition = stored.partition, .offset = stored.offset};
        const auto& all = book_.transactions().all();
        std::optional<std::size_t> found;
        for (std::size_t i = all.size(); i-- > 0 && !found;) {
            if (all[i].producer_id != stored.producer_id) continue;
            for (const TransactionOffsets& sent : all[i].offsets) {
                if (sent.group == stored.group &&
                    std::ranges::find(sent.offsets, offset) != sent.offsets.end()) {
                    found = i;
                }
            }
        }
        if (!found) return;
        auto& waiting = pending_[{stored.group, stored.producer_id}];
        // A coordinator that took over may tell again what waits.
        const bool is_known = std::ranges::any_of(waiting, [&](const Pending& pending) {
            return pending.transaction == *found && pending.offset == offset && !pending.commit;
        });
        if (is_known) return;
        waiting.push_back({.transaction = *found,
                           .offset = offset,
                           .producer_epoch = stored.producer_epoch,
                           .event = sequence,
                           .commit = {}});
    }

    // All that the transaction had waiting, of which the newest offsets are told.
    void on_resolved(const model::PendingOffsetsResolved& resolved, sim::EventSequence sequence) {
        const auto waiting = pending_.find({resolved.group, resolved.producer_id});
        if (waiting == pending_.end()) return;
        std::optional<std::size_t> transaction;
        for (const Pending& pending : waiting->second) {
            if (!pending.commit &&
                std::ranges::find(resolved.offsets, pending.offset) != resolved.offsets.end()) {
                transaction = std::max(transaction.value_or(0), pending.transaction);
            }
        }
        for (Pending& pending : waiting->second) {
            if (pending.commit || pending.transaction != transaction) continue;
            pending.commit = resolved.commit;
            pending.resolved = sequence;
        }
    }

    Part part(const GroupAndProducer& key, const Pending& pending) const {
        Part offset{.text = fmt::format("group {}, {} offset {}", key.first,
                                        pending.offset.partition, pending.offset.offset),
                    .partition = {},
                    .fate = Fate::undecided,
                    .event = pending.event};
        if (pending.commit) {
            offset.fate = *pending.commit ? Fate::committed : Fate::aborted;
            offset.event = pending.resolved;
            return offset;
        }
        const auto stored =
            book_.numbered_logs().stored_offsets(key.second, pending.producer_epoch, pending.event);
        if (stored && stored->end != nullptr) {
            offset.fate = stored->fate;
            offset.event = stored->end->appended;
        }
        return offset;
    }

    // ---- records ----

    void find_records(std::vector<std::vector<Part>>& parts) {
        std::map<RecordKey, std::vector<std::size_t>> senders;  // transactions, in order
        for (std::size_t i = 0; i < book_.transactions().all().size(); ++i) {
            const Transaction& transaction = book_.transactions().all()[i];
            for (const TransactionSend& send : transaction.sends) {
                senders[{transaction.producer_id, send.topic, send.record}].push_back(i);
            }
        }
        std::map<std::pair<std::size_t, RecordKey>, std::uint64_t> places;
        book_.numbered_logs().visit(
            [&](const model::TopicPartition& partition, const NumberedLog& log) {
                for (const NumberedBatch* batch : log.batches()) {
                    if (!batch->is_transactional || batch->is_control) continue;
                    const Fate fate = log.fate_of(*batch);
                    const NumberedBatch* end = log.end_of(*batch);
                    model::Offset offset = batch->base_offset;
                    for (const model::RecordId record : batch->records) {
                        const RecordKey key{batch->producer_id, partition.topic, record};
                        if (const auto sender = sender_of(senders, key, *batch)) {
                            ++places[{*sender, key}];
                            parts[*sender].push_back(
                                {.text = fmt::format("{} offset {}", partition, offset),
                                 .partition = partition,
                                 .fate = fate,
                                 .event = end == nullptr ? batch->appended : end->appended});
                        }
                        ++offset;
                    }
                }
            });
        for (std::size_t i = 0; i < parts.size(); ++i) add_lost(i, parts[i], places);
    }

    // Of the transactions that sent it, the one of the batch's epoch that began last before it.
    std::optional<std::size_t> sender_of(
        const std::map<RecordKey, std::vector<std::size_t>>& senders, const RecordKey& key,
        const NumberedBatch& batch) const {
        const auto at = senders.find(key);
        if (at == senders.end()) return std::nullopt;
        std::optional<std::size_t> best;
        bool is_best_of_epoch = false;
        for (const std::size_t candidate : at->second) {
            const Transaction& transaction = book_.transactions().all()[candidate];
            if (transaction.began > batch.appended) break;
            const bool is_of_epoch = transaction.producer_epoch == batch.producer_epoch;
            if (is_best_of_epoch && !is_of_epoch) continue;
            best = candidate;
            is_best_of_epoch = is_of_epoch;
        }
        return best;
    }

    void add_lost(std::size_t place, std::vector<Part>& parts,
                  const std::map<std::pair<std::size_t, RecordKey>, std::uint64_t>& places) const {
        const Transaction& transaction = book_.transactions().all()[place];
        for (const TransactionSend& send : transaction.sends) {
            if (!send.is_acknowledged() || send.offset == model::no_offset) continue;
            const NumberedLog* log = book_.numbered_logs().leader_log(send.partition);
            if (log == nullptr || send.offset < log->start() || !log->is_told_from(send.offset)) {
                continue;
            }
            const RecordKey key{transaction.producer_id, send.topic, send.record};
            if (places.contains({place, key})) continue;
            parts.push_back({.text = fmt::format("{} offset {}", send.partition, send.offset),
                             .partition = send.partition,
                             .fate = Fate::aborted,
                             .is_lost = true,
                             .event = send.completed});
        }
    }

    // ---- the judgement ----

    static const Part* find(const std::vector<Part>& parts, Fate fate) {
        const auto at = std::ranges::find(parts, fate, &Part::fate);
        return at == parts.end() ? nullptr : &*at;
    }

    void judge(const Transaction& transaction, const std::vector<Part>& parts) {
        const Part* committed = find(parts, Fate::committed);
        const Part* aborted = find(parts, Fate::aborted);
        if (committed == nullptr && aborted == nullptr) return;
        findings_.judge();
        const TransactionEnd* told = transaction.told_committed();
        if (committed != nullptr && aborted != nullptr) {
            conclude("torn", transaction, {committed, aborted}, parts.size(), told);
        } else if (told != nullptr && aborted != nullptr) {
            conclude("contradicted", transaction, {aborted}, parts.size(), told);
        } else if (committed != nullptr && transaction.must_not_commit()) {
            conclude("contradicted", transaction, {committed}, parts.size(), nullptr);
        } else if (const Part* open = find(parts, Fate::undecided);
                   committed != nullptr && open != nullptr) {
            judge_undecided(transaction, *committed, *open, parts.size(), told);
        }
    }

    void judge_undecided(const Transaction& transaction, const Part& committed, const Part& open,
                         std::size_t count, const TransactionEnd* told) {
        const std::optional<Cause> cause = cause_of_no_end(open);
        if (!cause) {
            return findings_.leave_open(
                fmt::format("{} of transaction {} was undecided when the run ended", open.text,
                            transaction.id));
        }
        auto [shown, events] = describe(transaction, {&committed, &open}, count, told);
        events.push_back(cause->event);
        findings_.allow("torn", cause->text, std::move(shown), std::move(events));
    }

    // The end that it had is gone, or the coordinator that would write one has forgotten it.
    std::optional<Cause> cause_of_no_end(const Part& open) const {
        const Allowance& allowance = book_.allowance();
        const auto lost_here =
            open.partition ? allowance.of_truncation(*open.partition, open.event)
                           : allowance.of_truncation_anywhere(model::offsets_topic, open.event);
        return lost_here ? lost_here
                         : allowance.of_truncation_anywhere(model::transaction_topic, open.event);
    }

    void judge_completeness(const Transaction& transaction) {
        const TransactionEnd* told = transaction.told_committed();
        if (told == nullptr) return;
        for (const TransactionSend& send : transaction.sends) {
            if (send.invoked > told->completed) continue;
            findings_.judge();
            if (!send.has_failed()) continue;
            findings_.object(
                "incomplete-commit",
                evidence("transaction", transaction.id, "transactional_id",
                         transaction.transactional_id, "topic", send.topic, "record", send.record),
                {transaction.began, send.invoked, send.completed, told->completed});
            return;  // once for each transaction
        }
    }

    static std::pair<Evidence, Findings::Events> describe(
        const Transaction& transaction, const std::vector<const Part*>& shown_parts,
        std::size_t count, const TransactionEnd* told) {
        Evidence shown = evidence(
            "transaction", transaction.id, "transactional_id", transaction.transactional_id,
            "producer_id", transaction.producer_id, "producer_epoch", transaction.producer_epoch,
            "parts", count, "told", told != nullptr ? "committed" : "not committed");
        Findings::Events events{transaction.began};
        if (told != nullptr) events.push_back(told->completed);
        for (const Part* part : shown_parts) {
            shown.emplace_back(part->is_lost ? "lost" : std::string(to_string(part->fate)),
                               part->text);
            events.push_back(part->event);
        }
        return {std::move(shown), std::move(events)};
    }

    void conclude(std::string_view type, const Transaction& transaction,
                  const std::vector<const Part*>& shown_parts, std::size_t count,
                  const TransactionEnd* told) {
        auto [shown, events] = describe(transaction, shown_parts, count, told);
        if (const auto cause = cause_of(transaction, shown_parts)) {
            events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    std::optional<Cause> cause_of(const Transaction& transaction,
                                  const std::vector<const Part*>& parts) const {
        if (book_.contract() == Contract::configured && transaction.version < 2) {
            return Cause{"transactions of version 1", transaction.began};
        }
        for (const Part* part : parts) {
            const auto cause = part->partition
                                   ? book_.allowance().of_loss(*part->partition, transaction.client,
                                                               transaction.began)
                                   : book_.allowance().of_truncation_anywhere(model::offsets_topic,
                                                                              transaction.began);
            if (cause) return cause;
        }
        return book_.allowance().of_truncation_anywhere(model::transaction_topic,
                                                        transaction.began);
    }

    const Casebook& book_;
    std::map<GroupAndProducer, std::vector<Pending>> pending_;
    Findings findings_{"atomicity"};
};

}  // namespace

std::unique_ptr<Checker> make_atomicity(const Casebook& book) {
    return std::make_unique<Atomicity>(book);
}

}  // namespace squall::checkers
