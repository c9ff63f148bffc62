// delivery: what a group left out, and what it was handed twice.
//
//   skipped     a record known to exist lies between the first position of the group and its
//               highest committed offset, and was handed to no member
//   redelivery  an offset was handed to the group again
//
// Records known to exist: what the running in-sync replicas hold below the last high watermark, or,
// where a partition was not audited, the acknowledged sends; for groups with read_committed members
// without the records of transactions that are not committed. At-least-once, per group;
// exactly-once is nobody's promise here. What was handed out only for transactions that did not
// commit (taken_back.h) was handed to no one.
//
// What was handed out at an offset before the log was cut off there is not what the log holds now:
// a member that reads on in the new one, and was not put back first, has skipped what is there
// (KIP-320). In a partition that was added to a topic when the group read that already, a group
// begins at the start of the log.
//
// A reset excuses nothing by itself, if the group had no reason for it (group_positions.h).
//
// skipped is allowed where a position of the group was set from before the record to beyond it by
// 'reset to latest' (by the safe contract not in a partition that was added: zoo Z84), by a 'seek'
// of the application, or by a change of the log that removed it (checkers/allowance.h); what came
// into the log anew, where a position was set beyond it after what stood there before was handed
// out. redelivery is allowed when, after the record was handed before, the group
// saw a crash of a member's node, a seek, a reset or truncation, a failed commit, or a rebalance of
// that partition; each is named as the cause. Without any, it is an objection. A zombie, which
// polls in an older generation than the group has reached, or whose place another process has under
// its group.instance.id, has not been told yet: what it is handed again is allowed, too, and it
// makes nobody else's delivery a second one.
#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "checkers/taken_back.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"

namespace squall::checkers {

namespace {

// Which offsets were handed out, how often, and when last: dense pages, since logs are.
class HandedOffsets {
  public:
    // "Handed, and any cause came later."
    static constexpr sim::EventSequence long_ago{1};

    // Returns the event that handed this offset last, 0 for none.
    sim::EventSequence hand(const model::PolledRecord& record, sim::EventSequence event) {
        return std::exchange(count(record).last, event);
    }
    // As of long ago, unless it was handed later.
    sim::EventSequence hand_to_zombie(const model::PolledRecord& record) {
        Handed& handed = count(record);
        return std::exchange(handed.last, std::max(handed.last, long_ago));
    }
    std::uint32_t times(model::Offset offset) const {
        const Handed* const handed = find(offset);
        return handed == nullptr ? 0 : handed->times;
    }
    sim::EventSequence last(model::Offset offset) const {
        const Handed* const handed = find(offset);
        return handed == nullptr ? sim::EventSequence{0} : handed->last;
    }
    // Whether what was handed at the offset was this, once at least.
    bool was(model::Offset offset, model::RecordId record) const {
        const Handed* const handed = find(offset);
        if (handed == nullptr || handed->times == 0) return false;
        return handed->record == record || others_.contains({offset, record});
    }

  private:
    struct Handed {
        sim::EventSequence last{0};
        std::uint32_t times = 0;
        model::RecordId record;  // the first time
    };
    static constexpr std::int64_t page_size = 64;
    using Page = std::array<Handed, page_size>;

    Handed& count(const model::PolledRecord& record) {
        Handed& handed = pages_[record.offset.value() / page_size]
                               [static_cast<std::size_t>(record.offset.value() % page_size)];
        if (++handed.times == 1) {
            handed.record = record.record;
        } else if (handed.record != record.record) {
            others_.emplace(record.offset, record.record);
        }
        return handed;
    }
    const Handed* find(model::Offset offset) const {
        const auto page = pages_.find(offset.value() / page_size);
        if (page == pages_.end()) return nullptr;
        return &page->second[static_cast<std::size_t>(offset.value() % page_size)];
    }

