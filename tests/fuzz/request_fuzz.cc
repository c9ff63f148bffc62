// The request decoders, API and version in the first two bytes: what is decoded, encodes to bytes
// that decode to the same; and no decoder asks for much more memory than its bytes could fill.
#include <cstddef>
#include <cstdint>

#include "model/rpc/wire_body.h"
#include "sim/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace squall;
    if (size < 2) return 0;
    const auto key = static_cast<model::ApiKey>(data[0]);
    const auto version = static_cast<model::ApiVersion>(data[1]);
    const auto request = model::decode_request(key, version, ByteView(data + 2, size - 2));
    if (!request) return 0;
    Bytes encoded;
    model::encode_request(**request, key, version, encoded);
    const auto again = model::decode_request(key, version, encoded);
    ASSERT(again.ok(), "{} version {}: {}", model::to_string(key), version, again.error().detail);
    Bytes encoded_again;
    model::encode_request(**again, key, version, encoded_again);
    ASSERT(encoded == encoded_again, "{} version {}", model::to_string(key), version);
    return 0;
}
