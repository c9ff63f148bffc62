// What the kernel's tests have in common: a node without a process, and an event to say something.
#pragma once

#include <string>
#include <utility>

#include "sim/kernel/simulation.h"

namespace squall::sim {

struct Said {
    static constexpr std::string_view event_name = "Said";
    std::string what;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("what", self.what);
    }
};

inline Node& started_node(Simulation& simulation, std::string name) {
    Node& node = simulation.add_node({.name = std::move(name)});
    node.start();
    return node;
}

// Every Said so far, one after the other: "a b c".
class Listener {
  public:
    explicit Listener(Simulation& simulation) {
        simulation.trace().observe([this](const Event& event) {
            const Said* const said = event.as<Said>();
            if (said == nullptr) return;
            if (!heard_.empty()) heard_ += ' ';
            heard_ += said->what;
        });
    }
    const std::string& heard() const { return heard_; }

  private:
    std::string heard_;
};

// The message of the AssertionFailure that `body` ends with; empty if it ends without.
template <class Body>
std::string failure_of(const Body& body) {
    try {
        body();
    } catch (const AssertionFailure& failure) {
        return failure.message.empty() ? failure.condition : failure.message;
    }
    return {};
}

}  // namespace squall::sim
