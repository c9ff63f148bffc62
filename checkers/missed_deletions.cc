#include "checkers/missed_deletions.h"

#include <algorithm>

namespace squall::checkers {

namespace {
constexpr std::uint32_t header_bytes = 61;  // of a batch from which compaction took everything
}  // namespace

void MissedDeletions::on_cleaned(const model::LogCleaned& cleaned, const ReplicaLogs& logs,
                                 sim::EventSequence sequence) {
    const ReplicaLogs::Key first{cleaned.partition, model::BrokerId{0}};
    for (auto at = logs.all().lower_bound(first);
         at != logs.all().end() && at->first.first == cleaned.partition; ++at) {
        const ReplicaLog& log = at->second;
        if (at->first.second == cleaned.broker) continue;
        if (log.end() >= cleaned.to && !log.may_be_shorter()) continue;
        laggards_[at->first].cleanings.push_back({.end = log.end(),
                                                  .to = cleaned.to,
                                                  .wall_time = cleaned.wall_time,
                                                  .event = sequence,
                                                  .is_end_doubtful = log.may_be_shorter()});
    }
}

void MissedDeletions::on_appended(const model::BatchAppended& appended,
                                  sim::EventSequence sequence) {
    const auto at = laggards_.find({appended.partition, appended.broker});
    if (at == laggards_.end()) return;
    at->second.appended.push_back({.base_offset = appended.base_offset,
                                   .last_offset = appended.last_offset,
                                   .has_records = appended.bytes > header_bytes,
                                   .event = sequence});
}

void MissedDeletions::on_served(const model::FetchServed& served, sim::EventSequence sequence) {
    if (served.upto <= served.from) return;
    const auto at = laggards_.find({served.partition, served.broker});
    if (at == laggards_.end()) return;
    at->second.served.push_back({.from = served.from, .upto = served.upto, .event = sequence});
}

// A loss of power may have cut off what the trace had told to be there.
void MissedDeletions::on_opened(const model::LogOpened& opened) {
    const auto at = laggards_.find({opened.partition, opened.broker});
    if (at == laggards_.end()) return;
    for (Cleaning& cleaning : at->second.cleanings) {
        if (!cleaning.is_end_doubtful) continue;
        cleaning.end = std::min(cleaning.end, opened.log_end_offset);
        cleaning.is_end_doubtful = false;
    }
}

std::optional<sim::EventSequence> MissedDeletions::find(const Question& question) const {
    const ReplicaLogs::Key first{question.partition, model::BrokerId{0}};
    for (auto at = laggards_.lower_bound(first);
         at != laggards_.end() && at->first.first == question.partition; ++at) {
        if (const auto event = find(at->second, question)) return event;
    }
    return std::nullopt;
}

std::optional<sim::EventSequence> MissedDeletions::find(const Laggard& laggard,
                                                        const Question& question) {
    // Clocks of nodes differ: what counts is the earliest time at which any had gone over it.
    const Cleaning* first = nullptr;
    std::optional<model::TimestampMs> earliest;
    const Cleaning* gone = nullptr;
    for (const Cleaning& cleaning : laggard.cleanings) {
        if (cleaning.end > question.deletion || cleaning.to <= question.deletion) continue;
        if (earliest && cleaning.wall_time - *earliest >= question.delete_retention_ms) {
            gone = &cleaning;
            break;
        }
        if (first == nullptr) first = &cleaning;
        earliest = std::min(earliest.value_or(cleaning.wall_time), cleaning.wall_time);
    }
    if (gone == nullptr || gone->event > question.ended) return std::nullopt;
    // A batch of one record that is not empty holds it; in a longer one, others may have stayed.
    const auto learnt = std::ranges::find_if(laggard.appended, [&](const Appended& appended) {
        return appended.base_offset == question.deletion &&
               appended.last_offset == question.deletion && appended.has_records;
    });
    for (const Served& served : laggard.served) {
        const bool is_value = served.from <= question.value && question.value < served.upto;
        const bool knew = learnt != laggard.appended.end() && learnt->event < served.event;
        if (is_value && !knew && served.event > first->event && served.event < question.handed) {
            return gone->event;
        }
    }
    return std::nullopt;
}

}  // namespace squall::checkers
