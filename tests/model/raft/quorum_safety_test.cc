// Three or five voters and an observer over a network that loses, duplicates and reorders, with
// crashes that drop unflushed records and with snapshots that take the place of the log's front:
// the safety laws of Raft (section 5, figure 3) after every step.
//
// And the same where the voters change (KIP-853): anybody may be made a voter or be removed, at any
// time, and disks are replaced by empty ones.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "model/raft/quorum.h"
#include "sim/base/rng.h"

namespace squall::model::raft {
namespace {

struct Entry {
    RaftEpoch epoch;
    std::uint64_t content = 0;
    std::optional<VoterSet> voters = std::nullopt;  // of a Voters record

    // No two records that were ever appended have the same content.
    bool operator==(const Entry& other) const {
        return epoch == other.epoch && content == other.content;
    }
};

// What a careless host would leave out.
enum class Carelessness { none, forgets_quorum_state, forgets_flushes };

struct Setting {
    std::int32_t voters = 3;
    Carelessness carelessness = Carelessness::none;
    bool changes_voters = false;
    bool replaces_disks = false;
    const BugSet* bugs = nullptr;
};

class Cluster {
  public:
    explicit Cluster(const Setting& setting) : setting_(setting) {
        for (std::int32_t id = 1; id <= setting.voters; ++id) {
            Member& member = add_member(BrokerId{id});
            options_.voters.push_back({.id = member.id, .host = "c"});
            if (setting.changes_voters) options_.voters.back().directory_id = member.directory_id;
        }
        add_member(BrokerId{9});
        if (setting.changes_voters) add_member(BrokerId{10});
        for (Member& member : members_) boot(member);
    }

    // One step of the world, chosen by `choice`. Every choice is possible in every state.
    void act(std::uint32_t choice) {
        const std::uint32_t kind = choice % 64;
        const std::uint32_t pick = choice / 64;
        Member& member = members_[pick % members_.size()];
        if (kind < 46) {
            if (mail_.empty()) return;
            const std::size_t any = pick % mail_.size();
            if (kind == 0) return drop(any);
            deliver(kind < 16 ? any : 0, /*keep=*/kind == 1);
        } else if (kind < 55) {
            flush(member);
        } else if (kind >= 57 && kind < 59 && setting_.changes_voters) {
            change_voters(member, pick / 8 % 2 == 0);
        } else if (kind < 59) {
            propose();
        } else if (kind == 59 && pick % 4 == 0) {
            take_snapshot(member, pick % 3 != 0);
        } else if (kind == 60 && setting_.replaces_disks && pick / 8 % 24 == 0) {
            replace_disk(member);
        } else if (kind < 61) {
            crash(member, pick / 4);
        } else if (kind == 61 && pick % 8 == 0) {
            tick(member);  // somebody's clock runs ahead
        } else {
            tick(*std::ranges::min_element(members_, {}, [](const Member& candidate) {
                return candidate.quorum->next_deadline();
            }));
        }
        check();
    }

    std::optional<std::string> violation() const { return violation_; }
    std::size_t committed() const { return committed_.size(); }
    std::size_t snapshots_loaded() const { return snapshots_loaded_; }
    std::size_t epochs_with_a_leader() const { return leaders_.size(); }
    // Beyond the set that the quorum began with.
    std::size_t changes_committed() const {
        const auto sets = static_cast<std::size_t>(std::ranges::count_if(
            committed_, [](const Entry& entry) { return entry.voters.has_value(); }));
        return sets == 0 ? 0 : sets - 1;
    }

  private:
    struct Member {
        BrokerId id;
        Uuid directory_id;
        std::optional<Quorum> quorum;
        QuorumState durable;
        std::vector<Entry> log;  // also what is in a snapshot
        std::size_t flushed = 0;
        LogPosition start;  // of the log behind a snapshot
        LogPosition snapshot;
        std::vector<Entry> snapshot_content;
        bool halted = false;
    };
    struct Mail {
        BrokerId from;
        BrokerId to;
        Message message;
        std::vector<Entry> entries;
    };

    Member& add_member(BrokerId id) {
        Member& member = members_.emplace_back();
        member.id = id;
        member.directory_id = {1, ++disks_};
        return member;
    }

    void boot(Member& member) {
        LogSummary summary;
        if (std::ssize(member.log) < member.snapshot.offset.value()) {
            member.log = member.snapshot_content;
            member.start = member.snapshot;
        }
        if (member.start.offset > Offset{0}) summary.restart_at(member.start);
        for (auto at = static_cast<std::size_t>(member.start.offset.value());
             at < member.log.size(); ++at) {
            summary.append(member.log[at].epoch, 1);
        }
        summary.mark_flushed(summary.log_end());
        member.flushed = member.log.size();
        VoterHistory voters{VoterSet(options_.voters)};
        for (const VotersAt& named : voters_in(member.log)) {
            voters.append(named.offset, named.voters);
        }
        voters.drop_before(member.start.offset);
        member.quorum.emplace(QuorumConfig{.self = member.id,
                                           .options = options_,
                                           .jitter_seed = ++boots_,
                                           .bugs = setting_.bugs,
                                           .directory_id = member.directory_id},
                              member.durable, summary, member.snapshot, voters);
        step(member, Boot{}, no_broker, {});
    }

