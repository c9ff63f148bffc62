#include "model/raft/raft_host.h"

#include <algorithm>
#include <utility>

#include "model/events/raft_events.h"
#include "model/log/meta_properties.h"
#include "model/protocol/batch_view.h"
#include "model/protocol/messages/api_versions.h"
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

// How long Kafka's admin client waits for an answer (default.api.timeout.ms).
constexpr std::chrono::milliseconds voter_change_timeout{60'000};

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
      listeners_{&listener},
      bugs_(bugs),
      mailbox_(node),
      dirty_(node),
      has_fetch_(node),
      has_told_all_(node) {}

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
    directory_id_ = find_directory_id();
    const raft::LogPosition snapshot = find_snapshot();
    FoundLog found = summarize(snapshot);
    raft::LogSummary& summary = found.summary;
    if (options_.followers_always_flush) {
        // What lies there now was read back, and so is as durable as this flush makes it.
        unpaid_ += must(log_->flush());
        summary.mark_flushed(summary.log_end());
    }
    ASSERT(summary.log_end() == log_->log_end_offset(), "the summary ends at {}, the log at {}",
           summary.log_end(), log_->log_end_offset());
    node_.sleep_for(std::exchange(unpaid_, {}));

    const std::uint64_t jitter_seed = node_.draws("raft jitter").bits();
    quorum_.emplace(raft::QuorumConfig{.self = self_,
                                       .options = options_,
                                       .jitter_seed = jitter_seed,
                                       .bugs = bugs_,
                                       .directory_id = directory_id_},
                    state, std::move(summary), snapshot, std::move(found.voters));
    known_voters_ = quorum_->voters();
    node_.emit(RaftStarted{.replica = self_,
                           .directory_id = directory_id_,
                           .is_voter = quorum_->is_voter(),
                           .epoch = quorum_->state().epoch,
                           .log_start = log_->log_start_offset(),
                           .log_end = log_->log_end_offset(),
                           .fetch_timeout_ms = options_.fetch_timeout.count()});
    node_.spawn("raft_host/flush", [this] { run_flushes(); });
    node_.spawn("raft_host/fetch", [this] { run_fetches(); });
    enqueue(raft::Boot{});
    node_.spawn("raft_host", [this] { run(); });
}

Uuid RaftHost::find_directory_id() {
    if (disk_.exists(meta_properties_path)) {
        const auto properties = must(read_meta_properties(disk_));
        unpaid_ += properties.cost;
        ASSERT(properties.value.node_id == self_, "the disk of node {} in node {}",
               properties.value.node_id, self_);
        return properties.value.directory_id;
    }
    Draws& draws = node_.draws("directory id");
    const std::uint64_t high = draws.bits();
    const std::uint64_t low = draws.bits();
    const Uuid fresh{high, low};
    unpaid_ += must(format_directory(disk_, {.node_id = self_, .directory_id = fresh}));
    return fresh;
}

RaftHost::FoundLog RaftHost::summarize(const raft::LogPosition& snapshot) {
    FoundLog found{.summary = {}, .voters = raft::VoterHistory(raft::VoterSet(options_.voters))};
    raft::LogSummary& summary = found.summary;
    if (snapshot.offset > Offset{0}) {
        const auto content = must(disk_.read_all(raft::snapshot_path(folder, snapshot)));
        unpaid_ += content.cost;
        auto voters = raft::voters_of_snapshot(content.value);
        if (voters) found.voters.restart_at(*std::move(voters));
    }
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
        for (raft::VotersAt& named : raft::voters_of(read.records)) {
            found.voters.append(named.offset, std::move(named.voters));
        }
        ASSERT(read.next_offset > at, "the metadata log does not read on from {}", at);
        at = read.next_offset;
    }
    return found;
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

void RaftHost::enqueue(std::unique_ptr<Work> work) {
    mailbox_.push(std::move(work));
}

void RaftHost::enqueue(raft::Input input) {
    enqueue(std::make_unique<Work>(std::move(input)));
}

void RaftHost::run() {
    step(*mailbox_.pop());
    while (true) {
        const std::optional<std::unique_ptr<Work>> work = mailbox_.pop_until(next_deadline());
        if (work) {
            step(**work);
        } else {
            Work tick{.input = raft::Tick{}};
            step(tick);
        }
    }
}

