// audit: a disk does not hold what its broker told.
//
//   audit-mismatch     a batch on disk is not the one claimed at that place, is missing, or was
//   never
//                      claimed
//   corrupt-batch      the bytes of a batch do not match their CRC
//   trailing-bytes     a running broker's log ends in bytes that are no batch
//   shrunk-at-restart  a log was opened with less than its broker had told it held
//
// The harness reads the disks at the end with a parser of its own; the claim is the fold of
// BatchAppended, LogTruncated, LogStartAdvanced and LogOpened (checkers/replica_logs.h). A broker
// that runs holds exactly its claim. One that is down may hold more at the end: it may have died
// between writing and telling. One that lost power since it last opened the log may hold less: a
// prefix of the claim. A disk fault that spoils bytes (bit rot, torn or lost writes) excuses the
// logs it hit, on that broker; nothing else is excused.
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

struct FoundBatch {
    BatchIdentity batch;
    bool crc_matches = true;
    sim::EventSequence event;
};

// Whether the file at `path` belongs to the log of `partition`: "…/orders-1/…", not orders-10.
bool is_path_of(std::string_view path, const model::TopicPartition& partition) {
    const std::string name = to_string(partition);
    for (std::size_t at = path.find(name); at != std::string_view::npos;
         at = path.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        const bool starts = at == 0 || path[at - 1] == '/';
        const bool ends = end == path.size() || path[end] < '0' || path[end] > '9';
        if (starts && ends) return true;
    }
    return false;
}

class Audit final : public Checker {
  public:
    explicit Audit(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "audit"; }

