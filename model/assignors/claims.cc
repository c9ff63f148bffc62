#include "model/assignors/claims.h"

namespace squall::model {

ClaimRank rank_of(GenerationId claim, GenerationId other, const BugSet* bugs) {
    ClaimRank right = ClaimRank::equal;
    if (claim < other) right = ClaimRank::older;
    if (claim > other) right = ClaimRank::newer;
    if (bugs == nullptr) return right;
    // As if claims carried no generation: who speaks last is believed.
    return bugs->deviate(Bug::z81_cooperative_stale_owned, right, ClaimRank::newer);
}

Keepers believed_claims(const PartitionCounts& partitions,
                        const std::vector<const SubscribedMember*>& ordered, const BugSet* bugs) {
    struct Claim {
        std::size_t member;
        GenerationId generation;
        bool is_disputed = false;
    };
    std::map<TopicPartition, Claim> strongest;
    for (std::size_t member = 0; member < ordered.size(); ++member) {
        const Subscription& subscription = ordered[member]->subscription;
        for (const TopicPartition& partition : subscription.owned_partitions) {
            const auto count = partitions.find(partition.topic);
            if (count == partitions.end() || partition.partition < 0 ||
                partition.partition >= count->second) {
                continue;
            }
            const Claim claim{.member = member, .generation = subscription.generation_id};
            const auto [at, is_first] = strongest.try_emplace(partition, claim);
            if (is_first || at->second.member == member) continue;
            switch (rank_of(claim.generation, at->second.generation, bugs)) {
                case ClaimRank::newer:
                    at->second = claim;
                    break;
                case ClaimRank::equal:
                    at->second.is_disputed = true;
                    break;
                case ClaimRank::older:
                    break;
            }
        }
    }
    Keepers keepers;
    for (const auto& [partition, claim] : strongest) {
        if (claim.is_disputed || !subscribes(*ordered[claim.member], partition.topic)) continue;
        keepers.emplace(partition, claim.member);
    }
    return keepers;
}

}  // namespace squall::model
