#include "scenarios/cluster.h"

#include <utility>

#include "model/broker/broker.h"
#include "model/broker/controller_process.h"
#include "model/log/meta_properties.h"
#include "sim/base/settings.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {
namespace {

std::vector<std::string> numbered(char letter, std::uint32_t count) {
    std::vector<std::string> names;
    for (std::uint32_t i = 1; i <= count; ++i) names.push_back(fmt::format("{}{}", letter, i));
    return names;
}

const NodeSection& section_of(const Scenario& scenario, const std::string& name) {
    static const NodeSection nothing_special;
    const auto found = scenario.nodes.find(name);
    return found == scenario.nodes.end() ? nothing_special : found->second;
}

constexpr Duration supervisor_pause = 5s;

// Of the disk that a controller begins with.
model::Uuid directory_id_of(const Noise& noise, const std::string& name) {
    const Meaning meaning = Meaning("directory id").with(name);
    return {noise.at(meaning, 0), noise.at(meaning, 1)};
}

model::BrokerConfig config_of(const Scenario& scenario, const Noise& noise,
                              const std::string& name) {
    model::BrokerConfig config = scenario.cluster.config;
    const std::vector<std::string> controllers = controller_names(scenario);
    config.raft.voters.clear();
    const std::int32_t first_id = scenario.cluster.combined ? 1 : first_controller_id;
    for (std::size_t i = 0; i < controllers.size(); ++i) {
        config.raft.voters.push_back(
            {.id = model::BrokerId{first_id + static_cast<std::int32_t>(i)},
             .host = controllers[i],
             .port = model::ControllerServer::port});
        if (config.raft.kraft_version == 0) continue;
        config.raft.voters.back().directory_id = directory_id_of(noise, controllers[i]);
    }
    for (const auto& [key, value] : section_of(scenario, name).config) {
        const Status set = set_setting(config, key, value);
        ASSERT(set.ok(), "node.{}.config was not validated: {}", name, to_string(set.error()));
    }
    return config;
}

std::string rack_name(const Scenario& scenario, std::uint32_t broker_number) {
    return fmt::format("rack-{}", (broker_number - 1) % scenario.cluster.racks + 1);
}

// What a broker tells the controller: one rack is as good as none.
std::optional<std::string> rack_of(const Scenario& scenario, std::uint32_t broker_number) {
    if (scenario.cluster.racks <= 1) return std::nullopt;
    return rack_name(scenario, broker_number);
}

sim::Scheduling scheduling_of(const Scenario& scenario) {
    sim::Scheduling scheduling = scenario.run.scheduling;
    scheduling.horizon = scenario.run.storm + scenario.run.calm;
    return scheduling;
}

}  // namespace

void Machine::want_up() {
    is_wanted_ = true;
    if (held_by_.empty() && !node->is_running()) node->start();
}

void Machine::take_down(const std::string& fault, sim::StopReason reason) {
    hold_down(fault);
    if (node->is_running()) {
        node->stop(reason);
    } else if (reason == sim::StopReason::power_loss && disk != nullptr) {
        disk->power_loss();
    }
}

void Machine::let_up(const std::string& fault) {
    held_by_.erase(fault);
    if (is_left_alone() && !node->is_running()) node->start();
}

void Machine::pause(const std::string& fault) {
    paused_by_.insert(fault);
    if (node->is_running() && !node->is_paused()) node->pause();
}

void Machine::resume(const std::string& fault) {
    paused_by_.erase(fault);
    if (paused_by_.empty() && node->is_paused()) node->resume();
}

std::vector<std::string> broker_names(const Scenario& scenario) {
    return numbered('b', scenario.cluster.brokers);
}

std::vector<std::string> controller_names(const Scenario& scenario) {
    return numbered(scenario.cluster.combined ? 'b' : 'c', scenario.cluster.controllers);
}

