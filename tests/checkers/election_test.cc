#include <gtest/gtest.h>

#include <optional>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history, std::string_view checker = "election",
                  Contract contract = Contract::configured) {
    return summary(history.judged_by(checker, contract));
}

void create_topic(History& history, const std::vector<model::Setting>& settings = {}) {
    history.by_broker(
        1, model::TopicCreated{.topic = orders.topic, .topic_id = {1, 1}, .settings = settings});
}
void set(History& history, std::string resource, std::string value, bool is_default = false) {
    history.by_broker(1, model::ConfigChanged{.resource = std::move(resource),
                                              .setting = "unclean.leader.election.enable",
                                              .value = std::move(value),
                                              .is_default = is_default});
}
void register_broker(History& history, int broker, int incarnation) {
    history.by_broker(
        1, model::BrokerRegistered{.broker = BrokerId{broker},
                                   .broker_epoch = model::BrokerEpoch{incarnation},
                                   .incarnation_id = {1, static_cast<std::uint64_t>(incarnation)}});
}
void fence(History& history, int broker, bool fenced = true) {
    history.by_broker(1, model::BrokerFenceChanged{.broker = BrokerId{broker}, .fenced = fenced});
}
void begin_shutdown(History& history, int broker) {
    history.by_broker(1, model::BrokerShutdownBegan{.broker = BrokerId{broker}});
}

// ---- unclean elections ----

TEST(Election, ObjectsToAnUncleanElectionThatTheSettingForbids) {
    History history;
    create_topic(history);
    history.change(1, 0, {1, 2});
    history.change(3, 1, {3}, true);
    EXPECT_EQ(judge(history), "fail: unclean-election-not-allowed");
}

TEST(Election, AcceptsOneThatTheTopicAllows) {
    History history;
    create_topic(history, {{"unclean.leader.election.enable", "true"}});
    history.change(1, 0, {1, 2});
    history.change(3, 1, {3}, true);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Election, AcceptsOneOfATopicThatNobodyTold) {
    History history;
    history.change(1, 0, {1, 2});
    history.change(3, 1, {3}, true);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Election, GoesByTheSettingOfTheMoment) {
    struct Case {
        const char* resource;
        const char* value;
        const char* expected;
    };
    for (const Case& c : {Case{"topic orders", "true", "pass"}, Case{"all brokers", "true", "pass"},
                          Case{"broker 1", "true", "fail: unclean-election-not-allowed"},
                          Case{"topic payments", "true", "fail: unclean-election-not-allowed"}}) {
        History history;
        create_topic(history);
        history.change(1, 0, {1, 2});
        set(history, c.resource, c.value);
        history.change(3, 1, {3}, true);
        EXPECT_EQ(judge(history), c.expected) << c.resource;
    }
    History history;
    create_topic(history);
    history.change(1, 0, {1, 2});
    set(history, "all brokers", "true");
    set(history, "topic orders", "false");
    history.change(3, 1, {3}, true);
    EXPECT_EQ(judge(history), "fail: unclean-election-not-allowed") << "its own counts more";
    set(history, "topic orders", "", true);
    history.change(1, 2, {1}, true);
    EXPECT_EQ(judge(history), "fail: unclean-election-not-allowed") << "no second one";
}

TEST(Election, GoesByWhatBrokersWereStartedWith) {
    History history;
    history.by_broker(
        1, model::BrokerConfigured{.broker = BrokerId{1}, .unclean_leader_election = true});
    create_topic(history);
    history.change(1, 0, {1, 2});
    history.change(3, 1, {3}, true);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Election, AcceptsAnUncleanElectionThatAnAdministratorAskedFor) {
    for (const bool unclean : {true, false}) {
        for (const bool all : {true, false}) {
            History history;
            create_topic(history);
            history.change(1, 0, {1, 2});
            model::ElectLeadersInvoked asked{.client_id = "admin", .unclean = unclean};
            if (!all) asked.partitions = {orders};
            history.by_client("admin", asked);
            history.change(3, 1, {3}, true);
            EXPECT_EQ(judge(history), unclean ? "pass" : "fail: unclean-election-not-allowed");
        }
    }
    History other;
    create_topic(other);
    other.change(1, 0, {1, 2});
    other.by_client("admin",
                    model::ElectLeadersInvoked{
                        .client_id = "admin", .unclean = true, .partitions = {{"orders", 1}}});
    other.change(3, 1, {3}, true);
    EXPECT_EQ(judge(other), "fail: unclean-election-not-allowed");
}

