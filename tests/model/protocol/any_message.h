// A generator for any message in any of its versions, derived from the describe lists: what it
// draws is what that version can carry, so that a trip over the wire must give it back unchanged.
#pragma once

#include <rapidcheck.h>

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

template <class T>
std::optional<T> any_optional() {
    if (*rc::gen::arbitrary<bool>()) return std::nullopt;
    return *rc::gen::arbitrary<T>();
}

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
            v = *rc::gen::arbitrary<bool>();
        } else if constexpr (std::is_enum_v<T>) {
            v = static_cast<T>(*rc::gen::arbitrary<std::underlying_type_t<T>>());
        } else if constexpr (std::is_integral_v<T>) {
            v = *rc::gen::arbitrary<T>();
        } else if constexpr (is_strong_id_v<T>) {
            v = T(*rc::gen::arbitrary<typename T::rep>());
        } else if constexpr (std::is_same_v<T, std::string>) {
            v = *rc::gen::arbitrary<std::string>();
        } else if constexpr (std::is_same_v<T, Bytes>) {
            v = *rc::gen::arbitrary<Bytes>();
        } else if constexpr (std::is_same_v<T, Uuid>) {
            v.high = *rc::gen::arbitrary<std::uint64_t>();
            v.low = *rc::gen::arbitrary<std::uint64_t>();
        } else if constexpr (detail::is_optional<T>::value) {
            if (wire.can_be_null(version_) && *rc::gen::arbitrary<bool>()) {
                v.reset();
            } else {
                value(v.emplace(), Wire{});
            }
        } else if constexpr (detail::is_vector<T>::value) {
            v.resize(*rc::gen::inRange<std::size_t>(0, 3));
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
