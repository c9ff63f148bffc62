// ClusterHost: the cluster as one client sees it: a channel to each broker, and metadata that is
// kept fresh by a task of its own.
//
// One metadata request at a time is in flight, to the broker with the fewest requests under way.
// When every known broker failed to answer in turn, the bootstrap brokers are asked again
// (KIP-899). What is due when is MetadataCache's decision.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/client/client_options.h"
#include "model/client/metadata_cache.h"
#include "model/client/wait_host.h"
#include "model/events/client_events.h"
#include "model/rpc/channel.h"
#include "model/rpc/endpoint.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

class ClusterHost {
  public:
    // `on_metadata` is called after each answer that was taken; it must not park. Requires:
    // `bootstrap` names nodes of the simulation, at least one.
    ClusterHost(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                const ClientOptions& options, std::function<void()> on_metadata);
    ClusterHost(const ClusterHost&) = delete;
    ClusterHost& operator=(const ClusterHost&) = delete;

    MetadataCache& metadata() { return metadata_; }
    const MetadataCache& metadata() const { return metadata_; }
    // Metadata is wanted, soon. Never parks.
    void refresh();
    void track(std::string_view topic);
    void track_all();
    // Parks until the next answer that was taken; false at the deadline. May park.
    bool await_metadata(LocalTime deadline) { return changes_.wait_until(deadline); }

    // The channel to a broker; requests of different roles ("coordinator") have connections of
    // their own, so that one that waits for long does not hold up the others. Null: no such broker.
    Channel* channel(BrokerId broker, std::string_view role = "");
    Channel* channel(std::string_view host, std::uint16_t port, std::string_view role);
    // To whoever answers soonest, as far as is known.
    Channel& any_channel();

    // The newest that a broker told when it was connected to.
    FinalizedFeatures finalized_features() const { return channels_.finalized_features(); }

    // No more refreshes.
    void stop();

    // Unique in the run: node and ordinal, counted on across clients and restarts of the node.
    OperationId next_operation();
    // Draws of this client for one purpose.
    Draws& draws(std::string_view what);

  private:
    void run();
    std::vector<Endpoint> candidates() const;

    sim::Node& node_;
    std::string client_id_;
    Draws& operations_;  // of all clients of the node; counts on across its restarts
    std::vector<Endpoint> bootstrap_;
    std::function<void()> on_metadata_;
    ChannelPool channels_;
    MetadataCache metadata_;
    sim::Gate attention_;
    WaitList changes_;
    std::size_t failures_in_a_row_ = 0;
    bool stopped_ = false;
};

}  // namespace squall::model
