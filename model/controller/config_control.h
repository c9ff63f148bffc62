// ConfigControl: the part of the controller that decides about settings (Kafka's
// ConfigurationControlManager; KIP-339 for incremental changes).
//
// The changes of one resource are taken all or none: a setting that does not exist, or whose value
// makes no sense together with the resource's others, refuses them all. What changes
// min.insync.replicas also forgets the eligible leader replicas that were recorded under the old
// one (KIP-966).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/controller/controller_options.h"
#include "model/controller/image.h"
#include "model/controller/records.h"
#include "model/controller/refusal.h"
#include "model/protocol/config_resource.h"

namespace squall::model {

struct ConfigChange {
    ConfigOperation operation = ConfigOperation::set;
    std::string name;
    std::optional<std::string> value;
};

class ConfigControl {
  public:
    explicit ConfigControl(ControllerOptions options) : options_(options) {}

    // Changes of a topic's or a broker's settings; a broker's name is its id, "" stands for all of
    // them. Appends the records of what is granted: those settings only that end up different.
    // Errors: unknown_topic_or_partition, broker_id_not_registered, invalid_config,
    // invalid_request.
    Refusal alter(const MetadataImage& image, std::int8_t resource_type, const std::string& name,
                  const std::vector<ConfigChange>& changes,
                  std::vector<MetadataRecord>& records) const;

  private:
    using Configs = std::map<std::string, std::string>;

    Refusal check_resource(const MetadataImage& image, std::int8_t resource_type,
                           const std::string& name) const;
    Refusal check_topic(const Configs& configs) const;
    Refusal check_broker(const MetadataImage& image, const std::string& name,
                         const Configs& configs) const;
    // What a change makes of the settings.
    Refusal change(Configs& configs, const ConfigChange& change) const;
    // KIP-966: a min.insync.replicas of one broker would be another one for the controller.
    bool must_hold_for_all_brokers(const MetadataImage& image, const std::string& setting) const;

    ControllerOptions options_;
};

}  // namespace squall::model
