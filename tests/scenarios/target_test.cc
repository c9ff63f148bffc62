// Targets as they are written, and whom they mean at a moment.
#include "scenarios/target.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {
namespace {

using Names = std::vector<std::string>;
using model::BrokerId;

TEST(Target, IsANodeUnlessItIsARole) {
    EXPECT_EQ(parse_target("b2")->role, Target::Role::node);
    EXPECT_EQ(parse_target("payment-1")->name, "payment-1");
    EXPECT_EQ(parse_target("controller")->role, Target::Role::controller);
    EXPECT_EQ(parse_target("any-broker")->role, Target::Role::any_broker);
    EXPECT_EQ(parse_target("all-brokers")->role, Target::Role::all_brokers);
    const Result<Target> leader = parse_target(" leader( order-lines-12 ) ");
    ASSERT_TRUE(leader.ok());
    EXPECT_EQ(leader->role, Target::Role::leader);
    EXPECT_EQ(leader->partition, (model::TopicPartition{"order-lines", 12}));
    EXPECT_EQ(parse_target("isr(orders-0)")->role, Target::Role::in_sync_replicas);
    EXPECT_EQ(parse_target("isr-follower(orders-0)")->role, Target::Role::in_sync_follower);
    EXPECT_EQ(parse_target("coordinator(payment)")->name, "payment");
    EXPECT_EQ(parse_target("owner(orders-1)")->name, "");
    EXPECT_EQ(parse_target("owner(orders-1, payment)")->name, "payment");
}

TEST(Target, SaysWhatItExpected) {
    for (const char* text : {"", "  ", "leader(orders-0", "leader(orders)", "leader(-1)",
                             "leader(orders-x)", "owner(, payment)", "boss(orders-0)"}) {
        const Result<Target> target = parse_target(text);
        ASSERT_FALSE(target.ok()) << text;
        EXPECT_EQ(target.error().failure, Failure::invalid_input);
        EXPECT_FALSE(target.error().detail.empty());
    }
    EXPECT_NE(parse_target("leader(orders)").error().detail.find("orders-0"), std::string::npos);
}

// Three brokers of which 2 leads orders-0, with 1 and 2 in sync; b3 coordinates; payment-1 owns.
class ResolveTest : public testing::Test {
  protected:
    ResolveTest() {
        trace.observe([this](const sim::Event& event) { view.observe(event); });
        for (std::uint32_t i = 1; i <= 3; ++i) {
            trace.name_node(sim::NodeId{i}, "b" + std::to_string(i));
            say(i, model::BrokerStarted{.broker = BrokerId{static_cast<std::int32_t>(i)}});
        }
        trace.name_node(sim::NodeId{4}, "c1");
        trace.name_node(sim::NodeId{5}, "payment-1");
        trace.name_node(sim::NodeId{6}, "audit-1");
        say(4, model::RaftRoleChanged{.role = "leader", .epoch = model::RaftEpoch{3}});
        say(4, change(BrokerId{2}, {BrokerId{2}, BrokerId{1}}));
        say(4,
            model::PartitionChanged{.partition = {"__consumer_offsets", 0}, .leader = BrokerId{3}});
        say(3, model::CoordinatorChanged{
                   .broker = BrokerId{3}, .partition = {"__consumer_offsets", 0}, .active = true});
        for (const auto& [node, group] : {std::pair{5u, "payment"}, std::pair{6u, "audit"}}) {
            say(node, model::AssignmentChanged{.group = group,
                                               .change = model::AssignmentChange::assigned,
                                               .partitions = {{"orders", 0}}});
        }
    }

    static model::PartitionChanged change(BrokerId leader, std::vector<BrokerId> isr) {
        return {.partition = {"orders", 0},
                .leader = leader,
                .replicas = {BrokerId{1}, BrokerId{2}, BrokerId{3}},
                .isr = std::move(isr)};
    }
    template <class T>
    void say(std::uint32_t node, const T& event) {
        trace.context().node = sim::NodeId{node};
        trace.emit(event);
    }
    Names resolved(std::string_view text) {
        return resolve(parse_target(text).value(), view, roster, draws);
    }

