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
