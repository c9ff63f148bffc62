#include "model/controller/partition_change.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

std::vector<BrokerId> without(const std::vector<BrokerId>& from, const std::vector<BrokerId>& ids) {
    std::vector<BrokerId> left;
    for (const BrokerId id : from) {
        if (!contains(ids, id)) left.push_back(id);
    }
    return left;
}

PartitionChange::PartitionChange(const Uuid& topic_id, std::int32_t partition_id,
                                 const PartitionImage& partition, ElectionRules rules)
    : topic_id_(topic_id),
      partition_id_(partition_id),
      partition_(partition),
      rules_(std::move(rules)),
      isr_(partition.isr),
      replicas_(partition.replicas),
      adding_(partition.adding_replicas),
      removing_(partition.removing_replicas),
      elr_(partition.eligible_leader_replicas),
      recovery_(partition.recovering ? LeaderRecoveryState::recovering
                                     : LeaderRecoveryState::recovered) {}

PartitionChange& PartitionChange::target_isr(std::vector<BrokerId> isr) {
    isr_ = std::move(isr);
    return *this;
}

PartitionChange& PartitionChange::target_recovery(LeaderRecoveryState state) {
    recovery_ = state;
    return *this;
}

PartitionChange& PartitionChange::target_replicas(TargetReplicas target) {
    ASSERT(!target.replicas.empty(), "partition {} with no replicas at all", partition_id_);
    replicas_ = std::move(target.replicas);
    adding_ = std::move(target.adding);
    removing_ = std::move(target.removing);
    return *this;
}

PartitionChange& PartitionChange::lost_data(std::vector<BrokerId> replicas) {
    lost_data_ = std::move(replicas);
    return *this;
}

// ---- rules ----

bool PartitionChange::may_elect(BrokerId replica) const {
    const bool in_sync = contains(isr_, replica);
    const bool eligible =
        rules_.eligible_leader_replicas && isr_.empty() && contains(elr_, replica);
    return (in_sync || eligible) && rules_.is_acceptable_leader(replica);
}

// KIP-966's balanced recovery: nobody else ever had more.
bool PartitionChange::may_elect_last_known_leader() const {
    return rules_.eligible_leader_replicas && isr_.empty() && elr_.empty() &&
           partition_.last_known_elr.size() == 1 &&
           rules_.is_acceptable_leader(partition_.last_known_elr.front());
}

bool PartitionChange::may_elect_uncleanly(BrokerId replica) const {
    return rules_.election == Election::unclean && rules_.is_acceptable_leader(replica);
}

bool PartitionChange::has_enough_in_sync() const {
    const auto needed = std::min<std::size_t>(
        static_cast<std::size_t>(std::max(rules_.min_insync_replicas, 1)), replicas_.size());
    return isr_.size() >= needed;
}

// KIP-966: the last one out is remembered as eligible, and only for as long as its page cache is
// known to be whole; it is not in sync with anybody.
bool PartitionChange::keeps_last_member() const {
    if (rules_.bugs == nullptr) return false;
    const bool would_be_empty = isr_.empty() && !partition_.isr.empty();
    return rules_.bugs->deviate(Bug::z13_last_replica_standing, false, would_be_empty);
}

// ---- election ----

PartitionChange::Elected PartitionChange::elect() const {
    if (rules_.election == Election::preferred && may_elect(replicas_.front())) {
        return {replicas_.front(), false};
    }
    return elect_any();
}

PartitionChange::Elected PartitionChange::elect_any() const {
    if (partition_.leader != no_broker && may_elect(partition_.leader)) {
        return {partition_.leader, false};
    }
    for (const BrokerId replica : replicas_) {
        if (may_elect(replica)) return {replica, false};
    }
    if (may_elect_last_known_leader()) return {partition_.last_known_elr.front(), true};
    for (const BrokerId replica : replicas_) {
        if (may_elect_uncleanly(replica)) return {replica, true};
    }
    return {};
}

