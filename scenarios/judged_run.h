// JudgedRun: one run of one scenario, step by step, for whoever decides how far virtual time goes:
// run() to the end at once, the gateway as the wall clock does.
//
// What the steps are has no effect on the run: the same actions at the same virtual times give the
// same hash. A violated invariant of the model ends the run where it stands, and is part of its
// result.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "scenarios/admin/admin_plan.h"
#include "scenarios/cluster.h"
#include "scenarios/coverage.h"
#include "scenarios/fault_plan.h"
#include "scenarios/receipts.h"
#include "scenarios/run.h"
#include "scenarios/tally.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

class JudgedRun {
  public:
    // Builds the cluster; nothing runs yet. Throws ScenarioError where the scenario cannot be run.
    JudgedRun(const Scenario& written, const RunOptions& options);
    JudgedRun(const JudgedRun&) = delete;
    JudgedRun& operator=(const JudgedRun&) = delete;
    ~JudgedRun();

    // As it is run: no swarm left.
    const Scenario& scenario() const { return result_.expanded; }
    Cluster& cluster() { return *cluster_; }
    FaultPlan& faults() { return *plan_; }
    Receipts& receipts() { return receipts_; }
    const Tally& tally() const { return tally_; }
    // Of the events so far.
    const sim::Trace& trace() const { return *trace_; }
    Time now() const { return cluster_->simulation().now(); }

    // Starts the workload and boots the machines. Once, before anything runs.
    void begin();
    // Runs what is due up to and including `end`. Without effect once the run is over.
    void run_until(Time end);
    // Does something to the cluster from outside, now. Without effect once the run is over.
    void act(const std::function<void()>& action);
    // The calm begins, with everything healed. Comes by itself at the end of the scenario's storm;
    // whoever wants it earlier calls this. Idempotent.
    void end_storm();
    bool storm_is_over() const { return storm_is_over_; }
    // When the calm that has begun ends, or the one that the scenario plans.
    Time end() const { return end_; }
    // Interrupted, or ended by a violated invariant: nothing runs any more.
    bool is_over() const { return failure_.has_value() || cluster_->simulation().is_interrupted(); }

    // Stops every machine, audits their disks, and judges. Once, and the last call.
    RunResult finish();

  private:
    RunResult result_;
    std::unique_ptr<Workload> workload_;
    std::unique_ptr<Cluster> cluster_;
    std::shared_ptr<sim::Trace> trace_;
    Receipts receipts_;
    Tally tally_;
    Coverage coverage_;
    checkers::CheckerSet checkers_;
    std::unique_ptr<FaultPlan> plan_;
    std::unique_ptr<AdminPlan> admin_;
    std::optional<AssertionFailure> failure_;
    bool storm_is_over_ = false;
    Time end_;
};

}  // namespace squall::scenarios
