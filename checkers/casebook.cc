#include "checkers/casebook.h"

namespace squall::checkers {

void Casebook::observe(const sim::Event& event) {
    settings_.observe(event);
    unclean_elections_.observe(event, settings_);
    log_starts_.observe(event, replica_logs_, settings_);
    const bool is_forbidden = unclean_elections_.is_forbidden() || log_starts_.fault().has_value();
    allowance_.observe(event, is_forbidden);
    cluster_.observe(event);
    has_log_changed_ = replica_logs_.observe(event, log_change_);
    numbered_logs_.observe(event);
    acknowledged_ = history_.observe(event);
    transactions_.observe(event);
    audit_.observe(event);
    sightings_.observe(event, history_, acknowledged_);
    position_fault_ = positions_.observe(event, allowance_);
}

}  // namespace squall::checkers
