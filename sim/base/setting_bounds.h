// SettingBounds: what a setting may be. Stands beside the member in a described list of options, as
// Kafka's validators stand beside its keys; whoever sets a member from text refuses what lies
// outside. Both ends are included, and are counted in the unit of the member.
#pragma once

#include <cstdint>

namespace squall {

struct SettingBounds {
    std::int64_t low = INT64_MIN;
    std::int64_t high = INT64_MAX;
};

// Kafka's types SHORT, INT and LONG, from `low` on.
constexpr SettingBounds short_from(std::int64_t low) {
    return {.low = low, .high = INT16_MAX};
}
constexpr SettingBounds int_from(std::int64_t low) {
    return {.low = low, .high = INT32_MAX};
}
constexpr SettingBounds long_from(std::int64_t low) {
    return {.low = low, .high = INT64_MAX};
}
// A LONG of milliseconds that somebody waits for: no more than the clocks of a simulation count.
constexpr SettingBounds wait_from(std::int64_t low) {
    return {.low = low, .high = INT64_MAX / 1'000'000};
}

}  // namespace squall
