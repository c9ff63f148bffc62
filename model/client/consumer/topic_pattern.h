// TopicPattern: a subscription by regular expression (ECMAScript's grammar), matched by the client
// against the whole name of each topic that metadata lists. Internal topics never match (Kafka's
// exclude.internal.topics, true by default).
#pragma once

#include <regex>
#include <set>
#include <string>
#include <string_view>

#include "model/client/metadata_cache.h"
#include "sim/base/result.h"

namespace squall::model {

class TopicPattern {
  public:
    // Failure::invalid_input where the text is no regular expression.
    static Result<TopicPattern> parse(std::string_view text);

    const std::string& text() const { return text_; }
    bool matches(const std::string& topic) const;
    // Of the topics that are there.
    std::set<std::string> matching(const MetadataCache& metadata) const;

  private:
    TopicPattern(std::string text, std::regex expression)
        : text_(std::move(text)), expression_(std::move(expression)) {}

    std::string text_;
    std::regex expression_;
};

}  // namespace squall::model
