// MissedDeletions: replicas that could not learn of a deletion in a compacted topic, because it was
// gone from the logs of others before they had fetched it.
//
// Each replica compacts its own log and waits for no other (as of Kafka 4.2): a tombstone goes with
// a cleaning that comes delete.retention.ms after the first one over it. A replica that was behind
// it for all that time keeps the value which it would have deleted, and so does whoever copies that
// log. Readers to whom it hands that value out see the key come back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "checkers/replica_logs.h"
#include "model/events/replica_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

class MissedDeletions {
  public:
    // `logs` are as they were when the cleaning was told.
    void on_cleaned(const model::LogCleaned& cleaned, const ReplicaLogs& logs,
                    sim::EventSequence sequence);
    void on_appended(const model::BatchAppended& appended, sim::EventSequence sequence);
    void on_served(const model::FetchServed& served, sim::EventSequence sequence);
    void on_opened(const model::LogOpened& opened);

    struct Question {
        model::TopicPartition partition;
        model::Offset value;        // where it stands
        model::Offset deletion;     // where its tombstone stood
        sim::EventSequence handed;  // when a reader was handed the value
        sim::EventSequence ended;   // when it had read all
        std::int64_t delete_retention_ms = 0;
    };
    // The cleaning with which the tombstone could go, while a replica that handed the value out had
    // yet to fetch it, and never did before; nullopt if there is none.
    std::optional<sim::EventSequence> find(const Question& question) const;

  private:
    // Another replica's, over records that this one had not.
    struct Cleaning {
        model::Offset end;  // of this one's log
        model::Offset to;
        model::TimestampMs wall_time;
        sim::EventSequence event;
        bool is_end_doubtful = false;  // until the log is opened again
    };
    struct Appended {
        model::Offset base_offset;
        model::Offset last_offset;
        bool has_records = true;
        sim::EventSequence event;
    };
    struct Served {
        model::Offset from;
        model::Offset upto;
        sim::EventSequence event;
    };
    // A replica that was behind, and what it did from then on.
    struct Laggard {
        std::vector<Cleaning> cleanings;
        std::vector<Appended> appended;
        std::vector<Served> served;
    };

    static std::optional<sim::EventSequence> find(const Laggard& laggard, const Question& question);

    std::map<ReplicaLogs::Key, Laggard> laggards_;
};

}  // namespace squall::checkers
