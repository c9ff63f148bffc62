// SaslHandshake (KIP-43): which mechanism a client wants to authenticate with.
#pragma once

#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct SaslHandshakeResponse;

struct SaslHandshakeRequest {
    static constexpr ApiKey api_key = ApiKey::sasl_handshake;
    static constexpr VersionRange versions{.min = 0, .max = 1};
    using Response = SaslHandshakeResponse;

    std::string mechanism;

    bool operator==(const SaslHandshakeRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("mechanism", self.mechanism);
    }
};

struct SaslHandshakeResponse {
    static constexpr ApiKey api_key = SaslHandshakeRequest::api_key;
    static constexpr VersionRange versions = SaslHandshakeRequest::versions;
    using Request = SaslHandshakeRequest;

    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> mechanisms;

    bool operator==(const SaslHandshakeResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("error_code", self.error_code);
        fields("mechanisms", self.mechanisms);
    }
};

}  // namespace squall::model
