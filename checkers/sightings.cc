#include "checkers/sightings.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace squall::checkers {

namespace {

using SightingsEvents = sim::EventOf<model::SendCompleted, model::RecordsPolled>;

}  // namespace

std::string_view to_string(Sighting::Source source) {
    switch (source) {
        case Sighting::Source::acknowledged:
            return "acknowledged";
        case Sighting::Source::polled:
            return "polled";
        case Sighting::Source::audited:
            return "audited";
    }
    return "?";
}

bool is_internal(std::string_view topic) {
    return topic.starts_with("__");
}

bool Sightings::looks_at(const sim::EventKind& kind) {
    return SightingsEvents::includes(kind);
}

void Sightings::observe(const sim::Event& any, const SendHistory& history,
                        const Send* acknowledged) {
    const SightingsEvents event(any);
    if (acknowledged != nullptr) {
        const auto place = static_cast<std::uint32_t>(acknowledged - history.sends().data());
        sightings_.push_back({.partition = partitions_.id_of(history.partition(*acknowledged)),
                              .offset = acknowledged->offset,
                              .record = acknowledged->record,
                              .event = event.sequence,
                              .source = Sighting::Source::acknowledged,
                              .send = place});
    } else if (const auto* polled = event.as<model::RecordsPolled>()) {
        if (is_internal(polled->partition.topic)) return;
        const auto partition = partitions_.id_of(polled->partition);
        for (const model::PolledRecord& record : polled->records) {
            sightings_.push_back({.partition = partition,
                                  .offset = record.offset,
                                  .record = record.record,
                                  .event = event.sequence,
                                  .source = Sighting::Source::polled});
        }
    }
}

void Sightings::conclude(const AuditedLogs& audit) {
    // Rows come log by log.
    const model::TopicPartition* latest = nullptr;
    bool is_left_out = false;
    std::uint32_t id = 0;
    audit.visit_settled(
        [&](const model::TopicPartition& partition, model::BrokerId, const AuditedLogs::Row& row) {
            if (&partition != latest) {
                latest = &partition;
                is_left_out = is_internal(partition.topic);
                if (!is_left_out) id = partitions_.id_of(partition);
            }
            if (is_left_out) return;
            sightings_.push_back({.partition = id,
                                  .offset = row.offset,
                                  .record = row.record,
                                  .event = row.event,
                                  .source = Sighting::Source::audited});
        });
    sort();
}

// Each witness saw a log in its order, so what is alike is nearly in order already: it is gathered
// by partition and kind of witness, and the rows of these are merged.
void Sightings::sort() {
    constexpr std::size_t sources = 3;
    const auto witness = [](const Sighting& s) {
        return std::size_t{s.partition} * sources + static_cast<std::size_t>(s.source);
    };
    std::vector<std::size_t> begins(std::size_t{partitions_.size()} * sources + 1);
    for (const Sighting& s : sightings_) ++begins[witness(s) + 1];
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    std::vector<Sighting> gathered(sightings_.size());
    for (const Sighting& s : sightings_) gathered[begins[witness(s)]++] = s;
    sightings_ = std::move(gathered);

    const auto is_before = [](const Sighting& a, const Sighting& b) {
        return std::tuple{a.partition, a.offset, a.event} <
               std::tuple{b.partition, b.offset, b.event};
    };
    std::vector<std::vector<Sighting>::iterator> ends;  // of rows that are in order
    for (auto at = sightings_.begin(); at != sightings_.end(); ends.push_back(at)) {
        at = std::is_sorted_until(at, sightings_.end(), is_before);
    }
    while (ends.size() > 1) {
        std::vector<std::vector<Sighting>::iterator> merged;
        auto begin = sightings_.begin();
        for (std::size_t i = 0; i < ends.size(); i += 2) {
            if (i + 1 < ends.size()) std::inplace_merge(begin, ends[i], ends[i + 1], is_before);
            begin = ends[std::min(i + 1, ends.size() - 1)];
            merged.push_back(begin);
        }
        ends = std::move(merged);
    }
}

}  // namespace squall::checkers
