// Storms for RapidCheck: with this header, a property takes one and that is all:
//
//     RC_GTEST_PROP(MyPipeline, LosesNothing, (squall::rc::Storm storm)) {
//         const squall::Outcome outcome = squall::run(my_pipeline(), storm);
//         RC_LOG() << outcome;
//         RC_ASSERT(outcome.holds());
//     }
//
// A counterexample shrinks to the faults that it takes, at round times, in a plain world. What is
// drawn stays within what Kafka promises to survive: one broker alone (b1) loses what it had not
// flushed, so a loss is somebody's bug.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "squall/storm.h"

namespace squall::rc {

using Storm = ::squall::Storm;

// What may be drawn.
struct Climate {
    int most_faults = 5;
    std::chrono::seconds storm{20};
    std::chrono::seconds calm{20};
    // Kinds of faults that any machine may meet, and kinds for b1 alone. What stands here twice
    // comes twice as often.
    std::vector<std::string> kinds{"crash",   "crash",     "crash",     "crash", "restart",
                                   "pause",   "delay",     "stall",     "cut",   "reset",
                                   "isolate", "half-open", "clock-step"};
    std::vector<std::string> kinds_of_b1{"power-loss", "die-at-write", "slow-disk"};
    std::vector<std::string> targets{"application", "application",  "application", "broker",
                                     "leader",      "isr-follower", "coordinator"};
    bool varies_conditions = true;
};

// Generators shrink towards the first of their choices, the lowest number, the shortest list.

// One of `choices`; RapidCheck's elementOf does not shrink.
inline ::rc::Gen<std::string> choice(std::vector<std::string> choices) {
    const std::size_t count = choices.size();
    return ::rc::gen::map(::rc::gen::inRange<std::size_t>(0, count),
                          [choices = std::move(choices)](std::size_t i) { return choices[i]; });
}

inline ::rc::Gen<Fault> fault(const Climate& climate = {}) {
    using namespace ::rc;
    const int storm_s = static_cast<int>(climate.storm.count());
    const auto seconds = [](int low, int high) {
        return gen::map(gen::inRange(low, high),
                        [](int s) { return std::chrono::milliseconds(std::chrono::seconds(s)); });
    };
    const auto whom =
        gen::apply([](const std::string& role,
                      int number) { return role + "(#" + std::to_string(number) + ")"; },
                   choice(climate.targets), gen::inRange(0, 12));
    const auto drawn = [&](const std::vector<std::string>& kinds, Gen<std::string> target) {
        return gen::build<Fault>(gen::set(&Fault::kind, choice(kinds)),
                                 gen::set(&Fault::target, std::move(target)),
                                 gen::set(&Fault::at, seconds(3, std::max(4, storm_s - 1))),
                                 gen::set(&Fault::lasts, seconds(1, std::max(2, storm_s / 2))));
    };
    if (climate.kinds_of_b1.empty()) return drawn(climate.kinds, whom);
    return gen::weightedOneOf<Fault>(
        {{4, drawn(climate.kinds, whom)},
         {1, drawn(climate.kinds_of_b1, gen::just(std::string("b1")))}});
}

// A plan of faults, each of which may be left out.
inline ::rc::Gen<std::vector<Fault>> faults(const Climate& climate = {}) {
    using namespace ::rc;
    // The size bounds the length of a container and the range of a number; within it, numbers have
    // their whole range.
    return gen::resize(climate.most_faults, gen::container<std::vector<Fault>>(
                                                gen::resize(kNominalSize, fault(climate))));
}

// How the network and the disks are; {} is plain.
inline ::rc::Gen<Settings> conditions() {
    using namespace ::rc;
    const auto latency = choice({"", "\"lognormal(2ms, p99=60ms)\""});
    const auto flush = choice({"", "\"lognormal(8ms, p99=200ms)\""});
    const auto granularity = choice({"", "\"1ms\""});
    return gen::apply(
        [](const std::string& l, const std::string& f, const std::string& g) {
            Settings drawn;
            if (!l.empty()) drawn["network.latency"] = l;
            if (!f.empty()) drawn["disk.flush"] = f;
            if (!g.empty()) drawn["network.granularity"] = g;
            return drawn;
        },
        latency, flush, granularity);
}

inline ::rc::Gen<Storm> storm(const Climate& climate = {}) {
    using namespace ::rc;
    // The range of a number grows with the size that RapidCheck gives to a case; a storm has its
    // whole range from the first case on.
    return gen::resize(
        kNominalSize,
        gen::build<Storm>(
            gen::set(&Storm::seed,
                     gen::map(gen::inRange(1, 1'000'000),
                              [](int seed) { return static_cast<std::uint64_t>(seed); })),
            gen::set(&Storm::lasts, gen::just(climate.storm)),
            gen::set(&Storm::calm, gen::just(climate.calm)),
            gen::set(&Storm::conditions,
                     climate.varies_conditions ? conditions() : gen::just(Settings{})),
            gen::set(&Storm::faults, faults(climate))));
}

}  // namespace squall::rc

namespace rc {

template <>
struct Arbitrary<squall::Storm> {
    static Gen<squall::Storm> arbitrary() { return squall::rc::storm(); }
};

}  // namespace rc
