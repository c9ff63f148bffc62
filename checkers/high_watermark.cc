// high-watermark: below it everything is safe, and nobody reads above it.
//
//   high-watermark-regressed     a replica's high watermark went back within one incarnation and
//                                leader epoch
//   high-watermark-ahead         a leader's high watermark passed the log end of a member of its
//                                maximal in-sync set, or of the controller's (ValidHighWatermark);
//                                or the controller's set, as it was decided, has a member that does
//                                not reach what was committed
//   in-sync-member-differs       such a member holds another batch than is committed there
//                                (StrongIsr)
//   follower-differs             a follower's high watermark passed a committed batch that it holds
//                                otherwise: it would serve its own (KIP-392, KAFKA-14704)
//   leader-incomplete            a later leader lacks a batch that lay below an earlier leader's
//                                high watermark (Raft's leader completeness)
//   below-min-isr                a leader's high watermark advanced, so that acks=all is answered,
//                                while the controller's latest in-sync set that the leader had been
//                                told was smaller than min(min.insync.replicas, replication factor)
//   high-watermark-assumed       a replica began a new role with a higher one than any leader had
//                                got to
//   read-above-high-watermark    a client was served, or handed, offsets at or above it; or above
//                                the last stable offset when it asked for read_committed; or a
//                                coordinator took office on records that lay above it
//   high-watermark-overstated    a fetch was answered with a higher watermark than the broker has,
//                                or a client was told that the log ends above it
//   listed-end-regressed         a client was told that a partition ends lower than some client had
//                                been told before by a leader of the same epoch or an earlier one
//                                (KIP-207); each isolation level has an end of its own
//
// A member is judged only if it runs, was registered since it was last started, and has been let
// into the in-sync set, or the leader took its role, after that: of a member that came back
// meanwhile, leaders may still count what it held before. Of min.insync.replicas the lowest value
// counts that was in force since the leader was elected: when it hears of a change is not told.
// Where a change takes back what a topic was given, or is of brokers, one is enough. Allowed: lost
// batches after an unclean election (configured contract), or after the whole in-sync set lost
// unflushed data: an election in a later epoch than the one that committed them, counted them or
// told of them, and a loss after that. (hachikuji/kafka-specification; KIP-101, KIP-279, KIP-497,
// KIP-966.)
#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "checkers/invariants.h"
#include "model/events/client_events.h"
#include "model/events/group_events.h"

namespace squall::checkers {

namespace {

constexpr model::LeaderEpoch any_epoch{std::numeric_limits<std::int32_t>::max()};

// A batch that some leader saw below its high watermark.
struct Committed {
    BatchIdentity batch;
    model::LeaderEpoch by;  // the epoch of that leader
    sim::EventSequence event;
};

struct Replica {
    sim::Incarnation incarnation{0};
    model::LeaderEpoch leader_epoch = model::no_leader_epoch;
    model::Offset high_watermark{0};
    model::Offset highest{0};  // of this incarnation
    sim::EventSequence event{0};
    bool began_empty = false;  // took a role before anything was in its log
    bool is_leader = false;
    model::Offset led_from{0};        // where its log ended when it took its last role
    sim::EventSequence led_since{0};  // when it became leader, over all epochs it led in a row
    model::Offset matched{0};         // its log holds all of Committed below this offset
    model::Offset missing = model::no_offset;  // what it was found without, as a member

    // Its high watermark is `to` from now on.
    void stand_at(model::Offset to, const sim::Event& since) {
        if (incarnation != since.incarnation) {
            incarnation = since.incarnation;
            highest = to;
        }
        high_watermark = to;
        highest = std::max(highest, to);
        event = since.sequence;
    }
};

// Of the controller, on one partition.
struct Decision {
    std::size_t in_sync = 0;
    std::size_t replicas = 0;
    sim::EventSequence event;
};

// The highest end of a partition that clients were told in one leader epoch.
struct ListedEnd {
    model::Offset offset;
    sim::EventSequence event;
};

// The topic's id: a deposed leader may still answer for one that was deleted and made again.
using EndKey = std::tuple<model::TopicPartition, model::Uuid, bool /* read_committed */>;

// min.insync.replicas of a topic, from an event on.
struct MinInSync {
    std::size_t replicas;
    sim::EventSequence since;
};

struct WatermarkState {
    std::vector<Committed> committed;            // in order of offset
    model::Offset announced = model::no_offset;  // the highest anybody told
    std::map<model::BrokerId, Replica> replicas;
    model::BrokerId leader = model::no_broker;                    // as the controller decided last
    std::map<model::BrokerId, sim::EventSequence> in_sync_since;  // members of the ISR
    std::map<model::PartitionEpoch, Decision> decisions;
    std::map<model::LeaderEpoch, sim::EventSequence> elected;  // the first decision of each

