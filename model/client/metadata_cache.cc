#include "model/client/metadata_cache.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

void MetadataCache::track(std::string_view topic) {
    if (tracked_.emplace(topic).second) {
        refresh_requested_ = true;
        has_new_topic_ = true;
    }
}

void MetadataCache::track_all() {
    if (std::exchange(tracks_all_, true)) return;
    refresh_requested_ = true;
    has_new_topic_ = true;
}

bool MetadataCache::is_news(const TopicPartition& partition, const Uuid& topic_id,
                            LeaderEpoch epoch) const {
    const auto seen = seen_epochs_.find(partition);
    if (seen == seen_epochs_.end()) return true;
    // The topic was deleted and created again: its epochs start anew.
    if (!topic_id.is_zero() && seen->second.topic_id != topic_id) return true;
    return epoch >= seen->second.epoch;
}

bool MetadataCache::apply(const MetadataResponse& response, LocalTime now, Draws& jitter) {
    const bool was_requested = refresh_requested_;
    const auto topics_before = topics_;
    const auto brokers_before = brokers_;
    refresh_requested_ = has_new_topic_;
    refreshed_at_ = now;
    failures_ = 0;
    ++version_;

    // An answer without a broker tells nothing about brokers; keep those that were known.
    if (!response.brokers.empty()) brokers_.clear();
    for (const MetadataResponse::Broker& broker : response.brokers) {
        brokers_[broker.node_id] = BrokerAddress{.id = broker.node_id,
                                                 .host = broker.host,
                                                 .port = static_cast<std::uint16_t>(broker.port)};
    }
    controller_ = response.controller_id;

    if (tracks_all_) {
        std::set<std::string, std::less<>> listed;
        for (const MetadataResponse::Topic& topic : response.topics) {
            if (topic.name) listed.insert(*topic.name);
        }
        std::erase_if(topics_, [&](const auto& entry) { return !listed.contains(entry.first); });
    }
    for (const MetadataResponse::Topic& topic : response.topics) {
        if (!topic.name) continue;
        if (tracks_all_) tracked_.insert(*topic.name);
        if (!tracked_.contains(*topic.name)) continue;
        topic_errors_[*topic.name] = topic.error_code;
        if (topic.error_code != ErrorCode::none) {
            topics_.erase(*topic.name);
            if (is_retriable(topic.error_code)) refresh_requested_ = true;
            continue;
        }
        TopicMetadata fresh{.id = topic.topic_id, .partitions = {}};
        const auto known = topics_.find(*topic.name);
        for (const MetadataResponse::Partition& partition : topic.partitions) {
            if (partition.partition_index < 0) continue;
            const auto index = static_cast<std::size_t>(partition.partition_index);
            if (fresh.partitions.size() <= index) fresh.partitions.resize(index + 1);
            const TopicPartition id{.topic = *topic.name, .partition = partition.partition_index};
            if (is_news(id, topic.topic_id, partition.leader_epoch)) {
                seen_epochs_[id] = {.topic_id = topic.topic_id, .epoch = partition.leader_epoch};
                fresh.partitions[index] = {.leader = partition.leader_id,
                                           .leader_epoch = partition.leader_epoch,
                                           .replicas = partition.replica_nodes,
                                           .isr = partition.isr_nodes};
            } else if (known != topics_.end() && index < known->second.partitions.size()) {
                fresh.partitions[index] = known->second.partitions[index];
            } else {
                // Known to be outdated, and nothing better at hand.
                fresh.partitions[index].leader_epoch = seen_epochs_.at(id).epoch;
                refresh_requested_ = true;
            }
            if (refreshes_metadata(partition.error_code) ||
                fresh.partitions[index].leader == no_broker) {
                refresh_requested_ = true;
            }
        }
        topics_[*topic.name] = std::move(fresh);
    }

    const bool changed = topics_ != topics_before || brokers_ != brokers_before;
    without_news_ = was_requested && !changed ? without_news_ + 1 : 0;
    note_backoff(without_news_ + 1, now, jitter);
    return changed;
}

void MetadataCache::refresh_failed(LocalTime now, Draws& jitter) {
    refresh_requested_ = true;
    ++failures_;
    note_backoff(failures_, now, jitter);
}

