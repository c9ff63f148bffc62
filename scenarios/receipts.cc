#include "scenarios/receipts.h"

#include <algorithm>

#include "model/events/application_events.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/replica_events.h"
#include "model/protocol/partition_list.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {
namespace {

using ReceiptEvents =
    sim::EventOf<model::BrokerStarted, sim::FaultStarted, model::PartitionChanged, sim::NodeStopped,
                 sim::NodePaused, sim::ClockChanged, sim::FrameDisturbed, sim::FrameLost,
                 sim::DiskFaultHit, model::BrokerFenceChanged, model::MemberRemoved,
                 model::AssignmentChanged, model::ProduceRetried, model::MishapHit>;

// Consequences show for a while after a fault ended: sessions expire, clients retry.
constexpr Duration aftermath = 15s;

std::string counted(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// What a rule of the network did to the frames it met.
std::string told_of_frames(const std::string& rule) {
    if (rule == "cut" || rule == "stall") return "held back (" + rule + ")";
    if (rule == "delay") return "delayed";
    if (rule == "throttle") return "throttled";
    if (rule == "replay") return "replayed";
    if (rule == "reset") return "met by a reset";
    if (rule == "half_open") return "lost with one end's connection";
    return "disturbed (" + rule + ")";
}

}  // namespace

void Receipts::struck(const std::string& id, const std::string& kind, const std::string& target,
                      const std::vector<std::string>& nodes, Time at) {
    Record record;
    record.receipt = {.id = id,
                      .kind = kind,
                      .at = at,
                      .healed_at = Time::max(),
                      .target = target,
                      .after_event = trace_.count(),
                      .effects = {}};
    record.nodes = nodes;
    record.active = true;
    records_.push_back(std::move(record));
}

void Receipts::healed(const std::string& id, Time at) {
    for (Record& record : records_) {
        if (record.receipt.id != id || !record.active) continue;
        record.receipt.healed_at = at;
        record.active = false;
    }
}

void Receipts::missed(const std::string& id, const std::string& kind, const std::string& target) {
    Record record;
    record.receipt = {.id = id,
                      .kind = kind,
                      .at = Time::max(),
                      .healed_at = Time::max(),
                      .target = target,
                      .effects = {}};
    records_.push_back(std::move(record));
}

bool Receipts::aims_at(const Record& record, std::string_view node) {
    return std::ranges::find(record.nodes, node) != record.nodes.end();
}

bool Receipts::concerns(const Record& record, std::string_view node) {
    return record.touched.contains(node);
}

bool Receipts::touches(Record& record, std::string_view node, const sim::Event& event) {
    if (!record.active || !aims_at(record, node)) return false;
    // Who struck at that moment is the cause. Otherwise it may be any that is at work: a process
    // that was asked to stop takes its time.
    const auto strike = strikes_.find(event.cause);
    if (strike != strikes_.end() && &records_[strike->second] != &record) return false;
    record.touched.emplace(node);
    return true;
}

// The ids that members of the consumer protocol draw say nothing of their machine; who was never
// given a partition is known by the id that the coordinator made of its name, if it did.
bool Receipts::is_member_at(const std::string& member_id, std::string_view node) const {
    const auto known = members_.find(member_id);
    return known == members_.end() ? member_id.starts_with(node) : known->second == node;
}

bool Receipts::looks_at(const sim::EventKind& kind) {
    return ReceiptEvents::includes(kind);
}

void Receipts::observe(const sim::Event& any) {
    if (!looks_at(*any.kind)) return;
    const ReceiptEvents event(any);
    if (const auto* started = event.as<model::BrokerStarted>()) {
        brokers_[started->broker] = trace_.node_name(event.node);
        return;
    }
    if (const auto* struck = event.as<sim::FaultStarted>()) {
        const auto record = std::ranges::find_if(records_, [&](const Record& known) {
            return known.active && known.receipt.id == struck->id;
        });
        if (record != records_.end()) {
            strikes_[event.sequence] = static_cast<std::size_t>(record - records_.begin());
        }
        return;
    }
    const std::string_view node = trace_.node_name(event.node);
    if (const auto* assigned = event.as<model::AssignmentChanged>()) {
        members_[assigned->member_id] = node;
        return;
    }
    const auto* const changed = event.as<model::PartitionChanged>();
    std::string leader_before;
    if (changed != nullptr) {
        const auto known = leaders_.find(changed->partition);
        if (known != leaders_.end() && brokers_.contains(known->second)) {
            leader_before = brokers_.at(known->second);
        }
    }

    for (Record& record : records_) {
        const Time at = record.receipt.at;
        if (at == Time::max()) continue;
        const bool in_aftermath =
            record.active || event.time <= record.receipt.healed_at + aftermath;
        if (!in_aftermath) continue;
        const auto after = [&] { return " after " + squall::to_string(event.time - at); };
        if (const auto* stopped = event.as<sim::NodeStopped>()) {
            if (stopped->reason == sim::StopReason::end_of_run || !touches(record, node, event)) {
                continue;
            }
            record.facts.push_back(
                {fmt::format("{} stopped ({})", node, to_string(stopped->reason)), {}});
            record.lost_bytes += stopped->lost_bytes;
            record.unsynced.erase(std::string(node));
        } else if (event.as<sim::NodePaused>() != nullptr) {
            if (touches(record, node, event)) {
                record.facts.push_back({fmt::format("{} paused", node), {}});
            }
        } else if (const auto* clock = event.as<sim::ClockChanged>()) {
            // Its end steps the clock back, and is its own doing as well.
            if (touches(record, node, event)) {
                record.facts.push_back({fmt::format("{}: {}, now {} off", node, clock->change,
                                                    squall::to_string(clock->wall_offset)),
                                        {}});
            }
        } else if (const auto* disturbed = event.as<sim::FrameDisturbed>()) {
            if (disturbed->rule_id != record.receipt.id || !record.active) continue;
            ++record.frames[disturbed->rule];
            for (const sim::NodeId end : {disturbed->from, disturbed->to}) {
                touches(record, trace_.node_name(end), event);
            }
        } else if (const auto* lost = event.as<sim::FrameLost>()) {
            // Frames are lost before it is told that their receiver stopped.
            if (!record.active) continue;
            for (const sim::NodeId end : {lost->from, lost->to}) {
                const std::string_view name = trace_.node_name(end);
                if (!aims_at(record, name)) continue;
                ++record.frames_lost[std::string(name)];
                break;
            }
        } else if (const auto* hit = event.as<sim::DiskFaultHit>()) {
            const auto strike = strikes_.find(event.cause);
            if (hit->rule_id.empty() && hit->fault == "lost" && strike != strikes_.end() &&
                &records_[strike->second] == &record) {
                // The power went. Where a process dies of it, that tells the sum.
                record.unsynced[std::string(node)] += hit->bytes;
                touches(record, node, event);
                continue;
            }
            if (hit->rule_id != record.receipt.id || !record.active) continue;
            ++record.disk[hit->fault];
            touches(record, node, event);
        } else if (const auto* mishap = event.as<model::MishapHit>()) {
            if (mishap->rule_id != record.receipt.id || !record.active) continue;
            ++record.mishaps[mishap->mishap];
            record.touched.emplace(node);
        } else if (const auto* fenced = event.as<model::BrokerFenceChanged>()) {
            const auto name = brokers_.find(fenced->broker);
            if (fenced->fenced && name != brokers_.end() && concerns(record, name->second)) {
                record.facts.push_back({fmt::format("{} fenced{}", name->second, after()), {}});
            }
        } else if (changed != nullptr) {
            const auto known = leaders_.find(changed->partition);
            if (known == leaders_.end() || known->second == changed->leader ||
                !concerns(record, leader_before)) {
                continue;
            }
            const auto next = brokers_.find(changed->leader);
            leader_moved(record, changed->partition,
                         fmt::format("{} -> {}{}", leader_before,
                                     next == brokers_.end() ? "none" : next->second, after()));
        } else if (const auto* removed = event.as<model::MemberRemoved>()) {
            const auto member = std::ranges::find_if(record.touched, [&](const std::string& name) {
                return is_member_at(removed->member_id, name);
            });
            if (member != record.touched.end()) {
                record.facts.push_back({fmt::format("{} removed from group {} ({}){}", *member,
                                                    removed->group, removed->reason, after()),
                                        {}});
            }
        } else if (event.as<model::ProduceRetried>() != nullptr) {
            if (record.active) ++record.retries;
        }
    }
    if (changed != nullptr) leaders_[changed->partition] = changed->leader;
}

// A crash that moves seven leaders at one moment has one line, not seven.
void Receipts::leader_moved(Record& record, const model::TopicPartition& partition,
                            std::string how) {
    const auto same = std::ranges::find_if(
        record.facts, [&](const Fact& fact) { return !fact.moved.empty() && fact.text == how; });
    if (same != record.facts.end()) {
        same->moved.push_back(partition);
    } else {
        record.facts.push_back({std::move(how), {partition}});
    }
}

std::vector<FaultReceipt> Receipts::finish() const {
    std::vector<FaultReceipt> receipts;
    for (const Record& record : records_) {
        FaultReceipt receipt = record.receipt;
        for (const Fact& fact : record.facts) {
            if (fact.moved.empty()) {
                receipt.effects.push_back(fact.text);
            } else if (fact.moved.size() == 1) {
                receipt.effects.push_back(
                    fmt::format("{}: leader {}", fact.moved.front(), fact.text));
            } else {
                receipt.effects.push_back(fmt::format("{} leaders {} ({})", fact.moved.size(),
                                                      fact.text,
                                                      model::list_partitions(fact.moved)));
            }
        }
        const auto count = [&](std::uint64_t n, std::string_view noun, std::string_view what) {
            if (n > 0) receipt.effects.push_back(fmt::format("{} {}", counted(n, noun), what));
        };
        std::uint64_t lost_bytes = record.lost_bytes;
        for (const auto& [name, n] : record.unsynced) lost_bytes += n;
        count(lost_bytes, "unsynced byte", "lost");
        for (const auto& [rule, n] : record.frames) count(n, "frame", told_of_frames(rule));
        std::uint64_t frames_lost = 0;
        for (const auto& [name, n] : record.frames_lost) {
            if (concerns(record, name)) frames_lost += n;
        }
        count(frames_lost, "frame", "lost");
        for (const auto& [fault, n] : record.disk) count(n, "disk operation", "hit: " + fault);
        for (const auto& [mishap, n] : record.mishaps) {
            receipt.effects.push_back(fmt::format("{}: {}", mishap, counted(n, "time")));
        }
        // Retries alone prove nothing about this fault: they are told beside other effects.
        if (!receipt.effects.empty() && record.retries > 0) {
            receipt.effects.push_back(fmt::format("{} produce {} meanwhile", record.retries,
                                                  record.retries == 1 ? "retry" : "retries"));
        }
        receipts.push_back(std::move(receipt));
    }
    return receipts;
}

}  // namespace squall::scenarios
