#include "model/controller/records.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

using Ids = std::vector<BrokerId>;

rc::Gen<Ids> some_ids() {
    return rc::gen::map(rc::gen::container<std::vector<std::int32_t>>(rc::gen::inRange(0, 9)),
                        [](const std::vector<std::int32_t>& values) {
                            Ids ids;
                            for (const std::int32_t value : values) ids.push_back(BrokerId{value});
                            return ids;
                        });
}

std::optional<Ids> maybe_ids() {
    if (!*rc::gen::arbitrary<bool>()) return std::nullopt;
    return *some_ids();
}

Uuid some_uuid() {
    const auto high = *rc::gen::arbitrary<std::uint64_t>();
    const auto low = *rc::gen::arbitrary<std::uint64_t>();
    return {high, low};
}

MetadataRecord some_record() {
    const auto text = [] { return *rc::gen::arbitrary<std::string>(); };
    const auto number = [] { return *rc::gen::arbitrary<std::int32_t>(); };
    switch (*rc::gen::inRange(0, 10)) {
        case 0:
            return UnregisterBrokerRecord{BrokerId{number()}, BrokerEpoch{number()}};
        case 1:
            return TopicRecord{text(), some_uuid()};
        case 2: {
            PartitionRecord record;
            record.partition_id = number();
            record.topic_id = some_uuid();
            record.replicas = *some_ids();
            record.isr = *some_ids();
            record.removing_replicas = *some_ids();
            record.adding_replicas = *some_ids();
            record.leader = BrokerId{number()};
            record.leader_epoch = LeaderEpoch{number()};
            record.partition_epoch = PartitionEpoch{number()};
            record.eligible_leader_replicas = *some_ids();
            record.last_known_elr = *some_ids();
            return record;
        }
        case 3:
            return ConfigRecord{
                .resource_name = text(),
                .name = text(),
                .value = *rc::gen::arbitrary<bool>() ? std::optional(text()) : std::nullopt};
        case 4: {
            PartitionChangeRecord record;
            record.partition_id = number();
            record.topic_id = some_uuid();
            record.isr = maybe_ids();
            record.leader = BrokerId{*rc::gen::inRange(-2, 5)};
            record.replicas = maybe_ids();
            record.removing_replicas = maybe_ids();
            record.adding_replicas = maybe_ids();
            record.leader_recovery_state = static_cast<std::int8_t>(*rc::gen::inRange(-1, 2));
            record.eligible_leader_replicas = maybe_ids();
            record.last_known_elr = maybe_ids();
            return record;
        }
        case 5:
            return RemoveTopicRecord{some_uuid()};
        case 6:
            return BrokerRegistrationChangeRecord{
                BrokerId{number()}, BrokerEpoch{number()},
                static_cast<FlagChange>(*rc::gen::inRange(-1, 2)),
                static_cast<FlagChange>(*rc::gen::inRange(-1, 2))};
        case 7:
            return NoOpRecord{};
        case 8:
            return FeatureLevelRecord{text(), static_cast<FeatureLevel>(*rc::gen::inRange(0, 30))};
        default:
            return RegisterBrokerRecord{
                .broker_id = BrokerId{number()},
                .incarnation_id = some_uuid(),
                .broker_epoch = BrokerEpoch{number()},
                .host = text(),
                .port = *rc::gen::arbitrary<std::uint16_t>(),
                .features = {{text(), 0, 2}},
                .rack = *rc::gen::arbitrary<bool>() ? std::optional(text()) : std::nullopt,
                .fenced = *rc::gen::arbitrary<bool>()};
    }
}

RC_GTEST_PROP(MetadataRecords, DecodeIsTheInverseOfEncode, ()) {
    const MetadataRecord record = some_record();
    const Result<MetadataRecord> decoded = decode_record(encode_record(record));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(*decoded == record);
}

RC_GTEST_PROP(MetadataRecords, NoPrefixOfARecordDecodes, ()) {
    const MetadataRecord record = some_record();
    Bytes bytes = encode_record(record);
    bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
    RC_ASSERT(!decode_record(bytes).ok());
}

