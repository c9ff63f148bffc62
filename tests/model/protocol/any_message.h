// A generator for any message in any of its versions, derived from the describe lists: what it
// draws is what that version can carry, so that a trip over the wire must give it back unchanged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"
#include "sim/base/describe.h"

namespace squall::model {

// The draws, compiled once: a generator instantiated in every field of forty messages takes a
// minute to compile.
namespace draw {
bool boolean();
std::int64_t integer(std::size_t bytes);  // of that width, sign extended
std::size_t count();                      // of elements: few
std::string text();
Bytes bytes();
}  // namespace draw

class AnyFields {
  public:
    explicit AnyFields(ApiVersion version) : version_(version) {}

    template <class T>
    void operator()(std::string_view name, T& member) {
        (*this)(name, member, Wire{});
    }
    template <class T>
    void operator()(std::string_view, T& member, const Wire& wire) {
        if (wire.has(version_)) value(member, wire);
    }

  private:
    template <class T>
    void value(T& v, const Wire& wire) {
        if constexpr (std::is_same_v<T, bool>) {
            v = draw::boolean();
        } else if constexpr (std::is_enum_v<T>) {
            v = static_cast<T>(draw::integer(sizeof(T)));
        } else if constexpr (std::is_integral_v<T>) {
            v = static_cast<T>(draw::integer(sizeof(T)));
        } else if constexpr (is_strong_id_v<T>) {
            v = T(static_cast<typename T::rep>(draw::integer(sizeof(T))));
        } else if constexpr (std::is_same_v<T, std::string>) {
            v = draw::text();
        } else if constexpr (std::is_same_v<T, Bytes>) {
            v = draw::bytes();
        } else if constexpr (std::is_same_v<T, Uuid>) {
            v.high = static_cast<std::uint64_t>(draw::integer(8));
            v.low = static_cast<std::uint64_t>(draw::integer(8));
        } else if constexpr (detail::is_optional<T>::value) {
            if (wire.can_be_null(version_) && draw::boolean()) {
                v.reset();
            } else {
                value(v.emplace(), Wire{});
            }
        } else if constexpr (detail::is_vector<T>::value) {
            v.resize(draw::count());
            for (auto& element : v) value(element, Wire{});
        } else {
            T::describe(v, *this);
        }
    }

    ApiVersion version_;
};

template <class Message>
Message any_message(ApiVersion version) {
    Message message;
    AnyFields fields(version);
    Message::describe(message, fields);
    return message;
}

}  // namespace squall::model
