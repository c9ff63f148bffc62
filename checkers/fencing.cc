// fencing: nothing that a fenced producer, or a fenced coordinator, does takes effect.
//
//   stale-append        a leader appended records of a lower epoch than that of the records or the
//                       marker of their producer which stand last in its log
//   stale-marker        ... a marker of a lower epoch, or, by version 2 of transactions, of the
//                       epoch of the records it ends (KIP-1228)
//   stale-coordinator   ... a marker of an older coordinator than one that wrote for that producer
//                       there before
//   fenced-append       a record that was appended after another producer had got a newer identity
//                       for its transactional id is committed in the end
//   fenced-commit       a commit that was asked for after that succeeded
//   fenced-send         a send that was made after that was acknowledged
//   fenced-offsets      offsets of an older generation were stored for a transaction after those of
//                       a newer one (by the consumer protocol, of the same partition: each member
//                       moves on to the group's epoch in its own time), or were sent to it and
//                       stored after the group had become stable in a newer one
//   identity-shared     a producer that starts got the id and epoch that another one has
//
// A new identity fences from when its owner was told of it (ProducerIdentified). What a fenced
// producer wrote before a marker ends it may stand in a log; it must not be committed. An empty
// transaction has no effect, so its commit is not judged; offsets without a generation are not
// either (KIP-447). Allowed: what version 1 leaves open to a late produce request (fenced-append,
// fenced-send; configured contract); and the causes of truncation. Guarantees: no effect from a
// fenced producer, coordinator; KIP-98, KIP-360, KIP-890.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/group_events.h"

namespace squall::checkers {

namespace {

class Fencing final : public Checker {
  public:
    explicit Fencing(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "fencing"; }

    using Shown =
        sim::EventOf<model::BatchAppended, model::ProducerConfigured, model::ProducerIdentified,
                     model::TransactionOffsetsInvoked, model::TransactionOffsetsCompleted,
                     model::MarkerAppended, model::PendingOffsetStored, model::OffsetCommitted,
                     model::GroupStateChanged, model::ConsumerConfigured>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const NumberedLogs::Appending* appending = book_.numbered_logs().appending()) {
            judge_epoch(*event.as<model::BatchAppended>(), *appending, event.sequence);
        } else if (const auto* configured = event.as<model::ProducerConfigured>()) {
            lives_[configured->client_id] = event.sequence;
        } else if (const auto* identified = event.as<model::ProducerIdentified>()) {
            judge_identity(*identified, event.sequence);
        } else if (const auto* sent = event.as<model::TransactionOffsetsInvoked>()) {
            on_offsets_sent(*sent, event.sequence);
        } else if (const auto* answered = event.as<model::TransactionOffsetsCompleted>()) {
            on_offsets_answered(*answered, event.sequence);
        } else if (const auto* marker = event.as<model::MarkerAppended>()) {
            judge_coordinator(*marker, event.sequence);
        } else if (const auto* stored = event.as<model::PendingOffsetStored>()) {
            on_offset(*stored, event.sequence, true);
        } else if (const auto* committed = event.as<model::OffsetCommitted>()) {
            // Those that took effect are the committed-offset checker's to judge.
            on_offset(*committed, event.sequence, false);
        } else if (const auto* consumer = event.as<model::ConsumerConfigured>()) {
            if (consumer->group_protocol == "consumer") reconciled_.insert(consumer->group);
        } else if (const auto* state = event.as<model::GroupStateChanged>()) {
            if (state->to == "Dead") {
                generations_.erase(state->group);
                stable_.erase(state->group);
            } else if (state->to == "Stable") {
                stable_[state->group] = {state->generation, event.sequence};
            }
        }
    }

    CheckerReport finish() override {
        book_.numbered_logs().visit(
            [&](const model::TopicPartition& partition, const NumberedLog& log) {
                for (const NumberedBatch* batch : log.batches())
                    judge_effect(partition, log, *batch);
            });
        for (const Transaction& transaction : book_.transactions().all()) judge_client(transaction);
        return findings_.report();
    }

  private:
    struct Generation {
        model::GenerationId generation = model::no_generation;
        sim::EventSequence event{0};
    };

    struct Identified {
        std::string client;
        sim::EventSequence life;  // when that client was started
        sim::EventSequence event;
    };
    // Offsets that the group must refuse.
    struct Stale {
        model::TransactionOffsetsInvoked sent;
        Generation newer;
        sim::EventSequence event;
    };