    std::map<std::int64_t, Page> pages_;
    std::set<std::pair<model::Offset, model::RecordId>> others_;  // in place of the first
};

const std::map<model::Offset, std::uint32_t> nothing_undone;

struct Jump {
    model::Offset from;  // where the consumer had got to; 0 if nowhere
    model::Offset to;
    std::string_view cause;
    sim::EventSequence event;
    // Nothing was committed in a partition that came when the group read its topic already.
    bool is_into_added = false;
};

// What the log holds.
struct KnownRecord {
    sim::EventSequence event;
    model::RecordId record;
};
using KnownRecords = std::map<model::Offset, KnownRecord>;

struct DeliveryState {
    std::optional<model::Offset> first;  // where the group began
    model::Offset committed = model::no_offset;
    sim::EventSequence committed_event{0};
    HandedOffsets handed;
    std::vector<Jump> jumps;  // positions set past unread records
    std::vector<Jump> sets;   // all positions, but for those that a truncation led to
    // Last events after which reading again is legal.
    sim::EventSequence sought{0}, reset{0}, rebalanced{0}, commit_failed{0};
};

struct GroupState {
    std::map<model::TopicPartition, DeliveryState> partitions;
    std::set<sim::NodeId> nodes;                                // of its members
    std::map<std::string, sim::EventSequence> reading_since{};  // topics
    // Members whose place another process has, in the same generation (KIP-345).
    std::map<std::string, sim::EventSequence> replaced{};
    bool reads_committed = false;
    sim::EventSequence crashed{0};
    model::GenerationId generation = model::no_generation;  // the highest that anybody told
    sim::EventSequence generation_event{0};

    void reach(model::GenerationId told, sim::EventSequence event) {
        if (told <= generation) return;
        generation = told;
        generation_event = event;
    }
    // Since when the member that polls is none any more, which it has not been told; 0: it is one.
    sim::EventSequence zombie_since(const model::RecordsPolled& polled) const {
        const auto out = replaced.find(polled.member_id);
        if (out != replaced.end()) return out->second;
        const bool is_late =
            polled.generation != model::no_generation && polled.generation < generation;
        return is_late ? generation_event : sim::EventSequence{0};
    }
};

class Delivery final : public Checker {
  public:
    explicit Delivery(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "delivery"; }

    using Shown =
        sim::EventOf<model::TransactionOffsetsInvoked, model::RecordsPolled, model::PositionSet,
                     model::AssignmentChanged, model::GroupStateChanged, model::OffsetCommitted,
                     model::CommitInvoked, model::CommitCompleted, model::ConsumerConfigured,
                     model::MemberRemoved, model::MemberReconciled, model::PartitionChanged,
                     sim::NodeStopped>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        taken_back_.observe(event);
        if (const auto* polled = event.as<model::RecordsPolled>()) {
            if (!polled->group.empty()) on_polled(*polled, event);
        } else if (const auto* set = event.as<model::PositionSet>()) {
            const bool is_sound = !book_.position_fault() || book_.position_fault()->cause;
            if (!set->group.empty()) on_position_set(*set, is_sound, event);
        } else if (const auto* changed = event.as<model::AssignmentChanged>()) {
            if (changed->group.empty()) return;
            GroupState& group = groups_[changed->group];
            group.nodes.insert(event.node);
            if (changed->change == model::AssignmentChange::assigned) {
                group.reach(changed->generation, event.sequence);
            }
            for (const auto& partition : changed->partitions) {
                group.reading_since.try_emplace(partition.topic, event.sequence);
                group.partitions[partition].rebalanced = event.sequence;
                positions_.erase({changed->client_id, partition});
            }
        } else if (const auto* told = event.as<model::GroupStateChanged>()) {
            // A group that is made again counts its generations anew.
            if (told->to == "Dead") groups_[told->group].generation = model::no_generation;
        } else if (const auto* removed = event.as<model::MemberRemoved>()) {
            if (removed->reason != "replaced") return;
            groups_[removed->group].replaced[removed->member_id] = event.sequence;
        } else if (const auto* reconciled = event.as<model::MemberReconciled>()) {
            groups_[reconciled->group].replaced.erase(reconciled->member_id);
        } else if (const auto* committed = event.as<model::OffsetCommitted>()) {
            DeliveryState& state = groups_[committed->group].partitions[committed->partition];
            if (committed->offset > state.committed) {
                state.committed = committed->offset;
                state.committed_event = event.sequence;
            }
        } else if (const auto* invoked = event.as<model::CommitInvoked>()) {
            auto& open = open_commits_[invoked->operation];
            open.first = invoked->group;
            for (const auto& commit : invoked->offsets) open.second.push_back(commit.partition);
        } else if (const auto* completed = event.as<model::CommitCompleted>()) {
            on_commit_completed(*completed, event.sequence);
        } else if (const auto* configured = event.as<model::ConsumerConfigured>()) {
            if (configured->read_committed && !configured->group.empty()) {
                groups_[configured->group].reads_committed = true;
            }
        } else if (const auto* told_of = event.as<model::PartitionChanged>()) {
            if (told_of->reason == "partitions added") {
                added_.try_emplace(told_of->partition, event.sequence);
            }
        } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
            if (stopped->reason == sim::StopReason::end_of_run) return;
            for (auto& [name, group] : groups_) {
                if (group.nodes.contains(event.node)) group.crashed = event.sequence;
            }
        }
    }

