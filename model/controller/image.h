// MetadataImage: what committed metadata says, as one value. The controller decides on it; each
// broker holds its own copy, replayed at its own speed, so stale views coexist.
//
// Only apply() (see records.h) changes an image: replay alone mutates.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/controller/features.h"
#include "model/protocol/types.h"

namespace squall::model {

// Whether a list of replicas (assignment, in-sync set, ELR) names the broker.
inline bool contains(const std::vector<BrokerId>& brokers, BrokerId broker) {
    return std::ranges::find(brokers, broker) != brokers.end();
}

struct BrokerImage {
    BrokerId id;
    BrokerEpoch epoch;
    Uuid incarnation_id;
    std::string host;  // the simulated node's name
    std::uint16_t port = 9092;
    FeatureRanges supported_features{};
    std::optional<std::string> rack;
    bool fenced = true;
    bool in_controlled_shutdown = false;

    bool operator==(const BrokerImage&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("id", self.id);
        fields("epoch", self.epoch);
        fields("incarnation_id", self.incarnation_id);
        fields("host", self.host);
        fields("port", self.port);
        fields("supported_features", self.supported_features);
        fields("rack", self.rack);
        fields("fenced", self.fenced);
        fields("in_controlled_shutdown", self.in_controlled_shutdown);
    }
};

struct PartitionImage {
    std::vector<BrokerId> replicas;
    std::vector<BrokerId> isr;
    std::vector<BrokerId> adding_replicas;  // KIP-455
    std::vector<BrokerId> removing_replicas;
    std::vector<BrokerId> eligible_leader_replicas;  // KIP-966
    std::vector<BrokerId> last_known_elr;
    BrokerId leader = no_broker;
    LeaderEpoch leader_epoch{0};
    PartitionEpoch partition_epoch{0};
    bool recovering = false;  // leaderRecoveryState RECOVERING: elected uncleanly

    bool operator==(const PartitionImage&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replicas", self.replicas);
        fields("isr", self.isr);
        fields("adding_replicas", self.adding_replicas);
        fields("removing_replicas", self.removing_replicas);
        fields("eligible_leader_replicas", self.eligible_leader_replicas);
        fields("last_known_elr", self.last_known_elr);
        fields("leader", self.leader);
        fields("leader_epoch", self.leader_epoch);
        fields("partition_epoch", self.partition_epoch);
        fields("recovering", self.recovering);
    }
};

struct TopicImage {
    std::string name;
    Uuid id;
    std::vector<PartitionImage> partitions;      // by partition index
    std::map<std::string, std::string> configs;  // topic-level overrides, Kafka's keys

    bool operator==(const TopicImage&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
        fields("id", self.id);
        fields("partitions", self.partitions);
        fields("configs", self.configs);
    }
};

struct MetadataImage {
    Offset next_offset{0};     // everything below it is applied
    FeatureLevels features{};  // finalized; those at level 0 are left out
    std::map<BrokerId, BrokerImage> brokers;
    std::map<std::string, TopicImage> topics;
    // Dynamic settings of brokers, by id; under "" those of all of them. Never empty maps.
    std::map<std::string, std::map<std::string, std::string>> broker_configs;
    ProducerId next_producer_id{0};  // all below are given out

    bool operator==(const MetadataImage&) const = default;

    // Null where there is no such topic, partition or broker.
    const TopicImage* find_topic(const std::string& name) const;
    const TopicImage* find_topic(const Uuid& id) const;
    const PartitionImage* find_partition(const TopicPartition& partition) const;
    const BrokerImage* find_broker(BrokerId id) const;
    // A dynamic setting of all brokers; nullptr where there is none.
    const std::string* find_broker_default(const std::string& key) const;
    // The finalized level of a feature; 0: it is off.
    FeatureLevel feature_level(std::string_view feature) const {
        return level_of(features, feature);
    }
    bool has_eligible_leader_replicas() const {
        return feature_level(feature::eligible_leader_replicas_version) >= 1;
    }
    bool has_consumer_protocol() const { return feature_level(feature::group_version) >= 1; }
    // A hash of the whole content, apart from how far it was replayed: equal content, equal
    // digests.
    std::uint64_t digest() const;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("next_offset", self.next_offset);
        fields("features", self.features);
        fields("brokers", self.brokers);
        fields("topics", self.topics);
        fields("broker_configs", self.broker_configs);
        fields("next_producer_id", self.next_producer_id);
    }
};

}  // namespace squall::model
