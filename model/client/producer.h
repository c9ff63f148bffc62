// Producer: sends records to partitions, in plain blocking style.
//
// send() chooses the partition, puts the record into a batch and returns; a task in the background
// sends batches to their leaders, with up to max.in.flight.requests.per.connection requests to each
// broker, retries what may be retried, and completes every record exactly once, within
// delivery.timeout.ms. The decisions are the pure Sender's and RecordAccumulator's; here are the
// tasks, the channels and the trace.
//
// With idempotence (the default) retries neither duplicate nor reorder; without it, a retry after
// an unknown answer can write a record twice, and with more than one request in flight it can
// overtake.
//
// Lives until the process of its node is destroyed, as its channels do: make it a member of the
// node's Process, not a local of a task. When the node stops, calls that wait end with NodeCrashed,
// and operations that have not completed stay open in the trace.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "model/client/cluster_host.h"
#include "model/client/partitioner.h"
#include "model/client/producer/producer_options.h"
#include "model/client/producer/sender.h"
#include "model/client/producer_transaction_host.h"
#include "model/events/client_events.h"
#include "model/rpc/endpoint.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

struct ProducerRecord {
    std::string topic;
    std::optional<std::int32_t> partition;  // nullopt: by key, else sticky
    std::optional<Bytes> key;
    std::optional<Bytes> value;
    std::vector<RecordHeader> headers;
    std::optional<TimestampMs> timestamp;  // nullopt: the node's wall clock
};

// The identity of its content, as the log will hold it.
RecordId record_id(const ProducerRecord& record);

// What became of one record.
struct SendResult {
    Outcome outcome = Outcome::unknown;
    TopicPartition partition;    // partition -1 where none was chosen
    Offset offset = no_offset;   // no_offset where the broker did not tell (acks=0, failures)
    std::string error;           // "" for ok
    std::uint32_t attempts = 0;  // produce requests that carried it

    bool ok() const { return outcome == Outcome::ok; }
};

// Runs on the producer's task, or inside send() where that fails at once: must not park.
using SendCallback = std::function<void(const SendResult&)>;

class Producer {
  public:
    // `bootstrap`: names of broker nodes. Spawns its tasks; the constructor may run in a Process's.
    // `bugs` may be null, and outlives the producer. Requires: options.problem() is nullopt; no
    // other client of this node has the same client.id.
    Producer(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
             ProducerOptions options, const BugSet* bugs = nullptr);
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    // Emits SendInvoked, and SendCompleted when the record's fate is decided. May park up to
    // max.block.ms for metadata and for buffer.memory; if that is not enough, or the record is too
    // large, the send has failed when it returns, and its transaction can only be aborted.
    // Requires: not closed.
    OperationId send(ProducerRecord record, SendCallback callback = {});
    // The same, and waits for the outcome: at most max.block.ms + delivery.timeout.ms. May park.
    SendResult send_and_wait(ProducerRecord record);
    // ---- transactions (requires: a transactional.id) ----
    //
    // Records sent, and offsets given, between begin and commit take effect together or not at all.
    // A call at the wrong time fails and changes nothing. After `must_abort` the transaction can
    // only be aborted, after `is_fatal` the producer can only be closed. A commit whose outcome is
    // unknown may be called again; nothing else may then. Once it is unknown it is ok or unknown,
    // never failed: what an attempt without an answer did, no later refusal undoes. All may park,
    // up to max.block.ms each.

    // Fences earlier producers of the id, and waits until what they left open is over.
    TransactionResult init_transactions();
    TransactionResult begin_transaction();
    // Offsets of a group, to be committed with the transaction.
    TransactionResult send_offsets_to_transaction(const std::map<TopicPartition, Offset>& offsets,
                                                  const ConsumerGroupMetadata& group);
    // Waits for everything sent, and for the coordinator's decision.
    TransactionResult commit_transaction();
    // What was not sent yet fails.
    TransactionResult abort_transaction();
    // Of the transactional producer; uninitialized for others.
    TransactionPhase transaction_phase() const {
        return transactions_ ? transactions_->state().phase() : TransactionPhase::uninitialized;
    }

    // Sends now what waits for linger.ms; returns when everything sent before has completed. May
    // park.
    void flush();
    // Waits up to `timeout` for what was sent, gives up the rest, and stops. A transaction that is
    // open is aborted, and one that is ending is brought to its end, as far as the time allows.
    // May park.
    void close(Duration timeout = forever);

    const ProducerOptions& options() const { return options_; }
    // Sends that have not completed.
    std::size_t pending() const { return pending_.size(); }

  private:
    struct Pending {
        OperationId operation;
        SendCallback callback;
    };
    // What the background task is woken for: work to look at, or the end of an attempt.
    struct Wake {};
    struct Ended {
        AttemptId attempt;
        Result<ProduceResponse> end;
    };
    using News = std::variant<Wake, Ended>;

    void run();
    void wake();
    void perform(Sender::Step step);
    void connect(BrokerId broker);
    void transmit(ProduceAttempt attempt);
    // Gets a producer id for idempotence alone, in a task of its own.
    void ask_identity();
    void emit_identity(const ProducerIdentity& identity, std::string_view reason);
    void take(Ended ended);
    void complete(const CompletedSend& completed);
    // Nullopt, or why a transaction does not allow this now.
    std::optional<TransactionResult> refuse(TransactionCommand command) const;
    // The same for a send that has waited: its transaction may have ended meanwhile.
    std::optional<TransactionResult> refuse_outlived(OperationId transaction) const;
    // A record of the transaction will not be written.
    void miss(const std::string& error);
    TransactionResult end_transaction(bool commit, LocalTime deadline);
    // The transaction must not stay behind a producer that goes in good order.
    void end_what_is_open(LocalTime deadline);
    LocalTime max_block_from_now() const { return node_.now() + Duration(options_.max_block); }
    void fail(OperationId operation, const TopicPartition& partition, std::string error,
              const SendCallback& callback);
    // The partition, or why there is none. May park.
    Result<std::int32_t> choose_partition(const ProducerRecord& record, LocalTime deadline);
    // Nullopt, or why not. May park.
    std::optional<std::string> append(const TopicPartition& partition, const RecordToSend& record,
                                      bool is_sticky, LocalTime deadline);
    // False: the deadline passed, and something is still on its way. May park.
    bool flush_until(LocalTime deadline);
    // Parks until every send up to `last` has completed; false at the deadline. May park.
    bool await_completed(SendId last, LocalTime deadline);

    sim::Node& node_;
    ProducerOptions options_;
    ClusterHost cluster_;
    Sender sender_;
    std::unique_ptr<ProducerTransactionHost> transactions_;  // null without a transactional.id
    sim::Mailbox<News> news_;
    std::set<BrokerId> connecting_;
    bool is_woken_ = false;        // a Wake is in the mailbox
    WaitList memory_waiters_;      // sends that wait for buffer.memory
    WaitList completion_waiters_;  // flushes, closes
    std::map<SendId, Pending> pending_;
    std::map<std::string, StickyPartitioner> sticky_;
    std::uint64_t next_send_ = 1;
    bool is_asking_identity_ = false;
    bool is_ending_ = false;  // a commit or an abort is under way
    bool is_closing_ = false;
    bool is_closed_ = false;
};

}  // namespace squall::model
