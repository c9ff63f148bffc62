// describe: how a struct tells its fields once, and everything else is derived.
//
// A described struct has one list:
//
//     struct LeaderChanged {
//         TopicPartition partition;
//         LeaderEpoch leader_epoch;
//
//         template <class Self, class Fields>
//         static void describe(Self& self, Fields& fields) {
//             fields("partition", self.partition);
//             fields("leader_epoch", self.leader_epoch);
//         }
//     };
//
// A visitor is any object with `operator()(name, member)`, or `operator()(name, member,
// attributes)` where a list carries attributes (wire versions of messages, bounds of settings). The
// visitors here are the canonical encoding (little endian; what trace hashes are taken over), its
// inverse, and the printer. Wire codec, JSON and settings have visitors of their own in their
// rooms.
//
// Member types: bool, integers, enums, StrongId, Instant, chrono durations, std::string, Bytes,
// std::optional, std::vector, std::map of these, and described structs. No floating point: a double
// prints differently on other machines.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/strong_id.h"
#include "sim/base/time.h"

namespace squall {

namespace detail {
struct AnyFields {
    template <class T>
    void operator()(std::string_view, T&&) {}
    template <class T, class A>
    void operator()(std::string_view, T&&, A&&) {}
};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class K, class V>
struct is_map<std::map<K, V>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_instant : std::false_type {};
template <class C>
struct is_instant<Instant<C>> : std::true_type {};
template <class T>
struct is_duration : std::false_type {};
template <class R, class P>
struct is_duration<std::chrono::duration<R, P>> : std::true_type {};
}  // namespace detail

template <class T>
concept Described = requires(T& object, detail::AnyFields& fields) {
    std::remove_const_t<T>::describe(object, fields);
};

// An enum that prints as a word has a free `std::string_view to_string(E)` beside it.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T value) {
    { to_string(value) } -> std::convertible_to<std::string_view>;
};

// ---- canonical form: little endian, fixed width, lengths as u32 ----

// Walks an object in its canonical order and hands what it finds to `Sink`: its `integer(v)` for
// each number, its `text(t)` for the bytes of a string.
template <class Sink>
class CanonicalWalk {
  public:
    template <class T>
    void operator()(std::string_view, const T& member) {
        value(member);
    }
    template <class T, class A>
    void operator()(std::string_view, const T& member, const A&) {
        value(member);
    }

    template <class T>
    void value(const T& v) {
        if constexpr (std::is_same_v<T, bool>) {
            sink().integer(static_cast<std::uint8_t>(v ? 1 : 0));
        } else if constexpr (std::is_enum_v<T>) {
            sink().integer(static_cast<std::underlying_type_t<T>>(v));
        } else if constexpr (std::is_integral_v<T>) {
            sink().integer(v);
        } else if constexpr (is_strong_id_v<T>) {
            sink().integer(v.value());
        } else if constexpr (detail::is_instant<T>::value) {
            sink().integer(v.ns());
        } else if constexpr (detail::is_duration<T>::value) {
            sink().integer(saturated(v).count());
        } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            const std::string_view text = v;
            length(text.size());
            sink().text(text);
        } else if constexpr (detail::is_optional<T>::value) {
            value(v.has_value());
            if (v) value(*v);
        } else if constexpr (detail::is_vector<T>::value) {
            length(v.size());
            for (const auto& element : v) value(element);
        } else if constexpr (detail::is_map<T>::value) {
            length(v.size());
            for (const auto& [key, mapped] : v) {
                value(key);
                value(mapped);
            }
        } else {
            static_assert(Described<const T>, "a member type that describe does not know");
            T::describe(v, sink());
        }
    }

  private:
    Sink& sink() { return static_cast<Sink&>(*this); }
    void length(std::size_t n) { sink().integer(static_cast<std::uint32_t>(n)); }
};

// The canonical form as bytes.
// Gathers small members and appends them together: `out` is complete when the encoder is gone.
class CanonicalEncoder : public CanonicalWalk<CanonicalEncoder> {
  public:
    explicit CanonicalEncoder(Bytes& out) : out_(out) {}
    CanonicalEncoder(const CanonicalEncoder&) = delete;
    CanonicalEncoder& operator=(const CanonicalEncoder&) = delete;
    ~CanonicalEncoder() { flush(); }

    template <class T>
    void integer(T v) {
        if (gathered_.size() - size_ < sizeof(T)) flush();
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(gathered_.data() + size_, &v, sizeof(T));
        } else {
            auto rest = static_cast<std::uint64_t>(v);
            for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8) {
                gathered_[size_ + i] = static_cast<std::uint8_t>(rest);
            }
        }
        size_ += sizeof(T);
    }
    void text(std::string_view text) {
        if (gathered_.size() - size_ < text.size()) flush();
        if (gathered_.size() < text.size()) {
            out_.insert(out_.end(), text.begin(), text.end());
            return;
        }
        std::copy(text.begin(), text.end(), gathered_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += text.size();
    }

  private:
    void flush() {
        out_.insert(out_.end(), gathered_.data(), gathered_.data() + size_);
        size_ = 0;
    }

    Bytes& out_;
    std::array<std::uint8_t, 64> gathered_;
    std::size_t size_ = 0;
};

// A running 64-bit hash over the canonical form, without writing it down: each number is one step,
// so that what a trace costs is a few instructions for each member.
class CanonicalHasher : public CanonicalWalk<CanonicalHasher> {
  public:
    explicit CanonicalHasher(std::uint64_t seed) : hash_(seed) {}

