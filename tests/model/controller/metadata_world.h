// Controllers and brokers that do metadata only, in the kernel: real hosts, logs, disks and
// connections; no partitions are served.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/controller/broker_lifecycle_host.h"
#include "model/controller/controller_host.h"
#include "model/controller/metadata_observer_host.h"
#include "model/log/meta_properties.h"
#include "model/protocol/api_list.h"
#include "model/protocol/messages/api_versions.h"
#include "model/rpc/server.h"
#include "sim/disk/disk.h"
#include "sim/network/network.h"

namespace squall::model {

inline Served reply(auto response) {
    return {.action = Served::Action::reply, .response = box(std::move(response))};
}

class ControllerProcess final : public sim::Process {
  public:
    ControllerProcess(sim::Node& node, BrokerId id, const ControllerOptions& options,
                      const RaftOptions& raft, Fabric fabric, sim::Disk& disk, const BugSet* bugs)
        : channels_(node, fabric, {}),
          logs_(disk, {}),
          host_(node, id, options, raft, channels_, logs_, disk, bugs),
          server_(node, fabric, 9093, [this](Message& request, const RequestContext& context) {
              return serve(request, context);
          }) {
        node.spawn("boot", [this, &node] {
            const auto opened = logs_.open_all();
            ASSERT(opened.ok(), "{}", to_string(opened.error()));
            node.sleep_for(opened->cost);
            host_.start();
        });
    }

    ControllerHost& host() { return host_; }

  private:
    template <class Request>
    Served handled(Message& request) {
        return reply(host_.handle(request.as<Request>()));
    }
    template <class Request>
    Served raft_handled(Message& request) {
        return reply(host_.raft().handle(request.as<Request>()));
    }

    Served serve(Message& request, const RequestContext& context) {
        switch (context.api_key) {
            case ApiKey::fetch:
                return raft_handled<FetchRequest>(request);
            case ApiKey::vote:
                return raft_handled<VoteRequest>(request);
            case ApiKey::begin_quorum_epoch:
                return raft_handled<BeginQuorumEpochRequest>(request);
            case ApiKey::end_quorum_epoch:
                return raft_handled<EndQuorumEpochRequest>(request);
            case ApiKey::fetch_snapshot:
                return raft_handled<FetchSnapshotRequest>(request);
            case ApiKey::broker_registration:
                return handled<BrokerRegistrationRequest>(request);
            case ApiKey::broker_heartbeat:
                return handled<BrokerHeartbeatRequest>(request);
            case ApiKey::create_topics:
                return handled<CreateTopicsRequest>(request);
            case ApiKey::alter_partition:
                return handled<AlterPartitionRequest>(request);
            default:
                break;
        }
        ApiVersionsResponse response;
        for_each_api([&](auto api) {
            using Request = typename decltype(api)::type;
            response.api_keys.push_back({.api_key = Request::api_key,
                                         .min_version = Request::versions.min,
                                         .max_version = Request::versions.max});
        });
        return reply(std::move(response));
    }

    ChannelPool channels_;
    LogDirectory logs_;
    ControllerHost host_;
    Server server_;
};

class BrokerProcess final : public sim::Process {
  public:
    BrokerProcess(sim::Node& node, BrokerId id, const RaftOptions& raft, Fabric fabric,
                  sim::Disk& disk)
        : channels_(node, fabric, {}),
          logs_(disk, {}),
          metadata_(node, id, raft, channels_, logs_, disk) {
        Draws& draws = node.draws("incarnation id");
        const std::uint64_t high = draws.bits();
        const std::uint64_t low = draws.bits();
        lifecycle_.emplace(node,
                           BrokerRegistration{.id = id,
                                              .incarnation_id = {high, low},
                                              .cluster_id = "squall",
                                              .host = node.name(),
                                              .rack = std::nullopt},
                           BrokerLifecycleOptions{}, channels_, metadata_);
        node.spawn("boot", [this, &node] {
            const auto opened = logs_.open_all();
            ASSERT(opened.ok(), "{}", to_string(opened.error()));
            node.sleep_for(opened->cost);
            metadata_.start();
            lifecycle_->set_ready();
            lifecycle_->start();
        });
    }

    const MetadataImage& image() const { return metadata_.image(); }
    BrokerLifecycleHost& lifecycle() { return *lifecycle_; }
    // Asks the controller, as an admin client's request would be forwarded. May park.
    template <class Request>
    Result<typename Request::Response> ask(Request request) {
        const auto controller = metadata_.controller();
        if (!controller) return Error{Failure::unreachable, "no controller known"};
        return channels_.to(*controller, "forward").call(std::move(request));
    }

