// Transactions: writes histories with transactions by hand, over two partitions that broker 1 leads
// and a group whose offsets broker 1 keeps.
//
// Offsets are counted by the history: records and markers go to the end of their partition. By
// version 2 of transactions, as is the default, the end of a transaction raises its epoch.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/events/transaction_events.h"
#include "tests/checkers/history.h"

namespace squall::checkers {

using model::ProducerEpoch;
using model::ProducerId;
using model::SequenceNumber;

inline const TopicPartition refunds{.topic = "refunds", .partition = 0};
inline const TopicPartition offsets_log{.topic = model::offsets_topic, .partition = 0};
inline const TopicPartition transaction_log{.topic = model::transaction_topic, .partition = 0};

class Transactions : public History {
  public:
    struct Producer {
        std::string client;
        std::string transactional_id;
        int producer_id = 7;
        int producer_epoch = 0;
        int version = 2;
    };

    Transactions() {
        start_brokers();
        change(1, 0, {1, 2, 3});
        for (const TopicPartition& partition : {orders, refunds}) {
            by_broker(1, model::RoleTaken{.broker = BrokerId{1},
                                          .partition = partition,
                                          .role = model::ReplicaRole::leader,
                                          .leader_epoch = LeaderEpoch{0},
                                          .leader = BrokerId{1},
                                          .log_end_offset = Offset{0},
                                          .high_watermark = Offset{0}});
        }
    }

    // ---- producers ----
    Producer start_producer(const std::string& client, int producer_id = 7, int producer_epoch = 0,
                            int version = 2) {
        by_client(client, model::ProducerConfigured{.client_id = client,
                                                    .acks = -1,
                                                    .enable_idempotence = true,
                                                    .transactional_id = "shop",
                                                    .transaction_timeout = 5s});
        by_client(client,
                  model::ProducerIdentified{
                      .client_id = client,
                      .transactional_id = "shop",
                      .producer_id = ProducerId{producer_id},
                      .producer_epoch = ProducerEpoch{static_cast<std::int16_t>(producer_epoch)},
                      .reason = "init_producer_id"});
        return {.client = client,
                .transactional_id = "shop",
                .producer_id = producer_id,
                .producer_epoch = producer_epoch,
                .version = version};
    }
    OperationId begin(const Producer& producer) {
        const OperationId transaction{next_++};
        by_client(producer.client,
                  model::TransactionBegan{
                      .transaction = transaction,
                      .client_id = producer.client,
                      .transactional_id = producer.transactional_id,
                      .producer_id = ProducerId{producer.producer_id},
                      .producer_epoch = epoch_of(producer),
                      .transaction_version = static_cast<std::int16_t>(producer.version)});
        return transaction;
    }
    OperationId send_invoked(const Producer& producer, OperationId transaction,
                             const TopicPartition& partition, int record) {
        const OperationId operation{next_++};
        by_client(producer.client, model::SendInvoked{.operation = operation,
                                                      .client_id = producer.client,
                                                      .topic = partition.topic,
                                                      .record = record_id(record),
                                                      .transaction = transaction});
        return operation;
    }
    void send_completed(const Producer& producer, OperationId operation,
                        const TopicPartition& partition, int offset,
                        Outcome outcome = Outcome::ok) {
        by_client(producer.client, model::SendCompleted{.operation = operation,
                                                        .outcome = outcome,
                                                        .partition = partition,
                                                        .offset = Offset{offset},
                                                        .attempts = 1});
    }
    // Sent, appended and acknowledged; returns its offset.
    int publish(const Producer& producer, OperationId transaction, const TopicPartition& partition,
                int record) {
        const OperationId send = send_invoked(producer, transaction, partition, record);
        const int offset = append_numbered(producer, partition, {record});
        send_completed(producer, send, partition, offset);
        return offset;
    }
    OperationId end_invoked(const Producer& producer, OperationId transaction, bool commit) {
        const OperationId operation{next_++};
        by_client(producer.client, model::TransactionEndInvoked{.operation = operation,
                                                                .transaction = transaction,
                                                                .client_id = producer.client,
                                                                .commit = commit});
        return operation;
    }
    void end_completed(const Producer& producer, OperationId operation, OperationId transaction,
                       bool commit, Outcome outcome = Outcome::ok) {
        by_client(producer.client, model::TransactionEndCompleted{.operation = operation,
                                                                  .transaction = transaction,
                                                                  .commit = commit,
                                                                  .outcome = outcome});
    }
    // Asked for and answered; the markers are the test's.
    void end(const Producer& producer, OperationId transaction, bool commit,
             Outcome outcome = Outcome::ok) {
        const OperationId operation = end_invoked(producer, transaction, commit);
        end_completed(producer, operation, transaction, commit, outcome);
    }
    // The identity that goes on after an end.
    static Producer next(Producer producer) {
        if (producer.version >= 2) ++producer.producer_epoch;
        return producer;
    }

