// compaction: who reads a compacted topic from its beginning does not end with the table that was
// written.
//
//   lost-value        a key whose last acknowledged write was a value is not there at all
//   stale-value       what was read last of a key is older than its last acknowledged value
//   resurrected-key   what was read last of a key is older than its acknowledged deletion
//
// Witnesses are readings: consumers without a group that were set to the log start of a partition
// and read on from there, until they are set elsewhere or the run ends. Of what was acknowledged
// before a reading began, the write of a key with the highest offset below where the reading got is
// its last one. A key is not missed while a later deletion of it may be in the log: told as
// acknowledged, or never told to have failed. Keys and deletions are what applications told
// (KeyWritten): nothing else is judged.
//
// A consumer that is slower than delete.retention.ms may miss tombstones (KIP-534); what a reading
// got later than that, or than `longest_reading`, after it began is not judged. Allowed: the causes
// of loss, log start moved; for a deletion, that a replica was behind for so long that the
// tombstone was gone before it could fetch it (missed_deletions.h).
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "checkers/missed_deletions.h"
#include "model/events/table_events.h"

namespace squall::checkers {

namespace {

constexpr std::chrono::milliseconds longest_reading = 10s;

struct Write {
    std::string key;
    bool is_tombstone = false;
    std::optional<std::size_t> send;  // its place in the history, once it was sent
};

struct LastSeen {
    model::Offset offset;
    model::RecordId record;
    sim::EventSequence event;
};

// One consumer's way through one partition, from its beginning on.
struct CleanedReading {
    sim::EventSequence began{0};
    Time began_at;
    sim::EventSequence ended{0};
    model::Offset start;
    model::Offset reached;
    std::map<std::string, LastSeen> last;  // by key
};

class Compaction final : public Checker {
  public:
    explicit Compaction(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "compaction"; }

    using Shown = sim::EventOf<model::KeyWritten, model::SendInvoked, model::LogStartAdvanced,
                               model::PositionSet, model::RecordsPolled, model::LogCleaned,
                               model::BatchAppended, model::FetchServed, model::LogOpened>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* written = event.as<model::KeyWritten>()) {
            writes_[{written->topic, written->record}] = {
                .key = written->key, .is_tombstone = written->is_tombstone, .send = std::nullopt};
        } else if (const auto* invoked = event.as<model::SendInvoked>()) {
            const auto at = writes_.find({invoked->topic, invoked->record});
            if (at != writes_.end()) at->second.send = book_.history().sends().size() - 1;
        } else if (const auto* moved = event.as<model::LogStartAdvanced>()) {
            model::Offset& start = log_starts_[moved->partition];
            start = std::max(start, moved->to);
        } else if (const auto* set = event.as<model::PositionSet>()) {
            if (set->group.empty()) on_position_set(*set, event);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            if (polled->group.empty()) on_polled(*polled, event);
        } else if (const auto* cleaned = event.as<model::LogCleaned>()) {
            if (!is_table(cleaned->partition)) return;
            missed_deletions_.on_cleaned(*cleaned, book_.replica_logs(), event.sequence);
        } else if (const auto* appended = event.as<model::BatchAppended>()) {
            missed_deletions_.on_appended(*appended, event.sequence);
        } else if (const auto* served = event.as<model::FetchServed>()) {
            missed_deletions_.on_served(*served, event.sequence);
        } else if (const auto* opened = event.as<model::LogOpened>()) {
            missed_deletions_.on_opened(*opened);
        }
    }

    CheckerReport finish() override {
        for (auto& [reader, reading] : readings_) finished_.emplace_back(reader, reading);
        if (writes_.empty()) return findings_.report();
        index_writes();
        for (const auto& [reader, reading] : finished_) judge(reader, reading);
        return findings_.report();
    }

  private:
    using Reader = std::pair<model::TopicPartition, std::string>;  // of a partition, by a client
    using KeyPlace = std::pair<model::TopicPartition, std::string>;

    bool is_table(const model::TopicPartition& partition) const {
        const auto at = writes_.lower_bound({partition.topic, model::RecordId{0}});
        return at != writes_.end() && at->first.first == partition.topic;
    }

    std::int64_t delete_retention_ms(const std::string& topic) const {
        const TopicSettings::Loosest* const loosest = book_.settings().loosest(topic);
        return loosest == nullptr || loosest->delete_retention_ms < 0
                   ? TopicSettings::usual_delete_retention_ms
                   : loosest->delete_retention_ms;
    }
    Duration most_time(const std::string& topic) const {
        return std::chrono::milliseconds(
            std::min<std::int64_t>(longest_reading.count(), delete_retention_ms(topic)));
    }

    void on_position_set(const model::PositionSet& set, const sim::Event& event) {
        const Reader reader{set.partition, set.client_id};
        if (const auto at = readings_.find(reader); at != readings_.end()) {
            finished_.emplace_back(reader, std::move(at->second));
            readings_.erase(at);
        }
        const auto start = log_starts_.find(set.partition);
        const bool from_start =
            set.reason == model::PositionReason::reset_earliest ||
            set.offset <= (start == log_starts_.end() ? model::Offset{0} : start->second);
        if (!from_start) return;
        readings_[reader] = {.began = event.sequence,
                             .began_at = event.time,
                             .ended = event.sequence,
                             .start = set.offset,
                             .reached = set.offset,
                             .last = {}};
    }

