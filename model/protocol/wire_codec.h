// How a described message becomes bytes and comes back: the visitors behind codec.h.
//
// To be included by the .cc files that instantiate messages, not by headers:
//
//     SQUALL_INSTANTIATE_CODEC(OffsetCommitValue);
//
// A struct is written as its untagged fields in the order of its list and then, in flexible
// versions, its tag section; a describe list is therefore walked twice.
#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "model/protocol/codec.h"
#include "model/protocol/wire_primitives.h"
#include "sim/base/describe.h"

namespace squall::model {

namespace detail {

template <class T>
inline constexpr bool is_plain_struct =
    !std::is_arithmetic_v<T> && !std::is_enum_v<T> && !is_strong_id_v<T> &&
    !std::is_same_v<T, std::string> && !std::is_same_v<T, Uuid> &&
    !squall::detail::is_vector<T>::value && !squall::detail::is_optional<T>::value;

// Whether a tagged field can be left out.
template <class T>
bool is_absent(const T& value, const Wire& wire) {
    if constexpr (is_strong_id_v<T>) {
        return static_cast<std::int64_t>(value.value()) == wire.absent;
    } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
        return static_cast<std::int64_t>(value) == wire.absent;
    } else {
        return value == T{};
    }
}

// `Writer` is a WireWriter or a WireSizer. A field is inlined into its list, where what it says
// about itself is known: sizes of frames are a large part of what a message costs.
template <class Writer>
class FieldEncoder {
  public:
    FieldEncoder(Writer& writer, ApiVersion version) : writer_(writer), version_(version) {}

    template <class T>
    void structure(const T& object) {
        FieldEncoder fields(writer_, version_);
        T::describe(object, fields);
        if (!writer_.is_flexible()) return;
        writer_.unsigned_varint(fields.tagged_present_);
        if (fields.tagged_present_ == 0) return;
        fields.pass_ = Pass::tagged;
        T::describe(object, fields);
    }

    template <class T>
    [[gnu::always_inline]] void operator()(std::string_view name, const T& member) {
        (*this)(name, member, Wire{});
    }

    template <class T>
    [[gnu::always_inline]] void operator()(std::string_view name, const T& member,
                                           const Wire& wire) {
        if (!wire.has(version_)) return;
        const bool in_tag_section = wire.is_tagged() && writer_.is_flexible();
        ASSERT(in_tag_section == wire.is_tagged(), "tagged field {} in a classic version", name);
        if (pass_ == Pass::untagged) {
            if (!in_tag_section) {
                value(member, wire);
            } else if (!is_absent(member, wire)) {
                ++tagged_present_;
            }
        } else if (in_tag_section && !is_absent(member, wire)) {
            ASSERT(wire.tag > last_tag_, "tag {} of {} after tag {}", wire.tag, name, last_tag_);
            last_tag_ = wire.tag;
            WireSizer sizer(writer_.encoding());
            FieldEncoder<WireSizer>(sizer, version_).value(member, wire);
            writer_.unsigned_varint(static_cast<std::uint64_t>(wire.tag));
            writer_.unsigned_varint(sizer.size());
            value(member, wire);
        }
    }

  private:
    template <class>
    friend class FieldEncoder;

    enum class Pass { untagged, tagged };

    template <class T>
    [[gnu::always_inline]] void value(const T& v, const Wire& wire) {
        if constexpr (std::is_same_v<T, bool>) {
            writer_.integer(static_cast<std::uint8_t>(v ? 1 : 0));
        } else if constexpr (std::is_enum_v<T>) {
            writer_.integer(static_cast<std::underlying_type_t<T>>(v));
        } else if constexpr (std::is_integral_v<T>) {
            writer_.integer(v);
        } else if constexpr (is_strong_id_v<T>) {
            writer_.integer(v.value());
        } else if constexpr (std::is_same_v<T, std::string>) {
            writer_.string(v);
        } else if constexpr (std::is_same_v<T, Bytes>) {
            writer_.bytes(v);
        } else if constexpr (std::is_same_v<T, Uuid>) {
            writer_.integer(v.high);
            writer_.integer(v.low);
        } else if constexpr (squall::detail::is_vector<T>::value) {
            writer_.array_length(v.size());
            for (const auto& element : v) value(element, Wire{});
        } else if constexpr (squall::detail::is_optional<T>::value) {
            optional(v, wire);
        } else {
            structure(v);
        }
    }

