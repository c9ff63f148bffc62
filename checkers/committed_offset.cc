// committed-offset: a group's committed offset says more, or older things, than it may.
//
//   committed-beyond-delivered  a commit of an offset that no member of the group had got to:
//                               neither by a poll (next_position) nor by having its position set
//                               there
//   committed-offset-regressed  within a generation, the committed offset went back
//   fenced-commit               a commit of an older generation took effect after one of a newer,
//                               or though it was asked for after the group had settled in a newer,
//                               or after the coordinator that took it had removed the member
//   commit-not-stored           a commit was told ok, and had not taken effect
//   failed-but-committed        a commit that was told failed took effect (failed: it has not
//                               happened and never will; who cannot be sure has to say unknown)
//   position-below-commit       a member was made to start below what had been committed,
//   commit-forgotten            or as if nothing had been,
//   reset-without-cause         or elsewhere though its position was in the log: see
//                               checkers/group_positions.h
//
// Going back is legal where the lower commit was invoked before the higher one was answered (or
// that was answered 'unknown', or never): requests of one client may overtake each other on two
// connections; and where the application sought back, or a truncation or a reset with a cause of
// its own put it back. Commits without a generation (simple consumers, administrators) are exempt.
// Offsets sent to a transaction are commits, too, which take effect with it or not at all. A
// coordinator that was held up may tell late of a commit that its successor found in the log: that
// took effect before any that the successor told of. Allowed:
// anything after the group's own topic lost records (checkers/allowance.h): generations and offsets
// start anew; and a commit by which a client from outside seeks: where it goes is not seen before
// it reads from there, and some commit that first (kafkajs). It does so before it commits again,
// and while it keeps the partition. Semantics: G-GRP; Jepsen's committed-too-far.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "model/events/group_events.h"
#include "model/events/transaction_events.h"

namespace squall::checkers {

namespace {

struct Invocation {
    model::OperationId operation;
    std::string member_id;
    model::Offset offset;
    sim::EventSequence invoked;
    sim::EventSequence answered{0};  // 0: never, or 'unknown'
};

struct RemovedMember {
    sim::NodeId coordinator;
    sim::EventSequence event;
};

struct Settled {
    model::GenerationId generation;
    sim::EventSequence event;
};

// Of a member.
struct Asked {
    model::GenerationId generation = model::no_generation;
    std::set<model::Offset> offsets;
};
using Commit = std::pair<model::GenerationId, model::Offset>;
struct Fenced {
    sim::EventSequence by;                   // the event that fenced the member
    std::optional<sim::NodeId> coordinator;  // whose word that is; none: any coordinator's
    sim::EventSequence invoked;
};

// A commit of a client from outside, farther than its group had got, that may be its seek.
struct Ahead {
    model::Offset offset;
    model::Offset delivered;
    sim::EventSequence invoked{0};
    bool has_read = false;  // since then
};

struct CommitState {
    model::Offset delivered = model::no_offset;             // how far any member got
    model::GenerationId generation = model::no_generation;  // of the last effective commit
    model::Offset committed = model::no_offset;             // the highest within that generation
    model::OperationId highest_operation;                   // that committed it, if known
    bool is_operation_known = false;
    sim::EventSequence committed_event{0};
    sim::EventSequence set_back_event{0};  // last time a position was set by seek, reset, ...
    model::Offset set_back_to = model::no_offset;  // the lowest place since `committed_event`
    std::vector<Invocation> invocations;           // of the generation below, in order
    model::GenerationId invocations_of = model::no_generation;
    // By member: what it asked for while it was not fenced, in its last generation; and what it
    // did when it was.
    std::map<std::string, Asked> asked;
    std::map<std::pair<std::string, Commit>, Fenced> fenced;
    std::map<std::string, Ahead> ahead{};  // by member
};

// A commit of one offset, as its effect can be told: by whom, in which generation.
struct CommitKey {
    std::string group;
    std::string member_id;
    model::GenerationId generation;
    model::PartitionOffset offset;

    auto operator<=>(const CommitKey&) const = default;
};

struct Told {
    std::vector<CommitKey> offsets;
    sim::EventSequence invoked;
    sim::EventSequence failed{0};  // 0: it was not told so
};

class CommittedOffset final : public Checker {
  public:
    explicit CommittedOffset(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "committed-offset"; }

