// Beat: what a fault does step by step, until it is healed. Each step says how long until the next.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "sim/base/time.h"
#include "sim/kernel/simulation.h"

namespace squall::scenarios {

class Beat {
  public:
    // Acts, on the main context; nullopt: that was the last one.
    using Step = std::function<std::optional<Duration>()>;

    // Takes the first step at once. What the step uses must live until end().
    void begin(sim::Simulation& simulation, Step step) {
        state_ = std::make_shared<State>(State{simulation, std::move(step)});
        tick(state_);
    }
    // No step is taken any more.
    void end() { state_->step = nullptr; }

  private:
    // Shared with the actions that were scheduled.
    struct State {
        sim::Simulation& simulation;
        Step step;
    };

    static void tick(const std::shared_ptr<State>& state) {
        if (!state->step) return;
        const std::optional<Duration> wait = state->step();
        if (!wait) return;
        state->simulation.control_at(state->simulation.now() + *wait, [state] { tick(state); });
    }

    std::shared_ptr<State> state_;
};

}  // namespace squall::scenarios
