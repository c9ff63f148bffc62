#include "model/log/log_directory.h"

#include <algorithm>
#include <set>
#include <utility>

#include "model/log/checkpoint_text.h"
#include "model/log/partition_metadata.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {

constexpr std::string_view clean_shutdown_file = ".kafka_cleanshutdown";
constexpr std::string_view marker_begin = "{\"version\":0,\"brokerEpoch\":";
constexpr std::string_view marker_end = "}";

std::string encode_marker(BrokerEpoch epoch) {
    return fmt::format("{}{}{}", marker_begin, epoch, marker_end);
}

// A marker that does not say its epoch is a clean shutdown all the same, as an empty one of an
// older version is.
BrokerEpoch decode_marker(std::string_view text) {
    if (!text.starts_with(marker_begin) || !text.ends_with(marker_end)) return BrokerEpoch(-1);
    text.remove_prefix(marker_begin.size());
    text.remove_suffix(marker_end.size());
    return BrokerEpoch(parse_number(text).value_or(-1));
}

}  // namespace

LogDirectory::LogDirectory(sim::Disk& disk, const LogOptions& defaults, const BugSet* bugs)
    : disk_(disk),
      defaults_(defaults),
      recovery_points_(disk, "recovery-point-offset-checkpoint"),
      log_starts_(disk, "log-start-offset-checkpoint"),
      high_watermarks_(disk, "replication-offset-checkpoint"),
      cleaner_offsets_(disk, "cleaner-offset-checkpoint"),
      deleted_files_(disk),
      bugs_(bugs) {}

Log::Checkpoints LogDirectory::checkpoints() {
    return {.recovery_points = recovery_points_,
            .log_starts = log_starts_,
            .cleaner_offsets = cleaner_offsets_,
            .deleted_files = deleted_files_};
}

Result<LogDirectory::Opened> LogDirectory::open_all() {
    ASSERT(!is_open_, "the log directory is open");
    Opened opened;
    const Result<Duration> marker = read_clean_shutdown_marker(opened);
    if (!marker) return marker.error();
    opened.cost += *marker;
    const bool removes_marker_late = opened.was_clean && !removes_marker_before_loading();
    if (opened.was_clean && !removes_marker_late) {
        const Result<Duration> removed = remove_clean_shutdown_marker();
        if (!removed) return removed.error();
        const Result<Duration> committed = commit_names();
        if (!committed) return committed.error();
        opened.cost += *removed + *committed;
    }
    for (OffsetCheckpoint* const checkpoint :
         {&recovery_points_, &log_starts_, &high_watermarks_, &cleaner_offsets_}) {
        const Result<Duration> loaded = checkpoint->load();
        if (!loaded) return loaded.error();
        opened.cost += *loaded;
    }
    const Result<Duration> cleared = deleted_files_.remove_leftovers();
    if (!cleared) return cleared.error();
    opened.cost += *cleared;
    std::set<TopicPartition> found;
    for (const std::string& path : disk_.list("")) {
        const std::size_t slash = path.find('/');
        if (slash == std::string::npos) continue;
        if (auto partition = partition_of_folder(std::string_view(path).substr(0, slash))) {
            found.insert(std::move(*partition));
        }
    }
    for (const TopicPartition& partition : found) {
        Result<Log::Opened> log =
            Log::open(disk_, checkpoints(), partition, defaults_, opened.was_clean);
        if (!log) return log.error();
        opened.cost += log->recovery.cost;
        opened.logs.emplace(partition, std::move(log->recovery));
        logs_.emplace(partition, std::move(log->log));
    }
    if (removes_marker_late) {
        const Result<Duration> removed = remove_clean_shutdown_marker();
        if (!removed) return removed.error();
        opened.cost += *removed;
    }
    is_open_ = true;
    return opened;
}

// Before any log is loaded, and durably: else a crash while they load, or a power loss soon after,
// finds the marker and trusts what was written since (KAFKA-10471).
bool LogDirectory::removes_marker_before_loading() const {
    return bugs_ == nullptr || bugs_->deviate(Bug::z23_stale_clean_shutdown_marker, true, false);
}

Result<Duration> LogDirectory::read_clean_shutdown_marker(Opened& opened) const {
    if (!disk_.exists(clean_shutdown_file)) return Duration::zero();
    const Result<sim::Costed<Bytes>> text = disk_.read_all(clean_shutdown_file);
    if (!text) return text.error();
    opened.was_clean = true;
    opened.previous_broker_epoch = decode_marker(as_text(text->value));
    return text->cost;
}

