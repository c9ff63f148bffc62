// A cluster of three replicas of one partition for tests of the deciders: real leaders and
// followers, logs that are vectors, a controller that is fifty lines, no network and no time but
// what a test moves. Every exchange is one call, so a schedule is a list of calls.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/replica/partition_follower.h"
#include "model/replica/partition_leader.h"

namespace squall::model {

struct TinyRecord {
    LeaderEpoch epoch;
    std::uint64_t value = 0;

    bool operator==(const TinyRecord&) const = default;
};

// Offsets are indices. Epochs are kept as Kafka's leader-epoch cache keeps them.
struct TinyLog {
    std::vector<TinyRecord> records;
    std::vector<std::pair<LeaderEpoch, Offset>> epochs;  // and their start offsets

    Offset end() const { return Offset(static_cast<std::int64_t>(records.size())); }
    // What contradicts it goes: later epochs, and epochs that began here without a record.
    void begin_epoch(LeaderEpoch epoch) {
        while (!epochs.empty() && (epochs.back().first > epoch || epochs.back().second >= end())) {
            if (epochs.back().first == epoch) return;
            epochs.pop_back();
        }
        if (epochs.empty() || epochs.back().first < epoch) epochs.emplace_back(epoch, end());
    }
    void append(TinyRecord record) {
        begin_epoch(record.epoch);
        records.push_back(record);
    }
    void truncate(Offset to) {
        if (to < end()) records.resize(static_cast<std::size_t>(to.value()));
        while (!epochs.empty() && epochs.back().second >= to) epochs.pop_back();
    }
    OffsetAndEpoch end_offset_for(LeaderEpoch epoch) const {
        if (epoch == no_leader_epoch || epochs.empty() || epoch > epochs.back().first) return {};
        if (epoch == epochs.back().first) return {end(), epoch};
        if (epoch < epochs.front().first) return {epochs.front().second, epoch};
        const auto next =
            std::ranges::upper_bound(epochs, epoch, {}, &std::pair<LeaderEpoch, Offset>::first);
        return {next->second, std::prev(next)->first};
    }
    LogState state() const {
        return {.log_start_offset = Offset(0),
                .log_end_offset = end(),
                .last_epoch = records.empty() ? no_leader_epoch : records.back().epoch};
    }
    bool is_prefix_of(const TinyLog& other) const {
        return records.size() <= other.records.size() &&
               std::equal(records.begin(), records.end(), other.records.begin());
    }
};

class TinyCluster {
  public:
    static constexpr int size = 3;

    struct Replica {
        BrokerId id;
        BrokerEpoch epoch;
        TinyLog log{};
        Offset checkpoint{0};      // of the high watermark
        std::size_t metadata = 0;  // how much of the history it replayed
        std::optional<PartitionLeader> leader{};
        std::optional<PartitionFollower> follower{};
        std::map<ProduceTicket, Offset> waiting{};
    };

    explicit TinyCluster(const BugSet* bugs = nullptr, std::int32_t min_isr = 2) : bugs_(bugs) {
        PartitionView view;
        view.min_insync_replicas = min_isr;
        view.leader_epoch = LeaderEpoch(0);
        for (int i = 0; i < size; ++i) {
            const BrokerId id(i + 1);
            view.replicas.push_back(id);
            view.isr.push_back(id);
            view.standings[id] = {.broker_epoch = BrokerEpoch(next_broker_epoch_)};
            replicas_.push_back({.id = id, .epoch = BrokerEpoch(next_broker_epoch_++)});
        }
        commit(view, BrokerId(1));
        for (int i = 0; i < size; ++i) deliver_metadata(i);
    }

    Replica& replica(int i) { return replicas_[static_cast<std::size_t>(i)]; }
    Replica& replica(BrokerId id) { return replica(id.value() - 1); }
    BrokerId controllers_leader() const { return leaders_.back(); }
    const PartitionView& committed() const { return history_.back(); }
    LocalTime now() const { return now_; }
    const std::map<Offset, TinyRecord>& acknowledged() const { return acknowledged_; }
    // What an elected leader did not have although it was acknowledged.
    const std::vector<std::string>& losses() const { return losses_; }
    std::size_t truncations() const { return truncations_; }
    std::size_t isr_changes() const { return isr_changes_; }

    void advance(Duration by) { now_ += by; }