    // ---- who is who ----

    void judge_identity(const model::ProducerIdentified& identified, sim::EventSequence sequence) {
        if (identified.reason != "init_producer_id") return;
        const sim::EventSequence life = lives_[identified.client_id];
        findings_.judge();
        const auto [at, is_new] = identified_.try_emplace(
            {identified.producer_id, identified.producer_epoch},
            Identified{.client = identified.client_id, .life = life, .event = sequence});
        const Identified& other = at->second;
        if (is_new || (other.client == identified.client_id && other.life == life)) return;
        findings_.object(
            "identity-shared",
            evidence("client", identified.client_id, "other_client", other.client,
                     "transactional_id", identified.transactional_id, "producer_id",
                     identified.producer_id, "producer_epoch", identified.producer_epoch),
            {other.event, sequence});
    }

    // ---- what leaders let in ----

    void judge_epoch(const model::BatchAppended& appended, const NumberedLogs::Appending& appending,
                     sim::EventSequence sequence) {
        const NumberedBatch& batch = *appending.batch;
        const auto& own = appending.log->of(batch.producer_id);
        if (own.empty()) return;
        const NumberedBatch& before = *own.back();
        findings_.judge();
        const bool ends_its_own_epoch = batch.is_control && before.is_data() &&
                                        batch.producer_epoch == before.producer_epoch &&
                                        book_.transactions().version(batch.producer_id) >= 2;
        if (batch.producer_epoch >= before.producer_epoch && !ends_its_own_epoch) return;
        findings_.object(
            batch.is_control ? "stale-marker" : "stale-append",
            evidence("partition", appended.partition, "broker", appended.broker, "offset",
                     batch.base_offset, "producer_id", batch.producer_id, "producer_epoch",
                     batch.producer_epoch, "epoch_before", before.producer_epoch),
            {before.appended, sequence});
    }

    void judge_coordinator(const model::MarkerAppended& marker, sim::EventSequence sequence) {
        const NumberedLog* log = book_.numbered_logs().find(marker.partition, marker.broker);
        if (log == nullptr) return;
        const auto& own = log->of(marker.producer_id);
        const auto before = std::find_if(own.rbegin(), own.rend(), [&](const NumberedBatch* b) {
            return b->is_control && b->base_offset < marker.offset;
        });
        if (before == own.rend()) return;
        findings_.judge();
        if ((*before)->coordinator_epoch <= marker.coordinator_epoch) return;
        findings_.object(
            "stale-coordinator",
            evidence("partition", marker.partition, "broker", marker.broker, "offset",
                     marker.offset, "producer_id", marker.producer_id, "coordinator_epoch",
                     marker.coordinator_epoch, "epoch_before", (*before)->coordinator_epoch),
            {(*before)->appended, sequence});
    }

    // ---- what took effect ----

    void judge_effect(const model::TopicPartition& partition, const NumberedLog& log,
                      const NumberedBatch& batch) {
        if (!batch.is_transactional || batch.is_control) return;
        const auto fence = book_.transactions().fence_of(batch.producer_id, batch.producer_epoch);
        if (!fence || batch.appended < fence->event) return;
        findings_.judge();
        if (log.fate_of(batch) != Fate::committed) return;
        conclude(
            "fenced-append", batch.producer_id, *fence,
            evidence("partition", partition, "offset", batch.base_offset, "producer_id",
                     batch.producer_id, "producer_epoch", batch.producer_epoch, "transactional_id",
                     book_.transactions().transactional_id(batch.producer_id)),
            {fence->event, batch.appended}, true);
    }

    void judge_client(const Transaction& transaction) {
        const auto fence =
            book_.transactions().fence_of(transaction.producer_id, transaction.producer_epoch);
        if (!fence) return;
        bool has_content = !transaction.offsets.empty();
        for (const TransactionSend& send : transaction.sends) {
            has_content = has_content || send.is_acknowledged();
            if (send.invoked < fence->event) continue;
            findings_.judge();
            if (!send.is_acknowledged() || send.offset == model::no_offset) continue;
            conclude(
                "fenced-send", transaction.producer_id, *fence,
                evidence("transaction", transaction.id, "client", transaction.client, "partition",
                         send.partition, "offset", send.offset, "record", send.record),
                {fence->event, send.invoked, send.completed}, true);
        }
        for (const TransactionEnd& end : transaction.ends) {
            if (!end.commit || end.invoked < fence->event || !has_content) continue;
            findings_.judge();
            if (end.completed.value() == 0 || end.outcome != model::Outcome::ok) continue;
            conclude("fenced-commit", transaction.producer_id, *fence,
                     evidence("transaction", transaction.id, "client", transaction.client,
                              "transactional_id", transaction.transactional_id, "producer_epoch",
                              transaction.producer_epoch),
                     {fence->event, end.invoked, end.completed}, false);
        }
    }