Result<Duration> LogDirectory::remove_clean_shutdown_marker() {
    return disk_.remove(clean_shutdown_file);
}

// A power loss must not undo what was done to names so far. Any file's flush commits it; this one
// stands since the shutdown that wrote the marker.
Result<Duration> LogDirectory::commit_names() {
    if (!disk_.exists(recovery_points_.path())) return Duration::zero();
    return disk_.flush(recovery_points_.path());
}

Log* LogDirectory::find(const TopicPartition& partition) {
    const auto found = logs_.find(partition);
    return found == logs_.end() ? nullptr : found->second.get();
}

const Log* LogDirectory::find(const TopicPartition& partition) const {
    const auto found = logs_.find(partition);
    return found == logs_.end() ? nullptr : found->second.get();
}

std::vector<TopicPartition> LogDirectory::partitions() const {
    std::vector<TopicPartition> partitions;
    for (const auto& [partition, log] : logs_) partitions.push_back(partition);
    return partitions;
}

Result<sim::Costed<Log*>> LogDirectory::create(const TopicPartition& partition,
                                               const Uuid& topic_id, const LogOptions& options) {
    ASSERT(is_open_, "a log of {} before open_all()", partition);
    ASSERT(find(partition) == nullptr, "there is a log of {}", partition);
    Result<sim::Costed<std::unique_ptr<Log>>> created =
        Log::create(disk_, checkpoints(), partition, topic_id, options);
    if (!created) return created.error();
    Log* const log = created->value.get();
    logs_.emplace(partition, std::move(created->value));
    return sim::Costed<Log*>{.value = log, .cost = created->cost};
}

Result<Duration> LogDirectory::remove(const TopicPartition& partition) {
    const auto found = logs_.find(partition);
    ASSERT(found != logs_.end(), "no log of {}", partition);
    const std::unique_ptr<Log> log = std::move(found->second);
    logs_.erase(found);
    recovery_points_.erase(partition);
    log_starts_.erase(partition);
    high_watermarks_.erase(partition);
    cleaner_offsets_.erase(partition);
    Result<Duration> stored = checkpoint_offsets();
    if (!stored) return stored;
    const Result<Duration> removed = log->remove_files();
    if (!removed) return removed;
    return *stored + *removed;
}

Result<Duration> LogDirectory::checkpoint_high_watermarks(
    const std::map<TopicPartition, Offset>& high_watermarks) {
    high_watermarks_.assign(high_watermarks);
    return high_watermarks_.store();
}

std::optional<Offset> LogDirectory::checkpointed_high_watermark(
    const TopicPartition& partition) const {
    return high_watermarks_.get(partition);
}

Result<Duration> LogDirectory::checkpoint_offsets() {
    const Result<Duration> recovery_points = checkpoint_recovery_points();
    if (!recovery_points) return recovery_points;
    const Result<Duration> log_starts = checkpoint_log_starts();
    if (!log_starts) return log_starts;
    return *recovery_points + *log_starts;
}

std::uint64_t LogDirectory::total_bytes() const {
    return disk_.capacity_bytes();
}

std::uint64_t LogDirectory::usable_bytes() const {
    return disk_.capacity_bytes() - std::min(disk_.used_bytes(), disk_.capacity_bytes());
}

Result<Duration> LogDirectory::mark_clean_shutdown(BrokerEpoch broker_epoch) {
    for (const auto& [partition, log] : logs_) {
        ASSERT(!log->has_failed(), "clean shutdown with a failed log of {}", partition);
        ASSERT(log->recovery_point() == log->log_end_offset(),
               "clean shutdown with {} flushed to {} of {}", partition, log->recovery_point(),
               log->log_end_offset());
    }
    Duration snapshots{};
    for (const auto& [partition, log] : logs_) {
        const Result<Duration> stored = log->store_producer_snapshot();
        if (!stored) return stored;
        snapshots += *stored;
    }
    const Result<Duration> checkpointed = checkpoint_offsets();
    if (!checkpointed) return checkpointed;
    const Result<Duration> written =
        disk_.replace(clean_shutdown_file, as_bytes(encode_marker(broker_epoch)));
    if (!written) return written;
    const Result<Duration> flushed = disk_.flush(clean_shutdown_file);
    if (!flushed) return flushed;
    return snapshots + *checkpointed + *written + *flushed;
}

}  // namespace squall::model
