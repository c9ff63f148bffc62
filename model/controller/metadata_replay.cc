#include "model/controller/metadata_replay.h"

#include <variant>

#include "model/controller/records.h"
#include "model/protocol/record_batch.h"

namespace squall::model {

void apply_batch(MetadataImage& image, const MetadataBatch& batch) {
    Offset offset = batch.base_offset;
    for (const MetadataRecord& record : batch.records) {
        apply(image, offset, record);
        offset = offset.next();
    }
}

Result<ReplayedRun> replay(MetadataImage& image, ByteView records, const ApplyBatch& apply) {
    ReplayedRun run;
    BatchCursor cursor(records);
    while (const auto batch = cursor.next()) {
        if (batch->last_offset() < image.next_offset) continue;
        if (const Status sound = batch->check(); !sound) return sound.error();
        ++run.batches;
        if (!batch->attributes().is_control()) {
            MetadataBatch decoded{.base_offset = batch->base_offset(),
                                  .epoch = RaftEpoch(batch->partition_leader_epoch().value()),
                                  .records = {}};
            RecordReader reader(*batch);
            RecordView view;
            while (reader.next(view)) {
                if (!view.value)
                    return Error{Failure::corrupt, "a metadata record without a value"};
                Result<MetadataRecord> record = decode_record(*view.value);
                if (!record) return record.error();
                if (!std::holds_alternative<NoOpRecord>(*record)) run.changed = true;
                decoded.records.push_back(std::move(record).value());
            }
            if (!reader.status()) return reader.status().error();
            apply(image, decoded);
        }
        image.next_offset = batch->next_offset();
    }
    if (cursor.end() == BatchCursor::End::corrupt) {
        return Error{Failure::corrupt, "the metadata log holds what is no batch"};
    }
    return run;
}

}  // namespace squall::model
