// GroupPlan: what a member of a classic group tells its leader, and what the leader makes of what
// all members told: the assignment of the whole group, and when it no longer fits the topics.
//
// The coordinator does not read any of it (model/assignors/consumer_protocol.h). Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/assignors/assignor.h"
#include "model/bugs.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/group_membership.h"
#include "model/client/metadata_cache.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"

namespace squall::model {

class GroupPlan {
  public:
    // `bugs` may be null, and outlives this.
    explicit GroupPlan(const ConsumerOptions& options, const BugSet* bugs = nullptr)
        : options_(options),
          protocol_(effective_protocol(options.partition_assignment_strategy)),
          assignors_(bugs) {}

    RebalanceProtocol protocol() const { return protocol_; }
    bool is_cooperative() const { return protocol_ == RebalanceProtocol::cooperative; }

    // ---- as a member ----

    // What to join with: `owned` are the partitions that were not given up before.
    std::vector<JoinGroupRequest::Protocol> join(const std::set<std::string>& topics,
                                                 const std::vector<TopicPartition>& owned,
                                                 GenerationId generation);
    // The subscription that the group knows.
    const std::set<std::string>& joined_topics() const { return joined_topics_; }
    // An assignment was received.
    void assigned(const std::vector<TopicPartition>& partitions, GenerationId generation);

    // ---- as the leader ----

    // The topics that somebody in the group subscribes to.
    std::set<std::string> wanted_topics(
        const std::vector<JoinGroupResponse::Member>& members) const;
    // By member id; nullopt while a wanted topic's metadata has not been answered.
    std::optional<std::map<std::string, Bytes>> assign(
        const std::vector<JoinGroupResponse::Member>& members, const std::string& assignor,
        const MetadataCache& metadata);
    // Another member leads.
    void follow() { dealt_out_.clear(); }
    // Partitions or topics that were not dealt out call for a rebalance. False for followers.
    bool must_deal_again(const MetadataCache& metadata) const;

  private:
    ConsumerOptions options_;
    RebalanceProtocol protocol_;
    Assignors assignors_;
    std::set<std::string> joined_topics_;
    PartitionCounts dealt_out_;  // by the leader, in the current generation
    std::vector<TopicPartition> last_assignment_;
    GenerationId last_generation_ = no_generation;
};

// What an assignment changes for its member.
struct AssignmentDiff {
    std::vector<TopicPartition> revoked;  // owned, and not assigned
    std::vector<TopicPartition> added;    // assigned, and not owned

    bool operator==(const AssignmentDiff&) const = default;
};
// Requires: both sorted.
AssignmentDiff assignment_diff(const std::vector<TopicPartition>& owned,
                               const std::vector<TopicPartition>& assigned);

// ---- the rule; it could be broken ----

// Whether a member of a cooperative group that was forgotten gives up what it owned before it joins
// again (KAFKA-12983): others may have it by now. `bugs` may be null.
bool gives_up_what_it_lost(const BugSet* bugs);

}  // namespace squall::model
