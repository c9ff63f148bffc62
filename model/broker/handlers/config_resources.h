// Whose settings a broker can be asked for, or to change.
#pragma once

#include <fmt/core.h>

#include <string>

#include "model/broker/broker.h"
#include "model/controller/refusal.h"
#include "model/protocol/config_resource.h"

namespace squall::model {

// A broker speaks for itself, and for the defaults of all of them, named "". Errors:
// invalid_request.
inline Refusal check_config_resource(const Broker& broker, ConfigResourceType type,
                                     const std::string& name) {
    if (type == ConfigResourceType::topic) return granted;
    if (type != ConfigResourceType::broker) {
        return {ErrorCode::invalid_request,
                fmt::format("Unsupported resource type: {}.", static_cast<std::int8_t>(type))};
    }
    if (name.empty() || name == std::to_string(broker.id().value())) return granted;
    return {ErrorCode::invalid_request,
            fmt::format("Unexpected broker id, expected {} or empty string, but received {}",
                        broker.id(), name)};
}

}  // namespace squall::model
