#include "checkers/sightings.h"

#include <algorithm>
#include <tuple>

namespace squall::checkers {

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

void Sightings::observe(const sim::Event& event, const SendHistory& history,
                        const Send* acknowledged) {
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
    std::ranges::sort(sightings_, {}, [](const Sighting& s) {
        return std::tuple{s.partition, s.offset, s.event};
    });
}

}  // namespace squall::checkers
