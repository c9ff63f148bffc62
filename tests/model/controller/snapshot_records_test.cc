#include "model/controller/snapshot_records.h"

#include <gtest/gtest.h>

#include "model/raft/snapshot.h"

namespace squall::model {
namespace {

// One of everything that an image can hold.
MetadataImage full_image() {
    MetadataImage image;
    image.next_offset = Offset{100};
    image.brokers[BrokerId{1}] = {.id = BrokerId{1},
                                  .epoch = BrokerEpoch{7},
                                  .incarnation_id = {1, 2},
                                  .host = "b1",
                                  .port = 9099,
                                  .supported_features = {{"transaction.version", {0, 2}}},
                                  .rack = "rack-1",
                                  .fenced = false,
                                  .in_controlled_shutdown = true};
    TopicImage& topic = image.topics["orders"];
    topic.name = "orders";
    topic.id = {3, 4};
    topic.configs = {{"cleanup.policy", "compact"}};
    topic.partitions.push_back({.replicas = {BrokerId{1}, BrokerId{2}, BrokerId{3}},
                                .isr = {BrokerId{1}},
                                .adding_replicas = {BrokerId{2}},
                                .removing_replicas = {BrokerId{3}},
                                .eligible_leader_replicas = {BrokerId{2}},
                                .last_known_elr = {BrokerId{3}},
                                .leader = BrokerId{1},
                                .leader_epoch = LeaderEpoch{5},
                                .partition_epoch = PartitionEpoch{6},
                                .recovering = true});
    image.broker_configs[""] = {{"min.insync.replicas", "2"}};
    image.broker_configs["1"] = {{"log.retention.ms", "1000"}};
    image.next_producer_id = ProducerId{4000};
    image.features = {{"metadata.version", 29}, {"group.version", 1}};
    return image;
}

struct FieldCount {
    int& count;
    template <class T>
    void operator()(std::string_view, const T&) {
        ++count;
    }
};

TEST(SnapshotRecords, GiveBackOneOfEverything) {
    const MetadataImage image = full_image();
    const Bytes content =
        raft::write_snapshot({image.next_offset, RaftEpoch{1}}, 0, 0, snapshot_values(image));
    const auto loaded = image_of_snapshot(content, image.next_offset);
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(*loaded, image);
}

// A new kind of metadata belongs into snapshot_records, and into the image above.
TEST(SnapshotRecords, KnowEveryFieldOfAnImage) {
    int count = 0;
    FieldCount fields{count};
    const MetadataImage image;
    MetadataImage::describe(image, fields);
    EXPECT_EQ(count, 6);
}

TEST(SnapshotRecords, AnEmptyImageHasNone) {
    EXPECT_TRUE(snapshot_records({}).empty());
}

}  // namespace
}  // namespace squall::model