LocalTime RaftHost::next_deadline() const {
    LocalTime deadline = quorum_->next_deadline();
    for (const HeldFetch& held : held_) deadline = std::min(deadline, held.hold_until);
    return deadline;
}

void RaftHost::step(Work& work) {
    log_is_behind_ = true;
    raft::Output output = quorum_->step(work.input, node_.now());
    carry_out(output, work);
    answer_held_fetches();
}

void RaftHost::carry_out(raft::Output& output, Work& work) {
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
    if (output.append_leader_change) {
        append_leader_change(output);
    } else if (output.append_voters) {
        append_voters(*output.append_voters);
    }
    if (output.append_fetched > 0) append_fetched(output.append_fetched, work.records);
    ASSERT(log_->log_end_offset() == quorum_->log().log_end(), "the log ends at {}, its summary {}",
           log_->log_end_offset(), quorum_->log().log_end());
    log_is_behind_ = false;
    if (unpaid_ > Duration::zero()) node_.sleep_for(std::exchange(unpaid_, {}));
    if (output.fatal) halt({Failure::corrupt, *output.fatal});
    if (output.flush) dirty_.open();

    if (work.fetch_answer) {
        const auto& received = std::get<raft::Received>(work.input);
        const auto& reply = std::get<raft::FetchResponse>(*output.reply);
        if (reply.error == ErrorCode::none) {
            note_progress(std::get<raft::FetchRequest>(received.message));
        }
        held_.push_back({std::get<raft::FetchRequest>(received.message),
                         std::move(*work.fetch_answer), work.hold_until});
    } else if (work.answer && output.reply) {
        work.answer->complete(std::move(*output.reply));
    }
    if (work.change) note_voter_change(output, *std::move(work.change));
    for (raft::Outbound& outbound : output.send) send(std::move(outbound));
    tell(output);
}

void RaftHost::tell(const raft::Output& output) {
    if (output.voters_changed && quorum_->voters() != known_voters_) {
        known_voters_ = quorum_->voters();
        RaftVotersChanged changed{
            .replica = self_, .log_end = log_end(), .voters = {}, .directory_ids = {}};
        for (const RaftVoter& voter : known_voters_.voters()) {
            changed.voters.push_back(voter.id);
            changed.directory_ids.push_back(voter.directory_id);
        }
        node_.emit(changed);
    }
    answer_voter_changes();
    if (output.role_changed) {
        progress_.clear();
        const std::string role =
            quorum_->is_voter() ? std::string(to_string(quorum_->role())) : std::string("observer");
        node_.emit(RaftRoleChanged{.replica = self_,
                                   .role = role,
                                   .epoch = quorum_->state().epoch,
                                   .leader = quorum_->leader()});
        for (RaftStateMachine* const listener : listeners_) listener->on_leadership();
    }
    if (output.high_watermark_moved) {
        node_.emit(RaftCommitted{.replica = self_,
                                 .epoch = quorum_->state().epoch,
                                 .high_watermark = quorum_->high_watermark()});
        for (RaftStateMachine* const listener : listeners_) listener->on_committed();
    }
}

// ---- disk ----

