// ProducerSnapshots: the snapshot files of producer state in one log's folder (producer_state.h).
//
// One is taken when a segment is begun and at a clean shutdown, so that a restart replays only what
// came after. A log whose batches never named a producer has none. A file that does not read is
// removed and an older one used. Errors are the disk's.
#pragma once

#include <set>
#include <string>

#include "model/log/producer_state.h"
#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

class ProducerSnapshots {
  public:
    // Finds the files below `folder`.
    ProducerSnapshots(sim::Disk& disk, std::string folder);

    bool is_empty() const { return offsets_.empty(); }
    const std::set<Offset>& offsets() const { return offsets_; }

    // The state of the log below `offset`.
    Result<Duration> store(const ProducerStates& states, Offset offset);
    // The newest that reads, and where to replay from; no state and offset 0 if there is none.
    struct Loaded {
        ProducerStates states;
        Offset offset{0};
        Duration cost{};
    };
    Result<Loaded> load_latest();

    // Those that know of records at or beyond `end`.
    Result<Duration> remove_beyond(Offset end);
    // Those below `start`, but for the newest of all: no replay begins there any more.
    Result<Duration> remove_below(Offset start);

  private:
    std::string path(Offset offset) const;
    Result<Duration> remove(Offset offset);

    sim::Disk* disk_;
    std::string folder_;
    std::set<Offset> offsets_;
};

}  // namespace squall::model
