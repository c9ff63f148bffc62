// GroupShard: everything a broker knows about the groups of one partition of __consumer_offsets,
// as one copyable value: the unit of loading, of failing over, and of being wrong together.
//
// Two halves. What is *stored* is the fold of the committed records alone, in log order, so a shard
// rebuilt from the log has the same stored half: apply(GroupRecord). What is *live* (members that
// wait, timers) exists only on the coordinator: apply(GroupChange). Handling is const.
//
// Groups of the consumer protocol (KIP-848) are nothing but their records, and each decision builds
// on the one before, which may not be committed yet: their live half is the fold of all that was
// appended, begin(GroupRecord), and is dropped with the shard if an append fails.
//
// A group is of one protocol. One without members may change it by whoever comes first; one with
// members is migrated (group_migration.h), in one batch of records.
//
// Source: org.apache.kafka.coordinator.group.GroupCoordinatorShard.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/coordinator/group/classic_group.h"
#include "model/coordinator/group/classic_member_protocol.h"
#include "model/coordinator/group/classic_protocol.h"
#include "model/coordinator/group/consumer_group.h"
#include "model/coordinator/group/consumer_group_protocol.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/offsets.h"
#include "model/coordinator/group/records.h"

namespace squall::model {

class GroupShard {
  public:
    // `bugs` may be null, and outlives this.
    explicit GroupShard(GroupCoordinatorOptions options, const BugSet* bugs = nullptr)
        : options_(options),
          protocol_(options, bugs),
          consumer_protocol_(options, bugs),
          classic_members_(options, bugs),
          bugs_(bugs) {}

    // ---- what mutates ----

    void apply(const GroupRecord& record, const RecordPlace& place = {});
    // The record is on its way to the log; decisions from now on build on it.
    void begin(const GroupRecord& record);
    // The marker of a producer's transaction stands in the log.
    std::vector<ResolvedOffset> end_transaction(ProducerId producer, bool commit);
    void apply(const GroupChange& change);
    // The log has been read to its end: groups come to life as their records say. The decision,
    // once applied, starts their sessions. Requires: no change was applied yet.
    GroupDecision activate(const Moment& at);

    // ---- what decides ----

    // `image`: the topics, as the coordinator's broker knows them.
    GroupDecision handle(const JoinGroupRequest& request, const GroupCall& call,
                         const MetadataImage& image) const;
    GroupDecision handle(const SyncGroupRequest& request, const GroupCall& call,
                         const MetadataImage& image) const;
    GroupDecision handle(const HeartbeatRequest& request, const GroupCall& call) const;
    GroupDecision handle(const LeaveGroupRequest& request, const GroupCall& call) const;
    GroupDecision handle(const ConsumerGroupHeartbeatRequest& request, const GroupCall& call,
                         const MetadataImage& image) const;
    GroupDecision handle(const OffsetCommitRequest& request, const GroupCall& call) const;
    GroupDecision handle(const TxnOffsetCommitRequest& request, const GroupCall& call) const;
    GroupDecision handle(const GroupDeletion& request, const GroupCall& call) const;
    GroupDecision handle(const OffsetDeleteRequest& request, const GroupCall& call) const;
    // Reads committed offsets only. A member of the consumer protocol must know its epoch.
    OffsetFetchResponse::Group fetch(const OffsetFetchRequest::Group& request,
                                     bool require_stable = false) const;
    GroupDecision on_stored(const GroupFollowUp& follow_up, ErrorCode error,
                            const Moment& at) const;
    // max(): never.
    LocalTime next_deadline() const;
    // Decides one timer that is due. Requires: next_deadline() <= at.now.
    GroupDecision on_timeout(const Moment& at, const MetadataImage& image) const;
    // Tombstones for what retention has expired, and for groups that have nothing left. The live
    // group ends with its last record: see apply.
    GroupDecision expire(const Moment& at) const;

    // ---- what can be asked ----

    // Null where there is no such group.
    const ClassicGroup* find_group(const std::string& group) const;
    const std::map<std::string, ClassicGroup>& groups() const { return groups_; }
    // Of the consumer protocol, with all that was decided so far; and as the committed records say.
    const ConsumerGroup* find_consumer_group(const std::string& group) const;
    const ConsumerGroup* find_stored_consumer_group(const std::string& group) const;
    const std::map<std::string, ConsumerGroup>& consumer_groups() const { return consumer_groups_; }
    const std::map<std::string, GroupMetadata>& stored_groups() const { return stored_groups_; }
    const CommittedOffsets& offsets() const { return offsets_; }
    // The stored halves are equal.
    bool has_same_records_as(const GroupShard& other) const;

  private:
    template <class Request>
    GroupDecision with_group(const Request& request, const GroupCall& call,
                             GroupDecision (ClassicProtocol::*decide)(const ClassicGroup&,
                                                                      const Request&,
                                                                      const GroupCall&)
                                 const) const;
    // Null where the group is not of the consumer protocol, or has no members.
    const ConsumerGroup* find_migrating(const std::string& group) const;
    GroupDecision upgrade(const ClassicGroup& classic, const ConsumerGroupHeartbeatRequest& request,
                          const GroupCall& call, const MetadataImage& image) const;
    GroupDecision follow_conversion(GroupDecision decision, const Moment& at) const;
    void bury_if_nothing_left(const std::string& group);
    ErrorCode check_commit(const OffsetCommitRequest& request, ApiVersion version) const;
    ErrorCode check_commit(const TxnOffsetCommitRequest& request) const;
    void expire(const ConsumerGroup& group, const Moment& at, GroupDecision& decision) const;
    ErrorCode check_group_deletion(const std::string& group) const;
    ErrorCode check_offset_delete(const std::string& group) const;
    bool is_subscribed(const std::string& group, const std::string& topic) const;

    GroupCoordinatorOptions options_;
    ClassicProtocol protocol_;
    ConsumerGroupProtocol consumer_protocol_;
    ClassicMemberProtocol classic_members_;
    const BugSet* bugs_;
    std::map<std::string, GroupMetadata> stored_groups_;
    std::map<std::string, ConsumerGroup> stored_consumer_groups_;
    CommittedOffsets offsets_;
    bool is_active_ = false;
    std::map<std::string, ClassicGroup> groups_;            // live
    std::map<std::string, ConsumerGroup> consumer_groups_;  // live
};

}  // namespace squall::model
