#include "model/broker/config_description.h"

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>

#include "model/controller/dynamic_config.h"
#include "sim/base/settings.h"

namespace squall::model {
namespace {

// A visitor of describe() that tells the type of each setting.
struct TypeLister {
    std::map<std::string, ConfigType>& types;

    template <class T>
    void operator()(std::string_view key, const T&) {
        types[std::string(key)] = type_of<T>();
    }
    template <class T, class Attributes>
    void operator()(std::string_view key, const T& member, const Attributes&) {
        (*this)(key, member);
    }

    template <class T>
    static ConfigType type_of() {
        if constexpr (std::is_same_v<T, bool>) return ConfigType::boolean;
        if constexpr (std::is_same_v<T, std::int16_t>) return ConfigType::int16;
        if constexpr (std::is_same_v<T, std::int32_t>) return ConfigType::int32;
        if constexpr (std::is_same_v<T, std::int64_t> || requires { typename T::period; }) {
            return ConfigType::int64;
        }
        if constexpr (std::is_same_v<T, Permille>) return ConfigType::double_precision;
        if constexpr (std::is_same_v<T, CleanupPolicy> ||
                      std::is_same_v<T, std::vector<std::string>>) {
            return ConfigType::list;
        }
        return ConfigType::string;
    }
};

template <class Options>
std::map<std::string, ConfigType> types_of(const Options& options) {
    std::map<std::string, ConfigType> types;
    TypeLister lister{types};
    Options::describe(options, lister);
    return types;
}

template <class Options>
std::map<std::string, std::string> settings_of(const Options& options) {
    std::map<std::string, std::string> settings;
    for (const SettingText& setting : list_settings(options)) settings[setting.key] = setting.value;
    return settings;
}

bool is_wanted(const ConfigDescription::Wanted& wanted, const std::string& key) {
    return !wanted.keys || std::ranges::find(*wanted.keys, key) != wanted.keys->end();
}

// Kafka's internal settings are not shown.
bool is_shown(const std::string& key) {
    return !key.starts_with("internal.");
}

}  // namespace

ConfigDescription::ConfigDescription(const MetadataImage& image, BrokerId broker,
                                     const BrokerConfig& started_with)
    : image_(image),
      broker_(std::to_string(broker.value())),
      static_(settings_of(started_with)),
      defaults_(settings_of(BrokerConfig{})) {}

std::optional<std::string> ConfigDescription::dynamic(const std::string& resource,
                                                      const std::string& key) const {
    const auto configs = image_.broker_configs.find(resource);
    if (configs == image_.broker_configs.end()) return std::nullopt;
    const auto value = configs->second.find(key);
    if (value == configs->second.end()) return std::nullopt;
    return value->second;
}

std::vector<ConfigDescription::Synonym> ConfigDescription::sources_of(
    const std::string& key) const {
    std::vector<Synonym> sources;
    if (auto own = dynamic(broker_, key)) {
        sources.push_back(
            {.name = key, .value = std::move(own), .source = ConfigSource::dynamic_broker_config});
    }
    if (auto shared = dynamic("", key)) {
        sources.push_back({.name = key,
                           .value = std::move(shared),
                           .source = ConfigSource::dynamic_default_broker_config});
    }
    const auto set = static_.find(key);
    const auto usual = defaults_.find(key);
    if (set == static_.end()) return sources;
    if (usual == defaults_.end() || set->second != usual->second) {
        sources.push_back(
            {.name = key, .value = set->second, .source = ConfigSource::static_broker_config});
    }
    if (usual != defaults_.end()) {
        sources.push_back(
            {.name = key, .value = usual->second, .source = ConfigSource::default_config});
    }
    return sources;
}

std::vector<ConfigDescription::Config> ConfigDescription::of_topic(const TopicImage& topic,
                                                                   const Wanted& wanted) const {
    const LogOptions defaults;
    const std::map<std::string, ConfigType> types = types_of(defaults);
    std::vector<Config> configs;
    for (const auto& [key, usual] : settings_of(defaults)) {
        if (!is_shown(key) || !is_wanted(wanted, key)) continue;
        std::vector<Synonym> sources;
        if (const auto own = topic.configs.find(key); own != topic.configs.end()) {
            sources.push_back(
                {.name = key, .value = own->second, .source = ConfigSource::topic_config});
        }
        if (const auto broker_key = broker_setting_of(key)) {
            std::ranges::move(sources_of(std::string(*broker_key)), std::back_inserter(sources));
        }
        if (sources.empty()) {
            sources.push_back(
                {.name = key, .value = usual, .source = ConfigSource::default_config});
        }
        configs.push_back({.name = key,
                           .value = sources.front().value,
                           .is_default = sources.front().source == ConfigSource::default_config,
                           .config_source = sources.front().source,
                           .synonyms = wanted.synonyms ? sources : std::vector<Synonym>{},
                           .config_type = types.at(key),
                           .documentation = std::nullopt});
    }
    return configs;
}

std::vector<ConfigDescription::Config> ConfigDescription::of_broker(const Wanted& wanted) const {
    const std::map<std::string, ConfigType> types = types_of(BrokerConfig{});
    std::vector<Config> configs;
    for (const auto& [key, value] : static_) {
        if (!is_wanted(wanted, key)) continue;
        const std::vector<Synonym> sources = sources_of(key);
        configs.push_back({.name = key,
                           .value = sources.front().value,
                           .read_only = !topic_setting_of(key),
                           .is_default = sources.front().source == ConfigSource::default_config,
                           .config_source = sources.front().source,
                           .synonyms = wanted.synonyms ? sources : std::vector<Synonym>{},
                           .config_type = types.at(key),
                           .documentation = std::nullopt});
    }
    return configs;
}

std::vector<ConfigDescription::Config> ConfigDescription::of_all_brokers(
    const Wanted& wanted) const {
    const std::map<std::string, ConfigType> types = types_of(BrokerConfig{});
    std::vector<Config> configs;
    const auto shared = image_.broker_configs.find("");
    if (shared == image_.broker_configs.end()) return configs;
    for (const auto& [key, value] : shared->second) {
        if (!is_wanted(wanted, key)) continue;
        const auto type = types.find(key);
        std::vector<Synonym> synonyms;
        if (wanted.synonyms) {
            synonyms.push_back({.name = key,
                                .value = value,
                                .source = ConfigSource::dynamic_default_broker_config});
        }
        configs.push_back({.name = key,
                           .value = value,
                           .config_source = ConfigSource::dynamic_default_broker_config,
                           .synonyms = std::move(synonyms),
                           .config_type = type == types.end() ? ConfigType::string : type->second,
                           .documentation = std::nullopt});
    }
    return configs;
}

}  // namespace squall::model