    const Roster roster{.brokers = {"b1", "b2", "b3"},
                        .controllers = {"c1"},
                        .racks = {{"rack-1", {"b1", "b3"}}, {"rack-2", {"b2"}}}};
    sim::Trace trace;
    ClusterView view{trace};
    Draws draws{Noise(1), Meaning("test")};
};

TEST_F(ResolveTest, FindsWhoPlaysTheRoleNow) {
    EXPECT_EQ(resolved("b3"), Names{"b3"});
    EXPECT_EQ(resolved("leader(orders-0)"), Names{"b2"});
    EXPECT_EQ(resolved("isr-follower(orders-0)"), Names{"b1"});
    EXPECT_EQ(resolved("isr(orders-0)"), (Names{"b2", "b1"}));
    EXPECT_EQ(resolved("controller"), Names{"c1"});
    EXPECT_EQ(resolved("coordinator(payment)"), Names{"b3"});
    EXPECT_EQ(resolved("owner(orders-0, payment)"), Names{"payment-1"});
    EXPECT_EQ(resolved("owner(orders-0)"), Names{"audit-1"}) << "the first group by name";
    EXPECT_EQ(resolved("all-brokers"), (Names{"b1", "b2", "b3"}));
    EXPECT_EQ(resolved("lagging(orders-0)"), Names{"b3"});
    EXPECT_EQ(resolved("rack(rack-1)"), (Names{"b1", "b3"}));
    EXPECT_EQ(resolved("rack(rack-2)"), Names{"b2"});
    EXPECT_EQ(resolved("all-controllers"), Names{"c1"});
    EXPECT_EQ(resolved("all-servers"), (Names{"c1", "b1", "b2", "b3"}));
}

TEST_F(ResolveTest, FollowsTheRole) {
    say(4, change(BrokerId{1}, {BrokerId{1}, BrokerId{3}}));
    EXPECT_EQ(resolved("leader(orders-0)"), Names{"b1"});
    EXPECT_EQ(resolved("isr-follower(orders-0)"), Names{"b3"});
    say(3, model::CoordinatorChanged{
               .broker = BrokerId{3}, .partition = {"__consumer_offsets", 0}, .active = false});
    EXPECT_EQ(resolved("coordinator(payment)"), Names{});
    say(5, sim::NodeStopped{});
    EXPECT_EQ(resolved("owner(orders-0, payment)"), Names{});
    say(4, sim::NodeStopped{});
    EXPECT_EQ(resolved("controller"), Names{});
}

TEST_F(ResolveTest, FindsNobodyWhereNobodyPlaysTheRole) {
    EXPECT_EQ(resolved("leader(orders-7)"), Names{});
    EXPECT_EQ(resolved("isr(orders-7)"), Names{});
    EXPECT_EQ(resolved("lagging(orders-7)"), Names{});
    EXPECT_EQ(resolved("rack(rack-9)"), Names{});
    EXPECT_EQ(resolved("owner(orders-0, nobody)"), Names{});
    say(4, change(model::no_broker, {BrokerId{2}}));
    EXPECT_EQ(resolved("leader(orders-0)"), Names{});
}

TEST_F(ResolveTest, DrawsAmongEquals) {
    std::set<Names> drawn;
    for (int i = 0; i < 50; ++i) drawn.insert(resolved("any-broker"));
    EXPECT_EQ(drawn, (std::set<Names>{{"b1"}, {"b2"}, {"b3"}}));
    say(4, change(BrokerId{2}, {BrokerId{1}, BrokerId{2}, BrokerId{3}}));
    drawn.clear();
    for (int i = 0; i < 50; ++i) drawn.insert(resolved("isr-follower(orders-0)"));
    EXPECT_EQ(drawn, (std::set<Names>{{"b1"}, {"b3"}}));
}

}  // namespace
}  // namespace squall::scenarios
