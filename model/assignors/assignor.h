// PartitionAssignor: who of a group gets which partitions. Runs in the client that leads a classic
// group, on the subscriptions the coordinator hands it.
//
// Every assignor is a pure function of its input and guarantees: each partition of a subscribed
// topic goes to exactly one member that subscribes to it; every member has an entry, even an empty
// one; the result does not depend on the order in which members are listed. Topics that the
// metadata does not know are left out, as in Kafka.
//
// Source: org.apache.kafka.clients.consumer.ConsumerPartitionAssignor; KIP-429 for owned
// partitions, KIP-345 for the order of static members.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/bugs.h"
#include "model/protocol/types.h"
#include "sim/base/bytes.h"

namespace squall::model {

// What a member tells its group's leader.
struct Subscription {
    std::vector<std::string> topics;
    std::optional<Bytes> user_data = std::nullopt;  // the assignor's own
    // Cooperative assignors only (KIP-429), with the generation in which they were owned: an older
    // claim is void (KAFKA-12984).
    std::vector<TopicPartition> owned_partitions{};
    GenerationId generation_id = no_generation;
    std::optional<std::string> rack_id = std::nullopt;

    bool operator==(const Subscription&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topics", self.topics);
        fields("user_data", self.user_data);
        fields("owned_partitions", self.owned_partitions);
        fields("generation_id", self.generation_id);
        fields("rack_id", self.rack_id);
    }
};

// What the leader gives to a member.
struct Assignment {
    std::vector<TopicPartition> partitions;  // sorted
    std::optional<Bytes> user_data;

    bool operator==(const Assignment&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("partitions", self.partitions);
        fields("user_data", self.user_data);
    }
};

struct SubscribedMember {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    Subscription subscription;
};

using PartitionCounts = std::map<std::string, std::int32_t>;  // by topic
using GroupAssignment = std::map<std::string, Assignment>;    // by member id
enum class RebalanceProtocol : std::uint8_t { eager, cooperative };

class PartitionAssignor {
  public:
    virtual ~PartitionAssignor() = default;

    // The protocol name in JoinGroup: "range".
    virtual std::string_view name() const = 0;
    virtual RebalanceProtocol rebalance_protocol() const { return RebalanceProtocol::eager; }
    // What the assignor wants its leader to know of a member that had `last_assignment` in
    // `generation`: its subscription's user data. Most want nothing.
    virtual std::optional<Bytes> user_data(const std::vector<TopicPartition>& /*last_assignment*/,
                                           GenerationId /*generation*/) const {
        return std::nullopt;
    }
    // Requires: member ids are distinct.
    virtual GroupAssignment assign(const PartitionCounts& partitions,
                                   const std::vector<SubscribedMember>& members) const = 0;
};

// The assignors of clients: "cooperative-sticky", "range", "roundrobin", "sticky".
class Assignors {
  public:
    // `bugs` may be null, and outlives this.
    explicit Assignors(const BugSet* bugs = nullptr);

    // Null for a name nobody implements.
    const PartitionAssignor* find(std::string_view name) const;
    // In order of name.
    const std::vector<std::unique_ptr<const PartitionAssignor>>& all() const { return assignors_; }

  private:
    std::vector<std::unique_ptr<const PartitionAssignor>> assignors_;
};

// The same without bugs; null for a name nobody implements.
const PartitionAssignor* find_assignor(std::string_view name);

// What a group with these assignors does: cooperative only if every one of them can (KIP-429).
RebalanceProtocol effective_protocol(const std::vector<std::string>& assignors);

// Static members first, by instance id, so that a restart under a new member id keeps their place;
// then dynamic ones by member id.
bool precedes(const SubscribedMember& a, const SubscribedMember& b);

// The members in that order. Requires: `members` outlives the result.
std::vector<const SubscribedMember*> in_assignment_order(
    const std::vector<SubscribedMember>& members);

bool subscribes(const SubscribedMember& member, std::string_view topic);

}  // namespace squall::model