TEST(Election, AcceptsTheLastKnownLeaderWhereNobodyIsLeft) {
    for (const int elected : {1, 3}) {
        History history;
        create_topic(history);
        history.change(1, 0, {1, 2});
        history.change(1, 0, {1}, false, {2});
        history.change(-1, 1, {}, false, {1});
        history.change(-1, 1, {});
        history.change(elected, 2, {elected}, true);
        EXPECT_EQ(judge(history), elected == 1 ? "pass" : "fail: unclean-election-not-allowed");
    }
    History early;
    create_topic(early);
    early.change(1, 0, {1}, false, {2});
    early.change(-1, 1, {}, false, {2});
    early.change(1, 2, {1}, true);
    EXPECT_EQ(judge(early), "fail: unclean-election-not-allowed") << "2 is eligible";
}

TEST(Election, AForbiddenUncleanElectionExcusesNoLoss) {
    for (const bool allowed : {true, false}) {
        History history;
        create_topic(history, {{"unclean.leader.election.enable", allowed ? "true" : "false"}});
        history.change(1, 0, {1, 2});
        history.configure_producer("p1", -1, true);
        history.send("p1", 1, 0);
        history.change(3, 1, {3}, true);
        history.send("p1", 2, 0);
        history.calm();
        history.set_position("v", "", 0, model::PositionReason::reset_earliest);
        history.poll("v", "", 0, {2});
        EXPECT_EQ(judge(history, "lost-write"),
                  allowed ? "pass, allowed: lost-write (unclean election)" : "fail: lost-write");
    }
}

// ---- brokers that are shut out ----

TEST(Election, AcceptsBrokersThatAreLetInFirst) {
    History history;
    register_broker(history, 1, 1);
    register_broker(history, 2, 2);
    fence(history, 1, false);
    fence(history, 2, false);
    history.change(1, 0, {1, 2});
    fence(history, 2);
    history.change(1, 0, {1});
    fence(history, 2, false);
    history.change(1, 0, {1, 2});
    history.change(2, 1, {1, 2});
    EXPECT_EQ(judge(history), "pass");
}

TEST(Election, HasNothingToSayOfBrokersAlone) {
    History history;
    register_broker(history, 1, 1);
    fence(history, 1, false);
    EXPECT_EQ(judge(history), "n/a");
}

TEST(Election, ObjectsToALeaderThatIsFencedOrAboutToStop) {
    for (const bool stops : {true, false}) {
        History history;
        history.change(1, 0, {1, 2});
        stops ? begin_shutdown(history, 2) : fence(history, 2);
        history.change(2, 1, {2, 1});
        const CheckerReport report = history.judged_by("election");
        EXPECT_EQ(summary(report), "fail: shut-out-leader");
        EXPECT_EQ(report.anomalies[0].evidence[2].second,
                  stops ? "in controlled shutdown" : "fenced");
    }
}

TEST(Election, ObjectsToAMemberThatIsFencedOrAboutToStop) {
    for (const bool stops : {true, false}) {
        History history;
        history.change(1, 0, {1});
        stops ? begin_shutdown(history, 2) : fence(history, 2);
        history.change(1, 0, {1, 2});
        EXPECT_EQ(judge(history), "fail: shut-out-member");
    }
}

TEST(Election, LeavesAloneWhoStays) {
    History history;
    history.change(1, 0, {1, 2});
    fence(history, 2);
    history.change(1, 0, {2, 1});
    fence(history, 1);
    history.change(1, 1, {2, 1});
    EXPECT_EQ(judge(history), "pass");
}

