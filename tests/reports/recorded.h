// Recorded: a trace written by hand, as a run would have left it, for reports to tell of.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/sim_events.h"
#include "sim/trace/trace.h"

namespace squall::reports {

inline const model::TopicPartition orders{.topic = "orders", .partition = 0};

inline std::vector<model::BrokerId> brokers(const std::vector<int>& ids) {
    std::vector<model::BrokerId> out;
    for (const int id : ids) out.emplace_back(id);
    return out;
}

class Recorded {
  public:
    // `node`: "harness", or any name; machines are numbered in order of first mention.
    template <class T>
    sim::EventSequence at(Duration time, std::string_view node, const T& payload,
                          sim::EventSequence cause = sim::EventSequence{0}) {
        const sim::NodeId id = node_of(node);
        trace_.context() = {.time = Time{} + time,
                            .node = id,
                            .incarnation = sim::Incarnation(id == sim::harness_node ? 0u : 1u),
                            .cause = cause};
        return trace_.emit(payload);
    }
    sim::NodeId node_of(std::string_view name) {
        if (name == "harness") return sim::harness_node;
        const auto next = sim::NodeId(static_cast<std::uint32_t>(nodes_.size() + 1));
        const auto [found, is_new] = nodes_.try_emplace(std::string(name), next);
        if (is_new) trace_.name_node(next, std::string(name));
        return found->second;
    }

    void start_brokers(int count) {
        for (int id = 1; id <= count; ++id) {
            const std::string name = "b" + std::to_string(id);
            at(0ms, name, sim::NodeStarted{.name = name});
            at(0ms, name, model::BrokerStarted{.broker = model::BrokerId(id)});
        }
    }
    void change(Duration time, const model::TopicPartition& partition, int leader,
                const std::vector<int>& isr, std::string reason, bool unclean = false) {
        at(time, "c1",
           model::PartitionChanged{.partition = partition,
                                   .leader = model::BrokerId(leader),
                                   .leader_epoch = model::LeaderEpoch(leader),
                                   .replicas = brokers({1, 2, 3}),
                                   .isr = brokers(isr),
                                   .unclean = unclean,
                                   .reason = std::move(reason)});
    }
    sim::EventSequence send_frame(Duration time, std::string_view from, std::string_view to,
                                  std::string label) {
        return at(time, from,
                  sim::FrameSent{.peer = node_of(to), .number = 0, .label = std::move(label)});
    }

    void invoke(Duration time, std::string_view client, int operation) {
        at(time, client,
           model::SendInvoked{
               .operation = model::OperationId(static_cast<std::uint64_t>(operation)),
               .client_id = std::string(client),
               .topic = orders.topic,
               .key = "k",
               .record = model::RecordId(static_cast<std::uint64_t>(operation))});
    }
    void complete(Duration time, std::string_view client, int operation, model::Outcome outcome,
                  int offset) {
        at(time, client,
           model::SendCompleted{
               .operation = model::OperationId(static_cast<std::uint64_t>(operation)),
               .outcome = outcome,
               .partition = orders,
               .offset = offset < 0 ? model::no_offset : model::Offset(offset),
               .error = outcome == model::Outcome::ok ? "" : "timed_out",
               .attempts = 1});
    }

    const sim::Trace& trace() const { return trace_; }

  private:
    sim::Trace trace_{sim::TraceOptions{.level = sim::TraceLevel::full}};
    std::map<std::string, sim::NodeId> nodes_;
};

// A storm of one page: b1 leads all, dies, b2 follows it, and the client's next record is safe.
inline void record_a_crash(Recorded& recorded) {
    const model::TopicPartition other{.topic = "orders", .partition = 1};
    recorded.start_brokers(3);
    for (const auto& partition : {orders, other}) {
        recorded.change(1s, partition, 1, {1, 2, 3}, "created");
    }
    recorded.at(4s, "harness",
                sim::FaultStarted{.id = "slow", .kind = "slow-disk", .target = "b3"});
    recorded.at(
        5s, "harness",
        sim::FaultStarted{.id = "kill-leader", .kind = "crash", .target = "leader(orders-0) = b1"});
    recorded.at(5s, "b1", sim::NodeStopped{.reason = sim::StopReason::crash});
    const sim::EventSequence lost = recorded.send_frame(5100ms, "app", "b1", "Produce");
    recorded.at(5100ms, "harness",
                sim::FrameLost{.from = recorded.node_of("app"),
                               .to = recorded.node_of("b1"),
                               .reason = "receiver crashed"},
                lost);
    for (const auto& partition : {orders, other}) {
        recorded.change(7s, partition, 2, {2, 3}, "broker fenced");
    }
    recorded.at(7s, "b2",
                model::RoleTaken{.partition = orders, .role = model::ReplicaRole::leader});
    recorded.send_frame(7100ms, "app", "b2", "Produce");
    for (int operation = 1; operation <= 3; ++operation) {
        recorded.complete(7200ms, "app", operation, model::Outcome::ok, 9 + operation);
    }
    recorded.complete(9s, "app", 4, model::Outcome::ok, 13);
}

}  // namespace squall::reports
