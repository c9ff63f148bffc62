// ReplicaLogs: the log of every replica as the trace claims it: a fold of BatchAppended,
// LogTruncated, LogStartAdvanced, LogCleaned and LogOpened.
//
// What a log holds and the trace has not told (bytes written by a process that died before it could
// say so), or what compaction may have written anew, is one entry that is not `known`. After a loss
// of power the claim is only an upper bound, `may_be_shorter`, until the log is opened again and
// says where it ends.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "model/events/controller_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/event.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

// What makes a batch the same batch on every replica.
struct BatchIdentity {
    model::Offset base_offset;
    model::Offset last_offset;
    model::LeaderEpoch leader_epoch;
    std::uint32_t crc = 0;

    auto operator<=>(const BatchIdentity&) const = default;
};

class ReplicaLog {
  public:
    struct Entry {
        BatchIdentity batch;
        bool known = true;
    };

    const std::vector<Entry>& entries() const { return entries_; }  // in order of offset
    model::Offset start() const { return start_; }
    model::Offset end() const { return end_; }
    bool may_be_shorter() const { return may_be_shorter_; }
    // False from the stop of its node until it is opened again: the file may hold more than told.
    bool is_open() const { return is_open_; }
    // The entry in which `offset` lies; null if none.
    const Entry* find(model::Offset offset) const;
    // What stands last; null if the log is empty or its last part is not known.
    const BatchIdentity* last_known() const;

    // Returns false if the batch lies before the end of what was there: its place is taken.
    bool append(const BatchIdentity& batch);
    void truncate(model::Offset to, bool starts_anew);
    void advance_start(model::Offset to);
    // Whatever stood below `to` may stand there otherwise.
    void clean(model::Offset to);
    void open(model::Offset start, model::Offset end);
    void close(bool has_lost_power) {
        is_open_ = false;
        may_be_shorter_ = may_be_shorter_ || has_lost_power;
    }

  private:
    static Entry unknown(model::Offset from, model::Offset to);
    void cut(model::Offset to);

    std::vector<Entry> entries_;
    model::Offset start_{0};
    model::Offset end_{0};
    bool may_be_shorter_ = false;
    bool is_open_ = true;
};

class ReplicaLogs {
  public:
    using Key = std::pair<model::TopicPartition, model::BrokerId>;

    // What an event did to one log.
    struct Change {
        enum class Kind {
            appended,
            overwritten,
            truncated,
            opened,
            started_later,
            cleaned,
            deleted
        };
        Kind kind = Kind::appended;
        const Key* key = nullptr;
        ReplicaLog* log = nullptr;
        model::Offset end_before;
        std::optional<BatchIdentity> last_before;  // its last batch before, if that is known
        bool was_known_exactly = true;  // before the event, no power loss made it doubtful
        model::Offset cleaned_to{0};    // cleaned
    };

    static bool looks_at(const sim::EventKind& kind);
    // Returns true, and tells what changed, if the event is about a log. Its pointers are good
    // until the next call.
    bool observe(const sim::Event& event, Change& change);

    const std::map<Key, ReplicaLog>& all() const { return logs_; }
    const ReplicaLog* find(const model::TopicPartition& partition, model::BrokerId broker) const;

  private:
    void forget_topic(std::string_view topic);
    void close_all_of(sim::NodeId node, bool has_lost_power);
    bool is_closed(sim::NodeId node) const;

    std::map<Key, ReplicaLog> logs_;
    std::map<model::BrokerId, sim::NodeId> nodes_;
    std::map<std::string, model::Uuid, std::less<>> topics_;
};

}  // namespace squall::checkers
