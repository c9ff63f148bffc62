// order: sends land in the order they were made, and consumers move forward.
//
//   nonmonotonic-send      one producer, one partition: a later send was acknowledged at or before
//                          an earlier one's offset (Jepsen; semantics: G-ORD)
//   realtime-order         A was acknowledged before B was invoked, by anybody, and B lies at or
//                          before A in the same partition
//   nonmonotonic-poll      a consumer was handed a position before where it had got to, though
//                          neither its position was set nor its assignment changed
//   int-nonmonotonic-poll  inside one poll: offsets do not grow, or lie outside the poll's range
//
// Allowed: more than one request in flight without idempotence and a retry ('retry without
// idempotence'; nonmonotonic-send only, configured contract), and whatever excuses the loss of the
// earlier record, since its offset is then used again (checkers/allowance.h).
#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "sim/base/assert.h"

namespace squall::checkers {

namespace {

class Order final : public Checker {
  public:
    explicit Order(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "order"; }

    using Shown = sim::EventOf<model::SendCompleted, model::RecordsPolled, model::PositionSet,
                               model::AssignmentChanged, sim::NodeStopped>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const Send* send = book_.acknowledged()) {
            on_acknowledged(*send);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            on_polled(*polled, event);
        } else if (const auto* set = event.as<model::PositionSet>()) {
            positions_.erase({set->client_id, set->partition});
        } else if (const auto* changed = event.as<model::AssignmentChanged>()) {
            for (const auto& partition : changed->partitions) {
                positions_.erase({changed->client_id, partition});
            }
        } else if (event.as<sim::NodeStopped>()) {
            std::erase_if(positions_,
                          [&](const auto& entry) { return entry.second.node == event.node; });
        }
    }

    CheckerReport finish() override {
        judge_producers();
        for (const auto& [later, earlier] : misplaced_) judge_misplaced(later, earlier);
        return findings_.report();
    }

  private:
    using Place = std::size_t;  // of a send in the history
    // The highest offset acknowledged by some event, and by all before it.
    struct Peak {
        sim::EventSequence acknowledged;
        model::Offset offset;
        Place send = 0;
    };
    struct Position {
        model::Offset next;
        sim::EventSequence event;
        sim::NodeId node;
    };

    void on_acknowledged(const Send& send) {
        const Place place = static_cast<Place>(&send - book_.history().sends().data());
        std::vector<Peak>& peaks = peaks_[send.partition];
        const auto after = std::ranges::lower_bound(peaks, send.invoked, {}, &Peak::acknowledged);
        if (after != peaks.begin()) {
            findings_.judge();
            const Peak& before = *std::prev(after);
            if (before.offset >= send.offset) misplaced_.emplace_back(place, before.send);
        }
        if (peaks.empty() || peaks.back().offset < send.offset) {
            peaks.push_back({.acknowledged = send.completed, .offset = send.offset, .send = place});
        }
    }

    // Judged at the end, when the causes are known: a loss may show before its cause is told.
    void judge_misplaced(Place later, Place earlier) {
        const Send& send = book_.history().sends()[later];
        const Send& before = book_.history().sends()[earlier];
        conclude("realtime-order", send, before,
                 book_.allowance().of_loss(book_.history().partition(before),
                                           book_.history().client(before), before.invoked));
    }

    // The least number of sends that must have moved: those outside a longest growing row. One that
    // landed late is blamed, not the many it let pass.
    void judge_producers() {
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<const Send*>> rows;
        for (const Send& send : book_.history().sends()) {
            if (send.is_acknowledged()) rows[{send.client, send.partition}].push_back(&send);
        }
        for (const auto& [producer, row] : rows) {
            findings_.judge(row.size() - 1);
            judge_row(row, longest_growing(row));
        }
    }

