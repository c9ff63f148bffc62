// What administrators ask of the controller, rule by rule, and any sequence of it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "model/controller/administration_control.h"
#include "model/controller/cluster_control.h"
#include "model/controller/config_control.h"
#include "model/controller/dynamic_config.h"
#include "model/controller/producer_id_control.h"
#include "model/controller/reassignment.h"
#include "model/controller/replica_control.h"
#include "model/controller/topic_control.h"

namespace squall::model {
namespace {

using Ids = std::vector<BrokerId>;
using Records = std::vector<MetadataRecord>;

Ids ids(std::initializer_list<int> numbers) {
    Ids list;
    for (const int number : numbers) list.emplace_back(number);
    return list;
}

// Five brokers; "orders" has one partition on 1, 2, 3, led by 1, with min.insync.replicas=2.
struct Cluster {
    Cluster() {
        add(FeatureLevelRecord{std::string(feature::metadata_version), metadata_version_4_2_iv1});
        add(FeatureLevelRecord{std::string(feature::eligible_leader_replicas_version), 1});
        for (int id = 1; id <= 5; ++id) {
            add(RegisterBrokerRecord{.broker_id = BrokerId{id},
                                     .incarnation_id = {1, 1},
                                     .broker_epoch = BrokerEpoch{id},
                                     .host = "b",
                                     .rack = std::nullopt,
                                     .fenced = false});
        }
        add(TopicRecord{.name = "orders", .topic_id = {9, 9}});
        add(ConfigRecord{.resource_name = "orders", .name = "min.insync.replicas", .value = "2"});
        PartitionRecord partition;
        partition.partition_id = 0;
        partition.topic_id = {9, 9};
        partition.replicas = ids({1, 2, 3});
        partition.isr = ids({1, 2, 3});
        partition.leader = BrokerId{1};
        add(partition);
    }
    void add(const MetadataRecord& record) { apply(image, image.next_offset, record); }
    void add(const Records& records) {
        for (const MetadataRecord& record : records) add(record);
    }
    const PartitionImage& partition() const { return *image.find_partition(orders); }
    void fence(int broker) { add(ClusterControl({}).fence(image, BrokerId{broker})); }
    void in_sync(Ids isr) {
        PartitionChangeRecord change;
        change.partition_id = 0;
        change.topic_id = {9, 9};
        change.isr = std::move(isr);
        add(change);
    }
    ErrorCode reassign(std::optional<Ids> target) {
        Records records;
        const Refusal refusal = replicas.reassign(image, orders, target, records);
        EXPECT_TRUE(records.empty() || !refusal.refused());
        add(records);
        return refusal.error;
    }
    ErrorCode elect(Election election) {
        Records records;
        const Refusal refusal = replicas.elect_leader(image, orders, election, records);
        EXPECT_EQ(refusal.refused(), records.empty());
        add(records);
        return refusal.error;
    }
    ErrorCode alter(std::int8_t type, const std::string& name, std::vector<ConfigChange> changes) {
        Records records;
        const Refusal refusal = configs.alter(image, type, name, changes, records);
        EXPECT_TRUE(records.empty() || !refusal.refused());
        add(records);
        return refusal.error;
    }

