// DeletedFiles: what the logs of a directory have deleted and the disk still holds.
//
// A segment that retention, DeleteRecords or the end of its topic deletes gets another name at
// once, and goes file.delete.delay.ms later, as Kafka's: until then its bytes are not free. Whoever
// has a clock says how to wait; while nobody does, files go at once. What a process that ended has
// left is removed at the next start.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

class DeletedFiles {
  public:
    // Calls remove() with `path` once `delay` has passed; may do so after the files are gone.
    using RemoveLater = std::function<void(const std::string& path, Duration delay)>;

    explicit DeletedFiles(sim::Disk& disk) : disk_(disk) {}
    DeletedFiles(const DeletedFiles&) = delete;
    DeletedFiles& operator=(const DeletedFiles&) = delete;

    void wait_by(RemoveLater remove_later) { remove_later_ = std::move(remove_later); }

    Result<Duration> remove_leftovers();
    // Requires: there is a file at `path`. Errors: those of Disk::rename and Disk::remove.
    Result<Duration> bury(const std::string& path, Duration delay);
    // Whether that is the name of a file that waits to go.
    static bool holds(std::string_view path);
    // A file that cannot be removed is a leftover.
    void remove(const std::string& path);

  private:
    sim::Disk& disk_;
    RemoveLater remove_later_;
    std::uint64_t buried_ = 0;
};

}  // namespace squall::model
