// MetadataReplay: an image and the batches of the metadata log applied to it, whole batches at a
// time. Pure; shared by the controller and the brokers' observers.
#pragma once

#include <functional>
#include <vector>

#include "model/controller/image.h"
#include "model/controller/records.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

struct ReplayedRun {
    bool changed = false;  // more than NoOpRecords and control records
    std::int64_t batches = 0;
};

// The records of one batch; the n-th is at base_offset + n.
struct MetadataBatch {
    Offset base_offset;
    RaftEpoch epoch;  // of the controller that wrote it
    std::vector<MetadataRecord> records;
};

// Applies the records of a batch to the image.
using ApplyBatch = std::function<void(MetadataImage&, const MetadataBatch&)>;
void apply_batch(MetadataImage& image, const MetadataBatch& batch);

// Applies the whole batches in `records` from image.next_offset on; control batches only take
// offsets. Corrupt: a batch or record does not make sense; the image is then good for nothing.
Result<ReplayedRun> replay(MetadataImage& image, ByteView records,
                           const ApplyBatch& apply = apply_batch);

}  // namespace squall::model
