#include "model/raft/raft_host.h"

#include <algorithm>
#include <utility>

#include "model/events/raft_events.h"
#include "model/protocol/batch_view.h"
#include "sim/base/assert.h"
#include "sim/kernel/task.h"

namespace squall::model {

namespace {

constexpr std::string_view quorum_state_path = "__cluster_metadata-0/quorum-state";

TimestampMs timestamp(const sim::Node& node) {
    return node.wall_now().ms();
}

}  // namespace

RaftHost::RaftHost(sim::Node& node, BrokerId self, RaftOptions options, ChannelPool& channels,
                   LogDirectory& logs, sim::Disk& disk, RaftStateMachine& listener,
                   const BugSet* bugs)
    : node_(node),
      self_(self),
      options_(std::move(options)),
      channels_(channels),
      logs_(logs),
      disk_(disk),
      listener_(listener),
      bugs_(bugs),
      mailbox_(node),
      dirty_(node),
      has_fetch_(node) {}

RaftHost::~RaftHost() = default;

void RaftHost::halt(const Error& error) {
    node_.emit(RaftHalted{.replica = self_, .why = to_string(error)});
    node_.die_at_next_park(sim::StopReason::crash);
    node_.sleep_until(LocalTime::max());
    throw sim::NodeCrashed{};  // not reached: the sleep never returns
}

// The metadata log is all that a controller knows: what it cannot write or read ends the process.
template <class T>
T RaftHost::must(Result<T> result) {
    if (!result) halt(result.error());
    return std::move(result).value();
}

// ---- start ----

void RaftHost::start() {
    ASSERT(!quorum_, "the raft host of {} starts twice", self_);
    log_ = logs_.find(raft::metadata_partition);
    if (log_ == nullptr) {
        // An epoch may begin late and the log is never deleted: no retention here.
        LogOptions options;
        options.retention_ms = LogOptions::Milliseconds{-1};
        auto created =
            must(logs_.create(raft::metadata_partition, raft::metadata_topic_id, options));
        log_ = created.value;
        unpaid_ += created.cost;
    }
    raft::QuorumState state;
    if (disk_.exists(quorum_state_path)) {
        auto text = must(disk_.read_all(quorum_state_path));
        unpaid_ += text.cost;
        if (!text.value.empty()) state = must(raft::read_quorum_state(as_text(text.value)));
    }
    raft::LogSummary summary;
    for (Offset at = log_->log_start_offset(); at < log_->log_end_offset();) {
        const LogRead read = must(log_->read(at, options_.fetch_max_bytes, log_->log_end_offset()));
        unpaid_ += read.cost;
        BatchCursor cursor(read.records);
        while (const auto batch = cursor.next()) {
            summary.append(RaftEpoch{batch->partition_leader_epoch().value()},
                           batch->last_offset_delta() + 1);
        }
        ASSERT(read.next_offset > at, "the metadata log does not read on from {}", at);
        at = read.next_offset;
    }
    // What lies there now was read back, and so is as durable as the flush that follows makes it.
    unpaid_ += must(log_->flush());
    summary.mark_flushed(summary.log_end());
    ASSERT(summary.log_end() == log_->log_end_offset(), "the summary ends at {}, the log at {}",
           summary.log_end(), log_->log_end_offset());
    node_.sleep_for(std::exchange(unpaid_, {}));

    const std::uint64_t jitter_seed = node_.draws("raft jitter").bits();
    quorum_.emplace(
        raft::QuorumConfig{
            .self = self_, .options = options_, .jitter_seed = jitter_seed, .bugs = bugs_},
        state, std::move(summary));
    for (const RaftVoter& voter : options_.voters) {
        if (voter.id == self_ || !quorum_->is_voter()) continue;
        peers_.push_back(std::make_unique<Peer>(node_, voter.id));
        Peer& peer = *peers_.back();
        node_.spawn(fmt::format("raft_host/peer-{}", voter.id), [this, &peer] { run_peer(peer); });
    }
    node_.emit(RaftStarted{.replica = self_,
                           .directory_id = {},
                           .is_voter = quorum_->is_voter(),
                           .epoch = quorum_->state().epoch,
                           .log_start = log_->log_start_offset(),
                           .log_end = log_->log_end_offset(),
                           .fetch_timeout_ms = options_.fetch_timeout.count()});
    node_.spawn("raft_host/flush", [this] { run_flushes(); });
    node_.spawn("raft_host/fetch", [this] { run_fetches(); });
    mailbox_.push({.input = raft::Boot{}});
    node_.spawn("raft_host", [this] { run(); });
}

// ---- the mailbox task ----

void RaftHost::run() {
    step(mailbox_.pop());
    while (true) {
        std::optional<Work> work = mailbox_.pop_until(next_deadline());
        if (work) {
            step(std::move(*work));
        } else {
            step({.input = raft::Tick{}});
        }
    }
}

LocalTime RaftHost::next_deadline() const {
    LocalTime deadline = quorum_->next_deadline();
    for (const HeldFetch& held : held_) deadline = std::min(deadline, held.hold_until);
    return deadline;
}

void RaftHost::step(Work work) {
    log_is_behind_ = true;
    raft::Output output = quorum_->step(work.input, node_.now());
    carry_out(std::move(output), work);
    answer_held_fetches();
}

void RaftHost::carry_out(raft::Output output, Work& work) {
    if (output.persist_state) persist(*output.persist_state);
    if (output.vote_granted) {
        node_.emit(RaftVoteGranted{
            .voter = self_, .epoch = quorum_->state().epoch, .candidate = quorum_->state().voted});
    }
    if (output.truncate_to) truncate(*output.truncate_to);
    if (output.append_leader_change) append_leader_change();
    if (output.append_fetched > 0) append_fetched(output.append_fetched, work.records);
    ASSERT(log_->log_end_offset() == quorum_->log().log_end(), "the log ends at {}, its summary {}",
           log_->log_end_offset(), quorum_->log().log_end());
    log_is_behind_ = false;
    if (unpaid_ > Duration::zero()) node_.sleep_for(std::exchange(unpaid_, {}));
    if (output.fatal) halt({Failure::corrupt, *output.fatal});
    if (output.flush) dirty_.open();

    if (work.fetch_answer) {
        const auto& received = std::get<raft::Received>(work.input);
        held_.push_back({std::get<raft::FetchRequest>(received.message),
                         std::move(*work.fetch_answer), work.hold_until});
    } else if (work.answer && output.reply) {
        work.answer->complete(std::move(*output.reply));
    }
    for (raft::Outbound& outbound : output.send) send(std::move(outbound));
    tell(output);
}

void RaftHost::tell(const raft::Output& output) {
    if (output.role_changed) {
        const std::string role =
            quorum_->is_voter() ? std::string(to_string(quorum_->role())) : std::string("observer");
        node_.emit(RaftRoleChanged{.replica = self_,
                                   .role = role,
                                   .epoch = quorum_->state().epoch,
                                   .leader = quorum_->leader()});
        listener_.on_leadership();
    }
    if (output.high_watermark_moved) {
        node_.emit(RaftCommitted{.replica = self_,
                                 .epoch = quorum_->state().epoch,
                                 .high_watermark = quorum_->high_watermark()});
        listener_.on_committed();
    }
}

// ---- disk ----

void RaftHost::persist(const raft::QuorumState& state) {
    const std::string text = raft::write_quorum_state(state);
    unpaid_ += must(disk_.replace(quorum_state_path, as_bytes(text)));
    const sim::FlushTicket ticket = must(disk_.begin_flush(quorum_state_path));
    node_.sleep_for(std::exchange(unpaid_, {}) + ticket.cost);
    must(disk_.finish_flush(ticket));
}

void RaftHost::truncate(Offset to) {
    unpaid_ += must(log_->truncate_to(to));
    cut_to_ = std::min(to, cut_to_.value_or(to));
    node_.emit(RaftTruncated{.replica = self_, .to = to});
}

void RaftHost::append_leader_change() {
    LeaderChange change{.leader_id = self_, .voters = {}, .granting_voters = {}};
    for (const RaftVoter& voter : options_.voters) change.voters.push_back({voter.id, Uuid{}});
    Bytes batch = leader_change_batch(change, timestamp(node_));
    const AppendInfo info = must(log_->append_as_leader(
        batch, LeaderEpoch{quorum_->state().epoch.value()}, timestamp(node_), BatchSource::broker));
    ASSERT(info.error == ErrorCode::none, "the LeaderChange record is refused: {}", info.message);
    unpaid_ += info.cost;
    note_appended(*BatchView::at_front(batch));
}

void RaftHost::append_fetched(std::size_t count, ByteView records) {
    BatchCursor cursor(records);
    std::vector<BatchView> batches;
    while (batches.size() < count) batches.push_back(*cursor.next());
    const AppendInfo info = must(log_->append_as_follower(records.first(cursor.position())));
    if (info.error != ErrorCode::none) halt({Failure::corrupt, info.message});
    unpaid_ += info.cost;
    for (const BatchView& batch : batches) note_appended(batch);
}

std::optional<raft::BatchSpan> RaftHost::propose(Bytes batch, std::int32_t count) {
    if (!is_leader()) return std::nullopt;
    ASSERT(!log_is_behind_, "a proposal in the middle of a step");
    const raft::Output output = quorum_->step(raft::Propose{count}, node_.now());
    ASSERT(output.append_proposed && !output.persist_state, "a leader refuses a proposal");
    const AppendInfo info = must(log_->append_as_leader(
        batch, LeaderEpoch{quorum_->state().epoch.value()}, timestamp(node_), BatchSource::broker));
    ASSERT(info.error == ErrorCode::none, "a batch of metadata is refused: {}", info.message);
    ASSERT(info.base_offset == output.append_proposed->base_offset &&
               info.last_offset == output.append_proposed->last_offset,
           "a batch proposed for {} went to {}", output.append_proposed->base_offset,
           info.base_offset);
    note_appended(*BatchView::at_front(batch));
    dirty_.open();
    mailbox_.push({.input = raft::Tick{}});  // held fetches have news
    return output.append_proposed;
}

void RaftHost::note_appended(const BatchView& batch) {
    node_.emit(RaftAppended{.replica = self_,
                            .base_offset = batch.base_offset(),
                            .last_offset = batch.last_offset(),
                            .epoch = RaftEpoch{batch.partition_leader_epoch().value()},
                            .crc = batch.crc()});
}

// A leader lingers, so that one flush covers many batches (append.linger.ms); others answer to the
// leader only when they have flushed, and do not wait.
void RaftHost::run_flushes() {
    while (true) {
        dirty_.wait();
        if (is_leader()) node_.sleep_for(options_.append_linger);
        dirty_.close();
        cut_to_.reset();
        const Offset end = log_->log_end_offset();
        const LogFlush flush = must(log_->begin_flush());
        node_.sleep_for(flush.cost);
        must(log_->finish_flush(flush));
        mailbox_.push({.input = raft::LogFlushed{std::min(end, cut_to_.value_or(end))}});
    }
}

Bytes RaftHost::read_committed(Offset from, std::int64_t max_bytes) {
    ASSERT(from <= high_watermark(), "reads from {} above the high watermark {}", from,
           high_watermark());
    if (from == high_watermark()) return {};
    return must(log_->read(from, max_bytes, high_watermark())).records;
}

// ---- requests of others ----

template <class Wire, class Request, class Response>
Wire RaftHost::ask(std::optional<Request> request) {
    if (!request || !quorum_)
        return to_wire(Response{.error = ErrorCode::unknown_topic_or_partition});
    sim::Completion<raft::Message> completion(node_);
    Work work{.input = raft::Received{*request}};
    work.answer = completion.completer();
    mailbox_.push(std::move(work));
    const std::optional<raft::Message> answer = completion.await();
    if (!answer) return to_wire(Response{.error = ErrorCode::unknown_server_error});
    return to_wire(std::get<Response>(*answer));
}

VoteResponse RaftHost::handle(const VoteRequest& request) {
    return ask<VoteResponse, raft::VoteRequest, raft::VoteResponse>(raft::from_wire(request));
}

BeginQuorumEpochResponse RaftHost::handle(const BeginQuorumEpochRequest& request) {
    return ask<BeginQuorumEpochResponse, raft::BeginQuorumEpochRequest,
               raft::BeginQuorumEpochResponse>(raft::from_wire(request));
}

EndQuorumEpochResponse RaftHost::handle(const EndQuorumEpochRequest& request) {
    return ask<EndQuorumEpochResponse, raft::EndQuorumEpochRequest, raft::EndQuorumEpochResponse>(
        raft::from_wire(request));
}

FetchResponse RaftHost::handle(const FetchRequest& request) {
    const std::optional<raft::FetchRequest> fetch = raft::from_wire(request);
    if (!fetch || !quorum_) {
        return to_wire(raft::FetchResponse{.error = ErrorCode::unknown_topic_or_partition}, {});
    }
    sim::Completion<FetchAnswer> completion(node_);
    Work work{.input = raft::Received{*fetch}};
    work.fetch_answer = completion.completer();
    work.hold_until = node_.now() + std::chrono::milliseconds(std::max(request.max_wait_ms, 0));
    mailbox_.push(std::move(work));
    std::optional<FetchAnswer> answer = completion.await();
    if (!answer) {
        return to_wire(raft::FetchResponse{.error = ErrorCode::unknown_server_error}, {});
    }
    node_.sleep_for(answer->cost);
    return to_wire(answer->response, std::move(answer->records));
}

void RaftHost::answer_held_fetches() {
    const LocalTime now = node_.now();
    for (auto held = held_.begin(); held != held_.end();) {
        if (!quorum_->has_news_for(held->request) && now < held->hold_until) {
            ++held;
            continue;
        }
        held->answer.complete(answer(held->request));
        held = held_.erase(held);
    }
}

RaftHost::FetchAnswer RaftHost::answer(const raft::FetchRequest& request) {
    FetchAnswer answer{.response = quorum_->answer_fetch(request), .records = {}};
    if (answer.response.error != ErrorCode::none || answer.response.diverging) return answer;
    const Offset from = request.position.offset;
    if (from == log_->log_end_offset()) return answer;
    LogRead read = must(log_->read(from, options_.fetch_max_bytes, log_->log_end_offset()));
    answer.records = std::move(read.records);
    answer.cost = read.cost;
    return answer;
}

// ---- requests to others ----

std::optional<Endpoint> RaftHost::endpoint_of(BrokerId id) const {
    for (const RaftVoter& voter : options_.voters) {
        if (voter.id == id) return channels_.resolve(voter.host, voter.port);
    }
    return std::nullopt;
}

std::optional<Endpoint> RaftHost::leader_endpoint() const {
    return leader() == no_broker ? std::nullopt : endpoint_of(leader());
}

void RaftHost::send(raft::Outbound outbound) {
    if (std::holds_alternative<raft::FetchRequest>(outbound.message)) {
        next_fetch_ = std::move(outbound);
        has_fetch_.open();
        return;
    }
    const auto peer =
        std::ranges::find_if(peers_, [&](const auto& entry) { return entry->id == outbound.to; });
    ASSERT(peer != peers_.end(), "a message to {}, who is no voter", outbound.to);
    (*peer)->outbox.push(std::move(outbound.message));
}

// One Fetch at a time; what comes back for one that was superseded meanwhile is not looked at.
void RaftHost::run_fetches() {
    while (true) {
        has_fetch_.wait();
        has_fetch_.close();
        const raft::Outbound fetch = *std::exchange(next_fetch_, std::nullopt);
        const std::optional<Endpoint> to = endpoint_of(fetch.to);
        Work work{.input = raft::FetchFailed{}};
        if (to) {
            const auto& request = std::get<raft::FetchRequest>(fetch.message);
            // The patience is the quorum's own: a connection attempt to a dead machine may take
            // longer, and meanwhile another voter can be asked.
            sim::Completion<Result<FetchResponse>> completion(node_);
            channels_.to(*to, "raft_fetch")
                .send(raft::to_wire(request, options_), completion.completer(),
                      options_.request_timeout);
            auto reply = completion.await_until(node_.now() + options_.request_timeout);
            if (reply && reply->ok()) {
                FetchResponse& answer = reply->value();
                auto response = raft::from_wire(answer, fetch.to);
                if (response) {
                    work.records = std::move(answer.responses[0].partitions[0].records);
                    response->batches = raft::spans_of(work.records);
                    work.input = raft::Received{*std::move(response)};
                }
            }
        }
        if (!next_fetch_) mailbox_.push(std::move(work));
    }
}

void RaftHost::run_peer(Peer& peer) {
    while (true) {
        const raft::Message message = peer.outbox.pop();
        const std::optional<Endpoint> to = endpoint_of(peer.id);
        if (!to) continue;
        Channel& channel = channels_.to(*to, "raft");
        const auto timeout = options_.request_timeout;
        const auto hand_in = [&](auto response) {
            if (response) mailbox_.push({.input = raft::Received{*std::move(response)}});
        };
        // A request without an answer is asked again: a vote soon, as long as its election lasts,
        // the others by the next announcement.
        if (const auto* vote = std::get_if<raft::VoteRequest>(&message)) {
            const auto reply = channel.call(raft::to_wire(*vote, peer.id), timeout);
            if (reply) {
                hand_in(raft::from_wire(*reply, peer.id, vote->pre_vote));
            } else {
                node_.sleep_for(options_.retry_backoff);
                mailbox_.push({.input = raft::VoteFailed{peer.id, *vote}});
            }
        } else if (const auto* begin = std::get_if<raft::BeginQuorumEpochRequest>(&message)) {
            const auto reply = channel.call(raft::to_wire(*begin, peer.id), timeout);
            if (reply) hand_in(raft::from_wire(*reply, peer.id));
        } else if (const auto* end = std::get_if<raft::EndQuorumEpochRequest>(&message)) {
            const auto reply = channel.call(raft::to_wire(*end, peer.id), timeout);
            if (reply) hand_in(raft::from_wire(*reply));
        }
    }
}

void RaftHost::resign() {
    mailbox_.push({.input = raft::Resign{}});
}

}  // namespace squall::model