void MetadataCache::note_backoff(std::uint32_t failures, LocalTime now, Draws& jitter) {
    not_before_ = now + backoff_.delay(failures, jitter);
}

void MetadataCache::apply_leader_hint(const TopicPartition& partition, BrokerId leader,
                                      LeaderEpoch epoch) {
    const auto topic = topics_.find(partition.topic);
    if (topic == topics_.end() || partition.partition < 0 ||
        static_cast<std::size_t>(partition.partition) >= topic->second.partitions.size()) {
        return;
    }
    PartitionMetadata& known =
        topic->second.partitions[static_cast<std::size_t>(partition.partition)];
    if (leader == no_broker || epoch <= known.leader_epoch || !brokers_.contains(leader)) return;
    known.leader = leader;
    known.leader_epoch = epoch;
    seen_epochs_[partition] = {.topic_id = topic->second.id, .epoch = epoch};
    ++version_;
}

MetadataRequest MetadataCache::begin_refresh() {
    has_new_topic_ = false;
    MetadataRequest request;
    // An empty list means "no topics", null all of them.
    if (!tracks_all_) {
        request.topics.emplace();
        for (const std::string& topic : tracked_) {
            MetadataRequest::Topic wanted;
            wanted.name = topic;
            request.topics->push_back(std::move(wanted));
        }
    }
    // Topics are made by the admin client; a client's question must not create one.
    request.allow_auto_topic_creation = false;
    return request;
}

const TopicMetadata* MetadataCache::topic(std::string_view name) const {
    const auto found = topics_.find(name);
    return found == topics_.end() ? nullptr : &found->second;
}

const PartitionMetadata* MetadataCache::partition(const TopicPartition& partition) const {
    const TopicMetadata* const found = topic(partition.topic);
    if (found == nullptr || partition.partition < 0 ||
        static_cast<std::size_t>(partition.partition) >= found->partitions.size()) {
        return nullptr;
    }
    return &found->partitions[static_cast<std::size_t>(partition.partition)];
}

BrokerId MetadataCache::leader(const TopicPartition& partition) const {
    const PartitionMetadata* const found = this->partition(partition);
    return found != nullptr && brokers_.contains(found->leader) ? found->leader : no_broker;
}

LeaderEpoch MetadataCache::leader_epoch(const TopicPartition& partition) const {
    const PartitionMetadata* const found = this->partition(partition);
    return found == nullptr ? no_leader_epoch : found->leader_epoch;
}

std::optional<std::int32_t> MetadataCache::partition_count(std::string_view name) const {
    const TopicMetadata* const found = topic(name);
    if (found == nullptr || found->partitions.empty()) return std::nullopt;
    return static_cast<std::int32_t>(found->partitions.size());
}

std::vector<std::int32_t> MetadataCache::available_partitions(std::string_view name) const {
    std::vector<std::int32_t> available;
    const TopicMetadata* const found = topic(name);
    if (found == nullptr) return available;
    std::int32_t partition = 0;
    for (const PartitionMetadata& known : found->partitions) {
        if (brokers_.contains(known.leader)) available.push_back(partition);
        ++partition;
    }
    return available;
}

ErrorCode MetadataCache::topic_error(std::string_view name) const {
    const auto found = topic_errors_.find(name);
    return found == topic_errors_.end() ? ErrorCode::none : found->second;
}

Uuid MetadataCache::topic_id(std::string_view name) const {
    const TopicMetadata* const found = topic(name);
    return found == nullptr ? Uuid{} : found->id;
}

std::string MetadataCache::topic_name(const std::string& name, const Uuid& id) const {
    if (!name.empty() || id.is_zero()) return name;
    const auto found =
        std::ranges::find_if(topics_, [&](const auto& entry) { return entry.second.id == id; });
    return found == topics_.end() ? std::string() : found->first;
}

const BrokerAddress* MetadataCache::broker(BrokerId id) const {
    const auto found = brokers_.find(id);
    return found == brokers_.end() ? nullptr : &found->second;
}

LocalTime MetadataCache::next_refresh() const {
    if (has_new_topic_ && failures_ == 0) return LocalTime{};
    if (refresh_requested_ || !refreshed_at_) return not_before_;
    return std::max(*refreshed_at_ + max_age_, not_before_);
}

}  // namespace squall::model