    using Shown =
        sim::EventOf<model::RecordsPolled, model::PositionSet, model::CommitInvoked,
                     model::TransactionOffsetsInvoked, model::TransactionOffsetsCompleted,
                     model::CommitCompleted, model::OffsetCommitted, model::GroupStateChanged,
                     model::MemberRemoved, model::CoordinatorChanged, sim::NodeStopped,
                     model::MemberReconciled, model::AssignmentChanged>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* polled = event.as<model::RecordsPolled>()) {
            if (polled->group.empty()) return;
            CommitState& state = groups_[polled->group][polled->partition];
            state.delivered = std::max(state.delivered, polled->next_position);
            const auto ahead = state.ahead.find(polled->member_id);
            if (ahead != state.ahead.end()) ahead->second.has_read = true;
        } else if (const auto* set = event.as<model::PositionSet>()) {
            if (!set->group.empty()) on_position_set(*set, event.sequence);
        } else if (const auto* invoked = event.as<model::CommitInvoked>()) {
            on_invoked(*invoked, event.sequence);
            note_told(*invoked, event.sequence);
        } else if (const auto* sent = event.as<model::TransactionOffsetsInvoked>()) {
            on_invoked(*sent, event.sequence);
        } else if (const auto* stored = event.as<model::TransactionOffsetsCompleted>()) {
            on_completed(*stored, event.sequence);
        } else if (const auto* completed = event.as<model::CommitCompleted>()) {
            on_completed(*completed, event.sequence);
            const auto told = told_.find(completed->operation);
            if (told == told_.end()) return;
            if (completed->outcome == model::Outcome::failed) told->second.failed = event.sequence;
            if (completed->outcome == model::Outcome::ok)
                judge_stored(told->second, event.sequence);
        } else if (const auto* committed = event.as<model::OffsetCommitted>()) {
            effects_.try_emplace({.group = committed->group,
                                  .member_id = committed->member_id,
                                  .generation = committed->generation,
                                  .offset = {committed->partition, committed->offset}},
                                 event.sequence);
            stored_[{committed->group, {committed->partition, committed->offset}}] = event.sequence;
            on_committed(*committed, event.sequence, event.node);
        } else if (const auto* changed = event.as<model::GroupStateChanged>()) {
            if (changed->to == "Dead") on_dead(changed->group);
            if (changed->to == "Stable")
                settled_[changed->group] = {changed->generation, event.sequence};
        } else if (const auto* removed = event.as<model::MemberRemoved>()) {
            removed_[{removed->group, removed->member_id}] = {.coordinator = event.node,
                                                              .event = event.sequence};
        } else if (event.as<model::CoordinatorChanged>() || event.as<sim::NodeStopped>()) {
            const auto* const office = event.as<model::CoordinatorChanged>();
            if (office != nullptr && office->active) in_office_[event.node] = event.sequence;
            // Who takes over reads its members from the log: it may know of no removal.
            std::erase_if(removed_, [&](const auto& entry) {
                return entry.second.coordinator == event.node;
            });
        } else if (const auto* reconciled = event.as<model::MemberReconciled>()) {
            removed_.erase({reconciled->group, reconciled->member_id});
        } else if (const auto* assigned = event.as<model::AssignmentChanged>()) {
            // Of what goes on inside a client from outside nobody knows but what its group does.
            if (assigned->client_id == assigned->member_id) outside_.insert(assigned->member_id);
            for (const model::TopicPartition& partition : assigned->partitions) {
                object_ahead(assigned->group, partition, assigned->member_id);
            }
            if (assigned->change != model::AssignmentChange::assigned) return;
            removed_.erase({assigned->group, assigned->member_id});
        }
    }

    CheckerReport finish() override {
        for (const auto& [operation, told] : told_) {
            if (told.failed.value() != 0) judge_failed(operation, told);
        }
        for (auto& [group, partitions] : groups_) {
            for (auto& [partition, state] : partitions) {
                while (!state.ahead.empty()) {
                    object_ahead(group, partition, std::string(state.ahead.begin()->first));
                }
            }
        }
        return findings_.report();
    }

  private:
    void note_told(const model::CommitInvoked& invoked, sim::EventSequence sequence) {
        if (invoked.generation == model::no_generation || invoked.group.empty()) return;
        Told& told = told_[invoked.operation];
        told.invoked = sequence;
        for (const model::PartitionOffset& offset : invoked.offsets) {
            told.offsets.push_back({.group = invoked.group,
                                    .member_id = invoked.member_id,
                                    .generation = invoked.generation,
                                    .offset = offset});
            ++asked_[told.offsets.back()];
        }
    }

