// StrongId: an integer that is one thing and nothing else.
//
// Distinct tags do not convert into each other, so an Offset can never be passed where a
// LeaderEpoch belongs. Ordered, hashable by value only, printed as the bare number.
#pragma once

#include <compare>
#include <concepts>
#include <type_traits>

#include "sim/base/format.h"

namespace squall {

template <class Tag, std::integral Rep>
class StrongId {
  public:
    using rep = Rep;

    constexpr StrongId() = default;
    constexpr explicit StrongId(Rep value) : value_(value) {}

    constexpr Rep value() const { return value_; }

    constexpr auto operator<=>(const StrongId&) const = default;
    constexpr bool operator==(const StrongId&) const = default;

    constexpr StrongId& operator++() {
        ++value_;
        return *this;
    }
    constexpr StrongId next() const { return StrongId(static_cast<Rep>(value_ + 1)); }

    // Distances are plain integers; adding one to an id gives an id.
    friend constexpr StrongId operator+(StrongId id, Rep distance) {
        return StrongId(static_cast<Rep>(id.value_ + distance));
    }
    friend constexpr StrongId operator-(StrongId id, Rep distance) {
        return StrongId(static_cast<Rep>(id.value_ - distance));
    }
    friend constexpr Rep operator-(StrongId a, StrongId b) {
        return static_cast<Rep>(a.value_ - b.value_);
    }

  private:
    Rep value_{};
};

template <class T>
struct is_strong_id : std::false_type {};
template <class Tag, class Rep>
struct is_strong_id<StrongId<Tag, Rep>> : std::true_type {};
template <class T>
inline constexpr bool is_strong_id_v = is_strong_id<std::remove_cvref_t<T>>::value;

}  // namespace squall

template <class Tag, class Rep>
struct fmt::formatter<squall::StrongId<Tag, Rep>> : squall::PlainFormatter {
    template <class Context>
    auto format(squall::StrongId<Tag, Rep> id, Context& context) const {
        return fmt::format_to(context.out(), "{}", id.value());
    }
};
