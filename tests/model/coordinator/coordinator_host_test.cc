#include "model/coordinator/coordinator_host.h"

#include <gtest/gtest.h>

#include "model/coordinator/coordinator_partition.h"
#include "model/events/group_events.h"
#include "sim/kernel/simulation.h"
#include "tests/model/coordinator/fake_replicas.h"
#include "tests/model/coordinator/group_fixture.h"

namespace squall::model {
namespace {

// The group "g" and its coordinator on one node; requests run in tasks of their own.
class Coordinator {
  public:
    Coordinator() {
        simulation_.trace().observe([this](const sim::Event& event) {
            events_ += fmt::format("{}({}) ", event.name(), event.print());
            if (event.as<OffsetCommitted>() != nullptr) ++offsets_committed_;
            if (event.as<CoordinatorChanged>() != nullptr) ++coordinator_changes_;
        });
        node_.start();
        host_.emplace(node_, BrokerId(1), options_, replicas_);
    }
    ~Coordinator() { simulation_.finish(); }

    template <class Response>
    using Answer = std::shared_ptr<std::optional<Response>>;

    template <class Request>
    Answer<typename Request::Response> send(const Request& request,
                                            ApiVersion version = Request::versions.max) {
        using Response = typename Request::Response;
        const auto answer = std::make_shared<std::optional<Response>>();
        node_.spawn("client", [this, request, version, answer] {
            sim::Completion<Response> completion(node_);
            host_->handle(request, {version, "app", "c1"}, completion.completer());
            *answer = completion.await();
        });
        run(1ms);
        return answer;
    }
    template <class Request>
    typename Request::Response ask(const Request& request,
                                   ApiVersion version = Request::versions.max) {
        const auto answer = send(request, version);
        EXPECT_TRUE(answer->has_value()) << to_string(Request::api_key) << " is not answered";
        return answer->value_or(typename Request::Response());
    }
    void run(Duration time) { simulation_.run_until(simulation_.now() + time); }

    // Leads the group's partition in `epoch`.
    void lead(std::int32_t epoch) {
        replicas_.lead(partition(), LeaderEpoch(epoch));
        run(1ms);
    }
    void resign() {
        replicas_.resign(partition());
        run(1ms);
    }
    // One member in a stable generation; its id.
    std::string stable_member() {
        const auto join = send(join_request(), 3);
        run(3s);
        const JoinGroupResponse joined = join->value_or(JoinGroupResponse());
        EXPECT_EQ(joined.generation_id, GenerationId(1));
        const auto sync = send(sync_request(joined.member_id, joined.generation_id));
        EXPECT_EQ(sync->value_or(SyncGroupResponse()).error_code, ErrorCode::none);
        return joined.member_id;
    }
    Offset committed_offset() {
        OffsetFetchRequest::Topic topic;
        topic.name = "orders";
        topic.partition_indexes = {0};
        OffsetFetchRequest request;
        request.group_id = "g";
        request.topics = std::vector{topic};
        const OffsetFetchResponse response = ask(request, 7);
        EXPECT_EQ(response.error_code, ErrorCode::none);
        return response.topics.at(0).partitions.at(0).committed_offset;
    }
    TopicPartition partition() const { return {offsets_topic, coordinator_partition("g", 50)}; }

    sim::Node& node() { return node_; }
    CoordinatorHost& host() { return *host_; }
    FakeReplicas& replicas() { return replicas_; }
    const std::string& events() const { return events_; }
    int offsets_committed() const { return offsets_committed_; }
    int coordinator_changes() const { return coordinator_changes_; }