    // acks=all, if i thinks that it leads.
    void produce(int i) {
        Replica& r = replica(i);
        if (!r.leader || r.leader->admits_produce(-1, std::nullopt) != ErrorCode::none) return;
        r.log.append({r.leader->leader_epoch(), next_value_++});
        carry_out(r, r.leader->step(PartitionLeader::Appended{r.log.end()}, now_));
        const ProduceTicket ticket(next_ticket_++);
        r.waiting[ticket] = r.log.end();
        carry_out(
            r, r.leader->step(PartitionLeader::AcknowledgmentAwaited{ticket, r.log.end()}, now_));
    }

    // One exchange with whom i takes for its leader; the answer may get lost on its way back.
    void fetch(int i, std::size_t records_max = 100, bool lose_answer = false) {
        Replica& r = replica(i);
        if (!r.follower) return;
        const auto asked = r.follower->next_fetch(now_);
        if (!asked) return;
        Replica& source = replica(r.follower->leader());
        PartitionFollower::FetchAnswered answered{.asked = *asked};
        std::vector<TinyRecord> records;
        if (!source.leader) {
            answered.error = ErrorCode::not_leader_or_follower;
        } else {
            const FetchTarget target{.replica = r.id,
                                     .replica_epoch = r.epoch,
                                     .current_leader_epoch = asked->current_leader_epoch,
                                     .fetch_offset = asked->fetch_offset,
                                     .last_fetched_epoch = asked->last_fetched_epoch,
                                     .log_start_offset = asked->log_start_offset};
            const auto answer = source.leader->answer_fetch(
                target,
                {.end_of_last_fetched_epoch = source.log.end_offset_for(asked->last_fetched_epoch),
                 .first_unstable_offset = std::nullopt});
            answered.error = answer.error;
            answered.diverging_epoch = answer.diverging;
            if (answer.error == ErrorCode::none) {
                answered.leader_high_watermark = answer.ends.high_watermark;
                answered.leader_log_start_offset = answer.ends.log_start_offset;
            }
            if (answer.error == ErrorCode::none && !answer.diverging) {
                for (Offset at = asked->fetch_offset;
                     at < answer.upto && records.size() < records_max; ++at) {
                    records.push_back(source.log.records[static_cast<std::size_t>(at.value())]);
                }
                carry_out(source, source.leader->step(
                                      PartitionLeader::FollowerFetched{
                                          .replica = r.id,
                                          .replica_epoch = r.epoch,
                                          .fetch_offset = asked->fetch_offset,
                                          .log_start_offset = asked->log_start_offset},
                                      now_));
            }
        }
        if (lose_answer) return;
        if (answered.diverging_epoch) {
            answered.own_end_of_diverging_epoch =
                r.log.end_offset_for(answered.diverging_epoch->epoch);
        }
        answered.has_records = !records.empty();
        carry_out(r, r.follower->step(answered, now_), records);
    }

    void tick(int i) {
        Replica& r = replica(i);
        if (r.leader) carry_out(r, r.leader->step(PartitionLeader::Ticked{}, now_));
    }

    // The next proposal under way reaches the controller (or does not), and its answer the leader
    // (or does not: then the leader hears of a network error).
    enum class Delivery { both, answer_lost, request_lost };
    void deliver_proposal(Delivery delivery) {
        if (proposals_.empty()) return;
        const auto [from, change] = proposals_.front();
        proposals_.erase(proposals_.begin());
        PartitionLeader::AlterPartitionAnswered answer{.proposal = change};
        if (delivery == Delivery::request_lost) {
            answer.error = ErrorCode::network_exception;
        } else {
            answer.error = alter_partition(from, change);
            if (answer.error == ErrorCode::none) {
                answer.leader_epoch = committed().leader_epoch;
                answer.isr = committed().isr;
                answer.partition_epoch = committed().partition_epoch;
            }
            if (delivery == Delivery::answer_lost) answer.error = ErrorCode::network_exception;
        }
        Replica& r = replica(from);
        if (r.leader) carry_out(r, r.leader->step(answer, now_));
    }

    // Replica i replays all metadata there is.
    void deliver_metadata(int i) {
        Replica& r = replica(i);
        if (r.metadata == history_.size()) return;
        r.metadata = history_.size();
        take_role(r, committed(), controllers_leader());
    }

    // Replica i checkpoints its high watermark.
    void checkpoint(int i) {
        Replica& r = replica(i);
        if (r.leader) r.checkpoint = r.leader->high_watermark();
        if (r.follower) r.checkpoint = r.follower->high_watermark();
    }

