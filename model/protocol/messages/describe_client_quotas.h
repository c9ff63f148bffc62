// DescribeClientQuotas (KIP-546): the quotas of users, client ids and addresses that fit all
// components.
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

struct DescribeClientQuotasResponse;

struct DescribeClientQuotasRequest {
    static constexpr ApiKey api_key = ApiKey::describe_client_quotas;
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 1};
    using Response = DescribeClientQuotasResponse;

    struct Component {
        std::string entity_type;
        std::int8_t match_type = 0;  // 0 exact, 1 the default entity, 2 any that is named
        std::optional<std::string> match;

        bool operator==(const Component&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("entity_type", self.entity_type);
            fields("match_type", self.match_type);
            fields("match", self.match, Wire{.nullable = 0});
        }
    };

    std::vector<Component> components;
    bool strict = false;

    bool operator==(const DescribeClientQuotasRequest&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("components", self.components);
        fields("strict", self.strict);
    }
};

struct DescribeClientQuotasResponse {
    static constexpr ApiKey api_key = DescribeClientQuotasRequest::api_key;
    static constexpr VersionRange versions = DescribeClientQuotasRequest::versions;
    using Request = DescribeClientQuotasRequest;

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

    struct Value {
        std::string key;
        DoubleBits value;

        bool operator==(const Value&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("key", self.key);
            fields("value", self.value);
        }
    };

    struct Entry {
        std::vector<Entity> entity;
        std::vector<Value> values;

        bool operator==(const Entry&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("entity", self.entity);
            fields("values", self.values);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::optional<std::vector<Entry>> entries;

    bool operator==(const DescribeClientQuotasResponse&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("throttle_time_ms", self.throttle_time_ms);
        fields("error_code", self.error_code);
        fields("error_message", self.error_message, Wire{.nullable = 0});
        fields("entries", self.entries, Wire{.nullable = 0});
    }
};

}  // namespace squall::model