void RaftHost::persist(const raft::QuorumState& state) {
    const std::string text = raft::write_quorum_state(state, quorum_->voters().knows_directories());
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

void RaftHost::append_leader_change(const raft::Output& output) {
    LeaderChange change{.leader_id = self_, .voters = {}, .granting_voters = {}};
    for (const RaftVoter& voter : quorum_->voters().voters()) {
        change.voters.push_back({voter.id, voter.directory_id});
    }
    std::optional<KraftVoters> voters;
    if (output.append_voters) voters = raft::to_wire(*output.append_voters);
    append_as_leader(leader_change_batch(change, timestamp(node_), voters));
}

void RaftHost::append_voters(const raft::VoterSet& voters) {
    append_as_leader(voters_batch(raft::to_wire(voters), timestamp(node_)));
}

void RaftHost::append_as_leader(Bytes batch) {
    const AppendInfo info = must(log_->append_as_leader(
        batch, LeaderEpoch{quorum_->state().epoch.value()}, timestamp(node_), BatchSource::broker));
    ASSERT(info.error == ErrorCode::none, "the quorum's own record is refused: {}", info.message);
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
    enqueue(raft::Tick{});  // held fetches have news
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
        enqueue(raft::LogFlushed{std::min(end, cut_to_.value_or(end))});
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
    node_.spawn("raft_host/snapshot", [this, id,
                                       content = raft::write_snapshot(
                                           id, now, now, values, quorum_->voters_before(end))] {
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
    enqueue(raft::SnapshotTaken{id, drops_log});
}

FetchSnapshotResponse RaftHost::handle(const FetchSnapshotRequest& request) {
    const std::optional<raft::FetchSnapshotRequest> asked = raft::from_wire(request);
    const auto refusal = [&](raft::FetchSnapshotResponse answer, ErrorCode error) {
        answer.error = error;
        return raft::to_wire(answer, {}, 0, 0);
    };
    if (!asked || !quorum_) return refusal({}, ErrorCode::unknown_topic_or_partition);
    sim::Completion<raft::Message> completion(node_);
    auto work = std::make_unique<Work>(raft::Received{*asked});
    work->answer = completion.completer();
    enqueue(std::move(work));
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
    return with_leader(raft::to_wire(answer, std::move(piece.value), asked->position, total));
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
    if (response.is_complete) response.voters = raft::voters_of_snapshot(content.value);
}

// ---- requests of others ----

template <class Wire, class Request, class Response>
Wire RaftHost::ask(std::optional<Request> request) {
    if (!request || !quorum_)
        return to_wire(Response{.error = ErrorCode::unknown_topic_or_partition});
    sim::Completion<raft::Message> completion(node_);
    auto work = std::make_unique<Work>(raft::Received{*request});
    work->answer = completion.completer();
    enqueue(std::move(work));
    const std::optional<raft::Message> answer = completion.await();
    if (!answer) return to_wire(Response{.error = ErrorCode::unknown_server_error});
    return with_leader(to_wire(std::get<Response>(*answer)));
}

VoteResponse RaftHost::handle(const VoteRequest& request) {
    return ask<VoteResponse, raft::VoteRequest, raft::VoteResponse>(raft::from_wire(request));
}

BeginQuorumEpochResponse RaftHost::handle(const BeginQuorumEpochRequest& request) {
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            for (const RaftListener& listener : request.leader_endpoints) {
                learn_endpoint(partition.leader_id, listener.host, listener.port);
            }
        }
    }
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
    auto work = std::make_unique<Work>(raft::Received{*fetch});
    work->fetch_answer = completion.completer();
    work->hold_until = node_.now() + std::chrono::milliseconds(std::max(request.max_wait_ms, 0));
    enqueue(std::move(work));
    std::optional<FetchAnswer> answer = completion.await();
    if (!answer) {
        return to_wire(raft::FetchResponse{.error = ErrorCode::unknown_server_error}, {},
                       no_offset);
    }
    node_.sleep_for(answer->cost);
    return with_leader(to_wire(answer->response, std::move(answer->records), log_start()));
}

void RaftHost::note_progress(const raft::FetchRequest& fetch) {
    ReplicaProgress& replica = progress_[fetch.fetcher()];
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
            describe_replicas(partition);
        }
    }
    for (const RaftVoter& voter : quorum_->voters().voters()) {
        response.nodes.push_back({voter.id, raft::listeners_of(voter)});
    }
    return response;
}

void RaftHost::describe_replicas(DescribeQuorumResponse::Partition& partition) const {
    using ReplicaState = DescribeQuorumResponse::ReplicaState;
    const TimestampMs now = timestamp(node_);
    const raft::VoterSet& voters = quorum_->voters();
    const auto state_of = [](const raft::ReplicaKey& key, const ReplicaProgress& replica) {
        return ReplicaState{.replica_id = key.id,
                            .replica_directory_id = key.directory_id,
                            .log_end_offset = replica.log_end,
                            .last_fetch_timestamp = replica.last_fetch,
                            .last_caught_up_timestamp = replica.last_caught_up};
    };
    for (const RaftVoter& voter : voters.voters()) {
        // Of a static voter whatever disk fetches by its name.
        ReplicaProgress progress;
        if (voter.id == self_) {
            progress = {.log_end = log_end(), .last_fetch = now, .last_caught_up = now};
        }
        for (const auto& [key, fetched] : progress_) {
            if (key.id == voter.id && voters.contains(key)) progress = fetched;
        }
        partition.current_voters.push_back(state_of(raft::key_of(voter), progress));
    }
    for (const auto& [key, fetched] : progress_) {
        if (!voters.contains(key)) partition.observers.push_back(state_of(key, fetched));
    }
}