    using Shown = sim::EventOf<model::LogOpened, model::AuditedBatch, model::AuditedLog,
                               model::LogTruncated, sim::DiskFaultHit>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* batch = event.as<model::AuditedBatch>()) {
            found_[{batch->partition, batch->broker}].push_back(
                {.batch = {.base_offset = batch->base_offset,
                           .last_offset = batch->last_offset,
                           .leader_epoch = batch->leader_epoch,
                           .crc = batch->crc},
                 .crc_matches = batch->crc_matches,
                 .event = event.sequence});
            return;
        }
        if (const auto* log = event.as<model::AuditedLog>()) {
            audited_.insert({log->partition, log->broker});
            judge(*log, event.sequence);
            return;
        }
        if (const ReplicaLogs::Change* change = book_.log_change()) {
            const auto* cut = event.as<model::LogTruncated>();
            if (change->kind == ReplicaLogs::Change::Kind::opened ||
                (cut != nullptr && cut->reason == "recovery")) {
                on_recovered(*change, event);
            }
        } else if (const auto* hit = event.as<sim::DiskFaultHit>()) {
            if (destroys_flushed_data(*hit)) spoiled_[event.node].push_back(hit->path);
        }
    }

    CheckerReport finish() override {
        judge_missing_logs();
        return findings_.report();
    }

  private:
    using Key = ReplicaLogs::Key;

    bool is_spoiled(const Key& key) const {
        const auto node = book_.cluster().brokers().find(key.second);
        return node != book_.cluster().brokers().end() && is_spoiled(key.first, node->second);
    }
    bool is_spoiled(const model::TopicPartition& partition, sim::NodeId node) const {
        const auto paths = spoiled_.find(node);
        return paths != spoiled_.end() &&
               std::ranges::any_of(paths->second, [&](const std::string& path) {
                   return path.empty() || is_path_of(path, partition);
               });
    }

    void on_recovered(const ReplicaLogs::Change& change, const sim::Event& event) {
        if (change.end_before.value() == 0) return;
        findings_.judge();
        if (!change.was_known_exactly || change.log->end() >= change.end_before) return;
        if (is_spoiled(change.key->first, event.node)) return;
        findings_.object(
            "shrunk-at-restart",
            evidence("partition", change.key->first, "broker", change.key->second, "log_end_offset",
                     change.log->end(), "claimed", change.end_before),
            {event.sequence});
    }

    void judge(const model::AuditedLog& audited, sim::EventSequence sequence) {
        const Key key{audited.partition, audited.broker};
        const std::vector<FoundBatch> found = std::move(found_[key]);
        found_.erase(key);
        const ReplicaLog* told = book_.replica_logs().find(audited.partition, audited.broker);
        if (told == nullptr && found.empty() && audited.trailing_bytes == 0) return;
        findings_.judge();
        if (is_spoiled(key)) return;
        static const ReplicaLog nothing;
        const ReplicaLog& claim = told == nullptr ? nothing : *told;
        const bool is_exact = audited.running && claim.is_open();
        if (is_exact && audited.trailing_bytes > 0) {
            findings_.object("trailing-bytes",
                             evidence("partition", audited.partition, "broker", audited.broker,
                                      "bytes", audited.trailing_bytes),
                             {sequence});
        }
        for (const FoundBatch& batch : found) {
            // Torn by the loss of power: the log ends there, as recovery would find.
            if (batch.crc_matches || claim.may_be_shorter()) continue;
            findings_.object("corrupt-batch",
                             evidence("partition", audited.partition, "broker", audited.broker,
                                      "offset", batch.batch.base_offset, "crc", batch.batch.crc),
                             {batch.event});
            return;  // what is corrupt is not compared
        }
        compare(key, found, claim, is_exact, sequence);
    }

    void compare(const Key& key, const std::vector<FoundBatch>& found, const ReplicaLog& claim,
                 bool is_exact, sim::EventSequence sequence) {
        // Batches before the log start may still lie in the file.
        auto at = std::ranges::find_if(found, [&](const FoundBatch& batch) {
            return batch.batch.last_offset >= claim.start();
        });
        for (const ReplicaLog::Entry& entry : claim.entries()) {
            if (!entry.known) {
                while (at != found.end() && at->batch.base_offset <= entry.batch.last_offset) ++at;
                continue;
            }
            if (at == found.end() || !at->crc_matches) {
                if (claim.may_be_shorter()) return;
                mismatch(key, entry.batch, nullptr, sequence);
                return;
            }
            if (at->batch != entry.batch) {
                mismatch(key, entry.batch, &*at, sequence);
                return;
            }
            ++at;
        }
        if (at != found.end() && is_exact) {
            findings_.object("audit-mismatch",
                             evidence("partition", key.first, "broker", key.second, "found_offset",
                                      at->batch.base_offset, "found_crc", at->batch.crc, "claimed",
                                      "nothing", "claimed_end", claim.end()),
                             {at->event});
        }
    }

    void mismatch(const Key& key, const BatchIdentity& claimed, const FoundBatch* found,
                  sim::EventSequence sequence) {
        Evidence shown =
            evidence("partition", key.first, "broker", key.second, "offset", claimed.base_offset,
                     "leader_epoch", claimed.leader_epoch, "crc", claimed.crc);
        if (found == nullptr) {
            shown.emplace_back("found", "nothing");
        } else {
            shown.emplace_back("found_offset", fmt::format("{}", found->batch.base_offset));
            shown.emplace_back("found_epoch", fmt::format("{}", found->batch.leader_epoch));
            shown.emplace_back("found_crc", fmt::format("{}", found->batch.crc));
        }
        findings_.object("audit-mismatch", std::move(shown),
                         {found == nullptr ? sequence : found->event});
    }

    // Whoever was audited at all was audited for every log of the topics that were.
    void judge_missing_logs() {
        std::set<std::pair<std::string, model::BrokerId>> covered;
        for (const auto& [partition, broker] : audited_) covered.emplace(partition.topic, broker);
        for (const auto& [key, log] : book_.replica_logs().all()) {
            if (log.entries().empty() || log.may_be_shorter()) continue;
            if (audited_.contains(key) || !covered.contains({key.first.topic, key.second}))
                continue;
            findings_.judge();
            if (is_spoiled(key)) continue;
            findings_.object("audit-mismatch",
                             evidence("partition", key.first, "broker", key.second, "claimed_end",
                                      log.end(), "found", "no log"),
                             {});
        }
    }

    const Casebook& book_;
    std::map<Key, std::vector<FoundBatch>> found_;
    std::set<Key> audited_;
    std::map<sim::NodeId, std::vector<std::string>> spoiled_;  // paths
    Findings findings_{"audit"};
};

}  // namespace

std::unique_ptr<Checker> make_audit(const Casebook& book) {
    return std::make_unique<Audit>(book);
}

}  // namespace squall::checkers
