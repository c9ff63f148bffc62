#include "model/rpc/wire_body.h"

#include <array>
#include <cstddef>

#include "model/protocol/api_list.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

using Decode = Result<std::unique_ptr<Message>> (*)(ByteView, ApiVersion);
using Encode = Bytes (*)(Message&, ApiVersion);

template <class Body, Leftover leftover>
Result<std::unique_ptr<Message>> decode_body(ByteView bytes, ApiVersion version) {
    Result<Body> body = decode<Body>(bytes, version, leftover);
    if (!body) return body.error();
    return box(std::move(body).value());
}

template <class Body>
Bytes encode_body(Message& message, ApiVersion version) {
    return encode(message.as<Body>(), version);
}

struct Coders {
    Decode decode_request = nullptr;
    Decode decode_response = nullptr;
    Encode encode_request = nullptr;
    Encode encode_response = nullptr;
};

// By key; nothing where there is no such API.
constexpr auto all_coders = [] {
    std::array<Coders, 128> coders{};
    for_each_api([&](auto api) {
        using Request = typename decltype(api)::type;
        using Response = typename Request::Response;
        coders[static_cast<std::size_t>(Request::api_key)] = {
            .decode_request = decode_body<Request, Leftover::ignored>,
            .decode_response = decode_body<Response, Leftover::refused>,
            .encode_request = encode_body<Request>,
            .encode_response = encode_body<Response>};
    });
    return coders;
}();

const Coders* coders_of(ApiKey key) {
    const auto number = static_cast<std::int16_t>(key);
    if (number < 0 || static_cast<std::size_t>(number) >= all_coders.size()) return nullptr;
    const Coders& coders = all_coders[static_cast<std::size_t>(number)];
    return coders.decode_request == nullptr ? nullptr : &coders;
}

Error unknown_api(ApiKey key) {
    return {Failure::invalid_input, fmt::format("there is no API {}", static_cast<int>(key))};
}

void append(Bytes& out, const Bytes& bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Result<std::unique_ptr<Message>> decode_request(ApiKey key, ApiVersion version, ByteView body) {
    const Coders* const coders = coders_of(key);
    return coders == nullptr ? unknown_api(key) : coders->decode_request(body, version);
}

Result<std::unique_ptr<Message>> decode_response(ApiKey key, ApiVersion version, ByteView body) {
    const Coders* const coders = coders_of(key);
    return coders == nullptr ? unknown_api(key) : coders->decode_response(body, version);
}

void encode_request(Message& request, ApiKey key, ApiVersion version, Bytes& out) {
    const Coders* const coders = coders_of(key);
    ASSERT(coders != nullptr, "there is no API {}", static_cast<int>(key));
    append(out, coders->encode_request(request, version));
}

void encode_response(Message& response, ApiKey key, ApiVersion version, Bytes& out) {
    const Coders* const coders = coders_of(key);
    ASSERT(coders != nullptr, "there is no API {}", static_cast<int>(key));
    append(out, coders->encode_response(response, version));
}

}  // namespace squall::model
