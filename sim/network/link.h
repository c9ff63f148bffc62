// Link: the way from one machine to another, in one direction: its latency and its bandwidth.
//
// A frame's latency is keyed by (source, destination, label, n-th of these): frames, clients or
// faults that go or come leave the latencies of all others as they were. Frames leave one after
// another, at the link's bandwidth, in the order in which they were sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::sim {

// What lets bytes through one after the other, at a rate.
class Pipe {
  public:
    Pipe() = default;
    // 0: no limit.
    explicit Pipe(std::uint64_t bits_per_second);

    // As Pipe(bits_per_second) from the next bytes on.
    void set(std::uint64_t bits_per_second);
    // When the last bit of what comes at `at` has left.
    Time transmit(Time at, std::uint32_t bytes);

  private:
    std::uint64_t time_per_byte_ = 0;  // in 2^-20 ns
    Time free_at_{};
};

class Link {
  public:
    // `bandwidth` is in bits per second; 0: no limit.
    Link(Noise noise, std::string_view from, std::string_view to, DurationDistribution latency,
         std::uint64_t bandwidth);

    // From the next frame on.
    void set(DurationDistribution latency, std::uint64_t bandwidth);

    // The noise of the next frame with this label.
    std::uint64_t draw(std::string_view label);
    Duration latency(std::uint64_t bits) const { return latency_.at(bits); }
    // When the last bit of a frame that is sent now leaves.
    Time transmit(Time now, std::uint32_t bytes) { return pipe_.transmit(now, bytes); }

  private:
    // The draws for one label.
    struct Lane {
        std::string label;
        Meaning meaning;
        std::uint64_t ordinal = 0;
    };

    Noise noise_;
    Meaning meaning_;
    DurationDistribution latency_;
    Pipe pipe_;
    std::vector<Lane> lanes_;  // few: searched from the front
};

}  // namespace squall::sim
