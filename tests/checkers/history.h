// History: writes small histories by hand for the checkers to judge.
//
// Brokers 1, 2, 3 live on the nodes of their numbers; a client lives on the node it was first named
// on, from 101 on. Every event comes a millisecond after the one before.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkers/checker.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/sim_events.h"
#include "sim/trace/trace.h"

namespace squall::checkers {

using model::BrokerId;
using model::GenerationId;
using model::LeaderEpoch;
using model::Offset;
using model::OperationId;
using model::Outcome;
using model::RecordId;
using model::TopicPartition;

inline const TopicPartition orders{.topic = "orders", .partition = 0};

inline std::vector<BrokerId> brokers(const std::vector<int>& ids) {
    std::vector<BrokerId> out;
    for (const int id : ids) out.emplace_back(id);
    return out;
}

class History {
  public:
    History()
        : trace_(std::make_unique<sim::Trace>(sim::TraceOptions{.level = sim::TraceLevel::full})) {}

    // ---- any event ----
    template <class T>
    sim::EventSequence by(sim::NodeId node, const T& payload) {
        now_ += step_;
        trace_->context() = {
            .time = now_, .node = node, .incarnation = incarnation(node), .cause = {}};
        return trace_->emit(payload);
    }
    template <class T>
    sim::EventSequence by_broker(int broker, const T& payload) {
        return by(node(broker), payload);
    }
    template <class T>
    sim::EventSequence by_client(const std::string& client, const T& payload) {
        return by(client_node(client), payload);
    }
    template <class T>
    sim::EventSequence by_harness(const T& payload) {
        return by(sim::harness_node, payload);
    }
    void wait(Duration duration) { now_ += duration; }
    // What `tell` emits happens at one instant: the decisions of one batch.
    template <class Tell>
    void at_once(const Tell& tell) {
        const Duration step = std::exchange(step_, Duration{});
        now_ += step;
        tell();
        step_ = step;
    }

    // ---- nodes ----
    static sim::NodeId node(int broker) { return sim::NodeId{static_cast<std::uint32_t>(broker)}; }
    sim::NodeId client_node(const std::string& client) {
        const auto next = sim::NodeId{static_cast<std::uint32_t>(101 + clients_.size())};
        return clients_.try_emplace(client, next).first->second;
    }
    void start_broker(int broker) {
        ++incarnations_[node(broker)];
        by_broker(broker, sim::NodeStarted{.name = "b"});
        by_broker(broker, model::BrokerStarted{.broker = BrokerId{broker}});
    }
    void start_brokers() {
        for (const int broker : {1, 2, 3}) start_broker(broker);
    }
    void stop(int broker, sim::StopReason reason = sim::StopReason::crash, std::uint64_t lost = 0) {
        by_broker(broker, sim::NodeStopped{.reason = reason, .lost_bytes = lost});
    }
    void lose_power(int broker) { stop(broker, sim::StopReason::power_loss, 100); }
    void stop_client(const std::string& client) {
        by_client(client, sim::NodeStopped{.reason = sim::StopReason::crash});
    }
    void calm() { by_harness(sim::CalmBegan{}); }

    // ---- the controller ----
    sim::EventSequence change(int leader, int epoch, const std::vector<int>& isr,
                              bool unclean = false, const std::vector<int>& eligible = {}) {
        return by_broker(
            1, model::PartitionChanged{.partition = orders,
                                       .leader = BrokerId{leader},
                                       .leader_epoch = LeaderEpoch{epoch},
                                       .partition_epoch = model::PartitionEpoch{partition_epoch_++},
                                       .replicas = brokers({1, 2, 3}),
                                       .isr = brokers(isr),
                                       .eligible_leader_replicas = brokers(eligible),
                                       .unclean = unclean,
                                       .reason = "test"});
    }

