// The commit that this program was built from: version.cc is written anew by each build.
#pragma once

#include <string_view>

namespace squall::cli {

extern const std::string_view commit_at_build;

}  // namespace squall::cli
