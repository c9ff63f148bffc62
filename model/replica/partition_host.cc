#include "model/replica/partition_host.h"

#include <algorithm>
#include <utility>

#include "model/events/transaction_events.h"
#include "model/log/log_cleaner.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

PartitionLeader::FollowerFetched fetched_by(const FetchTarget& target) {
    return {.replica = target.replica,
            .replica_epoch = target.replica_epoch,
            .fetch_offset = target.fetch_offset,
            .log_start_offset = target.log_start_offset};
}

}  // namespace

class PartitionHost::Inside {
  public:
    explicit Inside(PartitionHost& host) : host_(host) { ++host_.tasks_inside_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() { --host_.tasks_inside_; }

  private:
    PartitionHost& host_;
};

PartitionHost::PartitionHost(const PartitionSurroundings& surroundings, TopicPartition partition,
                             Uuid topic_id, Log* log, Offset high_watermark)
    : surroundings_(surroundings),
      partition_(std::move(partition)),
      topic_id_(topic_id),
      log_(log),
      role_(NoRole{high_watermark}),
      lane_(surroundings.node),
      lane_name_(fmt::format("replica/{}", partition_)),
      flushed_at_(surroundings.node.now()),
      is_offline_(log == nullptr) {}

// ---- roles ----

void PartitionHost::take(const PartitionAssignment& assignment) {
    ASSERT(!is_retired_, "{}: a retired replica is assigned", partition_);
    if (is_offline_) return;
    log_->set_options(assignment.log_options);

    const LeaderEpoch epoch = assignment.view.leader_epoch;
    if (PartitionLeader* const leader = leader_in(epoch)) {
        if (view_ == assignment.view) return;
        view_ = assignment.view;
        carry_out(leader->step(PartitionLeader::MetadataChanged{assignment.view},
                               surroundings_.node.now()));
        return;
    }
    if (epoch <= leader_epoch()) return;
    if (assignment.leader == surroundings_.broker) {
        become_leader(assignment);
    } else {
        become_follower(assignment);
    }
}

void PartitionHost::become_leader(const PartitionAssignment& assignment) {
    const LeaderEpoch epoch = assignment.view.leader_epoch;
    const Offset known_high_watermark = high_watermark();
    resign(ErrorCode::not_leader_or_follower);
    // The epoch begins here even if nothing is ever written in it (KIP-101).
    if (const Result<Duration> begun = log_->begin_epoch(epoch); !begun) {
        return go_offline(begun.error());
    }
    const LocalTime now = surroundings_.node.now();
    view_ = assignment.view;
    PartitionLeader& leader = role_.emplace<PartitionLeader>(
        LeaderOptions{.self = surroundings_.broker,
                      .self_epoch = surroundings_.broker_epoch(),
                      .replica_lag_time_max = surroundings_.options.replica_lag_time_max,
                      .bugs = &surroundings_.bugs},
        PartitionLeader::Election{.view = assignment.view,
                                  .log_start_offset = log_->log_start_offset(),
                                  .log_end_offset = log_->log_end_offset(),
                                  .high_watermark = known_high_watermark},
        now);
    verification_ = {};
    told_stable_ = {.offset = log_->last_stable_offset(known_high_watermark),
                    .high_watermark = known_high_watermark};
    emit_role(ReplicaRole::leader, surroundings_.broker);
    carry_out(leader.begin(now));
    surroundings_.on_news(partition_, PartitionNews::new_role);
    surroundings_.on_leadership(
        {.partition = partition_, .leader_epoch = epoch, .is_leader = true});
}

void PartitionHost::become_follower(const PartitionAssignment& assignment) {
    const LeaderEpoch epoch = assignment.view.leader_epoch;
    const bool led = is_leader();
    if (follower() == nullptr) {
        const Offset known_high_watermark = high_watermark();
        resign(ErrorCode::not_leader_or_follower);
        role_.emplace<PartitionFollower>(
            FollowerOptions{.replica_fetch_backoff = surroundings_.options.replica_fetch_backoff,
                            .bugs = &surroundings_.bugs},
            log_state(), known_high_watermark);
    }
    const auto output = follower()->step(PartitionFollower::LeaderChanged{assignment.leader, epoch},
                                         surroundings_.node.now());
    emit_role(ReplicaRole::follower, assignment.leader);
    carry_out(output, {});
    surroundings_.on_news(partition_, PartitionNews::new_role);
    if (led) {
        surroundings_.on_leadership(
            {.partition = partition_, .leader_epoch = epoch, .is_leader = false});
    }
}

// Ends a leadership, if there is one: whoever waits is answered now.
void PartitionHost::resign(ErrorCode error) {
    auto* const leader = std::get_if<PartitionLeader>(&role_);
    if (leader == nullptr) return;
    carry_out(leader->step(PartitionLeader::Resigned{error}, surroundings_.node.now()));
    ASSERT(waiting_.empty(), "{}: {} produces wait for nobody", partition_, waiting_.size());
    view_.reset();
    last_proposal_.reset();
    role_ = NoRole{leader->high_watermark()};
}

void PartitionHost::retire() {
    const bool led = is_leader();
    const LeaderEpoch epoch = leader_epoch();
    resign(ErrorCode::not_leader_or_follower);
    role_ = NoRole{Offset(0)};
    is_retired_ = true;
    log_ = nullptr;
    surroundings_.on_news(partition_, PartitionNews::new_role);
    if (led) {
        surroundings_.on_leadership(
            {.partition = partition_, .leader_epoch = epoch, .is_leader = false});
    }
}

void PartitionHost::go_offline(const Error& error) {
    if (is_offline_ || is_retired_) return;
    is_offline_ = true;
    const bool led = is_leader();
    const LeaderEpoch epoch = leader_epoch();
    resign(ErrorCode::kafka_storage_error);
    if (follower() != nullptr) {
        follower()->step(PartitionFollower::LogFailed{}, surroundings_.node.now());
    }
    surroundings_.on_news(partition_, PartitionNews::new_role);
    if (led) {
        surroundings_.on_leadership(
            {.partition = partition_, .leader_epoch = epoch, .is_leader = false});
    }
    surroundings_.on_storage_failure(partition_, error);
}

// ---- as leader: the lane ----

void PartitionHost::append(Bytes batch, std::int16_t acks, AppendOrigin origin,
                           std::optional<LeaderEpoch> required_epoch,
                           sim::Completer<AppendOutcome> completer, TransactionTerms terms) {
    lane_.push({.batch = std::move(batch),
                .acks = acks,
                .origin = origin,
                .required_epoch = required_epoch,
                .completer = std::move(completer),
                .terms = terms});
    if (lane_runs_) return;
    lane_runs_ = true;
    surroundings_.node.spawn(lane_name_, [this] { run_lane(); });
}

void PartitionHost::run_lane() {
    const Inside inside(*this);
    while (auto produce = lane_.try_pop()) serve(std::move(*produce));
    lane_runs_ = false;
}

void PartitionHost::serve(Produce produce) {
    const auto refuse = [&](ErrorCode error, std::string message = {}) {
        produce.completer.complete({.error = error, .message = std::move(message)});
    };
    if (is_offline_) return refuse(ErrorCode::kafka_storage_error);
    const auto* const admitting = std::get_if<PartitionLeader>(&role_);
    if (admitting == nullptr) return refuse(ErrorCode::not_leader_or_follower);
    const ErrorCode admission = admitting->admits_produce(produce.acks, produce.required_epoch);
    if (admission != ErrorCode::none) return refuse(admission);
    const LeaderEpoch epoch = admitting->leader_epoch();
    const ErrorCode unverified = check_verified(produce);
    if (unverified != ErrorCode::none) {
        emit_refused(produce.batch, unverified);
        return refuse(unverified, "the batch is not part of an open transaction");
    }

    // Persist, as far as Kafka does: into the page cache.
    const Offset from = log_->log_end_offset();
    const Result<AppendInfo> appended = log_->append_as_leader(
        produce.batch, epoch, wall_ms(),
        produce.origin == AppendOrigin::client ? BatchSource::client : BatchSource::broker,
        {.strict_markers = produce.terms.is_strict_marker, .bugs = &surroundings_.bugs});
    if (!appended) {
        go_offline(appended.error());
        return refuse(ErrorCode::kafka_storage_error);
    }
    if (appended->error != ErrorCode::none) {
        emit_refused(produce.batch, appended->error);
        return refuse(appended->error, appended->message);
    }
    if (appended->is_duplicate) {
        emit_duplicate(produce.batch, appended->base_offset);
    } else {
        emit_appended(produce.batch, ReplicaRole::leader, from);
        emit_markers(produce.batch);
        end_verification(produce.batch);
    }
    const Offset end = log_->log_end_offset();

    if (!settle(appended->cost, appended->flush_due)) {
        return refuse(is_offline_ ? ErrorCode::kafka_storage_error
                                  : ErrorCode::not_leader_or_follower);
    }
    // It stands in the log, but whether it stays is up to another leader now.
    PartitionLeader* const leader = leader_in(epoch);
    if (leader == nullptr) return refuse(ErrorCode::not_leader_or_follower);

    const LocalTime now = surroundings_.node.now();
    carry_out(leader->step(PartitionLeader::Appended{end}, now));
    surroundings_.on_news(partition_, PartitionNews::appended);
    AppendOutcome outcome{.error = ErrorCode::none,
                          .base_offset = appended->base_offset,
                          .log_append_time = appended->log_append_time,
                          .log_start_offset = log_->log_start_offset(),
                          .message = {}};
    // A duplicate waits for the batch that it repeats, which may be committed long since.
    const Offset awaited = appended->last_offset.next();
    const bool repeats_uncommitted = appended->is_duplicate && awaited > high_watermark();
    if (!awaits_in_sync_set(produce.acks, repeats_uncommitted, &surroundings_.bugs)) {
        return produce.completer.complete(std::move(outcome));
    }
    const ProduceTicket ticket = next_ticket_;
    ++next_ticket_;
    waiting_.emplace(ticket, Waiting{std::move(outcome), std::move(produce.completer)});
    carry_out(leader->step(PartitionLeader::AcknowledgmentAwaited{ticket, awaited}, now));
}

// Waits for what the disk took, and for a flush if flush.messages asks for one. False: the log is
// not ours any more, or failed. May park.
bool PartitionHost::settle(Duration cost, bool flush_due) {
    if (cost > Duration::zero()) surroundings_.node.sleep_for(cost);
    if (log_ == nullptr || is_offline_) return false;
    if (!flush_due) return true;
    const Result<LogFlush> flush = log_->begin_flush();
    if (!flush) {
        go_offline(flush.error());
        return false;
    }
    surroundings_.node.sleep_for(flush->cost);
    if (log_ == nullptr || is_offline_) return false;
    if (const Status flushed = log_->finish_flush(*flush); !flushed) {
        go_offline(flushed.error());
        return false;
    }
    flushed_at_ = surroundings_.node.now();
    return true;
}

VerificationStart PartitionHost::begin_verification(ProducerId producer, ProducerEpoch epoch,
                                                    SequenceNumber first_sequence, bool adds) {
    if (is_offline_) return {.error = ErrorCode::kafka_storage_error};
    if (!is_leader()) return {.error = ErrorCode::not_leader_or_follower};
    if (!adds && !surroundings_.options.transaction_partition_verification) return {};
    if (has_open_transaction(producer, epoch)) return {};
    return {.error = ErrorCode::none,
            .guard = verification_.begin(producer, epoch, first_sequence, adds)};
}

bool PartitionHost::has_open_transaction(ProducerId producer, ProducerEpoch epoch) const {
    const ProducerState* const state = log_->producers().find(producer);
    return state != nullptr && state->has_open_transaction() && state->epoch == epoch;
}

ErrorCode PartitionHost::check_verified(const Produce& produce) const {
    if (!surroundings_.options.transaction_partition_verification) return ErrorCode::none;
    BatchCursor cursor(produce.batch);
    while (const auto batch = cursor.next()) {
        const BatchAttributes attributes = batch->attributes();
        if (!attributes.is_transactional() || attributes.is_control()) continue;
        const ProducerId producer = batch->producer_id();
        if (has_open_transaction(producer, batch->producer_epoch())) continue;
        // A repeated batch is answered as one, whether or not its transaction is still open.
        if (find_duplicate(log_->producers().find(producer), *batch) != nullptr) continue;
        if (!verification_.is_verified(producer, produce.terms.guard)) {
            return ErrorCode::invalid_txn_state;
        }
        const ProducerState* const state = log_->producers().find(producer);
        const ErrorCode error =
            verification_.check_sequence(producer, batch->producer_epoch(), batch->base_sequence(),
                                         state != nullptr && !state->batches.empty());
        if (error != ErrorCode::none) return error;
    }
    return ErrorCode::none;
}

void PartitionHost::end_verification(ByteView batches) {
    BatchCursor cursor(batches);
    while (const auto batch = cursor.next()) {
        if (batch->attributes().is_transactional()) verification_.end(batch->producer_id());
    }
}

ReplicaHost::ProducerDescriptions PartitionHost::describe_producers() const {
    if (is_offline_) return {.error = ErrorCode::kafka_storage_error};
    if (!is_leader()) return {.error = ErrorCode::not_leader_or_follower};
    ReplicaHost::ProducerDescriptions answer;
    for (const auto& [id, state] : log_->producers().producers()) {
        answer.producers.push_back({.id = id,
                                    .epoch = state.epoch,
                                    .last_sequence = state.last_sequence(),
                                    .last_timestamp = state.last_timestamp,
                                    .coordinator_epoch = state.coordinator_epoch,
                                    .transaction_start = state.transaction_start});
    }
    return answer;
}

void PartitionHost::carry_out(const PartitionLeader::Output& output) {
    if (output.high_watermark) {
        const auto& leader = std::get<PartitionLeader>(role_);
        surroundings_.node.emit(
            HighWatermarkAdvanced{.broker = surroundings_.broker,
                                  .partition = partition_,
                                  .role = ReplicaRole::leader,
                                  .leader_epoch = leader.leader_epoch(),
                                  .from = output.high_watermark->from,
                                  .to = output.high_watermark->to,
                                  .maximal_isr = output.high_watermark->maximal_isr,
                                  .partition_epoch = leader.in_sync_set().partition_epoch()});
        tell_last_stable_offset();
        surroundings_.on_news(partition_, PartitionNews::committed);
    }
    for (const PartitionLeader::ProduceAnswer& answer : output.answers) {
        const auto found = waiting_.find(answer.ticket);
        ASSERT(found != waiting_.end(), "{}: an answer to nobody, ticket {}", partition_,
               answer.ticket);
        Waiting waiting = std::move(found->second);
        waiting_.erase(found);
        waiting.outcome.error = answer.error;
        waiting.completer.complete(std::move(waiting.outcome));
    }
    if (!output.proposal) return;
    if (last_proposal_ != output.proposal) {
        surroundings_.node.emit(
            IsrChangeProposed{.broker = surroundings_.broker,
                              .partition = partition_,
                              .leader_epoch = output.proposal->leader_epoch,
                              .partition_epoch = output.proposal->partition_epoch,
                              .from = output.proposal->from,
                              .to = output.proposal->proposed_isr()});
    }
    last_proposal_ = output.proposal;
    surroundings_.propose(partition_, topic_id_, *output.proposal);
}

void PartitionHost::check_in_sync_set() {
    if (auto* const leader = std::get_if<PartitionLeader>(&role_)) {
        carry_out(leader->step(PartitionLeader::Ticked{}, surroundings_.node.now()));
    }
}

void PartitionHost::take_isr_answer(const PartitionLeader::AlterPartitionAnswered& answer) {
    if (PartitionLeader* const leader = leader_in(answer.proposal.leader_epoch)) {
        carry_out(leader->step(answer, surroundings_.node.now()));
    }
}

// ---- as leader: reads ----

ErrorCode PartitionHost::check_leadership(LeaderEpoch current_leader_epoch) const {
    const ErrorCode error = check_replica(current_leader_epoch);
    if (error != ErrorCode::none) return error;
    return is_leader() ? ErrorCode::none : ErrorCode::not_leader_or_follower;
}

ErrorCode PartitionHost::check_replica(LeaderEpoch current_leader_epoch) const {
    if (is_offline_) return ErrorCode::kafka_storage_error;
    return check_leader_epoch(leader_epoch(), current_leader_epoch, &surroundings_.bugs);
}

FetchAnswer PartitionHost::answer_as_follower(const FetchTarget& target,
                                              OffsetAndEpoch end_of_epoch) {
    const Offset committed = high_watermark();
    const LogEnds ends{.log_start_offset = log_->log_start_offset(),
                       .last_stable_offset = log_->last_stable_offset(committed),
                       .high_watermark = committed,
                       .log_end_offset = log_->log_end_offset()};
    return answer_in_range(target, ends, end_of_epoch, &surroundings_.bugs);
}

FetchOutcome PartitionHost::fetch(const FetchTarget& target) {
    const bool as_follower = target.may_read_follower && follower() != nullptr;
    FetchOutcome outcome{.error = as_follower ? check_replica(target.current_leader_epoch)
                                              : check_leadership(target.current_leader_epoch)};
    if (outcome.error != ErrorCode::none) return outcome;

    PartitionLeader::LogFacts facts;
    if (target.last_fetched_epoch != no_leader_epoch) {
        facts.end_of_last_fetched_epoch = log_->end_offset_for(target.last_fetched_epoch);
    }
    FetchAnswer answer;
    if (as_follower) {
        answer = answer_as_follower(target, facts.end_of_last_fetched_epoch);
    } else {
        facts.first_unstable_offset = log_->first_unstable_offset(high_watermark());
        answer = std::get<PartitionLeader>(role_).answer_fetch(target, facts);
    }
    outcome.error = answer.error;
    if (outcome.error != ErrorCode::none) return outcome;
    outcome.high_watermark = answer.ends.high_watermark;
    outcome.last_stable_offset = answer.ends.last_stable_offset;
    outcome.log_start_offset = answer.ends.log_start_offset;
    outcome.diverging_epoch = answer.diverging;
    if (answer.diverging) return outcome;

    outcome.is_drained = answer.upto <= target.fetch_offset;
    if (answer.upto > target.fetch_offset) {
        Result<LogRead> read = log_->read(target.fetch_offset, target.max_bytes, answer.upto,
                                          target.at_least_one_batch);
        if (!read) {
            go_offline(read.error());
            return {.error = ErrorCode::kafka_storage_error};
        }
        outcome.error = read->error;
        outcome.has_more = read->next_offset < answer.upto;
        outcome.records = std::move(read->records);
        outcome.cost = read->cost;
        if (target.read_committed && read->next_offset > target.fetch_offset) {
            outcome.aborted_transactions =
                log_->aborted_transactions(target.fetch_offset, read->next_offset);
        }
        if (!outcome.records.empty()) {
            surroundings_.node.emit(
                FetchServed{.broker = surroundings_.broker,
                            .partition = partition_,
                            .replica = target.replica,
                            .leader_epoch = leader_epoch(),
                            .from = target.fetch_offset,
                            .upto = read->next_offset,
                            .high_watermark = answer.ends.high_watermark,
                            .last_stable_offset = answer.ends.last_stable_offset,
                            .read_committed = target.read_committed});
        }
    }
    if (target.is_follower() && !target.after_wait && outcome.error == ErrorCode::none) {
        count_fetch(std::get<PartitionLeader>(role_), target, surroundings_.node.now());
    }
    return outcome;
}

void PartitionHost::count_fetch(PartitionLeader& leader, const FetchTarget& target, LocalTime now) {
    const PartitionLeader::FollowerFetched fetched = fetched_by(target);
    if (!leader.count_repeated_fetch(fetched, now)) count_progress(leader, fetched, now);
}

void PartitionHost::count_progress(PartitionLeader& leader,
                                   const PartitionLeader::FollowerFetched& fetched, LocalTime now) {
    const Offset told_before = leader.followers().at(fetched.replica).log_start_offset;
    carry_out(leader.step(fetched, now));
    if (fetched.log_start_offset > told_before) {
        surroundings_.on_news(partition_, PartitionNews::trimmed);
    }
}

std::optional<Duration> PartitionHost::count_again(const FetchTarget& target, LocalTime now) {
    auto* const leader = std::get_if<PartitionLeader>(&role_);
    if (leader == nullptr || is_offline_) return std::nullopt;
    const PartitionLeader::FollowerFetched fetched = fetched_by(target);
    if (leader->count_repeated_fetch(fetched, now)) {
        return Duration(surroundings_.options.replica_lag_time_max) / 100;
    }
    if (!leader->knows_follower(target.replica, target.replica_epoch)) return std::nullopt;
    count_progress(*leader, fetched, now);
    return Duration::zero();
}

std::vector<ReadCandidate> PartitionHost::read_candidates(Offset offset) const {
    const auto* const leader = std::get_if<PartitionLeader>(&role_);
    if (leader == nullptr || is_offline_) return {};
    return leader->read_candidates(offset, surroundings_.node.now());
}

ReplicaHost::EpochEnd PartitionHost::end_of_epoch(LeaderEpoch current_leader_epoch,
                                                  LeaderEpoch epoch) const {
    const ErrorCode error = check_leadership(current_leader_epoch);
    if (error != ErrorCode::none) return {.error = error};
    return {.error = ErrorCode::none, .end = log_->end_offset_for(epoch)};
}

ReplicaHost::OffsetAnswer PartitionHost::list_offset(LeaderEpoch current_leader_epoch,
                                                     TimestampMs timestamp, bool read_committed,
                                                     BrokerId replica) {
    constexpr TimestampMs latest = -1;
    constexpr TimestampMs earliest = -2;
    constexpr TimestampMs with_max_timestamp = -3;
    // KIP-405, KIP-1005: without tiered storage all of the log is local, and nothing is tiered.
    constexpr TimestampMs earliest_local = -4;
    constexpr TimestampMs latest_tiered = -5;
    ReplicaHost::OffsetAnswer answer{.error = check_leadership(current_leader_epoch)};
    if (answer.error != ErrorCode::none) return answer;
    const PartitionLeader& leader = std::get<PartitionLeader>(role_);
    const LogEnds ends = leader.ends(log_->first_unstable_offset(high_watermark()));
    const bool is_follower = replica != no_broker;
    const Offset bound = fetch_bound(is_follower, read_committed, ends);
    const bool end_is_unsettled = !is_follower && !leader.may_list_end_offset();

    if (timestamp == earliest || timestamp == earliest_local) {
        answer.offset = ends.log_start_offset;
        answer.leader_epoch =
            log_->epochs().epoch_at(ends.log_start_offset).value_or(no_leader_epoch);
    } else if (timestamp == latest) {
        if (end_is_unsettled) return {.error = ErrorCode::offset_not_available};
        answer.offset = bound;
        answer.leader_epoch = leader.leader_epoch();
    } else if (timestamp == latest_tiered) {
        return answer;
    } else if (timestamp < with_max_timestamp) {
        return {.error = ErrorCode::unsupported_version};
    } else {
        const auto found = timestamp == with_max_timestamp
                               ? log_->find_max_timestamp(bound)
                               : log_->find_by_timestamp(timestamp, bound);
        if (!found) {
            go_offline(found.error());
            return {.error = ErrorCode::kafka_storage_error};
        }
        if (found->value) {
            answer.offset = found->value->offset;
            answer.timestamp = found->value->timestamp;
            answer.leader_epoch = found->value->leader_epoch;
        } else if (end_is_unsettled) {
            return {.error = ErrorCode::offset_not_available};
        }
    }
    if (!is_follower && answer.offset != no_offset) {
        surroundings_.node.emit(OffsetListed{.broker = surroundings_.broker,
                                             .partition = partition_,
                                             .topic_id = topic_id_,
                                             .leader_epoch = leader.leader_epoch(),
                                             .timestamp = timestamp,
                                             .offset = answer.offset,
                                             .read_committed = read_committed});
    }
    return answer;
}

ReplicaHost::LogContent PartitionHost::read_whole_log(LeaderEpoch epoch) {
    if (is_offline_) return {.error = ErrorCode::kafka_storage_error};
    if (leader_in(epoch) == nullptr) return {.error = ErrorCode::not_leader_or_follower};
    ReplicaHost::LogContent content{.log_end_offset = log_->log_end_offset()};
    for (Offset at = log_->log_start_offset(); at < content.log_end_offset;) {
        const Result<LogRead> read = log_->read(at, INT64_MAX, content.log_end_offset);
        if (!read) {
            go_offline(read.error());
            return {.error = ErrorCode::kafka_storage_error};
        }
        ASSERT(read->next_offset > at, "{}: no records at {} below log end {}", partition_, at,
               content.log_end_offset);
        content.records.insert(content.records.end(), read->records.begin(), read->records.end());
        at = read->next_offset;
    }
    return content;
}

// DeleteRecords (KIP-107), at the leader.
ReplicaHost::RecordDeletion PartitionHost::delete_records(Offset up_to) {
    if (is_offline_) return {.error = ErrorCode::kafka_storage_error};
    const auto* const leader = std::get_if<PartitionLeader>(&role_);
    if (leader == nullptr) return {.error = ErrorCode::not_leader_or_follower};
    if (!log_->options().cleanup_policy.deletes) return {.error = ErrorCode::policy_violation};
    constexpr Offset to_high_watermark{-1};
    const Offset target = up_to == to_high_watermark ? leader->high_watermark() : up_to;
    if (!leader->may_delete_up_to(target)) return {.error = ErrorCode::offset_out_of_range};
    const Inside inside(*this);
    const Offset before = log_->log_start_offset();
    if (target > before) {
        const Result<Duration> advanced = log_->advance_log_start(target);
        if (!advanced) {
            go_offline(advanced.error());
            return {.error = ErrorCode::kafka_storage_error};
        }
        note_log_start(before, "delete records");
        settle(*advanced, false);
    }
    return deletion_of(target);
}

ReplicaHost::RecordDeletion PartitionHost::deletion_of(Offset up_to) const {
    if (is_offline_) return {.error = ErrorCode::kafka_storage_error};
    const auto* const leader = std::get_if<PartitionLeader>(&role_);
    if (leader == nullptr) return {.error = ErrorCode::not_leader_or_follower};
    return {.error = ErrorCode::none, .up_to = up_to, .low_watermark = leader->low_watermark()};
}

// ---- as follower ----

BrokerId PartitionHost::followed_leader() const {
    return follower() == nullptr || is_offline_ ? no_broker : follower()->leader();
}

std::optional<FollowerFetch> PartitionHost::next_fetch(LocalTime now) const {
    if (follower() == nullptr || is_offline_) return std::nullopt;
    return follower()->next_fetch(now);
}

LocalTime PartitionHost::next_fetch_at() const {
    if (follower() == nullptr || is_offline_ || follower()->phase() != FollowerPhase::fetching) {
        return LocalTime::max();
    }
    return follower()->retry_at();
}

std::optional<LeaderEpoch> PartitionHost::must_locate_leader_log() const {
    if (follower() == nullptr || follower()->phase() != FollowerPhase::out_of_range) {
        return std::nullopt;
    }
    return follower()->leader_epoch();
}

void PartitionHost::take_fetch_answer(const FollowerFetch& asked, FetchResponse::Partition answer) {
    if (follower() == nullptr || is_offline_) return;
    const Inside inside(*this);
    PartitionFollower::FetchAnswered input{.asked = asked,
                                           .error = answer.error_code,
                                           .leader_high_watermark = answer.high_watermark,
                                           .leader_log_start_offset = answer.log_start_offset,
                                           .has_records = !answer.records.empty()};
    if (answer.diverging_epoch.epoch != no_leader_epoch) {
        input.diverging_epoch =
            OffsetAndEpoch{answer.diverging_epoch.end_offset, answer.diverging_epoch.epoch};
        input.own_end_of_diverging_epoch = log_->end_offset_for(answer.diverging_epoch.epoch);
    }
    const auto output = follower()->step(input, surroundings_.node.now());
    const DiskWork work = carry_out(output, answer.records);
    settle(work.cost, work.flush_due);
}

void PartitionHost::take_fetch_failure(LeaderEpoch asked_in) {
    if (follower() == nullptr || is_offline_) return;
    follower()->step(PartitionFollower::FetchFailed{asked_in}, surroundings_.node.now());
}

void PartitionHost::take_leader_log(LeaderEpoch asked_in, Offset log_start_offset,
                                    Offset log_end_offset) {
    if (follower() == nullptr || is_offline_) return;
    const Inside inside(*this);
    const auto output = follower()->step(
        PartitionFollower::LeaderLogLocated{asked_in, log_start_offset, log_end_offset},
        surroundings_.node.now());
    const DiskWork work = carry_out(output, {});
    settle(work.cost, work.flush_due);
}

// The log and what is known of it change in one go: nobody runs in between. What the disk took is
// waited for afterwards, before the next fetch tells the leader of it.
PartitionHost::DiskWork PartitionHost::carry_out(const PartitionFollower::Output& output,
                                                 ByteView records) {
    DiskWork work;
    const LocalTime now = surroundings_.node.now();
    const Offset known_before = high_watermark();
    if (output.changes_log()) {
        bool records_were_bad = false;
        if (const Status changed = change_log(output, records, work, records_were_bad); !changed) {
            go_offline(changed.error());
            return work;
        }
        follower()->step(PartitionFollower::LogChanged{log_state()}, now);
        // Consumers that read here (KIP-392) may find less than they were told of.
        if (!output.append) surroundings_.on_news(partition_, PartitionNews::trimmed);
        if (records_were_bad) {
            follower()->step(PartitionFollower::FetchFailed{leader_epoch()}, now);
            return work;
        }
    }
    if (!output.leader_high_watermark) return work;
    // A truncation took it back, a later log start forward.
    const Offset before = std::min(known_before, high_watermark());
    follower()->set_high_watermark(*output.leader_high_watermark);
    if (high_watermark() > before) {
        surroundings_.node.emit(HighWatermarkAdvanced{.broker = surroundings_.broker,
                                                      .partition = partition_,
                                                      .role = ReplicaRole::follower,
                                                      .leader_epoch = leader_epoch(),
                                                      .from = before,
                                                      .to = high_watermark(),
                                                      .maximal_isr = {},
                                                      .partition_epoch = PartitionEpoch{-1}});
        surroundings_.on_news(partition_, PartitionNews::committed);
    }
    return work;
}

Status PartitionHost::change_log(const PartitionFollower::Output& output, ByteView records,
                                 DiskWork& work, bool& records_were_bad) {
    const auto pay = [&work](const Result<Duration>& done) -> Status {
        if (!done) return done.error();
        work.cost += *done;
        return success();
    };
    const Offset from = log_->log_end_offset();
    if (output.truncate_to) {
        const Result<Duration> truncated = log_->truncate_to(*output.truncate_to);
        // Also where the records went and a later step failed.
        emit_truncated(from, output.reason);
        if (Status done = pay(truncated); !done) return done;
    }
    if (output.restart_at) {
        const Offset start = log_->log_start_offset();
        // All records go first; only then does the empty log move to where the leader's begins.
        const Result<Duration> truncated = log_->truncate_to(start);
        emit_truncated(from, output.reason);
        if (Status done = pay(truncated); !done) return done;
        if (Status done = pay(log_->truncate_fully_and_start_at(*output.restart_at)); !done) {
            return done;
        }
        surroundings_.node.emit(LogStartAdvanced{.broker = surroundings_.broker,
                                                 .partition = partition_,
                                                 .to = *output.restart_at,
                                                 .reason = "leader's log start",
                                                 .wall_time = wall_ms()});
    }
    if (output.append) {
        const Result<AppendInfo> appended = log_->append_as_follower(records);
        if (!appended) return appended.error();
        work.cost += appended->cost;
        work.flush_due = appended->flush_due;
        records_were_bad = appended->error != ErrorCode::none;
        if (!records_were_bad) emit_appended(records, ReplicaRole::follower, from);
    }
    if (output.advance_log_start_to && !records_were_bad) {
        const Offset to = std::min(*output.advance_log_start_to, log_->log_end_offset());
        if (to > log_->log_start_offset()) {
            if (Status done = pay(log_->advance_log_start(to)); !done) return done;
            surroundings_.node.emit(LogStartAdvanced{.broker = surroundings_.broker,
                                                     .partition = partition_,
                                                     .to = to,
                                                     .reason = "leader's log start",
                                                     .wall_time = wall_ms()});
        }
    }
    return success();
}

// ---- by the clock ----

void PartitionHost::apply_retention() {
    if (log_ == nullptr || is_offline_) return;
    const Inside inside(*this);
    const Offset before = log_->log_start_offset();
    const Result<Duration> applied = log_->apply_retention(wall_ms(), high_watermark());
    if (!applied) return go_offline(applied.error());
    note_log_start(before, "retention");
    settle(*applied, false);
}

void PartitionHost::clean_if_due() {
    if (log_ == nullptr || is_offline_ || is_uncleanable_) return;
    const Inside inside(*this);
    const Offset from = log_->cleaner_offset();
    const TimestampMs now = wall_ms();
    const Result<Cleaning> cleaned =
        model::clean_if_due(*log_, high_watermark(), now, &surroundings_.bugs);
    if (!cleaned) {
        // What cannot be read is left as it is; the disk itself works (Kafka: uncleanable).
        is_uncleanable_ = cleaned.error().failure == Failure::corrupt;
        if (!is_uncleanable_) go_offline(cleaned.error());
        return;
    }
    if (!cleaned->ran) return;
    surroundings_.node.emit(LogCleaned{.broker = surroundings_.broker,
                                       .partition = partition_,
                                       .from = from,
                                       .to = cleaned->cleaned_to,
                                       .bytes_before = cleaned->bytes_before,
                                       .bytes_after = cleaned->bytes_after,
                                       .wall_time = now});
    settle(cleaned->cost, false);
}

void PartitionHost::flush_if_due() {
    if (log_ == nullptr || is_offline_) return;
    const LogOptions::Milliseconds limit = log_->options().flush_ms;
    if (limit == LogOptions::never || surroundings_.node.now() - flushed_at_ < limit) return;
    const Inside inside(*this);
    settle(Duration::zero(), true);
}

void PartitionHost::expire_producers() {
    if (log_ == nullptr || is_offline_) return;
    log_->expire_producers(wall_ms());
}

void PartitionHost::note_log_start(Offset before, std::string_view reason) {
    const Offset start = log_->log_start_offset();
    if (start == before) return;
    const LocalTime now = surroundings_.node.now();
    if (auto* const leader = std::get_if<PartitionLeader>(&role_)) {
        carry_out(leader->step(PartitionLeader::LogStartAdvanced{start}, now));
    } else if (follower() != nullptr) {
        follower()->step(PartitionFollower::LogChanged{log_state()}, now);
    } else {
        Offset& known = std::get<NoRole>(role_).high_watermark;
        known = std::max(known, start);
    }
    surroundings_.node.emit(LogStartAdvanced{.broker = surroundings_.broker,
                                             .partition = partition_,
                                             .to = start,
                                             .reason = std::string(reason),
                                             .wall_time = wall_ms()});
    surroundings_.on_news(partition_, PartitionNews::trimmed);
}

// ---- what is ----

Offset PartitionHost::high_watermark() const {
    if (const auto* const leader = std::get_if<PartitionLeader>(&role_)) {
        return leader->high_watermark();
    }
    if (follower() != nullptr) return follower()->high_watermark();
    return std::get<NoRole>(role_).high_watermark;
}

LeaderEpoch PartitionHost::leader_epoch() const {
    if (const auto* const leader = std::get_if<PartitionLeader>(&role_)) {
        return leader->leader_epoch();
    }
    return follower() == nullptr ? no_leader_epoch : follower()->leader_epoch();
}

PartitionLeader* PartitionHost::leader_in(LeaderEpoch epoch) {
    auto* const leader = std::get_if<PartitionLeader>(&role_);
    return leader != nullptr && leader->leader_epoch() == epoch ? leader : nullptr;
}

ReplicaHost::LogSize PartitionHost::log_size() const {
    if (log_ == nullptr) return {.partition = partition_};
    const Offset ahead = high_watermark();
    const Offset end = log_->log_end_offset();
    return {.partition = partition_,
            .bytes = log_->size(),
            .offset_lag = std::max<std::int64_t>(ahead.value() - end.value(), 0)};
}

LogState PartitionHost::log_state() const {
    LogState state{.log_start_offset = log_->log_start_offset(),
                   .log_end_offset = log_->log_end_offset(),
                   .last_epoch = no_leader_epoch};
    if (!log_->is_empty()) {
        state.last_epoch =
            log_->epochs().epoch_at(state.log_end_offset - 1).value_or(no_leader_epoch);
    }
    return state;
}

// ---- events ----

void PartitionHost::emit_appended(ByteView batches, ReplicaRole role, Offset from) {
    BatchCursor cursor(batches);
    while (const auto batch = cursor.next()) {
        ASSERT(batch->base_offset() >= from, "{}: appended a batch at {} to a log that ended at {}",
               partition_, batch->base_offset(), from);
        BatchAppended event{.broker = surroundings_.broker,
                            .partition = partition_,
                            .role = role,
                            .base_offset = batch->base_offset(),
                            .last_offset = batch->last_offset(),
                            .leader_epoch = batch->partition_leader_epoch(),
                            .crc = batch->crc(),
                            .producer_id = batch->producer_id(),
                            .producer_epoch = batch->producer_epoch(),
                            .base_sequence = batch->base_sequence(),
                            .is_control = batch->attributes().is_control(),
                            .is_transactional = batch->attributes().is_transactional(),
                            .records = {},
                            .max_timestamp = batch->max_timestamp(),
                            .bytes = static_cast<std::uint32_t>(batch->bytes().size())};
        if (role == ReplicaRole::leader) {
            RecordReader reader(*batch);
            RecordView record;
            while (reader.next(record)) event.records.push_back(record_id(record));
        }
        surroundings_.node.emit(event);
    }
}

void PartitionHost::emit_markers(ByteView batches) {
    BatchCursor cursor(batches);
    while (const auto batch = cursor.next()) {
        if (!batch->attributes().is_control() || !batch->has_producer_id()) continue;
        const Result<TransactionMarker> marker = read_marker(*batch);
        if (!marker) continue;
        surroundings_.node.emit(MarkerAppended{.broker = surroundings_.broker,
                                               .partition = partition_,
                                               .offset = batch->base_offset(),
                                               .leader_epoch = batch->partition_leader_epoch(),
                                               .producer_id = marker->producer_id,
                                               .producer_epoch = marker->producer_epoch,
                                               .coordinator_epoch = marker->coordinator_epoch,
                                               .commit = marker->is_commit});
    }
}

void PartitionHost::emit_refused(ByteView batches, ErrorCode error) {
    BatchCursor cursor(batches);
    while (const auto batch = cursor.next()) {
        if (!batch->has_producer_id()) continue;
        surroundings_.node.emit(
            NumberedBatchRefused{.broker = surroundings_.broker,
                                 .partition = partition_,
                                 .producer_id = batch->producer_id(),
                                 .producer_epoch = batch->producer_epoch(),
                                 .base_sequence = batch->base_sequence(),
                                 .is_transactional = batch->attributes().is_transactional(),
                                 .error = std::string(to_string(error))});
    }
}

void PartitionHost::emit_duplicate(ByteView batches, Offset base_offset) {
    const Result<BatchView> batch = BatchView::at_front(batches);
    if (!batch || batch->attributes().is_control()) return;
    surroundings_.node.emit(DuplicateAnswered{.broker = surroundings_.broker,
                                              .partition = partition_,
                                              .producer_id = batch->producer_id(),
                                              .producer_epoch = batch->producer_epoch(),
                                              .base_sequence = batch->base_sequence(),
                                              .base_offset = base_offset});
}

void PartitionHost::tell_last_stable_offset() {
    const auto* const leader = std::get_if<PartitionLeader>(&role_);
    if (leader == nullptr || log_ == nullptr) return;
    const Offset high_watermark = leader->high_watermark();
    const Offset stable = log_->last_stable_offset(high_watermark);
    const bool is_held_back = stable < high_watermark;
    if ((is_held_back || told_stable_.is_held_back) &&
        (stable != told_stable_.offset || high_watermark != told_stable_.high_watermark)) {
        surroundings_.node.emit(LastStableOffsetMoved{.broker = surroundings_.broker,
                                                      .partition = partition_,
                                                      .leader_epoch = leader->leader_epoch(),
                                                      .from = told_stable_.offset,
                                                      .to = stable,
                                                      .high_watermark = high_watermark});
    }
    told_stable_ = {stable, high_watermark, is_held_back};
}

void PartitionHost::emit_role(ReplicaRole role, BrokerId leader) {
    surroundings_.node.emit(RoleTaken{.broker = surroundings_.broker,
                                      .partition = partition_,
                                      .role = role,
                                      .leader_epoch = leader_epoch(),
                                      .leader = leader,
                                      .log_end_offset = log_->log_end_offset(),
                                      .high_watermark = high_watermark()});
}

void PartitionHost::emit_truncated(Offset from, std::string_view reason) {
    if (log_->log_end_offset() == from) return;
    surroundings_.node.emit(LogTruncated{.broker = surroundings_.broker,
                                         .partition = partition_,
                                         .from = from,
                                         .to = log_->log_end_offset(),
                                         .reason = std::string(reason)});
}

}  // namespace squall::model
