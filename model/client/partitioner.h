// Partitioner: which partition a record without an explicit one goes to.
//
// With a key: murmur2 of the key's bytes over the number of all partitions, so that equal keys stay
// together for as long as that number does not change. Without one: uniform sticky (KIP-794): stay
// on one partition until about a batch of bytes went there, then draw the next one, weighted
// against long queues when adaptive partitioning is on and the queues differ. Pure but for the
// draws it is given.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/rng.h"

namespace squall::model {

// MurmurHash2 of Austin Appleby, 32 bits, little-endian words, with the seed of Kafka's clients,
// 0x9747b28c.
std::uint32_t murmur2(ByteView data);

// (murmur2(key) & 0x7fffffff) mod partition_count, as every Kafka client does. Requires:
// partition_count > 0.
std::int32_t partition_for_key(ByteView key, std::int32_t partition_count);

// How many batches wait for a partition that has a leader.
struct PartitionLoad {
    std::int32_t partition = 0;
    std::uint32_t queued_batches = 0;
};

// The sticky choice for the records of one topic that have no key.
class StickyPartitioner {
  public:
    // `sticky_bytes` is batch.size: after how many bytes to move on.
    explicit StickyPartitioner(std::uint32_t sticky_bytes) : sticky_bytes_(sticky_bytes) {}

    // The partition to use now. Draws one where none is chosen yet, among `available` (with a
    // leader), or among all where none is available. Requires: partition_count > 0.
    std::int32_t current(std::int32_t partition_count, const std::vector<std::int32_t>& available,
                         Draws& draws);
    // What current() answers without a draw; nullopt: it will draw one.
    std::optional<std::int32_t> chosen() const { return partition_; }
    // `bytes` went to the current partition. Moves on when enough did, but waits for a full batch
    // (up to twice the bytes) rather than leave a part-filled one behind.
    void appended(std::uint32_t bytes, bool all_batches_full);
    // Queue lengths of the partitions that have a leader, for the next choice; `partition_count`
    // is the topic's. Equal queues, or fewer than two, mean: no preference.
    void update_load(std::vector<PartitionLoad> loads, std::int32_t partition_count);

  private:
    std::uint32_t sticky_bytes_;
    std::optional<std::int32_t> partition_;
    std::uint64_t produced_bytes_ = 0;
    std::vector<PartitionLoad> loads_;  // empty: no preference
};

}  // namespace squall::model