    void judge_row(const std::vector<const Send*>& row, const std::vector<std::size_t>& kept) {
        auto next = kept.begin();
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (next != kept.end() && *next == i) {
                ++next;
                continue;
            }
            // It fits not between its neighbours that were kept, or it would have been kept.
            const Send* before = next == kept.begin() ? nullptr : row[*std::prev(next)];
            const bool is_too_low = before != nullptr && before->offset >= row[i]->offset;
            if (!is_too_low) {
                ASSERT(next != kept.end(), "send {} fits at the end", row[i]->operation);
            }
            const Send& later = is_too_low ? *row[i] : *row[*next];
            const Send& earlier = is_too_low ? *before : *row[i];
            conclude("nonmonotonic-send", later, earlier, cause_of_reordering(later, earlier));
        }
    }

    // The places of a longest row of sends whose offsets grow (patience sorting).
    static std::vector<std::size_t> longest_growing(const std::vector<const Send*>& row) {
        std::vector<std::size_t> ends;  // [n]: where the row of n + 1 with the least end ends
        std::vector<std::size_t> previous(row.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            const auto at = std::ranges::lower_bound(
                ends, row[i]->offset, {}, [&](std::size_t place) { return row[place]->offset; });
            previous[i] = at == ends.begin() ? i : *std::prev(at);
            if (at == ends.end()) {
                ends.push_back(i);
            } else {
                *at = i;
            }
        }
        std::vector<std::size_t> kept(ends.size());
        std::size_t place = ends.empty() ? 0 : ends.back();
        for (auto at = kept.rbegin(); at != kept.rend(); ++at) {
            *at = place;
            place = previous[place];
        }
        return kept;
    }

    std::optional<Cause> cause_of_reordering(const Send& send, const Send& before) const {
        const SendHistory::Producer producer = book_.history().producer(send);
        const model::TopicPartition& partition = book_.history().partition(send);
        if (book_.contract() == Contract::configured && !producer.enable_idempotence &&
            producer.max_in_flight > 1 &&
            (book_.history().has_retried(send, partition) ||
             book_.history().has_retried(before, partition))) {
            return Cause{"retry without idempotence", send.completed};
        }
        return book_.allowance().of_loss(partition, book_.history().client(before), before.invoked);
    }

    void conclude(std::string_view type, const Send& send, const Send& before,
                  const std::optional<Cause>& cause) {
        Evidence shown = evidence("partition", book_.history().partition(send), "client",
                                  book_.history().client(send), "record", send.record, "offset",
                                  send.offset, "earlier_client", book_.history().client(before),
                                  "earlier_record", before.record, "earlier_offset", before.offset);
        Findings::Events events{before.invoked, before.completed, send.invoked, send.completed};
        if (cause) {
            if (cause->event != send.completed) events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    void on_polled(const model::RecordsPolled& polled, const sim::Event& event) {
        const auto [at, is_new] =
            positions_.try_emplace(std::pair{polled.client_id, polled.partition});
        Position& position = at->second;
        if (!is_new) {
            findings_.judge();
            if (polled.position < position.next) {
                findings_.object(
                    "nonmonotonic-poll",
                    evidence("partition", polled.partition, "client", polled.client_id, "position",
                             polled.position, "earlier_position", position.next),
                    {position.event, event.sequence});
            }
        }
        position = {.next = polled.next_position, .event = event.sequence, .node = event.node};
        judge_inside(polled, event.sequence);
    }

    void judge_inside(const model::RecordsPolled& polled, sim::EventSequence sequence) {
        if (polled.records.empty()) return;
        findings_.judge();
        model::Offset least = polled.position;
        for (const model::PolledRecord& record : polled.records) {
            if (record.offset >= least && record.offset < polled.next_position) {
                least = record.offset.next();
                continue;
            }
            findings_.object(
                "int-nonmonotonic-poll",
                evidence("partition", polled.partition, "client", polled.client_id, "offset",
                         record.offset, "record", record.record, "expected_from", least,
                         "next_position", polled.next_position),
                {sequence});
            return;
        }
    }

    const Casebook& book_;
    std::map<std::uint32_t, std::vector<Peak>> peaks_;  // by partition
    std::vector<std::pair<Place, Place>> misplaced_;    // later send, earlier acknowledgement
    std::map<std::pair<std::string, model::TopicPartition>, Position> positions_;
    Findings findings_{"order"};
};

}  // namespace

std::unique_ptr<Checker> make_order(const Casebook& book) {
    return std::make_unique<Order>(book);
}

}  // namespace squall::checkers
