#include "checkers/casebook.h"

namespace squall::checkers {

Casebook::Folds Casebook::folds_of(const sim::EventKind& kind) {
    return {.settings = TopicSettings::looks_at(kind),
            .unclean_elections = UncleanElections::looks_at(kind),
            .log_starts = LogStarts::looks_at(kind),
            .allowance = Allowance::looks_at(kind),
            .cluster = ClusterView::looks_at(kind),
            .replica_logs = ReplicaLogs::looks_at(kind),
            .numbered_logs = NumberedLogs::looks_at(kind),
            .history = SendHistory::looks_at(kind),
            .transactions = TransactionHistory::looks_at(kind),
            .audit = AuditedLogs::looks_at(kind),
            .sightings = Sightings::looks_at(kind),
            .positions = GroupPositions::looks_at(kind)};
}

// What the event did is forgotten at the next one, whether its fold looks at that or not.
void Casebook::observe(const sim::Event& event, const Folds& folds) {
    has_log_changed_ = false;
    acknowledged_ = nullptr;
    position_fault_.reset();

    if (folds.settings) settings_.observe(event);
    bool is_forbidden = false;
    if (folds.unclean_elections) {
        unclean_elections_.observe(event, settings_);
        is_forbidden = unclean_elections_.is_forbidden();
    }
    if (folds.log_starts) {
        log_starts_.observe(event, replica_logs_, settings_);
        is_forbidden = is_forbidden || log_starts_.fault().has_value();
    }
    if (folds.allowance) allowance_.observe(event, is_forbidden);
    if (folds.cluster) cluster_.observe(event);
    if (!cluster_.has_ended()) now_ = event.time;
    if (folds.replica_logs) has_log_changed_ = replica_logs_.observe(event, log_change_);
    if (folds.numbered_logs) numbered_logs_.observe(event);
    if (folds.history) acknowledged_ = history_.observe(event);
    if (folds.transactions) transactions_.observe(event);
    if (folds.audit) audit_.observe(event);
    if (folds.sightings) sightings_.observe(event, history_, acknowledged_);
    if (folds.positions) position_fault_ = positions_.observe(event, allowance_);
}

}  // namespace squall::checkers
