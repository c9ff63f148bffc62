// StatusBoard: how the cluster stands, for whoever asks over the control port: folded from the
// trace, as the checkers and faults read it; no live broker is asked. What it tells is what brokers
// have decided, which clients may not have heard of yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/protocol/types.h"
#include "sim/trace/event.h"
#include "sim/trace/trace.h"

namespace squall::gateway {

class StatusBoard {
  public:
    struct Replica {
        model::Offset log_start{0};
        model::Offset log_end{0};
        model::Offset high_watermark{0};
    };
    struct Partition {
        model::BrokerId leader = model::no_broker;
        model::LeaderEpoch leader_epoch;
        std::vector<model::BrokerId> replicas;
        std::vector<model::BrokerId> isr;
        std::map<model::BrokerId, Replica> logs;
        // Of a leader that has, or had, transactions.
        std::optional<model::Offset> last_stable_offset;

        // Of the leader, or of the replica that has most.
        Replica log() const;
        bool is_under_replicated() const { return isr.size() < replicas.size(); }
    };
    struct Group {
        std::string state;
        model::GenerationId generation = model::no_generation;
        std::uint32_t members = 0;
        std::map<model::TopicPartition, model::Offset> committed;
    };
    struct Transaction {
        std::string state;
        model::ProducerId producer_id = model::no_producer_id;
        model::ProducerEpoch producer_epoch = model::no_producer_epoch;
        std::vector<model::TopicPartition> partitions;
    };
    struct Broker {
        std::string name;
        bool is_fenced = true;
    };
    // Since the start, of all brokers.
    struct Counts {
        std::map<std::string, std::uint64_t> messages_in;  // by topic
        std::uint64_t leader_changes = 0;
        std::uint64_t unclean_elections = 0;
        std::uint64_t isr_shrinks = 0;
        std::uint64_t isr_expands = 0;
        std::uint64_t group_rebalances = 0;
    };

    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event, const sim::Trace& trace);

    const std::map<model::BrokerId, Broker>& brokers() const { return brokers_; }
    const std::map<model::TopicPartition, Partition>& partitions() const { return partitions_; }
    const std::map<std::string, Group>& groups() const { return groups_; }
    const std::map<std::string, Transaction>& transactions() const { return transactions_; }
    const Counts& counts() const { return counts_; }
    std::optional<std::string> controller() const { return controller_; }
    // How far a group is behind; nullopt: the partition is gone.
    std::optional<std::int64_t> lag(const model::TopicPartition& partition,
                                    model::Offset committed) const;

  private:
    Replica* log_of(const model::TopicPartition& partition, model::BrokerId broker);
    void observe_log(const sim::Event& event);
    void observe_coordinator(const sim::Event& event);

    std::map<model::BrokerId, Broker> brokers_;
    std::map<model::TopicPartition, Partition> partitions_;
    std::map<std::string, Group> groups_;
    std::map<std::string, Transaction> transactions_;
    std::optional<std::string> controller_;
    model::RaftEpoch controller_epoch_;
    Counts counts_;
};

}  // namespace squall::gateway
