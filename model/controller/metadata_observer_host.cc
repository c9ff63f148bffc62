#include "model/controller/metadata_observer_host.h"

#include <utility>

#include "model/controller/metadata_replay.h"
#include "model/events/raft_events.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {
constexpr std::int64_t replay_bytes = 1 << 20;
}

MetadataObserverHost::MetadataObserverHost(sim::Node& node, BrokerId self,
                                           const RaftOptions& options, ChannelPool& channels,
                                           LogDirectory& logs, sim::Disk& disk)
    : node_(node), self_(self), raft_(node, self, options, channels, logs, disk, *this) {}

void MetadataObserverHost::on_image(std::function<void(const MetadataImage&)> observer) {
    observers_.push_back(std::move(observer));
}

void MetadataObserverHost::on_committed() {
    bool changed = false;
    while (image_.next_offset < raft_.high_watermark()) {
        const Offset before = image_.next_offset;
        const Bytes records = raft_.read_committed(before, replay_bytes);
        const Result<ReplayedRun> run = replay(image_, records);
        // Batches came in with their CRCs checked and were committed by a controller.
        ASSERT(run.ok(), "committed metadata does not replay: {}", to_string(run.error()));
        ASSERT(image_.next_offset > before, "no batch at {}", before);
        changed = changed || run->changed;
    }
    node_.emit(
        MetadataApplied{.broker = self_, .offset = image_.next_offset, .digest = image_.digest()});
    if (!changed) return;
    for (const auto& observer : observers_) observer(image_);
}

}  // namespace squall::model