    CheckerReport finish() override {
        if (groups_.empty()) return findings_.report();
        std::map<model::TopicPartition, KnownRecords> known;
        book_.audit().visit_settled([&](const model::TopicPartition& partition, model::BrokerId,
                                        const AuditedLogs::Row& row) {
            known[partition].try_emplace(row.offset, KnownRecord{row.event, row.record});
        });
        for (const Send& send : book_.history().sends()) {
            if (!send.is_acknowledged() ||
                book_.audit().is_audited(book_.history().partition(send)))
                continue;
            known[book_.history().partition(send)].try_emplace(
                send.offset, KnownRecord{send.completed, send.record});
        }
        const TakenBack::Counts taken_back = taken_back_.count(book_.transactions());
        for (const auto& [name, group] : groups_) {
            for (const auto& [partition, state] : group.partitions) {
                const auto records = known.find(partition);
                if (records == known.end()) continue;
                const auto undone = taken_back.find({name, partition});
                judge_skips(name, group.reads_committed, partition, state, records->second,
                            undone == taken_back.end() ? nothing_undone : undone->second);
                if (!book_.audit().is_audited(partition)) continue;
                judge_what_came_anew(name, group.reads_committed, partition, state,
                                     records->second);
            }
        }
        return findings_.report();
    }

  private:
    void on_polled(const model::RecordsPolled& polled, const sim::Event& event) {
        GroupState& group = groups_[polled.group];
        group.nodes.insert(event.node);
        group.reach(polled.generation, event.sequence);
        const sim::EventSequence zombie_since = group.zombie_since(polled);
        const bool is_zombie = zombie_since.value() != 0;
        DeliveryState& state = group.partitions[polled.partition];
        if (!state.first) state.first = polled.position;
        positions_[{polled.client_id, polled.partition}] = polled.next_position;
        sim::EventSequence latest{0};
        model::Offset from = model::no_offset;
        model::Offset to = model::no_offset;
        std::uint64_t again = 0;
        for (const model::PolledRecord& record : polled.records) {
            const sim::EventSequence before = is_zombie ? state.handed.hand_to_zombie(record)
                                                        : state.handed.hand(record, event.sequence);
            if (before.value() == 0) continue;
            if (again++ == 0) from = record.offset;
            to = record.offset;
            latest = std::max(latest, before);
        }
        findings_.judge();
        if (again == 0) return;
        Evidence shown =
            evidence("group", polled.group, "partition", polled.partition, "client",
                     polled.client_id, "first_offset", from, "last_offset", to, "records", again);
        if (is_zombie) {
            findings_.allow("redelivery", "zombie", std::move(shown),
                            {latest, zombie_since, event.sequence}, again);
        } else if (const auto cause = cause_of_redelivery(group, state, latest)) {
            findings_.allow("redelivery", cause->text, std::move(shown),
                            {latest, cause->event, event.sequence}, again);
        } else {
            findings_.object("redelivery", std::move(shown), {latest, event.sequence});
        }
    }

