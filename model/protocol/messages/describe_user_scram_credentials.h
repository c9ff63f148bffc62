// DescribeUserScramCredentials (KIP-554): which users have credentials, of what kind; never the
// secrets. Null users ask for all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct DescribeUserScramCredentialsResponse;

struct DescribeUserScramCredentialsRequest {
    static constexpr ApiKey api_key = ApiKey::describe_user_scram_credentials;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = DescribeUserScramCredentialsResponse;

    struct User {
        std::string name;

        bool operator==(const User&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
        }
    };

    std::optional<std::vector<User>> users;

    bool operator==(const DescribeUserScramCredentialsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("users", self.users, Wire{.nullable = 0});
    }
};

struct DescribeUserScramCredentialsResponse {
    static constexpr ApiKey api_key = DescribeUserScramCredentialsRequest::api_key;
    static constexpr VersionRange versions = DescribeUserScramCredentialsRequest::versions;
    using Request = DescribeUserScramCredentialsRequest;

    struct CredentialInfo {
        std::int8_t mechanism = 0;  // 1 SCRAM-SHA-256, 2 SCRAM-SHA-512
        std::int32_t iterations = 0;

        bool operator==(const CredentialInfo&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("mechanism", self.mechanism);
            fields("iterations", self.iterations);
        }
    };

    struct Result {
        std::string user;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<CredentialInfo> credential_infos;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("user", self.user);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("credential_infos", self.credential_infos);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Result> results;

    bool operator==(const DescribeUserScramCredentialsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("results", self.results);
    }
};

}  // namespace squall::model
