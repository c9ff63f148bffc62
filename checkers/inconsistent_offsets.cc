// inconsistent-offsets: one offset of a partition, two values.
//
// Over all sightings (checkers/sightings.h): whatever acknowledged sends were told, any consumer
// was handed, and the running in-sync replicas hold below the last high watermark must agree,
// offset by offset. Jepsen's anomaly of that name; semantics: G-READ.
//
// Allowed: an unclean election, or acks < all with a change of leader, of the one who saw first (by
// the configured contract only), and the whole in-sync set losing unflushed data.
#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"

namespace squall::checkers {

namespace {

class InconsistentOffsets final : public Checker {
  public:
    explicit InconsistentOffsets(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "inconsistent-offsets"; }

    // The sightings are the casebook's.
    bool looks_at(const sim::EventKind&) const override { return false; }
    void observe(const sim::Event&) override {}

    CheckerReport finish() override {
        const std::vector<Sighting>& seen = book_.sightings().all();
        for (auto at = seen.begin(); at != seen.end();) {
            const auto end = std::find_if(at, seen.end(), [&](const Sighting& s) {
                return s.partition != at->partition || s.offset != at->offset;
            });
            if (end - at > 1) judge(at, end);
            at = end;
        }
        return findings_.report();
    }

  private:
    using Iterator = std::vector<Sighting>::const_iterator;

    void judge(Iterator first, Iterator end) {
        findings_.judge();
        const auto other =
            std::find_if(first, end, [&](const Sighting& s) { return s.record != first->record; });
        if (other == end) return;
        const model::TopicPartition& partition = book_.sightings().partition(first->partition);
        Evidence shown =
            evidence("partition", partition, "offset", first->offset, "record", first->record,
                     "seen_by", to_string(first->source), "other_record", other->record,
                     "other_seen_by", to_string(other->source));
        Findings::Events events{first->event, other->event};
        if (const auto cause = cause_of(partition, first, end)) {
            events.push_back(cause->event);
            findings_.allow("inconsistent-offsets", cause->text, std::move(shown),
                            std::move(events));
        } else {
            findings_.object("inconsistent-offsets", std::move(shown), std::move(events));
        }
    }

    // A value that was polled, or is settled, was below a high watermark: acks < all do not excuse
    // its change, only its truncation does.
    std::optional<Cause> cause_of(const model::TopicPartition& partition, Iterator first,
                                  Iterator end) {
        std::optional<model::RecordId> committed;
        bool are_two_committed = false;
        sim::EventSequence since = first->event;
        for (Iterator at = first; at != end; ++at) {
            since = std::min(since, invoked(at->record, at->event));
            if (at->source == Sighting::Source::acknowledged) continue;
            are_two_committed = are_two_committed || (committed && *committed != at->record);
            committed = at->record;
        }
        if (are_two_committed) return book_.allowance().of_truncation(partition, since);
        const SendHistory& history = book_.history();
        for (Iterator at = first; at != end; ++at) {
            if (at->source != Sighting::Source::acknowledged) continue;
            const Send& send = history.sends()[at->send];
            if (const auto cause =
                    book_.allowance().of_loss(partition, history.client(send), send.invoked)) {
                return cause;
            }
        }
        return book_.allowance().of_truncation(partition, since);
    }

    // When the record was first sent; else when it was seen. (What is handed out late, by a leader
    // that does not know it was deposed, is excused by what happened since it was sent.)
    sim::EventSequence invoked(model::RecordId record, sim::EventSequence seen) {
        if (invoked_.empty()) {
            for (const Send& send : book_.history().sends()) {
                invoked_.try_emplace(send.record, send.invoked);
            }
        }
        const auto at = invoked_.find(record);
        return at == invoked_.end() ? seen : at->second;
    }

    const Casebook& book_;
    std::map<model::RecordId, sim::EventSequence> invoked_;  // made when first needed
    Findings findings_{"inconsistent-offsets"};
};

}  // namespace

std::unique_ptr<Checker> make_inconsistent_offsets(const Casebook& book) {
    return std::make_unique<InconsistentOffsets>(book);
}

}  // namespace squall::checkers