Roster roster_of(const Scenario& scenario) {
    Roster roster{
        .brokers = broker_names(scenario), .controllers = controller_names(scenario), .racks = {}};
    for (std::uint32_t number = 1; number <= scenario.cluster.brokers; ++number) {
        roster.racks[rack_name(scenario, number)].push_back(roster.brokers[number - 1]);
    }
    return roster;
}

Cluster::Cluster(const Scenario& scenario, std::uint64_t seed, sim::TraceOptions trace,
                 std::uint64_t step_budget, const std::atomic<bool>* stop)
    : scenario_(scenario),
      simulation_(std::make_unique<sim::Simulation>(
          sim::SimulationOptions{.seed = seed,
                                 .start = scenario.run.start,
                                 .trace = trace,
                                 .scheduling = scheduling_of(scenario),
                                 .step_budget = step_budget,
                                 .stop = stop})),
      network_(std::make_unique<sim::Network>(
          *simulation_, sim::NetworkOptions{.latency = scenario.network.latency,
                                            .bandwidth_bits_per_second =
                                                scenario.network.bandwidth_bits_per_second,
                                            .granularity = scenario.network.granularity})),
      view_(std::make_unique<ClusterView>(simulation_->trace())),
      roster_(roster_of(scenario)) {
    simulation_->trace().observe([this](const sim::Event& event) { view_->observe(event); },
                                 ClusterView::looks_at);
    if (!scenario.cluster.combined) {
        for (const std::string& name : roster_.controllers) add_server(name, false, true);
    }
    std::uint32_t controllers = scenario.cluster.combined ? scenario.cluster.controllers : 0;
    for (const std::string& name : roster_.brokers) {
        add_server(name, true, controllers > 0);
        if (controllers > 0) --controllers;
    }
}

Cluster::~Cluster() {
    // Machines hang hooks on nodes: nodes go first.
    simulation_->finish();
}

model::BrokerId Cluster::broker_id(const Machine& machine) {
    const std::int32_t number = std::stoi(machine.name.substr(1));
    return model::BrokerId{machine.is_broker ? number : first_controller_id + number - 1};
}

Machine& Cluster::add_machine(std::string name, sim::ProcessFactory factory) {
    const NodeSection& section = section_of(scenario_, name);
    auto machine = std::make_unique<Machine>();
    machine->name = name;
    machine->node =
        &simulation_->add_node({.name = std::move(name),
                                .clock = {.wall_offset = section.clock_offset,
                                          .wall_drift_ppm = section.clock_drift_ppm,
                                          .monotonic_drift_ppm = section.clock_drift_ppm},
                                .factory = std::move(factory)});
    network_->attach(*machine->node);
    for (const auto& ids : {scenario_.bugs, section.bugs}) {
        for (const std::string& id : ids) machine->bugs.arm(model::find_bug(id)->bug);
    }
    machines_.push_back(std::move(machine));
    return *machines_.back();
}

Machine& Cluster::add_client(std::string name, sim::ProcessFactory factory) {
    Machine& machine = add_machine(std::move(name), std::move(factory));
    machine.node->on_stopped([this, &machine](sim::StopReason reason) -> std::uint64_t {
        if (reason == sim::StopReason::crash && machine.is_left_alone()) {
            simulation_->control_at(simulation_->now() + supervisor_pause,
                                    [&machine] { machine.let_up("supervisor"); });
        }
        return 0;
    });
    return machine;
}

