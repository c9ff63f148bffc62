#include "model/controller/features.h"

#include <fmt/core.h>

#include <array>

#include "sim/base/assert.h"

namespace squall::model {

namespace {

// Below it there are no records of features (3.3-IV0).
constexpr FeatureLevel first_with_records = 4;

struct Dependency {
    std::string_view feature;
    FeatureLevel level = 0;
    std::string_view on;
    FeatureLevel at_least = 0;
};
constexpr std::array dependencies{
    Dependency{feature::eligible_leader_replicas_version, 1, feature::metadata_version,
               metadata_version_4_0_iv1},
};

// Since 3.3-IV3, the levels that brought new records or fields of records.
constexpr std::array metadata_changes{
    FeatureLevel{8},   // 3.4-IV0: migration from ZooKeeper
    FeatureLevel{11},  // 3.5-IV2: SCRAM
    FeatureLevel{13},  // 3.6-IV1: delegation tokens
    FeatureLevel{14},  // 3.6-IV2: an epoch in AlterPartition's replicas
    FeatureLevel{15},  // 3.7-IV0: registrations of controllers
    FeatureLevel{17},  // 3.7-IV2: directories
    FeatureLevel{23},  // 4.0-IV1: eligible leader replicas
};

}  // namespace

const FeatureRanges& supported_features() {
    static const FeatureRanges ranges{
        {std::string(feature::metadata_version),
         {metadata_version_3_3_iv3, metadata_version_4_2_iv1}},
        {std::string(feature::transaction_version), {0, 2}},
        {std::string(feature::group_version), {0, 1}},
        {std::string(feature::eligible_leader_replicas_version), {0, 1}},
    };
    return ranges;
}

FeatureRange range_of(const FeatureRanges& supported, std::string_view feature) {
    const auto found = supported.find(std::string(feature));
    return found == supported.end() ? FeatureRange{} : found->second;
}

FeatureLevel level_of(const FeatureLevels& finalized, std::string_view feature) {
    const auto found = finalized.find(std::string(feature));
    return found == finalized.end() ? FeatureLevel{0} : found->second;
}

std::optional<std::string> missing_dependency(std::string_view feature, FeatureLevel level,
                                              const FeatureLevels& levels) {
    if (level >= 1 && level_of(levels, feature::metadata_version) < first_with_records) {
        return fmt::format("{} could not be set to {} because it depends on metadata.version={}",
                           feature, level, first_with_records);
    }
    for (const Dependency& one : dependencies) {
        if (one.feature != feature || level < one.level) continue;
        if (level_of(levels, one.on) >= one.at_least) continue;
        return fmt::format("{} could not be set to {} because it depends on {} level {}", feature,
                           level, one.on, one.at_least);
    }
    return std::nullopt;
}

bool metadata_changed_between(FeatureLevel lower, FeatureLevel higher) {
    ASSERT(lower <= higher, "metadata.version {} above {}", lower, higher);
    for (const FeatureLevel change : metadata_changes) {
        if (lower < change && change <= higher) return true;
    }
    return false;
}

FeatureLevels FeatureOptions::levels() const {
    FeatureLevels levels;
    const auto set = [&](std::string_view name, FeatureLevel level) {
        if (level > 0) levels.emplace(name, level);
    };
    set(feature::metadata_version, metadata);
    set(feature::transaction_version, transaction);
    set(feature::group_version, group);
    set(feature::eligible_leader_replicas_version, eligible_leader_replicas);
    return levels;
}

}  // namespace squall::model
