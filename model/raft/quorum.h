// Quorum: the KRaft decider (KIP-595, pre-vote of KIP-996, check quorum of KAFKA-15489). One member
// of the metadata quorum, voter or observer: elections, pull-based replication, commitment.
//
//   Unattached  -> Prospective   election timeout (voters)
//               -> Follower      learns the leader of the epoch
//   Prospective -> Candidate     a majority would vote for it        (epoch + 1, votes for itself)
//               -> Unattached    refused or timed out, no leader known
//               -> Follower      refused or timed out, or hears from the leader of the epoch
//   Candidate   -> Leader        a majority voted for it             (appends LeaderChange)
//               -> Prospective   timed out, or refused and backed off
//               -> Follower      the leader of the epoch turned up
//   Leader      -> Resigned      no majority fetched for 1.5 x fetch timeout, or asked to resign,
//   or
//                                the voters without it are committed
//   Follower    -> Prospective   fetch timeout (voters);  -> Unattached (observers)
//   Resigned    -> Prospective   election timeout;        -> Follower;  -> Unattached (observers)
//   any         -> Unattached    a higher epoch in any message
//
// Guarantees, whatever messages come in whatever order: at most one vote per epoch, hence at most
// one leader; committed records are never truncated; the high watermark never goes back. They hold
// only if the host honours the order of effects of Output.
//
// Snapshots (KIP-630): a member may replace the committed front of its log by one; who fetches from
// before that is sent to load it, piece by piece, and goes on fetching from its end.
//
// The voters are those of the latest Voters record in the log, committed or not (KIP-853; Raft 4.1
// to 4.3): one is added or removed at a time, so that any majority of the old set meets any of the
// new one. Changes of the set need kraft.version 1, where voters have directory ids; a set that is
// only configured (controller.quorum.voters, kraft.version 0) is for ever.
//
// Pure: time comes in, effects go out; the jitter of timeouts is a hash of (seed, epoch, attempt).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/bugs.h"
#include "model/protocol/types.h"
#include "model/raft/log_summary.h"
#include "model/raft/quorum_messages.h"
#include "model/raft/raft_options.h"
#include "model/raft/roles.h"
#include "sim/base/time.h"

