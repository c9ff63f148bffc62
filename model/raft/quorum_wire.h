// Between the messages of the decider and those of the protocol: one partition of one topic,
// __cluster_metadata-0, with the fixed topic id that Kafka gives it. Pure.
#pragma once

#include <optional>
#include <string>

#include "model/protocol/control_batch.h"
#include "model/protocol/messages/begin_quorum_epoch.h"
#include "model/protocol/messages/end_quorum_epoch.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/fetch_snapshot.h"
#include "model/protocol/messages/vote.h"
#include "model/raft/quorum_messages.h"
#include "model/raft/raft_options.h"
#include "model/raft/roles.h"
#include "sim/base/result.h"

namespace squall::model::raft {

inline constexpr Uuid metadata_topic_id{0, 1};
inline const TopicPartition metadata_partition{metadata_topic, 0};

model::VoteRequest to_wire(const VoteRequest& message, BrokerId to);
model::BeginQuorumEpochRequest to_wire(const BeginQuorumEpochRequest& message, BrokerId to);
// With the voters, whose directory ids go with the successors.
model::EndQuorumEpochRequest to_wire(const EndQuorumEpochRequest& message, const VoterSet& voters);
model::FetchRequest to_wire(const FetchRequest& message, const RaftOptions& options);
model::FetchSnapshotRequest to_wire(const FetchSnapshotRequest& message,
                                    const RaftOptions& options);

model::VoteResponse to_wire(const VoteResponse& message);
model::BeginQuorumEpochResponse to_wire(const BeginQuorumEpochResponse& message);
model::EndQuorumEpochResponse to_wire(const EndQuorumEpochResponse& message);
model::FetchResponse to_wire(const FetchResponse& message, Bytes records, Offset log_start);
// With the piece of the snapshot from `position` on, of `size` bytes in all.
model::FetchSnapshotResponse to_wire(const FetchSnapshotResponse& message, Bytes piece,
                                     std::int64_t position, std::int64_t size);

// nullopt: the message is not about the metadata partition.
std::optional<VoteRequest> from_wire(const model::VoteRequest& message);
std::optional<BeginQuorumEpochRequest> from_wire(const model::BeginQuorumEpochRequest& message);
std::optional<EndQuorumEpochRequest> from_wire(const model::EndQuorumEpochRequest& message);
std::optional<FetchRequest> from_wire(const model::FetchRequest& message);
std::optional<FetchSnapshotRequest> from_wire(const model::FetchSnapshotRequest& message);
std::optional<VoteResponse> from_wire(const model::VoteResponse& message, BrokerId from,
                                      bool pre_vote);
std::optional<BeginQuorumEpochResponse> from_wire(const model::BeginQuorumEpochResponse& message,
                                                  BrokerId from);
std::optional<EndQuorumEpochResponse> from_wire(const model::EndQuorumEpochResponse& message);
// Without the spans of its batches: see spans_of.
std::optional<FetchResponse> from_wire(const model::FetchResponse& message, BrokerId from);

// Without what was received: the host knows when the piece is stored.
std::optional<FetchSnapshotResponse> from_wire(const model::FetchSnapshotResponse& message,
                                               BrokerId from);

// The whole batches in `records`, up to the first that is cut off or whose CRC is wrong.
std::vector<BatchSpan> spans_of(ByteView records);

// The sets of voters that Voters records in `records` name, with their offsets; only whole batches
// count.
std::vector<VotersAt> voters_of(ByteView records);
KraftVoters to_wire(const VoterSet& voters);
VoterSet from_wire(const KraftVoters& voters);

// The listener of controllers.
inline constexpr std::string_view controller_listener = "CONTROLLER";
std::vector<RaftListener> listeners_of(const RaftVoter& voter);
// The voter that a request names; nullopt: it does not say where the voter listens.
std::optional<RaftVoter> voter_of(BrokerId id, const Uuid& directory_id,
                                  const std::vector<RaftListener>& listeners);

// The quorum-state file: Kafka's JSON, in data version 1 where voters have directory ids, else in
// 0.
std::string write_quorum_state(const QuorumState& state, bool knows_directories);
// Corrupt where it is not what write_quorum_state writes.
Result<QuorumState> read_quorum_state(std::string_view text);

}  // namespace squall::model::raft
