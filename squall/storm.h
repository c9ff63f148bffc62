// Storm: what befalls a pipeline: a plan of faults, and a seed for all that is left to chance. Then
// comes the calm, in which everything heals and has to come to its end.
//
// A plain value: write one by hand, or have RapidCheck draw it (squall/rc.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "squall/client.h"

namespace squall {

struct Fault {
    std::string kind = "crash";  // `squall list faults`
    // A machine or a role, as in scenario files (docs/SCENARIOS.md): "billing", "b2",
    // "leader(orders-0)", "controller", "any-broker". Or one of the pipeline's, whichever it has,
    // counted round and round from 0: "application(#1)", "broker(#0)", "leader(#4)",
    // "isr-follower(#2)", "coordinator(#0)".
    std::string target = "any-broker";
    std::chrono::milliseconds at{5'000};
    std::chrono::milliseconds lasts{5'000};
    Settings options{};  // of this kind

    bool operator==(const Fault&) const = default;
};

struct Storm {
    std::uint64_t seed = 1;
    std::chrono::seconds lasts{20};
    std::chrono::seconds calm{20};
    // Of the world, over what the pipeline says, by paths of a scenario file: "network.latency".
    Settings conditions{};
    std::vector<Fault> faults{};

    bool operator==(const Storm&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Fault& fault);
std::ostream& operator<<(std::ostream& out, const Storm& storm);

}  // namespace squall
