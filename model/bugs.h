// The registry of known bugs that can be switched on, to prove that the checkers see them.
//
// Every protocol rule that can be broken is a small named function; a known bug is one line in it:
//
//     return bugs.deviate(Bug::z01_hw_truncate_loss, end_by_epoch, high_watermark);
//
// deviate() answers `right` unless the bug is armed, and counts a *hit* only where the two answers
// differ: a run without a hit proves nothing. Sets are part of a node's configuration, so one
// broker of three can be wrong. Hits are not in the trace: a checker cannot know what was armed.
// Switched off, the model has the fixed behaviour.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall::model {

enum class Bug : std::uint8_t {
    z01_hw_truncate_loss,
    z02_hw_truncate_divergence,
    z03_epoch_lookup_single_step,
    z06_unfenced_fetch,
    z07_isr_join_without_epoch_start,
    z10_unclean_election,
    z11_acks1_loss,
    z12_minisr1_loss,
    z13_last_replica_standing,
    z16_hw_from_proposed_isr,
    z20_isr_accepts_old_incarnation,
    z21_page_cache_ack,
    z23_stale_clean_shutdown_marker,
    z26_read_above_hw,
    z28_listoffsets_regress,
    z33_zombie_controller,
    z34_raft_forgets_vote,
    z35_raft_fetch_before_fsync,
    z36_raft_commit_old_epoch,
    z38_raft_no_check_quorum,
    z43_retry_duplicate,
    z44_retry_reorder,
    z47_out_of_order_instead_of_dedup,
    z48_epoch_bump_rewrites_inflight,
    z49_unknown_producer_id,
    z52_delayed_endtxn,
    z53_late_produce_hangs,
    z54_late_produce_joins_next_txn,
    z56_timeout_abort_without_fence,
    z57_zombie_producer_not_fenced,
    z64_pending_offsets_readable,
    z65_txn_commit_without_group_fence,
    z70_aborted_list_mismatch,
    z72_abort_without_rewind,
    z75_auto_commit_of_running_poll,
    z76_commit_before_process,
    z77_process_then_crash,
    z78_zombie_commit,
    z79_static_id_not_fenced,
    z81_cooperative_stale_owned,
    z82_assign_before_revoke,
    z84_reset_latest_skips_new_partition,
    z85_offsets_expire_while_active,
    z90_truncation_undetected_by_consumer,
    z92_dual_write,
    z93_compact_beyond_hw,
    z94_tombstone_too_early,
    z97_apply_before_commit,
};

// One setting of an unsafe configuration, as a path of the scenario file.
struct BugSetting {
    std::string_view path;
    std::string_view value;
};

struct BugEntry {
    Bug bug;
    std::string_view id;        // "Z01"
    std::string_view name;      // "hw-truncate-loss"
    std::string_view about;     // what is wrong, one line
    std::string_view origin;    // ticket, KIP, paper
    std::string_view scenario;  // of the library, that reaches it; empty: only tests of deciders do
    std::string_view checker;   // that must object
    // Not a bug of code but an unsafe configuration (U in the zoo): arming it applies these
    // settings.
    std::vector<BugSetting> settings;

    bool is_configuration() const { return !settings.empty(); }
};

// In order of id.
const std::vector<BugEntry>& all_bugs();
// "Z01", "z01" or "hw-truncate-loss".
const BugEntry* find_bug(std::string_view id_or_name);

// The bugs armed on one node, and how often each changed an answer.
class BugSet {
  public:
    void arm(Bug bug) { armed_.insert(bug); }
    bool is_armed(Bug bug) const { return armed_.contains(bug); }

    // `right`, or `wrong` where the bug is armed. A hit where they differ.
    template <class T>
    T deviate(Bug bug, T right, T wrong) const {
        if (!is_armed(bug)) return right;
        if (!(right == wrong)) ++hits_[bug];
        return wrong;
    }
    std::uint64_t hits(Bug bug) const {
        const auto found = hits_.find(bug);
        return found == hits_.end() ? 0 : found->second;
    }
    const std::set<Bug>& armed() const { return armed_; }

  private:
    std::set<Bug> armed_;
    mutable std::map<Bug, std::uint64_t> hits_;
};

}  // namespace squall::model
