// A whole small cluster in the kernel: controllers, brokers in racks, and one machine for clients,
// as the scenarios wire them, without a scenario. Tests speak to it through the real network.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/controller_process.h"
#include "model/broker/controller_server.h"
#include "model/client/admin.h"
#include "model/protocol/record_batch.h"
#include "sim/disk/disk.h"
#include "sim/kernel/simulation.h"
#include "sim/network/network.h"

namespace squall::model {

inline void PrintTo(const AdminResult& result, std::ostream* out) {
    *out << to_string(result.outcome) << ' ' << result.error;
}

struct WorldOptions {
    int brokers = 3;
    int controllers = 1;
    int racks = 1;
    BrokerConfig config{};
    std::uint64_t seed = 7;
    CodecMode codec = CodecMode::roundtrip;
};

class BrokerWorld {
  public:
    explicit BrokerWorld(WorldOptions options = {})
        : options_(std::move(options)),
          simulation_({.seed = options_.seed,
                       .start = WallTime{std::chrono::seconds(1735689600)},
                       .trace = {.level = sim::TraceLevel::full}}),
          network_(simulation_, {}) {
        options_.config.raft.kraft_version = 0;  // voters by their ids alone
        for (int i = 1; i <= options_.controllers; ++i) {
            options_.config.raft.voters.push_back({.id = BrokerId{1000 + i},
                                                   .host = fmt::format("c{}", i),
                                                   .port = ControllerServer::port});
        }
        for (int i = 1; i <= options_.controllers; ++i) {
            add(fmt::format("c{}", i), [this, i](sim::Node& node, sim::Disk& disk) {
                return std::make_unique<ControllerProcess>(node, BrokerId{1000 + i},
                                                           options_.config, fabric(), disk, bugs_);
            });
        }
        for (int i = 1; i <= options_.brokers; ++i) {
            add(fmt::format("b{}", i),
                [this, i](sim::Node& node, sim::Disk& disk) -> std::unique_ptr<sim::Process> {
                    BrokerIdentity identity{.id = BrokerId{i}, .rack = std::nullopt};
                    if (options_.racks > 1) {
                        identity.rack = fmt::format("rack-{}", (i - 1) % options_.racks + 1);
                    }
                    return std::make_unique<Broker>(node, identity, options_.config, fabric(), disk,
                                                    bugs_);
                });
        }
        client_ = &simulation_.add_node({.name = "client"});
        network_.attach(*client_);
        client_->start();
        run_for(5s);
    }
    ~BrokerWorld() { simulation_.finish(); }

    sim::Simulation& simulation() { return simulation_; }
    sim::Network& network() { return network_; }
    Fabric fabric() { return {network_, options_.codec}; }
    sim::Node& node(std::string_view name) { return *simulation_.find_node(name); }
    sim::Node& client() { return *client_; }
    Broker& broker(int i) { return static_cast<Broker&>(*node(fmt::format("b{}", i)).process()); }
    std::vector<std::string> bootstrap() const {
        std::vector<std::string> names;
        for (int i = 1; i <= options_.brokers; ++i) names.push_back(fmt::format("b{}", i));
        return names;
    }

    void run_for(Duration duration) { simulation_.run_until(simulation_.now() + duration); }

    // Runs `body` on the client's machine until it is done. True if it was within `limit`.
    bool run_client(std::function<void()> body, Duration limit = 120s) {
        bool done = false;
        client_->spawn("test", [&done, body = std::move(body)] {
            body();
            done = true;
        });
        const Time end = simulation_.now() + limit;
        while (!done && simulation_.now() < end) run_for(100ms);
        return done;
    }
    AdminClient& admin() {
        if (admin_ == nullptr) {
            admin_ = std::make_unique<AdminClient>(
                *client_, fabric(), bootstrap(),
                AdminOptions{.client = {.client_id = "admin"}, .default_api_timeout = 20s});
            channels_ = std::make_unique<ChannelPool>(*client_, fabric(), ChannelOptions{});
        }
        return *admin_;
    }
    // The same, with the client; fails the caller where it did not end in time.
    bool administer(std::function<void(AdminClient&)> body, Duration limit = 120s) {
        AdminClient& client = admin();
        return run_client([&client, body = std::move(body)] { body(client); }, limit);
    }

    // Of broker `i`'s own image.
    const PartitionImage& partition(int i, const TopicPartition& name) {
        const PartitionImage* const found = broker(i).image().find_partition(name);
        ASSERT(found != nullptr, "b{} does not know {}", i, name);
        return *found;
    }
    // A request of the client to one broker, as it stands. May park: for run_client.
    template <class Request>
    typename Request::Response ask(int i, Request request,
                                   std::int16_t max_version = Request::versions.max) {
        admin();
        const auto endpoint = channels_->resolve(fmt::format("b{}", i), Broker::port);
        auto answer =
            channels_->to(*endpoint, "test").call(std::move(request), std::nullopt, max_version);
        ASSERT(answer.ok(), "b{}: {}", i, to_string(answer.error()));
        return std::move(answer).value();
    }
    // Sends one record to broker `i`, with acks=all. May park.
    ErrorCode produce(int i, const TopicPartition& to, std::string_view key,
                      std::string_view value) {
        BatchBuilder builder;
        builder.append(client_->wall_now().ms(), as_bytes(key), as_bytes(value));
        ProduceRequest request;
        request.acks = -1;
        request.timeout_ms = 10'000;
        ProduceRequest::Topic& topic = request.topic_data.emplace_back();
        topic.name = to.topic;
        topic.topic_id = broker(i).image().find_topic(to.topic)->id;
        topic.partition_data.push_back({.index = to.partition, .records = builder.finish()});
        const ProduceResponse response = ask(i, std::move(request));
        return response.responses.at(0).partition_responses.at(0).error_code;
    }

    std::vector<std::string> events(std::string_view name) {
        std::vector<std::string> found;
        simulation_.trace().replay([&](const sim::Event& event) {
            if (event.name() == name) found.push_back(event.print());
        });
        return found;
    }
    std::size_t count(std::string_view name, std::string_view part) {
        std::size_t found = 0;
        for (const std::string& event : events(name)) {
            if (event.find(part) != std::string::npos) ++found;
        }
        return found;
    }

  private:
    using Maker = std::function<std::unique_ptr<sim::Process>(sim::Node&, sim::Disk&)>;

    void add(const std::string& name, Maker make) {
        disks_.push_back(
            std::make_unique<sim::Disk>(sim::DiskOptions{}, simulation_.noise(), name));
        sim::Disk& disk = *disks_.back();
        sim::Node& node = simulation_.add_node(
            {.name = name, .factory = [make = std::move(make), &disk](sim::Node& machine) {
                 return make(machine, disk);
             }});
        network_.attach(node);
        node.on_stopped([&disk](sim::StopReason reason) -> std::uint64_t {
            disk.revive();
            if (reason == sim::StopReason::power_loss) return disk.power_loss();
            disk.process_crash();
            return 0;
        });
        node.start();
    }

    WorldOptions options_;
    BugSet bugs_;
    std::vector<std::unique_ptr<sim::Disk>> disks_;
    sim::Simulation simulation_;
    sim::Network network_;
    sim::Node* client_ = nullptr;
    // They die with the client's machine, which the simulation stops first.
    std::unique_ptr<ChannelPool> channels_;
    std::unique_ptr<AdminClient> admin_;
};

}  // namespace squall::model
