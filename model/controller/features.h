// Features: what the whole cluster has agreed to do (KIP-584, KIP-1022). Every process supports a
// range of levels of each feature; one level is finalized, by a FeatureLevelRecord of the metadata
// log. Level 0 is off, and is left out of the finalized levels.
//
// Here are the features of Kafka 4.2 with their levels, what a level depends on, and the levels
// that a new cluster begins with. kraft.version is not among them: the quorum keeps it in its own
// log (KRaftVersionRecord).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/setting_bounds.h"

namespace squall::model {

using FeatureLevel = std::int16_t;
using FeatureLevels = std::map<std::string, FeatureLevel>;

namespace feature {
// Of the versions of metadata records and of what brokers do with them.
inline constexpr std::string_view metadata_version = "metadata.version";
// 1: flexible records in __transaction_state; 2: an epoch for each transaction (KIP-890).
inline constexpr std::string_view transaction_version = "transaction.version";
// 1: the consumer rebalance protocol (KIP-848).
inline constexpr std::string_view group_version = "group.version";
// 1: KIP-966.
inline constexpr std::string_view eligible_leader_replicas_version =
    "eligible.leader.replicas.version";
// Not in the metadata log.
inline constexpr std::string_view kraft_version = "kraft.version";
}  // namespace feature

// Levels of metadata.version, by the names of Kafka's releases.
inline constexpr FeatureLevel metadata_version_3_3_iv3 = 7;
inline constexpr FeatureLevel metadata_version_4_0_iv1 = 23;
inline constexpr FeatureLevel metadata_version_4_2_iv1 = 29;

// Levels, both ends included.
struct FeatureRange {
    FeatureLevel min = 0;
    FeatureLevel max = 0;

    bool contains(FeatureLevel level) const { return min <= level && level <= max; }
    bool operator==(const FeatureRange&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("min", self.min);
        fields("max", self.max);
    }
};
using FeatureRanges = std::map<std::string, FeatureRange>;

// What brokers and controllers of this software support.
const FeatureRanges& supported_features();
// Of a process that does not name a feature: 0 alone.
FeatureRange range_of(const FeatureRanges& supported, std::string_view feature);
// Absent is 0.
FeatureLevel level_of(const FeatureLevels& finalized, std::string_view feature);

// What a level of a feature needs of another, if `levels` do not have it, in Kafka's words.
std::optional<std::string> missing_dependency(std::string_view feature, FeatureLevel level,
                                              const FeatureLevels& levels);
// Whether metadata records of the higher level say what the lower one cannot.
// Requires: lower <= higher, both supported.
bool metadata_changed_between(FeatureLevel lower, FeatureLevel higher);

// The levels of a new cluster, by the features' names; the defaults are 4.2's.
struct FeatureOptions {
    FeatureLevel metadata = metadata_version_4_2_iv1;
    FeatureLevel transaction = 2;
    FeatureLevel group = 1;
    FeatureLevel eligible_leader_replicas = 1;

    // Without those at 0.
    FeatureLevels levels() const;

    bool operator==(const FeatureOptions&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("metadata.version", self.metadata,
               SettingBounds{.low = metadata_version_4_0_iv1, .high = metadata_version_4_2_iv1});
        fields("transaction.version", self.transaction, SettingBounds{.low = 0, .high = 2});
        fields("group.version", self.group, SettingBounds{.low = 0, .high = 1});
        fields("eligible.leader.replicas.version", self.eligible_leader_replicas,
               SettingBounds{.low = 0, .high = 1});
    }
};

}  // namespace squall::model
