// MetadataReplay: an image and the batches of the metadata log applied to it, whole batches at a
// time. Pure; shared by the controller and the brokers' observers.
#pragma once

#include "model/controller/image.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

struct ReplayedRun {
    bool changed = false;  // more than NoOpRecords and control records
    std::int64_t batches = 0;
};

// Applies the whole batches in `records` from image.next_offset on; control batches only take
// offsets. Corrupt: a batch or record does not make sense; the image is then good for nothing.
Result<ReplayedRun> replay(MetadataImage& image, ByteView records);

}  // namespace squall::model
