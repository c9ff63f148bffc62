// Cluster: the machines of a scenario, wired: brokers b1.., controllers c1.. (in a combined cluster
// the first brokers), clients by name, each with its disk, on one network, in one simulation.
// Machines are made here and started by whoever runs.
//
// The disks of controllers are formatted here, as an operator does before the first start: each
// gets the directory id that the quorum's first voters know (kraft.version 1). One that is wiped
// later gets another.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/bugs.h"
#include "model/patterns/mishaps.h"
#include "model/rpc/endpoint.h"
#include "scenarios/cluster_view.h"
#include "scenarios/scenario.h"
#include "scenarios/target.h"
#include "sim/disk/disk.h"
#include "sim/kernel/simulation.h"
#include "sim/network/network.h"

namespace squall::scenarios {

// Of c1, where controllers are nodes of their own.
inline constexpr std::int32_t first_controller_id = 1001;

// A machine runs when its owner (the cluster, a workload) wants it to and no fault holds it down:
// two faults that took it down bring it back when the second one ends, and a fault that ends never
// boots what nobody started yet. Pauses are counted likewise.
struct Machine {
    std::string name;
    sim::Node* node = nullptr;
    std::unique_ptr<sim::Disk> disk;      // null for clients
    const sim::Disk* own_disk = nullptr;  // whoever's is plugged in now
    model::BugSet bugs;
    model::Mishaps mishaps;  // of the application that runs here
    // Whose settings its processes have.
    enum class Settings { none, of_server, of_member };
    Settings kind_of_settings = Settings::none;
    // What its next process runs with, over what the scenario says, by Kafka's key: of its kind.
    std::map<std::string, std::string> settings;
    bool is_broker = false;
    bool is_controller = false;

    // ---- for its owner, on the main context ----

    // From now on it is to run: at once, or when the last fault that holds it down ends. Without
    // effect where that was said before.
    void want_up();
    bool is_wanted() const { return is_wanted_; }
    // It is to run, and no fault holds it down.
    bool is_left_alone() const { return is_wanted_ && held_by_.empty(); }

    // ---- for faults, on the main context; `fault` is the id of one ----

    // It stays down until `fault` lets it up. Running, it stops with `reason`; a power loss takes
    // the page cache also of a machine whose process is not there.
    void take_down(const std::string& fault, sim::StopReason reason);
    // As take_down, where the fault stops the process in a way of its own.
    void hold_down(const std::string& fault) { held_by_.insert(fault); }
    // Starts it if it is wanted, not running, and nobody else holds it down.
    void let_up(const std::string& fault);
    void pause(const std::string& fault);
    void resume(const std::string& fault);

  private:
    bool is_wanted_ = false;
    std::set<std::string> held_by_;
    std::set<std::string> paused_by_;
};

// "b1".."bN" and "c1".."cN": the names that a scenario's servers have.
std::vector<std::string> broker_names(const Scenario& scenario);
std::vector<std::string> controller_names(const Scenario& scenario);
// All of them, and who stands in which rack: brokers are dealt over the racks, "rack-1" first.
Roster roster_of(const Scenario& scenario);

class Cluster {
  public:
    // Requires: the scenario is valid. Its bugs are armed on every machine: those of servers strike
    // on servers, those of clients in their clients.
    Cluster(const Scenario& scenario, std::uint64_t seed, sim::TraceOptions trace,
            std::uint64_t step_budget, const std::atomic<bool>* stop = nullptr);
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    ~Cluster();

    sim::Simulation& simulation() { return *simulation_; }
    sim::Network& network() { return *network_; }
    const ClusterView& view() const { return *view_; }
    model::Fabric fabric() { return {*network_, scenario_.network.codec}; }
    const Scenario& scenario() const { return scenario_; }

    // A machine without a disk, on the network, not started. Where its process ends by itself, as
    // of an exception that nobody catches, a supervisor starts it again after five seconds.
    Machine& add_client(std::string name, sim::ProcessFactory factory);
    // Null where there is no such machine.
    Machine* find(std::string_view name);
    // What is armed on the machine of this node, for the processes that it runs.
    const model::BugSet* bugs_of(const sim::Node& node) const;
    model::Mishaps* mishaps_of(const sim::Node& node);
    // Machine::settings of the machine of this node.
    const std::map<std::string, std::string>& settings_of(const sim::Node& node) const;
    // In order of creation: controllers, brokers, clients.
    const std::vector<std::unique_ptr<Machine>>& machines() const { return machines_; }
    const Roster& roster() const { return roster_; }
    // node.id of a server: brokers from 1, controllers on machines of their own from 1001.
    static model::BrokerId broker_id(const Machine& machine);

    // Starts controllers and brokers.
    void boot();
    // Each has the other's disk from now on. Requires: both have one, and neither runs.
    void swap_disks(Machine& one, Machine& other);
    // Wherever the disks are that the fault made faulty.
    void clear_disk_faults(std::string_view fault);

  private:
    Machine& add_server(const std::string& name, bool is_broker, bool is_controller);
    const Machine& machine_of(const sim::Node& node) const;
    // The disk dies with this machine's node, and tells of itself in its name.
    void plug_in(Machine& machine);
    Machine& add_machine(std::string name, sim::ProcessFactory factory);

    const Scenario& scenario_;
    std::unique_ptr<sim::Simulation> simulation_;
    std::unique_ptr<sim::Network> network_;
    std::unique_ptr<ClusterView> view_;
    std::vector<std::unique_ptr<Machine>> machines_;
    std::shared_ptr<model::MetadataChronicle> chronicle_ =
        std::make_shared<model::MetadataChronicle>();
    Roster roster_;
};

}  // namespace squall::scenarios
