#include "model/client/partitioner.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

std::uint32_t murmur2(ByteView data) {
    constexpr std::uint32_t seed = 0x9747b28c;
    constexpr std::uint32_t multiplier = 0x5bd1e995;
    constexpr int shift = 24;

    auto hash = seed ^ static_cast<std::uint32_t>(data.size());
    std::size_t at = 0;
    for (; data.size() - at >= 4; at += 4) {
        std::uint32_t word = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            word |= static_cast<std::uint32_t>(data[at + i]) << (8 * i);
        }
        word *= multiplier;
        word ^= word >> shift;
        word *= multiplier;
        hash = (hash * multiplier) ^ word;
    }
    if (at < data.size()) {
        for (std::size_t i = 0; at + i < data.size(); ++i) {
            hash ^= static_cast<std::uint32_t>(data[at + i]) << (8 * i);
        }
        hash *= multiplier;
    }
    hash ^= hash >> 13;
    hash *= multiplier;
    hash ^= hash >> 15;
    return hash;
}

std::int32_t partition_for_key(ByteView key, std::int32_t partition_count) {
    ASSERT(partition_count > 0, "a topic of {} partitions", partition_count);
    // The sign bit is masked, not negated: the absolute value of the smallest integer is negative.
    return static_cast<std::int32_t>(murmur2(key) & 0x7fffffffu) % partition_count;
}

std::int32_t StickyPartitioner::current(std::int32_t partition_count,
                                        const std::vector<std::int32_t>& available, Draws& draws) {
    ASSERT(partition_count > 0, "a topic of {} partitions", partition_count);
    if (partition_) return *partition_;
    produced_bytes_ = 0;
    if (!loads_.empty()) {
        // A partition with the longest queue keeps the weight 1: it is slow, not dead.
        const auto longest = std::ranges::max(loads_, {}, &PartitionLoad::queued_batches);
        std::uint64_t total = 0;
        for (const PartitionLoad& load : loads_) {
            total += longest.queued_batches + 1 - load.queued_batches;
        }
        std::uint64_t point = draws.below(total);
        for (const PartitionLoad& load : loads_) {
            const std::uint64_t weight = longest.queued_batches + 1 - load.queued_batches;
            if (point < weight) return partition_.emplace(load.partition);
            point -= weight;
        }
    }
    if (!available.empty()) return partition_.emplace(available[draws.below(available.size())]);
    return partition_.emplace(
        static_cast<std::int32_t>(draws.below(static_cast<std::uint64_t>(partition_count))));
}

void StickyPartitioner::appended(std::uint32_t bytes, bool all_batches_full) {
    produced_bytes_ += bytes;
    const std::uint64_t enough = sticky_bytes_;
    if (produced_bytes_ >= 2 * enough || (produced_bytes_ >= enough && all_batches_full)) {
        partition_.reset();
    }
}

void StickyPartitioner::update_load(std::vector<PartitionLoad> loads,
                                    std::int32_t partition_count) {
    const bool all_equal =
        std::ranges::adjacent_find(loads, std::not_equal_to{}, &PartitionLoad::queued_batches) ==
        loads.end();
    const bool all_available = loads.size() == static_cast<std::size_t>(partition_count);
    if (loads.size() < 2 || (all_equal && all_available)) loads.clear();
    loads_ = std::move(loads);
}

}  // namespace squall::model
