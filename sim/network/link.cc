#include "sim/network/link.h"

#include <algorithm>
#include <utility>

namespace squall::sim {
namespace {

constexpr int fraction_bits = 20;

std::uint64_t time_per_byte(std::uint64_t bits_per_second) {
    if (bits_per_second == 0) return 0;
    constexpr std::uint64_t ns_for_eight_bits = 8'000'000'000;
    return (ns_for_eight_bits << fraction_bits) / bits_per_second;
}

}  // namespace

Pipe::Pipe(std::uint64_t bits_per_second) : time_per_byte_(time_per_byte(bits_per_second)) {}

void Pipe::set(std::uint64_t bits_per_second) {
    time_per_byte_ = time_per_byte(bits_per_second);
}

Time Pipe::transmit(Time at, std::uint32_t bytes) {
    __extension__ using Wide = unsigned __int128;
    const Wide ns = (Wide{bytes} * time_per_byte_) >> fraction_bits;
    free_at_ = std::max(free_at_, at) + Duration(static_cast<std::int64_t>(ns));
    return free_at_;
}

Link::Link(Noise noise, std::string_view from, std::string_view to, DurationDistribution latency,
           std::uint64_t bandwidth)
    : noise_(noise), meaning_(Meaning("latency").with(from).with(to)) {
    set(latency, bandwidth);
}

void Link::set(DurationDistribution latency, std::uint64_t bandwidth) {
    latency_ = latency;
    pipe_.set(bandwidth);
}

std::uint64_t Link::draw(std::string_view label) {
    auto lane = std::ranges::find(lanes_, label, &Lane::label);
    if (lane == lanes_.end()) {
        lanes_.push_back({std::string(label), meaning_.with(label), 0});
        lane = lanes_.end() - 1;
    }
    return noise_.at(lane->meaning, lane->ordinal++);
}

}  // namespace squall::sim
