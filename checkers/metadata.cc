// metadata: the quorum's own promises.
//
//   two-raft-leaders            two members led one raft epoch
//   double-vote                 one member voted for two candidates in one epoch
//   committed-metadata-changed  two members hold different batches below their high watermarks, a
//                               member replaced or cut one below its own, or a leader of a later
//                               epoch writes where there is a committed one
//   raft-high-watermark         a member's high watermark went back within an incarnation
//   metadata-diverged           two brokers or controllers applied the same offsets, and got
//                               different images
//   uncommitted-metadata        a broker or controller applied what no leader had committed
//   metadata-regressed          a broker or controller applied metadata backwards within an
//                               incarnation
//   activated-behind            a controller began to decide before it had replayed all that some
//                               leader had told committed
//
// Controllers are judged by what they show as committed: standbys always, those in office when
// nothing of theirs is in flight, deposed ones after they have replayed.
//
// Raft (Ongaro 2014, figure 3.2: election safety, state machine safety), KIP-595, KIP-630. An
// append that lies before the end of a member's log stands for the truncation before it: what a
// loss of power took without a word. Nothing is allowed.
#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/factories.h"
#include "checkers/findings.h"
#include "checkers/invariants.h"
#include "model/events/controller_events.h"
#include "model/events/raft_events.h"

namespace squall::checkers {

namespace {

struct RaftBatch {
    model::Offset base_offset;
    model::Offset last_offset;
    model::RaftEpoch epoch;
    std::uint32_t crc = 0;
    sim::EventSequence event{0};

    bool is_same(const RaftBatch& other) const {
        return base_offset == other.base_offset && last_offset == other.last_offset &&
               epoch == other.epoch && crc == other.crc;
    }
};

struct Member {
    std::vector<RaftBatch> log;  // in order of offset
    model::Offset high_watermark{0};
    model::Offset compared{0};  // its log was compared with what is committed up to here
    sim::Incarnation incarnation{0};
    sim::EventSequence event{0};
};

struct Applied {
    sim::Incarnation incarnation;
    model::Offset offset;
    sim::EventSequence event;
};

// try_emplace where the key is most often the greatest, or the one before: members follow closely.
template <class Map>
std::pair<typename Map::iterator, bool> emplace_near_end(Map& map,
                                                         const typename Map::key_type& key,
                                                         const typename Map::mapped_type& value) {
    const std::size_t before = map.size();
    const auto at = map.try_emplace(map.empty() ? map.end() : std::prev(map.end()), key, value);
    return {at, map.size() != before};
}

struct Said {
    model::BrokerId who;
    sim::EventSequence event;
};

class Metadata final : public Checker {
  public:
    std::string_view name() const override { return "metadata"; }

