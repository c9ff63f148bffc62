#include "model/coordinator/regular_expression.h"

#include <re2/re2.h>

#include <utility>

namespace squall::model {

RegularExpression::RegularExpression(std::shared_ptr<const re2::RE2> compiled)
    : compiled_(std::move(compiled)) {}

Result<RegularExpression> RegularExpression::parse(std::string_view pattern) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    const auto compiled =
        std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!compiled->ok()) return Error{Failure::invalid_input, compiled->error()};
    return RegularExpression(compiled);
}

bool RegularExpression::matches(std::string_view text) const {
    return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace squall::model
