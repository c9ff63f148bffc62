#include "model/protocol/control_batch.h"

#include <gtest/gtest.h>

#include "model/protocol/record_batch.h"

namespace squall::model {
namespace {

TEST(ControlBatch, CarriesATransactionMarker) {
    for (const bool is_commit : {true, false}) {
        const TransactionMarker marker{.producer_id = ProducerId(4711),
                                       .producer_epoch = ProducerEpoch(2),
                                       .is_commit = is_commit,
                                       .coordinator_epoch = 9};
        const Bytes bytes = marker_batch(marker, 1000);
        const BatchView view = BatchView::at_front(bytes).value();
        EXPECT_TRUE(view.check().ok());
        EXPECT_TRUE(view.attributes().is_control());
        EXPECT_TRUE(view.attributes().is_transactional());
        EXPECT_EQ(view.base_sequence(), no_sequence);
        EXPECT_EQ(control_type(view).value(), is_commit ? ControlType::commit : ControlType::abort);
        EXPECT_EQ(read_marker(view).value(), marker);
        EXPECT_FALSE(read_leader_change(view).ok());
    }
}

// Key and value as KIP-98 lays them out.
TEST(ControlBatch, WritesAMarkerAsKafkaDoes) {
    const Bytes bytes = marker_batch({.producer_id = ProducerId(1),
                                      .producer_epoch = ProducerEpoch(0),
                                      .is_commit = true,
                                      .coordinator_epoch = 5},
                                     1000);
    const RecordBatch batch = decode_batch(bytes).value();
    ASSERT_EQ(batch.records.size(), 1u);
    EXPECT_EQ(to_hex(*batch.records[0].key), "00000001");
    EXPECT_EQ(to_hex(*batch.records[0].value), "000000000005");
}

TEST(ControlBatch, CarriesALeaderChange) {
    const LeaderChange change{.version = 1,
                              .leader_id = BrokerId(3),
                              .voters = {{BrokerId(1), {1, 2}}, {BrokerId(3), {5, 6}}},
                              .granting_voters = {{BrokerId(3), {5, 6}}}};
    const Bytes bytes = leader_change_batch(change, 1000);
    const BatchView view = BatchView::at_front(bytes).value();
    EXPECT_TRUE(view.attributes().is_control());
    EXPECT_FALSE(view.attributes().is_transactional());
    EXPECT_EQ(control_type(view).value(), ControlType::leader_change);
    EXPECT_EQ(read_leader_change(view).value(), change);
    EXPECT_FALSE(read_marker(view).ok());
}

TEST(ControlBatch, RefusesWhatIsNone) {
    BatchBuilder data;
    data.append(1000, as_bytes("\0\0\0\1"), as_bytes("v"));
    const Bytes plain = data.finish();
    EXPECT_FALSE(control_type(BatchView::at_front(plain).value()).ok());

    BatchBuilder keyless({.is_control = true});
    keyless.append(1000, std::nullopt, std::nullopt);
    const Bytes no_key = keyless.finish();
    EXPECT_FALSE(control_type(BatchView::at_front(no_key).value()).ok());

    BatchBuilder half({.is_control = true});
    half.append(1000, as_bytes("\0"), std::nullopt);
    const Bytes short_key = half.finish();
    EXPECT_FALSE(control_type(BatchView::at_front(short_key).value()).ok());
}

}  // namespace
}  // namespace squall::model