    // The process crashes; its log stays (the OS has it). The controller notices, and elects
    // another leader where it can. The broker is back at once, in a new incarnation.
    void crash(int i) {
        Replica& r = replica(i);
        std::erase_if(proposals_, [&](const auto& proposal) { return proposal.first == r.id; });
        r.leader.reset();
        r.follower.reset();
        r.waiting.clear();
        r.epoch = BrokerEpoch(next_broker_epoch_++);

        PartitionView view = committed();
        view.standings[r.id] = {.broker_epoch = r.epoch};
        BrokerId leader = controllers_leader();
        if (view.isr.size() > 1) {
            std::erase(view.isr, r.id);
            if (leader == r.id) leader = first_in_assignment_order(view);
        }
        // The last member stays, and leads again in a new epoch.
        if (leader != controllers_leader() || leader == r.id) {
            view.leader_epoch = view.leader_epoch.next();
        }
        ++view.partition_epoch;
        commit(view, leader);
        deliver_metadata(i);
    }

    // A preferred election: leadership moves to i if that is clean.
    void elect(int i) {
        PartitionView view = committed();
        const BrokerId to = replica(i).id;
        if (!contains(view.isr, to) || controllers_leader() == to) return;
        view.leader_epoch = view.leader_epoch.next();
        ++view.partition_epoch;
        commit(view, to);
    }

    // All faults end: everyone hears everything until nothing moves.
    void settle() {
        for (int round = 0; round < 60; ++round) {
            advance(2s);
            for (int i = 0; i < size; ++i) deliver_metadata(i);
            for (int i = 0; i < size; ++i) fetch(i);
            while (!proposals_.empty()) deliver_proposal(Delivery::both);
        }
    }

    // ---- what must hold at every step ----

    std::string violation() {
        if (!losses_.empty()) return losses_.front();
        if (!contains(committed().isr, controllers_leader())) return "leader outside the ISR";
        for (const BrokerId member : committed().isr) {
            const TinyLog& log = replica(member).log;
            for (const auto& [offset, record] : acknowledged_) {
                if (!has(log, offset, record)) {
                    return fmt::format("ISR member {} lacks acknowledged offset {}", member,
                                       offset);
                }
            }
        }
        // Whoever believes to lead: ISR members agree with it below its high watermark.
        for (Replica& presumed : replicas_) {
            if (!presumed.leader) continue;
            const Offset high_watermark = presumed.leader->high_watermark();
            const Offset before = std::exchange(
                watermarks_[{presumed.id, presumed.epoch, presumed.leader->leader_epoch()}],
                high_watermark);
            if (high_watermark < before) return "high watermark moved back";
            for (const BrokerId member : committed().isr) {
                const TinyLog& log = replica(member).log;
                if (log.end() < high_watermark) return "an ISR member ends below a high watermark";
                for (Offset at(0); at < high_watermark; ++at) {
                    if (!has(log, at, presumed.log.records[static_cast<std::size_t>(at.value())]))
                        return "an ISR member differs below a high watermark";
                }
            }
        }
        return "";
    }

    std::string unsettled() {
        const Replica& leader = replica(controllers_leader());
        if (!leader.leader) return "no leader";
        if (leader.leader->high_watermark() != leader.log.end()) return "uncommitted records";
        if (committed().isr.size() != size) return "ISR is not whole";
        for (Replica& r : replicas_) {
            if (r.log.records != leader.log.records) return "logs differ";
        }
        return "";
    }

  private:
    static bool has(const TinyLog& log, Offset offset, const TinyRecord& record) {
        return offset < log.end() &&
               log.records[static_cast<std::size_t>(offset.value())] == record;
    }

    BrokerId first_in_assignment_order(const PartitionView& view) const {
        return *std::ranges::find_if(view.replicas,
                                     [&](BrokerId id) { return contains(view.isr, id); });
    }

    void commit(PartitionView view, BrokerId leader) {
        if (history_.empty() || view.leader_epoch > committed().leader_epoch) {
            for (const auto& [offset, record] : acknowledged_) {
                if (has(replica(leader).log, offset, record)) continue;
                losses_.push_back(fmt::format("leader {} of epoch {} lacks acknowledged offset {}",
                                              leader, view.leader_epoch, offset));
            }
        }
        history_.push_back(std::move(view));
        leaders_.push_back(leader);
    }

