// Which fault a picture is about, and what it tells of it.
#include "reports/moments.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reports/recorded.h"

namespace squall::reports {
namespace {

std::vector<std::string> told(const Scene& scene, MomentKind kind) {
    std::vector<std::string> texts;
    for (const Moment& moment : scene.moments) {
        if (moment.kind != kind) continue;
        const std::string way = moment.to.empty() ? moment.from : moment.from + "->" + moment.to;
        texts.push_back(way + (way.empty() ? "" : ": ") + moment.text);
    }
    return texts;
}
using Texts = std::vector<std::string>;

TEST(Moments, AreAboutTheFaultThatMovedMostLeaders) {
    Recorded recorded;
    record_a_crash(recorded);
    const Scene scene = most_interesting_scene(recorded.trace());
    EXPECT_EQ(scene.title, "kill-leader: crash leader(orders-0) = b1");
    EXPECT_EQ(scene.followed, "orders-0");
    EXPECT_EQ(scene.leader, "b1") << "when the scene opens";
    EXPECT_TRUE(scene.down.empty());
    EXPECT_EQ(scene.lanes, (Texts{"c1", "b1", "b2", "app"})) << "b3 does nothing in it";
    EXPECT_EQ(told(scene, MomentKind::fault), Texts{"kill-leader: crash leader(orders-0) = b1"});
    EXPECT_EQ(told(scene, MomentKind::stop), Texts{"b1: crashes"});
}

TEST(Moments, TellOnceWhatHappensToSeveralPartitionsAtOnce) {
    Recorded recorded;
    record_a_crash(recorded);
    const Scene scene = most_interesting_scene(recorded.trace());
    EXPECT_EQ(told(scene, MomentKind::leader_moved), Texts{"b1->b2: new leader of orders-0,1"});
    const auto moved = std::ranges::find(scene.moments, MomentKind::leader_moved, &Moment::kind);
    EXPECT_TRUE(moved->moves_followed);
}

TEST(Moments, EndWithTheFirstAnswerThatSaysSafeAndTellItsRecordsOnce) {
    Recorded recorded;
    record_a_crash(recorded);
    const Scene scene = most_interesting_scene(recorded.trace());
    EXPECT_EQ(told(scene, MomentKind::relief),
              Texts{"app: records safe in orders-0 at offsets 10 to 12"});
    EXPECT_EQ(scene.moments.back().kind, MomentKind::relief);
}

TEST(Moments, TellWhichFramesDidNotArrive) {
    Recorded recorded;
    record_a_crash(recorded);
    const Scene crash = most_interesting_scene(recorded.trace());
    EXPECT_EQ(told(crash, MomentKind::lost_frame),
              Texts{"app->b1: Produce (lost: receiver crashed)"});
    EXPECT_EQ(told(crash, MomentKind::frame), Texts{"app->b2: Produce"});

    Recorded cut;
    cut.start_brokers(2);
    cut.at(1s, "harness", sim::FaultStarted{.id = "cut-off", .kind = "isolate", .target = "b1"});
    for (const auto& [rule, label] : {std::pair{"cut", "Fetch"}, {"delay", "Produce"}}) {
        const sim::EventSequence sent = cut.send_frame(2s, "b1", "b2", label);
        cut.at(2s, "harness", sim::FrameDisturbed{.rule = rule, .rule_id = "cut-off"}, sent);
    }
    cut.at(3s, "b2", model::RoleTaken{.partition = orders, .role = model::ReplicaRole::leader});
    const Scene scene = most_interesting_scene(cut.trace());
    EXPECT_EQ(told(scene, MomentKind::held_frame), Texts{"b1->b2: Fetch (cut: cut-off)"});
    EXPECT_EQ(told(scene, MomentKind::frame), Texts{"b1->b2: Produce (delay: cut-off)"})
        << "late, but it arrives";
}

TEST(Moments, ShowTheFirstFrameOfAKindAndCountTheRest) {
    Recorded recorded;
    recorded.start_brokers(2);
    for (int i = 0; i < 5; ++i) {
        recorded.send_frame(std::chrono::seconds(1 + i), "b1", "b2", "Fetch");
        recorded.send_frame(std::chrono::seconds(1 + i), "b2", "b1", "Fetch reply");
    }
    const Scene scene = most_interesting_scene(recorded.trace());
    EXPECT_EQ(scene.title, "the beginning; nothing was broken");
    EXPECT_EQ(told(scene, MomentKind::frame), Texts{"b1->b2: Fetch"});
    EXPECT_EQ(scene.hidden_frames, 9u);
}

TEST(Moments, KeepNoMoreFramesThanAPageHolds) {
    Recorded recorded;
    recorded.start_brokers(2);
    for (int i = 0; i < 60; ++i) {
        recorded.send_frame(1s, "b1", "b2", "Request " + std::to_string(i));
    }
    recorded.send_frame(1s, "b2", "b1", "Heartbeat");
    recorded.send_frame(2s, "app", "b1", "Produce");
    const Scene scene = most_interesting_scene(recorded.trace());
    const auto frames = told(scene, MomentKind::frame);
    EXPECT_EQ(frames.size(), 26u);
    EXPECT_EQ(frames.back(), "app->b1: Produce") << "what weighs most stays";
    EXPECT_EQ(scene.hidden_frames, 36u);
}

}  // namespace
}  // namespace squall::reports
