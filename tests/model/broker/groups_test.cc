// Consumer groups from end to end: whole brokers, whole clients, under each protocol that a user
// can choose. What is asserted is what the applications' callbacks saw; besides, every checker
// judges every run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checkers/checker.h"
#include "model/coordinator/coordinator_partition.h"
#include "model/events/group_events.h"
#include "sim/trace/sim_events.h"
#include "tests/model/broker/small_cluster.h"

namespace squall::model {
namespace {

using Application = SmallCluster::Application;
using testing::ElementsAre;
using testing::IsEmpty;

struct Protocol {
    const char* name;
    std::vector<std::string> assignors;  // empty: the consumer protocol
};

ConsumerOptions member_options(const Protocol& protocol, std::string instance = "") {
    ConsumerOptions options;
    options.group_id = "payment";
    options.group_instance_id = std::move(instance);
    options.auto_offset_reset = "earliest";
    options.enable_auto_commit = false;
    options.session_timeout = 6s;
    options.heartbeat_interval = 1s;
    if (protocol.assignors.empty()) {
        options.group_protocol = "consumer";
    } else {
        options.partition_assignment_strategy = protocol.assignors;
    }
    return options;
}

// What the callbacks saw, and what is asked of the run. Outlives the cluster that it watches.
struct Witness {
    void watch(sim::Simulation& simulation) {
        simulation.trace().observe([this](const sim::Event& event) {
            judges.observe(event);
            if (const auto* e = event.as<AssignmentChanged>()) {
                told.push_back(fmt::format("{} {} {}", e->client_id.substr(0, 1),
                                           to_string(e->change), e->partitions.size()));
                for (const TopicPartition& partition : e->partitions) {
                    if (e->change == AssignmentChange::assigned) {
                        owner[partition] = e->client_id;
                    } else {
                        owner.erase(partition);
                    }
                }
            }
            if (const auto* e = event.as<RecordsPolled>()) {
                for (const PolledRecord& each : e->records) polled.insert(each.key);
            }
            if (const auto* e = event.as<MemberRemoved>()) removed.push_back(e->reason);
            if (const auto* e = event.as<GroupStateChanged>()) state = e->to;
            if (const auto* e = event.as<CoordinatorChanged>()) {
                if (e->active) coordinators[e->partition.partition] = e->broker;
            }
        });
    }
    // What the checkers say at the end.
    std::vector<std::string> complaints() const {
        std::vector<std::string> found;
        for (const checkers::CheckerReport& report : judges.finish()) {
            if (report.verdict != checkers::CheckerVerdict::fail) continue;
            const checkers::Anomaly& first = *std::ranges::find(
                report.anomalies, false, [](const auto& each) { return each.allowed; });
            found.push_back(fmt::format("{}: {}", report.checker, first.type));
            for (const auto& [name, value] : first.evidence) {
                found.back() += fmt::format(" {}={}", name, value);
            }
        }
        return found;
    }