TEST(Election, ANewProcessIsFencedAndTheSameOneStaysAsItWas) {
    for (const bool is_same : {true, false}) {
        History history;
        register_broker(history, 2, 1);
        fence(history, 2, false);
        history.change(1, 0, {1});
        register_broker(history, 2, is_same ? 1 : 2);
        history.change(1, 0, {1, 2});
        EXPECT_EQ(judge(history), is_same ? "pass" : "fail: shut-out-member");
    }
}

TEST(Election, ANewProcessIsNotAboutToStop) {
    History history;
    history.change(1, 0, {1});
    begin_shutdown(history, 2);
    register_broker(history, 2, 2);
    fence(history, 2, false);
    history.change(1, 0, {1, 2});
    EXPECT_EQ(judge(history), "pass");
}

TEST(Election, ObjectsToABrokerThatLeftTheCluster) {
    History history;
    history.change(1, 0, {1});
    history.by_broker(1, model::BrokerUnregistered{.broker = BrokerId{2}});
    history.change(1, 0, {1, 2});
    EXPECT_EQ(judge(history), "fail: shut-out-member");
}

TEST(Election, TakesTheDecisionsOfOneBatchTogether) {
    for (const bool at_once : {true, false}) {
        History history;
        history.change(1, 0, {1});
        fence(history, 2);
        const auto decide = [&] {
            history.change(2, 1, {1, 2});
            fence(history, 2, false);
        };
        at_once ? history.at_once(decide) : decide();
        EXPECT_EQ(judge(history), at_once ? "pass" : "fail: shut-out-leader");
    }
}

// ---- unfencing ----

struct Unfencing {
    bool is_told = true;
    int replayed = 0;
    int epoch = 7;  // of the registration that is unfenced; a later one is the next process's
    // The next process's, which starts from the beginning.
    std::optional<int> replayed_again = {};
};
std::string judge_unfencing(const Unfencing& how) {
    History history;
    history.start_broker(2);
    register_broker(history, 2, 7);
    const auto replays = [&](int up_to) {
        history.by_broker(2,
                          model::MetadataApplied{.broker = BrokerId{2}, .offset = Offset{up_to}});
    };
    if (how.is_told) replays(how.replayed);
    if (how.replayed_again) {
        history.start_broker(2);
        if (how.epoch != 7) register_broker(history, 2, how.epoch);
        replays(*how.replayed_again);
    }
    history.by_broker(1, model::BrokerFenceChanged{.broker = BrokerId{2},
                                                   .broker_epoch = model::BrokerEpoch{how.epoch},
                                                   .fenced = false});
    return judge(history);
}

TEST(Election, AcceptsABrokerThatIsUnfencedWhenItKnowsOfItsRegistration) {
    EXPECT_EQ(judge_unfencing({.replayed = 8}), "pass");
    EXPECT_EQ(judge_unfencing({.replayed = 99}), "pass");
}

TEST(Election, ObjectsToABrokerThatIsUnfencedBeforeItKnowsOfItsRegistration) {
    EXPECT_EQ(judge_unfencing({.replayed = 7}), "fail: unfenced-behind") << "exclusive";
    EXPECT_EQ(judge_unfencing({.replayed = 12, .epoch = 12, .replayed_again = 3}),
              "fail: unfenced-behind")
        << "the process before had replayed all that was there, which is not the new registration";
    EXPECT_EQ(judge_unfencing({.replayed = 12, .epoch = 12, .replayed_again = 13}), "pass");
}

TEST(Election, AcceptsALateHeartbeatOfTheProcessBeforeForItsOwnRegistration) {
    EXPECT_EQ(judge_unfencing({.replayed = 8, .replayed_again = 3}), "pass");
    EXPECT_EQ(judge_unfencing({.replayed = 7, .replayed_again = 3}), "fail: unfenced-behind");
}

TEST(Election, HasNothingToSayOfABrokerThatNeverToldHowFarItIs) {
    EXPECT_EQ(judge_unfencing({.is_told = false}), "n/a");
}

}  // namespace
}  // namespace squall::checkers