namespace squall::model::raft {

// ---- inputs ----

struct Boot {};  // the first input, once
struct Tick {};  // a deadline passed
struct Received {
    Message message;
};
// The request to this member failed or timed out: there will be no answer.
struct FetchFailed {};
// The request for a vote to this voter failed, some time ago: it may be asked again (Kafka retries
// for as long as the election lasts).
struct VoteFailed {
    BrokerId voter;
    VoteRequest request;
};
// Everything below `end` is durable.
struct LogFlushed {
    Offset end;
};
// The state machine wants `count` records in one batch. Only a leader takes it.
struct Propose {
    std::int32_t count = 0;
};
// A snapshot of everything committed before `id` is durable here. `drops_log`: the log may begin
// there from now on.
struct SnapshotTaken {
    LogPosition id;
    bool drops_log = false;
};
// Leave leadership in good order (shutdown).
struct Resign {};
// An administrator wants an observer to vote, a voter to vote no more, or others to know where a
// voter listens now. Output says whether the leader refuses; else the change is done when the high
// watermark has passed its record.
struct AddVoter {
    RaftVoter voter;
};
struct RemoveVoter {
    ReplicaKey voter;
};
struct UpdateVoter {
    RaftVoter voter;
};

using Input = std::variant<Boot, Tick, Received, FetchFailed, VoteFailed, LogFlushed, Propose,
                           SnapshotTaken, Resign, AddVoter, RemoveVoter, UpdateVoter>;

// ---- output: what the host must do, in this order ----

struct Outbound {
    BrokerId to;
    Message message;
};

struct Output {
    // 1. Must be durable before anything below happens (Raft 5.1: "updated on stable storage before
    //    responding to RPCs").
    std::optional<QuorumState> persist_state;
    // 2. The log: cut or begun anew at a loaded snapshot, then append. The summary already counts
    //    all of it.
    std::optional<Offset> truncate_to;
    std::optional<LogPosition> restart_at;   // the snapshot of that id is all that is before it
    std::optional<LogPosition> drop_before;  // ours of that id takes the place of the log's front
    bool append_leader_change = false;       // one LeaderChange record, in state().epoch
    // A Voters record. After a LeaderChange it goes into the same batch, behind a KRaftVersion
    // record: the first leader of a quorum writes down what the disks were formatted with.
    std::optional<VoterSet> append_voters;
    std::optional<BatchSpan> append_proposed;  // the batch of Propose
    std::size_t append_fetched = 0;  // so many batches of the FetchResponse, from the first
    // 3. Make the log durable up to its end, and say so with LogFlushed. Nothing below waits for
    // it.
    bool flush = false;
    // 4. Then speak.
    std::optional<Message> reply;  // to whom the input came from
    std::vector<Outbound> send;
    // For the trace, and for those who wait.
    bool role_changed = false;
    bool voters_changed = false;  // those in force may be others now
    bool vote_granted = false;    // a real one, not a pre-vote
    bool high_watermark_moved = false;
    std::optional<ErrorCode> refusal;  // of a change of the voters
    // The rules are broken beyond repair (a committed record is gone): the process must halt.
    std::optional<std::string> fatal;
};

struct QuorumConfig {
    BrokerId self;
    RaftOptions options;
    std::uint64_t jitter_seed = 0;
    const BugSet* bugs = nullptr;  // outlives the quorum
    Uuid directory_id = {};        // of its own disk
};

class Quorum {
  public:
    // `durable`, `log`, the id of the latest snapshot and the voters that both name, as found on
    // disk; without such voters, those of the options. Requires: a first step(Boot); the log
    // reaches back to the snapshot and up to it.
    Quorum(QuorumConfig config, QuorumState durable, LogSummary log, LogPosition snapshot = {},
           std::optional<VoterHistory> voters = std::nullopt);

    Output step(const Input& input, LocalTime now);

    // The answer to a Fetch as things are now, without batches: the host adds those from
    // `request.position.offset` on where error is none and nothing diverges.
    FetchResponse answer_fetch(const FetchRequest& request) const;
    // Likewise without the bytes. Only the latest snapshot is handed out.
    FetchSnapshotResponse answer_fetch_snapshot(const FetchSnapshotRequest& request) const;
    // The answer would say something the fetcher does not know: do not hold it back.
    bool has_news_for(const FetchRequest& request) const;

    // When to call step(Tick) at the latest.
    LocalTime next_deadline() const;

    const QuorumState& state() const { return state_; }
    const LogSummary& log() const { return log_; }
    // In force: of the latest record in the log, committed or not.
    const VoterSet& voters() const { return voters_.latest(); }
    // In force in a log that ends at `end`.
    const VoterSet& voters_before(Offset end) const { return voters_.before(end); }
    // Of the latest one; offset 0: none.
    LogPosition snapshot() const { return snapshot_; }
    Offset high_watermark() const { return high_watermark_; }
    RoleName role() const { return static_cast<RoleName>(role_.index()); }
    bool is_leader() const { return role() == RoleName::leader; }
    bool is_voter() const;
    BrokerId self() const { return config_.self; }
    ReplicaKey key() const { return {config_.self, config_.directory_id}; }
    BrokerId leader() const { return state_.leader; }
    // Where the leader's epoch begins. Requires: is_leader().
    Offset epoch_start() const;

