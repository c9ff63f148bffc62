// hanging-transaction: after the storm, a transaction that nobody ends.
//
//   stable-offset-stuck      a partition's last stable offset is held for too long by a transaction
//                            that is open there
//   transaction-unfinished   a coordinator left a transaction Ongoing or prepared for too long
//   offsets-pending          offsets of a transaction waited in their group for too long
//
// Too long: the producer's transaction.timeout.ms, the interval at which coordinators look for such
// transactions (the longest that a broker told at its start, or Kafka's 10 s), and 15 s for markers
// and elections; a prepared transaction has no timeout to wait for. Time counts
// from CalmBegan, or from when the transaction began there, whichever is later; and not before who
// lost a connection without a word has run out of patience (ClusterView). A transaction that
// was open before the calm began, and whose bound lies beyond the end of the run, is left open.
// Not judged: partitions without a leader at the end (see liveness). Allowed, under the configured
// contract: a stable offset held by a producer of version 1 in a partition whose leaders never
// asked its coordinator (KAFKA-12671: transaction.partition.verification.enable=false); and, by
// what explains the loss (allowance.h), a stable offset or offsets held by a transaction that its
// coordinator lost since, or the marker of which was lost where it stood. Nothing else: KIP-664 is
// how an administrator repairs what KIP-890 prevents. Guarantees: liveness.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/group_events.h"

namespace squall::checkers {

namespace {

constexpr Duration grace = 15s;

struct Waiting {
    Time since;
    sim::EventSequence event;
};

struct WaitingOffsets {
    model::ProducerEpoch producer_epoch;
    Waiting waiting;
};

struct Coordinated {
    std::string state;
    model::ProducerId producer_id;
    Waiting waiting;
};

class HangingTransaction final : public Checker {
  public:
    explicit HangingTransaction(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "hanging-transaction"; }

    using Shown =
        sim::EventOf<model::BatchAppended, model::TransactionStateChanged, model::TransactionLoaded,
                     model::PartitionVerified, model::PendingOffsetStored,
                     model::PendingOffsetsResolved, model::PartitionChanged,
                     model::BrokerConfigured, model::CoordinatorChanged, sim::CalmBegan>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (book_.cluster().has_ended()) return;
        if (const NumberedLogs::Appending* appending = book_.numbered_logs().appending()) {
            if (appending->batch->is_control) {
                on_marker(*event.as<model::BatchAppended>(), *appending);
            }
        } else if (const auto* changed = event.as<model::TransactionStateChanged>()) {
            on_state(changed->transactional_id, changed->to, changed->producer_id, event);
        } else if (const auto* loaded = event.as<model::TransactionLoaded>()) {
            on_state(loaded->transactional_id, loaded->state, loaded->producer_id, event);
        } else if (const auto* verified = event.as<model::PartitionVerified>()) {
            verified_.insert({verified->partition, verified->producer_id});
        } else if (const auto* stored = event.as<model::PendingOffsetStored>()) {
            on_stored(*stored, event);
        } else if (const auto* resolved = event.as<model::PendingOffsetsResolved>()) {
            on_resolved(resolved->group, resolved->producer_id);
        } else if (const auto* partition = event.as<model::PartitionChanged>()) {
            leaders_[partition->partition] = partition->leader;
        } else if (const auto* coordinator = event.as<model::CoordinatorChanged>()) {
            if (coordinator->active) loaded_[coordinator->partition] = event.sequence;
        } else if (const auto* configured = event.as<model::BrokerConfigured>()) {
            scan_interval_ = std::max(scan_interval_.value_or(Duration{}),
                                      configured->transaction_abort_interval);
        } else if (event.as<sim::CalmBegan>()) {
            calm_ = event.time;
            calm_event_ = event.sequence;
        }
    }