void PartitionChange::install(const Elected& elected, PartitionChangeRecord& record) {
    if (elected.leader != partition_.leader) record.leader = elected.leader;
    if (elected.leader == no_broker) {
        // Without KIP-966 nothing else would remember who was in sync.
        if (!rules_.eligible_leader_replicas && isr_.empty()) isr_ = partition_.isr;
        return;
    }
    if (elected.unclean) {
        isr_ = {elected.leader};
        elr_.clear();
        recovery_ = LeaderRecoveryState::recovering;
    } else if (!contains(isr_, elected.leader)) {
        isr_ = {elected.leader};
        elr_ = without(elr_, isr_);
    }
    ASSERT(contains(isr_, elected.leader), "leader {} outside the in-sync set", elected.leader);
}

// ---- around the election ----

bool PartitionChange::may_complete_reassignment(const std::vector<BrokerId>& isr,
                                                const std::vector<BrokerId>& replicas) const {
    return !replicas.empty() &&
           std::ranges::all_of(replicas, [&](BrokerId id) { return contains(isr, id); });
}

// KIP-455: what is to be removed goes as soon as all that is to stay is in sync.
void PartitionChange::complete_reassignment() {
    if (adding_.empty() && removing_.empty()) return;
    const std::vector<BrokerId> isr = without(isr_, removing_);
    const std::vector<BrokerId> replicas = without(replicas_, removing_);
    if (!may_complete_reassignment(isr, replicas)) return;
    isr_ = isr;
    replicas_ = replicas;
    elr_ = without(elr_, removing_);
    adding_.clear();
    removing_.clear();
}

void PartitionChange::update_eligible_replicas() {
    if (!rules_.eligible_leader_replicas || has_enough_in_sync()) {
        elr_.clear();
        return;
    }
    // Members stay in the order of the assignment, so that equal sets are equal lists.
    std::vector<BrokerId> eligible;
    for (const BrokerId replica : replicas_) {
        const bool was = contains(elr_, replica) || contains(partition_.isr, replica);
        if (was && !contains(isr_, replica) && !contains(lost_data_, replica)) {
            eligible.push_back(replica);
        }
    }
    elr_ = std::move(eligible);
}

void PartitionChange::update_last_known_leader(PartitionChangeRecord& record) const {
    if (!rules_.eligible_leader_replicas) return;
    const bool becomes_leaderless = record.isr && record.isr->empty();
    const std::vector<BrokerId> last{partition_.leader};
    if (becomes_leaderless && partition_.leader != no_broker) {
        if (partition_.last_known_elr != last) record.last_known_elr = last;
        return;
    }
    const bool stays_leaderless =
        record.leader == no_broker || (record.leader == PartitionChangeRecord::no_leader_change &&
                                       partition_.leader == no_broker);
    if (!stays_leaderless && !partition_.last_known_elr.empty()) record.last_known_elr.emplace();
}

std::optional<PartitionChangeRecord> PartitionChange::build() {
    PartitionChangeRecord record;
    record.partition_id = partition_id_;
    record.topic_id = topic_id_;

    if (keeps_last_member()) isr_ = partition_.isr;
    complete_reassignment();
    update_eligible_replicas();
    const Elected elected = elect();
    install(elected, record);

    if (isr_ != partition_.isr) record.isr = isr_;
    if (elr_ != partition_.eligible_leader_replicas) record.eligible_leader_replicas = elr_;
    update_last_known_leader(record);
    if (replicas_ != partition_.replicas) record.replicas = replicas_;
    if (adding_ != partition_.adding_replicas) record.adding_replicas = adding_;
    if (removing_ != partition_.removing_replicas) record.removing_replicas = removing_;
    const bool recovering = recovery_ == LeaderRecoveryState::recovering;
    if (recovering != partition_.recovering) {
        record.leader_recovery_state = static_cast<std::int8_t>(recovery_);
    }
    // Replicas that leave must not fetch on in the same leader epoch.
    const bool drops_replicas = !without(partition_.replicas, replicas_).empty();
    if (drops_replicas && record.leader == PartitionChangeRecord::no_leader_change) {
        record.leader = partition_.leader;
    }
    if (record.changes_nothing()) return std::nullopt;
    return record;
}

}  // namespace squall::model
