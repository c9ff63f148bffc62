// BrokerLifecycleHost: how a broker process gets into the cluster, stays, and leaves (Kafka's
// BrokerLifecycleManager, KIP-631).
//
// Registers until the controller takes it (a process of the same id that crashed stays in session
// for broker.session.timeout.ms, and until then the answer is DUPLICATE_BROKER_REGISTRATION), then
// sends heartbeats: it asks to stay fenced until it is ready and has replayed its own registration,
// then to be unfenced, and on a controlled shutdown to be let go. Requests that fail are sent again
// after a back-off; only the answers of the current registration count.
//
// Differs from Kafka: there is no initial.broker.registration.timeout.ms, a broker goes on trying.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "model/controller/broker_lifecycle_options.h"
#include "model/controller/features.h"
#include "model/controller/metadata_observer_host.h"
#include "model/protocol/messages/broker_heartbeat.h"
#include "model/protocol/messages/broker_registration.h"
#include "model/rpc/channel.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

// Who registers.
struct BrokerRegistration {
    BrokerId id;
    Uuid incarnation_id;  // random per process
    std::string cluster_id;
    std::string host;  // the node's name
    std::uint16_t port = 9092;
    std::optional<std::string> rack;
    BrokerEpoch previous_broker_epoch{-1};  // from the clean-shutdown file
    FeatureRanges supported_features = model::supported_features();
};

class BrokerLifecycleHost {
  public:
    BrokerLifecycleHost(sim::Node& node, BrokerRegistration registration,
                        BrokerLifecycleOptions options, ChannelPool& channels,
                        const MetadataObserverHost& metadata);

    // Begins to register; returns at once.
    void start();
    // The broker can serve: from now on it asks to be unfenced.
    void set_ready();
    // Wants to leave; on_let_go is called when the controller agrees.
    void begin_controlled_shutdown(std::function<void()> on_let_go);

    // Of this process; -1 before it is registered.
    BrokerEpoch broker_epoch() const { return epoch_; }
    bool is_registered() const { return epoch_ != BrokerEpoch{-1}; }
    // As the controller last said; a broker that cannot reach it goes on as before.
    bool is_fenced() const { return fenced_; }
    // Opens `gate` when the broker is unfenced for the first time; at once if it is.
    void notify_unfenced(sim::Gate& gate);

  private:
    void run();
    void register_broker();
    // Whether the next heartbeat can wait for its interval.
    bool heartbeat();
    void back_off();
    void wait_interval();

    sim::Node& node_;
    BrokerRegistration registration_;
    BrokerLifecycleOptions options_;
    ChannelPool& channels_;
    const MetadataObserverHost& metadata_;
    BrokerEpoch epoch_{-1};
    bool ready_ = false;
    bool caught_up_ = false;
    bool fenced_ = true;
    bool leaving_ = false;
    bool let_go_ = false;
    std::function<void()> on_let_go_;
    sim::Gate* on_unfenced_ = nullptr;
    sim::Gate attention_;
    std::uint32_t failures_in_a_row_ = 0;
};

}  // namespace squall::model
