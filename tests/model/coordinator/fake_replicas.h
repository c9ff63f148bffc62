// A ReplicaHost whose partitions are led, replicated and lost on the test's word. It keeps real
// bytes: what a coordinator loads is what was appended.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "model/protocol/record_batch.h"
#include "model/replica/replica_host.h"
#include "sim/base/assert.h"

namespace squall::model {

class FakeReplicas final : public ReplicaHost {
  public:
    // ---- for the test ----

    void lead(const TopicPartition& partition, LeaderEpoch epoch) {
        Replica& replica = replicas_[partition];
        replica.is_leader = true;
        replica.epoch = epoch;
        observer_({partition, epoch, true});
    }
    // Leadership is lost; whoever waits for an append is told first.
    void resign(const TopicPartition& partition) {
        Replica& replica = replicas_[partition];
        replica.is_leader = false;
        auto pending = std::exchange(replica.pending, {});
        for (Pending& each : pending) {
            each.completer.complete(outcome(ErrorCode::not_leader_or_follower));
        }
        observer_({partition, replica.epoch, false});
    }
    // The controller elected another leader epoch, and the coordinator was not told yet.
    void bump_epoch_silently(const TopicPartition& partition) { ++replicas_[partition].epoch; }
    // The high watermark reaches the end of the log.
    void replicate() {
        for (auto& [partition, replica] : replicas_) {
            replica.high_watermark = replica.end;
            auto pending = std::exchange(replica.pending, {});
            for (Pending& each : pending) each.completer.complete(each.outcome);
        }
        auto waits = std::exchange(waits_, {});
        for (sim::Gate* gate : waits) gate->open();
    }
    void replicate_at_once(bool on) { at_once_ = on; }
    // The next append is answered with this; `written`: after it went into the log.
    void fail_next(ErrorCode error, bool written) { next_failure_ = {error, written}; }
    std::size_t appends() const { return appends_; }

    // ---- ReplicaHost ----

    void apply(const MetadataImage&) override {}
    void observe_leadership(std::function<void(const LeadershipChange&)> observer) override {
        observer_ = std::move(observer);
    }
    void append(const TopicPartition& partition, Bytes batch, std::int16_t acks, AppendOrigin,
                std::optional<LeaderEpoch> required_epoch, sim::Completer<AppendOutcome> completer,
                TransactionTerms) override {
        ++appends_;
        Replica& replica = replicas_[partition];
        ASSERT(acks == -1, "a coordinator appends with acks {}", acks);
        if (!replica.is_leader || required_epoch != replica.epoch) {
            completer.complete(outcome(ErrorCode::not_leader_or_follower));
            return;
        }
        const auto failure = std::exchange(next_failure_, std::nullopt);
        if (failure && !failure->second) {
            completer.complete(outcome(failure->first));
            return;
        }
        stamp_batch(batch, replica.end, replica.epoch);
        AppendOutcome appended;
        appended.base_offset = replica.end;
        replica.end = BatchView::at_front(batch).value().next_offset();
        replica.log.insert(replica.log.end(), batch.begin(), batch.end());
        if (failure) {
            completer.complete(outcome(failure->first));
            return;
        }
        replica.pending.push_back({std::move(completer), appended});
        if (at_once_) replicate();
    }
    VerificationStart begin_verification(const TopicPartition&, ProducerId, ProducerEpoch,
                                         SequenceNumber, bool) override {
        return {};
    }
    ProducerDescriptions describe_producers(const TopicPartition&) const override { return {}; }
    FetchOutcome fetch(const TopicPartition&, const FetchTarget&) override { return {}; }

    class Subscription final : public FetchWait {
      public:
        Subscription(FakeReplicas& replicas, sim::Gate& gate) : replicas_(replicas), gate_(gate) {
            replicas_.waits_.push_back(&gate);
        }
        ~Subscription() override { std::erase(replicas_.waits_, &gate_); }

      private:
        FakeReplicas& replicas_;
        sim::Gate& gate_;
    };
    std::unique_ptr<FetchWait> wait_for_news(const std::vector<TopicPartition>&, BrokerId,
                                             sim::Gate& gate) override {
        return std::make_unique<Subscription>(*this, gate);
    }
    std::unique_ptr<FetchWatch> watch(BrokerId) override { return nullptr; }
    OffsetAnswer list_offset(const TopicPartition&, LeaderEpoch, TimestampMs, bool,
                             BrokerId) override {
        return {};
    }
    LogContent read_whole_log(const TopicPartition& partition, LeaderEpoch epoch) override {
        const Replica& replica = replicas_[partition];
        LogContent content;
        if (!replica.is_leader || replica.epoch != epoch) {
            content.error = ErrorCode::not_leader_or_follower;
            return content;
        }
        content.records = replica.log;
        content.log_end_offset = replica.end;
        return content;
    }
    RecordDeletion delete_records(const TopicPartition&, Offset) override {
        return {.error = ErrorCode::policy_violation};
    }
    RecordDeletion deletion_of(const TopicPartition&, Offset) const override {
        return {.error = ErrorCode::policy_violation};
    }
    EpochEnd end_of_epoch(const TopicPartition&, LeaderEpoch, LeaderEpoch) const override {
        return {};
    }
    std::vector<ReadCandidate> read_candidates(const TopicPartition&, Offset) const override {
        return {};
    }
    std::vector<LogSize> log_sizes() const override { return {}; }
    bool is_leader(const TopicPartition& partition) const override {
        const auto found = replicas_.find(partition);
        return found != replicas_.end() && found->second.is_leader;
    }
    std::optional<Offset> high_watermark(const TopicPartition& partition) const override {
        const auto found = replicas_.find(partition);
        if (found == replicas_.end()) return std::nullopt;
        return found->second.high_watermark;
    }
    void checkpoint_high_watermarks() override {}

  private:
    struct Pending {
        sim::Completer<AppendOutcome> completer;
        AppendOutcome outcome;
    };
    struct Replica {
        bool is_leader = false;
        LeaderEpoch epoch{0};
        Bytes log;
        Offset end{0};
        Offset high_watermark{0};
        std::deque<Pending> pending;
    };

    static AppendOutcome outcome(ErrorCode error) {
        AppendOutcome outcome;
        outcome.error = error;
        return outcome;
    }

    std::function<void(const LeadershipChange&)> observer_;
    std::map<TopicPartition, Replica> replicas_;
    std::vector<sim::Gate*> waits_;
    bool at_once_ = true;
    std::optional<std::pair<ErrorCode, bool>> next_failure_;
    std::size_t appends_ = 0;
};

}  // namespace squall::model