    TopicPartition orders{"orders", 0};
    MetadataImage image;
    ReplicaControl replicas{{}};
    ConfigControl configs{{}};
};

constexpr std::int8_t topics = ConfigRecord::topic_resource;
constexpr std::int8_t brokers = ConfigRecord::broker_resource;

// ---- reassignment ----

TEST(Reassignment, HoldsTheUnionWhileItLasts) {
    Cluster cluster;
    EXPECT_EQ(cluster.reassign(ids({3, 4, 5})), ErrorCode::none);
    EXPECT_EQ(cluster.partition().replicas, ids({3, 4, 5, 1, 2}));
    EXPECT_EQ(cluster.partition().adding_replicas, ids({4, 5}));
    EXPECT_EQ(cluster.partition().removing_replicas, ids({1, 2}));
    EXPECT_EQ(cluster.partition().leader, BrokerId{1});
    EXPECT_EQ(cluster.partition().leader_epoch, LeaderEpoch{0});
}

TEST(Reassignment, ThatOnlyRemovesEndsAtOnceAndFencesWhoLeaves) {
    Cluster cluster;
    EXPECT_EQ(cluster.reassign(ids({1, 2})), ErrorCode::none);
    EXPECT_EQ(cluster.partition().replicas, ids({1, 2}));
    EXPECT_FALSE(is_being_reassigned(cluster.partition()));
    EXPECT_EQ(cluster.partition().leader, BrokerId{1});
    EXPECT_EQ(cluster.partition().leader_epoch, LeaderEpoch{1});
}

TEST(Reassignment, WaitsForAllOfTheTargetNotOnlyForWhatIsAdded) {
    Cluster cluster;
    cluster.in_sync(ids({1, 2}));
    EXPECT_EQ(cluster.reassign(ids({1, 3})), ErrorCode::none);
    // 3 holds it already, so nothing is added; but it is not in sync.
    EXPECT_EQ(cluster.partition().adding_replicas, Ids{});
    EXPECT_EQ(cluster.partition().removing_replicas, ids({2}));
}

TEST(Reassignment, ReplacedByAnotherCountsWhatTheFirstOneAddedAsHeld) {
    Cluster cluster;
    cluster.reassign(ids({1, 2, 4}));
    EXPECT_EQ(cluster.reassign(ids({1, 4, 5})), ErrorCode::none);
    EXPECT_EQ(cluster.partition().adding_replicas, ids({5}));
    EXPECT_EQ(cluster.partition().removing_replicas, ids({2, 3}));
}

TEST(Reassignment, CancelledGoesBackToWhereItCameFrom) {
    Cluster cluster;
    EXPECT_EQ(cluster.reassign(std::nullopt), ErrorCode::no_reassignment_in_progress);
    cluster.reassign(ids({4, 5}));
    cluster.in_sync(ids({1, 2, 4}));
    EXPECT_EQ(cluster.reassign(std::nullopt), ErrorCode::none);
    EXPECT_EQ(cluster.partition().replicas, ids({1, 2, 3}));
    EXPECT_EQ(cluster.partition().isr, ids({1, 2}));
    EXPECT_FALSE(is_being_reassigned(cluster.partition()));
}

// Whoever lost the answer asks again.
TEST(Reassignment, AskedForAgainStaysTheSameAndCanBeCancelled) {
    Cluster cluster;
    cluster.reassign(ids({2, 3, 4}));
    const PartitionImage once = cluster.partition();
    EXPECT_EQ(cluster.reassign(ids({2, 3, 4})), ErrorCode::none);
    EXPECT_EQ(cluster.partition().replicas, once.replicas);
    EXPECT_EQ(cluster.partition().adding_replicas, ids({4}));
    EXPECT_EQ(cluster.partition().removing_replicas, ids({1}));
    EXPECT_EQ(cluster.reassign(std::nullopt), ErrorCode::none);
    EXPECT_EQ(cluster.partition().replicas, ids({2, 3, 1}));
    EXPECT_FALSE(is_being_reassigned(cluster.partition()));
}

TEST(Reassignment, IsNotCancelledByAnUncleanElectionThatTheTopicForbids) {
    Cluster cluster;
    cluster.reassign(ids({4, 5}));
    cluster.in_sync(ids({1, 4}));
    cluster.fence(1);
    ASSERT_EQ(cluster.partition().isr, ids({4}));
    EXPECT_EQ(cluster.reassign(std::nullopt), ErrorCode::invalid_replica_assignment);
    cluster.alter(topics, "orders",
                  {{ConfigOperation::set, "unclean.leader.election.enable", "true"}});
    EXPECT_EQ(cluster.reassign(std::nullopt), ErrorCode::none);
    EXPECT_TRUE(cluster.partition().recovering);
}

TEST(Reassignment, RefusesWhatIsNoListOfBrokers) {
    Cluster cluster;
    for (const Ids& target : {ids({}), ids({1, 1}), ids({1, 9})}) {
        EXPECT_EQ(cluster.reassign(target), ErrorCode::invalid_replica_assignment);
    }
    Records records;
    EXPECT_EQ(cluster.replicas.reassign(cluster.image, {"orders", 1}, ids({1}), records).error,
              ErrorCode::unknown_topic_or_partition);
}

// ---- new topics ----

CreateTopicsResponse::Topic created(Cluster& cluster, const std::string& name,
                                    std::int32_t partitions = 1, std::int16_t replication = 1) {
    CreateTopicsRequest request;
    CreateTopicsRequest::Topic& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = replication;
    topic.configs = {{.name = "retention.ms", .value = "5000"}};
    const auto decision = cluster.replicas.create_topics(cluster.image, request, 1);
    const auto& answer = decision.response.topics.at(0);
    EXPECT_EQ(decision.records.empty(), answer.error_code != ErrorCode::none);
    cluster.add(decision.records);
    return answer;
}

TEST(CreateTopics, LeavesTheQuorumsLogAlone) {
    Cluster cluster;
    EXPECT_EQ(created(cluster, "__cluster_metadata").error_code, ErrorCode::invalid_request);
}

// Metrics cannot tell them apart.
TEST(CreateTopics, RefusesNamesThatDifferInDotsAndUnderscoresAlone) {
    Cluster cluster;
    EXPECT_EQ(created(cluster, "a.b_c").error_code, ErrorCode::none);
    EXPECT_EQ(created(cluster, "a_b.c").error_code, ErrorCode::invalid_topic_exception);
    EXPECT_EQ(created(cluster, "a.b_c").error_code, ErrorCode::topic_already_exists);
    EXPECT_EQ(created(cluster, "a-b_c").error_code, ErrorCode::none);
}

TEST(CreateTopics, LooksAtTheReplicationFactorBeforeThePartitions) {
    Cluster cluster;
    EXPECT_EQ(created(cluster, "a", 0, 0).error_code, ErrorCode::invalid_replication_factor);
    EXPECT_EQ(created(cluster, "a", 0, 1).error_code, ErrorCode::invalid_partitions);
}

TEST(CreateTopics, AnswersWithTheWholeConfiguration) {
    Cluster cluster;
    cluster.alter(brokers, "", {{ConfigOperation::set, "log.flush.interval.ms", "77"}});
    const auto topic = created(cluster, "a");
    const auto find = [&](const std::string& name) {
        const auto found =
            std::ranges::find(*topic.configs, name, &CreateTopicsResponse::Config::name);
        EXPECT_NE(found, topic.configs->end()) << name;
        return std::pair(found->value.value_or("null"), found->config_source);
    };
    EXPECT_EQ(find("retention.ms"), std::pair(std::string("5000"), ConfigSource::topic_config));
    EXPECT_EQ(find("flush.ms"),
              std::pair(std::string("77"), ConfigSource::dynamic_default_broker_config));
    EXPECT_EQ(find("cleanup.policy"),
              std::pair(std::string("delete"), ConfigSource::default_config));
    EXPECT_TRUE(std::ranges::is_sorted(*topic.configs, {}, &CreateTopicsResponse::Config::name));
}

// ---- elections ----

TEST(ElectLeaders, RefusesAnElectionOfNoKnownKind) {
    Cluster cluster;
    cluster.fence(1);
    ElectLeadersRequest request;
    request.election_type = static_cast<ElectionType>(2);
    const auto decision = AdministrationControl(ControllerOptions{}).decide(cluster.image, request);
    EXPECT_EQ(decision.response.error_code, ErrorCode::invalid_request);
    EXPECT_TRUE(decision.records.empty());
}

TEST(ElectLeaders, GivesLeadershipBackToThePreferredReplica) {
    Cluster cluster;
    EXPECT_EQ(cluster.elect(Election::preferred), ErrorCode::election_not_needed);
    cluster.fence(1);
    EXPECT_EQ(cluster.partition().leader, BrokerId{2});
    EXPECT_EQ(cluster.elect(Election::preferred), ErrorCode::preferred_leader_not_available);
    cluster.add(BrokerRegistrationChangeRecord{
        .broker_id = BrokerId{1}, .broker_epoch = BrokerEpoch{1}, .fenced = FlagChange::clear});
    // Alive is not enough: it has to be in sync.
    EXPECT_EQ(cluster.elect(Election::preferred), ErrorCode::preferred_leader_not_available);
    cluster.in_sync(ids({1, 2, 3}));
    EXPECT_EQ(cluster.elect(Election::preferred), ErrorCode::none);
    EXPECT_EQ(cluster.partition().leader, BrokerId{1});
}

TEST(ElectLeaders, UncleanlyOnlyWhereNobodyLeads) {
    Cluster cluster;
    EXPECT_EQ(cluster.elect(Election::unclean), ErrorCode::election_not_needed);
    cluster.in_sync(ids({1, 2}));
    cluster.fence(1);
    cluster.fence(2);
    ASSERT_EQ(cluster.partition().leader, no_broker);
    EXPECT_EQ(cluster.elect(Election::unclean), ErrorCode::none);
    EXPECT_EQ(cluster.partition().leader, BrokerId{3});
    EXPECT_TRUE(cluster.partition().recovering);
    cluster.fence(3);
    EXPECT_EQ(cluster.elect(Election::unclean), ErrorCode::eligible_leaders_not_available);
}

// ---- topics ----

TEST(TopicControl, DeletesByIdSoThatASuccessorIsSafe) {
    Cluster cluster;
    Records records;
    const TopicControl control;
    EXPECT_EQ(control.remove(cluster.image, {9, 8}, records).error, ErrorCode::unknown_topic_id);
    EXPECT_EQ(control.remove(cluster.image, {9, 9}, records).error, ErrorCode::none);
    cluster.add(records);
    EXPECT_EQ(cluster.image.find_topic("orders"), nullptr);
    records.clear();
    EXPECT_EQ(control.remove(cluster.image, {9, 9}, records).error, ErrorCode::unknown_topic_id);
}

TEST(TopicControl, OnlyEverGrows) {
    Cluster cluster;
    const auto grow = [&](TopicControl::Growth growth) {
        Records records;
        const Refusal refusal = TopicControl().grow(cluster.image, "orders", growth, 5, records);
        EXPECT_EQ(refusal.refused(), records.empty());
        cluster.add(records);
        return refusal.error;
    };
    EXPECT_EQ(grow({.count = 1, .assignments = std::nullopt}), ErrorCode::invalid_partitions);
    EXPECT_EQ(grow({.count = 0, .assignments = std::nullopt}), ErrorCode::invalid_partitions);
    EXPECT_EQ(grow({.count = 3, .assignments = std::nullopt}), ErrorCode::none);
    EXPECT_EQ(cluster.image.find_topic("orders")->partitions.size(), 3u);
    for (const PartitionImage& partition : cluster.image.find_topic("orders")->partitions) {
        EXPECT_EQ(partition.replicas.size(), 3u);
        EXPECT_EQ(partition.leader, partition.isr.front());
    }
    using Assignments = std::vector<Ids>;
    EXPECT_EQ(grow({.count = 4, .assignments = Assignments{}}),
              ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(grow({.count = 4, .assignments = Assignments{ids({1, 2})}}),
              ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(grow({.count = 4, .assignments = Assignments{ids({5, 4, 3})}}), ErrorCode::none);
    for (const int broker : {1, 2, 3, 4}) cluster.fence(broker);
    EXPECT_EQ(grow({.count = 5, .assignments = Assignments{ids({1, 2, 3})}}),
              ErrorCode::invalid_replica_assignment);
}

// ---- settings ----

TEST(ConfigControl, TakesAllChangesOfAResourceOrNone) {
    Cluster cluster;
    EXPECT_EQ(cluster.alter(topics, "orders",
                            {{ConfigOperation::set, "retention.ms", "1000"},
                             {ConfigOperation::set, "segment.bytes", "few"}}),
              ErrorCode::invalid_config);
    EXPECT_EQ(cluster.alter(topics, "orders",
                            {{ConfigOperation::set, "retention.ms", "1000"},
                             {ConfigOperation::append, "cleanup.policy", "compact"},
                             {ConfigOperation::remove, "min.insync.replicas", std::nullopt}}),
              ErrorCode::none);
    const std::map<std::string, std::string> expected{{"cleanup.policy", "delete,compact"},
                                                      {"retention.ms", "1000"}};
    EXPECT_EQ(cluster.image.find_topic("orders")->configs, expected);
    EXPECT_EQ(
        cluster.alter(topics, "orders", {{ConfigOperation::subtract, "cleanup.policy", "delete"}}),
        ErrorCode::none);
    EXPECT_EQ(cluster.image.find_topic("orders")->configs.at("cleanup.policy"), "compact");
}

TEST(ConfigControl, RefusesWithKafkasCodes) {
    Cluster cluster;
    EXPECT_EQ(cluster.alter(topics, "nothing", {}), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(cluster.alter(topics, "orders", {{ConfigOperation::set, "colour", "red"}}),
              ErrorCode::invalid_config);
    EXPECT_EQ(cluster.alter(topics, "orders", {{ConfigOperation::append, "retention.ms", "1"}}),
              ErrorCode::invalid_config);
    EXPECT_EQ(cluster.alter(topics, "orders",
                            {{ConfigOperation::set, "retention.ms", "1"},
                             {ConfigOperation::remove, "retention.ms", std::nullopt}}),
              ErrorCode::invalid_request);
    EXPECT_EQ(cluster.alter(brokers, "9", {}), ErrorCode::broker_id_not_registered);
    EXPECT_EQ(cluster.alter(brokers, "1", {{ConfigOperation::set, "node.id", "2"}}),
              ErrorCode::invalid_request);
    EXPECT_EQ(cluster.alter(8, "1", {}), ErrorCode::invalid_request);
}

TEST(ConfigControl, OfAllBrokersIsTheDefaultOfTopics) {
    Cluster cluster;
    EXPECT_EQ(cluster.alter(brokers, "", {{ConfigOperation::set, "min.insync.replicas", "3"}}),
              ErrorCode::none);
    EXPECT_EQ(cluster.alter(brokers, "2", {{ConfigOperation::set, "log.retention.ms", "5000"}}),
              ErrorCode::none);
    const TopicImage other{.name = "other", .id = {1, 1}, .partitions = {}, .configs = {}};
    EXPECT_EQ(cluster.replicas.min_insync_replicas(cluster.image, other), 3);
    EXPECT_EQ(
        cluster.replicas.min_insync_replicas(cluster.image, *cluster.image.find_topic("orders")),
        2);
    EXPECT_EQ(dynamic_topic_defaults(cluster.image, BrokerId{2}).at("retention.ms"), "5000");
    EXPECT_FALSE(dynamic_topic_defaults(cluster.image, BrokerId{1}).contains("retention.ms"));
    // With eligible leader replicas there is one min.insync.replicas for all brokers, for good.
    EXPECT_EQ(cluster.alter(brokers, "2", {{ConfigOperation::set, "min.insync.replicas", "1"}}),
              ErrorCode::invalid_config);
    EXPECT_EQ(cluster.alter(brokers, "",
                            {{ConfigOperation::remove, "min.insync.replicas", std::nullopt}}),
              ErrorCode::invalid_config);
}

TEST(ConfigControl, OtherMinInsyncReplicasForgetWhoWasEligibleUnderTheOld) {
    Cluster cluster;
    cluster.fence(2);
    cluster.fence(3);
    ASSERT_EQ(cluster.partition().eligible_leader_replicas, ids({3}));
    cluster.alter(topics, "orders", {{ConfigOperation::set, "retention.ms", "1"}});
    EXPECT_EQ(cluster.partition().eligible_leader_replicas, ids({3}));
    cluster.alter(topics, "orders", {{ConfigOperation::set, "min.insync.replicas", "1"}});
    EXPECT_EQ(cluster.partition().eligible_leader_replicas, Ids{});
}

// ---- brokers ----

TEST(ClusterControl, TakesNoBrokerOfAnotherCluster) {
    Cluster cluster;
    BrokerRegistrationRequest request;
    request.broker_id = BrokerId{7};
    request.incarnation_id = {7, 7};
    request.listeners.push_back({.name = "PLAINTEXT", .host = "b", .port = 9092});
    request.features = registered_ranges(supported_features());
    const auto ask = [&](const std::string& id) {
        request.cluster_id = id;
        return ClusterControl({})
            .register_broker(cluster.image, BrokerSessions(9s), request, cluster.image.next_offset,
                             LocalTime{})
            .response.error_code;
    };
    EXPECT_EQ(ask("another"), ErrorCode::inconsistent_cluster_id);
    EXPECT_EQ(ask("squall"), ErrorCode::none);
}

TEST(ClusterControl, ForgetsABrokerThatWillNotComeBack) {
    Cluster cluster;
    Records records;
    const ClusterControl control{ControllerOptions{}};
    EXPECT_EQ(control.unregister(cluster.image, BrokerId{9}, records).error,
              ErrorCode::broker_id_not_registered);
    EXPECT_EQ(control.unregister(cluster.image, BrokerId{1}, records).error, ErrorCode::none);
    cluster.add(records);
    EXPECT_EQ(cluster.image.find_broker(BrokerId{1}), nullptr);
    EXPECT_EQ(cluster.partition().leader, BrokerId{2});
    EXPECT_EQ(cluster.partition().replicas, ids({1, 2, 3}));
}

TEST(ProducerIdControl, GivesNoIdTwice) {
    Cluster cluster;
    const ProducerIdControl control;
    EXPECT_EQ(control.allocate(cluster.image, BrokerId{1}, BrokerEpoch{7}).response.refusal.error,
              ErrorCode::stale_broker_epoch);
    ProducerId next{0};
    for (int i = 0; i < 5; ++i) {
        const auto decision = control.allocate(cluster.image, BrokerId{1 + i}, BrokerEpoch{1 + i});
        EXPECT_EQ(decision.response.block.first, next);
        EXPECT_EQ(decision.response.block.size, 1000);
        next = next + 1000;
        cluster.add(decision.records);
    }
}

// ---- any sequence ----

void check(const MetadataImage& image, const PartitionImage& partition) {
    if (partition.leader != no_broker) {
        RC_ASSERT(contains(partition.isr, partition.leader));
        RC_ASSERT(is_active(image, partition.leader));
    }
    for (const BrokerId id : partition.isr) RC_ASSERT(contains(partition.replicas, id));
    for (const BrokerId id : partition.eligible_leader_replicas) {
        RC_ASSERT(contains(partition.replicas, id));
        RC_ASSERT(!contains(partition.isr, id));
    }
    // Whom an earlier reassignment was adding a later one may remove, before it was added.
    for (const BrokerId id : partition.adding_replicas) {
        RC_ASSERT(contains(partition.replicas, id));
    }
    for (const BrokerId id : partition.removing_replicas) {
        RC_ASSERT(contains(partition.replicas, id));
    }
}

// Fences, returns, in-sync sets, reassignments and their ways back, elections, settings.
void perform(Cluster& cluster, std::uint32_t choice) {
    const PartitionImage before = cluster.partition();
    const BrokerId broker{static_cast<std::int32_t>(1 + choice / 16 % 5)};
    const std::uint32_t detail = choice / 128;
    const BrokerImage& registered = *cluster.image.find_broker(broker);
    switch (choice % 8) {
        case 0:
            if (!registered.fenced) cluster.fence(broker.value());
            break;
        case 1:
        case 2:
            if (registered.fenced) {
                BrokerHeartbeatRequest request;
                request.broker_id = broker;
                request.broker_epoch = registered.epoch;
                request.current_metadata_offset = cluster.image.next_offset - 1;
                cluster.add(ClusterControl({})
                                .heartbeat(cluster.image, BrokerSessions(9s), request)
                                .records);
            }
            break;
        case 3:
        case 4: {
            if (before.leader == no_broker) break;
            AlterPartitionRequest::Partition proposal;
            proposal.leader_epoch = before.leader_epoch;
            proposal.partition_epoch = before.partition_epoch;
            for (const BrokerId id : before.replicas) {
                const bool joins = is_active(cluster.image, id) && (detail >> id.value()) % 2 != 0;
                if (id == before.leader || joins) {
                    proposal.new_isr_with_epochs.push_back({id, BrokerEpoch{-1}});
                }
            }
            AlterPartitionRequest request;
            request.broker_id = before.leader;
            request.broker_epoch = cluster.image.find_broker(before.leader)->epoch;
            AlterPartitionRequest::Topic topic;
            topic.topic_id = {9, 9};
            topic.partitions.push_back(proposal);
            request.topics.push_back(topic);
            cluster.add(cluster.replicas.alter_partition(cluster.image, request).records);
            break;
        }
        case 5: {
            Ids target;
            for (int i = 0; i < 5; ++i) {
                const BrokerId id{
                    static_cast<std::int32_t>(1 + (detail + static_cast<unsigned>(i)) % 5)};
                if ((detail >> (8 + i)) % 2 == 0) target.push_back(id);
            }
            cluster.reassign(detail % 5 == 0 ? std::nullopt : std::optional(target));
            break;
        }
        case 6:
            cluster.elect(detail % 4 == 0 ? Election::unclean : Election::preferred);
            break;
        default:
            cluster.alter(
                topics, "orders",
                {{ConfigOperation::set, "min.insync.replicas", std::to_string(1 + detail % 3)}});
    }
    const PartitionImage& after = cluster.partition();
    check(cluster.image, after);
    RC_ASSERT(after.leader_epoch >= before.leader_epoch);
    RC_ASSERT(after.partition_epoch >= before.partition_epoch);
    if (after.leader != before.leader) RC_ASSERT(after.leader_epoch > before.leader_epoch);
}

std::vector<std::uint32_t> some_choices() {
    const auto size = *rc::gen::inRange<std::size_t>(0, 300);
    return *rc::gen::container<std::vector<std::uint32_t>>(
        size, rc::gen::inRange<std::uint32_t>(0, 1u << 24));
}

RC_GTEST_PROP(Administration, KeepsLeadersInSyncSetsAndListsInOrder, ()) {
    Cluster cluster;
    for (const std::uint32_t choice : some_choices()) perform(cluster, choice);
}

RC_GTEST_PROP(Administration, EveryReassignmentEndsWhenAllReplicasAreInSync, ()) {
    Cluster cluster;
    for (const std::uint32_t choice : some_choices()) perform(cluster, choice);
    for (int id = 1; id <= 5; ++id) perform(cluster, 1 + 16 * static_cast<std::uint32_t>(id - 1));
    if (cluster.partition().leader == no_broker) cluster.elect(Election::unclean);
    RC_ASSERT(cluster.partition().leader != no_broker);
    perform(cluster, 3 + 128 * 0x3e);  // all of them in sync
    RC_ASSERT(!is_being_reassigned(cluster.partition()));
}

}  // namespace
}  // namespace squall::model