    ErrorCode alter_partition(BrokerId from, const IsrChange& change) {
        if (from != controllers_leader()) return ErrorCode::invalid_request;
        if (change.leader_epoch != committed().leader_epoch) return ErrorCode::fenced_leader_epoch;
        if (change.partition_epoch != committed().partition_epoch) {
            return ErrorCode::invalid_update_version;
        }
        for (const IsrMember& member : change.to) {
            const BrokerEpoch epoch = committed().standings.at(member.broker).broker_epoch;
            if (member.broker_epoch != BrokerEpoch(-1) && member.broker_epoch != epoch) {
                return ErrorCode::ineligible_replica;
            }
        }
        PartitionView view = committed();
        view.isr = change.proposed_isr();
        ++view.partition_epoch;
        commit(view, from);
        ++isr_changes_;
        return ErrorCode::none;
    }

    void take_role(Replica& r, const PartitionView& view, BrokerId leader) {
        if (r.leader && r.leader->leader_epoch() == view.leader_epoch) {
            carry_out(r, r.leader->step(PartitionLeader::MetadataChanged{view}, now_));
            return;
        }
        Offset high_watermark = std::min(r.checkpoint, r.log.end());
        if (r.leader) {
            high_watermark = r.leader->high_watermark();
            carry_out(r, r.leader->step(PartitionLeader::Resigned{}, now_));
            r.leader.reset();
        }
        if (r.follower) high_watermark = r.follower->high_watermark();
        if (leader == r.id) {
            r.follower.reset();
            r.log.begin_epoch(view.leader_epoch);
            r.leader.emplace(LeaderOptions{.self = r.id, .self_epoch = r.epoch, .bugs = bugs_},
                             PartitionLeader::Election{.view = view,
                                                       .log_start_offset = Offset(0),
                                                       .log_end_offset = r.log.end(),
                                                       .high_watermark = high_watermark},
                             now_);
            carry_out(r, r.leader->begin(now_));
            return;
        }
        if (!r.follower) {
            r.follower.emplace(FollowerOptions{.bugs = bugs_}, r.log.state(), high_watermark);
        }
        if (r.follower->leader_epoch() < view.leader_epoch) {
            carry_out(r, r.follower->step(
                             PartitionFollower::LeaderChanged{leader, view.leader_epoch}, now_));
        }
    }

    void carry_out(Replica& r, const PartitionLeader::Output& output) {
        for (const auto& answer : output.answers) {
            const Offset end = r.waiting.at(answer.ticket);
            r.waiting.erase(answer.ticket);
            if (answer.error != ErrorCode::none) continue;
            const Offset offset = end - 1;
            acknowledged_[offset] = r.log.records[static_cast<std::size_t>(offset.value())];
        }
        if (output.proposal) proposals_.emplace_back(r.id, *output.proposal);
    }

    void carry_out(Replica& r, const PartitionFollower::Output& output,
                   const std::vector<TinyRecord>& records = {}) {
        if (output.truncate_to) {
            if (*output.truncate_to < r.log.end()) ++truncations_;
            r.log.truncate(*output.truncate_to);
        }
        if (output.append) {
            for (const TinyRecord& record : records) r.log.append(record);
        }
        if (output.changes_log()) {
            r.follower->step(PartitionFollower::LogChanged{r.log.state()}, now_);
        }
        if (output.leader_high_watermark) {
            r.follower->set_high_watermark(*output.leader_high_watermark);
        }
    }

    struct Reign {
        BrokerId broker;
        BrokerEpoch incarnation;
        LeaderEpoch epoch;
        auto operator<=>(const Reign&) const = default;
    };

    const BugSet* bugs_;
    std::vector<Replica> replicas_;
    std::vector<PartitionView> history_;  // of committed metadata
    std::vector<BrokerId> leaders_;       // beside it
    std::vector<std::pair<BrokerId, IsrChange>> proposals_;
    std::map<Offset, TinyRecord> acknowledged_;
    std::vector<std::string> losses_;
    std::map<Reign, Offset> watermarks_;
    LocalTime now_{1s};
    std::int64_t next_broker_epoch_ = 10;
    std::uint64_t next_value_ = 1;
    std::uint64_t next_ticket_ = 1;
    std::size_t truncations_ = 0;
    std::size_t isr_changes_ = 0;
};

}  // namespace squall::model
