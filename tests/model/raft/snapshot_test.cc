#include "model/raft/snapshot.h"

#include <gtest/gtest.h>

#include "model/protocol/batch_view.h"
#include "model/protocol/control_batch.h"
#include "model/protocol/record_batch.h"

namespace squall::model::raft {
namespace {

const LogPosition id{Offset{42}, RaftEpoch{3}};

Bytes some_snapshot() {
    return write_snapshot(id, 1000, 2000, {Bytes{1, 2, 3}, Bytes{4, 5}});
}

TEST(Snapshot, IsNamedByItsId) {
    const std::string path = snapshot_path("__cluster_metadata-0", id);
    EXPECT_EQ(path, "__cluster_metadata-0/00000000000000000042-0000000003.checkpoint");
    EXPECT_EQ(snapshot_id(path), id);
    for (const char* other :
         {"__cluster_metadata-0/00000000000000000042.log", "__cluster_metadata-0/quorum-state",
          "__cluster_metadata-0/0000000000000000004x-0000000003.checkpoint", "loading.part"}) {
        EXPECT_EQ(snapshot_id(other), std::nullopt) << other;
    }
}

TEST(Snapshot, HoldsItsRecordsBetweenHeaderAndFooter) {
    const Bytes content = some_snapshot();
    EXPECT_TRUE(check_snapshot(content));
    BatchCursor cursor(content);
    const auto header = cursor.next();
    EXPECT_EQ(control_type(*header).value(), ControlType::snapshot_header);
    const auto records = cursor.next();
    EXPECT_EQ(records->base_offset(), Offset{1});
    EXPECT_EQ(records->last_offset(), Offset{2});
    RecordReader reader(*records);
    RecordView record;
    ASSERT_TRUE(reader.next(record));
    EXPECT_EQ(Bytes(record.value->begin(), record.value->end()), (Bytes{1, 2, 3}));
    const auto footer = cursor.next();
    EXPECT_EQ(control_type(*footer).value(), ControlType::snapshot_footer);
    EXPECT_FALSE(cursor.next());
}

TEST(Snapshot, IsGoodForNothingWhereverItIsCutOff) {
    const Bytes content = some_snapshot();
    for (std::size_t size = 0; size < content.size(); ++size) {
        EXPECT_FALSE(check_snapshot(ByteView(content).first(size))) << size;
    }
}

TEST(Snapshot, IsNotBelievedWithAFlippedBitInARecord) {
    const Bytes sound = some_snapshot();
    const std::size_t header = BatchView::at_front(sound)->size();
    const std::size_t records = BatchView::at_front(ByteView(sound).subspan(header))->size();
    constexpr std::size_t crc_covers_from = 21;
    for (std::size_t at = header + crc_covers_from; at < header + records; ++at) {
        Bytes content = sound;
        content[at] ^= 0x10;
        EXPECT_FALSE(check_snapshot(content)) << at;
    }
}

}  // namespace
}  // namespace squall::model::raft
