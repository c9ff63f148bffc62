#include "model/bugs.h"

#include <algorithm>
#include <cctype>

namespace squall::model {

const std::vector<BugEntry>& all_bugs() {
    static const std::vector<BugEntry> bugs = {
        {Bug::z01_hw_truncate_loss,
         "Z01",
         "hw-truncate-loss",
         "a replica that becomes follower truncates to its own high watermark, not by leader epoch",
         "KIP-101 scenario 1, KAFKA-1211",
         "order-flow",
         "lost-write",
         {}},
        {Bug::z10_unclean_election,
         "Z10",
         "unclean-election",
         "a replica outside the in-sync set may be elected leader",
         "unclean.leader.election.enable=true; KIP-106 made false the default",
         "order-flow",
         "lost-write",
         {{"topics.*.config.unclean.leader.election.enable", "true"}}},
        {Bug::z11_acks1_loss,
         "Z11",
         "acks1-loss",
         "the producer takes the leader's word (acks=1) before any follower has the record",
         "acks=1",
         "order-flow",
         "lost-write",
         {{"workload.producer.acks", "1"}}},
        {Bug::z33_zombie_controller,
         "Z33",
         "zombie-controller",
         "a controller that no longer leads the quorum goes on deciding and answering",
         "KAFKA-6082, KAFKA-4447, KAFKA-1188",
         "controller-failover",
         "controller",
         {}},
        {Bug::z34_raft_forgets_vote,
         "Z34",
         "raft-forgets-vote",
         "a voter of the quorum answers before its vote is on disk, and forgets it in a crash",
         "KIP-595 quorum-state; Raft 5.1: stable storage before responding",
         "controller-votes",
         "metadata",
         {}},
        {Bug::z35_raft_fetch_before_fsync,
         "Z35",
         "raft-fetch-before-fsync",
         "a voter fetches on, and so acknowledges, what it has not flushed",
         "KIP-595",
         "controller-power-loss",
         "metadata",
         {}},
        {Bug::z36_raft_commit_old_epoch,
         "Z36",
         "raft-commit-old-epoch",
         "a raft leader commits records of earlier epochs by counting replicas",
         "KAFKA-12619; Raft 5.4.2, figure 8",
         "controller-figure-8",
         "metadata",
         {}},
        {Bug::z38_raft_no_check_quorum,
         "Z38",
         "raft-no-check-quorum",
         "a raft leader that no majority fetches from stays in office",
         "KAFKA-15489",
         "controller-failover",
         "controller",
         {}},
    };
    return bugs;
}

const BugEntry* find_bug(std::string_view id_or_name) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    for (const BugEntry& entry : all_bugs()) {
        if (std::ranges::equal(entry.id, id_or_name, same)) return &entry;
        if (entry.name == id_or_name) return &entry;
    }
    return nullptr;
}

}  // namespace squall::model