// ---- changes of the voters ----

ErrorCode RaftHost::change_voters(raft::Input change, std::chrono::milliseconds timeout,
                                  bool waits_for_commit) {
    if (!quorum_) return ErrorCode::not_leader_or_follower;
    sim::Completion<ErrorCode> done(node_);
    auto work = std::make_unique<Work>(std::move(change));
    work->change = VoterChange{.done = done.completer(), .waits_for_commit = waits_for_commit};
    enqueue(std::move(work));
    const auto patience = std::max(timeout, std::chrono::milliseconds::zero());
    return done.await_until(node_.now() + patience).value_or(ErrorCode::request_timed_out);
}

void RaftHost::note_voter_change(const raft::Output& output, VoterChange change) {
    const ErrorCode refusal = output.refusal.value_or(ErrorCode::unknown_server_error);
    const bool is_over =
        refusal != ErrorCode::none || !output.append_voters || !change.waits_for_commit;
    if (is_over) return change.done.complete(refusal);
    change.offset = log_end() - 1;
    voter_changes_.push_back(std::move(change));
}

// One that is committed is done, also where the leader removed itself with it.
void RaftHost::answer_voter_changes() {
    std::erase_if(voter_changes_, [&](VoterChange& change) {
        const bool is_committed = change.offset < high_watermark();
        if (!is_committed && is_leader()) return false;
        change.done.complete(is_committed ? ErrorCode::none : ErrorCode::not_leader_or_follower);
        return true;
    });
}

// KIP-853: who is to vote must be reachable where it says, and able to.
bool RaftHost::speaks_raft(const RaftVoter& voter) {
    const std::optional<Endpoint> to = channels_.resolve(voter.host, voter.port);
    if (!to) return false;
    const auto versions = call_patiently(ApiVersionsRequest{}, *to);
    return versions && std::ranges::any_of(versions->api_keys, [](const auto& api) {
               return api.api_key == ApiKey::vote && api.max_version >= 1;
           });
}

AddRaftVoterResponse RaftHost::handle(const AddRaftVoterRequest& request) {
    AddRaftVoterResponse response;
    const std::optional<RaftVoter> voter =
        raft::voter_of(request.voter_id, request.voter_directory_id, request.listeners);
    if (!is_leader()) {
        response.error_code = ErrorCode::not_leader_or_follower;
    } else if (!voter) {
        response.error_code = ErrorCode::invalid_request;
    } else if (!speaks_raft(*voter)) {
        response.error_code = ErrorCode::request_timed_out;
    } else {
        response.error_code =
            change_voters(raft::AddVoter{*voter}, std::chrono::milliseconds(request.timeout_ms),
                          request.ack_when_committed);
    }
    if (response.error_code != ErrorCode::none) {
        response.error_message = fmt::format("voter {} is not added: {}", request.voter_id,
                                             to_string(response.error_code));
    }
    return response;
}

RemoveRaftVoterResponse RaftHost::handle(const RemoveRaftVoterRequest& request) {
    RemoveRaftVoterResponse response;
    // The request says no timeout of its own.
    response.error_code = change_voters(
        raft::RemoveVoter{{request.voter_id, request.voter_directory_id}}, voter_change_timeout);
    if (response.error_code != ErrorCode::none) {
        response.error_message = fmt::format("voter {} is not removed: {}", request.voter_id,
                                             to_string(response.error_code));
    }
    return response;
}