    CheckerReport finish() override {
        if (!calm_) return findings_.report();
        book_.numbered_logs().visit(
            [&](const model::TopicPartition& partition, const NumberedLog& log) {
                const auto leader = leaders_.find(partition);
                if (leader != leaders_.end() && leader->second == model::no_broker) return;
                for (const auto& [offset, producer] : log.open()) {
                    judge_open(partition, *log.find(offset), true);
                }
            });
        for (const auto& [id, coordinated] : transactions_) judge_state(id, coordinated, true);
        for (const auto& [key, offsets] : pending_) {
            if (was_found_over(key.second, offsets)) continue;
            judge_pending(key, offsets.waiting, true);
        }
        return findings_.report();
    }

  private:
    using GroupAndProducer = std::pair<std::string, model::ProducerId>;

    Duration scan_interval() const {
        return scan_interval_.value_or(model::BrokerConfigured{}.transaction_abort_interval);
    }
    Duration bound(model::ProducerId producer) const {
        return book_.transactions().timeout(producer) + scan_interval() + grace;
    }

    // Whether it lasted too long by now; what still may end in time is left open at the end.
    bool judge(const Waiting& waiting, Duration most, bool is_end, const std::string& what) {
        findings_.judge();
        const Time start = std::max(waiting.since, *calm_);
        if (book_.now() - book_.cluster().patience_ends(start) > most) return true;
        if (is_end && waiting.since < *calm_) {
            findings_.leave_open(fmt::format("{} when the run ended", what));
        }
        return false;
    }

    std::string lasted(const Waiting& waiting) const {
        return squall::to_string(book_.now() - std::max(waiting.since, *calm_));
    }

    // ---- partitions ----

    // Told before the marker is part of the log: what it ends is open still.
    void on_marker(const model::BatchAppended& appended, const NumberedLogs::Appending& appending) {
        if (!calm_) return;
        for (const auto& [offset, producer] : appending.log->open()) {
            if (producer != appended.producer_id) continue;
            judge_open(appended.partition, *appending.log->find(offset), false);
        }
    }

    void judge_open(const model::TopicPartition& partition, const NumberedBatch& first,
                    bool is_end) {
        const Waiting waiting{.since = first.appended_at, .event = first.appended};
        if (!judge(waiting, bound(first.producer_id), is_end,
                   fmt::format("{} had an open transaction from offset {} on", partition,
                               first.base_offset))) {
            return;
        }
        Evidence shown = evidence(
            "partition", partition, "offset", first.base_offset, "producer_id", first.producer_id,
            "producer_epoch", first.producer_epoch, "transactional_id",
            book_.transactions().transactional_id(first.producer_id), "lasted", lasted(waiting));
        if (was_let_in_unverified(partition, first.producer_id)) {
            findings_.allow("stable-offset-stuck", "unverified transactions of version 1",
                            std::move(shown), {first.appended, calm_event_});
        } else {
            conclude("stable-offset-stuck", waiting, std::move(shown),
                     book_.allowance().of_truncation(partition, first.appended));
        }
    }

    // Who would have ended it may have forgotten it: there is nothing to repeat then.
    void conclude(std::string_view type, const Waiting& waiting, Evidence shown,
                  std::optional<Cause> lost_here) {
        const std::optional<Cause> cause = lost_here ? lost_here
                                                     : book_.allowance().of_truncation_anywhere(
                                                           model::transaction_topic, waiting.event);
        if (cause) {
            findings_.allow(type, cause->text, std::move(shown),
                            {waiting.event, cause->event, calm_event_});
        } else {
            findings_.object(type, std::move(shown), {waiting.event, calm_event_});
        }
    }

    // Nobody ever asked the coordinator on behalf of this producer there.
    bool was_let_in_unverified(const model::TopicPartition& partition,
                               model::ProducerId producer) const {
        return book_.contract() == Contract::configured &&
               book_.transactions().version(producer) < 2 &&
               !verified_.contains({partition, producer});
    }

    // ---- coordinators ----

    static bool is_unfinished(const std::string& state) {
        return state == "Ongoing" || state.starts_with("Prepare");
    }

