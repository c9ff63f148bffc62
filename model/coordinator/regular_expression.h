// RegularExpression: a pattern that a client sent for its coordinator to match: of topics
// (KIP-848), of transactional ids (KIP-1152). RE2's syntax, as Kafka's coordinators (RE2/J) read
// it: no backreferences and no lookaround, so that time is linear in the text, whoever wrote the
// pattern. Copies share what was compiled. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sim/base/result.h"

namespace re2 {
class RE2;
}

namespace squall::model {

class RegularExpression {
  public:
    // Failure::invalid_input with what is wrong with it, and nothing else.
    static Result<RegularExpression> parse(std::string_view pattern);

    // The whole text, as Java's Matcher.matches().
    bool matches(std::string_view text) const;

  private:
    explicit RegularExpression(std::shared_ptr<const re2::RE2> compiled);

    std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace squall::model
