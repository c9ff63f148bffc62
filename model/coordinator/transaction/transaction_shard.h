// TransactionShard: everything a broker knows about the transactional ids of one partition of
// __transaction_state, as one copyable value: the unit of loading, of failing over, and of being
// wrong together.
//
// Two halves, as GroupShard's. What is *stored* is the fold of the committed records alone:
// apply(TransactionRecord). What is *live* (a transition on its way to the log, markers not yet
// written) exists only on the coordinator: apply(TransactionChange). Handling is const.
//
// Of one id at most one record is on its way to the log; who asks meanwhile is told
// CONCURRENT_TRANSACTIONS. A producer is told that its transaction is committed when the decision
// is in the log, before the first marker: from there on nothing else can become of it, whoever
// coordinates.
//
// Source: org.apache.kafka.coordinator.transaction.TransactionStateManager.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/coordinator/transaction/transaction_decision.h"
#include "model/coordinator/transaction/transaction_protocol.h"

namespace squall::model {

class TransactionShard {
  public:
    // `bugs` may be null, and outlives this.
    explicit TransactionShard(TransactionOptions options, const BugSet* bugs = nullptr)
        : options_(options), protocol_(options, bugs) {}

    // ---- what mutates ----

    void apply(const TransactionRecord& record);
    void apply(const TransactionChange& change);
    // The log has been read to its end. The decision, once applied, goes on with what was decided
    // and not finished. Requires: no change was applied yet.
    TransactionDecision activate() const;

    // ---- what decides ----

    TransactionDecision handle(const InitProducerIdRequest& request,
                               const TransactionCall& call) const;
    TransactionDecision handle(const AddPartitions& request, const TransactionCall& call) const;
    TransactionDecision handle(const EndTxnRequest& request, const TransactionCall& call) const;
    // The fate of the record of an earlier decision: `none`, or why it is not in the log.
    TransactionDecision on_stored(const TransactionStored& stored, ErrorCode error,
                                  const Moment& at) const;
    // A marker stands, and is committed, or its partition is gone for good. Nothing where nobody
    // waits for it any more.
    TransactionDecision on_marker_written(const DueMarker& marker, const TopicPartition& partition,
                                          const Moment& at) const;
    // The last step of a transaction whose markers all stand, where it failed before. Nothing where
    // it is not due.
    TransactionDecision complete(const std::string& transactional_id, const Moment& at) const;
    // Aborts one transaction that has run out of time; nothing if there is none but those in
    // `but_not`. `fresh`: see TransactionCall.
    TransactionDecision abort_timed_out(const std::set<std::string>& but_not,
                                        const std::optional<ProducerId>& fresh,
                                        const Moment& at) const;
    // Tombstones for ids that nobody used for transactional.id.expiration.ms.
    TransactionDecision expire(const Moment& at) const;

    // ---- what can be asked ----

    // Null where there is no such id.
    const TransactionMetadata* find(const std::string& transactional_id) const;
    const std::map<std::string, TransactionMetadata>& all() const { return stored_; }
    bool is_pending(const std::string& transactional_id) const;
    // Markers that are missing of this id; nullopt: none.
    std::optional<DueMarker> due_marker(const std::string& transactional_id) const;
    bool has_same_records_as(const TransactionShard& other) const;
    void check_invariants() const;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("stored", self.stored_);
        fields("live", self.live_);
    }

  private:
    struct Live {
        std::optional<TransactionState> pending{};
        std::set<TopicPartition> unmarked{};

        bool operator==(const Live&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("pending", self.pending);
            fields("unmarked", self.unmarked);
        }
    };

    static TransactionContext context(const TransactionCall& call) {
        return {.now_ms = call.at.wall_ms, .fresh_producer_id = call.fresh_producer_id};
    }
    // One record, and what comes with it.
    static TransactionDecision store(const std::string& transactional_id,
                                     const TransactionMetadata& next, std::string reason);

    TransactionOptions options_;
    TransactionProtocol protocol_;
    std::map<std::string, TransactionMetadata> stored_;
    std::map<std::string, Live> live_;
};

}  // namespace squall::model
