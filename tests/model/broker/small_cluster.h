// A controller, three brokers and one application on a simulated network: whole brokers, as
// scenarios have them, for what no room can be tested for alone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/controller_process.h"
#include "model/client/admin.h"
#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "sim/disk/disk.h"
#include "sim/kernel/simulation.h"
#include "sim/network/network.h"

namespace squall::model {

class SmallCluster {
  public:
    // An application: a script, and the clients that it made, which live until it stops.
    class Application final : public sim::Process {
      public:
        using Script = std::function<void(Application&)>;
        Application(sim::Node& application_node, Fabric application_fabric, Script script)
            : node(application_node), fabric(application_fabric), script_(std::move(script)) {
            node.spawn("application", [this] { script_(*this); });
        }

        Producer& producer(ProducerOptions options) {
            if (options.client.client_id.empty()) options.client.client_id = node.name();
            return *producers_.emplace_back(
                std::make_unique<Producer>(node, fabric, bootstrap(), std::move(options)));
        }
        Consumer& consumer(ConsumerOptions options) {
            if (options.client.client_id.empty()) options.client.client_id = node.name() + "-c";
            return *consumers_.emplace_back(
                std::make_unique<Consumer>(node, fabric, bootstrap(), std::move(options)));
        }
        // A topic of three replicas, ready for use. Asks again until the cluster has the brokers
        // for it: applications start when the machines do.
        void create_topic(const std::string& name, std::int32_t partitions) {
            const NewTopic topic{.name = name,
                                 .partitions = partitions,
                                 .replication = 3,
                                 .configs = {{"min.insync.replicas", "2"}}};
            while (!admin().create_topics({topic}).ok()) node.sleep_for(500ms);
            while (!admin().await_topics({topic}, 3, 60s)) node.sleep_for(500ms);
        }
        AdminClient& admin() {
            if (admin_ == nullptr) {
                AdminOptions options;
                options.client.client_id = node.name() + "-admin";
                admin_ = std::make_unique<AdminClient>(node, fabric, bootstrap(), options);
            }
            return *admin_;
        }

        sim::Node& node;
        Fabric fabric;

      private:
        static std::vector<std::string> bootstrap() { return {"b1", "b2", "b3"}; }

        Script script_;
        std::vector<std::unique_ptr<Producer>> producers_;
        std::vector<std::unique_ptr<Consumer>> consumers_;
        std::unique_ptr<AdminClient> admin_;
    };

    explicit SmallCluster(std::uint64_t seed, const std::function<void(BrokerConfig&)>& adjust = {})
        : simulation_({.seed = seed}), network_(simulation_, {}) {
        config_.groups.offsets_topic_num_partitions = 2;
        config_.groups.group_initial_rebalance_delay = std::chrono::milliseconds(0);
        config_.transactions.state_topic_num_partitions = 2;
        config_.raft.kraft_version = 0;  // voters by their ids alone
        config_.raft.voters = {
            {.id = BrokerId{1001}, .host = "c1", .port = ControllerProcess::port}};
        if (adjust) adjust(config_);
        add_server("c1", BrokerId{1001}, false);
        for (std::int32_t id = 1; id <= 3; ++id) {
            add_server("b" + std::to_string(id), BrokerId{id}, true);
        }
        for (const auto& machine : machines_) machine->node->start();
    }
    SmallCluster(const SmallCluster&) = delete;
    SmallCluster& operator=(const SmallCluster&) = delete;
    ~SmallCluster() { simulation_.finish(); }

    sim::Simulation& simulation() { return simulation_; }
    sim::Network& network() { return network_; }
    sim::Node& broker(std::int32_t id) { return *machines_.at(static_cast<std::size_t>(id))->node; }
    void run(Duration time) { simulation_.run_until(simulation_.now() + time); }
    // A machine of its own that runs the script at once.
    sim::Node& start(const std::string& name, Application::Script script) {
        sim::Node& node = simulation_.add_node(
            {.name = name, .factory = [this, script](sim::Node& process_node) {
                 return std::make_unique<Application>(process_node, fabric(), script);
             }});
        network_.attach(node);
        node.start();
        return node;
    }

  private:
    struct Machine {
        std::unique_ptr<sim::Disk> disk;
        BugSet bugs;
        sim::Node* node = nullptr;
    };

    Fabric fabric() { return {.network = network_, .codec = CodecMode::roundtrip}; }

    void add_server(const std::string& name, BrokerId id, bool is_broker) {
        Machine& machine = *machines_.emplace_back(std::make_unique<Machine>());
        machine.disk = std::make_unique<sim::Disk>(sim::DiskOptions{}, simulation_.noise(), name);
        machine.node = &simulation_.add_node(
            {.name = name,
             .factory = [this, id, is_broker,
                         &machine](sim::Node& node) -> std::unique_ptr<sim::Process> {
                 if (!is_broker) {
                     return std::make_unique<ControllerProcess>(node, id, config_, fabric(),
                                                                *machine.disk, machine.bugs);
                 }
                 return std::make_unique<Broker>(node, BrokerIdentity{.id = id, .rack = {}},
                                                 config_, fabric(), *machine.disk, machine.bugs);
             }});
        network_.attach(*machine.node);
        sim::Disk& disk = *machine.disk;
        machine.node->on_stopped([&disk](sim::StopReason reason) -> std::uint64_t {
            disk.revive();
            if (reason == sim::StopReason::power_loss) return disk.power_loss();
            disk.process_crash();
            return 0;
        });
    }

    sim::Simulation simulation_;
    sim::Network network_;
    BrokerConfig config_;
    std::vector<std::unique_ptr<Machine>> machines_;
};

}  // namespace squall::model