    void check_invariants() const;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("self", self.config_.self);
        fields("role", self.role());
        fields("state", self.state_);
        fields("log", self.log_);
        fields("voters", self.voters_);
        fields("snapshot", self.snapshot_);
        fields("high_watermark", self.high_watermark_);
        fields("attempt", self.attempt_);
        fields("failed_elections", self.failed_elections_);
        fields("fetch_in_flight", self.fetch_in_flight_);
        fields("fetch_not_before", self.fetch_not_before_);
        fields("next_fetch_target", self.next_fetch_target_);
        std::visit([&](auto& role) { std::remove_cvref_t<decltype(role)>::describe(role, fields); },
                   self.role_);
    }

  private:
    // ---- the rules, each of which could be broken ----
    // Raft 5.4.1: a log is as good as ours if its last epoch is later, or equal and it is not
    // shorter.
    bool is_up_to_date(const LogPosition& last) const;
    // One vote an epoch, none against a known leader, none for a shorter log.
    bool may_grant_vote(const VoteRequest& request) const;
    // Nor may an election be encouraged while the leader is heard (KIP-996).
    bool may_grant_pre_vote(const VoteRequest& request) const;
    // Raft 5.4.2, figure 8; KAFKA-12619: a record of an earlier epoch commits only together with
    // one of the leader's own.
    bool may_commit(Offset end, Offset epoch_start) const;
    // Raft 5.1: all of it, also the vote, is on stable storage before anyone hears of it.
    QuorumState what_to_persist(const QuorumState& state) const;
    // A Fetch is an acknowledgement: a voter's log is durable first. Asked only while it is not.
    bool must_flush_before_fetch() const;
    // Nobody counts what a broker holds: its copy of the log is in its page cache until a segment
    // is rolled. An observer that may come to vote keeps what it has.
    bool flushes_what_it_fetched() const;
    // KAFKA-12460: never below the high watermark.
    bool may_truncate(Offset to) const;
    // KIP-630: the fetcher is before what the log reaches back to, or in an epoch before it.
    bool needs_snapshot(const LogPosition& fetcher) const;
    // Of an answer that comes late: the log is where it was when it was asked for.
    bool still_answers(const FetchResponse& response) const;
    // One that holds more than is committed here, and so all that is.
    bool may_load(const LogPosition& snapshot) const;
    // KAFKA-15489: a leader that a majority no longer fetches from is deposed or cut off. Asked
    // only when that is so.
    bool must_resign_without_quorum() const;
    // KIP-853: the vote is for a disk, and asked of the one that it is meant for.
    bool is_meant_for_us(const Uuid& voter_directory_id) const;
    // Where the set never changes, whoever is not in it has no business here. Else somebody whose
    // log has a later set may be right: what he says is believed, as KIP-853 has it.
    bool may_speak(BrokerId candidate_or_leader) const;
    // A change of the voters may begin: the last one is committed (one at a time), and so is a
    // record of this leader's own epoch (else two leaders could each change the set that they last
    // agreed on, to sets with disjoint majorities: Ongaro's correction of Raft, 2015).
    ErrorCode error_of_change() const;
    // Who votes next is caught up, so that commitment does not wait for it.
    bool may_join(const ReplicaKey& observer, LocalTime now) const;
    // A leader leads on until the set without it is committed.
    bool must_resign_as_removed() const;
    template <class T>
    T deviate(Bug bug, T right, T wrong) const {
        return config_.bugs == nullptr ? right : config_.bugs->deviate(bug, right, wrong);
    }

    void on(const Boot&, LocalTime now);
    void on(const Tick&, LocalTime now);
    void on(const Received&, LocalTime now);
    void on(const FetchFailed&, LocalTime now);
    void on(const VoteFailed&, LocalTime now);
    void on(const LogFlushed&, LocalTime now);
    void on(const Propose&, LocalTime now);
    void on(const SnapshotTaken&, LocalTime now);
    void on(const Resign&, LocalTime now);
    void on(const AddVoter&, LocalTime now);
    void on(const RemoveVoter&, LocalTime now);
    void on(const UpdateVoter&, LocalTime now);