    void on_state(const std::string& id, const std::string& state, model::ProducerId producer,
                  const sim::Event& event) {
        const auto at = transactions_.find(id);
        if (at != transactions_.end()) {
            // More partitions, or another coordinator: the same transaction goes on.
            if (at->second.state == state && at->second.producer_id == producer) return;
            if (calm_) judge_state(id, at->second, false);
            transactions_.erase(at);
        }
        if (!is_unfinished(state)) return;
        transactions_.emplace(
            id, Coordinated{.state = state,
                            .producer_id = producer,
                            .waiting = {.since = event.time, .event = event.sequence}});
    }

    void judge_state(const std::string& id, const Coordinated& coordinated, bool is_end) {
        const Duration most = coordinated.state == "Ongoing" ? bound(coordinated.producer_id)
                                                             : scan_interval() + grace;
        if (!judge(coordinated.waiting, most, is_end,
                   fmt::format("the transaction of {} was {}", id, coordinated.state))) {
            return;
        }
        findings_.object("transaction-unfinished",
                         evidence("transactional_id", id, "state", coordinated.state, "producer_id",
                                  coordinated.producer_id, "lasted", lasted(coordinated.waiting)),
                         {coordinated.waiting.event, calm_event_});
    }

    // ---- groups ----

    void on_stored(const model::PendingOffsetStored& stored, const sim::Event& event) {
        const GroupAndProducer key{stored.group, stored.producer_id};
        const WaitingOffsets offsets{.producer_epoch = stored.producer_epoch,
                                     .waiting = {.since = event.time, .event = event.sequence}};
        const auto [at, is_new] = pending_.try_emplace(key, offsets);
        if (!is_new && was_found_over(key.second, at->second)) at->second = offsets;
    }

    void on_resolved(const std::string& group, model::ProducerId producer) {
        const auto at = pending_.find({group, producer});
        if (at == pending_.end()) return;
        if (calm_) judge_pending(at->first, at->second.waiting, false);
        pending_.erase(at);
    }

    // A coordinator that loaded its log behind the end of the transaction tells nothing of it.
    bool was_found_over(model::ProducerId producer, const WaitingOffsets& offsets) const {
        const auto stored = book_.numbered_logs().stored_offsets(producer, offsets.producer_epoch,
                                                                 offsets.waiting.event);
        if (!stored || stored->end == nullptr) return false;
        const auto loaded = loaded_.find(stored->partition);
        return loaded != loaded_.end() && loaded->second > stored->end->appended;
    }

    void judge_pending(const GroupAndProducer& key, const Waiting& waiting, bool is_end) {
        if (!judge(waiting, bound(key.second), is_end,
                   fmt::format("group {} had offsets of an open transaction", key.first))) {
            return;
        }
        conclude(
            "offsets-pending", waiting,
            evidence("group", key.first, "producer_id", key.second, "transactional_id",
                     book_.transactions().transactional_id(key.second), "lasted", lasted(waiting)),
            book_.allowance().of_truncation_anywhere(model::offsets_topic, waiting.event));
    }

    const Casebook& book_;
    std::map<model::TopicPartition, model::BrokerId> leaders_;
    std::map<std::string, Coordinated> transactions_;  // unfinished ones, by transactional id
    std::map<GroupAndProducer, WaitingOffsets> pending_;
    std::map<model::TopicPartition, sim::EventSequence> loaded_;  // by a coordinator, last
    std::set<std::pair<model::TopicPartition, model::ProducerId>> verified_;
    std::optional<Duration> scan_interval_;
    std::optional<Time> calm_;
    sim::EventSequence calm_event_{0};
    Findings findings_{"hanging-transaction"};
};

}  // namespace

std::unique_ptr<Checker> make_hanging_transaction(const Casebook& book) {
    return std::make_unique<HangingTransaction>(book);
}

}  // namespace squall::checkers
