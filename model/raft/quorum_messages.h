// What members of the quorum tell each other, as the decider sees it: KIP-595's Vote (with
// KIP-996's pre-vote), BeginQuorumEpoch, EndQuorumEpoch, Fetch and KIP-630's FetchSnapshot, with
// KIP-853's directory ids, without wire details. Answers name batches by their span and snapshots
// by their id, and say what voters they hold; the bytes stay with the host.
//
// A directory id that is zero was not told, and is taken for the right one.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "model/raft/log_summary.h"
#include "model/raft/voter_set.h"

namespace squall::model::raft {

struct VoteRequest {
    BrokerId candidate;
    RaftEpoch epoch;  // of a pre-vote: the epoch the prospective is in, not the one it aims at
    LogPosition last;
    bool pre_vote = false;
    Uuid candidate_directory_id = {};
    Uuid voter_directory_id = {};  // of whom it takes itself to speak to
};

// `epoch` and `leader` are what the answerer knows now, in every answer.
struct VoteResponse {
    BrokerId voter = no_broker;
    RaftEpoch epoch = no_epoch;
    BrokerId leader = no_broker;
    bool granted = false;
    bool pre_vote = false;  // which question it answers
    ErrorCode error = ErrorCode::none;
};

struct BeginQuorumEpochRequest {
    BrokerId leader;
    RaftEpoch epoch;
    Uuid voter_directory_id = {};
};
struct BeginQuorumEpochResponse {
    BrokerId voter = no_broker;
    RaftEpoch epoch = no_epoch;
    BrokerId leader = no_broker;
    ErrorCode error = ErrorCode::none;
};

struct EndQuorumEpochRequest {
    BrokerId leader;
    RaftEpoch epoch;
    std::vector<BrokerId> preferred_successors;  // the longest log first
};
struct EndQuorumEpochResponse {
    RaftEpoch epoch = no_epoch;
    BrokerId leader = no_broker;
    ErrorCode error = ErrorCode::none;
};

// A voter's Fetch is its acknowledgement: everything below `position.offset` is durable with it.
struct FetchRequest {
    BrokerId replica;
    RaftEpoch epoch;
    LogPosition position;      // fetch offset and last fetched epoch
    Offset high_watermark{0};  // the fetcher's, so that the leader can tell news (KIP-1166)
    Uuid directory_id = {};

    ReplicaKey fetcher() const { return {replica, directory_id}; }
};

struct BatchSpan {
    Offset base_offset;
    Offset last_offset;
    RaftEpoch epoch;

    std::int64_t count() const { return last_offset - base_offset + 1; }
    bool operator==(const BatchSpan&) const = default;
};

// A Voters record in one of the batches of an answer.
struct VotersAt {
    Offset offset;
    VoterSet voters;
};

struct FetchResponse {
    BrokerId from = no_broker;
    LogPosition position = {};  // of the Fetch that it answers
    RaftEpoch epoch = no_epoch;
    BrokerId leader = no_broker;
    ErrorCode error = ErrorCode::none;
    Offset high_watermark{0};
    std::optional<LogPosition> diverging =
        std::nullopt;  // the fetcher is no prefix: end of the common epoch
    // The log does not reach back to where the fetcher is: load this first.
    std::optional<LogPosition> snapshot = std::nullopt;
    std::vector<BatchSpan> batches = {};  // from the fetch offset on
    std::vector<VotersAt> voters = {};    // in those batches
};

// One piece of a snapshot. Its id is the position in the log that it stands for.
struct FetchSnapshotRequest {
    BrokerId replica;
    RaftEpoch epoch;
    LogPosition snapshot;
    std::int64_t position = 0;  // in bytes
    Uuid directory_id = {};

    ReplicaKey fetcher() const { return {replica, directory_id}; }
};
struct FetchSnapshotResponse {
    BrokerId from = no_broker;
    RaftEpoch epoch = no_epoch;
    BrokerId leader = no_broker;
    ErrorCode error = ErrorCode::none;
    LogPosition snapshot = {};
    // At the fetcher: so many bytes are there, and durable if that is all.
    std::int64_t received = 0;
    bool is_complete = false;
    std::optional<VoterSet> voters = std::nullopt;  // of a complete one that names them
};

using Message =
    std::variant<VoteRequest, VoteResponse, BeginQuorumEpochRequest, BeginQuorumEpochResponse,
                 EndQuorumEpochRequest, EndQuorumEpochResponse, FetchRequest, FetchResponse,
                 FetchSnapshotRequest, FetchSnapshotResponse>;

}  // namespace squall::model::raft
