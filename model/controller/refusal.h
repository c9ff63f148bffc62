// Refusal: why the controller does not do what one item of a request asks, with Kafka's error code
// and words; or ErrorCode::none, where it does.
#pragma once

#include <string>

#include "model/protocol/error_code.h"

namespace squall::model {

struct [[nodiscard]] Refusal {
    ErrorCode error = ErrorCode::none;
    std::string message{};

    bool refused() const { return error != ErrorCode::none; }
    bool operator==(const Refusal&) const = default;
};

inline const Refusal granted{};

}  // namespace squall::model