    using Shown = sim::EventOf<model::RaftStarted, model::RaftRoleChanged, model::RaftVoteGranted,
                               model::RaftAppended, model::RaftTruncated, model::RaftSnapshotLoaded,
                               model::RaftCommitted, model::MetadataApplied,
                               model::ControllerReplayed, model::ControllerActivated>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* started = event.as<model::RaftStarted>()) {
            on_started(*started);
        } else if (const auto* role = event.as<model::RaftRoleChanged>()) {
            if (role->role == "leader") on_leader(*role, event.sequence);
        } else if (const auto* vote = event.as<model::RaftVoteGranted>()) {
            on_vote(*vote, event.sequence);
        } else if (const auto* appended = event.as<model::RaftAppended>()) {
            on_appended(*appended, event.sequence);
        } else if (const auto* cut = event.as<model::RaftTruncated>()) {
            on_truncated(*cut, event.sequence);
        } else if (const auto* loaded = event.as<model::RaftSnapshotLoaded>()) {
            Member& member = members_[loaded->replica];
            member.log.clear();
            member.compared = loaded->end_offset;
        } else if (const auto* committed = event.as<model::RaftCommitted>()) {
            on_committed(*committed, event);
        } else if (const auto* applied = event.as<model::MetadataApplied>()) {
            on_applied("broker", applied->broker, applied->offset, applied->digest, event);
        } else if (const auto* replayed = event.as<model::ControllerReplayed>()) {
            on_applied("controller", replayed->controller, replayed->offset, replayed->digest,
                       event);
        } else if (const auto* activated = event.as<model::ControllerActivated>()) {
            on_activated(*activated, event.sequence);
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    // KIP-853: who votes and keeps the log is a disk. A node with another one promised nothing yet.
    void on_started(const model::RaftStarted& started) {
        model::Uuid& directory = directories_[started.replica];
        if (directory == started.directory_id) return;
        if (!directory.is_zero()) members_.erase(started.replica);
        directory = started.directory_id;
    }

    void on_leader(const model::RaftRoleChanged& role, sim::EventSequence sequence) {
        findings_.judge();
        const auto [at, is_new] =
            leaders_.try_emplace(role.epoch, Said{.who = role.replica, .event = sequence});
        if (is_new || invariants::is_same_leader(at->second.who, role.replica)) return;
        findings_.object(
            "two-raft-leaders",
            evidence("epoch", role.epoch, "replica", role.replica, "other_replica", at->second.who),
            {at->second.event, sequence});
    }

    void on_vote(const model::RaftVoteGranted& vote, sim::EventSequence sequence) {
        findings_.judge();
        const auto [at, is_new] =
            votes_.try_emplace({vote.voter, directories_[vote.voter], vote.epoch},
                               Said{.who = vote.candidate, .event = sequence});
        if (is_new || invariants::is_same_vote(at->second.who, vote.candidate)) return;
        findings_.object("double-vote",
                         evidence("voter", vote.voter, "epoch", vote.epoch, "candidate",
                                  vote.candidate, "other_candidate", at->second.who),
                         {at->second.event, sequence});
    }

    void on_appended(const model::RaftAppended& appended, sim::EventSequence sequence) {
        Member& member = members_[appended.replica];
        const RaftBatch batch{.base_offset = appended.base_offset,
                              .last_offset = appended.last_offset,
                              .epoch = appended.epoch,
                              .crc = appended.crc,
                              .event = sequence};
        // An older epoch than the committed batch's: the tail of a leader that was deposed.
        const bool is_beyond = committed_.empty() || committed_.rbegin()->first < batch.base_offset;
        const auto committed = is_beyond ? committed_.end() : committed_.find(batch.base_offset);
        if (committed != committed_.end() &&
            (batch.base_offset < member.high_watermark || batch.epoch >= committed->second.epoch)) {
            findings_.judge();
            if (!batch.is_same(committed->second)) {
                object_changed(appended.replica, batch, committed->second, sequence);
            }
        }
        cut(member, batch.base_offset);
        member.log.push_back(batch);
    }

    void on_truncated(const model::RaftTruncated& truncated, sim::EventSequence sequence) {
        Member& member = members_[truncated.replica];
        if (truncated.to < member.high_watermark) {
            findings_.object("committed-metadata-changed",
                             evidence("replica", truncated.replica, "truncated_to", truncated.to,
                                      "high_watermark", member.high_watermark),
                             {member.event, sequence});
        }
        cut(member, truncated.to);
    }

    static void cut(Member& member, model::Offset to) {
        while (!member.log.empty() && member.log.back().last_offset >= to) member.log.pop_back();
        member.compared = std::min(member.compared, to);
    }

    void on_committed(const model::RaftCommitted& told, const sim::Event& event) {
        Member& member = members_[told.replica];
        findings_.judge();
        if (member.incarnation == event.incarnation &&
            !invariants::is_monotonic(member.high_watermark, told.high_watermark)) {
            findings_.object(
                "raft-high-watermark",
                evidence("replica", told.replica, "high_watermark", told.high_watermark,
                         "earlier_high_watermark", member.high_watermark),
                {member.event, event.sequence});
        }
        const auto leader = leaders_.find(told.epoch);
        if (leader != leaders_.end() && leader->second.who == told.replica) {
            committed_end_ = std::max(committed_end_, told.high_watermark);
        }
        member.incarnation = event.incarnation;
        member.high_watermark = told.high_watermark;
        member.event = event.sequence;
        auto at = member.log.end();
        while (at != member.log.begin() && std::prev(at)->last_offset >= member.compared) --at;
        for (; at != member.log.end() && at->last_offset < told.high_watermark; ++at) {
            const auto [committed, is_new] = emplace_near_end(committed_, at->base_offset, *at);
            if (!is_new && !at->is_same(committed->second)) {
                object_changed(told.replica, *at, committed->second, event.sequence);
            }
            member.compared = at->last_offset.next();
        }
    }

    void object_changed(model::BrokerId replica, const RaftBatch& batch, const RaftBatch& committed,
                        sim::EventSequence sequence) {
        findings_.object(
            "committed-metadata-changed",
            evidence("replica", replica, "offset", batch.base_offset, "epoch", batch.epoch, "crc",
                     batch.crc, "committed_epoch", committed.epoch, "committed_crc", committed.crc),
            {committed.event, batch.event, sequence});
    }

    // `role` is what the member applied it as: a node may be both.
    void on_applied(std::string_view role, model::BrokerId who, model::Offset offset,
                    std::uint64_t image, const sim::Event& event) {
        findings_.judge();
        if (offset > committed_end_ && !leaders_.empty()) {
            findings_.object("uncommitted-metadata",
                             evidence(role, who, "offset", offset, "committed", committed_end_),
                             {event.sequence});
        }
        const auto [digest, is_new_offset] =
            emplace_near_end(digests_, offset, std::pair{image, event.sequence});
        if (!is_new_offset && digest->second.first != image) {
            findings_.object("metadata-diverged",
                             evidence(role, who, "offset", offset, "digest", image, "other_digest",
                                      digest->second.first),
                             {digest->second.second, event.sequence});
        }
        const auto [at, is_new] = applied_.try_emplace({role, who});
        Applied& applied = at->second;
        if (!is_new && applied.incarnation == event.incarnation && offset < applied.offset) {
            findings_.object(
                "metadata-regressed",
                evidence(role, who, "offset", offset, "earlier_offset", applied.offset),
                {applied.event, event.sequence});
        }
        applied = {.incarnation = event.incarnation, .offset = offset, .event = event.sequence};
    }

    void on_activated(const model::ControllerActivated& activated, sim::EventSequence sequence) {
        findings_.judge();
        if (activated.replayed >= committed_end_) return;
        findings_.object("activated-behind",
                         evidence("controller", activated.controller, "epoch", activated.epoch,
                                  "replayed", activated.replayed, "committed", committed_end_),
                         {sequence});
    }

    std::map<model::RaftEpoch, Said> leaders_;
    std::map<std::tuple<model::BrokerId, model::Uuid, model::RaftEpoch>, Said> votes_;
    std::map<model::BrokerId, model::Uuid> directories_;
    std::map<model::BrokerId, Member> members_;
    std::map<model::Offset, RaftBatch> committed_;
    model::Offset committed_end_{0};  // as leaders told it
    std::map<model::Offset, std::pair<std::uint64_t, sim::EventSequence>> digests_;
    std::map<std::pair<std::string_view, model::BrokerId>, Applied> applied_;  // by role and id
    Findings findings_{"metadata"};
};

}  // namespace

std::unique_ptr<Checker> make_metadata(const Casebook&) {
    return std::make_unique<Metadata>();
}

}  // namespace squall::checkers
