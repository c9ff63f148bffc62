// Who owned what, told from callbacks alone.
#include "reports/ownership.h"

#include <gtest/gtest.h>

#include "tests/reports/recorded.h"

namespace squall::reports {
namespace {

using model::AssignmentChange;
using model::TopicPartition;

const TopicPartition first{.topic = "orders", .partition = 0};
const TopicPartition second{.topic = "orders", .partition = 1};

void change(Recorded& recorded, Duration time, std::string_view member, AssignmentChange change,
            std::vector<TopicPartition> partitions) {
    recorded.at(time, member,
                model::AssignmentChanged{.client_id = std::string(member),
                                         .group = "payment",
                                         .member_id = std::string(member) + "-id",
                                         .change = change,
                                         .partitions = std::move(partitions)});
}

void handle(Recorded& recorded, Duration time, std::string_view member, int offset) {
    recorded.at(time, member,
                model::RecordHandled{.client_id = std::string(member),
                                     .group = "payment",
                                     .partition = first,
                                     .offset = model::Offset(offset),
                                     .record = model::RecordId(1)});
}

// Both partitions are p1's from 2 s; at 10 s it gives up the second one, which p2 takes at 13 s; at
// 20 s p1's machine dies, and p2 takes the first one at 30 s. The storm ends at 40 s.
void record_a_rebalance(Recorded& recorded) {
    recorded.at(0s, "p1",
                model::ConsumerConfigured{.client_id = "p1",
                                          .group = "payment",
                                          .auto_offset_reset = "earliest",
                                          .group_protocol = "classic",
                                          .assignors = "range"});
    change(recorded, 1s, "p1", AssignmentChange::assigned, {first});
    change(recorded, 2s, "p1", AssignmentChange::assigned, {second});
    handle(recorded, 3s, "p1", 7);
    change(recorded, 10s, "p1", AssignmentChange::revoked, {second});
    change(recorded, 13s, "p2", AssignmentChange::assigned, {second});
    recorded.at(20s, "p1", sim::NodeStopped{.reason = sim::StopReason::crash});
    change(recorded, 30s, "p2", AssignmentChange::assigned, {first});
    handle(recorded, 31s, "p2", 7);
    handle(recorded, 31s, "p2", 8);
    recorded.at(40s, "harness", sim::CalmBegan{});
    recorded.at(50s, "p2", sim::NodeStopped{.reason = sim::StopReason::end_of_run});
}

std::vector<GroupOwnership> owners_of_a_rebalance() {
    Recorded recorded;
    record_a_rebalance(recorded);
    return ownership(recorded.trace());
}

TEST(Ownership, BillsWhatNobodyOwnedWhatMovedAndWhatWasDoneAgain) {
    const std::vector<GroupOwnership> groups = owners_of_a_rebalance();
    ASSERT_EQ(groups.size(), 1U);
    const GroupOwnership& group = groups.front();
    EXPECT_EQ(group.group, "payment");
    EXPECT_EQ(group.protocol, "classic: range");
    EXPECT_EQ(group.counted_from, Time(2s)) << "the first partition had waited alone";
    EXPECT_EQ(group.counted_until, Time(40s));
    EXPECT_EQ(group.unowned, 3s + 10s);
    EXPECT_EQ(group.moved, 2U);
    EXPECT_EQ(group.handled, 3U);
    EXPECT_EQ(group.handled_again, 1U);
}

TEST(Ownership, EndsWithTheMachine) {
    const std::vector<GroupOwnership> groups = owners_of_a_rebalance();
    const std::vector<OwnedSpan>& spans = groups.front().lanes.at(first);
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans[0].owner, "p1");
    EXPECT_EQ(spans[0].from, Time(1s));
    EXPECT_EQ(spans[0].to, Time(20s));
    EXPECT_EQ(spans[1].owner, "p2");
    EXPECT_EQ(spans[1].from, Time(30s));
    EXPECT_EQ(spans[1].to, Time(50s));
}

TEST(Ownership, ShowsAZombieBesideItsSuccessorAndCountsNoGap) {
    Recorded recorded;
    change(recorded, 1s, "p1", AssignmentChange::assigned, {first});
    change(recorded, 5s, "p2", AssignmentChange::assigned, {first});
    change(recorded, 9s, "p1", AssignmentChange::lost, {first});
    recorded.at(20s, "harness", sim::CalmBegan{});
    const std::vector<GroupOwnership> groups = ownership(recorded.trace());
    ASSERT_EQ(groups.size(), 1U);
    ASSERT_EQ(groups.front().lanes.at(first).size(), 2U);
    EXPECT_EQ(groups.front().lanes.at(first)[0].to, Time(9s));
    EXPECT_EQ(groups.front().unowned, Duration::zero());
    EXPECT_EQ(groups.front().moved, 1U);
}

TEST(Ownership, KeepsWhatIsAssignedAgainAsOneSpan) {
    Recorded recorded;
    change(recorded, 1s, "p1", AssignmentChange::assigned, {first});
    change(recorded, 5s, "p1", AssignmentChange::assigned, {first, second});
    recorded.at(20s, "harness", sim::CalmBegan{});
    EXPECT_EQ(ownership(recorded.trace()).front().lanes.at(first).size(), 1U);
}

TEST(Ownership, IsEmptyWithoutGroups) {
    Recorded recorded;
    recorded.at(0ms, "b1", sim::NodeStarted{.name = "b1"});
    EXPECT_TRUE(ownership(recorded.trace()).empty());
}

TEST(Ownership, ReadsAsALineForEachPartitionAndABill) {
    EXPECT_EQ(ownership_text(owners_of_a_rebalance()),
              "group payment (classic: range)\n"
              "  orders-0      p1 1.000..20.000  nobody 10.000s  p2 30.000..50.000\n"
              "  orders-1      p1 2.000..10.000  nobody 3.000s  p2 13.000..50.000\n"
              "\n"
              "group    protocol               counted         without an owner  partitions moved  "
              "records "
              "done again\n"
              "payment  classic: range     2.0..  40.0   13.0 partition-seconds                 2  "
              "         "
              "1 of    2\n"
              "counted: from when all partitions had an owner at once, until the storm ended\n");
}

TEST(Ownership, IsDrawnAsLanes) {
    Recorded recorded;
    record_a_rebalance(recorded);
    recorded.at(60s, "harness",
                sim::FaultStarted{.id = "kill-p1", .kind = "crash", .target = "p1"});
    const Result<std::string> svg = render_svg(ownership_lanes(recorded.trace()));
    ASSERT_TRUE(svg.ok()) << to_string(svg.error());
    for (const char* text : {"orders&#45;0", "orders&#45;1", "nobody", ">p1<", ">p2<",
                             "kill&#45;p1", "13.0 partition&#45;seconds without an owner"}) {
        EXPECT_NE(svg->find(text), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace squall::reports