    template <class T>
    void integer(T v) {
        // Both steps are bijections, so two values never meet in one step.
        hash_ = (hash_ ^ static_cast<std::uint64_t>(v)) * 0x9fb21c651e98df25u;
        hash_ ^= hash_ >> 32;
    }
    void text(std::string_view text) {
        std::size_t at = 0;
        for (; text.size() - at >= 8; at += 8) integer(load_little_endian(text.data() + at, 8));
        if (at < text.size()) integer(load_little_endian(text.data() + at, text.size() - at));
    }

    std::uint64_t hash() const { return hash_; }

  private:
    std::uint64_t hash_;
};

// Inverse of CanonicalEncoder, for bytes that this process wrote (a recorded trace): it trusts
// them.
class CanonicalDecoder {
  public:
    explicit CanonicalDecoder(ByteView in) : in_(in) {}

    template <class T>
    void operator()(std::string_view, T& member) {
        value(member);
    }
    template <class T, class A>
    void operator()(std::string_view, T& member, const A&) {
        value(member);
    }

    template <class T>
    void value(T& v) {
        if constexpr (std::is_same_v<T, bool>) {
            v = little_endian<std::uint8_t>() != 0;
        } else if constexpr (std::is_enum_v<T>) {
            v = static_cast<T>(little_endian<std::underlying_type_t<T>>());
        } else if constexpr (std::is_integral_v<T>) {
            v = little_endian<T>();
        } else if constexpr (is_strong_id_v<T>) {
            v = T(little_endian<typename T::rep>());
        } else if constexpr (detail::is_instant<T>::value) {
            v = T(Duration(little_endian<std::int64_t>()));
        } else if constexpr (detail::is_duration<T>::value) {
            v = std::chrono::duration_cast<T>(Duration(little_endian<std::int64_t>()));
        } else if constexpr (std::is_same_v<T, std::string>) {
            const std::size_t size = little_endian<std::uint32_t>();
            v.assign(as_text(in_.subspan(at_, size)));
            at_ += size;
        } else if constexpr (detail::is_optional<T>::value) {
            bool present = false;
            value(present);
            v.reset();
            if (present) value(v.emplace());
        } else if constexpr (detail::is_vector<T>::value) {
            v.resize(little_endian<std::uint32_t>());
            for (auto& element : v) value(element);
        } else if constexpr (detail::is_map<T>::value) {
            v.clear();
            for (auto count = little_endian<std::uint32_t>(); count > 0; --count) {
                typename T::key_type key{};
                typename T::mapped_type mapped{};
                value(key);
                value(mapped);
                v.emplace(std::move(key), std::move(mapped));
            }
        } else {
            static_assert(Described<T>, "a member type that describe does not know");
            T::describe(v, *this);
        }
    }

  private:
    template <class T>
    T little_endian() {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            bits |= static_cast<std::uint64_t>(in_[at_ + i]) << (8 * i);
        }
        at_ += sizeof(T);
        return static_cast<T>(bits);
    }

    ByteView in_;
    std::size_t at_ = 0;
};

// ---- printing: "{partition=orders-0 leader_epoch=3}", described structs that print as one word
// (a `std::string to_string(const T&)` beside them) as that word ----

void append_number(std::string& out, std::int64_t number);
void append_number(std::string& out, std::uint64_t number);

class Printer {
  public:
    explicit Printer(std::string& out) : out_(out) {}

    template <class T>
    void operator()(std::string_view name, const T& member) {
        if (!first_) out_ += ' ';
        first_ = false;
        out_ += name;
        out_ += '=';
        value(member);
    }
    template <class T, class A>
    void operator()(std::string_view name, const T& member, const A&) {
        (*this)(name, member);
    }

    template <class T>
    void value(const T& v) {
        if constexpr (std::is_same_v<T, bool>) {
            out_ += v ? "true" : "false";
        } else if constexpr (std::is_enum_v<T>) {
            if constexpr (NamedEnum<T>) {
                out_ += to_string(v);
            } else {
                append_number(out_, static_cast<std::int64_t>(v));
            }
        } else if constexpr (std::is_integral_v<T>) {
            append_number(
                out_,
                static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(
                    v));
        } else if constexpr (is_strong_id_v<T>) {
            value(v.value());
        } else if constexpr (detail::is_instant<T>::value) {
            out_ += to_string(v.since_origin());
        } else if constexpr (detail::is_duration<T>::value) {
            out_ += to_string(saturated(v));
        } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            out_ += std::string_view(v);
        } else if constexpr (std::is_same_v<T, Bytes>) {
            out_ += '<';
            append_number(out_, std::uint64_t{v.size()});
            out_ += " bytes>";
        } else if constexpr (detail::is_optional<T>::value) {
            if (v) {
                value(*v);
            } else {
                out_ += '-';
            }
        } else if constexpr (detail::is_vector<T>::value) {
            out_ += '[';
            bool first = true;
            for (const auto& element : v) {
                if (!first) out_ += ' ';
                first = false;
                value(element);
            }
            out_ += ']';
        } else if constexpr (detail::is_map<T>::value) {
            out_ += '{';
            bool first = true;
            for (const auto& [key, mapped] : v) {
                if (!first) out_ += ' ';
                first = false;
                value(key);
                out_ += ':';
                value(mapped);
            }
            out_ += '}';
        } else if constexpr (requires {
                                 { to_string(v) } -> std::convertible_to<std::string>;
                             }) {
            out_ += to_string(v);
        } else {
            out_ += '{';
            Printer inner(out_);
            T::describe(v, inner);
            out_ += '}';
        }
    }

  private:
    std::string& out_;
    bool first_ = true;
};

// "partition=orders-0 leader_epoch=3"
template <class T>
requires Described<const T> std::string print_fields(const T& object) {
    std::string text;
    Printer printer(text);
    T::describe(object, printer);
    return text;
}

template <class T>
Bytes encode_canonical(const T& object) {
    Bytes out;
    CanonicalEncoder(out).value(object);
    return out;
}

}  // namespace squall
