// Scenario: everything that decides a run but the seed, as one value. Read from and written to TOML
// by scenario_file.h; docs/SCENARIOS.md is the manual of the file.
//
// Options of the model are gathered here and nowhere else; each lives beside the code it
// configures, with Kafka's key names and defaults.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/broker/broker_config.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/producer/producer_options.h"
#include "model/rpc/codec_mode.h"
#include "sim/base/distribution.h"
#include "sim/base/time.h"
#include "sim/kernel/scheduling.h"

namespace squall::scenarios {

struct RunSection {
    WallTime start{std::chrono::seconds(1735689600)};  // 2025-01-01T00:00:00Z
    Duration storm = 60s;
    Duration calm = 30s;
    // Among tasks that are ready at one instant; its horizon is the whole run.
    sim::Scheduling scheduling{};
    std::optional<std::uint64_t> seed;  // repros only
    std::optional<std::uint64_t> hash;  // repros only: what the run gave when it was written
};

struct ClusterSection {
    std::uint32_t brokers = 3;
    std::uint32_t controllers = 1;
    std::uint32_t racks = 1;
    // process.roles=broker,controller: the controllers are the first brokers.
    bool combined = false;
    model::BrokerConfig config;  // of every broker and controller
};

// What is special about one machine: "b2", "c1", or a client's name.
struct NodeSection {
    Duration clock_offset{};
    std::int32_t clock_drift_ppm = 0;
    std::map<std::string, std::string> config;  // overrides of cluster.config, by Kafka's key
    std::vector<std::string> bugs;              // ids of model/bugs.cc
};

struct NetworkSection {
    DurationDistribution latency{DurationDistribution::LogNormal{300us, 2ms}};
    std::uint64_t bandwidth_bits_per_second = 1'000'000'000;
    model::CodecMode codec = model::CodecMode::move;
    Duration granularity{};  // 0: packets arrive when they arrive
};

struct DiskSection {
    DurationDistribution flush{DurationDistribution::LogNormal{1ms, 15ms}};
    std::uint64_t capacity_bytes = 10ull << 30;
};

struct TopicSection {
    std::int32_t partitions = 1;
    std::int16_t replication = 3;
    std::map<std::string, std::string> config;  // Kafka's topic settings
};

enum class CommitStyle : std::uint8_t { sync, async, automatic };
inline std::string_view to_string(CommitStyle style) {
    switch (style) {
        case CommitStyle::sync:
            return "sync";
        case CommitStyle::async:
            return "async";
        case CommitStyle::automatic:
            return "auto";
    }
    return "?";
}

struct GroupSection {
    std::uint32_t members = 1;
    CommitStyle commit = CommitStyle::sync;  // after each batch that was handled, or by the client
    bool rewind = true;   // who commits in transactions reads again what was aborted
    std::string pattern;  // of the topics to subscribe to; "": those of the workload
    std::map<std::string, std::string> consumer{};  // over workload.consumer, by Kafka's key

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("members", self.members);
        fields("commit", self.commit);
        fields("rewind", self.rewind);
        fields("pattern", self.pattern);
    }
};

struct WorkloadSection {
    std::string kind = "order-flow";
    std::uint32_t rate = 20;  // records per simulated second
    std::string flaw;         // the mistake that it is built with on purpose; "": none
    std::string input;        // a file of JSON lines to send instead of generated records
    std::vector<std::string> applications;  // of the kind "applications": their machines
    model::ProducerOptions producer;
    model::ConsumerOptions consumer;
    std::map<std::string, GroupSection> groups;
};

struct Expectation {
    std::string finding;  // an anomaly's type
    std::string because;  // its cause
};

struct ChecksSection {
    std::vector<std::string> require;    // checkers that must have had a chance to object
    std::vector<Expectation> expect;     // allowed findings that must appear
    std::vector<std::string> probes;     // "LeaderChanged >= 1": in every run
    std::vector<std::string> sometimes;  // events that some run of a hunt must show
};

// What a repro was written for. `squall replay` tells how much of it came again.
struct ReproSection {
    std::string checker;              // that objected
    std::string anomaly;              // with this
    std::vector<std::string> struck;  // "kill-leader 8.2s crash leader(orders-0) = b2", in order
    std::string commit;               // of the program that wrote it

    bool operator==(const ReproSection&) const = default;
};

// When an event of this name (with these field values, as printed) was seen for the nth time, and
// that long after it. `since` is the id of a fault: events count once it has struck.
struct EventCondition {
    std::string event;
    std::uint32_t nth = 1;
    std::string since;
    Duration after{};
    std::map<std::string, std::string> match;
};

struct FaultSection {
    std::string id;      // unique; generated where the file gives none
    std::string kind;    // a row of faults/registry.cc
    std::string target;  // a node, or a role: see faults/target.h
    // Exactly one of at, window, every, when.
    std::optional<Duration> at;
    std::optional<std::pair<Duration, Duration>> window;  // drawn uniformly from it
    std::optional<Duration> every;
    std::optional<EventCondition> when;
    std::optional<Duration> heal_after;          // "for": absent until the calm
    std::map<std::string, std::string> options;  // of this kind, as the file writes them
};

// What an administrator does, and when.
struct AdminSection {
    std::string id;    // unique; generated where the file gives none
    std::string kind;  // a row of admin/registry.cc
    Duration at{};
    std::optional<Duration> every{};             // and again and again, until the storm ends
    std::map<std::string, std::string> options;  // of this kind, as the file writes them
};

// One row of [swarm]: what a seed may choose for the value at `path`.
struct SwarmChoice {
    std::string path;
    std::vector<std::string> values;  // TOML values as text; or, where empty, the range:
    std::int64_t min = 0, max = 0;
};

struct SwarmFaults {
    std::vector<std::string> kinds;
    std::uint32_t min = 0, max = 0;  // how many
};

// Settings that go together or not at all: one seed in `one_in` has one of the sets, path -> value.
struct SwarmRarely {
    std::uint32_t one_in = 1;
    std::vector<std::map<std::string, std::string>> sets;
};

struct Swarm {
    std::vector<SwarmChoice> choices;
    std::optional<SwarmRarely> rarely;
    std::optional<SwarmFaults> faults;

    bool is_empty() const { return choices.empty() && !rarely && !faults; }
};

struct Scenario {
    std::string name;
    std::string about;
    RunSection run;
    ClusterSection cluster;
    std::vector<std::string> bugs;  // armed on every server: ids of model/bugs.cc
    std::map<std::string, NodeSection> nodes;
    NetworkSection network;
    DiskSection disk;
    std::map<std::string, TopicSection> topics;
    WorkloadSection workload;
    ChecksSection checks;
    std::vector<FaultSection> faults;
    std::vector<AdminSection> admin;
    Swarm swarm;
    std::optional<ReproSection> repro;
};

}  // namespace squall::scenarios
