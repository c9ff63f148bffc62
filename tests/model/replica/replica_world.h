// Three brokers that are nothing but replicas, for tests of ReplicaHost in the kernel: real hosts,
// logs, disks, connections; a server that answers Fetch and ListOffsets; a controller that commits
// what it is asked and whatever the test wants. Metadata reaches a broker when the test (or the
// controller's answer) says so.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/api_list.h"
#include "model/protocol/messages/alter_partition.h"
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/list_offsets.h"
#include "model/protocol/record_batch.h"
#include "model/replica/replica_host.h"
#include "model/rpc/server.h"
#include "sim/disk/disk.h"
#include "sim/network/network.h"

namespace squall::model {

inline const TopicPartition orders{"orders", 0};

// Also the answer to ApiVersions: everything, in every version.
inline Served answer_api_versions() {
    ApiVersionsResponse response;
    for_each_api([&](auto api) {
        using Request = typename decltype(api)::type;
        response.api_keys.push_back({.api_key = Request::api_key,
                                     .min_version = Request::versions.min,
                                     .max_version = Request::versions.max});
    });
    return {.action = Served::Action::reply, .response = box(std::move(response))};
}

// The process of one broker.
class ReplicaProcess final : public sim::Process {
  public:
    ReplicaProcess(sim::Node& node, BrokerId id, BrokerEpoch epoch, ReplicaOptions options,
                   Fabric fabric, sim::Disk& disk, const BugSet& bugs,
                   std::optional<Endpoint> controller)
        : node_(node),
          epoch_(epoch),
          channels_(node, fabric, {}),
          logs_(disk, {}),
          opened_(std::move(logs_.open_all()).value()),
          replicas_(make_replica_host(options, {.node = node,
                                                .broker = id,
                                                .logs = logs_,
                                                .opened = opened_,
                                                .log_defaults = {},
                                                .channels = channels_,
                                                .bugs = bugs,
                                                .broker_epoch = [this] { return epoch_; },
                                                .controller = [controller] { return controller; },
                                                .on_storage_failure = {}})),
          server_(node, fabric, 9092, [this](Message& request, const RequestContext& context) {
              return serve(request, context);
          }) {}

    ReplicaHost& replicas() { return *replicas_; }
    LogDirectory& logs() { return logs_; }
    void take_metadata(const MetadataImage& image) {
        image_ = image;
        node_.spawn("metadata", [this] { replicas_->apply(image_); });
    }

  private:
    Served serve(Message& request, const RequestContext& context) {
        if (context.api_key == ApiKey::api_versions) return answer_api_versions();
        if (context.api_key == ApiKey::fetch) return fetch(request.as<FetchRequest>());
        return list_offsets(request.as<ListOffsetsRequest>());
    }

    Served fetch(const FetchRequest& request) {
        const FetchRequest::Topic& topic = request.topics.at(0);
        const FetchRequest::Partition& asked = topic.partitions.at(0);
        FetchTarget target{.replica = request.fetcher(),
                           .replica_epoch = request.replica_state.replica_epoch,
                           .current_leader_epoch = asked.current_leader_epoch,
                           .fetch_offset = asked.fetch_offset,
                           .last_fetched_epoch = asked.last_fetched_epoch,
                           .log_start_offset = asked.log_start_offset,
                           .max_bytes = asked.partition_max_bytes};
        sim::Gate news(node_);
        const auto wait = replicas_->wait_for_news({orders}, target.replica, news);
        FetchOutcome outcome = replicas_->fetch(orders, target);
        if (outcome.error == ErrorCode::none && !outcome.diverging_epoch &&
            outcome.records.empty()) {
            news.wait_until(node_.now() + std::chrono::milliseconds(request.max_wait_ms));
            target.after_wait = true;
            outcome = replicas_->fetch(orders, target);
        }
        FetchResponse::Partition answer;
        answer.partition_index = 0;
        answer.error_code = outcome.error;
        answer.high_watermark = outcome.high_watermark;
        answer.log_start_offset = outcome.log_start_offset;
        if (outcome.diverging_epoch) {
            answer.diverging_epoch = {.epoch = outcome.diverging_epoch->epoch,
                                      .end_offset = outcome.diverging_epoch->offset};
        }
        answer.records = std::move(outcome.records);
        FetchResponse response;
        response.responses = {{.topic = {}, .topic_id = topic.topic_id, .partitions = {answer}}};
        return {.action = Served::Action::reply, .response = box(std::move(response))};
    }

