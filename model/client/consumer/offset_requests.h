// The requests by which a consumer learns and keeps positions (OffsetFetch, ListOffsets,
// OffsetCommit), built for every version at once, and their answers read whatever the version.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/client/consumer/group_membership.h"
#include "model/client/consumer/subscription_state.h"
#include "model/client/metadata_cache.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/list_offsets.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_fetch.h"
#include "model/protocol/messages/offset_for_leader_epoch.h"
#include "model/protocol/types.h"

namespace squall::model {

// auto.offset.reset; nullopt for "none".
std::optional<OffsetReset> reset_policy(const ConsumerOptions& options);

using Positions = std::map<TopicPartition, FetchPosition>;

// ---- committed offsets ----

// `member`: of a group of the consumer protocol, whose epoch is checked (KIP-848); null otherwise.
OffsetFetchRequest committed_request(const std::string& group,
                                     const std::vector<TopicPartition>& partitions,
                                     const MetadataCache& metadata, bool require_stable,
                                     const GroupIdentity* member = nullptr);

struct CommittedAnswer {
    ErrorCode error = ErrorCode::none;  // of the whole, or of the first partition that has one
    Positions committed;                // partitions without a committed offset are left out
};
CommittedAnswer read_committed(const OffsetFetchResponse& response, const std::string& group,
                               const MetadataCache& metadata);

OffsetCommitRequest commit_request(const std::string& group, const GroupIdentity& identity,
                                   const std::optional<std::string>& instance_id,
                                   const Positions& offsets, const MetadataCache& metadata);
// The first error, or none.
ErrorCode commit_error(const OffsetCommitResponse& response);

// Is it certain that a commit refused so has no effect? The broker looks before it appends; what
// comes back later (a timeout, a lost leadership) proves nothing.
bool proves_not_committed(ErrorCode error);

// ---- positions and leader epochs (KIP-320) ----

// `positions`: of partitions that one broker leads, each with the epoch of its last record.
OffsetForLeaderEpochRequest epoch_end_request(const Positions& positions,
                                              const MetadataCache& metadata);

// What a leader says of a position: its log holds it, or holds what was read only up to another
// one. `nowhere`: nothing of that epoch or an earlier one is left.
struct EpochEnd {
    ErrorCode error = ErrorCode::none;
    FetchPosition end;

    bool is_nowhere() const { return end.offset < Offset{0}; }
    bool holds(FetchPosition position) const { return end.offset >= position.offset; }
};
std::map<TopicPartition, EpochEnd> read_epoch_ends(const OffsetForLeaderEpochResponse& response);

// ---- the ends of logs ----

inline constexpr TimestampMs latest_timestamp = -1;
inline constexpr TimestampMs earliest_timestamp = -2;

constexpr TimestampMs timestamp_of(OffsetReset where) {
    return where == OffsetReset::earliest ? earliest_timestamp : latest_timestamp;
}

// `timestamps`: what is asked for, of partitions that one broker leads.
ListOffsetsRequest list_offsets_request(const std::map<TopicPartition, TimestampMs>& timestamps,
                                        const MetadataCache& metadata, IsolationLevel isolation,
                                        std::chrono::milliseconds timeout);

struct ListedOffset {
    ErrorCode error = ErrorCode::none;
    FetchPosition position;  // offset -1: no record at or after the timestamp
};
std::map<TopicPartition, ListedOffset> read_offsets(const ListOffsetsResponse& response);

}  // namespace squall::model
