#include "model/protocol/codec.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "model/protocol/api_list.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

// The first flexible version of each API by its key, or any_later_version: every frame asks.
constexpr auto flexible_since = [] {
    std::array<ApiVersion, 128> versions{};
    versions.fill(any_later_version);
    for_each_api([&](auto api) {
        using Request = typename decltype(api)::type;
        versions[static_cast<std::size_t>(Request::api_key)] = Request::versions.flexible_since;
    });
    return versions;
}();

bool is_flexible(ApiKey key, ApiVersion version) {
    const auto number = static_cast<std::int16_t>(key);
    if (number < 0 || static_cast<std::size_t>(number) >= flexible_since.size()) return false;
    const ApiVersion since = flexible_since[static_cast<std::size_t>(number)];
    return since != any_later_version && version >= since;
}

void skip_tags(ByteReader& reader) {
    for (std::uint64_t count = reader.unsigned_varint(); count > 0 && reader.ok(); --count) {
        reader.unsigned_varint();
        reader.skip(reader.unsigned_varint());
    }
}

}  // namespace

std::int16_t request_header_version(ApiKey key, ApiVersion version) {
    return is_flexible(key, version) ? 2 : 1;
}

std::int16_t response_header_version(ApiKey key, ApiVersion version) {
    return key != ApiKey::api_versions && is_flexible(key, version) ? 1 : 0;
}

// A client id has the classic length even in flexible headers: a broker must be able to read the
// header of an ApiVersions request from the future.
void write_request_header(ByteWriter& writer, const RequestHeader& header) {
    writer.integer(static_cast<std::int16_t>(header.api_key));
    writer.integer(header.api_version);
    writer.integer(header.correlation_id.value());
    if (header.client_id) {
        ASSERT(header.client_id->size() <= std::numeric_limits<std::int16_t>::max(),
               "a client id of {} bytes", header.client_id->size());
        writer.integer(static_cast<std::int16_t>(header.client_id->size()));
        writer.bytes(as_bytes(*header.client_id));
    } else {
        writer.integer(std::int16_t{-1});
    }
    if (request_header_version(header.api_key, header.api_version) >= 2) writer.unsigned_varint(0);
}

std::size_t request_header_size(ApiKey key, ApiVersion version,
                                std::optional<std::string_view> client_id) {
    constexpr std::size_t fixed = 2 + 2 + 4 + 2;  // key, version, correlation id, length
    return fixed + (client_id ? client_id->size() : 0) +
           (request_header_version(key, version) >= 2 ? 1 : 0);
}

Result<RequestHeader> read_request_header(ByteReader& reader) {
    RequestHeader header;
    header.api_key = static_cast<ApiKey>(reader.integer<std::int16_t>());
    header.api_version = reader.integer<std::int16_t>();
    header.correlation_id = CorrelationId(reader.integer<std::int32_t>());
    const auto length = reader.integer<std::int16_t>();
    if (length >= 0) {
        header.client_id = as_text(reader.bytes(static_cast<std::size_t>(length)));
    } else if (length != -1) {
        reader.mark_bad();
    }
    if (request_header_version(header.api_key, header.api_version) >= 2) skip_tags(reader);
    if (!reader.ok()) return Error{Failure::corrupt, "a request header that does not make sense"};
    return header;
}

void write_response_header(ByteWriter& writer, ApiKey key, ApiVersion version,
                           CorrelationId correlation_id) {
    writer.integer(correlation_id.value());
    if (response_header_version(key, version) >= 1) writer.unsigned_varint(0);
}

Result<CorrelationId> read_response_header(ByteReader& reader, ApiKey key, ApiVersion version) {
    const CorrelationId correlation_id(reader.integer<std::int32_t>());
    if (response_header_version(key, version) >= 1) skip_tags(reader);
    if (!reader.ok()) return Error{Failure::corrupt, "a response header that does not make sense"};
    return correlation_id;
}

std::size_t response_header_size(ApiKey key, ApiVersion version) {
    return sizeof(std::int32_t) + (response_header_version(key, version) >= 1 ? 1 : 0);
}

}  // namespace squall::model
