#include "model/controller/config_control.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "model/controller/dynamic_config.h"
#include "model/log/log_options.h"

namespace squall::model {

namespace {

constexpr const char* min_isr_setting = "min.insync.replicas";

Refusal invalid(std::string why) {
    return {ErrorCode::invalid_config, std::move(why)};
}

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> items;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t comma = std::min(list.find(',', at), list.size());
        if (comma > at) items.push_back(list.substr(at, comma - at));
        at = comma + 1;
    }
    return items;
}

std::string join(const std::vector<std::string>& items) {
    std::string list;
    for (const std::string& item : items) list += (list.empty() ? "" : ",") + item;
    return list;
}

// Kafka's settings of type LIST.
bool is_list(const std::string& setting) {
    return setting == "cleanup.policy" || setting == "log.cleanup.policy";
}

const std::map<std::string, std::string>* settings_of(const MetadataImage& image,
                                                      std::int8_t resource_type,
                                                      const std::string& name) {
    if (resource_type == ConfigRecord::topic_resource) return &image.find_topic(name)->configs;
    const auto found = image.broker_configs.find(name);
    return found == image.broker_configs.end() ? nullptr : &found->second;
}

}  // namespace

bool ConfigControl::must_hold_for_all_brokers(const MetadataImage& image,
                                              const std::string& setting) const {
    return image.has_eligible_leader_replicas() && setting == min_isr_setting;
}

Refusal ConfigControl::check_resource(const MetadataImage& image, std::int8_t resource_type,
                                      const std::string& name) const {
    if (resource_type == ConfigRecord::topic_resource) {
        if (image.find_topic(name) != nullptr) return granted;
        return {ErrorCode::unknown_topic_or_partition,
                fmt::format("The topic '{}' does not exist.", name)};
    }
    if (resource_type != ConfigRecord::broker_resource) {
        return {ErrorCode::invalid_request,
                fmt::format("Unexpected resource type {}.", resource_type)};
    }
    if (name.empty()) return granted;
    std::int32_t id = -1;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, id);
    if (parsed.ec != std::errc{} || parsed.ptr != end || id < 0) {
        return {ErrorCode::invalid_request,
                fmt::format("Invalid broker name '{}': not a broker id.", name)};
    }
    if (image.find_broker(BrokerId{id}) != nullptr) return granted;
    return {ErrorCode::broker_id_not_registered, fmt::format("No broker with id {} found.", id)};
}

Refusal ConfigControl::change(Configs& configs, const ConfigChange& change) const {
    if (change.name.empty()) return invalid("A configuration with an empty name.");
    if (change.operation == ConfigOperation::remove) {
        configs.erase(change.name);
        return granted;
    }
    if (!change.value) {
        return {ErrorCode::invalid_request,
                fmt::format("Null value not supported for : {}", change.name)};
    }
    if (change.operation == ConfigOperation::set) {
        configs[change.name] = *change.value;
        return granted;
    }
    const bool appends = change.operation == ConfigOperation::append;
    if (!is_list(change.name)) {
        return invalid(fmt::format("Can't {} config {} of a type other than LIST",
                                   appends ? "APPEND to" : "SUBTRACT from", change.name));
    }
    const auto before = configs.find(change.name);
    std::vector<std::string> items = split(before == configs.end() ? "delete" : before->second);
    for (const std::string& item : split(*change.value)) {
        const auto found = std::ranges::find(items, item);
        if (appends && found == items.end()) items.push_back(item);
        if (!appends && found != items.end()) items.erase(found);
    }
    configs[change.name] = join(items);
    return granted;
}

Refusal ConfigControl::check_topic(const Configs& configs) const {
    const Result<LogOptions> options = LogOptions{}.with(configs);
    return options ? granted : invalid(options.error().detail);
}

Refusal ConfigControl::check_broker(const MetadataImage& image, const std::string& name,
                                    const Configs& configs) const {
    Configs as_topic;
    for (const auto& [key, value] : configs) {
        const auto topic_setting = topic_setting_of(key);
        if (!topic_setting) {
            return {ErrorCode::invalid_request,
                    fmt::format("Cannot update these configs dynamically: [{}]", key)};
        }
        if (!name.empty() && must_hold_for_all_brokers(image, key)) {
            return invalid(
                fmt::format("Broker-level {} cannot be altered while ELR is enabled.", key));
        }
        as_topic[std::string(*topic_setting)] = value;
    }
    // Once set, it stays: what it would fall back to is each broker's own.
    if (name.empty() && must_hold_for_all_brokers(image, min_isr_setting) &&
        image.find_broker_default(min_isr_setting) != nullptr &&
        !configs.contains(min_isr_setting)) {
        return invalid(fmt::format("Cluster-level {} cannot be removed while ELR is enabled.",
                                   min_isr_setting));
    }
    return check_topic(as_topic);
}

Refusal ConfigControl::alter(const MetadataImage& image, std::int8_t resource_type,
                             const std::string& name, const std::vector<ConfigChange>& changes,
                             std::vector<MetadataRecord>& records) const {
    if (Refusal refusal = check_resource(image, resource_type, name); refusal.refused()) {
        return refusal;
    }
    Configs before;
    if (const auto* now = settings_of(image, resource_type, name)) before = *now;
    Configs after = before;
    std::set<std::string> named;
    for (const ConfigChange& wanted : changes) {
        if (!named.insert(wanted.name).second) {
            return {ErrorCode::invalid_request,
                    fmt::format("Error due to duplicate config keys: {}", wanted.name)};
        }
        if (Refusal refusal = change(after, wanted); refusal.refused()) return refusal;
    }
    Refusal refusal = resource_type == ConfigRecord::topic_resource
                          ? check_topic(after)
                          : check_broker(image, name, after);
    if (refusal.refused()) return refusal;

    bool min_isr_changes = false;
    for (const std::string& key : named) {
        const auto was = before.find(key);
        const auto is = after.find(key);
        const bool had = was != before.end();
        const bool has = is != after.end();
        if (had == has && (!has || was->second == is->second)) continue;
        min_isr_changes = min_isr_changes || key == min_isr_setting;
        records.push_back(
            ConfigRecord{.resource_type = resource_type,
                         .resource_name = name,
                         .name = key,
                         .value = has ? std::optional<std::string>(is->second) : std::nullopt});
    }
    if (min_isr_changes && image.has_eligible_leader_replicas()) {
        const bool of_topic = resource_type == ConfigRecord::topic_resource;
        records.push_back(ClearElrRecord{.topic_name = of_topic ? name : ""});
    }
    return granted;
}

}  // namespace squall::model
