// LogDirectory: all partition logs of one node, on its disk, with the files they share (Kafka's
// LogManager, with one log.dirs entry).
//
// Files: recovery-point-offset-checkpoint, log-start-offset-checkpoint, cleaner-offset-checkpoint,
// replication-offset-checkpoint (offset_checkpoint.h) and .kafka_cleanshutdown, which exists only
// between a controlled shutdown that flushed everything and the next start: it is removed, durably,
// before any log is loaded (KAFKA-10471). A controller's __cluster_metadata-0 is a log like others.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/log/deleted_files.h"
#include "model/log/log.h"
#include "model/log/log_options.h"
#include "model/log/offset_checkpoint.h"
#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

class LogDirectory {
  public:
    // `defaults`: for logs found on disk, until the topic's settings are known
    // (Log::set_options). `bugs` outlives the directory.
    LogDirectory(sim::Disk& disk, const LogOptions& defaults, const BugSet* bugs = nullptr);
    LogDirectory(const LogDirectory&) = delete;
    LogDirectory& operator=(const LogDirectory&) = delete;

    struct Opened {
        bool was_clean = false;                 // the last shutdown
        BrokerEpoch previous_broker_epoch{-1};  // as the marker tells; -1 if unclean
        std::map<TopicPartition, LogRecovery> logs;
        Duration cost{};
    };
    // Finds and opens every log. Call it once, first. Errors: io_error, no_space, closed: the
    // directory is offline, no log of it may be used.
    Result<Opened> open_all();

    // nullptr if there is none.
    Log* find(const TopicPartition& partition);
    const Log* find(const TopicPartition& partition) const;
    std::vector<TopicPartition> partitions() const;

    // Requires: no log of that partition. The log lives until remove() or the directory's end.
    Result<sim::Costed<Log*>> create(const TopicPartition& partition, const Uuid& topic_id,
                                     const LogOptions& options);
    // Requires: there is a log of that partition. It is gone even if its files could not all be
    // removed: what remains is found at the next start. Its segments go later (deleted_files.h).
    Result<Duration> remove(const TopicPartition& partition);

    // The high watermarks as the replicas know them now, for the next start
    // (replica.high.watermark.checkpoint.interval.ms). Partitions not named are forgotten.
    Result<Duration> checkpoint_high_watermarks(
        const std::map<TopicPartition, Offset>& high_watermarks);
    // As last checkpointed, not bounded by the log's end.
    std::optional<Offset> checkpointed_high_watermark(const TopicPartition& partition) const;
    // log.flush.offset.checkpoint.interval.ms, log.flush.start.offset.checkpoint.interval.ms, and
    // both.
    Result<Duration> checkpoint_recovery_points() { return recovery_points_.store(); }
    Result<Duration> checkpoint_log_starts() { return log_starts_.store(); }
    Result<Duration> checkpoint_offsets();

    // What its logs deleted: who has a clock makes them wait.
    DeletedFiles& deleted_files() { return deleted_files_; }

    // Bytes of the disk that are not taken.
    std::uint64_t total_bytes() const;
    std::uint64_t usable_bytes() const;

    // The end of a controlled shutdown: writes the checkpoints and the marker, durably. Requires:
    // every log is flushed to its end.
    Result<Duration> mark_clean_shutdown(BrokerEpoch broker_epoch);

  private:
    Log::Checkpoints checkpoints();
    bool removes_marker_before_loading() const;
    Result<Duration> read_clean_shutdown_marker(Opened& opened) const;
    Result<Duration> remove_clean_shutdown_marker();
    Result<Duration> commit_names();

    sim::Disk& disk_;
    LogOptions defaults_;
    OffsetCheckpoint recovery_points_;
    OffsetCheckpoint log_starts_;
    OffsetCheckpoint high_watermarks_;
    OffsetCheckpoint cleaner_offsets_;
    DeletedFiles deleted_files_;
    const BugSet* bugs_;
    std::map<TopicPartition, std::unique_ptr<Log>> logs_;
    bool is_open_ = false;
};

}  // namespace squall::model
