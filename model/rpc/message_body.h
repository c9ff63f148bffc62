// What a message body does behind Message, to be instantiated once for each type of message.
#pragma once

#include <memory>

#include "model/protocol/codec.h"
#include "model/rpc/message.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model::detail {

template <class Body>
std::unique_ptr<Message> MessageOf<Body>::clone() const {
    return std::make_unique<MessageOf>(body);
}

template <class Body>
std::size_t MessageOf<Body>::encoded_size(std::int16_t version) const {
    return model::encoded_size(body, version);
}

template <class Body>
std::unique_ptr<Message> MessageOf<Body>::roundtrip(std::int16_t version) const {
    const Bytes bytes = encode(body, version);
    Result<Body> decoded = decode<Body>(bytes, version);
    ASSERT(decoded.ok(), "a message of our own does not decode: {}", to_string(decoded.error()));
    return std::make_unique<MessageOf>(std::move(decoded).value());
}

}  // namespace squall::model::detail

#define SQUALL_INSTANTIATE_BODIES(Api)                               \
    template class ::squall::model::detail::MessageOf<Api##Request>; \
    template class ::squall::model::detail::MessageOf<Api##Response>
