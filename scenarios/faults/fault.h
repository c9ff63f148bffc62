// Fault: something that goes wrong on purpose. One file each; listed in registry.cc.
//
// A fault acts on the main context of the simulation, on machines that its target was resolved to
// when it struck. It says nothing about its own success: receipts are made of other rooms' events.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/cluster.h"
#include "scenarios/target.h"
#include "sim/base/distribution.h"
#include "sim/base/result.h"
#include "sim/base/rng.h"

namespace squall::scenarios {

struct FaultContext {
    Cluster& cluster;
    std::string id;                  // of the plan's entry
    std::vector<Machine*> machines;  // whom it hits
    Draws draws;                     // its own noise
    // What the fault found nobody for among them, for the receipts: "config.session.timeout.ms".
    std::vector<std::string> without_target{};
};

class Fault {
  public:
    virtual ~Fault() = default;
    virtual void strike(FaultContext& context) = 0;
    // Ends it, on the same machines. Called at most once, after strike.
    virtual void heal(FaultContext& context) = 0;
};

// As the scenario file writes them: option name -> value.
using FaultOptions = std::map<std::string, std::string>;

struct FaultOptionEntry {
    std::string_view name;  // "config.*": one for each setting
    std::string_view about;
    std::string_view default_value;
    bool is_target = false;  // its value is checked like `target`

    bool stands_for(std::string_view option) const;
};

struct FaultEntry {
    std::string_view kind;
    std::string_view about;   // one line for `squall list faults`
    std::string_view source;  // what it is like in the world
    bool needs_broker;        // only servers (with disks) can be hit
    std::vector<FaultOptionEntry> options;
    // Error: invalid_input for an unknown or impossible option.
    Result<std::unique_ptr<Fault>> (*make)(const FaultOptions& options);
    // Of an application, the only one that can be hit: see WorkloadEntry.
    enum class Part { any, handler, sender };
    Part part = Part::any;
};

// In order of kind.
const std::vector<FaultEntry>& all_faults();
const FaultEntry* find_fault(std::string_view kind);

// The machines of the scenario's workload that play this part; of `any`: all but those who set up
// and who judge.
std::vector<std::string> players(const Scenario& scenario, FaultEntry::Part part);

// The machines that the target means now.
std::vector<Machine*> aim(const Target& target, Cluster& cluster, Draws& draws);

// For makers: the option as a duration or a number, or its default. Error: invalid_input.
Result<Duration> duration_option(const FaultOptions& options, std::string_view name,
                                 std::string_view default_value);
Result<std::int64_t> number_option(const FaultOptions& options, std::string_view name,
                                   std::string_view default_value);
Result<DurationDistribution> distribution_option(const FaultOptions& options, std::string_view name,
                                                 std::string_view default_value);
// As number_option, and within these bounds.
Result<std::int64_t> bounded_option(const FaultOptions& options, std::string_view name,
                                    std::string_view default_value, std::int64_t low,
                                    std::int64_t high);
// One of `choices`; the first is the default.
Result<std::string> choice_option(const FaultOptions& options, std::string_view name,
                                  const std::vector<std::string_view>& choices);
std::string text_option(const FaultOptions& options, std::string_view name,
                        std::string_view default_value);

}  // namespace squall::scenarios