TEST(MetadataRecords, AreFramedAsInKafka) {
    // frame version 1, type 20, version 0, no tagged fields
    EXPECT_EQ(encode_record(NoOpRecord{}), (Bytes{0x01, 0x14, 0x00, 0x00}));
    EXPECT_EQ(to_hex(encode_record(TopicRecord{.name = "orders", .topic_id = {1, 2}})),
              "010200076f726465727300000000000000010000000000000002"
              "00");
}

TEST(MetadataRecords, OfUnknownTypeOrVersionAreCorrupt) {
    EXPECT_EQ(decode_record(Bytes{0x01, 0x7f, 0x00, 0x00}).error().failure, Failure::corrupt);
    EXPECT_EQ(decode_record(Bytes{0x01, 0x14, 0x07, 0x00}).error().failure, Failure::corrupt);
    EXPECT_EQ(decode_record(Bytes{0x02, 0x14, 0x00, 0x00}).error().failure, Failure::corrupt);
}

MetadataImage image_with_a_partition() {
    MetadataImage image;
    apply(image, Offset{1}, TopicRecord{.name = "orders", .topic_id = {1, 2}});
    PartitionRecord partition;
    partition.partition_id = 0;
    partition.topic_id = {1, 2};
    partition.replicas = {BrokerId{1}, BrokerId{2}, BrokerId{3}};
    partition.isr = partition.replicas;
    partition.leader = BrokerId{1};
    apply(image, Offset{2}, partition);
    return image;
}

PartitionChangeRecord change_of_orders_0() {
    PartitionChangeRecord record;
    record.partition_id = 0;
    record.topic_id = {1, 2};
    return record;
}

TEST(MetadataImage, LeaderEpochRisesWithANamedLeaderAndPartitionEpochWithEveryChange) {
    MetadataImage image = image_with_a_partition();
    PartitionChangeRecord shrink = change_of_orders_0();
    shrink.isr = Ids{BrokerId{1}, BrokerId{2}};
    apply(image, Offset{3}, shrink);
    const PartitionImage& partition = image.topics.at("orders").partitions[0];
    EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0});
    EXPECT_EQ(partition.partition_epoch, PartitionEpoch{1});
    PartitionChangeRecord elect = change_of_orders_0();
    elect.leader = BrokerId{2};
    apply(image, Offset{4}, elect);
    EXPECT_EQ(partition.leader_epoch, LeaderEpoch{1});
    EXPECT_EQ(partition.partition_epoch, PartitionEpoch{2});
    EXPECT_EQ(image.next_offset, Offset{5});
}

TEST(MetadataImage, RefusesWhatNoControllerCouldHaveCommitted) {
    MetadataImage image = image_with_a_partition();
    PartitionChangeRecord stranger = change_of_orders_0();
    stranger.leader = BrokerId{9};
    EXPECT_THROW(apply(image, Offset{3}, stranger), AssertionFailure);
    EXPECT_THROW(apply(image, Offset{1}, NoOpRecord{}), AssertionFailure);
    EXPECT_THROW(apply(image, Offset{3}, BrokerRegistrationChangeRecord{.broker_id = BrokerId{1}}),
                 AssertionFailure);
}

TEST(MetadataImage, DigestTellsImagesApart) {
    MetadataImage image = image_with_a_partition();
    MetadataImage other = image;
    EXPECT_EQ(image.digest(), other.digest());
    other.topics.at("orders").configs["min.insync.replicas"] = "2";
    EXPECT_NE(image.digest(), other.digest());
}

TEST(MetadataImage, FindsByNameIdAndPlace) {
    const MetadataImage image = image_with_a_partition();
    EXPECT_EQ(image.find_topic(Uuid{1, 2}), image.find_topic("orders"));
    EXPECT_EQ(image.find_topic(Uuid{1, 3}), nullptr);
    EXPECT_NE(image.find_partition({"orders", 0}), nullptr);
    EXPECT_EQ(image.find_partition({"orders", 1}), nullptr);
    EXPECT_EQ(image.find_partition({"orders", -1}), nullptr);
    EXPECT_EQ(image.find_broker(BrokerId{1}), nullptr);
}

}  // namespace
}  // namespace squall::model
