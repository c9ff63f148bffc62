// failed-send: what a producer was told has failed is nowhere to be seen.
//
//   failed-but-visible  a record whose send was told failed was handed to a consumer, or stands in
//                       the settled part of a log (checkers/audited_logs.h)
//
// Failed means: it has not happened and never will. Who cannot be sure has to say unknown. A failed
// send is told apart only if nobody sent the same content to that topic a second time. On disks,
// records of transactions are not judged: they may lie there aborted, without effect. Nothing is
// allowed. Adya's G1a, as Jepsen's Kafka workload reads it.
#include <algorithm>
#include <map>
#include <utility>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"

namespace squall::checkers {

namespace {

// Where a record was seen first.
struct SeenRecord {
    model::TopicPartition partition;
    model::Offset offset;
    sim::EventSequence event;
};

class FailedSend final : public Checker {
  public:
    explicit FailedSend(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "failed-send"; }

    // The sightings are the casebook's.
    bool looks_at(const sim::EventKind&) const override { return false; }
    void observe(const sim::Event&) override {}

    CheckerReport finish() override {
        if (std::ranges::none_of(book_.history().sends(), is_failed)) return findings_.report();
        std::map<std::pair<model::RecordId, std::string>, std::uint64_t> sends;
        for (const Send& send : book_.history().sends()) {
            ++sends[{send.record, book_.history().topic(send)}];
        }
        const std::map<model::RecordId, SeenRecord> polled = polled_records();
        const std::map<model::RecordId, SeenRecord> settled = settled_records();
        for (const Send& send : book_.history().sends()) {
            if (!is_failed(send) || sends[{send.record, book_.history().topic(send)}] > 1) continue;
            findings_.judge();
            if (object(send, polled, "polled")) continue;
            if (send.transaction == model::OperationId{}) object(send, settled, "settled");
        }
        return findings_.report();
    }

  private:
    static bool is_failed(const Send& send) {
        return send.completed.value() != 0 && send.outcome == model::Outcome::failed;
    }

    std::map<model::RecordId, SeenRecord> polled_records() const {
        std::map<model::RecordId, SeenRecord> polled;
        for (const Sighting& sighting : book_.sightings().all()) {
            if (sighting.source != Sighting::Source::polled) continue;
            const SeenRecord seen{.partition = book_.sightings().partition(sighting.partition),
                                  .offset = sighting.offset,
                                  .event = sighting.event};
            const auto [at, is_new] = polled.try_emplace(sighting.record, seen);
            if (!is_new && seen.event < at->second.event) at->second = seen;
        }
        return polled;
    }

    std::map<model::RecordId, SeenRecord> settled_records() const {
        std::map<model::RecordId, SeenRecord> settled;
        book_.audit().visit_settled([&](const model::TopicPartition& partition, model::BrokerId,
                                        const AuditedLogs::Row& row) {
            settled.try_emplace(
                row.record,
                SeenRecord{.partition = partition, .offset = row.offset, .event = row.event});
        });
        return settled;
    }

    // Returns whether there was anything to object to.
    bool object(const Send& send, const std::map<model::RecordId, SeenRecord>& seen,
                std::string_view how) {
        const auto at = seen.find(send.record);
        if (at == seen.end()) return false;
        const model::TopicPartition& partition = at->second.partition;
        if (partition.topic != book_.history().topic(send)) return false;
        findings_.object("failed-but-visible",
                         evidence("partition", partition, "offset", at->second.offset, "record",
                                  send.record, "client", book_.history().client(send), "operation",
                                  send.operation, "seen", how),
                         {send.invoked, send.completed, at->second.event});
        return true;
    }

    const Casebook& book_;
    Findings findings_{"failed-send"};
};

}  // namespace

std::unique_ptr<Checker> make_failed_send(const Casebook& book) {
    return std::make_unique<FailedSend>(book);
}

}  // namespace squall::checkers
