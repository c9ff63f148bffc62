#include "model/log/producer_snapshots.h"

#include <optional>
#include <utility>

#include "model/log/segment.h"

namespace squall::model {

namespace {

constexpr std::string_view snapshot_suffix = ".snapshot";

}  // namespace

ProducerSnapshots::ProducerSnapshots(sim::Disk& disk, std::string folder)
    : disk_(&disk), folder_(std::move(folder)) {
    for (const std::string& file : disk.list(folder_ + "/")) {
        if (const auto offset = offset_in_path(file, snapshot_suffix)) offsets_.insert(*offset);
    }
}

std::string ProducerSnapshots::path(Offset offset) const {
    return offset_path(folder_, offset, snapshot_suffix);
}

Result<Duration> ProducerSnapshots::store(const ProducerStates& states, Offset offset) {
    const Result<Duration> stored = disk_->replace(path(offset), states.to_snapshot());
    if (stored) offsets_.insert(offset);
    return stored;
}

Result<ProducerSnapshots::Loaded> ProducerSnapshots::load_latest() {
    Loaded loaded;
    while (!offsets_.empty()) {
        const Offset newest = *offsets_.rbegin();
        const Result<sim::Costed<Bytes>> bytes = disk_->read_all(path(newest));
        if (!bytes) return bytes.error();
        loaded.cost += bytes->cost;
        Result<ProducerStates> states = ProducerStates::from_snapshot(bytes->value);
        if (states) {
            loaded.states = std::move(*states);
            loaded.offset = newest;
            break;
        }
        const Result<Duration> removed = remove(newest);
        if (!removed) return removed.error();
        loaded.cost += *removed;
    }
    return loaded;
}

Result<Duration> ProducerSnapshots::remove_beyond(Offset end) {
    Duration cost{};
    while (!offsets_.empty() && *offsets_.rbegin() > end) {
        const Result<Duration> removed = remove(*offsets_.rbegin());
        if (!removed) return removed;
        cost += *removed;
    }
    return cost;
}

Result<Duration> ProducerSnapshots::remove_below(Offset start) {
    Duration cost{};
    while (offsets_.size() > 1 && *offsets_.begin() < start) {
        const Result<Duration> removed = remove(*offsets_.begin());
        if (!removed) return removed;
        cost += *removed;
    }
    return cost;
}

Result<Duration> ProducerSnapshots::remove(Offset offset) {
    Result<Duration> removed = disk_->remove(path(offset));
    if (removed) offsets_.erase(offset);
    return removed;
}

}  // namespace squall::model
