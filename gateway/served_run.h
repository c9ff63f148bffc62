// ServedRun: a judged run that outside events come into, for a server and for a replay alike. What
// it becomes depends on the scenario, the seed, and the events with their virtual times.
#pragma once

#include <memory>
#include <vector>

#include "gateway/control_action.h"
#include "gateway/gateway.h"
#include "gateway/outside_event.h"
#include "gateway/recording.h"
#include "scenarios/judged_run.h"

namespace squall::gateway {

class ServedRun {
  public:
    // Throws ScenarioError where the scenario cannot be run.
    ServedRun(const scenarios::Scenario& scenario, const scenarios::RunOptions& options,
              AddressBook addresses, Outlet& outlet);
    ~ServedRun();

    scenarios::JudgedRun& run() { return *run_; }
    Gateway& gateway() { return *gateway_; }
    Time now() const { return run_->now(); }
    bool is_over() const { return run_->is_over(); }

    // Without effect where it is that late already.
    void run_until(Time end);
    // Takes the event in, now. Returns what there is to say to a Controlled.
    ControlAnswer take_in(const OutsideEvent& event);
    // After Ended: runs the calm to its end, and judges.
    scenarios::RunResult finish();

  private:
    // The run goes first: the machines' hooks and connections lead to the gateway.
    std::unique_ptr<Gateway> gateway_;
    std::unique_ptr<scenarios::JudgedRun> run_;
};

// An event of a run that is going on: who repeats the run beside it shares it.
using TakenIn = std::shared_ptr<const RecordedEvent>;
// What would come of it if it ended at `end`. Throws ScenarioError.
scenarios::RunResult repeat(const scenarios::Scenario& scenario, const std::vector<TakenIn>& events,
                            Time end, const scenarios::RunOptions& options);

// The recorded run again, without its clients. Throws ScenarioError.
scenarios::RunResult replay(const scenarios::Scenario& scenario,
                            const std::vector<RecordedEvent>& events,
                            const scenarios::RunOptions& options);

}  // namespace squall::gateway
