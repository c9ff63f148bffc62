// What the controller decided, emitted by the active controller when the record is committed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// A controller begins to decide: it leads the quorum, and has replayed all that is committed.
struct ControllerActivated {
    static constexpr std::string_view event_name = "ControllerActivated";
    BrokerId controller;
    RaftEpoch epoch;
    Offset replayed;  // everything below it

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("controller", self.controller);
        fields("epoch", self.epoch);
        fields("replayed", self.replayed);
    }
};

// It no longer leads; who waits for an answer is told NOT_CONTROLLER.
struct ControllerDeposed {
    static constexpr std::string_view event_name = "ControllerDeposed";
    BrokerId controller;
    RaftEpoch epoch;  // that it knows now
    std::int64_t unanswered = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("controller", self.controller);
        fields("epoch", self.epoch);
        fields("unanswered", self.unanswered);
    }
};

// The image of a controller shows what is committed below `offset`, and nothing else: told by a
// standby as it replays, by an active one whenever nothing it wrote is in flight, and by a deposed
// one when it has replayed what is committed in place of what it believed. `digest` is a hash of
// the image's content, comparable with those of brokers (MetadataApplied).
struct ControllerReplayed {
    static constexpr std::string_view event_name = "ControllerReplayed";
    BrokerId controller;
    Offset offset;
    std::uint64_t digest = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("controller", self.controller);
        fields("offset", self.offset);
        fields("digest", self.digest);
    }
};

// One setting, as it was given.
struct Setting {
    std::string name;
    std::string value;

    auto operator<=>(const Setting&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
        fields("value", self.value);
    }
};

struct TopicCreated {
    static constexpr std::string_view event_name = "TopicCreated";
    std::string topic;
    Uuid topic_id;
    std::int32_t partitions = 0;
    std::int32_t replication_factor = 0;
    std::int32_t min_insync_replicas = 1;
    bool unclean_leader_election = false;
    std::vector<Setting> settings{};  // of its own, in order of name

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic", self.topic);
        fields("topic_id", self.topic_id);
        fields("partitions", self.partitions);
        fields("replication_factor", self.replication_factor);
        fields("min.insync.replicas", self.min_insync_replicas);
        fields("unclean.leader.election.enable", self.unclean_leader_election);
        fields("settings", self.settings);
    }
};

// The committed state of a partition after a change (or its creation).
struct PartitionChanged {
    static constexpr std::string_view event_name = "PartitionChanged";
    TopicPartition partition;
    BrokerId leader = no_broker;
    LeaderEpoch leader_epoch;
    PartitionEpoch partition_epoch;
    std::vector<BrokerId> replicas;
    std::vector<BrokerId> isr;
    std::vector<BrokerId> eligible_leader_replicas;
    bool unclean = false;     // this leader was elected uncleanly
    bool recovering = false;  // leaderRecoveryState RECOVERING
    std::string reason;  // "created", "broker fenced", "broker unfenced", "alter partition", ...

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("partition", self.partition);
        fields("leader", self.leader);
        fields("leader_epoch", self.leader_epoch);
        fields("partition_epoch", self.partition_epoch);
        fields("replicas", self.replicas);
        fields("isr", self.isr);
        fields("eligible_leader_replicas", self.eligible_leader_replicas);
        fields("unclean", self.unclean);
        fields("recovering", self.recovering);
        fields("reason", self.reason);
    }
};

struct BrokerRegistered {
    static constexpr std::string_view event_name = "BrokerRegistered";
    BrokerId broker;
    BrokerEpoch broker_epoch;
    Uuid incarnation_id;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("broker_epoch", self.broker_epoch);
        fields("incarnation_id", self.incarnation_id);
    }
};

struct BrokerFenceChanged {
    static constexpr std::string_view event_name = "BrokerFenceChanged";
    BrokerId broker;
    BrokerEpoch broker_epoch;
    bool fenced = true;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("broker_epoch", self.broker_epoch);
        fields("fenced", self.fenced);
    }
};

// The broker is about to stop and gives up what it leads (controlled shutdown).
struct BrokerShutdownBegan {
    static constexpr std::string_view event_name = "BrokerShutdownBegan";
    BrokerId broker;
    BrokerEpoch broker_epoch;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("broker_epoch", self.broker_epoch);
    }
};

// A topic is gone; brokers that hold replicas of it delete them as they hear of it.
struct TopicDeleted {
    static constexpr std::string_view event_name = "TopicDeleted";
    std::string topic;
    Uuid topic_id;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic", self.topic);
        fields("topic_id", self.topic_id);
    }
};

// A dynamic setting of a topic or of brokers changed.
struct ConfigChanged {
    static constexpr std::string_view event_name = "ConfigChanged";
    std::string resource;  // "topic orders", "broker 1", "all brokers"
    std::string setting;
    std::string value;        // "" where it went back to its default
    bool is_default = false;  // it did

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("resource", self.resource);
        fields("setting", self.setting);
        fields("value", self.value);
        fields("is_default", self.is_default);
    }
};

// A level of a feature is finalized; 0: it is off.
struct FeatureLevelChanged {
    static constexpr std::string_view event_name = "FeatureLevelChanged";
    std::string feature;
    std::int16_t level = 0;
    std::string reason;  // "bootstrap": of a new cluster

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("feature", self.feature);
        fields("level", self.level);
        fields("reason", self.reason);
    }
};

struct BrokerUnregistered {
    static constexpr std::string_view event_name = "BrokerUnregistered";
    BrokerId broker;
    BrokerEpoch broker_epoch;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("broker_epoch", self.broker_epoch);
    }
};

}  // namespace squall::model