  private:
    sim::Simulation simulation_{sim::SimulationOptions{}};
    sim::Node& node_ = simulation_.add_node({.name = "b1"});
    GroupCoordinatorOptions options_;
    FakeReplicas replicas_;
    std::optional<CoordinatorHost> host_;
    std::string events_;
    int offsets_committed_ = 0;
    int coordinator_changes_ = 0;
};

OffsetCommitRequest simple_commit(std::int64_t offset) {
    return commit_request("", no_generation, offset);
}

TEST(CoordinatorHost, IsNotTheCoordinatorOfPartitionsItDoesNotLead) {
    Coordinator coordinator;
    EXPECT_EQ(coordinator.ask(join_request()).error_code, ErrorCode::not_coordinator);
    EXPECT_EQ(coordinator.ask(heartbeat_request("m", GenerationId(1))).error_code,
              ErrorCode::not_coordinator);
    EXPECT_EQ(error_of(coordinator.ask(simple_commit(1))), ErrorCode::not_coordinator);
    OffsetFetchRequest fetch;
    fetch.groups.emplace_back().group_id = "g";
    EXPECT_EQ(coordinator.ask(fetch).groups.at(0).error_code, ErrorCode::not_coordinator);
}

TEST(CoordinatorHost, RefusesTheEmptyGroupIdWhereMembersSpeak) {
    Coordinator coordinator;
    EXPECT_EQ(coordinator.ask(JoinGroupRequest()).error_code, ErrorCode::invalid_group_id);
    EXPECT_EQ(coordinator.ask(SyncGroupRequest()).error_code, ErrorCode::invalid_group_id);
    EXPECT_EQ(coordinator.ask(HeartbeatRequest()).error_code, ErrorCode::invalid_group_id);
    EXPECT_EQ(coordinator.ask(LeaveGroupRequest()).error_code, ErrorCode::invalid_group_id);
}

TEST(CoordinatorHost, NamesMembersAfterTheirClientAndARandomUuid) {
    Coordinator coordinator;
    coordinator.lead(1);
    const std::string first = coordinator.ask(join_request()).member_id;
    const std::string second = coordinator.ask(join_request()).member_id;
    EXPECT_EQ(first.size(), std::string("app-").size() + 36);
    EXPECT_EQ(first.substr(0, 4), "app-");
    EXPECT_NE(first, second);
}

TEST(CoordinatorHost, AnswersACommitWhenItIsCommitted) {
    Coordinator coordinator;
    coordinator.lead(1);
    coordinator.replicas().replicate_at_once(false);
    const auto answer = coordinator.send(simple_commit(42));
    coordinator.run(1s);
    EXPECT_FALSE(answer->has_value());
    EXPECT_EQ(coordinator.offsets_committed(), 0);
    EXPECT_EQ(coordinator.committed_offset(), no_offset);
    coordinator.replicas().replicate();
    coordinator.run(1ms);
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ(error_of(**answer), ErrorCode::none);
    EXPECT_EQ(coordinator.offsets_committed(), 1);
    EXPECT_EQ(coordinator.committed_offset(), Offset(42));
}

TEST(CoordinatorHost, TakesCommitsInTheOrderInWhichTheyCame) {
    Coordinator coordinator;
    coordinator.lead(1);
    coordinator.replicas().replicate_at_once(false);
    std::vector<Coordinator::Answer<OffsetCommitResponse>> answers;
    for (int i = 0; i < 20; ++i) answers.push_back(coordinator.send(simple_commit(i)));
    coordinator.replicas().replicate();
    coordinator.run(1ms);
    for (const auto& answer : answers) EXPECT_TRUE(answer->has_value());
    EXPECT_EQ(coordinator.committed_offset(), Offset(19));
}

TEST(CoordinatorHost, GivesUpOnACommitThatTakesTooLongButLetsItTakeEffect) {
    Coordinator coordinator;
    coordinator.lead(1);
    coordinator.replicas().replicate_at_once(false);
    const auto first = coordinator.send(simple_commit(1));
    coordinator.run(2s);
    const auto second = coordinator.send(simple_commit(2));
    coordinator.run(3s);
    ASSERT_TRUE(first->has_value());
    EXPECT_EQ(error_of(**first), ErrorCode::coordinator_not_available);
    EXPECT_FALSE(second->has_value());
    coordinator.run(2s);
    ASSERT_TRUE(second->has_value());
    EXPECT_EQ(coordinator.committed_offset(), no_offset);
    coordinator.replicas().replicate();
    coordinator.run(1ms);
    EXPECT_EQ(coordinator.committed_offset(), Offset(2));
}

TEST(CoordinatorHost, FailsAloneWhatCertainlyIsNotInTheLog) {
    Coordinator coordinator;
    coordinator.lead(1);
    const std::string member = coordinator.stable_member();
    coordinator.replicas().fail_next(ErrorCode::not_enough_replicas, false);
    EXPECT_EQ(error_of(coordinator.ask(commit_request(member, GenerationId(1), 5))),
              ErrorCode::coordinator_not_available);
    EXPECT_EQ(coordinator.committed_offset(), no_offset);
    EXPECT_EQ(coordinator.ask(heartbeat_request(member, GenerationId(1))).error_code,
              ErrorCode::none);
    EXPECT_EQ(coordinator.coordinator_changes(), 1);
}

TEST(CoordinatorHost, ReadsTheLogAgainWhenTheFateOfAnAppendIsUnknown) {
    Coordinator coordinator;
    coordinator.lead(1);
    const std::string member = coordinator.stable_member();
    const std::string pending = coordinator.ask(join_request()).member_id;
    coordinator.replicas().fail_next(ErrorCode::not_enough_replicas_after_append, true);
    EXPECT_EQ(error_of(coordinator.ask(commit_request(member, GenerationId(1), 5))),
              ErrorCode::not_coordinator);
    // Not before what is in the log is committed.
    EXPECT_EQ(coordinator.ask(heartbeat_request(member, GenerationId(1))).error_code,
              ErrorCode::coordinator_load_in_progress);
    coordinator.replicas().replicate();
    coordinator.run(1ms);
    EXPECT_EQ(coordinator.committed_offset(), Offset(5));
    EXPECT_EQ(coordinator.ask(heartbeat_request(member, GenerationId(1))).error_code,
              ErrorCode::none);
    EXPECT_EQ(coordinator.ask(join_request(pending)).error_code, ErrorCode::unknown_member_id);
}

TEST(CoordinatorHost, TellsEverybodyWhoWaitsThatItLostTheLeadership) {
    Coordinator coordinator;
    coordinator.lead(1);
    const std::string member = coordinator.stable_member();
    coordinator.replicas().replicate_at_once(false);
    const auto commit = coordinator.send(commit_request(member, GenerationId(1), 5));
    const JoinGroupResponse joined = coordinator.ask(join_request(member));
    const auto sync = coordinator.send(sync_request(member, joined.generation_id));
    EXPECT_FALSE(commit->has_value());
    EXPECT_FALSE(sync->has_value());
    coordinator.resign();
    EXPECT_EQ(error_of(commit->value()), ErrorCode::not_coordinator);
    EXPECT_EQ(sync->value().error_code, ErrorCode::not_coordinator);
    EXPECT_EQ(coordinator.ask(join_request()).error_code, ErrorCode::not_coordinator);
    EXPECT_EQ(coordinator.coordinator_changes(), 2);
    EXPECT_EQ(coordinator.offsets_committed(), 0);
}

TEST(CoordinatorHost, TellsJoiningMembersThatItLostTheLeadership) {
    Coordinator coordinator;
    coordinator.lead(1);
    const auto join = coordinator.send(join_request(), 3);
    EXPECT_FALSE(join->has_value());
    coordinator.resign();
    EXPECT_EQ(join->value().error_code, ErrorCode::not_coordinator);
}

TEST(CoordinatorHost, LoadsWhatTheLogSaysInALaterEpoch) {
    Coordinator coordinator;
    coordinator.lead(1);
    const std::string member = coordinator.stable_member();
    EXPECT_EQ(error_of(coordinator.ask(commit_request(member, GenerationId(1), 5))),
              ErrorCode::none);
    coordinator.resign();
    coordinator.lead(2);
    EXPECT_EQ(coordinator.committed_offset(), Offset(5));
    EXPECT_EQ(coordinator.ask(heartbeat_request(member, GenerationId(1))).error_code,
              ErrorCode::none);
    coordinator.run(10s);
    EXPECT_EQ(coordinator.ask(heartbeat_request(member, GenerationId(1))).error_code,
              ErrorCode::unknown_member_id);
}

TEST(CoordinatorHost, IsLoadingUntilAllThatItReadIsCommitted) {
    Coordinator coordinator;
    coordinator.lead(1);
    coordinator.replicas().replicate_at_once(false);
    coordinator.send(simple_commit(9));
    coordinator.resign();
    coordinator.lead(2);
    EXPECT_EQ(error_of(coordinator.ask(simple_commit(1))), ErrorCode::coordinator_load_in_progress);
    coordinator.replicas().replicate();
    coordinator.run(1ms);
    EXPECT_EQ(coordinator.committed_offset(), Offset(9));
}

TEST(CoordinatorHost, CannotWriteInALeaderEpochThatIsNotItsOwn) {
    Coordinator coordinator;
    coordinator.lead(1);
    const std::string member = coordinator.stable_member();
    coordinator.replicas().bump_epoch_silently(coordinator.partition());
    EXPECT_EQ(error_of(coordinator.ask(commit_request(member, GenerationId(1), 5))),
              ErrorCode::not_coordinator);
    EXPECT_EQ(coordinator.offsets_committed(), 0);
    coordinator.lead(2);
    EXPECT_EQ(coordinator.committed_offset(), no_offset);
}

TEST(CoordinatorHost, ExpiresSessionsWithoutAnyRequest) {
    Coordinator coordinator;
    coordinator.lead(1);
    const std::string member = coordinator.stable_member();
    coordinator.run(11s);
    EXPECT_NE(coordinator.events().find("MemberRemoved(group=g member_id=" + member +
                                        " reason=session timeout)"),
              std::string::npos);
    EXPECT_NE(coordinator.events().find("from=PreparingRebalance to=Empty generation=2 members=0"),
              std::string::npos);
}

TEST(CoordinatorHost, TellsTheLifeOfAGroup) {
    Coordinator coordinator;
    coordinator.lead(1);
    coordinator.stable_member();
    const std::string& events = coordinator.events();
    std::size_t at = 0;
    for (const char* step : {"CoordinatorChanged", "from=Empty to=PreparingRebalance generation=0",
                             "from=PreparingRebalance to=CompletingRebalance generation=1",
                             "from=CompletingRebalance to=Stable generation=1 members=1"}) {
        at = events.find(step, at);
        ASSERT_NE(at, std::string::npos) << step << " is missing in " << events;
    }
}

TEST(CoordinatorHost, ForgetsOffsetsThatRetentionTook) {
    Coordinator coordinator;
    coordinator.lead(1);
    EXPECT_EQ(error_of(coordinator.ask(simple_commit(5))), ErrorCode::none);
    coordinator.run(std::chrono::hours(24 * 7) - 1s);
    EXPECT_EQ(coordinator.committed_offset(), Offset(5));
    coordinator.run(10min + 1s);
    EXPECT_EQ(coordinator.committed_offset(), no_offset);
    EXPECT_NE(coordinator.events().find("to=Dead"), std::string::npos);
}

JoinGroupRequest join_as_pod() {
    JoinGroupRequest join = join_request();
    join.group_instance_id = "pod";
    return join;
}

// Who was replaced under its instance id is told to be gone before anybody has what it had.
TEST(CoordinatorHost, TellsOfAStaticMemberThatWasReplaced) {
    Coordinator coordinator;
    coordinator.lead(1);
    const auto joined = coordinator.send(join_as_pod());
    coordinator.run(3s);
    const JoinGroupResponse first = joined->value_or(JoinGroupResponse());
    coordinator.send(sync_request(first.member_id, first.generation_id));
    coordinator.replicas().replicate_at_once(false);
    const auto replaced = coordinator.send(join_as_pod());
    const std::string told =
        "MemberRemoved(group=g member_id=" + first.member_id + " reason=replaced)";
    EXPECT_FALSE(replaced->has_value());
    EXPECT_EQ(coordinator.events().find(told), std::string::npos) << "it may be taken back";
    coordinator.replicas().replicate();
    coordinator.run(1ms);
    ASSERT_TRUE(replaced->has_value());
    EXPECT_EQ((*replaced)->generation_id, first.generation_id) << "without a rebalance";
    EXPECT_NE(coordinator.events().find(told), std::string::npos);
}

TEST(CoordinatorHost, TellsOfAStaticMemberThatWasReplacedInARebalance) {
    Coordinator coordinator;
    coordinator.lead(1);
    const auto joined = coordinator.send(join_as_pod());
    coordinator.run(3s);
    const std::string first = joined->value_or(JoinGroupResponse()).member_id;
    ASSERT_FALSE(first.empty());
    coordinator.send(join_as_pod());
    EXPECT_NE(
        coordinator.events().find("MemberRemoved(group=g member_id=" + first + " reason=replaced)"),
        std::string::npos);
}

}  // namespace
}  // namespace squall::model