    template <class T>
    void optional(const std::optional<T>& v, const Wire& wire) {
        const bool can_be_null = wire.can_be_null(version_);
        if (!v && can_be_null) {
            if constexpr (std::is_same_v<T, std::string>) {
                writer_.null_string();
            } else if constexpr (is_plain_struct<T>) {
                writer_.integer(std::int8_t{-1});
            } else {
                writer_.null_array();
            }
            return;
        }
        if constexpr (is_plain_struct<T>) {
            if (can_be_null) writer_.integer(std::int8_t{1});
        }
        if (v) {
            value(*v, Wire{});
        } else {
            value(T{}, Wire{});
        }
    }

    Writer& writer_;
    ApiVersion version_;
    Pass pass_ = Pass::untagged;
    std::uint32_t tagged_present_ = 0;
    std::int32_t last_tag_ = -1;
};

class FieldDecoder {
  public:
    FieldDecoder(WireReader& reader, ApiVersion version) : reader_(reader), version_(version) {}

    template <class T>
    void structure(T& object) {
        FieldDecoder fields(reader_, version_);
        T::describe(object, fields);
        if (!reader_.is_flexible()) return;
        std::int64_t last_tag = -1;
        for (std::uint32_t count = reader_.unsigned_varint(); count > 0 && reader_.ok(); --count) {
            const std::uint32_t tag = reader_.unsigned_varint();
            const std::uint32_t size = reader_.unsigned_varint();
            // KIP-482: tags go up, each at most once.
            if (tag <= last_tag) reader_.mark_bad();
            last_tag = tag;
            WireReader content = reader_.part(size);
            FieldDecoder tagged(content, version_);
            tagged.wanted_tag_ = tag;
            T::describe(object, tagged);
            const bool unknown = !tagged.found_;
            if (!content.ok() || (!unknown && content.remaining() > 0)) reader_.mark_bad();
        }
    }

    template <class T>
    void operator()(std::string_view name, T& member) {
        (*this)(name, member, Wire{});
    }

    template <class T>
    void operator()(std::string_view, T& member, const Wire& wire) {
        if (!wire.has(version_) || !reader_.ok()) return;
        if (wire.is_tagged() ? wire.tag != wanted_tag_ : wanted_tag_ != no_tag) return;
        found_ = true;
        value(member, wire);
    }

  private:
    static constexpr std::int64_t no_tag = -1;

    template <class T>
    void value(T& v, const Wire& wire) {
        if constexpr (std::is_same_v<T, bool>) {
            v = reader_.integer<std::uint8_t>() != 0;
        } else if constexpr (std::is_enum_v<T>) {
            v = static_cast<T>(reader_.integer<std::underlying_type_t<T>>());
        } else if constexpr (std::is_integral_v<T>) {
            v = reader_.integer<T>();
        } else if constexpr (is_strong_id_v<T>) {
            v = T(reader_.integer<typename T::rep>());
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (const auto text = reader_.string()) {
                v = *text;
            } else {
                reader_.mark_bad();
            }
        } else if constexpr (std::is_same_v<T, Bytes>) {
            // Null is as good as empty here: records are nullable in every version.
            if (const auto bytes = reader_.bytes()) v.assign(bytes->begin(), bytes->end());
        } else if constexpr (std::is_same_v<T, Uuid>) {
            v.high = reader_.integer<std::uint64_t>();
            v.low = reader_.integer<std::uint64_t>();
        } else if constexpr (squall::detail::is_vector<T>::value) {
            if (!elements(v)) reader_.mark_bad();
        } else if constexpr (squall::detail::is_optional<T>::value) {
            optional(v, wire);
        } else {
            structure(v);
        }
    }