    // By whichever identity: a member may go on under a newer epoch, and commit with that.
    void judge_stored(const Told& told, sim::EventSequence sequence) {
        for (const CommitKey& key : told.offsets) {
            findings_.judge();
            const auto stored = stored_.find({key.group, key.offset});
            if (stored != stored_.end() && stored->second > told.invoked) continue;
            findings_.object(
                "commit-not-stored",
                evidence("group", key.group, "member", key.member_id, "generation", key.generation,
                         "partition", key.offset.partition, "offset", key.offset.offset),
                {told.invoked, sequence});
            return;
        }
    }

    // One that was refused in part is told failed, and the rest of it stands: all of it must have
    // taken effect, and nobody else may have asked for the same.
    void judge_failed(model::OperationId operation, const Told& told) {
        Findings::Events events{told.invoked, told.failed};
        for (const CommitKey& offset : told.offsets) {
            const auto effect = effects_.find(offset);
            if (asked_.at(offset) > 1) return;
            if (effect == effects_.end()) return findings_.judge();
            events.push_back(effect->second);
        }
        if (told.offsets.empty()) return;
        findings_.judge();
        const CommitKey& first = told.offsets.front();
        findings_.object("failed-but-committed",
                         evidence("group", first.group, "member", first.member_id, "generation",
                                  first.generation, "partition", first.offset.partition, "offset",
                                  first.offset.offset, "operation", operation),
                         std::move(events));
    }

    static void on_set_back(CommitState& state, model::Offset to, sim::EventSequence sequence) {
        state.set_back_to =
            state.set_back_to == model::no_offset ? to : std::min(state.set_back_to, to);
        state.set_back_event = sequence;
    }

    void on_position_set(const model::PositionSet& set, sim::EventSequence sequence) {
        const std::optional<PositionFault>& fault = book_.position_fault();
        CommitState& state = groups_[set.group][set.partition];
        state.delivered = std::max(state.delivered, set.offset);
        const auto ahead = state.ahead.find(set.client_id);
        if (ahead != state.ahead.end() && ahead->second.offset == set.offset) {
            findings_.allow("committed-beyond-delivered", "a seek, committed first",
                            shown_beyond(set.group, set.partition, ahead->second),
                            {ahead->second.invoked, sequence});
            state.ahead.erase(ahead);
        }
        // A position taken from the committed offset is the group's word, not the application's.
        const bool is_excuse = set.reason != model::PositionReason::committed;
        if (is_excuse && (!fault || fault->cause)) on_set_back(state, set.offset, sequence);
        if (!fault) return;
        findings_.judge();
        if (fault->cause) {
            findings_.allow(fault->type, fault->cause->text, fault->shown, fault->events);
        } else {
            findings_.object(fault->type, fault->shown, fault->events);
        }
    }

    // CommitInvoked or TransactionOffsetsInvoked.
    template <class Invoked>
    void on_invoked(const Invoked& invoked, sim::EventSequence sequence) {
        if (invoked.generation == model::no_generation || invoked.group.empty()) return;
        auto& partitions = groups_[invoked.group];
        for (const model::PartitionOffset& commit : invoked.offsets) {
            CommitState& state = partitions[commit.partition];
            findings_.judge();
            // Whoever seeks twice before it reads is where it went last.
            const auto ahead = state.ahead.find(invoked.member_id);
            if (ahead != state.ahead.end() && !ahead->second.has_read) state.ahead.erase(ahead);
            object_ahead(invoked.group, commit.partition, invoked.member_id);
            if (commit.offset > state.delivered) {
                if (outside_.contains(invoked.member_id)) {
                    state.ahead[invoked.member_id] = {
                        .offset = commit.offset, .delivered = state.delivered, .invoked = sequence};
                    state.delivered = commit.offset;
                } else {
                    object_beyond(invoked.group, commit.partition, commit.offset, state, sequence);
                }
            }
            note_member(invoked, commit.offset, state, sequence);
            if (invoked.generation > state.invocations_of) {
                state.invocations.clear();
                state.invocations_of = invoked.generation;
            }
            if (invoked.generation == state.invocations_of) {
                state.invocations.push_back({.operation = invoked.operation,
                                             .member_id = invoked.member_id,
                                             .offset = commit.offset,
                                             .invoked = sequence});
            }
            open_[invoked.operation].emplace_back(invoked.group, commit.partition);
        }
    }

