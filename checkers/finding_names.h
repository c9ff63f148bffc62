// The types of anomalies that checkers tell of: what a scenario may expect. Each stands in the
// opening comment of its checker, which says what it means.
#pragma once

#include <string_view>
#include <vector>

namespace squall::checkers {

// In order of name.
const std::vector<std::string_view>& all_finding_names();

}  // namespace squall::checkers