    void conclude(std::string_view type, model::ProducerId producer, const Identity& fence,
                  Evidence shown, Findings::Events events, bool is_open_to_version_1) {
        shown.emplace_back("fenced_by",
                           fmt::format("{} epoch {}", fence.producer_id, fence.producer_epoch));
        std::optional<Cause> cause;
        if (is_open_to_version_1 && book_.contract() == Contract::configured &&
            book_.transactions().version(producer) < 2) {
            cause = Cause{"transactions of version 1", fence.event};
        } else {
            cause = book_.allowance().of_truncation_anywhere(model::transaction_topic,
                                                             sim::EventSequence{0});
        }
        if (cause) {
            if (std::ranges::find(events, cause->event) == events.end()) {
                events.push_back(cause->event);
            }
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    // ---- groups ----

    void on_offsets_sent(const model::TransactionOffsetsInvoked& sent,
                         sim::EventSequence sequence) {
        const auto stable = stable_.find(sent.group);
        if (stable == stable_.end() || sent.generation == model::no_generation) return;
        if (sent.generation >= stable->second.generation) return;
        stale_.emplace(sent.operation,
                       Stale{.sent = sent, .newer = stable->second, .event = sequence});
    }

    void on_offsets_answered(const model::TransactionOffsetsCompleted& answered,
                             sim::EventSequence sequence) {
        const auto at = stale_.find(answered.operation);
        if (at == stale_.end()) return;
        findings_.judge();
        const Stale& stale = at->second;
        if (answered.outcome == model::Outcome::ok) {
            object_offsets(stale.sent.group, stale.sent.generation, stale.newer,
                           {stale.newer.event, stale.event, sequence});
        }
        stale_.erase(at);
    }

    void object_offsets(const std::string& group, model::GenerationId generation,
                        const Generation& newer, Findings::Events events) {
        Evidence shown = evidence("group", group, "generation", generation, "newer_generation",
                                  newer.generation);
        if (const auto cause = book_.allowance().of_truncation_anywhere(model::offsets_topic,
                                                                        sim::EventSequence{0})) {
            events.push_back(cause->event);
            findings_.allow("fenced-offsets", cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object("fenced-offsets", std::move(shown), std::move(events));
        }
    }

    template <class Offsets>
    void on_offset(const Offsets& stored, sim::EventSequence sequence, bool is_judged) {
        if (stored.generation == model::no_generation) return;
        // A classic group has one generation at a time.
        const bool is_by_partition = reconciled_.contains(stored.group);
        Generation& newest = generations_[stored.group][is_by_partition ? stored.partition
                                                                        : model::TopicPartition{}];
        if (is_judged && newest.generation != model::no_generation) {
            findings_.judge();
            if (stored.generation < newest.generation) {
                object_offsets(stored.group, stored.generation, newest, {newest.event, sequence});
            }
        }
        if (stored.generation > newest.generation) newest = {stored.generation, sequence};
    }

    const Casebook& book_;
    // The newest with offsets, of each group; of each of its partitions where members have epochs.
    std::map<std::string, std::map<model::TopicPartition, Generation>> generations_;
    std::map<std::string, Generation> stable_;  // in which each group settled last
    std::set<std::string> reconciled_;          // groups with members of the consumer protocol
    std::map<model::OperationId, Stale> stale_;
    std::map<std::string, sim::EventSequence> lives_;  // of clients: when they started last
    std::map<std::pair<model::ProducerId, model::ProducerEpoch>, Identified> identified_;
    Findings findings_{"fencing"};
};

}  // namespace

std::unique_ptr<Checker> make_fencing(const Casebook& book) {
    return std::make_unique<Fencing>(book);
}

}  // namespace squall::checkers
