#include "model/controller/feature_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/controller/cluster_control.h"
#include "model/controller/snapshot_records.h"

namespace squall::model {
namespace {

using testing::HasSubstr;
using Updates = std::vector<UpdateFeaturesRequest::FeatureUpdate>;

constexpr std::int8_t up = 1;
constexpr std::int8_t safe_down = 2;
constexpr std::int8_t unsafe_down = 3;

UpdateFeaturesRequest::FeatureUpdate to(std::string_view feature, FeatureLevel level,
                                        std::int8_t type = up) {
    UpdateFeaturesRequest::FeatureUpdate update;
    update.feature = feature;
    update.max_version_level = level;
    update.upgrade_type = type;
    return update;
}

// A cluster that has just begun, with the levels of its configuration.
struct FeatureCluster {
    explicit FeatureCluster(FeatureOptions levels = {}) {
        options.features = levels;
        control.emplace(options);
        add(control->bootstrap());
    }
    void add(const std::vector<MetadataRecord>& records) {
        for (const MetadataRecord& record : records) apply(image, image.next_offset, record);
    }
    ErrorCode register_broker(std::int32_t id, const FeatureRanges& supported) {
        BrokerRegistrationRequest request;
        request.cluster_id = "squall";
        request.broker_id = BrokerId{id};
        request.incarnation_id = {1, 1};
        request.listeners.push_back({.name = "PLAINTEXT", .host = "b", .port = 9092});
        request.features = registered_ranges(supported);
        const auto decision =
            ClusterControl(options).register_broker(image, BrokerSessions(std::chrono::seconds(9)),
                                                    request, image.next_offset, LocalTime{});
        add(decision.records);
        return decision.response.error_code;
    }
    UpdateFeaturesResponse update(const Updates& updates, bool validate_only = false) {
        UpdateFeaturesRequest request;
        request.feature_updates = updates;
        request.validate_only = validate_only;
        const auto decision = control->update(image, request);
        if (decision.response.error_code != ErrorCode::none) {
            EXPECT_EQ(decision.response.error_code, ErrorCode::invalid_update_version);
            EXPECT_TRUE(decision.records.empty());
            EXPECT_TRUE(decision.response.results.empty());
        }
        add(decision.records);
        return decision.response;
    }
    std::string refusal(const Updates& updates) {
        const FeatureLevels before = image.features;
        const UpdateFeaturesResponse response = update(updates);
        EXPECT_EQ(response.error_code, ErrorCode::invalid_update_version);
        EXPECT_EQ(image.features, before);
        return response.error_message.value_or("");
    }

