// Workload: the applications of a scenario. Adds its client machines before the cluster boots; each
// is a process of plain blocking code over the model's clients. One file each; listed in
// registry.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/cluster.h"
#include "scenarios/scenario.h"

namespace squall::scenarios {

class Workload {
  public:
    virtual ~Workload() = default;
    // Adds and starts the client machines. On the main context, once, before anything runs.
    virtual void start(Cluster& cluster) = 0;
    // The storm is over: nothing new is produced; consumers go on until the end.
    virtual void begin_calm(Cluster& cluster) = 0;
};

// A mistake that a workload can be built with on purpose (workload.flaw).
struct FlawEntry {
    std::string_view name;
    std::string_view about;
    bool is_of_own_commits = false;  // nothing for a group with commit = "auto"
};

struct WorkloadEntry {
    std::string_view kind;
    std::string_view about;
    // The machines it will have: valid names for faults and [node.*].
    std::vector<std::string> (*client_names)(const Scenario& scenario);
    // The topics that the scenario must declare for it.
    std::vector<std::string_view> topics;
    // Throws ScenarioError for an input file that cannot be read.
    std::unique_ptr<Workload> (*make)(const Scenario& scenario);
    // Its applications come from elsewhere (real ones while it is served, code of a test): alone
    // it does nothing.
    bool is_from_outside = false;
    // The groups that it has, no others; empty: any.
    std::vector<std::string_view> groups{};
    bool needs_group = false;  // at least one
    std::vector<FlawEntry> flaws{};
    std::vector<CommitStyle> commit_styles{};  // of its groups; empty: any
    bool subscribes_to_patterns = false;       // its groups may: `pattern`
    // The machines whose handling of records can go wrong by itself, and the one whose sending can
    // (model/patterns/mishaps.h); none: nothing asks there.
    std::vector<std::string> (*handlers)(const Scenario& scenario) = nullptr;
    std::string_view sender{};
};

const std::vector<WorkloadEntry>& all_workloads();
const WorkloadEntry* find_workload(std::string_view kind);

// "all", "1", "0", "-1": the settings that clients of a workload share.
std::vector<std::string> bootstrap_of(const Scenario& scenario);

}  // namespace squall::scenarios
