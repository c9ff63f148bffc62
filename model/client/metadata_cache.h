// MetadataCache: what a client believes about brokers, topics and leaders, and how sure it is.
//
// Brokers answer Metadata from their own replayed image, each with its own delay, so answers may
// arrive newest first. The cache keeps the highest leader epoch seen for each partition and ignores
// older ones, unless the topic was created anew with another topic id (KAFKA-12257). Knows only the
// topics it was asked to track. Also takes the leader hints that Produce and Fetch responses carry
// (KIP-951).
//
// Staleness: a refresh is due when somebody asked for one, or when the cache is older than
// metadata.max.age.ms; never before the back-off after a failed refresh, or after one that brought
// no news, has passed. Pure: the time is passed in, the request is made by cluster_host.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/client/client_options.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/types.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

struct BrokerAddress {
    BrokerId id = no_broker;
    std::string host;  // the simulated node's name
    std::uint16_t port = 9092;

    bool operator==(const BrokerAddress&) const = default;
};

struct PartitionMetadata {
    BrokerId leader = no_broker;
    LeaderEpoch leader_epoch = no_leader_epoch;
    std::vector<BrokerId> replicas;
    std::vector<BrokerId> isr;

    bool operator==(const PartitionMetadata&) const = default;
};

struct TopicMetadata {
    Uuid id;
    std::vector<PartitionMetadata> partitions;  // by partition index

    bool operator==(const TopicMetadata&) const = default;
};

class MetadataCache {
  public:
    explicit MetadataCache(const ClientOptions& options)
        : max_age_(options.metadata_max_age), backoff_(options.backoff()) {}

    // ---- what is tracked ----

    // A new topic makes a refresh due at once, without back-off.
    void track(std::string_view topic);
    // From now on whatever topics there are.
    void track_all();
    const std::set<std::string, std::less<>>& tracked() const { return tracked_; }

    // The request for all tracked topics.
    MetadataRequest begin_refresh();

    // ---- what came in ----

    // Takes the answer to begin_refresh(). Asks for another refresh where a tracked topic or
    // partition came with an error that passes. Answers whether anything changed.
    bool apply(const MetadataResponse& response, LocalTime now, Draws& jitter);
    void refresh_failed(LocalTime now, Draws& jitter);
    // A broker says who leads this partition; older epochs are ignored.
    void apply_leader_hint(const TopicPartition& partition, BrokerId leader, LeaderEpoch epoch);

    // ---- what is known ----

    // Null: unknown (not tracked, not answered yet, or answered with an error).
    const TopicMetadata* topic(std::string_view name) const;
    const PartitionMetadata* partition(const TopicPartition& partition) const;
    // no_broker: unknown, or leaderless.
    BrokerId leader(const TopicPartition& partition) const;
    LeaderEpoch leader_epoch(const TopicPartition& partition) const;
    std::optional<std::int32_t> partition_count(std::string_view topic) const;
    // Partitions of the topic whose leader is a known broker, ascending.
    std::vector<std::int32_t> available_partitions(std::string_view topic) const;
    // Has any answer spoken of this topic, if only with an error?
    bool is_answered(std::string_view name) const { return topic_errors_.contains(name); }
    // The error that the last answer gave for this topic.
    ErrorCode topic_error(std::string_view name) const;
    // Zero: unknown.
    Uuid topic_id(std::string_view name) const;
    // Newer versions of many messages name topics by their ids alone: the name that is meant, ""
    // where nobody knows.
    std::string topic_name(const std::string& name, const Uuid& id) const;

    const std::map<BrokerId, BrokerAddress>& brokers() const { return brokers_; }
    const BrokerAddress* broker(BrokerId id) const;
    BrokerId controller() const { return controller_; }
    // Grows with every answer that was taken.
    std::uint64_t version() const { return version_; }

    // ---- staleness ----

    void request_refresh() { refresh_requested_ = true; }
    // When the next refresh is due: now or earlier means at once.
    LocalTime next_refresh() const;
    bool is_refresh_requested() const { return refresh_requested_; }

  private:
    // Does `epoch`, told now, supersede what is known? The rule of KAFKA-12257.
    bool is_news(const TopicPartition& partition, const Uuid& topic_id, LeaderEpoch epoch) const;
    void note_backoff(std::uint32_t failures, LocalTime now, Draws& jitter);

    struct SeenEpoch {
        Uuid topic_id;
        LeaderEpoch epoch;
    };

    std::chrono::milliseconds max_age_;
    RetryBackoff backoff_;
    std::set<std::string, std::less<>> tracked_;
    bool tracks_all_ = false;
    std::map<BrokerId, BrokerAddress> brokers_;
    std::map<std::string, TopicMetadata, std::less<>> topics_;
    std::map<std::string, ErrorCode, std::less<>> topic_errors_;
    std::map<TopicPartition, SeenEpoch> seen_epochs_;  // outlives the topic's entry
    BrokerId controller_ = no_broker;
    std::uint64_t version_ = 0;

    bool refresh_requested_ = true;
    bool has_new_topic_ = false;  // tracked since the last begin_refresh
    std::optional<LocalTime> refreshed_at_;
    LocalTime not_before_;
    std::uint32_t failures_ = 0;      // refreshes in a row that failed
    std::uint32_t without_news_ = 0;  // asked-for refreshes in a row that changed nothing
};

}  // namespace squall::model
