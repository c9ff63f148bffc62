#include "model/controller/metadata_loader_host.h"

#include "model/controller/snapshot_records.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {
constexpr std::int64_t replay_bytes = 1 << 20;
}

bool MetadataLoaderHost::catch_up(MetadataImage& image, const ApplyBatch& apply) {
    bool changed = false;
    if (image.next_offset < raft_.log_start()) {
        Result<MetadataImage> loaded =
            image_of_snapshot(raft_.read_snapshot(), raft_.snapshot().offset);
        // It was checked before it was taken over; bits may have flipped since.
        if (!loaded) raft_.halt(loaded.error());
        image = std::move(loaded).value();
        changed = true;
    }
    while (image.next_offset < raft_.high_watermark()) {
        const Offset before = image.next_offset;
        const Bytes records = raft_.read_committed(before, replay_bytes);
        const Result<ReplayedRun> run = replay(image, records, apply);
        // Batches came in with their CRCs checked and were committed by a controller: what does not
        // replay was spoilt on this disk.
        if (!run) raft_.halt(run.error());
        ASSERT(image.next_offset > before, "no batch at {}", before);
        note_applied(std::ssize(records));
        changed = changed || run->changed;
    }
    return changed;
}

void MetadataLoaderHost::snapshot_if_due(const MetadataImage& image) {
    const bool is_long = bytes_ >= max_bytes_;
    const bool is_old = interval_ > Duration::zero() && node_.now() - since_ >= interval_;
    if (!is_long && !is_old) return;
    if (image.next_offset != raft_.high_watermark()) return;
    bytes_ = 0;
    since_ = node_.now();
    raft_.take_snapshot(image.next_offset, snapshot_values(image));
}

}  // namespace squall::model
