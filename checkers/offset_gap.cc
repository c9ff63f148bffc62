// offset-gap: offsets follow each other, in logs and as consumers are handed them.
//
//   offset-gap  a leader left out offsets between two batches, or between two records of one; a
//               follower did where nothing was compacted; or a consumer was led past a record that
//               stands in the log
//
// Explained, for consumers: by markers, by records of transactions that are not committed where it
// reads committed only (those of committed ones are read_committed.cc's), by compaction, and by a
// log start that moved. A consumer goes on where its last poll ended, unless its position was set
// or the partition assigned anew since. Allowed, for consumers: an unclean election (configured
// contract), or a loss of the whole in-sync set, since the position was set: what it read may have
// been another log. Guarantees: holes in offsets.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/client_events.h"

namespace squall::checkers {

namespace {

// A consumer in a partition.
struct Course {
    std::optional<model::Offset> next;  // where its last poll ended
    sim::EventSequence set{0};          // when its position was last set, or the first poll
};

class OffsetGap final : public Checker {
  public:
    explicit OffsetGap(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "offset-gap"; }

    using Shown = sim::EventOf<model::BatchAppended, model::RecordsPolled, model::PositionSet,
                               model::AssignmentChanged, model::ConsumerConfigured,
                               model::LogCleaned, model::TopicDeleted>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* appended = event.as<model::BatchAppended>()) {
            on_appended(*appended, event.sequence);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            on_polled(*polled, event.sequence);
        } else if (const auto* set = event.as<model::PositionSet>()) {
            courses_[{set->client_id, set->partition}] = {.next = set->offset,
                                                          .set = event.sequence};
        } else if (const auto* assigned = event.as<model::AssignmentChanged>()) {
            for (const model::TopicPartition& partition : assigned->partitions) {
                courses_.erase({assigned->client_id, partition});
            }
        } else if (const auto* configured = event.as<model::ConsumerConfigured>()) {
            reads_committed_[configured->client_id] = configured->read_committed;
            forget(configured->client_id);
        } else if (const auto* cleaned = event.as<model::LogCleaned>()) {
            model::Offset& to = cleaned_to_[cleaned->partition];
            to = std::max(to, cleaned->to);
        } else if (const auto* deleted = event.as<model::TopicDeleted>()) {
            const auto is_of_it = [&](const auto& entry) {
                return entry.first.topic == deleted->topic;
            };
            std::erase_if(cleaned_to_, is_of_it);
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    using Reader = std::pair<std::string, model::TopicPartition>;

    // Another process of that name reads from wherever it likes.
    void forget(const std::string& client) {
        std::erase_if(courses_, [&](const auto& entry) { return entry.first.first == client; });
    }

    // ---- logs ----

    void on_appended(const model::BatchAppended& appended, sim::EventSequence sequence) {
        const ReplicaLogs::Change& change = *book_.log_change();
        if (change.was_known_exactly) judge_end(appended, change.end_before, sequence);
        if (appended.records.empty()) return;
        findings_.judge();
        const auto offsets =
            static_cast<std::size_t>(appended.last_offset.value() - appended.base_offset.value()) +
            1;
        if (appended.records.size() == offsets) return;
        findings_.object("offset-gap",
                         evidence("partition", appended.partition, "broker", appended.broker,
                                  "base_offset", appended.base_offset, "last_offset",
                                  appended.last_offset, "records", appended.records.size()),
                         {sequence});
    }

    void judge_end(const model::BatchAppended& appended, model::Offset end,
                   sim::EventSequence sequence) {
        findings_.judge();
        if (appended.base_offset <= end) return;
        const bool is_leader = appended.role == model::ReplicaRole::leader;
        // A leader that compacted may have nothing there any more.
        const auto cleaned = cleaned_to_.find(appended.partition);
        if (!is_leader && cleaned != cleaned_to_.end() && end < cleaned->second) return;
        findings_.object(
            "offset-gap",
            evidence("partition", appended.partition, "broker", appended.broker, "role",
                     to_string(appended.role), "log_end", end, "base_offset", appended.base_offset),
            {sequence});
    }

    // ---- consumers ----

    void on_polled(const model::RecordsPolled& polled, sim::EventSequence sequence) {
        const auto [at, is_new] = courses_.try_emplace({polled.client_id, polled.partition});
        Course& course = at->second;
        if (is_new) course.set = sequence;
        findings_.judge();
        model::Offset expected = course.next.value_or(polled.position);
        for (const model::PolledRecord& record : polled.records) {
            if (record.offset > expected) {
                judge_gap(polled, course, expected, record.offset, sequence);
            }
            expected = std::max(expected, record.offset.next());
        }
        if (polled.next_position > expected) {
            judge_gap(polled, course, expected, polled.next_position, sequence);
        }
        course.next = polled.next_position;
    }

    // Nothing of [from, to) was handed out.
    void judge_gap(const model::RecordsPolled& polled, const Course& course, model::Offset from,
                   model::Offset to, sim::EventSequence sequence) {
        const model::TopicPartition& partition = polled.partition;
        const model::BrokerId leader = leader_of(partition);
        const ReplicaLog* log = book_.replica_logs().find(partition, leader);
        if (log == nullptr) return;
        const auto configured = reads_committed_.find(polled.client_id);
        const bool reads_committed = configured != reads_committed_.end() && configured->second;
        for (model::Offset offset = from; offset < to;) {
            const ReplicaLog::Entry* entry = log->find(offset);
            const model::Offset next =
                entry == nullptr ? offset.next() : entry->batch.last_offset.next();
            if (entry != nullptr && entry->known && !explain(partition, offset, reads_committed)) {
                return conclude(polled, course, offset, entry->batch, sequence);
            }
            offset = next;
        }
    }

    // Whether what stands at `offset` is not to be handed out.
    bool explain(const model::TopicPartition& partition, model::Offset offset,
                 bool reads_committed) const {
        if (book_.allowance().of_removal(partition, offset)) return true;
        if (book_.allowance().of_compaction(partition, offset)) return true;
        const NumberedLog* log = book_.numbered_logs().leader_log(partition);
        const NumberedBatch* batch = log == nullptr ? nullptr : log->find(offset);
        if (batch == nullptr) return false;
        return batch->is_control || (batch->is_transactional && reads_committed);
    }

    void conclude(const model::RecordsPolled& polled, const Course& course, model::Offset offset,
                  const BatchIdentity& batch, sim::EventSequence sequence) {
        Evidence shown =
            evidence("partition", polled.partition, "client", polled.client_id, "position",
                     polled.position, "next_position", polled.next_position, "offset", offset,
                     "base_offset", batch.base_offset, "batch_epoch", batch.leader_epoch);
        const auto cause = book_.allowance().of_truncation(polled.partition, course.set);
        if (cause) {
            findings_.allow("offset-gap", cause->text, std::move(shown), {cause->event, sequence});
        } else {
            findings_.object("offset-gap", std::move(shown), {sequence});
        }
    }

    model::BrokerId leader_of(const model::TopicPartition& partition) const {
        return book_.numbered_logs().leader(partition);
    }

    const Casebook& book_;
    std::map<Reader, Course> courses_;
    std::map<std::string, bool> reads_committed_;
    std::map<model::TopicPartition, model::Offset> cleaned_to_;
    Findings findings_{"offset-gap"};
};

}  // namespace

std::unique_ptr<Checker> make_offset_gap(const Casebook& book) {
    return std::make_unique<OffsetGap>(book);
}

}  // namespace squall::checkers
