#include "model/client/consumer/topic_pattern.h"

#include <utility>

#include "model/protocol/types.h"

namespace squall::model {

Result<TopicPattern> TopicPattern::parse(std::string_view text) {
    try {
        return TopicPattern(std::string(text), std::regex(text.begin(), text.end()));
    } catch (const std::regex_error& problem) {
        return Error{Failure::invalid_input,
                     "'" + std::string(text) + "' is no pattern of topics: " + problem.what()};
    }
}

bool TopicPattern::matches(const std::string& topic) const {
    const bool is_internal = topic == offsets_topic || topic == transaction_topic;
    return !is_internal && std::regex_match(topic, expression_);
}

std::set<std::string> TopicPattern::matching(const MetadataCache& metadata) const {
    std::set<std::string> topics;
    for (const std::string& topic : metadata.tracked()) {
        if (metadata.partition_count(topic) && matches(topic)) topics.insert(topic);
    }
    return topics;
}

}  // namespace squall::model