    Served list_offsets(const ListOffsetsRequest& request) {
        const ListOffsetsRequest::Partition& asked = request.topics.at(0).partitions.at(0);
        const auto found = replicas_->list_offset(orders, asked.current_leader_epoch,
                                                  asked.timestamp, false, request.replica_id);
        ListOffsetsResponse response;
        response.topics = {{.name = orders.topic,
                            .partitions = {{.partition_index = 0,
                                            .error_code = found.error,
                                            .old_style_offsets = {},
                                            .timestamp = found.timestamp,
                                            .offset = found.offset,
                                            .leader_epoch = found.leader_epoch}}}};
        return {.action = Served::Action::reply, .response = box(std::move(response))};
    }

    sim::Node& node_;
    BrokerEpoch epoch_;
    MetadataImage image_;
    ChannelPool channels_;
    LogDirectory logs_;
    LogDirectory::Opened opened_;
    std::unique_ptr<ReplicaHost> replicas_;
    Server server_;
};

class ReplicaWorld {
  public:
    explicit ReplicaWorld(ReplicaOptions options = {}, const BugSet& bugs = no_bugs())
        : simulation_({.seed = 7,
                       .start = WallTime{std::chrono::seconds(1735689600)},
                       .trace = {.level = sim::TraceLevel::full}}),
          network_(simulation_, {}),
          options_(options),
          bugs_(bugs) {
        sim::Node& controller = simulation_.add_node({.name = "c1"});
        network_.attach(controller);
        controller_ = &controller;
        controller.start();
        controller_server_ = std::make_unique<Server>(
            controller, Fabric{network_}, sim::Port(9093),
            [this](Message& request, const RequestContext& context) {
                if (context.api_key == ApiKey::api_versions) return answer_api_versions();
                return alter_partition(request.as<AlterPartitionRequest>());
            });

        TopicImage topic;
        topic.name = orders.topic;
        topic.id = Uuid{1, 2};
        topic.configs["min.insync.replicas"] = "2";
        PartitionImage partition;
        partition.leader = BrokerId(1);
        for (int i = 0; i < 3; ++i) {
            const BrokerId id(i + 1);
            const std::string name = fmt::format("b{}", id);
            image_.brokers[id] = {.id = id,
                                  .epoch = BrokerEpoch(next_epoch_++),
                                  .incarnation_id = {},
                                  .host = name,
                                  .port = 9092,
                                  .rack = {},
                                  .fenced = false};
            partition.replicas.push_back(id);
            partition.isr.push_back(id);
            disks_.push_back(
                std::make_unique<sim::Disk>(sim::DiskOptions{}, simulation_.noise(), name));
            sim::Node& node = simulation_.add_node(
                {.name = name, .factory = [this, id](sim::Node& machine) {
                     return std::make_unique<ReplicaProcess>(
                         machine, id, image_.brokers.at(id).epoch, options_, Fabric{network_},
                         *disks_[static_cast<std::size_t>(id.value() - 1)], bugs_,
                         Endpoint{.node = controller_->id(), .port = 9093});
                 }});
            network_.attach(node);
            node.start();
        }
        topic.partitions.push_back(partition);
        image_.topics[topic.name] = topic;
        publish();
        run_for(100ms);
    }

    ~ReplicaWorld() {
        // The controller's server lives outside of its node's process.
        simulation_.finish();
    }

