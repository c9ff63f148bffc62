#include "sim/base/assert.h"

#include <utility>

namespace squall {

std::string AssertionFailure::describe_failure() const {
    return fmt::format("{}:{}: ASSERT({}) failed: {}", file, line, condition, message);
}

void fail_assertion(const char* file, int line, const char* condition, std::string message) {
    throw AssertionFailure{file, line, condition, std::move(message)};
}

}  // namespace squall