    model::Offset committed_end() const {
        return committed.empty() ? model::Offset{0} : committed.back().batch.last_offset.next();
    }
};

class HighWatermark final : public Checker {
  public:
    explicit HighWatermark(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "high-watermark"; }

    using Shown = sim::EventOf<model::BatchAppended, model::LogTruncated, model::LogStartAdvanced,
                               model::LogCleaned, model::FetchServed, model::OffsetListed,
                               model::HighWatermarkAdvanced, model::RoleTaken, model::RecordsPolled,
                               model::CoordinatorChanged, model::LogOpened, model::PartitionChanged,
                               model::BrokerRegistered, model::TopicCreated, model::ConfigChanged>;
    bool looks_at(const sim::EventKind& kind) const override { return Shown::includes(kind); }
    void observe(const sim::Event& any) override {
        const Shown event(any);
        if (const auto* served = event.as<model::FetchServed>()) {
            on_fetch_served(*served, event);
            return;
        }
        if (const auto* listed = event.as<model::OffsetListed>()) {
            on_offset_listed(*listed, event);
            return;
        }
        if (const ReplicaLogs::Change* change = book_.log_change()) on_log_changed(*change);
        if (const auto* moved = event.as<model::HighWatermarkAdvanced>()) {
            on_moved(*moved, event);
        } else if (const auto* taken = event.as<model::RoleTaken>()) {
            judge_assumed(taken->partition, taken->broker, taken->high_watermark, event.sequence);
            on_role_taken(*taken, event);
        } else if (const auto* coordinator = event.as<model::CoordinatorChanged>()) {
            if (coordinator->active) judge_coordinator(*coordinator, event);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            on_polled(*polled, event.sequence);
        } else if (const auto* opened = event.as<model::LogOpened>()) {
            // A checkpoint may be of a topic of the same name that is gone: nobody is told it yet.
            Replica& replica = partitions_[opened->partition].replicas[opened->broker];
            replica.stand_at(opened->high_watermark, event);
            replica.leader_epoch = model::no_leader_epoch;
        } else if (const auto* changed = event.as<model::PartitionChanged>()) {
            on_partition_changed(*changed, event.sequence);
        } else if (const auto* registered = event.as<model::BrokerRegistered>()) {
            registered_[registered->broker] = event.sequence;
        } else if (const auto* created = event.as<model::TopicCreated>()) {
            on_topic_created(*created, event.sequence);
        } else if (const auto* config = event.as<model::ConfigChanged>()) {
            on_config_changed(*config, event.sequence);
        }
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    static void announce(WatermarkState& partition, Replica& replica, const sim::Event& event,
                         model::Offset to) {
        replica.stand_at(to, event);
        partition.announced = std::max(partition.announced, to);
    }

    // What no leader ever counted is not committed, however it got into a log.
    void judge_assumed(const model::TopicPartition& name, model::BrokerId broker,
                       model::Offset high_watermark, sim::EventSequence sequence) {
        if (high_watermark <= model::Offset{0}) return;
        const WatermarkState& partition = partitions_[name];
        findings_.judge();
        if (high_watermark <= partition.announced) return;
        findings_.object("high-watermark-assumed",
                         evidence("partition", name, "broker", broker, "high_watermark",
                                  high_watermark, "announced", partition.announced),
                         {sequence});
    }

    // It answers by what it read: all that lay in its log when it began to lead.
    void judge_coordinator(const model::CoordinatorChanged& began, const sim::Event& event) {
        const Replica* const replica = replica_of(began.partition, began.broker, event);
        if (replica == nullptr || !replica->is_leader ||
            replica->leader_epoch != began.leader_epoch) {
            return;
        }
        findings_.judge();
        if (replica->high_watermark >= replica->led_from) return;
        findings_.object("read-above-high-watermark",
                         evidence("partition", began.partition, "coordinator", began.broker,
                                  "leader_epoch", began.leader_epoch, "read_up_to",
                                  replica->led_from, "high_watermark", replica->high_watermark),
                         {replica->event, event.sequence});
    }

    void on_log_changed(const ReplicaLogs::Change& change) {
        using Kind = ReplicaLogs::Change::Kind;
        if (change.kind == Kind::appended) return;
        WatermarkState& partition = partitions_[change.key->first];
        if (change.kind == Kind::cleaned) {
            // What compaction may have written anew is not what was committed, and need not be.
            const auto kept = std::ranges::find_if(partition.committed, [&](const Committed& c) {
                return c.batch.last_offset >= change.cleaned_to;
            });
            partition.committed.erase(partition.committed.begin(), kept);
            return;
        }
        Replica& replica = partition.replicas[change.key->second];
        if (change.kind == Kind::deleted) {
            replica = Replica{};
            return;
        }
        if (change.kind == Kind::started_later) {
            // The high watermark of a log never lies before its start.
            replica.high_watermark = std::max(replica.high_watermark, change.log->start());
            replica.highest = std::max(replica.highest, change.log->start());
            partition.announced = std::max(partition.announced, change.log->start());
            return;
        }
        replica.matched = std::min(replica.matched, change.log->end());
        if (change.kind == Kind::overwritten && !change.log->entries().empty()) {
            replica.matched =
                std::min(replica.matched, change.log->entries().back().batch.base_offset);
        }
        if (change.kind == Kind::truncated) {
            // A log that starts anew at another place takes its high watermark with it.
            if (change.log->start() == change.log->end()) {
                replica.highest = std::max(replica.highest, change.log->start());
                partition.announced = std::max(partition.announced, change.log->start());
            }
            replica.high_watermark = std::min(replica.high_watermark, change.log->end());
        }
    }

    void on_moved(const model::HighWatermarkAdvanced& moved, const sim::Event& event) {
        WatermarkState& partition = partitions_[moved.partition];
        Replica& replica = partition.replicas[moved.broker];
        findings_.judge();
        const bool is_same_reign =
            replica.incarnation == event.incarnation && replica.leader_epoch == moved.leader_epoch;
        if (!invariants::is_monotonic(moved.from, moved.to) ||
            (is_same_reign && !invariants::is_monotonic(replica.high_watermark, moved.to))) {
            findings_.object("high-watermark-regressed",
                             evidence("partition", moved.partition, "broker", moved.broker,
                                      "leader_epoch", moved.leader_epoch, "from",
                                      std::max(moved.from, replica.high_watermark), "to", moved.to),
                             {replica.event, event.sequence});
        }
        announce(partition, replica, event, moved.to);
        replica.leader_epoch = moved.leader_epoch;
        if (moved.role != model::ReplicaRole::leader) {
            const ReplicaLog* log = book_.replica_logs().find(moved.partition, moved.broker);
            if (log != nullptr && !log->may_be_shorter()) {
                judge_content("follower-differs", partition, moved, moved.broker, event.sequence);
            }
            return;
        }
        judge_min_in_sync(partition, moved, event.sequence);
        // Whom the leader counts, and whom the controller does, whether it has heard or not.
        std::vector<model::BrokerId> members = moved.maximal_isr;
        for (const auto& [member, since] : partition.in_sync_since) {
            if (std::ranges::find(members, member) == members.end()) members.push_back(member);
        }
        std::vector<model::BrokerId> reached;
        for (const model::BrokerId member : members) {
            if (has_reached(partition, replica, moved, member, event.sequence)) {
                reached.push_back(member);
            }
        }
        commit(partition, moved, event.sequence);
        for (const model::BrokerId member : reached) {
            judge_content("in-sync-member-differs", partition, moved, member, event.sequence);
        }
    }

    // The lowest that was in force since the election of `epoch`; nothing where it was never told.
    std::optional<std::size_t> min_in_sync(const WatermarkState& partition,
                                           const std::string& topic,
                                           model::LeaderEpoch epoch) const {
        const auto told = min_in_sync_.find(topic);
        const auto elected = partition.elected.find(epoch);
        if (told == min_in_sync_.end() || elected == partition.elected.end()) return std::nullopt;
        std::optional<std::size_t> lowest;
        for (auto at = told->second.rbegin(); at != told->second.rend(); ++at) {
            lowest = lowest ? std::min(*lowest, at->replicas) : at->replicas;
            if (at->since < elected->second) break;
        }
        return lowest;
    }

    void judge_min_in_sync(const WatermarkState& partition,
                           const model::HighWatermarkAdvanced& moved, sim::EventSequence sequence) {
        const auto decision = partition.decisions.find(moved.partition_epoch);
        const auto required = min_in_sync(partition, moved.partition.topic, moved.leader_epoch);
        if (decision == partition.decisions.end() || !required) return;
        findings_.judge();
        const std::size_t effective = std::min(*required, decision->second.replicas);
        if (decision->second.in_sync >= effective) return;
        findings_.object(
            "below-min-isr",
            evidence("partition", moved.partition, "leader", moved.broker, "leader_epoch",
                     moved.leader_epoch, "partition_epoch", moved.partition_epoch, "in_sync",
                     decision->second.in_sync, "required", effective, "high_watermark", moved.to),
            {decision->second.event, sequence});
    }

    // Whether it is known that the member's log goes that far; judged if it is known how far it
    // goes.
    bool has_reached(const WatermarkState& partition, const Replica& leader,
                     const model::HighWatermarkAdvanced& moved, model::BrokerId member,
                     sim::EventSequence sequence) {
        static const ReplicaLog empty;
        const ReplicaLog* log = book_.replica_logs().find(moved.partition, member);
        const auto told = partition.replicas.find(member);
        if (log == nullptr && told != partition.replicas.end() && told->second.began_empty) {
            log = &empty;
        }
        const ClusterView::Node* node = book_.cluster().broker(member);
        if (log == nullptr || node == nullptr || !node->is_up || log->may_be_shorter()) {
            return false;
        }
        const auto in_sync = partition.in_sync_since.find(member);
        const sim::EventSequence counted_since = std::max(
            leader.led_since,
            in_sync == partition.in_sync_since.end() ? sim::EventSequence{0} : in_sync->second);
        if (member != moved.broker &&
            (node->started > counted_since || !is_registered(member, *node))) {
            return false;
        }
        findings_.judge();
        if (invariants::is_reached(moved.to, log->end())) return log != &empty;
        Evidence shown = evidence("partition", moved.partition, "leader", moved.broker,
                                  "leader_epoch", moved.leader_epoch, "high_watermark", moved.to,
                                  "member", member, "member_log_end", log->end());
        if (const auto cause = book_.allowance().of_incomplete_leader(
                moved.partition, moved.leader_epoch, any_epoch, counted_since)) {
            findings_.allow("high-watermark-ahead", cause->text, std::move(shown),
                            {cause->event, sequence});
        } else {
            findings_.object("high-watermark-ahead", std::move(shown), {sequence});
        }
        return false;
    }

    // A replica that reaches as far holds the same.
    void judge_content(std::string_view type, WatermarkState& partition,
                       const model::HighWatermarkAdvanced& moved, model::BrokerId member,
                       sim::EventSequence sequence) {
        const ReplicaLog& log = *book_.replica_logs().find(moved.partition, member);
        Replica& replica = partition.replicas[member];
        findings_.judge();
        auto at =
            std::ranges::lower_bound(partition.committed, std::max(replica.matched, log.start()),
                                     {}, [](const Committed& c) { return c.batch.base_offset; });
        for (; at != partition.committed.end() && at->batch.last_offset < moved.to; ++at) {
            if (at->by > moved.leader_epoch) return;  // what a deposed leader says of its own past
            if (!holds(&log, at->batch)) break;
            replica.matched = at->batch.last_offset.next();
        }
        if (at == partition.committed.end() || !(at->batch.last_offset < moved.to)) return;
        Evidence shown = evidence("partition", moved.partition, "told_by", moved.broker,
                                  "leader_epoch", moved.leader_epoch, "high_watermark", moved.to,
                                  "member", member, "offset", at->batch.base_offset, "batch_epoch",
                                  at->batch.leader_epoch, "crc", at->batch.crc);
        if (const auto cause = book_.allowance().of_incomplete_leader(moved.partition, at->by,
                                                                      any_epoch, at->event)) {
            findings_.allow(type, cause->text, std::move(shown),
                            {cause->event, at->event, sequence});
        } else {
            findings_.object(type, std::move(shown), {at->event, sequence});
        }
    }

    // Whatever the leader holds below its new high watermark is committed.
    void commit(WatermarkState& partition, const model::HighWatermarkAdvanced& moved,
                sim::EventSequence sequence) {
        const ReplicaLog* log = book_.replica_logs().find(moved.partition, moved.broker);
        if (log == nullptr) return;
        Replica& leader = partition.replicas[moved.broker];
        const model::Offset from = partition.committed_end();
        auto at = std::ranges::lower_bound(
            log->entries(), from, {},
            [](const ReplicaLog::Entry& entry) { return entry.batch.base_offset; });
        for (; at != log->entries().end() && at->batch.last_offset < moved.to; ++at) {
            if (!at->known) continue;
            partition.committed.push_back(
                {.batch = at->batch, .by = moved.leader_epoch, .event = sequence});
        }
        if (leader.matched == from) leader.matched = partition.committed_end();
    }

    void on_role_taken(const model::RoleTaken& taken, const sim::Event& event) {
        WatermarkState& partition = partitions_[taken.partition];
        Replica& replica = partition.replicas[taken.broker];
        const bool was_leader = replica.is_leader && replica.incarnation == event.incarnation;
        announce(partition, replica, event, taken.high_watermark);
        replica.leader_epoch = taken.leader_epoch;
        replica.is_leader = taken.role == model::ReplicaRole::leader;
        replica.led_from = taken.log_end_offset;
        replica.began_empty = replica.began_empty || taken.log_end_offset.value() == 0;
        if (!replica.is_leader) return;
        if (!was_leader) replica.led_since = event.sequence;
        judge_leader(partition, replica, taken, event.sequence);
    }

    void judge_leader(WatermarkState& partition, Replica& replica, const model::RoleTaken& taken,
                      sim::EventSequence sequence) {
        const ReplicaLog* log = book_.replica_logs().find(taken.partition, taken.broker);
        if (partition.committed.empty()) return;
        findings_.judge();
        const model::Offset start = log == nullptr ? model::Offset{0} : log->start();
        auto at =
            std::ranges::lower_bound(partition.committed, std::max(replica.matched, start), {},
                                     [](const Committed& c) { return c.batch.base_offset; });
        for (; at != partition.committed.end(); ++at) {
            if (at->by > taken.leader_epoch) break;  // committed later than this reign
            if (!holds(log, at->batch)) break;
            replica.matched = at->batch.last_offset.next();
        }
        if (at == partition.committed.end() || at->by > taken.leader_epoch) return;
        Evidence shown =
            evidence("partition", taken.partition, "leader", taken.broker, "leader_epoch",
                     taken.leader_epoch, "offset", at->batch.base_offset, "crc", at->batch.crc,
                     "batch_epoch", at->batch.leader_epoch, "committed_in_epoch", at->by,
                     "log_end_offset", taken.log_end_offset);
        Findings::Events events{at->event, sequence};
        const auto cause = book_.allowance().of_incomplete_leader(taken.partition, at->by,
                                                                  taken.leader_epoch, at->event);
        // What this leader does not hold is gone: later ones are not asked for it again.
        partition.committed.erase(at, partition.committed.end());
        for (auto& [broker, other] : partition.replicas) {
            other.matched = std::min(other.matched, partition.committed_end());
        }
        if (cause) {
            events.push_back(cause->event);
            findings_.allow("leader-incomplete", cause->text, std::move(shown), std::move(events));
        } else {
            findings_.object("leader-incomplete", std::move(shown), std::move(events));
        }
    }

    static bool holds(const ReplicaLog* log, const BatchIdentity& batch) {
        if (log == nullptr) return false;
        const ReplicaLog::Entry* entry = log->find(batch.base_offset);
        if (entry == nullptr) return false;
        return !entry->known || entry->batch == batch;
    }

    void on_fetch_served(const model::FetchServed& served, const sim::Event& event) {
        if (served.replica != model::no_broker) return;
        findings_.judge();
        if (served.upto > served.from) {
            const model::Offset limit =
                served.read_committed ? std::min(served.last_stable_offset, served.high_watermark)
                                      : served.high_watermark;
            if (served.upto > limit) {
                findings_.object("read-above-high-watermark",
                                 evidence("partition", served.partition, "broker", served.broker,
                                          "from", served.from, "upto", served.upto,
                                          "high_watermark", served.high_watermark,
                                          "last_stable_offset", served.last_stable_offset),
                                 {event.sequence});
            }
        }
        const Replica* const replica = replica_of(served.partition, served.broker, event);
        if (replica != nullptr && served.high_watermark > replica->highest) {
            findings_.object(
                "high-watermark-overstated",
                evidence("partition", served.partition, "broker", served.broker, "answered",
                         served.high_watermark, "high_watermark", replica->high_watermark),
                {replica->event, event.sequence});
        }
    }

    void on_offset_listed(const model::OffsetListed& listed, const sim::Event& event) {
        constexpr model::TimestampMs latest = -1;
        if (listed.timestamp != latest) return;
        findings_.judge();
        if (const Replica* replica = replica_of(listed.partition, listed.broker, event);
            replica != nullptr && listed.offset > replica->highest) {
            findings_.object(
                "high-watermark-overstated",
                evidence("partition", listed.partition, "broker", listed.broker, "answered",
                         listed.offset, "high_watermark", replica->high_watermark),
                {replica->event, event.sequence});
        }
        auto& ends = listed_[{listed.partition, listed.topic_id, listed.read_committed}];
        // A deposed leader may go on telling what was true when it was in office.
        judge_end(listed, ends, event.sequence);
        ListedEnd& told =
            ends.try_emplace(listed.leader_epoch, ListedEnd{listed.offset, event.sequence})
                .first->second;
        if (listed.offset > told.offset) told = {listed.offset, event.sequence};
    }

    // What one election excuses does not hide what went back without one.
    void judge_end(const model::OffsetListed& listed,
                   const std::map<model::LeaderEpoch, ListedEnd>& ends,
                   sim::EventSequence sequence) {
        std::optional<Cause> excuse;
        const std::pair<const model::LeaderEpoch, ListedEnd>* highest = nullptr;
        for (auto at = ends.begin(); at != ends.upper_bound(listed.leader_epoch); ++at) {
            const auto& [before, told] = *at;
            if (told.offset <= listed.offset) continue;
            const auto cause = book_.allowance().of_incomplete_leader(
                listed.partition, before, listed.leader_epoch, told.event);
            const bool is_worse =
                highest == nullptr || (excuse && !cause) ||
                (excuse.has_value() == cause.has_value() && told.offset > highest->second.offset);
            if (!is_worse) continue;
            highest = &*at;
            excuse = cause;
        }
        if (highest == nullptr) return;
        const auto& [before, told] = *highest;
        Evidence shown = evidence("partition", listed.partition, "broker", listed.broker,
                                  "leader_epoch", listed.leader_epoch, "end", listed.offset,
                                  "told_before", told.offset, "in_epoch", before);
        if (excuse) {
            findings_.allow("listed-end-regressed", excuse->text, std::move(shown),
                            {excuse->event, told.event, sequence});
        } else {
            findings_.object("listed-end-regressed", std::move(shown), {told.event, sequence});
        }
    }

    // What is known of the process that emitted the event; nullptr: nothing.
    const Replica* replica_of(const model::TopicPartition& partition, model::BrokerId broker,
                              const sim::Event& event) const {
        const auto at = partitions_.find(partition);
        if (at == partitions_.end()) return nullptr;
        const auto replica = at->second.replicas.find(broker);
        if (replica == at->second.replicas.end()) return nullptr;
        return replica->second.incarnation == event.incarnation ? &replica->second : nullptr;
    }

    void on_polled(const model::RecordsPolled& polled, sim::EventSequence sequence) {
        const auto at = partitions_.find(polled.partition);
        if (at == partitions_.end() || at->second.announced == model::no_offset) return;
        if (polled.records.empty()) return;
        findings_.judge();
        const model::PolledRecord& last = polled.records.back();
        if (last.offset < at->second.announced) return;
        findings_.object(
            "read-above-high-watermark",
            evidence("partition", polled.partition, "client", polled.client_id, "offset",
                     last.offset, "record", last.record, "high_watermark", at->second.announced),
            {sequence});
    }

    void on_partition_changed(const model::PartitionChanged& changed, sim::EventSequence sequence) {
        WatermarkState& partition = partitions_[changed.partition];
        partition.decisions.insert_or_assign(changed.partition_epoch,
                                             Decision{.in_sync = changed.isr.size(),
                                                      .replicas = changed.replicas.size(),
                                                      .event = sequence});
        partition.elected.try_emplace(changed.leader_epoch, sequence);
        auto& since = partition.in_sync_since;
        std::erase_if(since, [&](const auto& entry) {
            return std::ranges::find(changed.isr, entry.first) == changed.isr.end();
        });
        for (const model::BrokerId member : changed.isr) since.try_emplace(member, sequence);
        judge_decision(partition, changed, sequence);
        partition.leader = changed.leader;
    }

    // The controller's in-sync set, at each of its decisions: every member holds what any leader
    // told committed. Who is elected is judged when it takes its role.
    void judge_decision(WatermarkState& partition, const model::PartitionChanged& changed,
                        sim::EventSequence sequence) {
        if (partition.committed.empty()) return;
        for (const model::BrokerId member : changed.isr) {
            if (member == changed.leader && member != partition.leader) continue;
            const ClusterView::Node* node = book_.cluster().broker(member);
            const ReplicaLog* log = book_.replica_logs().find(changed.partition, member);
            if (node == nullptr || !node->is_up || log == nullptr) continue;
            if (node->started > partition.in_sync_since[member]) continue;
            if (log->may_be_shorter() || !log->is_open() || !is_registered(member, *node)) continue;
            judge_member(partition, changed, member, *log, sequence);
        }
    }

    void judge_member(WatermarkState& partition, const model::PartitionChanged& changed,
                      model::BrokerId member, const ReplicaLog& log, sim::EventSequence sequence) {
        Replica& replica = partition.replicas[member];
        findings_.judge();
        auto at =
            std::ranges::lower_bound(partition.committed, std::max(replica.matched, log.start()),
                                     {}, [](const Committed& c) { return c.batch.base_offset; });
        for (; at != partition.committed.end() && holds(&log, at->batch); ++at) {
            replica.matched = at->batch.last_offset.next();
        }
        if (at == partition.committed.end() || replica.missing == at->batch.base_offset) return;
        replica.missing = at->batch.base_offset;  // told once
        const bool is_short = !invariants::is_reached(at->batch.last_offset.next(), log.end());
        const std::string_view type = is_short ? "high-watermark-ahead" : "in-sync-member-differs";
        Evidence shown =
            evidence("partition", changed.partition, "member", member, "member_log_end", log.end(),
                     "offset", at->batch.base_offset, "crc", at->batch.crc, "committed_in_epoch",
                     at->by, "partition_epoch", changed.partition_epoch, "reason", changed.reason);
        if (const auto cause = book_.allowance().of_incomplete_leader(
                changed.partition, at->by, changed.leader_epoch, at->event)) {
            findings_.allow(type, cause->text, std::move(shown),
                            {cause->event, at->event, sequence});
        } else {
            findings_.object(type, std::move(shown), {at->event, sequence});
        }
    }

    // The controller knows of the process that runs there: what an earlier one had may be asked for
    // until it does.
    bool is_registered(model::BrokerId member, const ClusterView::Node& node) const {
        const auto at = registered_.find(member);
        return at == registered_.end() || at->second > node.started;
    }

    void on_topic_created(const model::TopicCreated& created, sim::EventSequence sequence) {
        const auto required = static_cast<std::size_t>(std::max(created.min_insync_replicas, 1));
        min_in_sync_[created.topic].push_back({.replicas = required, .since = sequence});
        const auto [at, is_new] = topics_.try_emplace(created.topic, created.topic_id);
        if (is_new || at->second == created.topic_id) return;
        at->second = created.topic_id;
        std::erase_if(partitions_,
                      [&](const auto& entry) { return entry.first.topic == created.topic; });
    }

    void on_config_changed(const model::ConfigChanged& changed, sim::EventSequence sequence) {
        if (changed.setting != "min.insync.replicas") return;
        MinInSync told{.replicas = 1, .since = sequence};
        constexpr std::string_view topic = "topic ";
        if (!changed.resource.starts_with(topic)) {
            for (auto& [name, values] : min_in_sync_) values.push_back(told);
            return;
        }
        if (!changed.is_default) {
            const std::string& value = changed.value;
            std::from_chars(value.data(), value.data() + value.size(), told.replicas);
        }
        min_in_sync_[changed.resource.substr(topic.size())].push_back(told);
    }

    const Casebook& book_;
    std::map<model::TopicPartition, WatermarkState> partitions_;
    std::map<std::string, model::Uuid> topics_;
    std::map<model::BrokerId, sim::EventSequence> registered_;  // when they last did
    std::map<EndKey, std::map<model::LeaderEpoch, ListedEnd>> listed_;
    std::map<std::string, std::vector<MinInSync>> min_in_sync_;  // by topic, in order
    Findings findings_{"high-watermark"};
};

}  // namespace

std::unique_ptr<Checker> make_high_watermark(const Casebook& book) {
    return std::make_unique<HighWatermark>(book);
}

}  // namespace squall::checkers