    void on_polled(const model::RecordsPolled& polled, const sim::Event& event) {
        const auto at = readings_.find(Reader{polled.partition, polled.client_id});
        if (at == readings_.end()) return;
        CleanedReading& reading = at->second;
        // What comes after this is a reader that keeps up: no longer a reading of the table.
        if (event.time - reading.began_at > most_time(polled.partition.topic)) return;
        reading.ended = event.sequence;
        reading.reached = std::max(reading.reached, polled.next_position);
        for (const model::PolledRecord& record : polled.records) {
            reading.last[record.key] = {
                .offset = record.offset, .record = record.record, .event = event.sequence};
        }
    }

    struct Placed {
        const Send* send;
        const Write* write;
    };

    // Acknowledged writes by partition and key, in order of offset; others by topic and key.
    void index_writes() {
        for (const auto& [id, write] : writes_) {
            if (!write.send) continue;
            const Send& send = book_.history().sends()[*write.send];
            if (send.is_acknowledged()) {
                acknowledged_[{book_.history().partition(send), write.key}].push_back(
                    {&send, &write});
            } else if (write.is_tombstone && send.outcome != model::Outcome::failed) {
                doubtful_deletions_.emplace(book_.history().topic(send), write.key);
            }
        }
        for (auto& [place, writes] : acknowledged_) {
            std::ranges::sort(writes, {}, [](const Placed& placed) { return placed.send->offset; });
        }
    }

    void judge(const Reader& reader, const CleanedReading& reading) {
        for (auto at = acknowledged_.lower_bound(KeyPlace{reader.first, {}});
             at != acknowledged_.end() && at->first.first == reader.first; ++at) {
            judge_key(reader, reading, at->first.second, at->second);
        }
    }

    void judge_key(const Reader& reader, const CleanedReading& reading, const std::string& key,
                   const std::vector<Placed>& writes) {
        const Placed* last = nullptr;
        bool may_be_deleted = doubtful_deletions_.contains({reader.first.topic, key});
        for (const Placed& placed : writes) {
            const bool was_there = placed.send->completed < reading.began;
            if (was_there && placed.send->offset >= reading.start &&
                placed.send->offset < reading.reached) {
                last = &placed;
                continue;
            }
            // Written meanwhile, or behind where the reading got.
            may_be_deleted = may_be_deleted || placed.write->is_tombstone;
        }
        if (last == nullptr) return;
        findings_.judge();
        const auto seen = reading.last.find(key);
        if (seen == reading.last.end()) {
            if (last->write->is_tombstone || may_be_deleted) return;
            conclude("lost-value", reader, reading, key, *last, nullptr);
        } else if (seen->second.offset < last->send->offset) {
            conclude(last->write->is_tombstone ? "resurrected-key" : "stale-value", reader, reading,
                     key, *last, &seen->second);
        }
    }

    void conclude(std::string_view type, const Reader& reader, const CleanedReading& reading,
                  const std::string& key, const Placed& last, const LastSeen* seen) {
        const Send& send = *last.send;
        Evidence shown =
            evidence("partition", reader.first, "key", key, "offset", send.offset, "record",
                     send.record, "reader", reader.second, "reader_reached", reading.reached);
        Findings::Events events{send.invoked, send.completed, reading.began};
        if (seen != nullptr) {
            shown.emplace_back("read_offset", fmt::format("{}", seen->offset));
            shown.emplace_back("read_record", fmt::format("{}", seen->record));
            events.push_back(seen->event);
        }
        auto cause = book_.allowance().of_removal(reader.first, send.offset);
        if (!cause)
            cause =
                book_.allowance().of_loss(reader.first, book_.history().client(send), send.invoked);
        if (!cause && last.write->is_tombstone && seen != nullptr) {
            const auto gone = missed_deletions_.find(
                {.partition = reader.first,
                 .value = seen->offset,
                 .deletion = send.offset,
                 .handed = seen->event,
                 .ended = reading.ended,
                 .delete_retention_ms = delete_retention_ms(reader.first.topic)});
            if (gone) cause = Cause{"tombstone gone before a replica could fetch it", *gone};
        }
        if (cause) {
            events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    const Casebook& book_;
    std::map<std::pair<std::string, model::RecordId>, Write> writes_;  // by topic
    std::map<model::TopicPartition, model::Offset> log_starts_;
    std::map<Reader, CleanedReading> readings_;
    std::vector<std::pair<Reader, CleanedReading>> finished_;
    std::map<KeyPlace, std::vector<Placed>> acknowledged_;
    std::set<std::pair<std::string, std::string>> doubtful_deletions_;  // by topic
    MissedDeletions missed_deletions_;
    Findings findings_{"compaction"};
};

}  // namespace

std::unique_ptr<Checker> make_compaction(const Casebook& book) {
    return std::make_unique<Compaction>(book);
}

}  // namespace squall::checkers
