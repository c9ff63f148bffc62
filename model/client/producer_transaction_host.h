// ProducerTransactionHost: the requests of a transactional producer to its coordinators, in plain
// blocking style: initTransactions, EndTxn, offsets of groups, and (transaction.version 1) the
// partitions that become part of a transaction before anything is sent to them.
//
// By which version a producer goes it learns from the brokers' finalized features, each time that a
// connection is made, and follows where that changes nothing under way: as it is initialised, and
// at the end of a transaction; going up to version 2 then takes a new epoch (KIP-890). The versions
// of its requests tell the brokers.
//
// Every call asks again, whoever coordinates now, until max.block.ms has passed. What then becomes
// of a commit is unknown: it may be called again. A request that timed out may be executed later:
// under version 1 an EndTxn can end the next transaction of its producer (KAFKA-17754).
//
// Part of Producer, which owns the sends; the state is ProducerTransaction's.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/client/cluster_host.h"
#include "model/client/producer/producer_options.h"
#include "model/client/producer/sender.h"
#include "model/client/producer/transaction_state.h"
#include "model/client/wait_host.h"
#include "model/events/client_events.h"
#include "model/protocol/messages/find_coordinator.h"
#include "sim/kernel/node.h"

namespace squall::model {

// What became of one step of a transaction.
struct TransactionResult {
    Outcome outcome = Outcome::unknown;
    std::string error;        // "" for ok
    bool must_abort = false;  // the transaction can only be aborted
    bool is_fatal = false;    // the producer can only be closed

    bool ok() const { return outcome == Outcome::ok; }
};

// Who consumed what is being committed (KIP-447).
struct ConsumerGroupMetadata {
    std::string group_id;
    GenerationId generation = no_generation;
    std::string member_id;
    std::optional<std::string> group_instance_id;
};

class ProducerTransactionHost {
  public:
    struct Hooks {
        std::function<void()> wake;  // the sender has something to look at
        std::function<void(const ProducerIdentity&, std::string_view reason)> identified;
    };
    ProducerTransactionHost(sim::Node& node, const ProducerOptions& options, ClusterHost& cluster,
                            Sender& sender, Hooks hooks);
    ProducerTransactionHost(const ProducerTransactionHost&) = delete;
    ProducerTransactionHost& operator=(const ProducerTransactionHost&) = delete;

    ProducerTransaction& state() { return state_; }
    const ProducerTransaction& state() const { return state_; }

    void begin(OperationId transaction);
    // The transaction that is open; zero: none.
    OperationId transaction() const { return transaction_; }

    // All of these may park, up to max.block.ms.
    TransactionResult init();
    TransactionResult send_offsets(const std::map<TopicPartition, Offset>& offsets,
                                   const ConsumerGroupMetadata& group);
    // Parks up to `deadline`. Requires: committing or aborting, and nothing is in flight. May be
    // called again while its outcome is unknown. Once the coordinator has confirmed the end it is
    // ok, whatever becomes of the identity for the next transaction: settle_identity().
    TransactionResult end(bool commit, LocalTime deadline);
    // The producer id and epoch that the end before could not get; nullopt: they are there, and a
    // transaction may begin.
    std::optional<TransactionResult> settle_identity(LocalTime deadline);
    // What to tell of an end that cannot succeed any more: `unknown` where an attempt of it may
    // have been carried out.
    Outcome outcome_of_failure(bool commit) const {
        const bool may_stand = end_.commit == commit && end_.may_have_happened;
        return may_stand ? Outcome::unknown : Outcome::failed;
    }

    // The newest version of Produce that says no more than the producer means: since the first of
    // transaction.version 2 leaders add their partitions to the transaction.
    std::int16_t newest_produce() const;
    // The application sends to this partition. Does not park.
    void note_send(const TopicPartition& partition);
    // A batch was given up.
    void note_failure(ErrorCode code, const std::string& error);
    void abortable(const std::string& error);
    void fatal(const std::string& error);

  private:
    // How far the end of the transaction has come, over all calls that asked for it.
    struct End {
        bool commit = false;
        bool may_have_happened = false;  // an attempt of EndTxn had no answer
        bool is_answered = false;        // EndTxn must not be sent again
        bool stands = false;             // nothing is missing but an identity for what follows
    };

    // The end of a request, after all its retries.
    template <class Response>
    struct Ended {
        AnswerMeaning meaning = AnswerMeaning::retry;  // retry: time ran out
        // Some attempt may have been carried out without our hearing of it.
        bool is_indefinite = false;
        std::string error;
        Response response{};
    };
    // `max_version`: of the request, by the version that the producer speaks.
    template <class Request, class ErrorOf, class MeaningOf>
    Ended<typename Request::Response> ask(CoordinatorType type, const std::string& key,
                                          const Request& request, LocalTime deadline,
                                          ErrorOf error_of, MeaningOf meaning_of,
                                          std::int16_t max_version = Request::versions.max);
    std::int16_t newest_before(std::int16_t first_of_version_2, std::int16_t newest) const {
        return state_.is_version_2() ? newest : static_cast<std::int16_t>(first_of_version_2 - 1);
    }
    // What the brokers have finalized since. True: from now on the producer speaks version 2, and
    // did not before. Requires: no transaction is open.
    bool learn_version();
    // Null: not found yet. May park.
    Channel* coordinator(CoordinatorType type, const std::string& key);
    void add_partitions();
    std::optional<TransactionResult> renew_identity(LocalTime deadline);
    std::optional<TransactionResult> ask_end(bool commit, LocalTime deadline);
    TransactionResult give_up(AnswerMeaning meaning, const std::string& error, bool is_indefinite);
    const ProducerIdentity& identity() const { return sender_.numbering()->identity(); }
    void back_off(std::uint32_t failures, LocalTime deadline);

    sim::Node& node_;
    const ProducerOptions& options_;
    ClusterHost& cluster_;
    Sender& sender_;
    Hooks hooks_;
    ProducerTransaction state_;
    OperationId transaction_;
    End end_;
    bool needs_identity_ = false;  // before the next transaction
    std::map<std::pair<CoordinatorType, std::string>, Channel*> coordinators_;
    bool is_adding_ = false;
    WaitList addition_waiters_;
    std::int64_t features_epoch_ = -1;  // of the features that the version is from
};

}  // namespace squall::model