    // ---- replicas ----
    sim::EventSequence append(int broker, int base, int last, int epoch, std::uint32_t crc,
                              model::ReplicaRole role = model::ReplicaRole::follower) {
        return by_broker(broker, model::BatchAppended{.broker = BrokerId{broker},
                                                      .partition = orders,
                                                      .role = role,
                                                      .base_offset = Offset{base},
                                                      .last_offset = Offset{last},
                                                      .leader_epoch = LeaderEpoch{epoch},
                                                      .crc = crc});
    }
    void truncate(int broker, int from, int to, std::string reason = "divergence") {
        by_broker(broker, model::LogTruncated{.broker = BrokerId{broker},
                                              .partition = orders,
                                              .from = Offset{from},
                                              .to = Offset{to},
                                              .reason = std::move(reason)});
    }
    void open_log(int broker, int end, int high_watermark = 0, int start = 0) {
        by_broker(broker, model::LogOpened{.broker = BrokerId{broker},
                                           .partition = orders,
                                           .log_start_offset = Offset{start},
                                           .log_end_offset = Offset{end},
                                           .high_watermark = Offset{high_watermark}});
    }
    void lead(int broker, int epoch, int end, int high_watermark = 0) {
        by_broker(broker, model::RoleTaken{.broker = BrokerId{broker},
                                           .partition = orders,
                                           .role = model::ReplicaRole::leader,
                                           .leader_epoch = LeaderEpoch{epoch},
                                           .leader = BrokerId{broker},
                                           .log_end_offset = Offset{end},
                                           .high_watermark = Offset{high_watermark}});
    }
    void follow(int broker, int leader, int epoch, int end) {
        by_broker(broker, model::RoleTaken{.broker = BrokerId{broker},
                                           .partition = orders,
                                           .role = model::ReplicaRole::follower,
                                           .leader_epoch = LeaderEpoch{epoch},
                                           .leader = BrokerId{leader},
                                           .log_end_offset = Offset{end},
                                           .high_watermark = Offset{0}});
    }
    void raise(int broker, int epoch, int from, int to, const std::vector<int>& isr) {
        by_broker(broker, model::HighWatermarkAdvanced{.broker = BrokerId{broker},
                                                       .partition = orders,
                                                       .role = model::ReplicaRole::leader,
                                                       .leader_epoch = LeaderEpoch{epoch},
                                                       .from = Offset{from},
                                                       .to = Offset{to},
                                                       .maximal_isr = brokers(isr)});
    }
    void move_log_start(int broker, int to, std::string reason = "retention") {
        by_broker(broker, model::LogStartAdvanced{.broker = BrokerId{broker},
                                                  .partition = orders,
                                                  .to = Offset{to},
                                                  .reason = std::move(reason)});
    }

    // ---- the audit ----
    void audit_batch(int broker, int base, int epoch, std::uint32_t crc,
                     const std::vector<int>& records, bool crc_matches = true) {
        model::AuditedBatch batch{
            .broker = BrokerId{broker},
            .partition = orders,
            .base_offset = Offset{base},
            .last_offset = Offset{base + static_cast<int>(records.size()) - 1},
            .leader_epoch = LeaderEpoch{epoch},
            .crc = crc,
            .crc_matches = crc_matches};
        for (const int record : records) batch.records.push_back(record_id(record));
        by_harness(batch);
    }
    void audit_log(int broker, std::uint64_t batches, bool running = true,
                   std::uint64_t trailing_bytes = 0) {
        by_harness(model::AuditedLog{.broker = BrokerId{broker},
                                     .partition = orders,
                                     .batches = batches,
                                     .trailing_bytes = trailing_bytes,
                                     .running = running});
    }

    // ---- producers ----
    static RecordId record_id(int record) { return RecordId{static_cast<std::uint64_t>(record)}; }
    void configure_producer(const std::string& client, int acks, bool idempotent,
                            int max_in_flight = 5) {
        by_client(client, model::ProducerConfigured{.client_id = client,
                                                    .acks = static_cast<std::int16_t>(acks),
                                                    .enable_idempotence = idempotent,
                                                    .max_in_flight = max_in_flight});
    }
    OperationId invoke(const std::string& client, int record) {
        const OperationId operation{next_operation_++};
        by_client(client, model::SendInvoked{.operation = operation,
                                             .client_id = client,
                                             .topic = orders.topic,
                                             .record = record_id(record)});
        owners_[operation] = client;
        return operation;
    }
    void complete(OperationId operation, int offset, std::uint32_t attempts = 1) {
        by_client(owners_.at(operation), model::SendCompleted{.operation = operation,
                                                              .outcome = Outcome::ok,
                                                              .partition = orders,
                                                              .offset = Offset{offset},
                                                              .attempts = attempts});
    }
    void complete_unknown(OperationId operation) {
        by_client(owners_.at(operation), model::SendCompleted{.operation = operation,
                                                              .outcome = Outcome::unknown,
                                                              .partition = orders,
                                                              .error = "timed_out",
                                                              .attempts = 1});
    }
    void retry(const std::string& client) {
        by_client(
            client,
            model::ProduceRetried{
                .client_id = client, .partition = orders, .records = 1, .error = "timed_out"});
    }
    void send(const std::string& client, int record, int offset, std::uint32_t attempts = 1) {
        complete(invoke(client, record), offset, attempts);
    }

