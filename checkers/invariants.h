// Invariants of replication and of the quorum, as predicates over small plain views: who led which
// epoch, who is in sync, what a log holds, where a high watermark stands.
//
// One wording for two kinds of judges: checkers ask them of the trace of a run, and the exhaustive
// search (tests/exhaustive) asks them of every state that the deciders can reach within its bounds.
// They know no decider and no event, only what the views say; true means that the promise is kept.
//
// Sources: Raft (Ongaro 2014, figure 3.2); KIP-101, KIP-279, KIP-497; the public TLA+ models of
// Kafka's replication (hachikuji/kafka-specification: LeaderInIsr, StrongIsr, ValidHighWatermark).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace squall::checkers::invariants {

// One record of a log: the epoch of the leader that wrote it, and what it says.
struct Entry {
    std::int32_t epoch = -1;
    std::uint64_t value = 0;

    bool operator==(const Entry&) const = default;
};

// The records of a log, from offset 0 on.
using LogView = std::span<const Entry>;

// The first `end` records of a log, or all of it if it is shorter.
inline LogView below(LogView log, std::size_t end) {
    return log.first(std::min(end, log.size()));
}

// ---- elections ----

// One leader per leader epoch, one raft leader per raft epoch: whoever else leads it is the same.
template <class Member>
bool is_same_leader(const Member& earlier, const Member& later) {
    return earlier == later;
}

// One vote per epoch: who voted again voted for the same candidate.
template <class Member>
bool is_same_vote(const Member& earlier, const Member& later) {
    return earlier == later;
}

// The same two over the set of all that ever led an epoch, or were ever voted for by one member in
// one epoch: bit n stands for member n.
constexpr bool is_at_most_one(std::uint32_t members) {
    return (members & (members - 1)) == 0;
}

// LeaderInIsr: who leads is in sync. A partition without a leader has none to ask for.
template <class Member, class InSync>
bool is_leader_in_sync(const Member& leader, const Member& nobody, const InSync& in_sync) {
    return leader == nobody || std::ranges::find(in_sync, leader) != in_sync.end();
}

// ---- logs ----

// Log matching: where two logs have a record of one offset and one epoch, they are equal up to and
// including it.
inline bool is_log_matching(LogView a, LogView b) {
    std::size_t common = std::min(a.size(), b.size());
    while (common > 0 && a[common - 1].epoch != b[common - 1].epoch) --common;
    return std::ranges::equal(a.first(common), b.first(common));
}

// The step by which log matching holds in logs that grow: two batches of one offset and one epoch
// are one batch; and so are the batches right before them.
template <class Batch>
bool is_same_batch(const Batch& a, const Batch& b) {
    return a == b;
}

// `log` begins with all of `prefix`: leader completeness of a leader and what was committed before
// its epoch; state machine safety of a member up to its high watermark and what is committed.
inline bool holds_all(LogView log, LogView prefix) {
    return log.size() >= prefix.size() && std::ranges::equal(log.first(prefix.size()), prefix);
}

// ---- high watermarks ----

// Within one reign, and within one incarnation of a follower, it never goes back.
template <class Offset>
bool is_monotonic(const Offset& before, const Offset& after) {
    return after >= before;
}

// ValidHighWatermark: no member that is counted has less than what is said to be committed.
template <class Offset>
bool is_reached(const Offset& high_watermark, const Offset& member_log_end) {
    return member_log_end >= high_watermark;
}

// StrongIsr: below a leader's high watermark, a member of the in-sync set holds what the leader
// holds. Asked of live members in their current incarnation; of every broker that takes itself for
// the leader, deposed or not.
inline bool is_strongly_in_sync(LogView leader, std::size_t high_watermark, LogView member) {
    return is_reached(high_watermark, member.size()) &&
           holds_all(member, below(leader, high_watermark));
}

}  // namespace squall::checkers::invariants
