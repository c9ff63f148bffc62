// Sightings: who saw which record at which offset: acknowledged sends, polls of all consumers, and
// the settled part of the audited logs (see audited_logs.h). What duplicates and inconsistent
// offsets are found in.
//
// Internal topics are left out: equal commits make equal records there.
#pragma once

#include <cstdint>
#include <vector>

#include "checkers/audited_logs.h"
#include "checkers/interned.h"
#include "checkers/send_history.h"
#include "model/events/client_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

struct Sighting {
    enum class Source : std::uint8_t { acknowledged, polled, audited };

    std::uint32_t partition = 0;  // interned by Sightings
    model::Offset offset;
    model::RecordId record;
    sim::EventSequence event;
    Source source = Source::acknowledged;
    std::uint32_t send = 0;  // acknowledged: its place in the history
};
std::string_view to_string(Sighting::Source source);

class Sightings {
  public:
    static bool looks_at(const sim::EventKind& kind);
    // `acknowledged` is the send in `history` that the event acknowledges, if any.
    void observe(const sim::Event& event, const SendHistory& history, const Send* acknowledged);
    // Once, at the end: the settled logs were seen, too.
    void conclude(const AuditedLogs& audit);

    // All of them, in order of partition, offset and event. Requires: concluded.
    const std::vector<Sighting>& all() const { return sightings_; }
    const model::TopicPartition& partition(std::uint32_t id) const { return partitions_[id]; }

  private:
    void sort();

    Interned<model::TopicPartition> partitions_;
    std::vector<Sighting> sightings_;
};

// Whether the topic is the cluster's own.
bool is_internal(std::string_view topic);

}  // namespace squall::checkers