    sim::Simulation& simulation() { return simulation_; }
    sim::Network& network() { return network_; }
    sim::Node& node(int i) { return *simulation_.find_node(fmt::format("b{}", i)); }
    sim::Disk& disk(int i) { return *disks_[static_cast<std::size_t>(i - 1)]; }
    ReplicaProcess& process(int i) { return static_cast<ReplicaProcess&>(*node(i).process()); }
    ReplicaHost& replicas(int i) { return process(i).replicas(); }
    const Log& log(int i) { return *process(i).logs().find(orders); }
    PartitionImage& partition() { return image_.topics.at(orders.topic).partitions[0]; }
    MetadataImage& image() { return image_; }

    void run_for(Duration duration) { simulation_.run_until(simulation_.now() + duration); }

    // All running brokers hear of the metadata as it is.
    void publish() {
        for (int i = 1; i <= 3; ++i) publish_to(i);
    }
    void publish_to(int i) {
        if (node(i).is_running()) process(i).take_metadata(image_);
    }
    void elect(int leader, std::vector<BrokerId> isr) {
        PartitionImage& p = partition();
        p.leader = BrokerId(leader);
        p.leader_epoch = p.leader_epoch.next();
        ++p.partition_epoch;
        p.isr = std::move(isr);
    }
    void restart(int i) {
        image_.brokers[BrokerId(i)].epoch = BrokerEpoch(next_epoch_++);
        node(i).start();
    }

    // The outcome of one produce at broker i, once there is one.
    struct Produced {
        std::optional<AppendOutcome> outcome;
    };
    std::shared_ptr<Produced> produce(int i, std::string_view value, std::int16_t acks = -1) {
        auto produced = std::make_shared<Produced>();
        BatchBuilder builder;
        builder.append(1735689600000, std::nullopt, as_bytes(value));
        Bytes batch = builder.finish();
        sim::Node& at = node(i);
        at.spawn("produce", [this, i, acks, produced, batch = std::move(batch), &at]() mutable {
            sim::Completion<AppendOutcome> outcome(at);
            replicas(i).append(orders, std::move(batch), acks, AppendOrigin::client, std::nullopt,
                               outcome.completer());
            produced->outcome = outcome.await();
        });
        return produced;
    }
    std::vector<std::string> events(std::string_view name) {
        std::vector<std::string> found;
        simulation_.trace().replay([&](const sim::Event& event) {
            if (event.name() == name) found.push_back(event.print());
        });
        return found;
    }

    bool refuse_proposals = false;

  private:
    static const BugSet& no_bugs() {
        static const BugSet none;
        return none;
    }

    Served alter_partition(const AlterPartitionRequest& request) {
        const AlterPartitionRequest::Topic& topic = request.topics.at(0);
        const AlterPartitionRequest::Partition& asked = topic.partitions.at(0);
        PartitionImage& p = partition();
        AlterPartitionResponse::Partition answer;
        answer.partition_index = 0;
        if (refuse_proposals) {
            answer.error_code = ErrorCode::ineligible_replica;
        } else if (asked.leader_epoch != p.leader_epoch) {
            answer.error_code = ErrorCode::fenced_leader_epoch;
        } else if (asked.partition_epoch != p.partition_epoch) {
            answer.error_code = ErrorCode::invalid_update_version;
        } else {
            p.isr.clear();
            for (const auto& member : asked.new_isr_with_epochs) p.isr.push_back(member.broker_id);
            ++p.partition_epoch;
            answer.leader_id = p.leader;
            answer.leader_epoch = p.leader_epoch;
            answer.isr = p.isr;
            answer.partition_epoch = p.partition_epoch;
        }
        AlterPartitionResponse response;
        response.topics = {
            {.topic_name = {}, .topic_id = topic.topic_id, .partitions = {std::move(answer)}}};
        return {.action = Served::Action::reply, .response = box(std::move(response))};
    }

    sim::Simulation simulation_;
    sim::Network network_;
    ReplicaOptions options_;
    const BugSet& bugs_;
    sim::Node* controller_ = nullptr;
    std::unique_ptr<Server> controller_server_;
    std::vector<std::unique_ptr<sim::Disk>> disks_;
    MetadataImage image_;
    std::int64_t next_epoch_ = 10;
};

}  // namespace squall::model
