// SaslAuthenticate (KIP-152): the tokens of a mechanism, opaque here. Since version 1 an answer
// says when to authenticate again (KIP-368).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"

namespace squall::model {

struct SaslAuthenticateResponse;

struct SaslAuthenticateRequest {
    static constexpr ApiKey api_key = ApiKey::sasl_authenticate;
    static constexpr VersionRange versions{.min = 0, .max = 2, .flexible_since = 2};
    using Response = SaslAuthenticateResponse;

    Bytes auth_bytes;

    bool operator==(const SaslAuthenticateRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("auth_bytes", self.auth_bytes);
    }
};

struct SaslAuthenticateResponse {
    static constexpr ApiKey api_key = SaslAuthenticateRequest::api_key;
    static constexpr VersionRange versions = SaslAuthenticateRequest::versions;
    using Request = SaslAuthenticateRequest;

    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    Bytes auth_bytes;
    std::int64_t session_lifetime_ms = 0;

    bool operator==(const SaslAuthenticateResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("auth_bytes", self.auth_bytes);
        fields("session_lifetime_ms", self.session_lifetime_ms, Wire{.since = 1});
    }
};

}  // namespace squall::model