    static std::optional<Cause> cause_of_redelivery(const GroupState& group,
                                                    const DeliveryState& state,
                                                    sim::EventSequence handed) {
        // The most telling one first: most of them end in a rebalance.
        for (const Cause& cause :
             {Cause{"crash", group.crashed}, Cause{"seek", state.sought},
              Cause{"reset or truncation", state.reset},
              Cause{"failed commit", state.commit_failed}, Cause{"rebalance", state.rebalanced}}) {
            if (cause.event > handed) return cause;
        }
        return std::nullopt;
    }

    // A position that is not `is_sound` is no excuse.
    void on_position_set(const model::PositionSet& set, bool is_sound, const sim::Event& event) {
        GroupState& group = groups_[set.group];
        group.nodes.insert(event.node);
        DeliveryState& state = group.partitions[set.partition];
        const bool is_into_added =
            set.cause == model::ResetCause::no_commit && is_added_later(group, set.partition);
        const bool begins_at_latest = set.reason == model::PositionReason::reset_latest;
        if (!state.first) {
            state.first = is_into_added && begins_at_latest ? model::Offset{0} : set.offset;
        }
        const auto position = positions_.find({set.client_id, set.partition});
        const model::Offset from =
            position == positions_.end() ? model::Offset{0} : position->second;
        positions_[{set.client_id, set.partition}] = set.offset;
        if (!is_sound) return;
        Jump jump{from, set.offset, "", event.sequence, is_into_added};
        using enum model::PositionReason;
        switch (set.reason) {
            case committed:
                jump.cause = "position from a commit";
                break;
            case seek:
                jump.cause = "seek";
                state.sought = event.sequence;
                state.jumps.push_back(jump);
                break;
            case reset_latest:
                jump.cause = "reset to latest";
                state.reset = event.sequence;
                state.jumps.push_back(jump);
                break;
            case reset_earliest:
                jump.cause = "reset to earliest";
                state.reset = event.sequence;
                break;
            case truncation:
                state.reset = event.sequence;
                return;
        }
        state.sets.push_back(jump);
    }

    bool is_added_later(const GroupState& group, const model::TopicPartition& partition) const {
        const auto added = added_.find(partition);
        const auto since = group.reading_since.find(partition.topic);
        return added != added_.end() && since != group.reading_since.end() &&
               since->second < added->second;
    }

    void on_commit_completed(const model::CommitCompleted& completed, sim::EventSequence sequence) {
        const auto open = open_commits_.find(completed.operation);
        if (open == open_commits_.end()) return;
        if (completed.outcome != model::Outcome::ok) {
            auto& partitions = groups_[open->second.first].partitions;
            for (const auto& partition : open->second.second) {
                partitions[partition].commit_failed = sequence;
            }
        }
        open_commits_.erase(open);
    }

    // A record that a read_committed consumer is not to be handed, or for all we know is not.
    bool is_hidden(const model::TopicPartition& partition, model::Offset offset) const {
        const NumberedLog* log = book_.numbered_logs().leader_log(partition);
        const NumberedBatch* batch = log == nullptr ? nullptr : log->find(offset);
        if (batch == nullptr) return false;
        const Fate fate = log->fate_of(*batch);
        return fate != Fate::plain && fate != Fate::committed;
    }