    static std::vector<VotersAt> voters_in(const std::vector<Entry>& entries, Offset from = {}) {
        std::vector<VotersAt> found;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (!entries[i].voters) continue;
            found.push_back({from + static_cast<std::int64_t>(i), *entries[i].voters});
        }
        return found;
    }

    // Everything is gone, the directory id too.
    void replace_disk(Member& member) {
        const BrokerId id = member.id;
        member = {};
        member.id = id;
        member.directory_id = {1, ++disks_};
        boot(member);
    }

    // Whoever thinks that it leads is asked.
    void change_voters(const Member& whom, bool adds) {
        for (Member& member : members_) {
            if (!member.quorum->is_leader()) continue;
            if (adds) {
                const RaftVoter voter{
                    .id = whom.id, .host = "c", .directory_id = whom.directory_id};
                step(member, AddVoter{voter}, no_broker, {});
            } else {
                step(member, RemoveVoter{{whom.id, whom.directory_id}}, no_broker, {});
            }
        }
    }

    void crash(Member& member, std::uint32_t survivors) {
        const std::size_t unflushed = member.log.size() - member.flushed;
        member.log.resize(member.flushed + survivors % (unflushed + 1));
        if (std::ssize(member.log) < member.start.offset.value()) member.log.clear();
        member.halted = false;
        boot(member);
    }

    void tick(Member& member) {
        const LocalTime due = member.quorum->next_deadline();
        if (due == LocalTime::max()) return;
        now_ = std::max(now_, due);
        step(member, Tick{}, no_broker, {});
        // A fetch that nobody will answer any more times out in the end.
        if (++ticks_ % 3 == 0) step(member, FetchFailed{}, no_broker, {});
    }

    void flush(Member& member) {
        member.flushed = member.log.size();
        step(member, LogFlushed{member.quorum->log().log_end()}, no_broker, {});
    }

    void take_snapshot(Member& member, bool drops_log) {
        const Offset end = member.quorum->high_watermark();
        if (member.halted || end <= member.quorum->snapshot().offset) return;
        const LogPosition id{end, member.quorum->log().epoch_before(end)};
        member.snapshot = id;
        member.snapshot_content.assign(member.log.begin(), member.log.begin() + end.value());
        step(member, SnapshotTaken{.id = id, .drops_log = drops_log}, no_broker, {});
    }

    void propose() {
        for (Member& member : members_) {
            if (member.quorum->is_leader()) step(member, Propose{1}, no_broker, {});
        }
    }

    void deliver(std::size_t index, bool keep) {
        const Mail mail = mail_[index];
        if (!keep) mail_.erase(mail_.begin() + static_cast<std::ptrdiff_t>(index));
        step(find(mail.to), Received{mail.message}, mail.from, mail.entries);
    }

    void step(Member& member, const Input& input, BrokerId from,
              const std::vector<Entry>& entries) {
        if (member.halted) return;
        const Output output = member.quorum->step(input, now_);
        if (output.persist_state && setting_.carelessness != Carelessness::forgets_quorum_state) {
            member.durable = *output.persist_state;
        }
        if (output.vote_granted) check_vote(member);
        if (output.restart_at) {
            ++snapshots_loaded_;
            member.log = entries;
            member.flushed = entries.size();
            member.start = *output.restart_at;
            member.snapshot = *output.restart_at;
            member.snapshot_content = entries;
        }
        if (output.drop_before) member.start = *output.drop_before;
        if (output.truncate_to) {
            member.log.resize(static_cast<std::size_t>(output.truncate_to->value()));
            member.flushed = std::min(member.flushed, member.log.size());
        }
        const auto append = [&] {
            member.log.push_back({member.quorum->state().epoch, ++contents_});
        };
        if (output.append_leader_change) append();
        if (output.append_leader_change && output.append_voters) append();
        if (output.append_voters) {
            append();
            member.log.back().voters = output.append_voters;
        }
        if (output.append_proposed) append();
        for (std::size_t i = 0; i < output.append_fetched; ++i) member.log.push_back(entries[i]);
        if (member.log.size() != static_cast<std::size_t>(member.quorum->log().log_end().value())) {
            violation_ = "log and summary differ";
        }
        if (output.flush && setting_.carelessness == Carelessness::forgets_flushes) {
            // Says it flushed, and did not.
            const Output lied =
                member.quorum->step(LogFlushed{member.quorum->log().log_end()}, now_);
            for (const Outbound& outbound : lied.send) {
                mail_.push_back({member.id, outbound.to, outbound.message, {}});
            }
        }
        if (output.reply && from != no_broker) reply(member, from, *output.reply, input);
        for (const Outbound& outbound : output.send) {
            mail_.push_back({member.id, outbound.to, outbound.message, {}});
        }
        if (output.fatal) member.halted = true;
    }

