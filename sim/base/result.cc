#include "sim/base/result.h"

namespace squall {

std::string_view to_string(Failure failure) {
    switch (failure) {
        case Failure::closed:
            return "closed";
        case Failure::timed_out:
            return "timed_out";
        case Failure::refused:
            return "refused";
        case Failure::unreachable:
            return "unreachable";
        case Failure::io_error:
            return "io_error";
        case Failure::no_space:
            return "no_space";
        case Failure::not_found:
            return "not_found";
        case Failure::corrupt:
            return "corrupt";
        case Failure::invalid_input:
            return "invalid_input";
    }
    return "?";
}

std::string to_string(const Error& error) {
    if (error.detail.empty()) return std::string(to_string(error.failure));
    return fmt::format("{}: {}", to_string(error.failure), error.detail);
}

}  // namespace squall
