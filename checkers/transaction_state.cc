// transaction-state: a coordinator is what its log makes it.
//
//   uncommitted-state     a state took effect that does not lie below the high watermark of the
//                         coordinator's log, or not in it at all
//   state-forgotten       a state was left that is not the one last told, or loaded
//   illegal-transition    a state followed another that it cannot follow
//   state-regressed       a record of a transactional id took effect at or before its last one's
//                         offset
//   epoch-regressed       the epoch of a producer id went down
//   producer-id-shared    two transactional ids have one producer id
//   partitions-forgotten  a transaction was prepared without a partition that it had
//   state-lost            a new coordinator loaded an older record than one that took effect
//   replay-differs        ... the same record, and read something else in it
//   stale-coordinator     a coordinator of an older epoch put a state into effect that a newer one
//                         had not read
//
// A state takes effect when its record is committed (TransactionStateChanged); a coordinator that
// takes over tells what it read (TransactionLoaded). It may read more than was told: its
// predecessor died before it could tell, or was held up, and tells late what its successor knows:
// that changes nothing. Allowed: after records of __transaction_state were lost to an
// unclean election (configured contract) or a power loss of the whole in-sync set.
// Semantics 9; KIP-98, KIP-890.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/transaction_events.h"

namespace squall::checkers {

namespace {

// Which state may follow which; loops are changes within a state: another producer, or partitions.
constexpr std::pair<std::string_view, std::string_view> transitions[] = {
    {"Empty", "Empty"},
    {"Empty", "Ongoing"},
    {"Empty", "PrepareAbort"},  // version 2: an abort of what wrote nothing raises the epoch
    {"Empty", "Dead"},
    {"Ongoing", "Ongoing"},
    {"Ongoing", "PrepareCommit"},
    {"Ongoing", "PrepareAbort"},
    {"PrepareCommit", "CompleteCommit"},
    {"PrepareAbort", "CompleteAbort"},
    {"CompleteCommit", "Empty"},
    {"CompleteCommit", "Ongoing"},
    {"CompleteCommit", "PrepareAbort"},
    {"CompleteCommit", "Dead"},
    {"CompleteAbort", "Empty"},
    {"CompleteAbort", "Ongoing"},
    {"CompleteAbort", "PrepareAbort"},
    {"CompleteAbort", "Dead"},
};

bool is_legal(std::string_view from, std::string_view to) {
    return std::ranges::find(transitions, std::pair{from, to}) != std::end(transitions);
}

// What the last record of a transactional id says.
struct Known {
    std::string state;
    model::ProducerId producer_id;
    model::ProducerEpoch producer_epoch;
    std::vector<model::TopicPartition> partitions;
    model::Offset log_offset;
    std::int32_t coordinator_epoch = -1;
    sim::EventSequence event;
};

class TransactionState final : public Checker {
  public:
    explicit TransactionState(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "transaction-state"; }

