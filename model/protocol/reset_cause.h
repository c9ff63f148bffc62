// ResetCause: why a consumer looks for an end of the log to read from.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall::model {

// `none`: it does not, or nobody told. `no_commit`: its group has committed no offset for the
// partition, or it has no group. `out_of_range`: a leader's log does not reach to its position.
// `asked`: the application wants it so.
enum class ResetCause : std::uint8_t { none, no_commit, out_of_range, asked };
inline std::string_view to_string(ResetCause cause) {
    switch (cause) {
        case ResetCause::none:
            return "none";
        case ResetCause::no_commit:
            return "no_commit";
        case ResetCause::out_of_range:
            return "out_of_range";
        case ResetCause::asked:
            return "asked";
    }
    return "?";
}

}  // namespace squall::model
