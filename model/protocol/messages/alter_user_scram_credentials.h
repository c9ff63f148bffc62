// AlterUserScramCredentials (KIP-554): sets and deletes credentials of users.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"

namespace squall::model {

struct AlterUserScramCredentialsResponse;

struct AlterUserScramCredentialsRequest {
    static constexpr ApiKey api_key = ApiKey::alter_user_scram_credentials;
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};
    using Response = AlterUserScramCredentialsResponse;

    struct Deletion {
        std::string name;
        std::int8_t mechanism = 0;  // 1 SCRAM-SHA-256, 2 SCRAM-SHA-512

        bool operator==(const Deletion&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("mechanism", self.mechanism);
        }
    };

    struct Upsertion {
        std::string name;
        std::int8_t mechanism = 0;  // 1 SCRAM-SHA-256, 2 SCRAM-SHA-512
        std::int32_t iterations = 0;
        Bytes salt;
        Bytes salted_password;

        bool operator==(const Upsertion&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("mechanism", self.mechanism);
            fields("iterations", self.iterations);
            fields("salt", self.salt);
            fields("salted_password", self.salted_password);
        }
    };

    std::vector<Deletion> deletions;
    std::vector<Upsertion> upsertions;

    bool operator==(const AlterUserScramCredentialsRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("deletions", self.deletions);
        fields("upsertions", self.upsertions);
    }
};

struct AlterUserScramCredentialsResponse {
    static constexpr ApiKey api_key = AlterUserScramCredentialsRequest::api_key;
    static constexpr VersionRange versions = AlterUserScramCredentialsRequest::versions;
    using Request = AlterUserScramCredentialsRequest;

    struct Result {
        std::string user;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        bool operator==(const Result&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("user", self.user);
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> results;

    bool operator==(const AlterUserScramCredentialsResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("results", self.results);
    }
};

}  // namespace squall::model
