// ConfigDescription: the settings of a topic or a broker as DescribeConfigs shows them: the value
// in force, and where it comes from.
//
// Looked up in this order (KIP-226): the topic's own settings, the dynamic ones of this broker, the
// dynamic defaults of all brokers, what this broker was started with, Kafka's default. A value that
// a broker was started with and that equals the default counts as the default: scenarios do not
// tell the two apart. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/broker/broker_config.h"
#include "model/controller/image.h"
#include "model/protocol/messages/describe_configs.h"

namespace squall::model {

class ConfigDescription {
  public:
    using Config = DescribeConfigsResponse::Config;

    struct Wanted {
        std::optional<std::vector<std::string>> keys;  // nullopt: all
        bool synonyms = false;
    };

    ConfigDescription(const MetadataImage& image, BrokerId broker,
                      const BrokerConfig& started_with);

    // Ascending by name.
    std::vector<Config> of_topic(const TopicImage& topic, const Wanted& wanted) const;
    std::vector<Config> of_broker(const Wanted& wanted) const;
    // The dynamic defaults of all brokers, alone.
    std::vector<Config> of_all_brokers(const Wanted& wanted) const;

  private:
    using Synonym = DescribeConfigsResponse::Synonym;

    // Of a broker's setting, the one in force first.
    std::vector<Synonym> sources_of(const std::string& key) const;
    std::optional<std::string> dynamic(const std::string& resource, const std::string& key) const;

    const MetadataImage& image_;
    std::string broker_;
    std::map<std::string, std::string> static_;    // what the broker runs with
    std::map<std::string, std::string> defaults_;  // what it would with no settings
};

}  // namespace squall::model
