#include "model/raft/raft_host.h"

#include <algorithm>
#include <utility>

#include "model/events/raft_events.h"
#include "model/protocol/batch_view.h"
#include "model/raft/snapshot.h"
#include "sim/base/assert.h"
#include "sim/kernel/task.h"

namespace squall::model {

namespace {

constexpr std::string_view folder = "__cluster_metadata-0";
constexpr std::string_view quorum_state_path = "__cluster_metadata-0/quorum-state";
// A snapshot that is being loaded, and one that is being written.
constexpr std::string_view loading_path = "__cluster_metadata-0/loading.part";
constexpr std::string_view writing_path = "__cluster_metadata-0/writing.part";

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
    const raft::LogPosition snapshot = find_snapshot();
    raft::LogSummary summary = summarize(snapshot);
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
        state, std::move(summary), snapshot);
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

raft::LogSummary RaftHost::summarize(const raft::LogPosition& snapshot) {
    raft::LogSummary summary;
    // A log that does not reach the snapshot is of no use; one whose front is gone begins there.
    if (log_->log_end_offset() < snapshot.offset) {
        unpaid_ += must(log_->truncate_fully_and_start_at(snapshot.offset));
    } else if (log_->log_start_offset() > Offset{0}) {
        unpaid_ += must(log_->advance_log_start(snapshot.offset));
    }
    if (log_->log_start_offset() > Offset{0}) {
        if (log_->log_start_offset() != snapshot.offset) {
            halt(
                {Failure::corrupt, fmt::format("the log starts at {}, the latest snapshot is of {}",
                                               log_->log_start_offset(), snapshot.offset)});
        }
        summary.restart_at(snapshot);
    }
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
    return summary;
}

// The latest that is whole; what is not was being written when the process ended.
raft::LogPosition RaftHost::find_snapshot() {
    raft::LogPosition latest;
    for (const std::string& path : disk_.list(fmt::format("{}/", folder))) {
        if (path == loading_path || path == writing_path) {
            unpaid_ += must(disk_.remove(path));
            continue;
        }
        const std::optional<raft::LogPosition> id = raft::snapshot_id(path);
        if (!id || id->offset <= latest.offset) continue;
        const auto content = must(disk_.read_all(path));
        unpaid_ += content.cost;
        if (raft::check_snapshot(content.value)) latest = *id;
    }
    remove_snapshots_before(latest);
    return latest;
}

void RaftHost::remove_snapshots_before(const raft::LogPosition& latest) {
    for (const std::string& path : disk_.list(fmt::format("{}/", folder))) {
        const std::optional<raft::LogPosition> id = raft::snapshot_id(path);
        if (id && *id != latest) unpaid_ += must(disk_.remove(path));
    }
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
    if (output.restart_at) restart_at(*output.restart_at);
    if (output.drop_before) {
        unpaid_ += must(log_->advance_log_start(output.drop_before->offset));
    }
    if (std::holds_alternative<raft::SnapshotTaken>(work.input)) {
        remove_snapshots_before(quorum_->snapshot());
    }
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
        note_progress(std::get<raft::FetchRequest>(received.message));
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
        progress_.clear();
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

// The snapshot was stored and flushed before it was adopted; the log goes only when it has its
// name.
void RaftHost::restart_at(const raft::LogPosition& snapshot) {
    const std::string path = raft::snapshot_path(folder, snapshot);
    unpaid_ += must(disk_.rename(loading_path, path));
    unpaid_ += must(log_->truncate_fully_and_start_at(snapshot.offset));
    cut_to_ = std::min(snapshot.offset, cut_to_.value_or(snapshot.offset));
    remove_snapshots_before(snapshot);
    // The next Fetch acknowledges all that the snapshot holds.
    const sim::FlushTicket ticket = must(disk_.begin_flush(path));
    node_.sleep_for(std::exchange(unpaid_, {}) + ticket.cost);
    must(disk_.finish_flush(ticket));
    node_.emit(RaftSnapshotLoaded{.replica = self_,
                                  .end_offset = snapshot.offset,
                                  .epoch = snapshot.epoch,
                                  .bytes = must(disk_.size(path))});
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

// ---- snapshots ----

Bytes RaftHost::read_snapshot() {
    ASSERT(snapshot().offset > Offset{0}, "no snapshot to read");
    return must(disk_.read_all(raft::snapshot_path(folder, snapshot()))).value;
}

void RaftHost::take_snapshot(Offset end, std::vector<Bytes> values) {
    ASSERT(end <= high_watermark(), "a snapshot of everything below {}, the high watermark is {}",
           end, high_watermark());
    if (is_snapshotting_ || end <= snapshot().offset) return;
    is_snapshotting_ = true;
    const raft::LogPosition id{end, quorum_->log().epoch_before(end)};
    const TimestampMs now = timestamp(node_);
    node_.spawn("raft_host/snapshot",
                [this, id, content = raft::write_snapshot(id, now, now, values)] {
                    write_snapshot(id, content);
                    is_snapshotting_ = false;
                });
}

void RaftHost::write_snapshot(raft::LogPosition id, const Bytes& content) {
    node_.sleep_for(must(disk_.replace(writing_path, content)));
    const sim::FlushTicket ticket = must(disk_.begin_flush(writing_path));
    node_.sleep_for(ticket.cost);
    must(disk_.finish_flush(ticket));
    // A later one was loaded meanwhile.
    if (id.offset <= snapshot().offset) return;
    const std::string path = raft::snapshot_path(folder, id);
    node_.sleep_for(must(disk_.rename(writing_path, path)));
    // Its name, too, must outlive whatever the log drops for it.
    const sim::FlushTicket name = must(disk_.begin_flush(path));
    node_.sleep_for(name.cost);
    must(disk_.finish_flush(name));
    const bool drops_log = static_cast<std::int64_t>(log_->size()) > options_.max_retention_bytes;
    node_.emit(RaftSnapshotTaken{.replica = self_,
                                 .end_offset = id.offset,
                                 .epoch = id.epoch,
                                 .bytes = content.size(),
                                 .drops_log = drops_log});
    mailbox_.push({.input = raft::SnapshotTaken{id, drops_log}});
}

FetchSnapshotResponse RaftHost::handle(const FetchSnapshotRequest& request) {
    const std::optional<raft::FetchSnapshotRequest> asked = raft::from_wire(request);
    const auto refusal = [&](raft::FetchSnapshotResponse answer, ErrorCode error) {
        answer.error = error;
        return raft::to_wire(answer, {}, 0, 0);
    };
    if (!asked || !quorum_) return refusal({}, ErrorCode::unknown_topic_or_partition);
    sim::Completion<raft::Message> completion(node_);
    Work work{.input = raft::Received{*asked}};
    work.answer = completion.completer();
    mailbox_.push(std::move(work));
    const std::optional<raft::Message> reply = completion.await();
    if (!reply) return refusal({}, ErrorCode::unknown_server_error);
    const auto& answer = std::get<raft::FetchSnapshotResponse>(*reply);
    if (answer.error != ErrorCode::none) return raft::to_wire(answer, {}, 0, 0);
    const std::string path = raft::snapshot_path(folder, answer.snapshot);
    const auto size = disk_.size(path);
    if (!size) return refusal(answer, ErrorCode::snapshot_not_found);  // a later one replaced it
    const auto total = static_cast<std::int64_t>(*size);
    if (asked->position < 0 || asked->position >= total) {
        return refusal(answer, ErrorCode::position_out_of_range);
    }
    const std::int64_t length =
        std::clamp<std::int64_t>(total - asked->position, 1, std::max(request.max_bytes, 1));
    auto piece = must(disk_.read(path, static_cast<std::uint64_t>(asked->position),
                                 static_cast<std::uint64_t>(length)));
    node_.sleep_for(piece.cost);
    return raft::to_wire(answer, std::move(piece.value), asked->position, total);
}

void RaftHost::store(const FetchSnapshotResponse::Partition& piece,
                     raft::FetchSnapshotResponse& response) {
    Duration cost = piece.position == 0 ? must(disk_.replace(loading_path, piece.unaligned_records))
                                        : must(disk_.append(loading_path, piece.unaligned_records));
    response.received = piece.position + std::ssize(piece.unaligned_records);
    if (response.received < piece.size) return node_.sleep_for(cost);
    const sim::FlushTicket ticket = must(disk_.begin_flush(loading_path));
    node_.sleep_for(cost + ticket.cost);
    must(disk_.finish_flush(ticket));
    const auto content = must(disk_.read_all(loading_path));
    node_.sleep_for(content.cost);
    response.is_complete = raft::check_snapshot(content.value).ok();
    if (!response.is_complete) response.received = 0;  // from the start again
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
        return to_wire(raft::FetchResponse{.error = ErrorCode::unknown_topic_or_partition}, {},
                       no_offset);
    }
    sim::Completion<FetchAnswer> completion(node_);
    Work work{.input = raft::Received{*fetch}};
    work.fetch_answer = completion.completer();
    work.hold_until = node_.now() + std::chrono::milliseconds(std::max(request.max_wait_ms, 0));
    mailbox_.push(std::move(work));
    std::optional<FetchAnswer> answer = completion.await();
    if (!answer) {
        return to_wire(raft::FetchResponse{.error = ErrorCode::unknown_server_error}, {},
                       no_offset);
    }
    node_.sleep_for(answer->cost);
    return to_wire(answer->response, std::move(answer->records), log_start());
}

void RaftHost::note_progress(const raft::FetchRequest& fetch) {
    if (quorum_->answer_fetch(fetch).error != ErrorCode::none) return;
    ReplicaProgress& replica = progress_[fetch.replica];
    const TimestampMs now = timestamp(node_);
    // Caught up now, or at the last fetch with what there was then.
    if (fetch.position.offset >= log_end()) {
        replica.last_caught_up = now;
    } else if (replica.last_fetch >= 0 && fetch.position.offset >= replica.leader_end) {
        replica.last_caught_up = replica.last_fetch;
    }
    replica.log_end = fetch.position.offset;
    replica.last_fetch = now;
    replica.leader_end = log_end();
}

DescribeQuorumResponse RaftHost::handle(const DescribeQuorumRequest& request) const {
    DescribeQuorumResponse response;
    for (const auto& asked : request.topics) {
        auto& topic = response.topics.emplace_back();
        topic.topic_name = asked.topic_name;
        for (const auto& [index] : asked.partitions) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = index;
            if (asked.topic_name != metadata_topic || index != 0) {
                partition.error_code = ErrorCode::unknown_topic_or_partition;
                continue;
            }
            partition.leader_id = leader();
            partition.leader_epoch = epoch();
            if (!is_leader()) {
                partition.error_code = ErrorCode::not_leader_or_follower;
                continue;
            }
            partition.high_watermark = high_watermark();
            const auto state_of = [&](BrokerId id) {
                const auto found = progress_.find(id);
                const ReplicaProgress replica =
                    found == progress_.end() ? ReplicaProgress{} : found->second;
                return DescribeQuorumResponse::ReplicaState{
                    .replica_id = id,
                    .log_end_offset = replica.log_end,
                    .last_fetch_timestamp = replica.last_fetch,
                    .last_caught_up_timestamp = replica.last_caught_up};
            };
            for (const RaftVoter& voter : options_.voters) {
                auto state = state_of(voter.id);
                if (voter.id == self_) {
                    state.log_end_offset = log_end();
                    state.last_fetch_timestamp = timestamp(node_);
                    state.last_caught_up_timestamp = timestamp(node_);
                }
                partition.current_voters.push_back(state);
            }
            for (const auto& [id, replica] : progress_) {
                const bool votes =
                    std::ranges::find(options_.voters, id, &RaftVoter::id) != options_.voters.end();
                if (!votes) partition.observers.push_back(state_of(id));
            }
        }
    }
    for (const RaftVoter& voter : options_.voters) {
        response.nodes.push_back(
            {voter.id, {{.name = "CONTROLLER", .host = voter.host, .port = voter.port}}});
    }
    return response;
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
    const raft::FetchResponse& response = answer.response;
    if (response.error != ErrorCode::none || response.diverging || response.snapshot) return answer;
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
    if (std::holds_alternative<raft::FetchRequest>(outbound.message) ||
        std::holds_alternative<raft::FetchSnapshotRequest>(outbound.message)) {
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
        const raft::Outbound outbound = *std::exchange(next_fetch_, std::nullopt);
        std::optional<Work> work;
        if (const std::optional<Endpoint> to = endpoint_of(outbound.to)) {
            if (const auto* records = std::get_if<raft::FetchRequest>(&outbound.message)) {
                work = fetch(*records, outbound.to, *to);
            } else {
                work =
                    fetch(std::get<raft::FetchSnapshotRequest>(outbound.message), outbound.to, *to);
            }
        }
        if (next_fetch_) continue;
        mailbox_.push(work ? std::move(*work) : Work{.input = raft::FetchFailed{}});
    }
}

// The patience is the quorum's own: a connection attempt to a dead machine may take longer, and
// meanwhile another voter can be asked.
template <class Wire>
std::optional<typename Wire::Response> RaftHost::call_patiently(Wire request, Endpoint to) {
    sim::Completion<Result<typename Wire::Response>> completion(node_);
    channels_.to(to, "raft_fetch")
        .send(std::move(request), completion.completer(), options_.request_timeout);
    auto reply = completion.await_until(node_.now() + options_.request_timeout);
    if (!reply || !reply->ok()) return std::nullopt;
    return std::move(*reply).value();
}

std::optional<RaftHost::Work> RaftHost::fetch(const raft::FetchRequest& request, BrokerId from,
                                              Endpoint to) {
    auto answer = call_patiently(raft::to_wire(request, options_), to);
    if (!answer) return std::nullopt;
    auto response = raft::from_wire(*answer, from);
    if (!response) return std::nullopt;
    Work work{.input = raft::FetchFailed{},
              .records = std::move(answer->responses[0].partitions[0].records)};
    response->position = request.position;
    response->batches = raft::spans_of(work.records);
    work.input = raft::Received{*std::move(response)};
    return work;
}

std::optional<RaftHost::Work> RaftHost::fetch(const raft::FetchSnapshotRequest& request,
                                              BrokerId from, Endpoint to) {
    const auto answer = call_patiently(raft::to_wire(request, options_), to);
    if (!answer) return std::nullopt;
    auto response = raft::from_wire(*answer, from);
    if (!response) return std::nullopt;
    if (response->error == ErrorCode::none) {
        const auto& piece = answer->topics[0].partitions[0];
        const bool is_asked_for = response->snapshot == request.snapshot &&
                                  piece.position == request.position &&
                                  !piece.unaligned_records.empty();
        if (!is_asked_for) return std::nullopt;
        store(piece, *response);
    }
    return Work{.input = raft::Received{*std::move(response)}};
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
