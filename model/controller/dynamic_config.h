// Dynamic settings (KIP-226): which settings of brokers can be changed while they run, and which
// setting of a topic each is the default of.
//
// Of Kafka's dynamic broker settings those exist here that are a topic's default. A setting is
// looked up in the topic's own ones, then in those of the broker, then in the default of all
// brokers, then in what the broker was started with.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/controller/image.h"

namespace squall::model {

// The topic setting that this broker setting is the default of; nullopt: not one that can change.
std::optional<std::string_view> topic_setting_of(std::string_view broker_setting);

// The broker setting that is the default of this topic setting; nullopt: there is none.
std::optional<std::string_view> broker_setting_of(std::string_view topic_setting);

// The dynamic defaults of topics on `broker`, under the topics' keys. With no_broker only what
// holds for all brokers.
std::map<std::string, std::string> dynamic_topic_defaults(const MetadataImage& image,
                                                          BrokerId broker);

}  // namespace squall::model
