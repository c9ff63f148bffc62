// Casebook: what more than one checker has to know of the run, kept once for all of them.
//
// Its folds take an event in before any checker sees it, so that a checker finds them as they are
// after the event, and finds what the event did to them besides: the acknowledged send, the change
// of a log. One fold waits: a numbered batch becomes part of its log once all checkers have seen it
// (`settle`), for they judge it by what stood there before. Checkers read; none of them writes. A
// fold is shown the kinds of events that it looks at, and may be shown others.
#pragma once

#include <optional>

#include "checkers/allowance.h"
#include "checkers/audited_logs.h"
#include "checkers/checker.h"
#include "checkers/cluster_view.h"
#include "checkers/group_positions.h"
#include "checkers/log_starts.h"
#include "checkers/numbered_logs.h"
#include "checkers/replica_logs.h"
#include "checkers/send_history.h"
#include "checkers/sightings.h"
#include "checkers/topic_settings.h"
#include "checkers/transaction_history.h"
#include "checkers/unclean_elections.h"

namespace squall::checkers {

class Casebook {
  public:
    explicit Casebook(Contract contract) : contract_(contract), allowance_(contract) {}
    Casebook(const Casebook&) = delete;
    Casebook& operator=(const Casebook&) = delete;

    // Which folds look at events of one kind.
    struct Folds {
        bool settings = false;
        bool unclean_elections = false;
        bool log_starts = false;
        bool allowance = false;
        bool cluster = false;
        bool replica_logs = false;
        bool numbered_logs = false;
        bool history = false;
        bool transactions = false;
        bool audit = false;
        bool sightings = false;
        bool positions = false;
    };
    static Folds folds_of(const sim::EventKind& kind);

    // Before the checkers see the event, whose kind `folds` look at.
    void observe(const sim::Event& event, const Folds& folds);
    // After they did.
    void settle() { numbered_logs_.settle(); }
    // Once, after the last event, before the checkers finish.
    void conclude() { sightings_.conclude(audit_); }

    Contract contract() const { return contract_; }
    // Of the event at hand; once the run has ended, when that was.
    Time now() const { return now_; }
    const TopicSettings& settings() const { return settings_; }
    const UncleanElections& unclean_elections() const { return unclean_elections_; }
    const LogStarts& log_starts() const { return log_starts_; }
    const Allowance& allowance() const { return allowance_; }
    const ClusterView& cluster() const { return cluster_; }
    const ReplicaLogs& replica_logs() const { return replica_logs_; }
    const NumberedLogs& numbered_logs() const { return numbered_logs_; }
    const SendHistory& history() const { return history_; }
    const TransactionHistory& transactions() const { return transactions_; }
    const AuditedLogs& audit() const { return audit_; }
    const Sightings& sightings() const { return sightings_; }

    // ---- what the event at hand did ----

    // To the log of a replica; null: nothing.
    const ReplicaLogs::Change* log_change() const {
        return has_log_changed_ ? &log_change_ : nullptr;
    }
    // The send that it acknowledges; null: none.
    const Send* acknowledged() const { return acknowledged_; }
    // What is wrong with the position of a group's member that it sets, if anything is.
    const std::optional<PositionFault>& position_fault() const { return position_fault_; }

  private:
    Contract contract_;
    Time now_;
    TopicSettings settings_;
    UncleanElections unclean_elections_;
    LogStarts log_starts_;
    Allowance allowance_;
    ClusterView cluster_;
    ReplicaLogs replica_logs_;
    NumberedLogs numbered_logs_;
    SendHistory history_;
    TransactionHistory transactions_;
    AuditedLogs audit_;
    Sightings sightings_;
    GroupPositions positions_;

    ReplicaLogs::Change log_change_;
    bool has_log_changed_ = false;
    const Send* acknowledged_ = nullptr;
    std::optional<PositionFault> position_fault_;
};

}  // namespace squall::checkers