UpdateRaftVoterResponse RaftHost::handle(const UpdateRaftVoterRequest& request) {
    UpdateRaftVoterResponse response;
    const std::optional<RaftVoter> voter =
        raft::voter_of(request.voter_id, request.voter_directory_id, request.listeners);
    if (request.current_leader_epoch < epoch()) {
        response.error_code = ErrorCode::fenced_leader_epoch;
    } else if (request.current_leader_epoch > epoch()) {
        response.error_code = ErrorCode::unknown_leader_epoch;
    } else if (!voter || request.kraft_version_feature.max_supported_version < 1) {
        response.error_code = ErrorCode::invalid_request;
    } else {
        response.error_code = change_voters(raft::UpdateVoter{*voter}, voter_change_timeout);
    }
    response.current_leader.leader_id = leader();
    response.current_leader.leader_epoch = epoch();
    if (const RaftVoter* const server = find_server(leader())) {
        response.current_leader.host = server->host;
        response.current_leader.port = server->port;
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

const RaftVoter* RaftHost::find_server(BrokerId id) const {
    if (const RaftVoter* const voter = quorum_->voters().find(id)) return voter;
    for (const std::vector<RaftVoter>* servers : {&learned_, &options_.voters}) {
        const auto found = std::ranges::find(*servers, id, &RaftVoter::id);
        if (found != servers->end()) return &*found;
    }
    return nullptr;
}

std::optional<Endpoint> RaftHost::endpoint_of(BrokerId id) const {
    const RaftVoter* const server = find_server(id);
    return server == nullptr ? std::nullopt : channels_.resolve(server->host, server->port);
}

void RaftHost::learn_endpoint(BrokerId id, const std::string& host, std::int32_t port) {
    auto known = std::ranges::find(learned_, id, &RaftVoter::id);
    if (known == learned_.end()) {
        known = learned_.insert(known, {.id = id});
    } else if (known->host == host && known->port == port) {
        return;
    }
    *known = {.id = id, .host = host, .port = static_cast<std::uint16_t>(port)};
}

template <class Response>
void RaftHost::learn_endpoints(const Response& response) {
    for (const auto& endpoint : response.node_endpoints) {
        learn_endpoint(endpoint.node_id, endpoint.host, endpoint.port);
    }
}

// A leader whose voters the asker does not know yet would be nowhere (KIP-853). Where the set never
// changes everybody knows.
template <class Response>
Response RaftHost::with_leader(Response response) const {
    const RaftVoter* const server = quorum_->voters().knows_directories() && leader() != no_broker
                                        ? find_server(leader())
                                        : nullptr;
    if (server != nullptr) {
        auto& endpoint = response.node_endpoints.emplace_back();
        endpoint.node_id = server->id;
        endpoint.host = server->host;
        endpoint.port = server->port;
    }
    return response;
}

std::optional<Endpoint> RaftHost::leader_endpoint() const {
    return leader() == no_broker ? std::nullopt : endpoint_of(leader());
}

RaftHost::Peer& RaftHost::peer_of(BrokerId voter) {
    const auto known =
        std::ranges::find_if(peers_, [&](const auto& entry) { return entry->id == voter; });
    if (known != peers_.end()) return **known;
    peers_.push_back(std::make_unique<Peer>(node_, voter));
    Peer& peer = *peers_.back();
    node_.spawn(fmt::format("raft_host/peer-{}", voter), [this, &peer] { run_peer(peer); });
    return peer;
}

void RaftHost::send(raft::Outbound outbound) {
    if (std::holds_alternative<raft::FetchRequest>(outbound.message) ||
        std::holds_alternative<raft::FetchSnapshotRequest>(outbound.message)) {
        next_fetch_ = std::move(outbound);
        has_fetch_.open();
        return;
    }
    Peer& peer = peer_of(outbound.to);
    ++peer.unanswered;
    peer.outbox.push(std::move(outbound.message));
}

// One Fetch at a time; what comes back for one that was superseded meanwhile is not looked at.
void RaftHost::run_fetches() {
    while (true) {
        has_fetch_.wait();
        has_fetch_.close();
        const raft::Outbound outbound = *std::exchange(next_fetch_, std::nullopt);
        std::unique_ptr<Work> work;
        if (const std::optional<Endpoint> to = endpoint_of(outbound.to)) {
            if (const auto* records = std::get_if<raft::FetchRequest>(&outbound.message)) {
                work = fetch(*records, outbound.to, *to);
            } else {
                work =
                    fetch(std::get<raft::FetchSnapshotRequest>(outbound.message), outbound.to, *to);
            }
        }
        if (next_fetch_) continue;
        if (work) {
            enqueue(std::move(work));
        } else {
            enqueue(raft::FetchFailed{});
        }
    }
}

// The patience is the quorum's own: a connection attempt to a dead machine may take longer, and
// meanwhile another voter can be asked.
template <class Wire>
std::optional<typename Wire::Response> RaftHost::call_patiently(Wire&& request, Endpoint to) {
    sim::Completion<Result<typename Wire::Response>> completion(node_);
    channels_.to(to, "raft_fetch")
        .send(std::move(request), completion.completer(), options_.request_timeout);
    auto reply = completion.await_until(node_.now() + options_.request_timeout);
    if (!reply || !reply->ok()) return std::nullopt;
    return std::move(*reply).value();
}

std::unique_ptr<RaftHost::Work> RaftHost::fetch(const raft::FetchRequest& request, BrokerId from,
                                                Endpoint to) {
    auto answer = call_patiently(raft::to_wire(request, options_), to);
    if (!answer) return nullptr;
    learn_endpoints(*answer);
    auto response = raft::from_wire(*answer, from);
    if (!response) return nullptr;
    Bytes& records = answer->responses[0].partitions[0].records;
    response->position = request.position;
    response->batches = raft::spans_of(records);
    response->voters = raft::voters_of(records);
    return std::make_unique<Work>(raft::Received{*std::move(response)}, std::move(records));
}

std::unique_ptr<RaftHost::Work> RaftHost::fetch(const raft::FetchSnapshotRequest& request,
                                                BrokerId from, Endpoint to) {
    const auto answer = call_patiently(raft::to_wire(request, options_), to);
    if (!answer) return nullptr;
    learn_endpoints(*answer);
    auto response = raft::from_wire(*answer, from);
    if (!response) return nullptr;
    if (response->error == ErrorCode::none) {
        const auto& piece = answer->topics[0].partitions[0];
        const bool is_asked_for = response->snapshot == request.snapshot &&
                                  piece.position == request.position &&
                                  !piece.unaligned_records.empty();
        if (!is_asked_for) return nullptr;
        store(piece, *response);
    }
    return std::make_unique<Work>(raft::Received{*std::move(response)});
}

void RaftHost::run_peer(Peer& peer) {
    while (true) {
        const raft::Message message = peer.outbox.pop();
        ask_peer(peer, message);
        --peer.unanswered;
        const bool is_heard =
            std::ranges::all_of(peers_, [](const auto& entry) { return entry->unanswered == 0; });
        if (is_heard && !is_leader()) has_told_all_.open();
    }
}

void RaftHost::ask_peer(Peer& peer, const raft::Message& message) {
    const std::optional<Endpoint> to = endpoint_of(peer.id);
    if (!to) return;
    Channel& channel = channels_.to(*to, "raft");
    const auto timeout = options_.request_timeout;
    const auto hand_in = [&](auto response) {
        if (response) enqueue(raft::Received{*std::move(response)});
    };
    // A request without an answer is asked again: a vote soon, as long as its election lasts,
    // the others by the next announcement.
    if (const auto* vote = std::get_if<raft::VoteRequest>(&message)) {
        const auto reply = channel.call(raft::to_wire(*vote, peer.id), timeout);
        if (reply) {
            hand_in(raft::from_wire(*reply, peer.id, vote->pre_vote));
        } else {
            node_.sleep_for(options_.retry_backoff);
            enqueue(raft::VoteFailed{peer.id, *vote});
        }
    } else if (const auto* begin = std::get_if<raft::BeginQuorumEpochRequest>(&message)) {
        model::BeginQuorumEpochRequest wire = raft::to_wire(*begin, peer.id);
        if (const RaftVoter* const own = find_server(self_)) {
            wire.leader_endpoints = raft::listeners_of(*own);
        }
        const auto reply = channel.call(std::move(wire), timeout);
        if (reply) hand_in(raft::from_wire(*reply, peer.id));
    } else if (const auto* end = std::get_if<raft::EndQuorumEpochRequest>(&message)) {
        const auto reply = channel.call(raft::to_wire(*end, quorum_->voters()), timeout);
        if (reply) hand_in(raft::from_wire(*reply));
    }
}

void RaftHost::resign() {
    if (!is_leader()) return;
    has_told_all_.close();
    enqueue(raft::Resign{});
    if (quorum_->voters().size() == 1) return;
    has_told_all_.wait_until(node_.now() + options_.request_timeout);
}

}  // namespace squall::model
