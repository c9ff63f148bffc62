// Broker: one broker process, the composition root of its hosts. Built anew at every start of its
// node: opens its logs, registers with the controller, replays metadata, serves clients.
//
// With process.roles=broker,controller it is a controller of the metadata quorum too: one process
// with one disk, one copy of the metadata log and one member of the quorum for both roles, so that
// a crash takes both.
//
// It decides nothing itself. Members are declared in the order of their dependencies, so that they
// are destroyed in the opposite one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/broker/broker_config.h"
#include "model/bugs.h"
#include "model/controller/metadata_observer_host.h"
#include "model/controller/refused.h"
#include "model/log/log_directory.h"
#include "model/protocol/messages/write_txn_markers.h"
#include "model/rpc/channel.h"
#include "sim/disk/disk.h"
#include "sim/kernel/wait.h"

namespace squall::model {

class BrokerLifecycleHost;
class ControllerHost;
class ControllerServer;
class CoordinatorHost;
class FetchSessionCache;
class ProducerIdHost;
class ReplicaHost;
class Server;
class TransactionHost;

struct BrokerIdentity {
    BrokerId id;
    std::optional<std::string> rack;
    bool is_controller = false;  // process.roles=broker,controller
};

class Broker final : public sim::Process {
  public:
    static constexpr sim::Port port = 9092;

    // `disk` and `bugs` belong to the machine and outlive the process. The constructor spawns tasks
    // and does not park.
    Broker(sim::Node& node, BrokerIdentity identity, BrokerConfig config, Fabric fabric,
           sim::Disk& disk, const BugSet& bugs);
    ~Broker() override;

    // Asks the controller to be let go (controlled shutdown, KIP-631), then flushes every log,
    // leaves the clean-shutdown marker and stops; a controller leaves its leadership last. False
    // before it is registered.
    bool begin_shutdown() override;

    // ---- for handlers ----

    sim::Node& node() { return node_; }
    BrokerId id() const { return identity_.id; }
    const std::optional<std::string>& rack() const { return identity_.rack; }
    const BrokerConfig& config() const { return config_; }
    // As replayed so far: this broker's own view.
    const MetadataImage& image() const { return metadata_->image(); }
    // Until the image has the cluster's features; may park.
    void await_metadata();
    // Where an earlier life has left logs: until the image is one of this life, for what it lacks
    // before that is not unknown. Kafka's brokers take no connections until then. May park.
    void await_replay();
    ReplicaHost& replicas() { return *replicas_; }
    FetchSessionCache& fetch_sessions() { return *fetch_sessions_; }
    CoordinatorHost& groups() { return *groups_; }
    const CoordinatorHost& groups() const { return *groups_; }
    TransactionHost& transactions() { return *transactions_; }
    ProducerIdHost& producer_ids() { return *producer_ids_; }

    // Asks another broker, as metadata has it, and waits for its answer. `purpose` names the
    // connection. May park.
    template <class Request>
    Result<typename Request::Response> call_broker(BrokerId id, std::string_view purpose,
                                                   Request request) {
        const BrokerImage* const peer = image().find_broker(id);
        if (peer == nullptr) return Error{Failure::unreachable, "no such broker is registered"};
        const std::optional<Endpoint> endpoint = channels_.resolve(peer->host, peer->port);
        if (!endpoint) return Error{Failure::unreachable, "a broker without an address"};
        return channels_.to(*endpoint, purpose).call(std::move(request));
    }

    // Hands a request to the active controller and waits for its answer. May park.
    template <class Request>
    Result<typename Request::Response> forward(Request request) {
        const std::optional<Endpoint> controller = metadata_->controller();
        if (!controller) return Error{Failure::unreachable, "the controller is not known yet"};
        return channels_.to(*controller, "forward").call(std::move(request));
    }
    // The same, again and again until a controller that is active answers, for
    // forwarding_retry_timeout; request_timed_out then. What is sent again may have been carried
    // out before, as in Kafka. May park.
    template <class Request>
    typename Request::Response ask_controller(const Request& request) {
        const LocalTime deadline = node_.now() + config_.forwarding_retry_timeout;
        for (;;) {
            Result<typename Request::Response> answer = forward(request);
            if (answer && error_of(*answer) != ErrorCode::not_controller) {
                return std::move(answer).value();
            }
            if (node_.now() >= deadline) {
                return refused(request, {ErrorCode::request_timed_out,
                                         "No active controller answered in time."});
            }
            node_.sleep_for(config_.forwarding_retry_backoff);
        }
    }
    const LogDirectory& logs() const { return logs_; }
    // Asks the controller for a topic that a client missed, once per topic at a time. Does not
    // wait.
    void auto_create_topic(std::string_view name);

  private:
    void boot();
    Result<WriteTxnMarkersResponse> write_markers(BrokerId leader, WriteTxnMarkersRequest request);
    void halt(const Error& error);
    void shut_down();
    bool knows_this_process(const MetadataImage& image) const;

    sim::Node& node_;
    BrokerIdentity identity_;
    BrokerConfig config_;
    Fabric fabric_;
    sim::Disk& disk_;
    const BugSet& bugs_;
    ChannelPool channels_;
    LogDirectory logs_;
    std::unique_ptr<ControllerHost> controller_;  // null where it is a broker only
    std::unique_ptr<ControllerServer> controller_server_;
    std::unique_ptr<MetadataObserverHost> metadata_;
    std::unique_ptr<BrokerLifecycleHost> lifecycle_;
    std::unique_ptr<ReplicaHost> replicas_;
    std::unique_ptr<FetchSessionCache> fetch_sessions_;
    std::unique_ptr<CoordinatorHost> groups_;
    std::unique_ptr<ProducerIdHost> producer_ids_;
    std::unique_ptr<TransactionHost> transactions_;
    std::unique_ptr<Server> server_;
    std::set<std::string, std::less<>> being_created_;
    std::vector<sim::Completer<Unit>> metadata_waiters_;
    bool had_earlier_life_ = false;
};

}  // namespace squall::model
