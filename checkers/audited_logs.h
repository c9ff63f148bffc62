// AuditedLogs: what lay on the disks at the end, and whose word counts.
//
// A disk that belongs to a stopped broker, or to a replica outside the in-sync set, may legally
// hold a tail that was never committed. What a partition really holds is what the running members
// of its last in-sync set hold below the last leader's high watermark: `settled`. A log in which
// bits rotted is left out.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/events/controller_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/event.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

class AuditedLogs {
  public:
    struct Row {
        model::Offset offset;
        model::RecordId record;
        sim::EventSequence event;  // the AuditedBatch
        auto operator<=>(const Row&) const = default;
    };
    struct Log {
        std::vector<Row> rows;     // in order of the file
        bool is_complete = false;  // its AuditedLog was told
        bool running = false;
        // Whether `record` stands at `offset`.
        bool holds(model::Offset offset, model::RecordId record) const;
    };

    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);

    bool is_audited(const model::TopicPartition& partition) const;
    bool is_on_any_replica(const model::TopicPartition& partition, model::Offset offset,
                           model::RecordId record) const;
    // The log of the last leader, if that is running, and has led since it was started; else null.
    const Log* leader_log(const model::TopicPartition& partition) const;
    // Visits what the running in-sync replicas hold below the last high watermark.
    void visit_settled(const std::function<void(const model::TopicPartition&, model::BrokerId,
                                                const Row&)>& visit) const;

  private:
    struct Partition {
        model::BrokerId leader = model::no_broker;
        model::LeaderEpoch elected = model::no_leader_epoch;  // of `leader`
        // Started anew, and not heard to lead since: the controllers have not missed it yet.
        bool leader_is_back = false;
        std::vector<model::BrokerId> isr;
        model::LeaderEpoch leader_epoch = model::no_leader_epoch;  // of high_watermark
        model::Offset high_watermark{0};
        std::map<model::BrokerId, Log> logs;
    };
    void on_high_watermark(const model::TopicPartition& partition, model::LeaderEpoch epoch,
                           model::Offset high_watermark);

    // Bits of its files flipped: offsets and epochs are under no CRC, so it is no witness.
    bool is_rotten(const model::TopicPartition& partition, model::BrokerId broker) const;

    std::map<model::TopicPartition, Partition> partitions_;
    std::map<model::BrokerId, sim::NodeId> nodes_;
    std::set<std::pair<sim::NodeId, std::string>> rotten_;  // folders
};

}  // namespace squall::checkers
