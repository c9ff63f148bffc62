// The requests by which a consumer learns and keeps positions (OffsetFetch, ListOffsets,
// OffsetCommit), built for every version at once, and their answers read whatever the version.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/client/consumer/membership.h"
#include "model/client/consumer/subscription_state.h"
#include "model/client/metadata_cache.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/list_offsets.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/offset_fetch.h"
#include "model/protocol/types.h"

namespace squall::model {

using Positions = std::map<TopicPartition, FetchPosition>;

// ---- committed offsets ----

OffsetFetchRequest committed_request(const std::string& group,
                                     const std::vector<TopicPartition>& partitions,
                                     const MetadataCache& metadata, bool require_stable);

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
