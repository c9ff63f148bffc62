// read-committed: consumers see of transactions what is committed, all of it, and nothing else.
//
//   g1a                      a read_committed consumer was handed a record whose transaction is
//                            aborted
//   undecided-read           ... whose transaction has not ended
//   withheld                 a read_committed consumer passed over a record of a committed
//                            transaction without being handed it
//   marker-read              the end of a transaction was handed out as a record
//   above-stable-offset      a broker served read_committed beyond the first offset, in its own
//                            log, of a transaction that is open or whose end is not committed;
//                            an end that it found when it loaded its log counts as committed, as
//                            snapshots of producers hold open transactions alone
//   stable-offset-overstated a leader raised its last stable offset beyond that, or told a
//                            read_committed client of an offset there (ListOffsets)
//   stable-offset-regressed  a leader took its last stable offset back
//   pending-offset-read      a read_committed consumer took its position from its group's committed
//                            offset, or from there being none, while offsets of an open transaction
//                            waited there since before it was assigned the partition (KIP-447)
//
// Fates are read from the log of the current leader as the trace tells it, at the time of the poll:
// the marker must stand there already. Not judged: what lies where a process died untold; records
// in a stretch that was compacted, or below the log's start (withheld). Records whose send failed
// are failed_send.cc's. Allowed: after an unclean election (configured contract) or a power loss of
// the whole in-sync set, what was handed out before may read otherwise later: the causes of
// truncation (checkers/allowance.h). Adya's G1a; KIP-98; guarantees: never read above HW (LSO for
// read_committed).
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"

namespace squall::checkers {

namespace {

struct Stable {
    sim::Incarnation incarnation{0};
    model::LeaderEpoch leader_epoch;
    model::Offset offset;
    sim::EventSequence event;
};

// Offsets of a transaction that is not over.
struct OpenOffsets {
    model::ProducerEpoch producer_epoch;
    sim::EventSequence stored;
};

class ReadCommitted final : public Checker {
  public:
    explicit ReadCommitted(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "read-committed"; }