    // False for a null array. Grows with what was read, never with what the length claims.
    template <class T>
    bool elements(std::vector<T>& v) {
        const std::optional<std::size_t> count = reader_.array_length();
        if (!count) return false;
        for (std::size_t i = 0; i < *count && reader_.ok(); ++i) value(v.emplace_back(), Wire{});
        return true;
    }

    template <class T>
    void optional(std::optional<T>& v, const Wire& wire) {
        const bool can_be_null = wire.can_be_null(version_);
        if constexpr (std::is_same_v<T, std::string>) {
            if (const auto text = reader_.string()) v.emplace(*text);
        } else if constexpr (std::is_same_v<T, Bytes>) {
            if (const auto bytes = reader_.bytes()) v.emplace(bytes->begin(), bytes->end());
        } else if constexpr (squall::detail::is_vector<T>::value) {
            if (!elements(v.emplace())) v.reset();
        } else {
            static_assert(is_plain_struct<T>, "a nullable type that the wire format does not have");
            if (!can_be_null || reader_.integer<std::int8_t>() >= 0) structure(v.emplace());
        }
        if (!v && !can_be_null) reader_.mark_bad();
    }

    WireReader& reader_;
    ApiVersion version_;
    std::int64_t wanted_tag_ = no_tag;
    bool found_ = false;
};

template <class Message>
std::string describe_message(ApiVersion version) {
    if constexpr (requires { Message::api_key; }) {
        constexpr bool is_request = requires {
            typename Message::Response;
        };
        return fmt::format("{}{} v{}", to_string(Message::api_key),
                           is_request ? "Request" : "Response", version);
    } else {
        return fmt::format("message v{}", version);
    }
}

template <class Message>
WireEncoding encoding_of(ApiVersion version) {
    return Message::versions.is_flexible(version) ? WireEncoding::flexible : WireEncoding::classic;
}

}  // namespace detail

template <WireMessage Message>
std::size_t encoded_size(const Message& message, ApiVersion version) {
    ASSERT(Message::versions.contains(version), "no {}",
           detail::describe_message<Message>(version));
    WireSizer sizer(detail::encoding_of<Message>(version));
    detail::FieldEncoder(sizer, version).structure(message);
    return sizer.size();
}

template <WireMessage Message>
Bytes encode(const Message& message, ApiVersion version) {
    ASSERT(Message::versions.contains(version), "no {}",
           detail::describe_message<Message>(version));
    Bytes bytes;
    bytes.reserve(encoded_size(message, version));
    WireWriter writer(detail::encoding_of<Message>(version), bytes);
    detail::FieldEncoder(writer, version).structure(message);
    return bytes;
}

template <WireMessage Message>
Result<Message> decode(ByteView bytes, ApiVersion version, Leftover leftover) {
    if (!Message::versions.contains(version)) {
        return Error{Failure::invalid_input,
                     fmt::format("no {}", detail::describe_message<Message>(version))};
    }
    WireReader reader(detail::encoding_of<Message>(version), bytes);
    Message message;
    detail::FieldDecoder(reader, version).structure(message);
    if (!reader.ok() || (reader.remaining() > 0 && leftover == Leftover::refused)) {
        return Error{
            Failure::corrupt,
            fmt::format("{}: {} at byte {} of {}", detail::describe_message<Message>(version),
                        reader.ok() ? "bytes left over" : "does not make sense", reader.position(),
                        bytes.size())};
    }
    return message;
}

}  // namespace squall::model

#define SQUALL_INSTANTIATE_CODEC(Message)                                                  \
    template ::squall::Bytes squall::model::encode<Message>(const Message&, ApiVersion);   \
    template std::size_t squall::model::encoded_size<Message>(const Message&, ApiVersion); \
    template ::squall::Result<Message> squall::model::decode<Message>(::squall::ByteView,  \
                                                                      ApiVersion, Leftover)
#define SQUALL_INSTANTIATE_API(Api)         \
    SQUALL_INSTANTIATE_CODEC(Api##Request); \
    SQUALL_INSTANTIATE_CODEC(Api##Response)
