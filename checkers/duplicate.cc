// duplicate: one record stands at two offsets of a partition.
//
// Found among all sightings (checkers/sightings.h): acknowledged sends, polls, settled logs.
// Jepsen's duplicate asks the same of unique values; here an application may send equal records, so
// the number of places is compared with the number of sends.
//
// Allowed: 'application sent twice' (at least as many sends of that record to that topic as places,
// those told failed not counted), 'retry without idempotence' and 'request replayed without
// idempotence' (one send, by a producer without idempotence whose requests went out, or were
// delivered, again), both under the configured contract only. An idempotent producer is excused by
// nothing (KIP-98).
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

namespace {

class Duplicate final : public Checker {
  public:
    explicit Duplicate(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "duplicate"; }

    using Shown = sim::EventOf<sim::FrameDisturbed>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* disturbed = event.as<sim::FrameDisturbed>()) {
            if (disturbed->rule == "replay") replayed_.insert(disturbed->from);
        }
    }

    CheckerReport finish() override {
        std::vector<Place> places = places_of(book_.sightings().all());
        std::ranges::sort(places, {}, [](const Place& place) {
            return std::tuple{place.partition, place.record, place.offset, place.event};
        });
        for (auto at = places.begin(); at != places.end();) {
            const auto end = std::find_if(at, places.end(), [&](const Place& place) {
                return place.partition != at->partition || place.record != at->record;
            });
            if (end - at > 1 || at->is_seen_again) judge(at, end);
            at = end;
        }
        return findings_.report();
    }

  private:
    // A record at an offset, seen once or several times.
    struct Place {
        std::uint32_t partition = 0;  // as of the sightings
        model::Offset offset;
        model::RecordId record;
        sim::EventSequence event;  // the first
        bool is_seen_again = false;
    };
    using Iterator = std::vector<Place>::const_iterator;

    // Sightings of one offset follow each other, and mostly agree.
    static std::vector<Place> places_of(const std::vector<Sighting>& sightings) {
        std::vector<Place> places;
        for (const Sighting& s : sightings) {
            if (!places.empty() && places.back().partition == s.partition &&
                places.back().offset == s.offset && places.back().record == s.record) {
                places.back().is_seen_again = true;
                continue;
            }
            places.push_back({.partition = s.partition,
                              .offset = s.offset,
                              .record = s.record,
                              .event = s.event});
        }
        return places;
    }

    // Asked for only where something stands twice.
    void index_sends() {
        if (!sends_.empty()) return;
        for (const Send& send : book_.history().sends()) {
            sends_[{send.record, book_.history().topic(send)}].push_back(&send);
        }
    }

    void judge(Iterator begin, Iterator end) {
        findings_.judge();
        // In order of offset: all at one place?
        if (begin->offset == std::prev(end)->offset) return;
        Findings::Events events;
        std::string offsets;
        std::size_t places = 0;
        for (Iterator at = begin; at != end; ++at) {
            if (at != begin && at->offset == std::prev(at)->offset) continue;
            ++places;
            if (!offsets.empty()) offsets += ' ';
            offsets += fmt::format("{}", at->offset);
            events.push_back(at->event);
        }
        index_sends();
        const model::TopicPartition& partition = book_.sightings().partition(begin->partition);
        Evidence shown =
            evidence("partition", partition, "record", begin->record, "offsets", offsets);
        const auto sends = sends_.find({begin->record, partition.topic});
        if (sends == sends_.end()) {
            findings_.object("duplicate", std::move(shown), std::move(events));
            return;
        }
        const Send& first = *sends->second.front();
        shown.emplace_back("client", book_.history().client(first));
        shown.emplace_back("sends", fmt::format("{}", sends->second.size()));
        for (const Send* send : sends->second) events.push_back(send->invoked);
        const std::string_view cause = cause_of(sends->second, places, partition);
        if (cause.empty()) {
            findings_.object("duplicate", std::move(shown), std::move(events));
        } else {
            findings_.allow("duplicate", cause, std::move(shown), std::move(events));
        }
    }

    std::string_view cause_of(const std::vector<const Send*>& sends, std::size_t places,
                              const model::TopicPartition& partition) const {
        const auto landed = std::ranges::count_if(sends, [](const Send* send) {
            return send->completed.value() == 0 || send->outcome != model::Outcome::failed;
        });
        if (static_cast<std::size_t>(landed) >= places) return "application sent twice";
        if (book_.contract() == Contract::safe) return {};
        for (const Send* send : sends) {
            const SendHistory& history = book_.history();
            if (history.producer(*send).enable_idempotence) continue;
            if (history.has_retried(*send, partition)) return "retry without idempotence";
            if (replayed_.contains(send->node)) return "request replayed without idempotence";
        }
        return {};
    }

    const Casebook& book_;
    std::set<sim::NodeId> replayed_;  // nodes some of whose frames were delivered twice
    std::map<std::pair<model::RecordId, std::string>, std::vector<const Send*>> sends_;
    Findings findings_{"duplicate"};
};

}  // namespace

std::unique_ptr<Checker> make_duplicate(const Casebook& book) {
    return std::make_unique<Duplicate>(book);
}

}  // namespace squall::checkers