    void receive(const VoteRequest&, LocalTime now);
    void receive(const VoteResponse&, LocalTime now);
    void receive(const BeginQuorumEpochRequest&, LocalTime now);
    void receive(const BeginQuorumEpochResponse&, LocalTime now);
    void receive(const EndQuorumEpochRequest&, LocalTime now);
    void receive(const EndQuorumEpochResponse&, LocalTime now);
    void receive(const FetchRequest&, LocalTime now);
    void receive(const FetchResponse&, LocalTime now);
    void receive(const FetchSnapshotRequest&, LocalTime now);
    void receive(const FetchSnapshotResponse&, LocalTime now);

    // Of the election under way, if it is of that kind; else null.
    Ballot* open_ballot(bool pre_vote);
    void ask_for_vote(BrokerId voter, bool pre_vote);

    void become_unattached(RaftEpoch epoch, LocalTime now);
    void become_prospective(LocalTime now);
    void become_candidate(LocalTime now);
    void become_leader(LocalTime now);
    void become_follower(BrokerId leader, LocalTime now);
    void become_resigned(LocalTime now);
    void enter(Role role);

    // What every message says about epochs and leaders. `heard` from the leader itself, or only
    // about it: who lost touch with a leader is not turned back by others who name it. False: the
    // message is of an older epoch.
    enum class Word : std::uint8_t { heard, hearsay };
    bool learn(RaftEpoch epoch, BrokerId leader, Word word, LocalTime now);
    void end_of_ballot(LocalTime now);
    // What the answer to the one fetch in flight says about the leader. Null unless it came from
    // the leader that this member follows, and in good order.
    Follower* hear_from_leader(BrokerId from, RaftEpoch epoch, BrokerId leader, ErrorCode error,
                               LocalTime now);
    ErrorCode error_of_fetch(RaftEpoch epoch) const;
    void note_contact(const ReplicaKey& replica, LocalTime now);
    void note_end(const ReplicaKey& replica, Offset end);
    void load(const LogPosition& snapshot, LocalTime now);
    void adopt(const FetchSnapshotResponse& response);
    void change_voters(VoterSet voters, LocalTime now);
    void truncate_to_common(const LogPosition& diverging);
    void accept_batches(const FetchResponse& response);
    void follow_high_watermark(Offset of_leader);
    void advance_high_watermark();
    void announce(LocalTime now);
    void maybe_fetch(LocalTime now);
    void persist(QuorumState state);

    std::size_t majority() const { return voters().majority(); }
    bool waits_for_flush() const;
    bool is_only_voter() const { return is_voter() && voters().size() == 1; }
    bool has_voter(BrokerId id) const { return voters().find(id) != nullptr; }
    std::vector<BrokerId> other_voters() const;
    bool has_other_voters() const;
    // Whom to ask for the leader: the voters, and the servers that were configured.
    std::vector<BrokerId> servers() const;
    bool knows_servers() const;
    // When a leader that hears nothing more gives up: 1.5 x fetch timeout after the last moment at
    // which a majority, itself included, was in touch.
    LocalTime quorum_deadline(const Leader& leader) const;
    // In [election timeout, 2 x election timeout), different for every voter, epoch and attempt.
    Duration election_delay();
    Duration backoff_delay();

    QuorumConfig config_;
    QuorumState state_;
    LogSummary log_;
    VoterHistory voters_;
    LogPosition snapshot_;
    Offset high_watermark_{0};
    Role role_ = Unattached{};
    bool booted_ = false;
    std::uint64_t attempt_ = 0;           // draws taken so far: the ordinal of the jitter
    std::uint32_t failed_elections_ = 0;  // in a row; drives the back-off
    // The one Fetch in flight, or when the next may leave.
    bool fetch_in_flight_ = false;
    LocalTime fetch_not_before_{};
    std::uint32_t next_fetch_target_ = 0;  // of voters, in turn, while no leader is known
    Output* output_ = nullptr;             // of the step under way; null between steps
};

}  // namespace squall::model::raft
