// MetadataLoaderHost: brings an image up to what its raft host knows as committed, from the log or,
// where that does not reach back far enough, from the latest snapshot; and has a snapshot taken
// when one is due (Kafka's MetadataLoader and SnapshotGenerator).
//
// Due: after metadata.log.max.record.bytes.between.snapshots of committed records, or
// metadata.log.max.snapshot.interval.ms after the last one (or the start), whenever the image shows
// exactly what is committed.
#pragma once

#include <cstdint>

#include "model/controller/image.h"
#include "model/controller/metadata_replay.h"
#include "model/raft/raft_host.h"

namespace squall::model {

class MetadataLoaderHost {
  public:
    // All references outlive the loader.
    MetadataLoaderHost(sim::Node& node, const RaftOptions& options, RaftHost& raft)
        : node_(node),
          max_bytes_(options.max_record_bytes_between_snapshots),
          interval_(options.max_snapshot_interval),
          raft_(raft),
          since_(node.now()) {}

    // Applies what is committed and not in `image` yet, on the raft host's turn; does not park.
    // Whether that was more than NoOpRecords.
    bool catch_up(MetadataImage& image, const ApplyBatch& apply = apply_batch);
    // `bytes` of records were applied by somebody else: a leader applies its own as it writes them.
    void note_applied(std::int64_t bytes) { bytes_ += bytes; }
    // Requires: `image` shows nothing uncommitted.
    void snapshot_if_due(const MetadataImage& image);

  private:
    sim::Node& node_;
    std::int64_t max_bytes_;
    Duration interval_;
    RaftHost& raft_;
    std::int64_t bytes_ = 0;  // of records since the last snapshot
    LocalTime since_;         // when that was
};

}  // namespace squall::model
