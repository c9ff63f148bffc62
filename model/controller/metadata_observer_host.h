// MetadataObserverHost: a broker's copy of the metadata. Follows the quorum as an observer, keeps
// its own copy of the log on its disk, and replays what is committed into its image.
//
// The image is this broker's view: as old as its replay. It only ever shows whole committed
// batches, in order; after a restart it begins empty and is replayed from snapshot and log as soon
// as the leader says how much of it is committed.
//
// In a process that is a controller too there is one copy of the log, and one member of the quorum
// that reads it: the controller's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "model/controller/image.h"
#include "model/controller/metadata_loader_host.h"
#include "model/raft/raft_host.h"

namespace squall::model {

class MetadataObserverHost final : private RaftStateMachine {
  public:
    // All references outlive the host.
    MetadataObserverHost(sim::Node& node, BrokerId self, const RaftOptions& options,
                         ChannelPool& channels, LogDirectory& logs, sim::Disk& disk);

    // Beside a controller, whose member of the quorum it listens to. Before `raft` starts.
    MetadataObserverHost(sim::Node& node, BrokerId self, const RaftOptions& options,
                         RaftHost& raft);

    // Called with each new state that differs in more than its offset, on the host's turn; must not
    // park. Before start().
    void on_image(std::function<void(const MetadataImage&)> observer);
    // Begins to follow. Requires: `logs` is open. Called once, on a task. May park.
    void start() {
        if (own_raft_) own_raft_->start();
    }

    const MetadataImage& image() const { return image_; }
    // The last offset that was replayed; no_offset before the first.
    Offset replayed() const { return image_.next_offset - 1; }
    // Where the active controller listens, as far as this broker knows.
    std::optional<Endpoint> controller() const { return raft_.leader_endpoint(); }
    BrokerId controller_id() const { return raft_.leader(); }

  private:
    void on_committed() override;
    void on_leadership() override {}

    sim::Node& node_;
    BrokerId self_;
    MetadataImage image_;
    std::optional<std::uint64_t> digest_;  // of the image as it is
    std::vector<std::function<void(const MetadataImage&)>> observers_;
    std::unique_ptr<RaftHost> own_raft_;  // null beside a controller
    RaftHost& raft_;
    MetadataLoaderHost loader_;
};

}  // namespace squall::model