    // ---- consumers ----
    // Records stand at consecutive offsets from `position` on.
    sim::EventSequence poll(const std::string& client, const std::string& group, int position,
                            const std::vector<int>& records, int generation = -1) {
        std::vector<model::PolledRecord> polled;
        for (int offset = position; const int record : records) {
            polled.push_back({.offset = Offset{offset++}, .record = record_id(record), .key = {}});
        }
        return poll_pairs(client, group, position, position + static_cast<int>(records.size()),
                          std::move(polled), generation);
    }
    sim::EventSequence poll_pairs(const std::string& client, const std::string& group, int position,
                                  int next_position, std::vector<model::PolledRecord> records,
                                  int generation = -1) {
        return by_client(client, model::RecordsPolled{.client_id = client,
                                                      .group = group,
                                                      .member_id = client,
                                                      .generation = GenerationId{generation},
                                                      .partition = orders,
                                                      .position = Offset{position},
                                                      .next_position = Offset{next_position},
                                                      .records = std::move(records)});
    }
    void set_position(const std::string& client, const std::string& group, int offset,
                      model::PositionReason reason,
                      model::ResetCause cause = model::ResetCause::none) {
        by_client(client, model::PositionSet{.client_id = client,
                                             .group = group,
                                             .partition = orders,
                                             .offset = Offset{offset},
                                             .reason = reason,
                                             .cause = cause});
    }
    void assign(const std::string& client, const std::string& group, int generation,
                model::AssignmentChange change = model::AssignmentChange::assigned,
                const TopicPartition& partition = orders) {
        by_client(client, model::AssignmentChanged{.client_id = client,
                                                   .group = group,
                                                   .member_id = client,
                                                   .generation = GenerationId{generation},
                                                   .change = change,
                                                   .partitions = {partition}});
    }
    OperationId invoke_commit(const std::string& client, const std::string& group, int generation,
                              int offset) {
        const OperationId operation{next_operation_++};
        owners_[operation] = client;
        by_client(client, model::CommitInvoked{
                              .operation = operation,
                              .client_id = client,
                              .group = group,
                              .member_id = client,
                              .generation = GenerationId{generation},
                              .offsets = {{.partition = orders, .offset = Offset{offset}}}});
        return operation;
    }
    void complete_commit(OperationId operation, Outcome outcome = Outcome::ok) {
        by_client(owners_.at(operation),
                  model::CommitCompleted{.operation = operation, .outcome = outcome});
    }
    void take_effect(const std::string& client, const std::string& group, int generation,
                     int offset) {
        by_broker(1, model::OffsetCommitted{.group = group,
                                            .member_id = client,
                                            .generation = GenerationId{generation},
                                            .partition = orders,
                                            .offset = Offset{offset}});
    }
    void commit(const std::string& client, const std::string& group, int generation, int offset) {
        const OperationId operation = invoke_commit(client, group, generation, offset);
        take_effect(client, group, generation, offset);
        complete_commit(operation);
    }
    void tell_group(const std::string& group, std::string state, int generation,
                    std::uint32_t members) {
        by_broker(1, model::GroupStateChanged{.group = group,
                                              .from = "",
                                              .to = std::move(state),
                                              .generation = GenerationId{generation},
                                              .members = members});
    }

    // ---- the judgement ----
    CheckerReport judged_by(std::string_view checker,
                            Contract contract = Contract::configured) const {
        CheckerSet judge(contract, checker);
        trace_->replay([&](const sim::Event& event) { judge.observe(event); });
        return judge.finish().front();
    }
    const sim::Trace& trace() const { return *trace_; }

  private:
    sim::Incarnation incarnation(sim::NodeId node) {
        return node == sim::harness_node ? sim::Incarnation{0}
                                         : sim::Incarnation{std::max(1u, incarnations_[node])};
    }

    std::unique_ptr<sim::Trace> trace_;
    Time now_;
    Duration step_ = 1ms;
    std::map<sim::NodeId, std::uint32_t> incarnations_;
    std::map<std::string, sim::NodeId> clients_;
    std::map<OperationId, std::string> owners_;
    std::uint64_t next_operation_ = 1;
    std::int32_t partition_epoch_ = 0;
};

// "pass", or "fail: lost-write lost-write", or "pass, allowed: duplicate (application sent twice)".
inline std::string summary(const CheckerReport& report) {
    std::string text(to_string(report.verdict));
    bool has_objection = false;
    bool has_allowed = false;
    for (const Anomaly& anomaly : report.anomalies) {
        if (anomaly.allowed) continue;
        text += has_objection ? " " : ": ";
        has_objection = true;
        text += anomaly.type;
    }
    for (const Anomaly& anomaly : report.anomalies) {
        if (!anomaly.allowed) continue;
        text += has_allowed ? " " : ", allowed: ";
        has_allowed = true;
        text += anomaly.type + " (" + anomaly.cause + ")";
    }
    return text;
}

}  // namespace squall::checkers
