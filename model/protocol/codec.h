// Kafka's wire format, derived from the messages' describe lists: encode, decode and measure any
// message of the API list in any of its versions, and the headers around them.
//
// Including this header costs no templates: the functions below are instantiated in codec_*.cc for
// the messages of api_list.h. A room that has messages of its own (records of internal topics)
// instantiates them with wire_codec.h.
//
// Source: the public Kafka protocol guide; flexible versions and tagged fields are KIP-482.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/protocol/api_key.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

template <class T>
concept WireMessage = requires {
    { T::versions } -> std::convertible_to<VersionRange>;
};

// Requires: Message::versions contains `version`.
template <WireMessage Message>
Bytes encode(const Message& message, ApiVersion version);
// The length of encode(message, version), without encoding. Requires: as encode.
template <WireMessage Message>
std::size_t encoded_size(const Message& message, ApiVersion version);
// What decode() does about bytes behind the message.
enum class Leftover : std::uint8_t { refused, ignored };

// The message that `bytes` hold, all of them unless what is left over is ignored. Unknown tagged
// fields are skipped. invalid_input if the version is none of the message's; corrupt if the bytes
// end early, go on, or say what the version's schema cannot. Memory taken is in proportion to the
// bytes given, whatever lengths they claim.
template <WireMessage Message>
Result<Message> decode(ByteView bytes, ApiVersion version, Leftover leftover = Leftover::refused);

// ---- headers ----

struct RequestHeader {
    ApiKey api_key = ApiKey::produce;
    ApiVersion api_version = 0;
    CorrelationId correlation_id;
    std::optional<std::string> client_id;

    bool operator==(const RequestHeader&) const = default;
};

// Request headers are version 2 (with tagged fields) for flexible versions of an API, else 1.
// Responses likewise 1 and 0; except that answers of ApiVersions always have version 0, so that a
// client can read them before it knows what the broker speaks (KIP-511).
// For an API that api_list.h does not have, nobody knows which versions are flexible: 1 and 0.
std::int16_t request_header_version(ApiKey key, ApiVersion version);
std::int16_t response_header_version(ApiKey key, ApiVersion version);

void write_request_header(ByteWriter& writer, const RequestHeader& header);
// Leaves `reader` at the body. Corrupt if the header does not fit.
Result<RequestHeader> read_request_header(ByteReader& reader);
std::size_t request_header_size(ApiKey key, ApiVersion version,
                                std::optional<std::string_view> client_id);

void write_response_header(ByteWriter& writer, ApiKey key, ApiVersion version,
                           CorrelationId correlation_id);
// Leaves `reader` at the body. Corrupt if the header does not fit.
Result<CorrelationId> read_response_header(ByteReader& reader, ApiKey key, ApiVersion version);
std::size_t response_header_size(ApiKey key, ApiVersion version);

// Every frame on a connection begins with its length in four bytes.
inline constexpr std::size_t frame_length_size = 4;

}  // namespace squall::model
