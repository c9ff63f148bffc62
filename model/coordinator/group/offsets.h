// Committed offsets: who may commit, what is read back, and when they are forgotten.
//
// An offset takes effect when its record is committed to the log of __consumer_offsets, in log
// order: the latest record wins (KAFKA-5247). Readers never see one that could still be lost.
//
// Not here: offsets of transactions, which have to wait for their marker.
// Source: org.apache.kafka.coordinator.group.OffsetMetadataManager; KIP-211 for retention.
#pragma once

#include <map>
#include <set>
#include <string>

#include "model/coordinator/group/classic_group.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/group_options.h"
#include "model/protocol/error_code.h"

namespace squall::model {

// The offsets of the groups of one partition of __consumer_offsets.
class CommittedOffsets {
  public:
    using OfGroup = std::map<TopicPartition, CommittedOffset>;

    void apply(const OffsetCommitRecord& record);

    // Null where nothing is committed.
    const CommittedOffset* find(const std::string& group, const TopicPartition& partition) const;
    // Empty for a group without offsets.
    const OfGroup& of_group(const std::string& group) const;
    const std::map<std::string, OfGroup>& all() const { return groups_; }

    // The answer to one group of an OffsetFetch. What was never committed is offset -1, without an
    // error; so is everything of an unknown group.
    OffsetFetchResponse::Group fetch(const OffsetFetchRequest::Group& request) const;

    bool operator==(const CommittedOffsets&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("groups", self.groups_);
    }

  private:
    std::map<std::string, OfGroup> groups_;
};

// What a commit by an allowed member is worth, partition by partition: the records to append, and
// the answer to give when they are in the log.
struct OffsetCommitPlan {
    std::vector<GroupRecord> records;
    OffsetCommitResponse response;
};
OffsetCommitPlan plan_offset_commit(const OffsetCommitRequest& request, TimestampMs wall_ms,
                                    const GroupCoordinatorOptions& options);
// The answer that gives every partition of the request the same error.
OffsetCommitResponse offset_commit_error(const OffsetCommitRequest& request, ErrorCode error);

// ---- the rules; each could be broken ----

// May this commit change the group's offsets? `group` is null where there is none. A commit without
// member and generation is a simple consumer's or an administrator's: for empty groups only.
ErrorCode check_offset_commit(const ClassicGroup* group, const OffsetCommitRequest& request,
                              ApiVersion version);
// A committing member is alive: its session is renewed while the group is Stable or preparing.
bool commit_renews_session(const ClassicGroup& group, const OffsetCommitRequest& request);
// Nobody needs the offset any more. A group with members keeps all its offsets; an empty one from
// when it became empty, a simple consumer's from its commit (KIP-211).
bool is_offset_expired(const CommittedOffset& committed, const ClassicGroup& group,
                       TimestampMs wall_ms, const GroupCoordinatorOptions& options);

}  // namespace squall::model
