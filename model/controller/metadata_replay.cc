#include "model/controller/metadata_replay.h"

#include <variant>

#include "model/controller/records.h"
#include "model/protocol/record_batch.h"

namespace squall::model {

Result<ReplayedRun> replay(MetadataImage& image, ByteView records) {
    ReplayedRun run;
    BatchCursor cursor(records);
    while (const auto batch = cursor.next()) {
        if (batch->last_offset() < image.next_offset) continue;
        if (const Status sound = batch->check(); !sound) return sound.error();
        ++run.batches;
        if (!batch->attributes().is_control()) {
            RecordReader reader(*batch);
            RecordView view;
            while (reader.next(view)) {
                if (!view.value)
                    return Error{Failure::corrupt, "a metadata record without a value"};
                const Result<MetadataRecord> record = decode_record(*view.value);
                if (!record) return record.error();
                apply(image, reader.offset(view), *record);
                if (!std::holds_alternative<NoOpRecord>(*record)) run.changed = true;
            }
            if (!reader.status()) return reader.status().error();
        }
        image.next_offset = batch->next_offset();
    }
    if (cursor.end() == BatchCursor::End::corrupt) {
        return Error{Failure::corrupt, "the metadata log holds what is no batch"};
    }
    return run;
}

}  // namespace squall::model
