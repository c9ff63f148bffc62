#include "model/controller/placement.h"

#include <algorithm>
#include <map>
#include <set>

#include "sim/base/assert.h"
#include "sim/base/hash.h"
#include "sim/base/rng.h"

namespace squall::model {

namespace {

struct Site {
    BrokerId id;
    std::string rack;  // brokers without a rack share one
};

// Racks in turn: r1's first broker, r2's first, ..., r1's second, and so on.
std::vector<Site> interleave_racks(const std::vector<UsableBroker>& brokers, bool fenced) {
    std::map<std::string, std::vector<BrokerId>> by_rack;
    std::size_t count = 0;
    for (const UsableBroker& broker : brokers) {
        if (broker.fenced != fenced) continue;
        by_rack[broker.rack.value_or("")].push_back(broker.id);
        ++count;
    }
    std::vector<Site> sites;
    for (std::size_t turn = 0; sites.size() < count; ++turn) {
        for (auto& [rack, ids] : by_rack) {
            if (turn == 0) std::ranges::sort(ids);
            if (turn < ids.size()) sites.push_back({ids[turn], rack});
        }
    }
    return sites;
}

// The candidates for a partition's followers in order of preference.
std::vector<Site> followers_of(const std::vector<Site>& unfenced, const std::vector<Site>& fenced,
                               std::size_t leader, std::size_t shift) {
    std::vector<Site> order;
    const std::size_t others = unfenced.size() - 1;
    for (std::size_t i = 0; i < others; ++i) {
        const std::size_t step = 1 + (shift + i) % others;
        order.push_back(unfenced[(leader + step) % unfenced.size()]);
    }
    order.insert(order.end(), fenced.begin(), fenced.end());
    return order;
}

std::vector<BrokerId> choose(const Site& leader, std::vector<Site> candidates,
                             std::size_t replication_factor) {
    std::vector<BrokerId> replicas{leader.id};
    std::set<std::string> racks{leader.rack};
    while (replicas.size() < replication_factor) {
        auto next = std::ranges::find_if(
            candidates, [&](const Site& site) { return !racks.contains(site.rack); });
        if (next == candidates.end()) {
            // Every rack that is left has a replica: begin another round of racks.
            racks.clear();
            next = candidates.begin();
        }
        ASSERT(next != candidates.end(), "brokers ran out");
        replicas.push_back(next->id);
        racks.insert(next->rack);
        candidates.erase(next);
    }
    return replicas;
}

}  // namespace

Result<std::vector<std::vector<BrokerId>>> place_replicas(const std::vector<UsableBroker>& brokers,
                                                          std::int32_t partitions,
                                                          std::int32_t replication_factor,
                                                          std::uint64_t seed) {
    ASSERT(partitions > 0, "{} partitions", partitions);
    ASSERT(replication_factor > 0, "replication factor {}", replication_factor);
    const std::vector<Site> unfenced = interleave_racks(brokers, false);
    const std::vector<Site> fenced = interleave_racks(brokers, true);
    if (unfenced.empty()) return Error{Failure::invalid_input, "All brokers are currently fenced."};
    if (static_cast<std::size_t>(replication_factor) > brokers.size()) {
        return Error{Failure::invalid_input,
                     fmt::format("The target replication factor of {} cannot be reached because "
                                 "only {} broker(s) are registered.",
                                 replication_factor, brokers.size())};
    }
    const std::uint64_t start = scale_bits(mix(seed), unfenced.size());
    const std::uint64_t first_shift = scale_bits(mix(seed + 1), unfenced.size());
    std::vector<std::vector<BrokerId>> placed;
    for (std::size_t partition = 0; partition < static_cast<std::size_t>(partitions); ++partition) {
        const std::size_t leader = (start + partition) % unfenced.size();
        const std::size_t shift = first_shift + partition / unfenced.size();
        placed.push_back(choose(unfenced[leader], followers_of(unfenced, fenced, leader, shift),
                                static_cast<std::size_t>(replication_factor)));
    }
    return placed;
}

}  // namespace squall::model
