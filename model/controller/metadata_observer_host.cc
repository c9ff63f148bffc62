#include "model/controller/metadata_observer_host.h"

#include <utility>

#include "model/events/raft_events.h"

namespace squall::model {

namespace {

RaftOptions of_broker(RaftOptions options) {
    options.followers_always_flush = false;
    return options;
}

}  // namespace

MetadataObserverHost::MetadataObserverHost(sim::Node& node, BrokerId self,
                                           const RaftOptions& options, ChannelPool& channels,
                                           LogDirectory& logs, sim::Disk& disk)
    : node_(node),
      self_(self),
      own_raft_(std::make_unique<RaftHost>(node, self, of_broker(options), channels, logs, disk,
                                           static_cast<RaftStateMachine&>(*this))),
      raft_(*own_raft_),
      loader_(node, options, raft_) {}

MetadataObserverHost::MetadataObserverHost(sim::Node& node, BrokerId self,
                                           const RaftOptions& options, RaftHost& raft)
    : node_(node), self_(self), raft_(raft), loader_(node, options, raft_) {
    raft_.add_listener(*this);
}

void MetadataObserverHost::on_image(std::function<void(const MetadataImage&)> observer) {
    observers_.push_back(std::move(observer));
}

void MetadataObserverHost::on_committed() {
    const bool changed = loader_.catch_up(image_);
    loader_.snapshot_if_due(image_);
    // It costs a walk over everything, and most commits bring nothing but a NoOpRecord.
    if (changed || !digest_) digest_ = image_.digest();
    node_.emit(MetadataApplied{.broker = self_, .offset = image_.next_offset, .digest = *digest_});
    if (!changed) return;
    for (const auto& observer : observers_) observer(image_);
}

}  // namespace squall::model
