// Message: any request or response body, without its type, as frames carry it.
//
// What a body does without its type is instantiated in message_*.cc, for the messages of
// api_list.h: boxing one costs its user next to nothing to compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

class Message {
  public:
    virtual ~Message() = default;
    virtual std::unique_ptr<Message> clone() const = 0;
    // Bytes of the body on the wire in that version.
    virtual std::size_t encoded_size(std::int16_t version) const = 0;
    // The same body after a trip over the wire: encoded, decoded, compared in length.
    virtual std::unique_ptr<Message> roundtrip(std::int16_t version) const = 0;

    // Requires: the body is a Body.
    template <class Body>
    Body& as();

  private:
    virtual const void* type() const = 0;
};

namespace detail {

// Its address identifies the type; never compared but for equality.
template <class Body>
inline constexpr char message_type = 0;

template <class Body>
class MessageOf final : public Message {
  public:
    explicit MessageOf(const Body& content) : body(content) {}
    explicit MessageOf(Body&& content) : body(std::move(content)) {}

    // Defined in message_body.h.
    std::unique_ptr<Message> clone() const override;
    std::size_t encoded_size(std::int16_t version) const override;
    std::unique_ptr<Message> roundtrip(std::int16_t version) const override;

    Body body;

  private:
    const void* type() const override { return &message_type<Body>; }
};

}  // namespace detail

template <class Body>
Body& Message::as() {
    ASSERT(type() == &detail::message_type<Body>, "a message of another type");
    return static_cast<detail::MessageOf<Body>*>(this)->body;
}

template <class Body>
std::unique_ptr<Message> box(Body&& body) {
    return std::make_unique<detail::MessageOf<std::remove_cvref_t<Body>>>(std::forward<Body>(body));
}

}  // namespace squall::model