    // ---- logs ----
    // Returns the first offset.
    int append_numbered(const Producer& producer, const TopicPartition& partition,
                        const std::vector<int>& records, int sequence = -1,
                        bool is_transactional = true) {
        const int base = ends_[partition];
        int& next_sequence = sequences_[{partition, producer.producer_id, producer.producer_epoch}];
        if (sequence >= 0) next_sequence = sequence;
        model::BatchAppended batch{
            .broker = BrokerId{1},
            .partition = partition,
            .role = model::ReplicaRole::leader,
            .base_offset = Offset{base},
            .last_offset = Offset{base + static_cast<int>(records.size()) - 1},
            .leader_epoch = LeaderEpoch{leader_epoch_},
            .producer_id = ProducerId{producer.producer_id},
            .producer_epoch = epoch_of(producer),
            .base_sequence = SequenceNumber{next_sequence},
            .is_transactional = is_transactional};
        for (const int record : records) batch.records.push_back(record_id(record));
        // The numbers of producers wrap.
        next_sequence = static_cast<int>((std::int64_t{next_sequence} + std::ssize(records)) %
                                         (std::int64_t{std::numeric_limits<int>::max()} + 1));
        ends_[partition] += static_cast<int>(records.size());
        by_broker(1, batch);
        return base;
    }
    // The end of a transaction of `producer`, whose epoch its records carry; returns its offset.
    int mark(const Producer& producer, const TopicPartition& partition, bool commit,
             int coordinator_epoch = 0) {
        const int offset = ends_[partition]++;
        const Producer marked = next(producer);
        by_broker(1, model::BatchAppended{.broker = BrokerId{1},
                                          .partition = partition,
                                          .role = model::ReplicaRole::leader,
                                          .base_offset = Offset{offset},
                                          .last_offset = Offset{offset},
                                          .leader_epoch = LeaderEpoch{leader_epoch_},
                                          .producer_id = ProducerId{producer.producer_id},
                                          .producer_epoch = epoch_of(marked),
                                          .is_control = true,
                                          .is_transactional = true});
        by_broker(1, model::MarkerAppended{.broker = BrokerId{1},
                                           .partition = partition,
                                           .offset = Offset{offset},
                                           .leader_epoch = LeaderEpoch{leader_epoch_},
                                           .producer_id = ProducerId{producer.producer_id},
                                           .producer_epoch = epoch_of(marked),
                                           .coordinator_epoch = coordinator_epoch,
                                           .commit = commit});
        return offset;
    }
    // Broker 1 loses what lies at `to` and behind it.
    void cut_back(const TopicPartition& partition, int to) {
        by_broker(1, model::LogTruncated{.broker = BrokerId{1},
                                         .partition = partition,
                                         .from = Offset{ends_[partition]},
                                         .to = Offset{to},
                                         .reason = "divergence"});
        ends_[partition] = to;
        ++leader_epoch_;  // what is written from here on is not what was
    }
    void move_stable(const TopicPartition& partition, int from, int to, int high_watermark) {
        by_broker(1, model::LastStableOffsetMoved{.broker = BrokerId{1},
                                                  .partition = partition,
                                                  .leader_epoch = LeaderEpoch{0},
                                                  .from = Offset{from},
                                                  .to = Offset{to},
                                                  .high_watermark = Offset{high_watermark}});
    }
    void serve(const TopicPartition& partition, int from, int upto, int high_watermark,
               int stable) {
        by_broker(1, model::FetchServed{.broker = BrokerId{1},
                                        .partition = partition,
                                        .leader_epoch = LeaderEpoch{0},
                                        .from = Offset{from},
                                        .upto = Offset{upto},
                                        .high_watermark = Offset{high_watermark},
                                        .last_stable_offset = Offset{stable},
                                        .read_committed = true});
    }
    int end_of(const TopicPartition& partition) { return ends_[partition]; }

