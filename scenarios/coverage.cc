#include "scenarios/coverage.h"

#include <fmt/core.h>

#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "model/events/transaction_events.h"
#include "sim/base/assert.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {
namespace {

constexpr Duration aftermath = 5s;

std::string moved(std::string_view what, std::string_view from, std::string_view to) {
    return fmt::format("{} {} -> {}", what, from, to);
}

}  // namespace

bool Coverage::looks_at(const sim::EventKind& kind) {
    return kind.is_one_of<
        sim::FaultStarted, sim::FaultHealed, model::GroupStateChanged, model::MemberRemoved,
        model::TransactionStateChanged, model::RaftRoleChanged, model::RoleTaken,
        model::PartitionChanged, model::IsrChangeProposed, model::LogTruncated, model::LogOpened,
        model::BrokerFenceChanged, model::CoordinatorChanged, model::ControllerActivated,
        model::AssignmentChanged, model::DuplicateAnswered>();
}

void Coverage::observe(const sim::Event& event) {
    if (const auto* started = event.as<sim::FaultStarted>()) {
        faults_[started->id] = {.kind = started->kind};
        return;
    }
    if (const auto* healed = event.as<sim::FaultHealed>()) {
        const auto fault = faults_.find(healed->id);
        ASSERT(fault != faults_.end(), "fault {} is healed, and nobody saw it strike", healed->id);
        fault->second.until = event.time + aftermath;
        return;
    }
    // The state that this node had before, for events that tell of the new one alone.
    const auto next = [&](std::string what, std::string_view to) {
        std::string& state = states_[{std::move(what), event.node.value()}];
        const std::string from = state.empty() ? "none" : state;
        state = to;
        return from;
    };
    if (const auto* group = event.as<model::GroupStateChanged>()) {
        count(moved("group", group->from, group->to), event.time);
    } else if (const auto* removed = event.as<model::MemberRemoved>()) {
        count(fmt::format("member removed, {}", removed->reason), event.time);
    } else if (const auto* transaction = event.as<model::TransactionStateChanged>()) {
        count(moved("transaction", transaction->from, transaction->to), event.time);
    } else if (const auto* raft = event.as<model::RaftRoleChanged>()) {
        const std::string from = next("quorum", raft->role);
        // The same again, in another epoch or with another leader, is no transition.
        if (from != raft->role) count(moved("quorum", from, raft->role), event.time);
    } else if (const auto* role = event.as<model::RoleTaken>()) {
        const std::string_view to = to_string(role->role);
        const std::string from = next(to_string(role->partition), to);
        if (from != to) count(moved("replica", from, to), event.time);
    } else if (const auto* partition = event.as<model::PartitionChanged>()) {
        count(fmt::format("partition changed, {}", partition->reason), event.time);
    } else if (const auto* isr = event.as<model::IsrChangeProposed>()) {
        count(isr->to.size() < isr->from.size() ? "isr shrinks" : "isr grows", event.time);
    } else if (const auto* truncated = event.as<model::LogTruncated>()) {
        count(fmt::format("log truncated, {}", truncated->reason), event.time);
    } else if (const auto* opened = event.as<model::LogOpened>()) {
        if (opened->truncated_bytes > 0) count("log cut at recovery", event.time);
        if (opened->finished_swaps > 0) count("swap finished at recovery", event.time);
    } else if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
        count(fence->fenced ? "broker fenced" : "broker unfenced", event.time);
    } else if (const auto* coordinator = event.as<model::CoordinatorChanged>()) {
        count(coordinator->active ? "coordinator begins" : "coordinator ends", event.time);
    } else if (event.as<model::ControllerActivated>() != nullptr) {
        count("controller activated", event.time);
    } else if (const auto* assignment = event.as<model::AssignmentChanged>()) {
        count(fmt::format("partitions {}", to_string(assignment->change)), event.time);
    } else if (event.as<model::DuplicateAnswered>() != nullptr) {
        count("repetition answered", event.time);
    }
}

void Coverage::count(const std::string& transition, Time now) {
    bool calm = true;
    for (const auto& [id, fault] : faults_) {
        if (now > fault.until) continue;
        calm = false;
        ++cells_[{transition, fault.kind}];
    }
    if (calm) ++cells_[{transition, std::string(no_fault)}];
}

const std::vector<std::string>& known_transitions() {
    static const std::vector<std::string> transitions = {
        "broker fenced",
        "broker unfenced",
        "controller activated",
        "coordinator begins",
        "coordinator ends",
        "group CompletingRebalance -> PreparingRebalance",
        "group CompletingRebalance -> Stable",
        "group Empty -> PreparingRebalance",
        "group PreparingRebalance -> CompletingRebalance",
        "group PreparingRebalance -> Empty",
        "group Stable -> PreparingRebalance",
        "isr grows",
        "isr shrinks",
        "log cut at recovery",
        "log truncated, divergence",
        "member removed, left",
        "member removed, rebalance timeout",
        "member removed, session timeout",
        "partitions assigned",
        "partitions lost",
        "partitions revoked",
        "quorum candidate -> leader",
        "quorum follower -> prospective",
        "quorum leader -> resigned",
        "quorum prospective -> candidate",
        "quorum prospective -> follower",
        "quorum resigned -> follower",
        "quorum unattached -> follower",
        "repetition answered",
        "replica follower -> leader",
        "replica leader -> follower",
        "transaction CompleteAbort -> Ongoing",
        "transaction CompleteCommit -> Ongoing",
        "transaction Empty -> Ongoing",
        "transaction Ongoing -> PrepareAbort",
        "transaction Ongoing -> PrepareCommit",
        "transaction PrepareAbort -> CompleteAbort",
        "transaction PrepareCommit -> CompleteCommit",
    };
    return transitions;
}

}  // namespace squall::scenarios
