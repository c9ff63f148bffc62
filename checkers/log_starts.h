// LogStarts: whether what left the start of a log, or was compacted in it, was allowed to go.
//
//   log-start-regressed              the start of a replica's log went back, though nothing was
//                                    truncated or wiped, and no process died uncleanly (a log start
//                                    that was not checkpointed may be forgotten then)
//   log-start-beyond-high-watermark  retention or DeleteRecords took what was not committed, or the
//                                    cleaner went over it
//   log-start-not-the-leaders        a follower's log start passed the highest that a leader had
//   deletion-not-asked               records were deleted that nobody had asked to go
//   deletion-not-done                who asked was told that records are deleted, while one who
//                                    was up and in sync since before that has them still (KIP-107:
//                                    answered when every live replica has deleted)
//   retention-not-allowed            retention took records of a topic whose cleanup.policy never
//                                    said delete; or too early: not each of them was older, by the
//                                    node's clock, than retention.ms, nor were retention.bytes left
//   cleaning-not-allowed             a log was compacted whose cleanup.policy never said compact
//
// Settings count in the loosest form in which they ever were (topic_settings.h). How old and how
// long batches are is judged where all that went, or all that stayed, was told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkers/findings.h"
#include "checkers/replica_logs.h"
#include "checkers/topic_settings.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

struct LogStartFault {
    std::string_view type;
    Evidence shown;
    Findings::Events events;
};

class LogStarts {
  public:
    static bool looks_at(const sim::EventKind& kind);
    // `logs` have not seen the event yet, `settings` have.
    void observe(const sim::Event& event, const ReplicaLogs& logs, const TopicSettings& settings);

    // Of the event at hand: whether there was anything to judge, and what is wrong with it.
    bool has_judged() const { return has_judged_; }
    const std::optional<LogStartFault>& fault() const { return fault_; }

  private:
    struct Size {
        model::TimestampMs max_timestamp = model::no_timestamp;
        std::uint32_t bytes = 0;
    };
    struct Replica {
        std::optional<model::Offset> high_watermark;  // as this process told
        bool is_leader = false;
    };
    struct Deletion {
        std::vector<model::PartitionOffset> offsets;
        sim::EventSequence invoked;
    };
    struct Partition {
        std::map<std::pair<model::Offset, model::LeaderEpoch>, Size> batches;
        std::map<model::BrokerId, Replica> replicas;
        model::Offset leaders_start{0};                // the highest of any leader's log
        model::Offset asked_to_go = model::no_offset;  // up to there
        bool is_all_asked_to_go = false;
        model::Offset deleted_to = model::no_offset;  // by request, last
        sim::EventSequence deleted{0};
        std::map<model::BrokerId, sim::EventSequence> in_sync_since;
    };

    void on_advanced(const model::LogStartAdvanced& moved, const ReplicaLogs& logs,
                     const TopicSettings& settings, sim::EventSequence sequence);
    void on_opened(const model::LogOpened& opened, const ReplicaLogs& logs,
                   sim::EventSequence sequence);
    void on_cleaned(const model::LogCleaned& cleaned, const TopicSettings& settings,
                    sim::EventSequence sequence);
    void on_asked(const model::DeleteRecordsInvoked& asked, sim::EventSequence sequence);
    void on_answered(const model::AdminCompleted& answered, const ReplicaLogs& logs,
                     sim::EventSequence sequence);
    static void on_partition_changed(const model::PartitionChanged& changed, Partition& partition,
                                     sim::EventSequence sequence);
    void on_stopped(sim::NodeId node);
    void judge_retention(const model::LogStartAdvanced& moved, const Partition& partition,
                         const ReplicaLog& log, const TopicSettings& settings,
                         sim::EventSequence sequence);
    // Null where one of them was not told.
    static const Size* size_of(const Partition& partition, const ReplicaLog::Entry& entry);
    void find(std::string_view type, Evidence shown, sim::EventSequence sequence);

    std::map<model::TopicPartition, Partition> partitions_;
    std::map<model::BrokerId, sim::NodeId> nodes_;
    std::map<model::BrokerId, bool> is_clean_;  // their last start
    std::map<model::BrokerId, sim::EventSequence> up_since_;
    std::map<std::string, Deletion> deletions_;  // that each client asked for last
    std::set<sim::NodeId> spoiled_;              // their disks lost bytes once
    std::map<std::string, model::Uuid, std::less<>> topics_;
    bool has_judged_ = false;
    std::optional<LogStartFault> fault_;
};

}  // namespace squall::checkers