  private:
    ChannelPool channels_;
    LogDirectory logs_;
    MetadataObserverHost metadata_;
    std::optional<BrokerLifecycleHost> lifecycle_;
};

// Whether the voters may change (kraft.version 1), and how many controllers stand by beside them.
struct QuorumKind {
    bool is_static = true;
    int spares = 0;
};

class MetadataWorld {
  public:
    MetadataWorld(std::uint64_t seed, int controllers, int brokers,
                  CodecMode codec = CodecMode::move, RaftOptions raft = {},
                  const BugSet* bugs = nullptr, QuorumKind quorum = {})
        : simulation_({.seed = seed, .trace = {.level = sim::TraceLevel::full}}),
          network_(simulation_, {}),
          codec_(codec),
          raft_(std::move(raft)),
          controllers_(controllers + quorum.spares) {
        for (int i = 1; i <= controllers; ++i) {
            raft_.voters.push_back({.id = BrokerId{1000 + i}, .host = fmt::format("c{}", i)});
            if (!quorum.is_static) raft_.voters.back().directory_id = first_directory(i);
        }
        for (int i = 1; i <= controllers_; ++i) {
            const BrokerId id{1000 + i};
            add(fmt::format("c{}", i), [this, id, bugs](sim::Node& node, sim::Disk& disk) {
                return std::make_unique<ControllerProcess>(node, id, ControllerOptions{}, raft_,
                                                           Fabric{network_, codec_}, disk, bugs);
            });
            if (quorum.is_static || i > controllers) continue;
            const auto formatted = format_directory(
                *disks_.back(), {.node_id = id, .directory_id = first_directory(i)});
            ASSERT(formatted.ok(), "{}", to_string(formatted.error()));
        }
        for (int i = 1; i <= brokers; ++i) {
            const BrokerId id{i};
            add(fmt::format("b{}", i), [this, id](sim::Node& node, sim::Disk& disk) {
                return std::make_unique<BrokerProcess>(node, id, raft_, Fabric{network_, codec_},
                                                       disk);
            });
        }
        for (const auto& node : simulation_.nodes()) node->start();
    }

    sim::Simulation& simulation() { return simulation_; }
    sim::Network& network() { return network_; }
    void run_for(Duration duration) { simulation_.run_until(simulation_.now() + duration); }
    sim::Node& node(const std::string& name) { return *simulation_.find_node(name); }
    BrokerProcess& broker(int id) {
        return static_cast<BrokerProcess&>(*node(fmt::format("b{}", id)).process());
    }
    ControllerProcess& controller(int id) {
        return static_cast<ControllerProcess&>(*node(fmt::format("c{}", id)).process());
    }
    // 0: none.
    int active_controller() {
        for (int id = 1; id <= controllers_; ++id) {
            if (node(fmt::format("c{}", id)).is_running() && controller(id).host().is_active()) {
                return id;
            }
        }
        return 0;
    }

    sim::Disk& disk_of_controller(int id) { return *disks_[static_cast<std::size_t>(id - 1)]; }
    // The disk of controller `id` is replaced by an empty one. Requires: it is stopped.
    void replace_disk(int id) { disk_of_controller(id).wipe(); }

    // Asks the member of the quorum at controller `id`; the answer is there after some time.
    template <class Request>
    std::shared_ptr<std::optional<typename Request::Response>> ask_quorum(int id, Request request) {
        auto answer = std::make_shared<std::optional<typename Request::Response>>();
        node(fmt::format("c{}", id)).spawn("ask the quorum", [=, this] {
            *answer = controller(id).host().raft().handle(request);
        });
        return answer;
    }

    // Asks through broker `id` for a topic; the answer is there after some time.
    std::shared_ptr<std::optional<CreateTopicsResponse::Topic>> create_topic(
        int id, std::string name, std::int32_t partitions, std::int16_t replication) {
        auto answer = std::make_shared<std::optional<CreateTopicsResponse::Topic>>();
        node(fmt::format("b{}", id)).spawn("create " + name, [=, this] {
            CreateTopicsRequest request;
            request.topics.push_back({.name = name,
                                      .num_partitions = partitions,
                                      .replication_factor = replication,
                                      .assignments = {},
                                      .configs = {}});
            const auto response = broker(id).ask(std::move(request));
            if (response) *answer = response->topics.at(0);
        });
        return answer;
    }

    template <class Payload>
    std::vector<Payload> events() {
        std::vector<Payload> found;
        simulation_.trace().replay([&](const sim::Event& event) {
            if (const auto* payload = event.as<Payload>()) found.push_back(*payload);
        });
        return found;
    }

  private:
    static Uuid first_directory(int controller) {
        return {7, static_cast<std::uint64_t>(controller)};
    }

    template <class Make>
    void add(std::string name, Make make) {
        disks_.push_back(
            std::make_unique<sim::Disk>(sim::DiskOptions{}, simulation_.noise(), name));
        sim::Disk& disk = *disks_.back();
        sim::Node& node = simulation_.add_node(
            {.name = std::move(name),
             .clock = {},
             .factory = [make, &disk](sim::Node& self) -> std::unique_ptr<sim::Process> {
                 return make(self, disk);
             }});
        node.on_stopped([&disk](sim::StopReason reason) {
            return reason == sim::StopReason::power_loss ? disk.power_loss() : 0;
        });
        network_.attach(node);
    }

    std::vector<std::unique_ptr<sim::Disk>> disks_;
    sim::Simulation simulation_;
    sim::Network network_;
    CodecMode codec_;
    RaftOptions raft_;
    int controllers_;
};

}  // namespace squall::model
