// lost-write: an acknowledged record is gone; unseen: acknowledged, and nobody can tell.
//
// Every acknowledged send (ok, with an offset; acks=0 is told none) must be readable at its offset
// for ever. The witnesses are final readers: consumers without a group that, after the calm began,
// started at the log start of a partition and read on without being set elsewhere. Of the
// acknowledged sends of a partition,
//
//   below where a final reader got, and not handed to it there      lost-write
//   below where every final reader was started                      lost-write
//   at or above everything any final reader reached, and the disk
//     audit shows it on no replica, or not on the running leader    unseen (lost for sure)
//     else, if an open transaction keeps read_committed from it     kept (see is_held_back)
//     else, if a final reader stopped short of it                   left open: inconclusive
//
// With an audit and no reader at all, the running leader's disk decides alone; without either,
// nothing is judged. A send inside a transaction counts as acknowledged once its commit is: whoever
// aborted, or does not know, has lost nothing. Jepsen's lost-write asks the same of values below
// the highest read; we know the offsets, so we ask for the place as well. Allowed: log start moved
// (retention, deletion), the whole in-sync set lost unflushed data, and, by the configured
// contract, unclean election and acks < all with a change of leader (checkers/allowance.h).
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

namespace squall::checkers {

namespace {

struct Seen {
    model::Offset offset;
    model::RecordId record;
    sim::EventSequence event;
};

// One reading of one partition from its log start on, without a gap.
struct Reading {
    model::Offset start;
    model::Offset reached;
    std::vector<Seen> seen;  // in order of offset, one of each
    bool goes_on = true;     // false once its consumer was set elsewhere

    std::vector<Seen>::iterator at_or_after(model::Offset offset) {
        return std::ranges::lower_bound(seen, offset, {}, &Seen::offset);
    }
    const Seen* find(model::Offset offset) const {
        const auto at = std::ranges::lower_bound(seen, offset, {}, &Seen::offset);
        return at != seen.end() && at->offset == offset ? &*at : nullptr;
    }
    // What was seen there last counts.
    void see(const Seen& record) {
        if (seen.empty() || seen.back().offset < record.offset) {
            seen.push_back(record);
        } else if (const auto at = at_or_after(record.offset); at->offset == record.offset) {
            *at = record;
        } else {
            seen.insert(at, record);
        }
    }
    void rewind(model::Offset to) {
        seen.erase(at_or_after(to), seen.end());
        reached = to;
        start = std::min(start, to);
    }
};

class LostWrite final : public Checker {
  public:
    explicit LostWrite(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "lost-write"; }

    using Shown = sim::EventOf<model::RecordsPolled, model::PositionSet, model::LogStartAdvanced,
                               model::ConsumerConfigured, sim::CalmBegan>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* polled = event.as<model::RecordsPolled>()) {
            if (is_calm_ && polled->group.empty()) on_polled(*polled, event.sequence);
        } else if (const auto* set = event.as<model::PositionSet>()) {
            if (is_calm_ && set->group.empty()) on_position_set(*set);
        } else if (const auto* moved = event.as<model::LogStartAdvanced>()) {
            model::Offset& start = log_starts_[moved->partition];
            start = std::max(start, moved->to);
        } else if (const auto* configured = event.as<model::ConsumerConfigured>()) {
            if (configured->read_committed) reads_committed_.insert(configured->client_id);
        } else if (event.as<sim::CalmBegan>()) {
            is_calm_ = true;
        }
    }

    CheckerReport finish() override {
        for (const Send& send : book_.history().sends()) {
            if (send.is_acknowledged() && is_promised(send)) judge(send);
        }
        return findings_.report();
    }

  private:
    using ReaderKey = std::pair<model::TopicPartition, std::string>;

    bool is_log_start(const model::TopicPartition& partition, model::Offset offset) const {
        const auto at = log_starts_.find(partition);
        return offset <= (at == log_starts_.end() ? model::Offset{0} : at->second);
    }

    bool is_promised(const Send& send) const {
        if (send.transaction == model::OperationId{}) return true;
        const Transaction* transaction = book_.transactions().find(send.transaction);
        return transaction != nullptr && transaction->told_committed() != nullptr;
    }

    void on_position_set(const model::PositionSet& set) {
        std::vector<Reading>& readings = readings_[ReaderKey{set.partition, set.client_id}];
        if (!readings.empty() && set.offset <= readings.back().reached &&
            set.offset > readings.back().start && readings.back().goes_on) {
            // Back inside what it read: what it sees from there on replaces what it saw.
            readings.back().rewind(set.offset);
            return;
        }
        if (!readings.empty()) readings.back().goes_on = false;
        if (set.reason == model::PositionReason::reset_earliest ||
            is_log_start(set.partition, set.offset)) {
            readings.push_back({.start = set.offset, .reached = set.offset, .seen = {}});
        }
    }

