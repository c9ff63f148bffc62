#include "model/assignors/sticky_plan.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

class Plan {
  public:
    Plan(const PartitionCounts& partitions, const std::vector<const SubscribedMember*>& ordered,
         const Keepers& keepers)
        : partitions_(partitions), ordered_(ordered), keepers_(keepers), shares_(ordered.size()) {}

    std::vector<std::vector<TopicPartition>> make() {
        deal();
        level();
        std::vector<std::vector<TopicPartition>> result;
        for (const Share& share : shares_) result.emplace_back(share.begin(), share.end());
        return result;
    }

  private:
    using Share = std::set<TopicPartition>;
    // One hop of a chain: `from` hands `partition` on.
    struct Hop {
        std::size_t from;
        TopicPartition partition;
    };

    bool wants(std::size_t member, const std::string& topic) const {
        return subscribes(*ordered_[member], topic);
    }

    // Everything to its keeper, and what is free to the smallest share of a subscriber.
    void deal() {
        std::vector<TopicPartition> unassigned;
        for (const auto& [topic, count] : partitions_) {
            for (std::int32_t index = 0; index < count; ++index) {
                const TopicPartition partition{topic, index};
                const auto keeper = keepers_.find(partition);
                if (keeper == keepers_.end()) {
                    unassigned.push_back(partition);
                    continue;
                }
                ASSERT(wants(keeper->second, topic), "{} keeps {}, which it does not want",
                       ordered_[keeper->second]->member_id, partition);
                shares_[keeper->second].insert(partition);
            }
        }
        for (const TopicPartition& partition : unassigned) {
            std::optional<std::size_t> smallest;
            for (std::size_t member = 0; member < shares_.size(); ++member) {
                if (!wants(member, partition.topic)) continue;
                if (!smallest || shares_[member].size() < shares_[*smallest].size()) {
                    smallest = member;
                }
            }
            if (smallest) shares_[*smallest].insert(partition);
        }
    }

    // Each chain takes one partition from a share to one that is smaller by two or more, so the sum
    // of squares falls and this ends.
    void level() {
        std::vector<std::size_t> by_size(shares_.size());
        for (std::size_t member = 0; member < by_size.size(); ++member) by_size[member] = member;
        bool has_changed = true;
        while (has_changed) {
            has_changed = false;
            std::ranges::stable_sort(by_size, [&](std::size_t a, std::size_t b) {
                return shares_[a].size() > shares_[b].size();
            });
            for (const std::size_t largest : by_size) {
                if (hand_on_from(largest)) {
                    has_changed = true;
                    break;
                }
            }
        }
    }

    // Along the shortest chain, to the smallest share at its end. False: no share is small enough.
    bool hand_on_from(std::size_t giver) {
        std::vector<std::optional<Hop>> reached_by(shares_.size());
        std::vector<std::size_t> frontier{giver};
        std::vector<bool> is_seen(shares_.size(), false);
        is_seen[giver] = true;
        while (!frontier.empty()) {
            std::vector<std::size_t> next;
            std::optional<std::size_t> taker;
            for (const std::size_t from : frontier) {
                for (std::size_t to = 0; to < shares_.size(); ++to) {
                    if (is_seen[to]) continue;
                    const auto partition = movable(from, to);
                    if (!partition) continue;
                    is_seen[to] = true;
                    reached_by[to] = Hop{.from = from, .partition = *partition};
                    next.push_back(to);
                    const bool is_small = shares_[to].size() + 2 <= shares_[giver].size();
                    if (is_small && (!taker || shares_[to].size() < shares_[*taker].size())) {
                        taker = to;
                    }
                }
            }
            if (taker) {
                move_along(reached_by, giver, *taker);
                return true;
            }
            frontier = std::move(next);
        }
        return false;
    }

    void move_along(const std::vector<std::optional<Hop>>& reached_by, std::size_t giver,
                    std::size_t taker) {
        for (std::size_t to = taker; to != giver;) {
            const Hop& hop = *reached_by[to];
            shares_[hop.from].erase(hop.partition);
            const bool is_new = shares_[to].insert(hop.partition).second;
            ASSERT(is_new, "{} is handed on to its owner", hop.partition);
            to = hop.from;
        }
    }

    // What `from` can give to `to` at the least cost: what neither keeps before what `from` would
    // rather keep, and last partitions first.
    std::optional<TopicPartition> movable(std::size_t from, std::size_t to) const {
        std::optional<TopicPartition> kept;
        for (auto each = shares_[from].rbegin(); each != shares_[from].rend(); ++each) {
            if (!wants(to, each->topic)) continue;
            const auto keeper = keepers_.find(*each);
            if (keeper == keepers_.end() || keeper->second != from) return *each;
            if (!kept) kept = *each;
        }
        return kept;
    }

    const PartitionCounts& partitions_;
    const std::vector<const SubscribedMember*>& ordered_;
    const Keepers& keepers_;
    std::vector<Share> shares_;
};

}  // namespace

std::vector<std::vector<TopicPartition>> sticky_plan(
    const PartitionCounts& partitions, const std::vector<const SubscribedMember*>& ordered,
    const Keepers& keepers) {
    return Plan(partitions, ordered, keepers).make();
}

}  // namespace squall::model
