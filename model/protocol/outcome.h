// Outcome: how an operation of a client ended, as the client can know it.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall::model {

// `failed`: it has not happened and never will. `unknown`: nobody can tell.
enum class Outcome : std::uint8_t { ok, failed, unknown };
inline std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::ok:
            return "ok";
        case Outcome::failed:
            return "failed";
        case Outcome::unknown:
            return "unknown";
    }
    return "?";
}

}  // namespace squall::model