    ControllerOptions options;
    std::optional<FeatureControl> control;
    MetadataImage image;
};

TEST(FeatureControl, BeginsWithTheLevelsOfItsConfigurationMetadataVersionFirst) {
    FeatureOptions levels;
    levels.transaction = 1;
    levels.group = 0;
    const FeatureCluster cluster(levels);
    EXPECT_EQ(cluster.image.features, (FeatureLevels{{"eligible.leader.replicas.version", 1},
                                                     {"metadata.version", 29},
                                                     {"transaction.version", 1}}));
    const std::vector<MetadataRecord> records = cluster.control->bootstrap();
    EXPECT_EQ(std::get<FeatureLevelRecord>(records.front()).name, "metadata.version");
    // With ELR all brokers have one min.insync.replicas, and the metadata says which.
    EXPECT_EQ(*cluster.image.find_broker_default("min.insync.replicas"), "1");
}

TEST(FeatureControl, RaisesALevelAndTurnsItOffOnRequest) {
    FeatureOptions levels;
    levels.transaction = 1;
    FeatureCluster cluster(levels);
    const UpdateFeaturesResponse raised = cluster.update({to(feature::transaction_version, 2)});
    EXPECT_EQ(raised.error_code, ErrorCode::none);
    ASSERT_EQ(raised.results.size(), 1u);
    EXPECT_EQ(raised.results[0].feature, "transaction.version");
    EXPECT_EQ(cluster.image.feature_level(feature::transaction_version), 2);
    EXPECT_EQ(cluster.update({to(feature::transaction_version, 0, safe_down)}).error_code,
              ErrorCode::none);
    EXPECT_FALSE(cluster.image.features.contains("transaction.version"));
    // Where it is already there is no change, and no error.
    EXPECT_EQ(cluster.update({to(feature::group_version, 1)}).error_code, ErrorCode::none);
}

TEST(FeatureControl, GoesDownOnlyForWhoSaysSoAndNeverDownToAHigherLevel) {
    FeatureCluster cluster;
    EXPECT_THAT(cluster.refusal({to(feature::transaction_version, 1)}),
                HasSubstr("without setting the upgrade type"));
    EXPECT_EQ(cluster.update({to(feature::transaction_version, 1, unsafe_down)}).error_code,
              ErrorCode::none);
    EXPECT_THAT(cluster.refusal({to(feature::transaction_version, 2, safe_down)}),
                HasSubstr("Can't downgrade to a newer version."));
    EXPECT_THAT(cluster.refusal({to(feature::transaction_version, 2, 4)}),
                HasSubstr("does not support the given upgrade type"));
    EXPECT_THAT(cluster.refusal({to(feature::transaction_version, -1, safe_down)}),
                HasSubstr("cannot be less than 0"));
}

TEST(FeatureControl, IsAllOrNothing) {
    FeatureOptions levels;
    levels.transaction = 1;
    FeatureCluster cluster(levels);
    EXPECT_THAT(
        cluster.refusal({to(feature::transaction_version, 2), to(feature::group_version, 7)}),
        HasSubstr("The update failed for all features"));
    EXPECT_THAT(cluster.refusal({to("no.such.version", 1)}),
                HasSubstr("does not support this feature"));
    EXPECT_THAT(cluster.refusal({to(feature::kraft_version, 1)}),
                HasSubstr("does not support this feature"));
}

TEST(FeatureControl, OnlyTriesWhereItIsToValidateOnly) {
    FeatureOptions levels;
    levels.transaction = 1;
    FeatureCluster cluster(levels);
    EXPECT_EQ(cluster.update({to(feature::transaction_version, 2)}, true).error_code,
              ErrorCode::none);
    EXPECT_EQ(cluster.image.feature_level(feature::transaction_version), 1);
    EXPECT_EQ(cluster.update({to(feature::transaction_version, 3)}, true).error_code,
              ErrorCode::invalid_update_version);
}

TEST(FeatureControl, WaitsForTheOldestRegisteredBroker) {
    FeatureOptions levels;
    levels.transaction = 1;
    FeatureCluster cluster(levels);
    FeatureRanges old = supported_features();
    old["transaction.version"] = {0, 1};
    ASSERT_EQ(cluster.register_broker(1, supported_features()), ErrorCode::none);
    ASSERT_EQ(cluster.register_broker(2, old), ErrorCode::none);
    EXPECT_THAT(cluster.refusal({to(feature::transaction_version, 2)}),
                HasSubstr("Broker 2 only supports versions 0-1"));
    cluster.add({UnregisterBrokerRecord{
        .broker_id = BrokerId{2}, .broker_epoch = cluster.image.find_broker(BrokerId{2})->epoch}});
    EXPECT_EQ(cluster.update({to(feature::transaction_version, 2)}).error_code, ErrorCode::none);
}

TEST(FeatureControl, LetsInNoBrokerThatLacksAFinalizedLevel) {
    FeatureCluster cluster;
    FeatureRanges old = supported_features();
    old["transaction.version"] = {0, 1};
    EXPECT_EQ(cluster.register_broker(1, old), ErrorCode::unsupported_version);
    old.erase("transaction.version");  // as good as 0 alone
    EXPECT_EQ(cluster.register_broker(1, old), ErrorCode::unsupported_version);
    FeatureRanges newer = supported_features();
    newer["group.version"] = {2, 3};
    EXPECT_EQ(cluster.register_broker(1, newer), ErrorCode::unsupported_version);
    // What this cluster does not know may be off, not required.
    newer = supported_features();
    newer["share.version"] = {0, 1};
    EXPECT_EQ(cluster.register_broker(1, newer), ErrorCode::none);
    newer["streams.version"] = {1, 1};
    EXPECT_EQ(cluster.register_broker(2, newer), ErrorCode::unsupported_version);
    const BrokerImage& broker = *cluster.image.find_broker(BrokerId{1});
    EXPECT_EQ(broker.supported_features.at("transaction.version"), (FeatureRange{0, 2}));
}

TEST(FeatureControl, TakesMetadataVersionDownOnlyWhereNothingIsLost) {
    FeatureCluster cluster;
    EXPECT_EQ(cluster.update({to(feature::metadata_version, 25, safe_down)}).error_code,
              ErrorCode::none);
    EXPECT_EQ(cluster.update({to(feature::metadata_version, 23, safe_down)}).error_code,
              ErrorCode::none);
    EXPECT_THAT(cluster.refusal({to(feature::metadata_version, 22, safe_down)}),
                HasSubstr("might delete metadata"));
    EXPECT_THAT(cluster.refusal({to(feature::metadata_version, 22, unsafe_down)}),
                HasSubstr("Unsafe metadata downgrade is not supported"));
    EXPECT_THAT(cluster.refusal({to(feature::metadata_version, 6, unsafe_down)}),
                HasSubstr("only supports versions 7-29, not 6"));
    EXPECT_THAT(cluster.refusal({to(feature::metadata_version, 30)}),
                HasSubstr("only supports versions 7-29, not 30"));
}

TEST(Features, DependOnWhatIsFinalizedByTheSameUpdateOrBefore) {
    FeatureLevels levels{{"metadata.version", 22}};
    EXPECT_TRUE(
        missing_dependency(feature::eligible_leader_replicas_version, 1, levels).has_value());
    EXPECT_FALSE(
        missing_dependency(feature::eligible_leader_replicas_version, 0, levels).has_value());
    EXPECT_FALSE(missing_dependency(feature::transaction_version, 2, levels).has_value());
    levels["metadata.version"] = 23;
    EXPECT_FALSE(
        missing_dependency(feature::eligible_leader_replicas_version, 1, levels).has_value());
    levels["metadata.version"] = 3;
    EXPECT_TRUE(missing_dependency(feature::group_version, 1, levels).has_value());
}

// KIP-966: the controller counts with one min.insync.replicas, so from then on all brokers have it.
TEST(FeatureControl, MakesOneMinIsrHoldForAllBrokersWithEligibleLeaderReplicas) {
    FeatureOptions levels;
    levels.eligible_leader_replicas = 0;
    FeatureCluster cluster(levels);
    EXPECT_EQ(cluster.image.find_broker_default("min.insync.replicas"), nullptr);
    cluster.add({ConfigRecord{.resource_type = ConfigRecord::broker_resource,
                              .resource_name = "1",
                              .name = "min.insync.replicas",
                              .value = "3"}});
    ASSERT_EQ(cluster.update({to(feature::eligible_leader_replicas_version, 1)}).error_code,
              ErrorCode::none);
    EXPECT_EQ(*cluster.image.find_broker_default("min.insync.replicas"), "1");
    EXPECT_FALSE(cluster.image.broker_configs.contains("1"));
    EXPECT_TRUE(cluster.image.has_eligible_leader_replicas());
}

// Whatever is asked for in whatever order: what is finalized is supported by everybody, and a
// snapshot gives it back.
RC_GTEST_PROP(FeatureControl, FinalizesOnlyWhatAllSupport, ()) {
    FeatureCluster cluster;
    FeatureRanges ranges = supported_features();
    for (auto& [name, range] : ranges) {
        const FeatureLevel level = cluster.image.feature_level(name);
        range = {static_cast<FeatureLevel>(*rc::gen::inRange(0, level + 1)),
                 static_cast<FeatureLevel>(*rc::gen::inRange<int>(level, 31))};
    }
    RC_ASSERT(cluster.register_broker(1, ranges) == ErrorCode::none);
    for (int i = 0; i < 20; ++i) {
        auto name = ranges.begin();
        std::advance(name, *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(ranges)));
        const auto level = static_cast<FeatureLevel>(*rc::gen::inRange(-1, 31));
        const auto type = static_cast<std::int8_t>(*rc::gen::inRange(0, 5));
        const MetadataImage before = cluster.image;
        const ErrorCode error = cluster.update({to(name->first, level, type)}).error_code;
        RC_ASSERT(error == ErrorCode::none || before == cluster.image);
        if (error == ErrorCode::none) RC_ASSERT(cluster.image.feature_level(name->first) == level);
        for (const auto& [feature, range] : ranges) {
            const FeatureLevel finalized = cluster.image.feature_level(feature);
            RC_ASSERT(range.contains(finalized));
            RC_ASSERT(supported_features().at(feature).contains(finalized));
        }
    }
    MetadataImage replayed;
    for (const MetadataRecord& record : snapshot_records(cluster.image)) {
        apply(replayed, replayed.next_offset, record);
    }
    RC_ASSERT(replayed.features == cluster.image.features);
    RC_ASSERT(replayed.brokers == cluster.image.brokers);
}

}  // namespace
}  // namespace squall::model
