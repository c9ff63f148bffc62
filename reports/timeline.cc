#include "reports/timeline.h"

#include <fmt/core.h>

#include <map>
#include <optional>

#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/sim_events.h"

namespace squall::reports {
namespace {

std::string join(const std::vector<model::BrokerId>& brokers) {
    std::string text;
    for (const model::BrokerId broker : brokers)
        text += fmt::format("{}{}", text.empty() ? "" : ",", broker);
    return "[" + text + "]";
}

std::string leader_text(model::BrokerId leader) {
    return leader == model::no_broker ? "none" : fmt::format("{}", leader);
}

class Teller {
  public:
    // What the event means for people; nullopt for the many that are too small for a timeline.
    std::optional<std::string> tell(const sim::Event& event) {
        if (const auto* fault = event.as<sim::FaultStarted>()) {
            return fmt::format("fault {}: {} {}", fault->id, fault->kind, fault->target);
        }
        if (const auto* healed = event.as<sim::FaultHealed>()) {
            return fmt::format("fault {} ends", healed->id);
        }
        if (event.as<sim::CalmBegan>() != nullptr) return "the calm begins";
        if (event.as<sim::NodeStarted>() != nullptr) return "started";
        if (const auto* stopped = event.as<sim::NodeStopped>()) {
            if (stopped->reason == sim::StopReason::end_of_run) return std::nullopt;
            return fmt::format("stopped: {}", to_string(stopped->reason));
        }
        if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
            return fmt::format("broker {} {}", fence->broker,
                               fence->fenced ? "fenced" : "unfenced");
        }
        if (const auto* role = event.as<model::RaftRoleChanged>()) {
            if (role->role != "leader") return std::nullopt;
            return fmt::format("active controller, epoch {}", role->epoch);
        }
        if (const auto* changed = event.as<model::PartitionChanged>())
            return tell_partition(*changed);
        if (const auto* truncated = event.as<model::LogTruncated>()) {
            return fmt::format("{} truncated {} -> {} ({})", truncated->partition, truncated->from,
                               truncated->to, truncated->reason);
        }
        if (const auto* group = event.as<model::GroupStateChanged>()) {
            if (group->to != "Stable" && group->to != "PreparingRebalance") return std::nullopt;
            return fmt::format("group {} {} (generation {}, {} members){}", group->group, group->to,
                               group->generation, group->members,
                               group->reason.empty() ? "" : ": " + group->reason);
        }
        if (const auto* converted = event.as<model::GroupConverted>()) {
            return fmt::format("group {} speaks the {} protocol now (generation {}, {} members)",
                               converted->group,
                               converted->to == "Classic" ? "classic" : "consumer",
                               converted->generation, converted->members);
        }
        if (const auto* removed = event.as<model::MemberRemoved>()) {
            return fmt::format("group {}: {} removed ({})", removed->group, removed->member_id,
                               removed->reason);
        }
        return std::nullopt;
    }

  private:
    std::optional<std::string> tell_partition(const model::PartitionChanged& changed) {
        auto& before = leaders_.try_emplace(changed.partition, model::no_broker).first->second;
        auto& isr_before = isrs_[changed.partition];
        std::string text;
        if (before != changed.leader) {
            text = fmt::format("{} leader {} -> {}{}, epoch {}", changed.partition,
                               leader_text(before), leader_text(changed.leader),
                               changed.unclean ? " UNCLEAN" : "", changed.leader_epoch);
        }
        if (isr_before != changed.isr) {
            text += fmt::format("{}{}in-sync {} -> {}", text.empty() ? "" : ", ",
                                text.empty() ? to_string(changed.partition) + " " : "",
                                join(isr_before), join(changed.isr));
        }
        before = changed.leader;
        isr_before = changed.isr;
        if (text.empty()) return std::nullopt;
        return text + " (" + changed.reason + ")";
    }

    std::map<model::TopicPartition, model::BrokerId> leaders_;
    std::map<model::TopicPartition, std::vector<model::BrokerId>> isrs_;
};

}  // namespace

std::vector<TimelineEntry> timeline(const sim::Trace& trace) {
    std::vector<TimelineEntry> entries;
    Teller teller;
    trace.replay([&](const sim::Event& event) {
        if (std::optional<std::string> what = teller.tell(event)) {
            entries.push_back(
                {event.time, std::string(trace.node_name(event.node)), std::move(*what)});
        }
    });
    return entries;
}

std::string timeline_text(const sim::Trace& trace) {
    std::string text;
    for (const TimelineEntry& entry : timeline(trace)) {
        text += fmt::format("{:>5}.{:03}s  {:14} {}\n", entry.time.ms() / 1000,
                            entry.time.ms() % 1000, entry.who, entry.what);
    }
    return text;
}

}  // namespace squall::reports