    using Shown = sim::EventOf<model::TransactionStateChanged, model::TransactionLoaded,
                               model::HighWatermarkAdvanced, model::RoleTaken>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* changed = event.as<model::TransactionStateChanged>()) {
            on_changed(*changed, event.sequence);
        } else if (const auto* loaded = event.as<model::TransactionLoaded>()) {
            on_loaded(*loaded, event.sequence);
        } else if (const auto* moved = event.as<model::HighWatermarkAdvanced>()) {
            raise(moved->partition, moved->broker, moved->to);
        } else if (const auto* taken = event.as<model::RoleTaken>()) {
            raise(taken->partition, taken->broker, taken->high_watermark);
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    void raise(const model::TopicPartition& partition, model::BrokerId broker, model::Offset to) {
        if (partition.topic != model::transaction_topic) return;
        model::Offset& high_watermark = high_watermarks_[{partition, broker}];
        high_watermark = std::max(high_watermark, to);
    }

    void on_changed(const model::TransactionStateChanged& changed, sim::EventSequence sequence) {
        findings_.judge();
        judge_place(changed, sequence);
        judge_producer(changed.transactional_id, changed.producer_id, sequence);
        if (!is_legal(changed.from.empty() ? "Empty" : changed.from, changed.to)) {
            conclude("illegal-transition", changed.transactional_id,
                     evidence("from", changed.from, "to", changed.to), {sequence});
        }
        if (is_told_late(changed)) return;
        if (const auto at = known_.find(changed.transactional_id); at != known_.end()) {
            judge_step(at->second, changed, sequence);
        }
        if (changed.to == "Dead") {
            known_.erase(changed.transactional_id);
            return;
        }
        known_.insert_or_assign(changed.transactional_id,
                                Known{.state = changed.to,
                                      .producer_id = changed.producer_id,
                                      .producer_epoch = changed.producer_epoch,
                                      .partitions = sorted(changed.partitions),
                                      .log_offset = changed.log_offset,
                                      .coordinator_epoch = changed.coordinator_epoch,
                                      .event = sequence});
    }

    // A later coordinator began with this record, or with a newer one.
    bool is_told_late(const model::TransactionStateChanged& changed) const {
        const auto at = loaded_.find(changed.transactional_id);
        if (at == loaded_.end() || at->second.coordinator_epoch <= changed.coordinator_epoch) {
            return false;
        }
        const Known& loaded = at->second;
        if (changed.log_offset != loaded.log_offset) return changed.log_offset < loaded.log_offset;
        return changed.to == loaded.state && changed.producer_id == loaded.producer_id &&
               changed.producer_epoch == loaded.producer_epoch &&
               sorted(changed.partitions) == loaded.partitions;
    }

    // Its record stands in the log of the coordinator's own replica, and is committed.
    void judge_place(const model::TransactionStateChanged& changed, sim::EventSequence sequence) {
        const ReplicaLog* log = book_.replica_logs().find(changed.log, changed.broker);
        const auto high_watermark = high_watermarks_.find({changed.log, changed.broker});
        if (log == nullptr || high_watermark == high_watermarks_.end()) return;
        const bool is_in_log = log->find(changed.log_offset) != nullptr;
        if (is_in_log && changed.log_offset < high_watermark->second) return;
        conclude("uncommitted-state", changed.transactional_id,
                 evidence("to", changed.to, "broker", changed.broker, "log", changed.log,
                          "log_offset", changed.log_offset, "high_watermark",
                          high_watermark->second, "in_log", is_in_log ? "yes" : "no"),
                 {sequence});
    }

    void judge_producer(const std::string& id, model::ProducerId producer,
                        sim::EventSequence sequence) {
        if (producer == model::no_producer_id) return;
        const auto [at, is_new] = owners_.try_emplace(producer, id);
        if (is_new || at->second == id) return;
        conclude("producer-id-shared", id,
                 evidence("producer_id", producer, "other_transactional_id", at->second),
                 {sequence});
    }

    void judge_step(const Known& before, const model::TransactionStateChanged& changed,
                    sim::EventSequence sequence) {
        const std::string& id = changed.transactional_id;
        const Findings::Events events{before.event, sequence};
        if (changed.coordinator_epoch < before.coordinator_epoch) {
            conclude("stale-coordinator", id,
                     evidence("broker", changed.broker, "coordinator_epoch",
                              changed.coordinator_epoch, "epoch_before", before.coordinator_epoch),
                     events);
            return;  // the rest would only say the same
        }
        if (changed.log_offset <= before.log_offset) {
            conclude("state-regressed", id,
                     evidence("to", changed.to, "log_offset", changed.log_offset, "offset_before",
                              before.log_offset),
                     events);
        }
        if (changed.from != before.state) {
            conclude("state-forgotten", id,
                     evidence("from", changed.from, "to", changed.to, "state_before", before.state),
                     events);
        }
        judge_epoch(id, before, changed.producer_id, changed.producer_epoch, events);
        if (before.state == "Ongoing" && changed.to.starts_with("Prepare")) {
            const auto now = sorted(changed.partitions);
            for (const model::TopicPartition& partition : before.partitions) {
                if (std::ranges::binary_search(now, partition)) continue;
                conclude("partitions-forgotten", id,
                         evidence("to", changed.to, "partition", partition), events);
            }
        }
    }

    void judge_epoch(const std::string& id, const Known& before, model::ProducerId producer,
                     model::ProducerEpoch epoch, const Findings::Events& events) {
        if (producer != before.producer_id || epoch >= before.producer_epoch) return;
        conclude("epoch-regressed", id,
                 evidence("producer_id", producer, "producer_epoch", epoch, "epoch_before",
                          before.producer_epoch),
                 events);
    }

    void on_loaded(const model::TransactionLoaded& loaded, sim::EventSequence sequence) {
        findings_.judge();
        judge_producer(loaded.transactional_id, loaded.producer_id, sequence);
        Known now{.state = loaded.state,
                  .producer_id = loaded.producer_id,
                  .producer_epoch = loaded.producer_epoch,
                  .partitions = sorted(loaded.partitions),
                  .log_offset = loaded.log_offset,
                  .coordinator_epoch = loaded.coordinator_epoch,
                  .event = sequence};
        if (const auto at = known_.find(loaded.transactional_id); at != known_.end()) {
            judge_replay(at->second, loaded.transactional_id, now);
        }
        loaded_.insert_or_assign(loaded.transactional_id, now);
        known_.insert_or_assign(loaded.transactional_id, std::move(now));
    }

    void judge_replay(const Known& before, const std::string& id, const Known& now) {
        const Findings::Events events{before.event, now.event};
        if (now.log_offset < before.log_offset) {
            conclude("state-lost", id,
                     evidence("state", now.state, "log_offset", now.log_offset, "state_before",
                              before.state, "offset_before", before.log_offset),
                     events);
        } else if (now.log_offset == before.log_offset) {
            const bool is_same =
                now.state == before.state && now.producer_id == before.producer_id &&
                now.producer_epoch == before.producer_epoch && now.partitions == before.partitions;
            if (is_same) return;
            conclude("replay-differs", id,
                     evidence("log_offset", now.log_offset, "state", now.state, "state_before",
                              before.state, "producer_epoch", now.producer_epoch, "epoch_before",
                              before.producer_epoch, "partitions", now.partitions.size(),
                              "partitions_before", before.partitions.size()),
                     events);
        } else {
            judge_epoch(id, before, now.producer_id, now.producer_epoch, events);
        }
    }

    static std::vector<model::TopicPartition> sorted(std::vector<model::TopicPartition> all) {
        std::ranges::sort(all);
        return all;
    }

    void conclude(std::string_view type, const std::string& id, Evidence shown,
                  Findings::Events events) {
        shown.insert(shown.begin(), {"transactional_id", id});
        if (const auto cause = book_.allowance().of_truncation_anywhere(model::transaction_topic,
                                                                        sim::EventSequence{0})) {
            events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    const Casebook& book_;
    std::map<std::pair<model::TopicPartition, model::BrokerId>, model::Offset> high_watermarks_;
    std::map<std::string, Known> known_;               // by transactional id
    std::map<std::string, Known> loaded_;              // as the last coordinator that took over did
    std::map<model::ProducerId, std::string> owners_;  // transactional ids
    Findings findings_{"transaction-state"};
};

}  // namespace

std::unique_ptr<Checker> make_transaction_state(const Casebook& book) {
    return std::make_unique<TransactionState>(book);
}

}  // namespace squall::checkers
