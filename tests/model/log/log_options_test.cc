#include "model/log/log_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/log/offset_checkpoint.h"
#include "model/log/partition_metadata.h"
#include "sim/base/describe.h"

namespace squall::model {
namespace {

using testing::HasSubstr;

TEST(LogOptions, HaveKafkasDefaults) {
    const std::string text = print_fields(LogOptions());
    for (const char* setting :
         {"segment.bytes=1073741824", "max.message.bytes=1048588", "cleanup.policy=delete",
          "min.cleanable.dirty.ratio=0.500", "message.timestamp.type=CreateTime",
          "index.interval.bytes=4096", "retention.bytes=-1", "min.insync.replicas=1"}) {
        EXPECT_THAT(text, HasSubstr(setting));
    }
}

TEST(LogOptions, TakeATopicsSettingsOverTheBrokers) {
    LogOptions broker;
    broker.retention_ms = std::chrono::milliseconds(5);
    const LogOptions options = broker
                                   .with({{"segment.bytes", "1048576"},
                                          {"cleanup.policy", "compact,delete"},
                                          {"min.cleanable.dirty.ratio", "0.25"},
                                          {"message.timestamp.type", "LogAppendTime"},
                                          {"unclean.leader.election.enable", "true"},
                                          {"flush.messages", "1"}})
                                   .value();
    EXPECT_EQ(options.segment_bytes, 1 << 20);
    EXPECT_EQ(options.cleanup_policy, (CleanupPolicy{.deletes = true, .compacts = true}));
    EXPECT_EQ(options.min_cleanable_dirty_ratio.value, 250);
    EXPECT_EQ(options.message_timestamp_type, TimestampType::log_append_time);
    EXPECT_TRUE(options.unclean_leader_election_enable);
    EXPECT_EQ(options.flush_messages, 1);
    EXPECT_EQ(options.retention_ms.count(), 5);
    EXPECT_EQ(broker.with({}).value(), broker);
}

// ConfigDef trims, takes booleans in any case, lists with blanks, and any decimal.
TEST(LogOptions, AreReadAsKafkaReadsThem) {
    const auto options = LogOptions()
                             .with({{"segment.bytes", " 1048576 "},
                                    {"cleanup.policy", " delete , compact,delete"},
                                    {"min.cleanable.dirty.ratio", "0.33333"},
                                    {"unclean.leader.election.enable", "TRUE"}})
                             .value();
    EXPECT_EQ(options.segment_bytes, 1 << 20);
    EXPECT_EQ(options.cleanup_policy, (CleanupPolicy{.deletes = true, .compacts = true}));
    EXPECT_EQ(options.min_cleanable_dirty_ratio.value, 333);
    EXPECT_TRUE(options.unclean_leader_election_enable);
}

TEST(LogOptions, SayWhatIsWrongWithASetting) {
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"segment.byte", "1048576"},
        {"segment.bytes", "14"},
        {"segment.bytes", "2147483648"},
        {"segment.bytes", "many"},
        {"segment.bytes", "1048576 0"},
        {"cleanup.policy", "compact,"},
        {"cleanup.policy", ""},
        {"retention.ms", "-2"},
        {"cleanup.policy", "shred"},
        {"min.cleanable.dirty.ratio", "1.001"},
        {"min.cleanable.dirty.ratio", "-0.1"},
        {"min.cleanable.dirty.ratio", "0.-1"},
        {"min.cleanable.dirty.ratio", "half"},
        {"message.timestamp.type", "createtime"},
        {"unclean.leader.election.enable", "yes"},
        {"compression.type", "gzip"},
        {"min.insync.replicas", "0"}};
    for (const auto& [key, value] : wrong) {
        const auto options = LogOptions().with({{key, value}});
        ASSERT_FALSE(options.ok()) << key << "=" << value;
        EXPECT_EQ(options.error().failure, Failure::invalid_input);
        EXPECT_THAT(options.error().detail, HasSubstr("'" + key + "'"));
    }
    EXPECT_FALSE(
        LogOptions().with({{"min.compaction.lag.ms", "10"}, {"max.compaction.lag.ms", "5"}}).ok());
}

TEST(OffsetCheckpoint, IsKafkasTextAndReadsBack) {
    const std::map<TopicPartition, Offset> offsets{
        {{.topic = "orders", .partition = 0}, Offset(120)},
        {{.topic = "orders", .partition = 2}, Offset(44)}};
    const std::string text = OffsetCheckpoint::encode(offsets);
    EXPECT_EQ(text, "0\n2\norders 0 120\norders 2 44\n");
    EXPECT_EQ(OffsetCheckpoint::decode(text).value(), offsets);
    for (const char* broken : {"", "0\n1\norders 0\n", "0\n1\norders 0 -1\n", "0\n1\norders x 1\n",
                               "0\n2\norders 0 1\n", "0\n0\nrest"}) {
        EXPECT_EQ(OffsetCheckpoint::decode(broken).error().failure, Failure::corrupt) << broken;
    }
}

TEST(PartitionMetadata, ReadsBackTheTopicId) {
    for (const Uuid& id : {Uuid{.high = 0, .low = 0}, Uuid{.high = 1, .low = 1},
                           Uuid{.high = 0x0123456789abcdefu, .low = 0xfedcba9876543210u},
                           Uuid{.high = UINT64_MAX, .low = UINT64_MAX}}) {
        EXPECT_EQ(decode_partition_metadata(encode_partition_metadata(id)).value(), id)
            << to_string(id);
    }
    for (const char* broken : {"", "version: 0\n", "version: 1\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA\n",
                               "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAA\n",
                               "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAB\n",
                               "version: 0\ntopic_id: AAAAAAAAAA+AAAAAAAAAAA\n"}) {
        EXPECT_EQ(decode_partition_metadata(broken).error().failure, Failure::corrupt) << broken;
    }
}

TEST(PartitionMetadata, TellsAPartitionFromItsFolder) {
    EXPECT_EQ(partition_of_folder("a-b-12"), (TopicPartition{.topic = "a-b", .partition = 12}));
    for (const char* folder : {"orders", "-1", "orders-", "orders-x", "orders-01", "orders--1"}) {
        const auto partition = partition_of_folder(folder);
        if (std::string_view(folder) == "orders--1") {
            EXPECT_EQ(partition, (TopicPartition{.topic = "orders-", .partition = 1}));
        } else {
            EXPECT_EQ(partition, std::nullopt) << folder;
        }
    }
}

}  // namespace
}  // namespace squall::model
