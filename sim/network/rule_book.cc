#include "sim/network/rule_book.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/base/hash.h"
#include "sim/base/rng.h"

namespace squall::sim {
namespace {

constexpr std::uint32_t always = 1'000'000;

std::string_view word_for(const Disturbance& disturbance) {
    constexpr std::string_view words[] = {"delay",     "stall",  "reset",
                                          "half_open", "replay", "throttle"};
    return words[disturbance.index()];
}

bool concerns_kind(const Disturbance& disturbance, const Passage& passage) {
    const bool only_waits = std::holds_alternative<disturb::Delay>(disturbance) ||
                            std::holds_alternative<disturb::Stall>(disturbance) ||
                            std::holds_alternative<disturb::Throttle>(disturbance);
    if (std::holds_alternative<disturb::Replay>(disturbance)) return passage.is_replayable;
    return passage.kind != Passage::Kind::signal || only_waits;
}

bool concerns_nodes(const RuleBook::Entry& entry, NodeId from, NodeId to) {
    if (!entry.group_of.empty()) {
        const auto group = [&](NodeId node) {
            return node.value() < entry.group_of.size() ? entry.group_of[node.value()] : 0u;
        };
        return group(from) != 0 && group(to) != 0 && group(from) != group(to);
    }
    if (from == to) return entry.rule.from == from && entry.rule.to == to;
    return (!entry.rule.from || *entry.rule.from == from) &&
           (!entry.rule.to || *entry.rule.to == to);
}

bool concerns(const RuleBook::Entry& entry, const Passage& passage) {
    return concerns_nodes(entry, passage.from, passage.to) &&
           (entry.rule.label.empty() || entry.rule.label == passage.label) &&
           concerns_kind(entry.rule.disturbance, passage);
}

bool is_used_up(const RuleBook::Entry& entry) {
    return entry.rule.count && entry.disturbed >= *entry.rule.count;
}

}  // namespace

RuleId RuleBook::insert(Entry entry) {
    entry.id = RuleId(next_id_++);
    entry.fault_hash = hash_text(entry.rule.fault_id);
    entries_.push_back(std::move(entry));
    return entries_.back().id;
}

RuleId RuleBook::add(Rule rule) {
    ASSERT(rule.per_million <= always, "a chance of {} in a million", rule.per_million);
    Entry entry;
    entry.word = rule.word.empty() ? word_for(rule.disturbance) : rule.word;
    if (const auto* throttle = std::get_if<disturb::Throttle>(&rule.disturbance)) {
        ASSERT(throttle->bits_per_second > 0, "rule of {}: a throttle that lets nothing through",
               rule.fault_id);
        entry.pipe.set(throttle->bits_per_second);
    }
    entry.rule = std::move(rule);
    return insert(std::move(entry));
}

RuleId RuleBook::add_cut(Rule rule) {
    rule.disturbance = disturb::Stall{};
    Entry entry;
    entry.word = "cut";
    entry.rule = std::move(rule);
    return insert(std::move(entry));
}

RuleId RuleBook::add_partition(const std::vector<std::vector<NodeId>>& groups,
                               std::string fault_id) {
    Entry entry;
    entry.word = "cut";
    entry.rule.fault_id = std::move(fault_id);
    entry.rule.disturbance = disturb::Stall{};
    entry.group_of.resize(1);
    std::uint32_t number = 0;
    for (const std::vector<NodeId>& group : groups) {
        ++number;
        for (const NodeId node : group) {
            if (node.value() >= entry.group_of.size()) entry.group_of.resize(node.value() + 1);
            ASSERT(entry.group_of[node.value()] == 0, "node {} is in two groups of a partition",
                   node);
            entry.group_of[node.value()] = number;
        }
    }
    return insert(std::move(entry));
}

void RuleBook::remove(RuleId id) {
    const auto found = std::ranges::find(entries_, id, &Entry::id);
    ASSERT(found != entries_.end(), "rule {} is not in force", id);
    entries_.erase(found);
}

const RuleBook::Entry* RuleBook::meet(const Passage& passage, RuleId after) {
    for (Entry& entry : entries_) {
        if (entry.id <= after || !concerns(entry, passage)) continue;
        ++entry.matched;
        if (entry.matched <= entry.rule.skip || is_used_up(entry)) continue;
        const std::uint64_t bits = combine(passage.bits, entry.fault_hash);
        if (scale_bits(bits, always) >= entry.rule.per_million) continue;
        ++entry.disturbed;
        return &entry;
    }
    return nullptr;
}

bool RuleBook::is_cut(NodeId from, NodeId to) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return std::holds_alternative<disturb::Stall>(entry.rule.disturbance) &&
               entry.rule.label.empty() && entry.rule.per_million == always &&
               entry.matched >= entry.rule.skip && !is_used_up(entry) &&
               concerns_nodes(entry, from, to);
    });
}

}  // namespace squall::sim