    template <class Invoked>
    void note_member(const Invoked& invoked, model::Offset offset, CommitState& state,
                     sim::EventSequence sequence) {
        if (const auto fenced =
                fence_of(invoked.group, invoked.member_id, invoked.generation, sequence)) {
            state.fenced.try_emplace({invoked.member_id, Commit{invoked.generation, offset}},
                                     *fenced);
            return;
        }
        Asked& asked = state.asked[invoked.member_id];
        if (asked.generation != invoked.generation) asked = {.generation = invoked.generation};
        asked.offsets.insert(offset);
    }

    // Why what the member asks for must not take effect; nullopt: nothing says so.
    std::optional<Fenced> fence_of(const std::string& group, const std::string& member,
                                   model::GenerationId generation,
                                   sim::EventSequence sequence) const {
        const auto settled = settled_.find(group);
        if (settled != settled_.end() && settled->second.generation > generation) {
            return Fenced{.by = settled->second.event, .coordinator = {}, .invoked = sequence};
        }
        const auto removed = removed_.find({group, member});
        if (removed == removed_.end()) return std::nullopt;
        return Fenced{.by = removed->second.event,
                      .coordinator = removed->second.coordinator,
                      .invoked = sequence};
    }

    // What was asked for before the member was fenced may take effect late.
    // A coordinator that was deposed may have removed members of its successor's.
    static const Fenced* find_fenced(const CommitState& state,
                                     const model::OffsetCommitted& committed, sim::NodeId by) {
        const auto asked = state.asked.find(committed.member_id);
        if (asked != state.asked.end() && asked->second.generation == committed.generation &&
            asked->second.offsets.contains(committed.offset)) {
            return nullptr;
        }
        const auto at = state.fenced.find(
            {committed.member_id, Commit{committed.generation, committed.offset}});
        if (at == state.fenced.end()) return nullptr;
        const auto& coordinator = at->second.coordinator;
        return !coordinator || *coordinator == by ? &at->second : nullptr;
    }

    template <class Completed>
    void on_completed(const Completed& completed, sim::EventSequence sequence) {
        const auto open = open_.find(completed.operation);
        if (open == open_.end()) return;
        if (completed.outcome != model::Outcome::unknown) {
            for (const auto& [group, partition] : open->second) {
                if (Invocation* invocation = find_last(
                        groups_[group][partition],
                        [&](const auto& i) { return i.operation == completed.operation; })) {
                    invocation->answered = sequence;
                }
            }
        }
        open_.erase(open);
    }

    void on_committed(const model::OffsetCommitted& committed, sim::EventSequence sequence,
                      sim::NodeId node) {
        if (committed.generation == model::no_generation) return;
        CommitState& state = groups_[committed.group][committed.partition];
        findings_.judge();
        if (committed.offset > state.delivered) {
            object_beyond(committed.group, committed.partition, committed.offset, state, sequence);
        }
        if (const Fenced* fenced = find_fenced(state, committed, node)) {
            conclude("fenced-commit", committed, state, {fenced->by, fenced->invoked, sequence});
            return;
        }
        if (is_told_late(committed.group, node)) return;
        if (committed.generation < state.generation) {
            conclude("fenced-commit", committed, state, {state.committed_event, sequence});
            return;
        }
        if (committed.generation == state.generation && committed.offset < state.committed) {
            if (!may_go_back(state, committed)) {
                conclude("committed-offset-regressed", committed, state,
                         {state.committed_event, sequence});
            }
            if (state.set_back_to == model::no_offset || state.set_back_to > committed.offset) {
                return;  // an overtaken commit: the higher one stays the measure
            }
        }
        state.generation = committed.generation;
        state.committed = committed.offset;
        state.committed_event = sequence;
        const Invocation* invocation = find_last(state, [&](const Invocation& i) {
            return i.offset == committed.offset && i.member_id == committed.member_id;
        });
        state.is_operation_known = invocation != nullptr;
        if (invocation != nullptr) state.highest_operation = invocation->operation;
        // A commit on its way while the application sought back does not undo the seek.
        if (invocation == nullptr || invocation->invoked > state.set_back_event) {
            state.set_back_to = model::no_offset;
        }
    }

    // Whether somebody who took office after this coordinator did has told of the group's commits.
    // Who takes office anew knows of all that it lost before.
    bool is_told_late(const std::string& group, sim::NodeId coordinator) {
        const auto at = in_office_.find(coordinator);
        const sim::EventSequence since =
            at == in_office_.end() ? sim::EventSequence{0} : at->second;
        sim::EventSequence& latest = told_since_[group];
        if (since < latest) return true;
        latest = since;
        return false;
    }

