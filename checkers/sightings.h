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
    void observe(const sim::Event& event);
    // All of them, those of the settled logs included, in no order. Called once, at the end.
    std::vector<Sighting> take();

    const SendHistory& history() const { return history_; }
    const model::TopicPartition& partition(const Sighting& sighting) const {
        return partitions_[sighting.partition];
    }

  private:
    SendHistory history_;
    AuditedLogs audit_;
    Interned<model::TopicPartition> partitions_;
    std::vector<Sighting> sightings_;
};

// Whether the topic is the cluster's own.
bool is_internal(std::string_view topic);

}  // namespace squall::checkers