    void reply(const Member& member, BrokerId to, Message message, const Input& input) {
        std::vector<Entry> entries;
        if (auto* fetched = std::get_if<FetchResponse>(&message)) {
            const auto& request = std::get<FetchRequest>(std::get<Received>(input).message);
            if (fetched->error == ErrorCode::none && !fetched->diverging && !fetched->snapshot) {
                auto offset = static_cast<std::size_t>(request.position.offset.value());
                for (; offset < member.log.size() && entries.size() < 3; ++offset) {
                    const Offset at{static_cast<std::int64_t>(offset)};
                    fetched->batches.push_back({at, at, member.log[offset].epoch});
                    entries.push_back(member.log[offset]);
                }
                fetched->voters = voters_in(entries, request.position.offset);
            }
        }
        if (auto* piece = std::get_if<FetchSnapshotResponse>(&message)) {
            const auto& request = std::get<FetchSnapshotRequest>(std::get<Received>(input).message);
            if (piece->error == ErrorCode::none) {
                // Two pieces, each of which may be lost.
                piece->received = request.position + 1;
                piece->is_complete = request.position > 0;
                entries = member.snapshot_content;
                const std::vector<VotersAt> voters = voters_in(entries);
                if (piece->is_complete && !voters.empty()) piece->voters = voters.back().voters;
            }
        }
        mail_.push_back({member.id, to, std::move(message), std::move(entries)});
    }

    void drop(std::size_t index) {
        mail_.erase(mail_.begin() + static_cast<std::ptrdiff_t>(index));
    }

    Member& find(BrokerId id) { return *std::ranges::find(members_, id, &Member::id); }

    void check() {
        for (const Member& member : members_) {
            if (member.halted) {
                violation_ = "a member halted";
                continue;
            }
            check_election(member);
            check_commitment(member);
        }
        for (std::size_t i = 0; i < members_.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) check_matching(members_[i].log, members_[j].log);
        }
    }

    // Election safety: at most one leader in an epoch.
    void check_election(const Member& member) {
        if (!member.quorum->is_leader()) return;
        const auto [leader, fresh] = leaders_.try_emplace(member.quorum->state().epoch, member.id);
        if (leader->second != member.id) violation_ = "two leaders in one epoch";
        // Leader completeness: who leads the newest epoch has all that was ever committed.
        if (leaders_.rbegin()->first != member.quorum->state().epoch) return;
        if (member.log.size() < committed_.size() ||
            !std::equal(committed_.begin(), committed_.end(), member.log.begin())) {
            violation_ = "a leader lacks committed records";
        }
    }

    // A vote is never given twice in one epoch.
    void check_vote(const Member& member) {
        const QuorumState& state = member.quorum->state();
        const auto [vote, fresh] =
            votes_.try_emplace({member.id, member.directory_id, state.epoch}, state.voted);
        if (vote->second != state.voted) violation_ = "a vote given twice";
    }

    // State machine safety: the committed prefix is one and never changes.
    void check_commitment(const Member& member) {
        const auto high_watermark =
            static_cast<std::size_t>(member.quorum->high_watermark().value());
        for (std::size_t offset = 0; offset < high_watermark; ++offset) {
            if (offset == committed_.size()) committed_.push_back(member.log[offset]);
            if (!(committed_[offset] == member.log[offset])) violation_ = "committed twice";
        }
    }

    // Log matching: records of equal offset and epoch are equal, and so is all before them.
    void check_matching(const std::vector<Entry>& x, const std::vector<Entry>& y) {
        bool equal_from_here = false;
        for (std::size_t offset = std::min(x.size(), y.size()); offset-- > 0;) {
            if (x[offset].epoch == y[offset].epoch) equal_from_here = true;
            if (equal_from_here && !(x[offset] == y[offset])) violation_ = "logs do not match";
        }
    }

    Setting setting_;
    RaftOptions options_;
    std::vector<Member> members_;
    std::vector<Mail> mail_;
    LocalTime now_{};
    std::uint64_t contents_ = 0;
    std::uint64_t boots_ = 0;
    std::uint64_t disks_ = 0;
    std::uint64_t ticks_ = 0;
    std::map<RaftEpoch, BrokerId> leaders_;
    std::map<std::tuple<BrokerId, Uuid, RaftEpoch>, BrokerId> votes_;
    std::vector<Entry> committed_;
    std::size_t snapshots_loaded_ = 0;
    std::optional<std::string> violation_;
};

