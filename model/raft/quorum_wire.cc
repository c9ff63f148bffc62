#include "model/raft/quorum_wire.h"

#include <algorithm>
#include <charconv>

#include "model/protocol/batch_view.h"

namespace squall::model::raft {

namespace {

// The messages of KIP-595 name topics, and topics partitions; here there is one of each.
template <class Message>
typename Message::Partition& only_partition(Message& message) {
    auto& topic = message.topics.emplace_back();
    topic.topic_name = metadata_topic;
    return topic.partitions.emplace_back();
}

template <class Message>
const typename Message::Partition* find_partition(const Message& message) {
    for (const auto& topic : message.topics) {
        if (topic.topic_name != metadata_topic) continue;
        for (const auto& partition : topic.partitions) {
            if (partition.partition_index == 0) return &partition;
        }
    }
    return nullptr;
}

template <class Wire, class Answer>
Wire quorum_answer(const Answer& answer) {
    Wire wire;
    auto& partition = only_partition(wire);
    partition.error_code = answer.error;
    partition.leader_id = answer.leader;
    partition.leader_epoch = answer.epoch;
    return wire;
}

template <class Topic>
bool is_metadata(const Topic& topic) {
    return topic.topic_id == metadata_topic_id || topic.topic == metadata_topic;
}

}  // namespace

// ---- requests out ----

model::VoteRequest to_wire(const VoteRequest& message, BrokerId to) {
    model::VoteRequest wire;
    wire.voter_id = to;
    auto& partition = only_partition(wire);
    partition.candidate_epoch = message.epoch;
    partition.candidate_id = message.candidate;
    partition.last_offset_epoch = message.last.epoch;
    partition.last_offset = message.last.offset;
    partition.pre_vote = message.pre_vote;
    partition.candidate_directory_id = message.candidate_directory_id;
    partition.voter_directory_id = message.voter_directory_id;
    return wire;
}

model::BeginQuorumEpochRequest to_wire(const BeginQuorumEpochRequest& message, BrokerId to) {
    model::BeginQuorumEpochRequest wire;
    wire.voter_id = to;
    auto& partition = only_partition(wire);
    partition.voter_directory_id = message.voter_directory_id;
    partition.leader_id = message.leader;
    partition.leader_epoch = message.epoch;
    return wire;
}

model::EndQuorumEpochRequest to_wire(const EndQuorumEpochRequest& message, const VoterSet& voters) {
    model::EndQuorumEpochRequest wire;
    auto& partition = only_partition(wire);
    partition.leader_id = message.leader;
    partition.leader_epoch = message.epoch;
    partition.preferred_successors = message.preferred_successors;
    for (const BrokerId successor : message.preferred_successors) {
        const RaftVoter* const voter = voters.find(successor);
        partition.preferred_candidates.push_back(
            {successor, voter == nullptr ? Uuid{} : voter->directory_id});
    }
    return wire;
}

model::FetchRequest to_wire(const FetchRequest& message, const RaftOptions& options) {
    model::FetchRequest wire;
    wire.replica_id = message.replica;
    wire.replica_state.replica_id = message.replica;
    wire.max_wait_ms = static_cast<std::int32_t>(options.fetch_max_wait.count());
    wire.max_bytes = options.fetch_max_bytes;
    auto& topic = wire.topics.emplace_back();
    topic.topic = metadata_topic;
    topic.topic_id = metadata_topic_id;
    auto& partition = topic.partitions.emplace_back();
    partition.current_leader_epoch = LeaderEpoch{message.epoch.value()};
    partition.fetch_offset = message.position.offset;
    partition.last_fetched_epoch = LeaderEpoch{message.position.epoch.value()};
    partition.high_watermark = message.high_watermark;
    partition.replica_directory_id = message.directory_id;
    return wire;
}

model::FetchSnapshotRequest to_wire(const FetchSnapshotRequest& message,
                                    const RaftOptions& options) {
    model::FetchSnapshotRequest wire;
    wire.replica_id = message.replica;
    wire.max_bytes = options.fetch_max_bytes;
    auto& topic = wire.topics.emplace_back();
    topic.name = metadata_topic;
    auto& partition = topic.partitions.emplace_back();
    partition.current_leader_epoch = message.epoch;
    partition.snapshot_id = {message.snapshot.offset, message.snapshot.epoch};
    partition.position = message.position;
    partition.replica_directory_id = message.directory_id;
    return wire;
}

// ---- answers out ----

model::VoteResponse to_wire(const VoteResponse& message) {
    auto wire = quorum_answer<model::VoteResponse>(message);
    wire.topics[0].partitions[0].vote_granted = message.granted;
    return wire;
}

model::BeginQuorumEpochResponse to_wire(const BeginQuorumEpochResponse& message) {
    return quorum_answer<model::BeginQuorumEpochResponse>(message);
}

model::EndQuorumEpochResponse to_wire(const EndQuorumEpochResponse& message) {
    return quorum_answer<model::EndQuorumEpochResponse>(message);
}

model::FetchResponse to_wire(const FetchResponse& message, Bytes records, Offset log_start) {
    model::FetchResponse wire;
    auto& topic = wire.responses.emplace_back();
    topic.topic = metadata_topic;
    topic.topic_id = metadata_topic_id;
    auto& partition = topic.partitions.emplace_back();
    partition.error_code = message.error;
    partition.high_watermark = message.high_watermark;
    partition.last_stable_offset = message.high_watermark;
    partition.log_start_offset = log_start;
    partition.current_leader = {message.leader, LeaderEpoch{message.epoch.value()}};
    if (message.diverging) {
        partition.diverging_epoch = {LeaderEpoch{message.diverging->epoch.value()},
                                     message.diverging->offset};
    }
    if (message.snapshot) {
        partition.snapshot_id = {message.snapshot->offset,
                                 LeaderEpoch{message.snapshot->epoch.value()}};
    }
    partition.records = std::move(records);
    return wire;
}

model::FetchSnapshotResponse to_wire(const FetchSnapshotResponse& message, Bytes piece,
                                     std::int64_t position, std::int64_t size) {
    model::FetchSnapshotResponse wire;
    auto& topic = wire.topics.emplace_back();
    topic.name = metadata_topic;
    auto& partition = topic.partitions.emplace_back();
    partition.error_code = message.error;
    partition.snapshot_id = {message.snapshot.offset, message.snapshot.epoch};
    partition.current_leader = {message.leader, message.epoch};
    partition.size = size;
    partition.position = position;
    partition.unaligned_records = std::move(piece);
    return wire;
}

// ---- in ----

std::optional<VoteRequest> from_wire(const model::VoteRequest& message) {
    const auto* partition = find_partition(message);
    if (partition == nullptr) return std::nullopt;
    return VoteRequest{.candidate = partition->candidate_id,
                       .epoch = partition->candidate_epoch,
                       .last = {partition->last_offset, partition->last_offset_epoch},
                       .pre_vote = partition->pre_vote,
                       .candidate_directory_id = partition->candidate_directory_id,
                       .voter_directory_id = partition->voter_directory_id};
}

std::optional<BeginQuorumEpochRequest> from_wire(const model::BeginQuorumEpochRequest& message) {
    const auto* partition = find_partition(message);
    if (partition == nullptr) return std::nullopt;
    return BeginQuorumEpochRequest{partition->leader_id, partition->leader_epoch,
                                   partition->voter_directory_id};
}

std::optional<EndQuorumEpochRequest> from_wire(const model::EndQuorumEpochRequest& message) {
    const auto* partition = find_partition(message);
    if (partition == nullptr) return std::nullopt;
    std::vector<BrokerId> successors = partition->preferred_successors;
    if (successors.empty()) {
        for (const auto& candidate : partition->preferred_candidates) {
            successors.push_back(candidate.candidate_id);
        }
    }
    return EndQuorumEpochRequest{partition->leader_id, partition->leader_epoch,
                                 std::move(successors)};
}

std::optional<FetchRequest> from_wire(const model::FetchRequest& message) {
    for (const auto& topic : message.topics) {
        if (!is_metadata(topic)) continue;
        for (const auto& partition : topic.partitions) {
            if (partition.partition != 0) continue;
            return FetchRequest{.replica = message.fetcher(),
                                .epoch = RaftEpoch{partition.current_leader_epoch.value()},
                                .position = {partition.fetch_offset,
                                             RaftEpoch{partition.last_fetched_epoch.value()}},
                                .high_watermark = partition.high_watermark,
                                .directory_id = partition.replica_directory_id};
        }
    }
    return std::nullopt;
}

std::optional<FetchSnapshotRequest> from_wire(const model::FetchSnapshotRequest& message) {
    for (const auto& topic : message.topics) {
        if (topic.name != metadata_topic) continue;
        for (const auto& partition : topic.partitions) {
            if (partition.partition != 0) continue;
            return FetchSnapshotRequest{
                .replica = message.replica_id,
                .epoch = partition.current_leader_epoch,
                .snapshot = {partition.snapshot_id.end_offset, partition.snapshot_id.epoch},
                .position = partition.position,
                .directory_id = partition.replica_directory_id};
        }
    }
    return std::nullopt;
}

std::optional<VoteResponse> from_wire(const model::VoteResponse& message, BrokerId from,
                                      bool pre_vote) {
    const auto* partition = find_partition(message);
    if (partition == nullptr) return std::nullopt;
    return VoteResponse{.voter = from,
                        .epoch = partition->leader_epoch,
                        .leader = partition->leader_id,
                        .granted = partition->vote_granted,
                        .pre_vote = pre_vote,
                        .error = partition->error_code};
}

std::optional<BeginQuorumEpochResponse> from_wire(const model::BeginQuorumEpochResponse& message,
                                                  BrokerId from) {
    const auto* partition = find_partition(message);
    if (partition == nullptr) return std::nullopt;
    return BeginQuorumEpochResponse{from, partition->leader_epoch, partition->leader_id,
                                    partition->error_code};
}

std::optional<EndQuorumEpochResponse> from_wire(const model::EndQuorumEpochResponse& message) {
    const auto* partition = find_partition(message);
    if (partition == nullptr) return std::nullopt;
    return EndQuorumEpochResponse{partition->leader_epoch, partition->leader_id,
                                  partition->error_code};
}

std::optional<FetchResponse> from_wire(const model::FetchResponse& message, BrokerId from) {
    for (const auto& topic : message.responses) {
        if (!is_metadata(topic)) continue;
        for (const auto& partition : topic.partitions) {
            if (partition.partition_index != 0) continue;
            FetchResponse response{
                .from = from,
                .epoch = RaftEpoch{partition.current_leader.leader_epoch.value()},
                .leader = partition.current_leader.leader_id,
                .error = partition.error_code,
                .high_watermark = partition.high_watermark};
            if (partition.diverging_epoch.end_offset != no_offset) {
                response.diverging =
                    LogPosition{partition.diverging_epoch.end_offset,
                                RaftEpoch{partition.diverging_epoch.epoch.value()}};
            }
            if (partition.snapshot_id.end_offset != no_offset) {
                response.snapshot = LogPosition{partition.snapshot_id.end_offset,
                                                RaftEpoch{partition.snapshot_id.epoch.value()}};
            }
            return response;
        }
    }
    return std::nullopt;
}

std::optional<FetchSnapshotResponse> from_wire(const model::FetchSnapshotResponse& message,
                                               BrokerId from) {
    for (const auto& topic : message.topics) {
        if (topic.name != metadata_topic) continue;
        for (const auto& partition : topic.partitions) {
            if (partition.index != 0) continue;
            return FetchSnapshotResponse{
                .from = from,
                .epoch = partition.current_leader.leader_epoch,
                .leader = partition.current_leader.leader_id,
                .error = partition.error_code,
                .snapshot = {partition.snapshot_id.end_offset, partition.snapshot_id.epoch}};
        }
    }
    return std::nullopt;
}

std::vector<BatchSpan> spans_of(ByteView records) {
    std::vector<BatchSpan> spans;
    BatchCursor cursor(records);
    while (const auto batch = cursor.next()) {
        if (!batch->check()) break;
        spans.push_back({batch->base_offset(), batch->last_offset(),
                         RaftEpoch{batch->partition_leader_epoch().value()}});
    }
    return spans;
}

// ---- voters ----

std::vector<VotersAt> voters_of(ByteView records) {
    std::vector<VotersAt> found;
    BatchCursor cursor(records);
    while (const auto batch = cursor.next()) {
        if (!batch->attributes().is_control()) continue;
        const auto record = read_voters(*batch);
        if (record && *record) found.push_back({(*record)->offset, from_wire((*record)->voters)});
    }
    return found;
}

std::vector<RaftListener> listeners_of(const RaftVoter& voter) {
    return {{.name = std::string(controller_listener), .host = voter.host, .port = voter.port}};
}

KraftVoters to_wire(const VoterSet& voters) {
    KraftVoters wire;
    for (const RaftVoter& voter : voters.voters()) {
        KraftVoters::Voter& entry = wire.voters.emplace_back();
        entry.voter_id = voter.id;
        entry.voter_directory_id = voter.directory_id;
        entry.endpoints.push_back({std::string(controller_listener), voter.host, voter.port});
    }
    return wire;
}

VoterSet from_wire(const KraftVoters& wire) {
    std::vector<RaftVoter> voters;
    for (const KraftVoters::Voter& entry : wire.voters) {
        RaftVoter& voter = voters.emplace_back();
        voter.id = entry.voter_id;
        voter.directory_id = entry.voter_directory_id;
        if (entry.endpoints.empty()) continue;
        voter.host = entry.endpoints.front().host;
        voter.port = entry.endpoints.front().port;
    }
    return VoterSet(std::move(voters));
}

std::optional<RaftVoter> voter_of(BrokerId id, const Uuid& directory_id,
                                  const std::vector<RaftListener>& listeners) {
    const auto named = std::ranges::find(listeners, controller_listener, &RaftListener::name);
    if (named == listeners.end()) return std::nullopt;
    return RaftVoter{
        .id = id, .host = named->host, .port = named->port, .directory_id = directory_id};
}

// ---- quorum-state ----

std::string write_quorum_state(const QuorumState& state, bool knows_directories) {
    if (knows_directories) {
        return fmt::format(
            "{{\"leaderId\":{},\"leaderEpoch\":{},\"votedId\":{},\"votedDirectoryId\":\"{}\","
            "\"data_version\":1}}",
            state.leader, state.epoch, state.voted, state.voted_directory_id);
    }
    return fmt::format(
        "{{\"leaderId\":{},\"leaderEpoch\":{},\"votedId\":{},\"appliedOffset\":0,"
        "\"currentVoters\":[],\"data_version\":0}}",
        state.leader, state.epoch, state.voted);
}

Result<QuorumState> read_quorum_state(std::string_view text) {
    bool complete = true;
    const auto field = [&](std::string_view name) {
        const std::string key = fmt::format("\"{}\":", name);
        const auto at = text.find(key);
        std::int32_t value = 0;
        if (at == std::string_view::npos) {
            complete = false;
            return value;
        }
        const char* const begin = text.data() + at + key.size();
        const auto parsed = std::from_chars(begin, text.data() + text.size(), value);
        if (parsed.ec != std::errc{}) complete = false;
        return value;
    };
    QuorumState state;
    state.leader = BrokerId{field("leaderId")};
    state.epoch = RaftEpoch{field("leaderEpoch")};
    state.voted = BrokerId{field("votedId")};
    const std::string_view key = "\"votedDirectoryId\":\"";
    const auto directory = text.find(key);
    const bool knows_directories = directory != std::string_view::npos;
    if (knows_directories) {
        const std::string_view rest = text.substr(directory + key.size());
        const std::optional<Uuid> id = parse_uuid(rest.substr(0, rest.find('"')));
        if (!id) complete = false;
        state.voted_directory_id = id.value_or(Uuid{});
    }
    const bool is_whole =
        complete && state.epoch >= no_epoch && write_quorum_state(state, knows_directories) == text;
    if (!is_whole) {
        return Error{Failure::corrupt, fmt::format("quorum-state says '{}'", text)};
    }
    return state;
}

}  // namespace squall::model::raft