    void on_polled(const model::RecordsPolled& polled, sim::EventSequence sequence) {
        std::vector<Reading>& readings = readings_[ReaderKey{polled.partition, polled.client_id}];
        if (readings.empty()) {
            if (!is_log_start(polled.partition, polled.position)) return;
            readings.push_back({.start = polled.position, .reached = polled.position, .seen = {}});
        }
        Reading& reading = readings.back();
        if (!reading.goes_on) return;
        if (polled.position < reading.reached) reading.rewind(polled.position);
        for (const model::PolledRecord& record : polled.records) {
            reading.see({.offset = record.offset, .record = record.record, .event = sequence});
        }
        reading.reached = std::max(reading.reached, polled.next_position);
    }

    void judge(const Send& send) {
        const model::TopicPartition& partition = book_.history().partition(send);
        bool has_reader = false;
        bool was_reached = false;
        bool all_started_later = true;
        // Sends to one partition come in rows, and readers read no more.
        if (judged_ != &partition) {
            judged_ = &partition;
            readings_of_judged_ = readings_.lower_bound(ReaderKey{partition, {}});
        }
        for (auto at = readings_of_judged_; at != readings_.end() && at->first.first == partition;
             ++at) {
            for (const Reading& reading : at->second) {
                has_reader = true;
                if (send.offset >= reading.start) all_started_later = false;
                if (send.offset < reading.start || send.offset >= reading.reached) continue;
                was_reached = true;
                const Seen* const seen = reading.find(send.offset);
                if (seen != nullptr && seen->record == send.record) continue;
                findings_.judge();
                Evidence shown = describe(send);
                shown.emplace_back("reader", at->first.second);
                shown.emplace_back("reader_reached", fmt::format("{}", reading.reached));
                Findings::Events events{send.invoked, send.completed};
                if (seen != nullptr) {
                    shown.emplace_back("found", fmt::format("{}", seen->record));
                    events.push_back(seen->event);
                }
                conclude(send, "lost-write", std::move(shown), std::move(events));
                return;
            }
        }
        if (was_reached) {
            findings_.judge();
        } else if (has_reader && all_started_later) {
            findings_.judge();
            conclude(send, "lost-write", describe(send), {send.invoked, send.completed});
        } else {
            judge_unreached(send, has_reader);
        }
    }

    void judge_unreached(const Send& send, bool has_reader) {
        const model::TopicPartition& partition = book_.history().partition(send);
        if (!book_.audit().is_audited(partition)) {
            // Readers of other partitions do not make this one judged; its own do.
            if (has_reader) leave_open(send);
            return;
        }
        findings_.judge();
        const AuditedLogs::Log* leader = book_.audit().leader_log(partition);
        const bool is_lost = leader != nullptr ? !leader->holds(send.offset, send.record)
                                               : !book_.audit().is_on_any_replica(
                                                     partition, send.offset, send.record);
        if (is_lost) {
            conclude(send, "unseen", describe(send), {send.invoked, send.completed});
        } else if ((has_reader || leader == nullptr) && !is_held_back(send)) {
            leave_open(send);
        }
    }

    // Whether all final readers stand before a transaction that is open in the running leader's
    // log, which none of them may pass, and the record behind its beginning. How long it may stay
    // open is hanging_transaction.cc's.
    bool is_held_back(const Send& send) const {
        const model::TopicPartition& partition = book_.history().partition(send);
        const NumberedLog* log = book_.numbered_logs().leader_log(partition);
        if (book_.audit().leader_log(partition) == nullptr || log == nullptr) return false;
        if (log->open().empty()) return false;
        const model::Offset held_from = log->open().begin()->first;
        if (send.offset < held_from) return false;
        for (auto at = readings_of_judged_; at != readings_.end() && at->first.first == partition;
             ++at) {
            if (!reads_committed_.contains(at->first.second)) return false;
            for (const Reading& reading : at->second) {
                if (reading.reached > held_from) return false;
            }
        }
        return true;
    }

    void leave_open(const Send& send) {
        findings_.leave_open(fmt::format(
            "{} at offset {}, acknowledged to {}, was reached by no final reader",
            book_.history().partition(send), send.offset, book_.history().client(send)));
    }

    void conclude(const Send& send, std::string_view type, Evidence shown,
                  Findings::Events events) {
        const model::TopicPartition& partition = book_.history().partition(send);
        auto cause = book_.allowance().of_removal(partition, send.offset);
        if (!cause) cause = book_.allowance().of_compaction(partition, send.offset);
        if (!cause) {
            cause =
                book_.allowance().of_loss(partition, book_.history().client(send), send.invoked);
        }
        if (cause) {
            events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    Evidence describe(const Send& send) const {
        return evidence("partition", book_.history().partition(send), "offset", send.offset,
                        "record", send.record, "client", book_.history().client(send), "operation",
                        send.operation);
    }

    const Casebook& book_;
    std::map<ReaderKey, std::vector<Reading>> readings_;
    const model::TopicPartition* judged_ = nullptr;
    std::map<ReaderKey, std::vector<Reading>>::const_iterator readings_of_judged_;
    std::map<model::TopicPartition, model::Offset> log_starts_;
    std::set<std::string> reads_committed_;  // by client id
    bool is_calm_ = false;
    Findings findings_{"lost-write"};
};

}  // namespace

std::unique_ptr<Checker> make_lost_write(const Casebook& book) {
    return std::make_unique<LostWrite>(book);
}

}  // namespace squall::checkers