    mutable checkers::CheckerSet judges{checkers::Contract::configured};
    std::vector<std::string> told;
    std::map<TopicPartition, std::string> owner;
    std::set<std::string> polled;
    std::vector<std::string> removed;
    std::string state;
    std::map<std::int32_t, BrokerId> coordinators;
};

// Polls, handles and commits, for so long.
Application::Script member(ConsumerOptions options, Duration time) {
    return [options, time](Application& app) {
        Consumer& consumer = app.consumer(options);
        consumer.subscribe(std::vector<std::string>{"orders"});
        const LocalTime end = app.node.now() + time;
        while (app.node.now() < end) {
            const auto records = consumer.poll(200ms);
            if (records && !records->empty()) static_cast<void>(consumer.commit_sync());
        }
        consumer.close();
    };
}

// A topic of four partitions, and one record every so often.
Application::Script producer(int records, Duration pause) {
    return [records, pause](Application& app) {
        app.create_topic("orders", 4);
        Producer& producer = app.producer({});
        for (int i = 0; i < records; ++i) {
            ProducerRecord record;
            record.topic = "orders";
            record.key = to_bytes("k" + std::to_string(i));
            record.value = to_bytes("v");
            producer.send(std::move(record));
            app.node.sleep_for(pause);
        }
        producer.flush();
    };
}

class Groups : public testing::TestWithParam<Protocol> {
  protected:
    static void quick_sessions(BrokerConfig& config) {
        config.groups.group_consumer_session_timeout = 6s;
        config.groups.group_consumer_heartbeat_interval = 1s;
    }
    static std::string whole_of(const std::string& client) {
        return GetParam().assignors == std::vector<std::string>{"range"} ||
                       GetParam().assignors == std::vector<std::string>{"sticky"}
                   ? client + " revoked 4"
                   : client + " revoked 2";
    }
};

INSTANTIATE_TEST_SUITE_P(Protocol, Groups,
                         testing::Values(Protocol{"Range", {"range"}},
                                         Protocol{"Sticky", {"sticky"}},
                                         Protocol{"Cooperative", {"cooperative-sticky"}},
                                         Protocol{"Consumer", {}}),
                         [](const auto& instance) { return std::string(instance.param.name); });

// The same membership change under each protocol: eager members stop for it, the others do not.
TEST_P(Groups, ShareTheirPartitionsWithAMemberThatComesAndTakeThemBackWhenItGoes) {
    Witness witness;
    SmallCluster cluster(21, quick_sessions);
    witness.watch(cluster.simulation());
    cluster.start("p", producer(300, 100ms));
    cluster.run(8s);
    cluster.start("a", member(member_options(GetParam()), 60s));
    cluster.run(10s);
    EXPECT_THAT(witness.told, ElementsAre("a assigned 4"));
    witness.told.clear();
    cluster.start("b", member(member_options(GetParam()), 12s));
    cluster.run(10s);
    const bool is_eager = whole_of("a") == "a revoked 4";
    if (is_eager) {
        EXPECT_THAT(witness.told,
                    testing::UnorderedElementsAre("a revoked 4", "a assigned 2", "b assigned 2"));
    } else {
        std::erase_if(witness.told, [](const std::string& each) { return each.ends_with(" 0"); });
        EXPECT_THAT(witness.told, ElementsAre("a revoked 2", "b assigned 2"));
    }
    std::map<std::string, int> shares;
    for (const auto& [partition, client] : witness.owner) ++shares[client];
    EXPECT_EQ(shares, (std::map<std::string, int>{{"a-c", 2}, {"b-c", 2}}));
    cluster.run(15s);
    for (const auto& [partition, client] : witness.owner) EXPECT_EQ(client, "a-c");
    EXPECT_EQ(witness.owner.size(), 4u);
    cluster.run(15s);
    EXPECT_EQ(witness.polled.size(), 300u);
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

TEST_P(Groups, GiveThePartitionsOfAMemberThatCrashedToTheOthers) {
    Witness witness;
    SmallCluster cluster(22, quick_sessions);
    witness.watch(cluster.simulation());
    cluster.start("p", producer(300, 100ms));
    cluster.run(8s);
    cluster.start("a", member(member_options(GetParam()), 60s));
    sim::Node& b = cluster.start("b", member(member_options(GetParam()), 60s));
    cluster.run(10s);
    b.stop(sim::StopReason::crash);
    cluster.run(30s);
    EXPECT_EQ(witness.owner.size(), 4u);
    for (const auto& [partition, client] : witness.owner) EXPECT_EQ(client, "a-c");
    EXPECT_THAT(witness.removed, testing::Contains("session timeout"));
    EXPECT_EQ(witness.polled.size(), 300u);
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

// The coordinator dies while "b" is joining; another broker has read the same group.
TEST_P(Groups, SurviveTheDeathOfTheirCoordinatorInTheMiddleOfARebalance) {
    Witness witness;
    SmallCluster cluster(23, quick_sessions);
    witness.watch(cluster.simulation());
    cluster.start("p", producer(400, 100ms));
    cluster.run(8s);
    cluster.start("a", member(member_options(GetParam()), 80s));
    cluster.run(10s);
    cluster.start("b", member(member_options(GetParam()), 80s));
    cluster.run(150ms);
    const BrokerId coordinator = witness.coordinators.at(coordinator_partition("payment", 2));
    cluster.broker(coordinator.value()).stop(sim::StopReason::crash);
    cluster.run(40s);
    std::map<std::string, int> shares;
    for (const auto& [partition, client] : witness.owner) ++shares[client];
    EXPECT_EQ(shares, (std::map<std::string, int>{{"a-c", 2}, {"b-c", 2}}));
    EXPECT_EQ(witness.polled.size(), 400u);
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

// Its application is busy for longer than max.poll.interval.ms: the member leaves by itself, others
// go on, and what it commits when it comes back counts for nothing.
TEST_P(Groups, RefuseTheCommitOfAMemberThatDidNotPollInTime) {
    Witness witness;
    SmallCluster cluster(25, quick_sessions);
    witness.watch(cluster.simulation());
    cluster.start("p", producer(300, 100ms));
    cluster.run(8s);
    CommitResult late;
    std::size_t in_hand = 0;
    cluster.start("a", [&](Application& app) {
        ConsumerOptions options = member_options(GetParam());
        options.max_poll_interval = 5s;
        Consumer& consumer = app.consumer(options);
        consumer.subscribe(std::vector<std::string>{"orders"});
        while (in_hand == 0) {
            const auto records = consumer.poll(200ms);
            if (records) in_hand = records->size();
        }
        app.node.sleep_for(20s);
        late = consumer.commit_sync();
        const LocalTime end = app.node.now() + 30s;
        while (app.node.now() < end) {
            const auto records = consumer.poll(200ms);
            if (records && !records->empty()) static_cast<void>(consumer.commit_sync());
        }
        consumer.close();
    });
    cluster.run(1s);
    cluster.start("b", member(member_options(GetParam()), 60s));
    cluster.run(62s);
    EXPECT_EQ(late.outcome, Outcome::failed);
    EXPECT_EQ(late.error, "UNKNOWN_MEMBER_ID");
    EXPECT_THAT(witness.told, testing::Contains(testing::StartsWith("a lost")));
    EXPECT_EQ(witness.polled.size(), 300u);
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

// KIP-345: a restart within the session is nobody else's business.
TEST_P(Groups, DoNotRebalanceForTheRestartOfAStaticMember) {
    Witness witness;
    SmallCluster cluster(24, quick_sessions);
    witness.watch(cluster.simulation());
    cluster.start("p", producer(300, 100ms));
    cluster.run(8s);
    cluster.start("a", member(member_options(GetParam(), "pod-a"), 60s));
    cluster.start("b", [](Application& app) {
        ConsumerOptions options = member_options(GetParam(), "pod-b");
        member(options, 20s)(app);
        options.client.client_id = "b-2";
        member(options, 40s)(app);
    });
    cluster.run(14s);
    ASSERT_EQ(witness.owner.size(), 4u);
    witness.told.clear();
    cluster.run(20s);
    EXPECT_THAT(witness.told, ElementsAre("b revoked 2", "b assigned 2"));
    EXPECT_THAT(witness.removed, testing::Not(testing::Contains("session timeout")));
    EXPECT_EQ(witness.polled.size(), 300u);
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

// ---- administrators ----

TEST_P(Groups, AreListedDescribedAndDeletedByAdministrators) {
    Witness witness;
    SmallCluster cluster(31, quick_sessions);
    witness.watch(cluster.simulation());
    cluster.start("p", producer(100, 20ms));
    cluster.run(8s);
    cluster.start("a", member(member_options(GetParam()), 15s));
    cluster.run(10s);

    struct Seen {
        Result<std::vector<GroupListing>> listed = Error{};
        Result<std::map<std::string, GroupDescription>> described = Error{};
        Result<std::map<TopicPartition, PartitionLag>> lag = Error{};
        AdminResult deleted, deleted_offsets, altered;
    };
    Seen in_use, later, at_last;
    const TopicPartition first{"orders", 0};
    const auto look = [&](Seen& seen) {
        return [&](Application& app) {
            seen.listed = app.admin().list_groups();
            seen.described = app.admin().describe_groups({"payment", "nobody"});
            seen.lag = app.admin().describe_group_lag("payment");
            seen.deleted_offsets =
                app.admin().delete_group_offsets("payment", {first}).begin()->second;
            seen.altered =
                app.admin().alter_group_offsets("payment", {{first, Offset(3)}}).begin()->second;
            seen.deleted = app.admin().delete_groups({"payment"}).at("payment");
        };
    };
    cluster.start("x", look(in_use));
    cluster.run(3s);
    ASSERT_TRUE(in_use.listed.ok() && in_use.described.ok() && in_use.lag.ok());
    const std::string type = GetParam().assignors.empty() ? "Consumer" : "Classic";
    ASSERT_EQ(in_use.listed->size(), 1u);
    EXPECT_EQ(in_use.listed->front(), (GroupListing{"payment", type, "consumer", "Stable"}));
    ASSERT_EQ(in_use.described->size(), 1u);
    const GroupDescription& described = in_use.described->at("payment");
    EXPECT_EQ(described.type, type);
    EXPECT_EQ(described.state, "Stable");
    ASSERT_EQ(described.members.size(), 1u);
    EXPECT_EQ(described.members[0].client_id, "a-c");
    EXPECT_EQ(described.members[0].assigned.size(), 4u);
    ASSERT_EQ(in_use.lag->size(), 4u);
    std::int64_t committed = 0;
    for (const auto& [partition, lag] : *in_use.lag) {
        EXPECT_EQ(lag.lag(), 0);
        committed += lag.committed.value();
    }
    EXPECT_EQ(committed, 100);
    EXPECT_EQ(in_use.deleted.outcome, Outcome::failed);
    EXPECT_EQ(in_use.deleted.error, "NON_EMPTY_GROUP");
    EXPECT_EQ(in_use.deleted_offsets.error, "GROUP_SUBSCRIBED_TO_TOPIC");
    EXPECT_EQ(in_use.altered.error, "UNKNOWN_MEMBER_ID");

    cluster.run(10s);  // the member has left
    cluster.start("y", look(later));
    cluster.run(3s);
    ASSERT_TRUE(later.listed.ok() && later.lag.ok());
    EXPECT_EQ(later.listed->front().state, "Empty");
    EXPECT_TRUE(later.deleted_offsets.ok()) << later.deleted_offsets.error;
    EXPECT_TRUE(later.altered.ok()) << later.altered.error;
    EXPECT_TRUE(later.deleted.ok()) << later.deleted.error;

    cluster.start("z", look(at_last));
    cluster.run(3s);
    ASSERT_TRUE(at_last.listed.ok() && at_last.lag.ok());
    EXPECT_TRUE(at_last.listed->empty());
    EXPECT_TRUE(at_last.described->empty());
    EXPECT_TRUE(at_last.lag->empty());
    EXPECT_EQ(at_last.deleted_offsets.error, "GROUP_ID_NOT_FOUND");

    // A group of that name begins anew, and nobody holds it against the old one.
    witness.polled.clear();
    cluster.start("b", member(member_options(GetParam()), 15s));
    cluster.run(20s);
    EXPECT_EQ(witness.polled.size(), 100u);
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

// The coordinator says what matches (KIP-848): also what comes later, and after a failover.
TEST(GroupOfAPattern, ReadsTopicsThatComeLaterAndOutlivesItsCoordinator) {
    Witness witness;
    SmallCluster cluster(25, [](BrokerConfig& config) {
        config.groups.group_consumer_session_timeout = 6s;
        config.groups.group_consumer_heartbeat_interval = 1s;
    });
    witness.watch(cluster.simulation());
    const auto follow = [](Duration time) {
        return [time](Application& app) {
            Consumer& consumer = app.consumer(member_options({"Consumer", {}}));
            consumer.subscribe_to_pattern("orders(-late)?");
            const LocalTime end = app.node.now() + time;
            while (app.node.now() < end) {
                const auto records = consumer.poll(200ms);
                if (records && !records->empty()) static_cast<void>(consumer.commit_sync());
            }
            consumer.close();
        };
    };
    cluster.start("p", producer(100, 50ms));
    cluster.run(8s);
    cluster.start("a", follow(120s));
    cluster.run(10s);
    EXPECT_EQ(witness.owner.size(), 4u);
    EXPECT_EQ(witness.polled.size(), 100u);

    cluster.start("q", [](Application& app) {
        app.create_topic("orders-late", 2);
        app.create_topic("orders-never", 2);
        Producer& late = app.producer({});
        for (int i = 0; i < 10; ++i) {
            ProducerRecord record;
            record.topic = i % 2 == 0 ? "orders-late" : "orders-never";
            record.key = to_bytes("late" + std::to_string(i));
            record.value = to_bytes("v");
            late.send(std::move(record));
        }
        late.flush();
    });
    cluster.run(25s);
    EXPECT_EQ(witness.owner.size(), 6u);
    EXPECT_EQ(witness.polled.size(), 105u);

    const std::int32_t coordinator =
        witness.coordinators.at(coordinator_partition("payment", 2)).value();
    cluster.broker(coordinator).stop(sim::StopReason::crash);
    cluster.run(10s);
    cluster.start("b", follow(60s));
    cluster.run(25s);
    std::map<std::string, int> shares;
    for (const auto& [partition, client] : witness.owner) ++shares[client];
    EXPECT_EQ(shares, (std::map<std::string, int>{{"a-c", 3}, {"b-c", 3}}));
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

TEST(GroupOfAPattern, TellsTheApplicationThatItCannotBeRead) {
    Witness witness;
    SmallCluster cluster(26);
    witness.watch(cluster.simulation());
    std::optional<Error> end;
    cluster.start("a", [&end](Application& app) {
        Consumer& consumer = app.consumer(member_options({"Consumer", {}}));
        consumer.subscribe_to_pattern("orders(");
        while (!end) {
            const auto records = consumer.poll(200ms);
            if (!records) end = records.error();
        }
        consumer.close();
    });
    cluster.run(30s);
    ASSERT_TRUE(end.has_value());
    EXPECT_THAT(end->detail, testing::HasSubstr("INVALID_REGULAR_EXPRESSION"));
}

// Reads on when it is refused, for so long.
Application::Script undaunted_member(ConsumerOptions options, Duration time) {
    return [options, time](Application& app) {
        Consumer& consumer = app.consumer(options);
        consumer.subscribe(std::vector<std::string>{"orders"});
        const LocalTime end = app.node.now() + time;
        while (app.node.now() < end) {
            if (!consumer.poll(200ms)) app.node.sleep_for(200ms);
        }
        consumer.close();
    };
}

struct PolicyCase {
    MigrationPolicy policy;
    bool goes_up, comes_back;
};

class GroupPolicy : public testing::TestWithParam<PolicyCase> {};

INSTANTIATE_TEST_SUITE_P(Migration, GroupPolicy,
                         testing::Values(PolicyCase{MigrationPolicy::disabled, false, false},
                                         PolicyCase{MigrationPolicy::upgrade, true, false},
                                         PolicyCase{MigrationPolicy::downgrade, false, false},
                                         PolicyCase{MigrationPolicy::bidirectional, true, true}),
                         [](const auto& instance) {
                             return std::string(to_string(instance.param.policy));
                         });

// A member of the consumer protocol comes to a classic group of one, and goes.
TEST_P(GroupPolicy, IsToldByBrokersAndDecidesWhatAGroupMayBecome) {
    Witness witness;
    SmallCluster cluster(37, [](BrokerConfig& config) {
        config.groups.group_consumer_migration_policy = GetParam().policy;
    });
    witness.watch(cluster.simulation());
    cluster.start("p", producer(50, 50ms));
    cluster.run(8s);
    cluster.start("a", undaunted_member(member_options({"", {"cooperative-sticky"}}), 60s));
    cluster.run(8s);
    cluster.start("b", undaunted_member(member_options({"", {}}), 10s));
    cluster.run(8s);

    struct Seen {
        Result<std::vector<GroupListing>> groups = Error{};
        ConfigEntry policy;
    };
    Seen meanwhile, afterwards;
    const ConfigResource b1{ConfigResourceType::broker, "1"};
    const auto look = [&](Seen& seen) {
        return [&](Application& app) {
            seen.groups = app.admin().list_groups();
            seen.policy = app.admin().describe_configs({b1}).value().at(b1).at(
                "group.consumer.migration.policy");
        };
    };
    cluster.start("x", look(meanwhile));
    cluster.run(12s);
    cluster.start("y", look(afterwards));
    cluster.run(3s);

    const bool is_default = GetParam().policy == MigrationPolicy::bidirectional;
    const ConfigEntry told{
        std::string(to_string(GetParam().policy)),
        is_default ? ConfigSource::default_config : ConfigSource::static_broker_config};
    EXPECT_EQ(meanwhile.policy, told);
    ASSERT_TRUE(meanwhile.groups.ok() && afterwards.groups.ok());
    EXPECT_EQ(meanwhile.groups->at(0).type, GetParam().goes_up ? "Consumer" : "Classic");
    const bool stays_up = GetParam().goes_up && !GetParam().comes_back;
    EXPECT_EQ(afterwards.groups->at(0).type, stays_up ? "Consumer" : "Classic");
    // Whatever it has become, nothing of it is without an owner.
    EXPECT_EQ(witness.owner.size(), 4u);
    for (const auto& [partition, owner] : witness.owner) EXPECT_EQ(owner, "a-c");
    EXPECT_THAT(witness.complaints(), IsEmpty());
}

}  // namespace
}  // namespace squall::model
