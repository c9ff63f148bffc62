// Kafka's rules for the names of topics (org.apache.kafka.common.internals.Topic).
#pragma once

#include <optional>
#include <string>

namespace squall::model {

// What is wrong with the name, in Kafka's words; nullopt: nothing.
std::optional<std::string> why_invalid_topic_name(const std::string& name);

// Names that metrics do not tell apart: '.' becomes '_' there.
bool do_topic_names_collide(const std::string& one, const std::string& other);

}  // namespace squall::model
