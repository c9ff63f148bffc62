// AlterClientQuotas (KIP-546): sets and removes quotas of users, client ids and addresses. A null
// name is the default entity of its type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/quota.h"
#include "model/protocol/wire.h"

namespace squall::model {

struct AlterClientQuotasResponse;

struct AlterClientQuotasRequest {
    static constexpr ApiKey api_key = ApiKey::alter_client_quotas;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 1};
    using Response = AlterClientQuotasResponse;

    struct Entity {
        std::string entity_type;
        std::optional<std::string> entity_name;

        bool operator==(const Entity&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("entity_type", self.entity_type);
            fields("entity_name", self.entity_name, Wire{.nullable = 0});
        }
    };

    struct Op {
        std::string key;
        DoubleBits value;
        bool remove = false;

        bool operator==(const Op&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("key", self.key);
            fields("value", self.value);
            fields("remove", self.remove);
        }
    };

    struct Entry {
        std::vector<Entity> entity;
        std::vector<Op> ops;

        bool operator==(const Entry&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("entity", self.entity);
            fields("ops", self.ops);
        }
    };

    std::vector<Entry> entries;
    bool validate_only = false;

    bool operator==(const AlterClientQuotasRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("entries", self.entries);
        fields("validate_only", self.validate_only);
    }
};

struct AlterClientQuotasResponse {
    static constexpr ApiKey api_key = AlterClientQuotasRequest::api_key;
    static constexpr VersionRange versions = AlterClientQuotasRequest::versions;
    using Request = AlterClientQuotasRequest;

    struct Entity {
        std::string entity_type;
        std::optional<std::string> entity_name;

        bool operator==(const Entity&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("entity_type", self.entity_type);
            fields("entity_name", self.entity_name, Wire{.nullable = 0});
        }
    };

    struct Entry {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<Entity> entity;

        bool operator==(const Entry&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("error_code", self.error_code);
            fields("error_message", self.error_message, Wire{.nullable = 0});
            fields("entity", self.entity);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Entry> entries;

    bool operator==(const AlterClientQuotasResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("entries", self.entries);
    }
};

}  // namespace squall::model
