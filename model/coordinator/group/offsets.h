// Committed offsets: who may commit, what is read back, and when they are forgotten.
//
// An offset takes effect when its record is committed to the log of __consumer_offsets, in log
// order: the latest record wins (KAFKA-5247). Readers never see one that could still be lost.
//
// Offsets of a transaction wait for its marker (KIP-98). They take effect with it, but as of their
// own place in the log: one that was committed behind them, before the marker, stays (KAFKA-5247).
// Until then who asks for stable offsets is told to come back (KIP-447).
// Source: org.apache.kafka.coordinator.group.OffsetMetadataManager; KIP-211 for retention.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/coordinator/group/classic_group.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/group_options.h"
#include "model/protocol/error_code.h"

namespace squall::model {

// Where a record stood in the log, and whose transaction it belongs to.
struct RecordPlace {
    Offset offset = no_offset;
    ProducerId producer_id = no_producer_id;
};

// An offset of a transaction, as its marker found it.
struct ResolvedOffset {
    std::string group;
    TopicPartition partition;
    Offset offset;
    bool takes_effect = false;
};

// The offsets of the groups of one partition of __consumer_offsets.
class CommittedOffsets {
  public:
    using OfGroup = std::map<TopicPartition, CommittedOffset>;

    // A tombstone takes what waits for markers too.
    void apply(const OffsetCommitRecord& record, const RecordPlace& place = {});
    // The producer's transaction is over: what waited for it takes effect, or is dropped.
    std::vector<ResolvedOffset> end_transaction(ProducerId producer, bool commit);
    bool has_pending(const std::string& group, const TopicPartition& partition) const;
    bool has_pending(const std::string& group) const;

    // Null where nothing is committed.
    const CommittedOffset* find(const std::string& group, const TopicPartition& partition) const;
    // Those that the group committed, or that a transaction is about to.
    std::set<TopicPartition> partitions_of(const std::string& group) const;
    // Empty for a group without offsets.
    const OfGroup& of_group(const std::string& group) const;
    // With offsets, or with some that wait.
    std::set<std::string> groups() const;

    // The answer to one group of an OffsetFetch. What was never committed is offset -1, without an
    // error; so is everything of an unknown group.
    // `require_stable`: unstable_offset_commit where a transaction's offset waits. `bugs` may be
    // null.
    OffsetFetchResponse::Group fetch(const OffsetFetchRequest::Group& request, bool require_stable,
                                     const BugSet* bugs) const;

    bool operator==(const CommittedOffsets&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("groups", self.groups_);
        fields("pending", self.pending_);
    }

  private:
    bool is_unstable(const std::string& group, const TopicPartition& partition, bool require_stable,
                     const BugSet* bugs) const;

    std::map<std::string, OfGroup> groups_;
    std::map<ProducerId, std::map<std::string, OfGroup>> pending_;
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
// `bugs` may be null.
ErrorCode check_offset_commit(const ClassicGroup* group, const OffsetCommitRequest& request,
                              ApiVersion version, const BugSet* bugs);
// The same for a commit in a transaction. Producers from before KIP-447 name no member, and are not
// held against the group; who names one without a generation may commit while nobody is in it.
// `bugs` may be null.
ErrorCode check_txn_offset_commit(const ClassicGroup* group, const TxnOffsetCommitRequest& request,
                                  const BugSet* bugs);
// A commit in a transaction is planned as any other.
OffsetCommitRequest as_offset_commit(const TxnOffsetCommitRequest& request);
// The answer that gives every partition of the request the same error.
TxnOffsetCommitResponse txn_offset_commit_error(const TxnOffsetCommitRequest& request,
                                                ErrorCode error);
// A committing member is alive: its session is renewed while the group is Stable or preparing.
bool commit_renews_session(const ClassicGroup& group, const OffsetCommitRequest& request);
// Nobody needs the offset any more. Its retention counts from when the group became empty; from its
// commit if it is a simple consumer's, or of a topic that no member of a Stable group subscribes to
// (KIP-211). `bugs` may be null.
bool is_offset_expired(const TopicPartition& partition, const CommittedOffset& committed,
                       const ClassicGroup& group, TimestampMs wall_ms,
                       const GroupCoordinatorOptions& options, const BugSet* bugs);
// The same for a group of the consumer protocol: retention counts from the commit, and never ends
// while some member subscribes to the topic.
bool is_offset_expired(const CommittedOffset& committed, bool is_subscribed, TimestampMs wall_ms,
                       const GroupCoordinatorOptions& options, const BugSet* bugs);

}  // namespace squall::model