Machine& Cluster::add_server(const std::string& name, bool is_broker, bool is_controller) {
    const std::uint32_t number = static_cast<std::uint32_t>(std::stoul(name.substr(1)));
    model::BrokerConfig config = config_of(scenario_, simulation_->noise(), name);
    config.chronicle = chronicle_;
    auto disk = std::make_unique<sim::Disk>(
        sim::DiskOptions{.capacity_bytes = scenario_.disk.capacity_bytes,
                         .flush_latency = scenario_.disk.flush},
        simulation_->noise(), name);
    // The machine's own bug set is known once it is made; the factory runs later still.
    const std::size_t position = machines_.size();
    Machine& machine = add_machine(
        name,
        [this, config, number, is_broker, is_controller,
         position](sim::Node& node) -> std::unique_ptr<sim::Process> {
            const Machine& self = *machines_[position];
            sim::Disk& files = *self.disk;
            model::BrokerConfig current = config;
            for (const auto& [key, value] : self.settings) {
                const Status set = set_setting(current, key, value);
                ASSERT(set.ok(), "{}: {}", self.name, set.error().detail);
            }
            if (!is_broker) {
                return std::make_unique<model::ControllerProcess>(node, broker_id(self), current,
                                                                  fabric(), files, self.bugs);
            }
            return std::make_unique<model::Broker>(
                node,
                model::BrokerIdentity{broker_id(self), rack_of(scenario_, number), is_controller},
                current, fabric(), files, self.bugs);
        });
    machine.disk = std::move(disk);
    machine.own_disk = machine.disk.get();
    machine.kind_of_settings = Machine::Settings::of_server;
    machine.is_broker = is_broker;
    machine.is_controller = is_controller;
    if (is_controller && config.raft.kraft_version > 0) {
        const Result<Duration> formatted = model::format_directory(
            *machine.disk, {.node_id = broker_id(machine),
                            .directory_id = directory_id_of(simulation_->noise(), name)});
        ASSERT(formatted.ok(), "{} is not formatted: {}", name, to_string(formatted.error()));
    }
    machine.node->on_stopped([&machine](sim::StopReason reason) -> std::uint64_t {
        machine.disk->revive();
        if (reason == sim::StopReason::power_loss) return machine.disk->power_loss();
        machine.disk->process_crash();
        return 0;
    });
    plug_in(machine);
    return machine;
}

void Cluster::plug_in(Machine& machine) {
    sim::Node& node = *machine.node;
    machine.disk->dies_with([&node] { return node.is_dying(); });
    machine.disk->on_incident([this, &node](const sim::DiskIncident& incident) {
        const sim::TraceScope scope(node, simulation_->trace().context().cause);
        simulation_->trace().emit(sim::DiskFaultHit{.fault = incident.fault,
                                                    .path = incident.path,
                                                    .bytes = incident.bytes,
                                                    .rule_id = incident.fault_id});
    });
}

void Cluster::swap_disks(Machine& one, Machine& other) {
    ASSERT(one.disk != nullptr && other.disk != nullptr, "{} and {} are to swap disks", one.name,
           other.name);
    ASSERT(!one.node->is_running() && !other.node->is_running(),
           "the disks of {} and {} are in use", one.name, other.name);
    std::swap(one.disk, other.disk);
    plug_in(one);
    plug_in(other);
}

void Cluster::clear_disk_faults(std::string_view fault) {
    for (const auto& machine : machines_) {
        if (machine->disk != nullptr) machine->disk->clear_faults(fault);
    }
}

Machine* Cluster::find(std::string_view name) {
    for (const auto& machine : machines_) {
        if (machine->name == name) return machine.get();
    }
    return nullptr;
}

const Machine& Cluster::machine_of(const sim::Node& node) const {
    const auto found = std::ranges::find(machines_, &node, [](const auto& m) { return m->node; });
    ASSERT(found != machines_.end(), "{} is no machine of this cluster", node.name());
    return **found;
}

const model::BugSet* Cluster::bugs_of(const sim::Node& node) const {
    return &machine_of(node).bugs;
}

model::Mishaps* Cluster::mishaps_of(const sim::Node& node) {
    return &find(node.name())->mishaps;
}

const std::map<std::string, std::string>& Cluster::settings_of(const sim::Node& node) const {
    return machine_of(node).settings;
}

void Cluster::boot() {
    for (const auto& machine : machines_) {
        if (machine->is_broker || machine->is_controller) machine->want_up();
    }
}

}  // namespace squall::scenarios