    void judge_skips(const std::string& group, bool reads_committed,
                     const model::TopicPartition& partition, const DeliveryState& state,
                     const KnownRecords& records,
                     const std::map<model::Offset, std::uint32_t>& taken_back) {
        if (!state.first) return;
        for (auto at = records.lower_bound(*state.first);
             at != records.end() && at->first < state.committed; ++at) {
            const model::Offset offset = at->first;
            const sim::EventSequence told = at->second.event;
            if (reads_committed && is_hidden(partition, offset)) continue;
            findings_.judge();
            const auto undone = taken_back.find(offset);
            const std::uint32_t for_nothing = undone == taken_back.end() ? 0 : undone->second;
            if (state.handed.times(offset) > for_nothing) continue;
            Evidence shown = evidence("group", group, "partition", partition, "offset", offset,
                                      "committed", state.committed);
            if (for_nothing > 0) shown.emplace_back("taken_back", std::to_string(for_nothing));
            if (const auto cause = cause_of_skip(partition, state, offset)) {
                findings_.allow("skipped", cause->text, std::move(shown),
                                {told, cause->event, state.committed_event});
            } else {
                findings_.object("skipped", std::move(shown), {told, state.committed_event});
            }
        }
    }

    // Whoever was handed what the log holds at some offset, read it in a log that held all that is
    // below as it is now.
    void judge_what_came_anew(const std::string& group, bool reads_committed,
                              const model::TopicPartition& partition, const DeliveryState& state,
                              const KnownRecords& records) {
        if (!state.first) return;
        const auto is_as_it_is = [&](const auto& row) {
            return state.handed.was(row.first, row.second.record);
        };
        auto behind = records.lower_bound(state.committed);
        while (behind != records.begin() && !is_as_it_is(*std::prev(behind))) --behind;
        if (behind == records.begin()) return;
        const model::Offset seen_to = std::prev(behind)->first;
        for (auto at = records.lower_bound(*state.first);
             at != records.end() && at->first < seen_to; ++at) {
            const auto& [offset, known] = *at;
            if (state.handed.times(offset) == 0 || is_as_it_is(*at)) continue;
            if (reads_committed && is_hidden(partition, offset)) continue;
            findings_.judge();
            Evidence shown = evidence("group", group, "partition", partition, "offset", offset,
                                      "committed", state.committed, "record", known.record);
            const sim::EventSequence before = state.handed.last(offset);
            if (const auto cause = cause_of_passing(partition, state, offset, before)) {
                findings_.allow("skipped", cause->text, std::move(shown),
                                {before, cause->event, known.event});
            } else {
                findings_.object("skipped", std::move(shown), {before, known.event});
            }
        }
    }

    std::optional<Cause> cause_of_passing(const model::TopicPartition& partition,
                                          const DeliveryState& state, model::Offset offset,
                                          sim::EventSequence since) const {
        for (const Jump& set : state.sets) {
            if (set.event > since && offset < set.to) return Cause{set.cause, set.event};
        }
        return book_.allowance().of_removal(partition, offset);
    }

    std::optional<Cause> cause_of_skip(const model::TopicPartition& partition,
                                       const DeliveryState& state, model::Offset offset) const {
        for (const Jump& jump : state.jumps) {
            if (jump.is_into_added && book_.contract() == Contract::safe) continue;
            if (jump.from <= offset && offset < jump.to) return Cause{jump.cause, jump.event};
        }
        if (const auto cause = book_.allowance().of_removal(partition, offset)) return cause;
        return book_.allowance().of_truncation(partition, sim::EventSequence{0});
    }

    const Casebook& book_;
    std::map<std::string, GroupState> groups_;
    std::map<model::TopicPartition, sim::EventSequence> added_;
    TakenBack taken_back_;
    std::map<std::pair<std::string, model::TopicPartition>, model::Offset>
        positions_;  // of clients
    std::map<model::OperationId, std::pair<std::string, std::vector<model::TopicPartition>>>
        open_commits_;
    Findings findings_{"delivery"};
};

}  // namespace

std::unique_ptr<Checker> make_delivery(const Casebook& book) {
    return std::make_unique<Delivery>(book);
}

}  // namespace squall::checkers