    // ---- groups ----
    void start_consumer(const std::string& client, const std::string& group,
                        bool read_committed = true) {
        by_client(client, model::ConsumerConfigured{.client_id = client,
                                                    .group = group,
                                                    .read_committed = read_committed,
                                                    .auto_offset_reset = "earliest"});
    }
    OperationId send_offset(const Producer& producer, OperationId transaction, int offset,
                            int generation = 1) {
        const OperationId operation{next_++};
        by_client(producer.client,
                  model::TransactionOffsetsInvoked{
                      .operation = operation,
                      .transaction = transaction,
                      .client_id = producer.client,
                      .group = "g",
                      .member_id = producer.client,
                      .generation = GenerationId{generation},
                      .offsets = {{.partition = orders, .offset = Offset{offset}}}});
        store_offset(producer, offset, generation);
        by_client(producer.client, model::TransactionOffsetsCompleted{.operation = operation,
                                                                      .outcome = Outcome::ok});
        return operation;
    }
    void store_offset(const Producer& producer, int offset, int generation = 1,
                      const TopicPartition& partition = orders) {
        by_broker(1, model::PendingOffsetStored{.group = "g",
                                                .member_id = producer.client,
                                                .generation = GenerationId{generation},
                                                .producer_id = ProducerId{producer.producer_id},
                                                .producer_epoch = epoch_of(producer),
                                                .partition = partition,
                                                .offset = Offset{offset}});
    }
    // In the log of the coordinator, too, which broker 1 leads.
    void write_offset(const Producer& producer, int offset) {
        if (!ends_.contains(offsets_log)) {
            by_broker(1, model::RoleTaken{.broker = BrokerId{1},
                                          .partition = offsets_log,
                                          .role = model::ReplicaRole::leader,
                                          .leader_epoch = LeaderEpoch{0},
                                          .leader = BrokerId{1}});
        }
        append_numbered(producer, offsets_log, {offset});
    }
    // A coordinator that takes over finds what there is.
    void load_offsets() {
        by_broker(1, model::HighWatermarkAdvanced{.broker = BrokerId{1},
                                                  .partition = offsets_log,
                                                  .role = model::ReplicaRole::leader,
                                                  .leader_epoch = LeaderEpoch{0},
                                                  .from = Offset{0},
                                                  .to = Offset{ends_[offsets_log]}});
        by_broker(1, model::CoordinatorChanged{.broker = BrokerId{1},
                                               .partition = offsets_log,
                                               .leader_epoch = LeaderEpoch{0},
                                               .active = true});
    }
    void resolve(const Producer& producer, int offset, bool commit) {
        by_broker(1, model::PendingOffsetsResolved{
                         .broker = BrokerId{1},
                         .group = "g",
                         .producer_id = ProducerId{producer.producer_id},
                         .commit = commit,
                         .offsets = {{.partition = orders, .offset = Offset{offset}}}});
    }

    // ---- coordinators ----
    void write_log(int offset, int epoch = 0, int broker = 1) {
        by_broker(broker, model::BatchAppended{.broker = BrokerId{broker},
                                               .partition = transaction_log,
                                               .role = model::ReplicaRole::leader,
                                               .base_offset = Offset{offset},
                                               .last_offset = Offset{offset},
                                               .leader_epoch = LeaderEpoch{epoch}});
        by_broker(broker, model::HighWatermarkAdvanced{.broker = BrokerId{broker},
                                                       .partition = transaction_log,
                                                       .role = model::ReplicaRole::leader,
                                                       .leader_epoch = LeaderEpoch{epoch},
                                                       .from = Offset{offset},
                                                       .to = Offset{offset + 1}});
    }
    static model::TransactionStateChanged step(std::string from, std::string to, int producer_epoch,
                                               int log_offset,
                                               std::vector<TopicPartition> partitions = {}) {
        return {.broker = BrokerId{1},
                .coordinator_epoch = 0,
                .log = transaction_log,
                .log_offset = Offset{log_offset},
                .transactional_id = "shop",
                .from = std::move(from),
                .to = std::move(to),
                .producer_id = ProducerId{7},
                .producer_epoch = ProducerEpoch{static_cast<std::int16_t>(producer_epoch)},
                .partitions = std::move(partitions),
                .reason = "test"};
    }
    // Its record is written and committed first.
    void take_step(const model::TransactionStateChanged& step) {
        write_log(static_cast<int>(step.log_offset.value()));
        by_broker(1, step);
    }

  private:
    static ProducerEpoch epoch_of(const Producer& producer) {
        return ProducerEpoch{static_cast<std::int16_t>(producer.producer_epoch)};
    }

    struct Numbers {
        TopicPartition partition;
        int producer_id;
        int producer_epoch;
        auto operator<=>(const Numbers&) const = default;
    };
    std::map<TopicPartition, int> ends_;
    int leader_epoch_ = 0;
    std::map<Numbers, int> sequences_;
    std::uint64_t next_ = 1000;
};

// What a checker says of a history of which the n-th event of kind T (from 0) was changed.
template <class T, class Change>
CheckerReport judged_after(const History& history, std::string_view checker, std::size_t n,
                           const Change& change) {
    CheckerSet judge(Contract::configured, checker);
    std::size_t met = 0;
    history.trace().replay([&](const sim::Event& event) {
        const T* payload = event.as<T>();
        if (payload == nullptr || met++ != n) {
            judge.observe(event);
            return;
        }
        T changed = *payload;
        change(changed);
        sim::Event other = event;
        other.payload = &changed;
        judge.observe(other);
    });
    return judge.finish().front();
}

// The same with that event left out.
template <class T>
CheckerReport judged_without(const History& history, std::string_view checker, std::size_t n) {
    CheckerSet judge(Contract::configured, checker);
    std::size_t met = 0;
    history.trace().replay([&](const sim::Event& event) {
        if (event.as<T>() == nullptr || met++ != n) judge.observe(event);
    });
    return judge.finish().front();
}

template <class T>
std::size_t count_of(const History& history) {
    return static_cast<std::size_t>(history.trace().count_of(T::event_name));
}

}  // namespace squall::checkers