    using Shown = sim::EventOf<model::FetchServed, model::RecordsPolled,
                               model::LastStableOffsetMoved, model::ConsumerConfigured,
                               model::PendingOffsetStored, model::PendingOffsetsResolved,
                               model::AssignmentChanged, model::PositionSet, model::LogCleaned,
                               model::OffsetListed, model::HighWatermarkAdvanced, model::RoleTaken>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* served = event.as<model::FetchServed>()) {
            if (served->read_committed && served->replica == model::no_broker) {
                judge_fetch(*served, event.sequence);
            }
            return;
        }
        if (const auto* polled = event.as<model::RecordsPolled>()) {
            on_polled(*polled, event.sequence);
        } else if (const auto* moved = event.as<model::LastStableOffsetMoved>()) {
            judge_move(*moved, event);
        } else if (const auto* listed = event.as<model::OffsetListed>()) {
            if (listed->read_committed) judge_listed(*listed, event.sequence);
        } else if (const auto* raised = event.as<model::HighWatermarkAdvanced>()) {
            high_watermarks_[{raised->partition, raised->broker}] = raised->to;
        } else if (const auto* taken = event.as<model::RoleTaken>()) {
            high_watermarks_[{taken->partition, taken->broker}] = taken->high_watermark;
        } else if (const auto* configured = event.as<model::ConsumerConfigured>()) {
            read_committed_[configured->client_id] = configured->read_committed;
        } else if (const auto* stored = event.as<model::PendingOffsetStored>()) {
            pending_[{stored->group, stored->partition}].try_emplace(
                stored->producer_id,
                OpenOffsets{.producer_epoch = stored->producer_epoch, .stored = event.sequence});
        } else if (const auto* resolved = event.as<model::PendingOffsetsResolved>()) {
            for (const model::PartitionOffset& offset : resolved->offsets) {
                pending_[{resolved->group, offset.partition}].erase(resolved->producer_id);
            }
        } else if (const auto* assigned = event.as<model::AssignmentChanged>()) {
            if (assigned->change != model::AssignmentChange::assigned) return;
            for (const model::TopicPartition& partition : assigned->partitions) {
                assigned_[{assigned->client_id, partition}] = event.sequence;
            }
        } else if (const auto* set = event.as<model::PositionSet>()) {
            judge_position(*set, event.sequence);
        } else if (const auto* cleaned = event.as<model::LogCleaned>()) {
            model::Offset& to = cleaned_[cleaned->partition];
            to = std::max(to, cleaned->to);
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    // ---- the last stable offset ----

    // Where it truly is; nullopt where the trace cannot tell.
    std::optional<model::Offset> stable_offset(const model::TopicPartition& partition,
                                               model::BrokerId broker,
                                               model::Offset high_watermark) const {
        const NumberedLog* log = book_.numbered_logs().find(partition, broker);
        if (log == nullptr) return std::nullopt;
        const model::Offset stable = log->stable_offset(high_watermark);
        if (stable == high_watermark || log->is_told_from(stable)) return stable;
        return std::nullopt;
    }

    void judge_fetch(const model::FetchServed& served, sim::EventSequence sequence) {
        const auto stable = stable_offset(served.partition, served.broker, served.high_watermark);
        if (!stable) return;
        findings_.judge();
        if (served.upto <= served.from || served.upto <= *stable) return;
        findings_.object("above-stable-offset",
                         evidence("partition", served.partition, "broker", served.broker, "from",
                                  served.from, "upto", served.upto, "stable_offset", *stable,
                                  "answered_stable_offset", served.last_stable_offset),
                         {sequence});
    }

    void judge_move(const model::LastStableOffsetMoved& moved, const sim::Event& event) {
        findings_.judge();
        const auto stable = stable_offset(moved.partition, moved.broker, moved.high_watermark);
        if (stable && moved.to > *stable) {
            findings_.object(
                "stable-offset-overstated",
                evidence("partition", moved.partition, "broker", moved.broker, "told", moved.to,
                         "stable_offset", *stable, "high_watermark", moved.high_watermark),
                {event.sequence});
        }
        const auto [at, is_new] = stable_.try_emplace({moved.partition, moved.broker});
        Stable& before = at->second;
        const bool is_same_reign = !is_new && before.incarnation == event.incarnation &&
                                   before.leader_epoch == moved.leader_epoch;
        if (is_same_reign && (moved.to < moved.from || moved.to < before.offset)) {
            findings_.object(
                "stable-offset-regressed",
                evidence("partition", moved.partition, "broker", moved.broker, "leader_epoch",
                         moved.leader_epoch, "from", moved.from, "to", moved.to),
                {event.sequence});
        }
        before = {.incarnation = event.incarnation,
                  .leader_epoch = moved.leader_epoch,
                  .offset = moved.to,
                  .event = event.sequence};
    }

    // The end is told exclusively, where a time was reached inclusively.
    void judge_listed(const model::OffsetListed& listed, sim::EventSequence sequence) {
        constexpr model::TimestampMs latest = -1;
        constexpr model::TimestampMs with_max_timestamp = -3;
        const bool is_end = listed.timestamp == latest;
        if (!is_end && listed.timestamp != with_max_timestamp && listed.timestamp < 0) return;
        const auto known = high_watermarks_.find({listed.partition, listed.broker});
        if (known == high_watermarks_.end()) return;
        const auto stable = stable_offset(listed.partition, listed.broker, known->second);
        if (!stable) return;
        findings_.judge();
        if (is_end ? listed.offset <= *stable : listed.offset < *stable) return;
        findings_.object("stable-offset-overstated",
                         evidence("partition", listed.partition, "broker", listed.broker, "told",
                                  listed.offset, "stable_offset", *stable, "timestamp",
                                  listed.timestamp, "high_watermark", known->second),
                         {sequence});
    }

    // ---- what was handed out ----

    bool reads_committed(const std::string& client) const {
        const auto at = read_committed_.find(client);
        return at != read_committed_.end() && at->second;
    }

    void on_polled(const model::RecordsPolled& polled, sim::EventSequence sequence) {
        const NumberedLog* log = book_.numbered_logs().leader_log(polled.partition);
        if (log == nullptr) return;
        const bool is_committed_only = reads_committed(polled.client_id);
        for (const model::PolledRecord& record : polled.records) {
            const NumberedBatch* batch = log->find(record.offset);
            if (batch == nullptr) continue;
            if (batch->is_control) {
                object("marker-read", polled, record.offset, *batch, sequence);
            } else if (is_committed_only && batch->is_transactional) {
                judge_fate(polled, record.offset, *batch, *log, sequence);
            }
        }
        if (is_committed_only) judge_withheld(polled, *log, sequence);
    }

    void judge_fate(const model::RecordsPolled& polled, model::Offset offset,
                    const NumberedBatch& batch, const NumberedLog& log,
                    sim::EventSequence sequence) {
        const Fate fate = log.fate_of(batch);
        if (fate == Fate::untold) return;
        findings_.judge();
        if (fate == Fate::aborted) object("g1a", polled, offset, batch, sequence);
        if (fate == Fate::undecided) object("undecided-read", polled, offset, batch, sequence);
    }

    // Offsets grow in both, so one walk over the batches in the poll's range is enough.
    void judge_withheld(const model::RecordsPolled& polled, const NumberedLog& log,
                        sim::EventSequence sequence) {
        const auto cleaned = cleaned_.find(polled.partition);
        model::Offset from = std::max(polled.position, log.start());
        if (cleaned != cleaned_.end()) from = std::max(from, cleaned->second);
        auto handed = polled.records.begin();
        auto at = std::ranges::lower_bound(log.batches(), from, {},
                                           [](const NumberedBatch* b) { return b->last_offset; });
        for (; at != log.batches().end() && (*at)->base_offset < polled.next_position; ++at) {
            const NumberedBatch& batch = **at;
            if (!batch.is_transactional || log.fate_of(batch) != Fate::committed) continue;
            findings_.judge();
            const model::Offset end = std::min(batch.last_offset.next(), polled.next_position);
            for (model::Offset offset = std::max(batch.base_offset, from); offset < end; ++offset) {
                while (handed != polled.records.end() && handed->offset < offset) ++handed;
                if (handed != polled.records.end() && handed->offset == offset) continue;
                object("withheld", polled, offset, batch, sequence);
                return;
            }
        }
    }

    void object(std::string_view type, const model::RecordsPolled& polled, model::Offset offset,
                const NumberedBatch& batch, sim::EventSequence sequence) {
        Evidence shown =
            evidence("partition", polled.partition, "client", polled.client_id, "offset", offset,
                     "producer_id", batch.producer_id, "producer_epoch", batch.producer_epoch);
        Findings::Events events{batch.appended, sequence};
        if (const auto cause =
                book_.allowance().of_truncation(polled.partition, sim::EventSequence{0})) {
            events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    // ---- positions ----

    void judge_position(const model::PositionSet& set, sim::EventSequence sequence) {
        using enum model::PositionReason;
        if (set.group.empty() || set.reason == seek || set.reason == truncation) return;
        if (!reads_committed(set.client_id)) return;
        const auto assigned = assigned_.find({set.client_id, set.partition});
        const auto pending = pending_.find({set.group, set.partition});
        if (assigned == assigned_.end() || pending == pending_.end()) return;
        findings_.judge();
        for (const auto& [producer, waiting] : pending->second) {
            if (waiting.stored > assigned->second || is_over(producer, waiting)) continue;
            findings_.object(
                "pending-offset-read",
                evidence("group", set.group, "partition", set.partition, "client", set.client_id,
                         "position", set.offset, "producer_id", producer),
                {waiting.stored, assigned->second, sequence});
            return;
        }
    }

    // Its end is committed: a coordinator that finds that in its log when it loads it does not
    // tell.
    bool is_over(model::ProducerId producer, const OpenOffsets& waiting) const {
        const NumberedLogs& logs = book_.numbered_logs();
        const auto stored = logs.stored_offsets(producer, waiting.producer_epoch, waiting.stored);
        if (!stored || stored->end == nullptr) return false;
        const auto known =
            high_watermarks_.find({stored->partition, logs.leader(stored->partition)});
        return known != high_watermarks_.end() && stored->end->base_offset < known->second;
    }

    const Casebook& book_;
    std::map<std::string, bool> read_committed_;  // by client id
    std::map<model::TopicPartition, model::Offset> cleaned_;
    // By group and partition: the producers whose offsets wait, and since when.
    std::map<std::pair<std::string, model::TopicPartition>,
             std::map<model::ProducerId, OpenOffsets>>
        pending_;
    std::map<std::pair<std::string, model::TopicPartition>, sim::EventSequence> assigned_;
    std::map<std::pair<model::TopicPartition, model::BrokerId>, Stable> stable_;
    std::map<std::pair<model::TopicPartition, model::BrokerId>, model::Offset> high_watermarks_;
    Findings findings_{"read-committed"};
};

}  // namespace

std::unique_ptr<Checker> make_read_committed(const Casebook& book) {
    return std::make_unique<ReadCommitted>(book);
}

}  // namespace squall::checkers