    // Of a generation's invocations the late ones are asked for.
    template <class Predicate>
    static Invocation* find_last(CommitState& state, const Predicate& predicate) {
        const auto at =
            std::find_if(state.invocations.rbegin(), state.invocations.rend(), predicate);
        return at == state.invocations.rend() ? nullptr : &*at;
    }

    // A group that is made again counts its generations anew; what it was handed stays handed.
    void on_dead(const std::string& group) {
        settled_.erase(group);
        std::erase_if(removed_, [&](const auto& entry) { return entry.first.first == group; });
        for (auto& [partition, state] : groups_[group]) {
            const model::Offset delivered = state.delivered;
            state = CommitState{.ahead = std::move(state.ahead)};
            state.delivered = delivered;
        }
    }

    // Whether the lower commit `low` may take effect after the one that stands.
    static bool may_go_back(const CommitState& state, const model::OffsetCommitted& low) {
        if (state.set_back_to != model::no_offset && state.set_back_to <= low.offset) return true;
        if (!state.is_operation_known) return false;
        const auto high =
            std::ranges::find(state.invocations, state.highest_operation, &Invocation::operation);
        if (high == state.invocations.end() || high->answered.value() == 0) return true;
        return std::ranges::any_of(state.invocations, [&](const Invocation& invocation) {
            return invocation.offset == low.offset && invocation.member_id == low.member_id &&
                   invocation.invoked < high->answered;
        });
    }

    static Evidence shown_beyond(const std::string& group, const model::TopicPartition& partition,
                                 const Ahead& ahead) {
        return evidence("group", group, "partition", partition, "committed", ahead.offset,
                        "delivered", ahead.delivered);
    }

    void object_beyond(const std::string& group, const model::TopicPartition& partition,
                       model::Offset offset, CommitState& state, sim::EventSequence sequence) {
        findings_.object(
            "committed-beyond-delivered",
            shown_beyond(group, partition, {.offset = offset, .delivered = state.delivered}),
            {sequence});
        state.delivered = offset;  // its effect is no second anomaly
    }

    // The member did not go where it had committed.
    void object_ahead(const std::string& group, const model::TopicPartition& partition,
                      const std::string& member) {
        CommitState& state = groups_[group][partition];
        const auto ahead = state.ahead.find(member);
        if (ahead == state.ahead.end()) return;
        findings_.object("committed-beyond-delivered",
                         shown_beyond(group, partition, ahead->second), {ahead->second.invoked});
        state.ahead.erase(ahead);
    }

    void conclude(std::string_view type, const model::OffsetCommitted& committed,
                  const CommitState& state, Findings::Events events) {
        Evidence shown = evidence("group", committed.group, "partition", committed.partition,
                                  "member", committed.member_id, "generation", committed.generation,
                                  "offset", committed.offset, "earlier_generation",
                                  state.generation, "earlier_offset", state.committed);
        if (const auto cause = book_.allowance().of_truncation_anywhere(model::offsets_topic,
                                                                        sim::EventSequence{0})) {
            events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object(type, std::move(shown), std::move(events));
        }
    }

    const Casebook& book_;
    std::map<std::string, std::map<model::TopicPartition, CommitState>> groups_;
    std::map<model::OperationId, std::vector<std::pair<std::string, model::TopicPartition>>> open_;
    std::map<model::OperationId, Told> told_;  // commits, and what became of them
    std::map<CommitKey, std::size_t> asked_;   // how often
    // When an offset of a group took effect last.
    std::map<std::pair<std::string, model::PartitionOffset>, sim::EventSequence> stored_;
    std::map<CommitKey, sim::EventSequence> effects_;       // the first of each
    std::map<sim::NodeId, sim::EventSequence> in_office_;   // since when, as a coordinator
    std::map<std::string, sim::EventSequence> told_since_;  // of the last who told of a commit
    std::map<std::string, Settled> settled_;  // in which generation each group did last
    std::map<std::pair<std::string, std::string>, RemovedMember> removed_;  // group, member
    std::set<std::string> outside_;  // members that are clients from outside
    Findings findings_{"committed-offset"};
};

}  // namespace

std::unique_ptr<Checker> make_committed_offset(const Casebook& book) {
    return std::make_unique<CommittedOffset>(book);
}

}  // namespace squall::checkers
