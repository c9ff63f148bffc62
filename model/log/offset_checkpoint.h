// OffsetCheckpoint: one offset for each partition of a log directory, in one small file that is
// replaced as a whole. Three of them stand in a directory: recovery-point-offset-checkpoint,
// log-start-offset-checkpoint and replication-offset-checkpoint (the high watermarks).
//
// Kafka's format:
//
//     0                  version
//     2                  number of entries
//     orders 0 120       topic, partition, offset
//     orders 2 44
//
// After a power loss the file is an older one or the newest, never a mixture. It carries no CRC; a
// file that does not parse is treated as absent, which is safe for all three: recovery scans more,
// the high watermark starts lower.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

class OffsetCheckpoint {
  public:
    OffsetCheckpoint(sim::Disk& disk, std::string path);

    // Reads the file; absent or unreadable as text is empty. Error: io_error, closed.
    Result<Duration> load();
    // Writes the file. Errors: io_error, no_space, closed.
    Result<Duration> store();

    std::optional<Offset> get(const TopicPartition& partition) const;
    // In memory, until the next store().
    void set(const TopicPartition& partition, Offset offset) { offsets_[partition] = offset; }
    void erase(const TopicPartition& partition) { offsets_.erase(partition); }
    void assign(std::map<TopicPartition, Offset> offsets) { offsets_ = std::move(offsets); }

    const std::string& path() const { return path_; }
    const std::map<TopicPartition, Offset>& offsets() const { return offsets_; }

    static std::string encode(const std::map<TopicPartition, Offset>& offsets);
    // Error: corrupt.
    static Result<std::map<TopicPartition, Offset>> decode(std::string_view text);

  private:
    sim::Disk& disk_;
    std::string path_;
    std::map<TopicPartition, Offset> offsets_;
};

}  // namespace squall::model
