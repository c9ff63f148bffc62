#include "model/controller/dynamic_config.h"

#include <algorithm>
#include <array>
#include <utility>

namespace squall::model {

namespace {

// Kafka's ServerTopicConfigSynonyms, without those in other units than the topic's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 21> synonyms{{
    {"compression.type", "compression.type"},
    {"log.cleaner.delete.retention.ms", "delete.retention.ms"},
    {"log.cleaner.max.compaction.lag.ms", "max.compaction.lag.ms"},
    {"log.cleaner.min.cleanable.ratio", "min.cleanable.dirty.ratio"},
    {"log.cleaner.min.compaction.lag.ms", "min.compaction.lag.ms"},
    {"log.cleanup.policy", "cleanup.policy"},
    {"log.flush.interval.messages", "flush.messages"},
    {"log.flush.interval.ms", "flush.ms"},
    {"log.index.interval.bytes", "index.interval.bytes"},
    {"log.index.size.max.bytes", "segment.index.bytes"},
    {"log.message.timestamp.after.max.ms", "message.timestamp.after.max.ms"},
    {"log.message.timestamp.before.max.ms", "message.timestamp.before.max.ms"},
    {"log.message.timestamp.type", "message.timestamp.type"},
    {"log.retention.bytes", "retention.bytes"},
    {"log.retention.ms", "retention.ms"},
    {"log.roll.ms", "segment.ms"},
    {"log.segment.bytes", "segment.bytes"},
    {"log.segment.delete.delay.ms", "file.delete.delay.ms"},
    {"message.max.bytes", "max.message.bytes"},
    {"min.insync.replicas", "min.insync.replicas"},
    {"unclean.leader.election.enable", "unclean.leader.election.enable"},
}};

}  // namespace

std::optional<std::string_view> topic_setting_of(std::string_view broker_setting) {
    for (const auto& [broker, topic] : synonyms) {
        if (broker == broker_setting) return topic;
    }
    return std::nullopt;
}

std::optional<std::string_view> broker_setting_of(std::string_view topic_setting) {
    for (const auto& [broker, topic] : synonyms) {
        if (topic == topic_setting) return broker;
    }
    return std::nullopt;
}

std::map<std::string, std::string> dynamic_topic_defaults(const MetadataImage& image,
                                                          BrokerId broker) {
    std::map<std::string, std::string> defaults;
    const auto take = [&](const std::string& resource) {
        const auto configs = image.broker_configs.find(resource);
        if (configs == image.broker_configs.end()) return;
        for (const auto& [key, value] : configs->second) {
            if (const auto topic = topic_setting_of(key)) defaults[std::string(*topic)] = value;
        }
    };
    take("");
    if (broker != no_broker) take(std::to_string(broker.value()));
    return defaults;
}

}  // namespace squall::model
