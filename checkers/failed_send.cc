// failed-send: what a producer was told has failed is nowhere to be seen.
//
//   failed-but-visible  a record whose send was told failed was handed to a consumer, or stands in
//                       the settled part of a log (checkers/audited_logs.h)
//
// Failed means: it has not happened and never will. Who cannot be sure has to say unknown. A failed
// send is told apart only if nobody sent the same content to that topic a second time. On disks,
// records of transactions are not judged: they may lie there aborted, without effect. Nothing is
// allowed. Adya's G1a, as Jepsen's Kafka workload reads it.
#include <map>
#include <utility>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "checkers/interned.h"

namespace squall::checkers {

namespace {

// Where a record was seen first.
struct Seen {
    std::uint32_t partition = 0;  // interned
    model::Offset offset;
    sim::EventSequence event;
};

class FailedSend final : public Checker {
  public:
    explicit FailedSend(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "failed-send"; }

    void observe(const sim::Event& event) override {
        const auto* polled = event.as<model::RecordsPolled>();
        if (polled == nullptr || polled->records.empty()) return;
        const std::uint32_t partition = partitions_.id_of(polled->partition);
        for (const model::PolledRecord& record : polled->records) {
            polled_.try_emplace(
                record.record,
                Seen{.partition = partition, .offset = record.offset, .event = event.sequence});
        }
    }

    CheckerReport finish() override {
        std::map<std::pair<model::RecordId, std::string>, std::uint64_t> sends;
        bool has_failed = false;
        for (const Send& send : book_.history().sends()) {
            ++sends[{send.record, book_.history().topic(send)}];
            has_failed = has_failed || is_failed(send);
        }
        if (!has_failed) return findings_.report();
        const std::map<model::RecordId, Seen> settled = settled_records();
        for (const Send& send : book_.history().sends()) {
            if (!is_failed(send) || sends[{send.record, book_.history().topic(send)}] > 1) continue;
            findings_.judge();
            if (object(send, polled_, "polled")) continue;
            if (send.transaction == model::OperationId{}) object(send, settled, "settled");
        }
        return findings_.report();
    }

  private:
    static bool is_failed(const Send& send) {
        return send.completed.value() != 0 && send.outcome == model::Outcome::failed;
    }

    std::map<model::RecordId, Seen> settled_records() {
        std::map<model::RecordId, Seen> settled;
        book_.audit().visit_settled([&](const model::TopicPartition& partition, model::BrokerId,
                                        const AuditedLogs::Row& row) {
            settled.try_emplace(row.record, Seen{.partition = partitions_.id_of(partition),
                                                 .offset = row.offset,
                                                 .event = row.event});
        });
        return settled;
    }

    // Returns whether there was anything to object to.
    bool object(const Send& send, const std::map<model::RecordId, Seen>& seen,
                std::string_view how) {
        const auto at = seen.find(send.record);
        if (at == seen.end()) return false;
        const model::TopicPartition& partition = partitions_[at->second.partition];
        if (partition.topic != book_.history().topic(send)) return false;
        findings_.object("failed-but-visible",
                         evidence("partition", partition, "offset", at->second.offset, "record",
                                  send.record, "client", book_.history().client(send), "operation",
                                  send.operation, "seen", how),
                         {send.invoked, send.completed, at->second.event});
        return true;
    }

    const Casebook& book_;
    Interned<model::TopicPartition> partitions_;
    std::map<model::RecordId, Seen> polled_;  // where it was handed out first
    Findings findings_{"failed-send"};
};

}  // namespace

std::unique_ptr<Checker> make_failed_send(const Casebook& book) {
    return std::make_unique<FailedSend>(book);
}

}  // namespace squall::checkers