void walk_anyhow(const Setting& setting) {
    const auto size = *rc::gen::inRange<std::size_t>(0, 600);
    const auto choices = *rc::gen::container<std::vector<std::uint32_t>>(
        size, rc::gen::inRange<std::uint32_t>(0, 1u << 20));
    Cluster cluster(setting);
    for (const std::uint32_t choice : choices) {
        cluster.act(choice);
        if (cluster.violation()) RC_FAIL(*cluster.violation());
    }
}

RC_GTEST_PROP(QuorumSafety, HoldsUnderLossDuplicationReorderingAndCrashes, ()) {
    walk_anyhow({.voters = *rc::gen::element(3, 5)});
}

RC_GTEST_PROP(QuorumSafety, HoldsWhileVotersComeAndGoAndDisksAreReplaced, ()) {
    walk_anyhow(
        {.voters = *rc::gen::element(1, 2, 3), .changes_voters = true, .replaces_disks = true});
}

struct Walk {
    Setting setting;
    // Of all walks, where nothing is violated.
    std::size_t committed = 0;
    std::size_t epochs = 0;
    std::size_t snapshots_loaded = 0;
    std::size_t changes = 0;

    // Takes `walks` random walks; returns the first violation.
    std::optional<std::string> take(std::uint64_t walks) {
        for (std::uint64_t seed = 0; seed < walks; ++seed) {
            Draws draws(Noise(seed), Meaning("quorum walk"));
            Cluster cluster(setting);
            for (int step = 0; step < 1500; ++step) {
                cluster.act(static_cast<std::uint32_t>(draws.below(1u << 20)));
                if (cluster.violation()) return cluster.violation();
            }
            committed += cluster.committed();
            epochs += cluster.epochs_with_a_leader();
            snapshots_loaded += cluster.snapshots_loaded();
            changes += cluster.changes_committed();
        }
        return std::nullopt;
    }
};

TEST(QuorumSafety, HoldsOnLongWalksThatElectCommitAndLoadSnapshots) {
    for (const std::int32_t voters : {3, 5}) {
        Walk walk{.setting = {.voters = voters}};
        EXPECT_EQ(walk.take(1000), std::nullopt) << voters << " voters";
        // Not vacuous: many leaders, many committed records, snapshots that were needed.
        EXPECT_GT(walk.epochs, 1000u);
        EXPECT_GT(walk.committed, 1000u);
        EXPECT_GT(walk.snapshots_loaded, 20u);
    }
}

TEST(QuorumSafety, HoldsOnLongWalksWhoseVotersChange) {
    for (const std::int32_t voters : {2, 3}) {
        Walk walk{.setting = {.voters = voters, .changes_voters = true, .replaces_disks = true}};
        EXPECT_EQ(walk.take(1000), std::nullopt) << voters << " voters";
        EXPECT_GT(walk.committed, 1000u);
        EXPECT_GT(walk.snapshots_loaded, 20u);
        EXPECT_GT(walk.changes, 200u);
    }
}

// What directory ids are for: an empty disk has forgotten what its node promised.
TEST(QuorumSafety, IsLostWhenAStaticVoterComesBackWithAnEmptyDisk) {
    EXPECT_NE(Walk{.setting = {.replaces_disks = true}}.take(5000), std::nullopt);
}

// The laws hang on the host's order of effects; these walks prove that the judge above sees it.
TEST(QuorumSafety, IsLostWhenAHostForgetsItsQuorumState) {
    EXPECT_NE(Walk{.setting = {.carelessness = Carelessness::forgets_quorum_state}}.take(5000),
              std::nullopt);
}

TEST(QuorumSafety, IsLostWhenAHostOnlyClaimsToFlush) {
    EXPECT_NE(Walk{.setting = {.carelessness = Carelessness::forgets_flushes}}.take(5000),
              std::nullopt);
}

// Known bugs, in a host that does everything right.
TEST(QuorumSafety, IsLostWhenAVoteIsForgotten) {
    BugSet bugs;
    bugs.arm(Bug::z34_raft_forgets_vote);
    EXPECT_EQ(Walk{.setting = {.bugs = &bugs}}.take(5000), "a vote given twice");
}

TEST(QuorumSafety, IsLostWhenAVoterFetchesOnBeforeItsFlush) {
    BugSet bugs;
    bugs.arm(Bug::z35_raft_fetch_before_fsync);
    EXPECT_NE(Walk{.setting = {.bugs = &bugs}}.take(5000), std::nullopt);
}

}  // namespace
}  // namespace squall::model::raft
