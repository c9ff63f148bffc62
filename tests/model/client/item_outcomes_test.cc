// How the items of an administrative call end, and what is never told for certain.
#include "model/client/admin/item_outcomes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace squall::model {
namespace {

using Outcomes = ItemOutcomes<std::string>;

AdminResult only(Outcomes& outcomes) {
    return outcomes.finish().at("t");
}

TEST(ItemOutcomes, EndEachAlone) {
    Outcomes outcomes({"a", "b", "c"});
    outcomes.decided("a", ErrorCode::none);
    outcomes.decided("b", ErrorCode::invalid_config);
    EXPECT_FALSE(outcomes.all_settled());
    EXPECT_EQ(outcomes.open(), std::set<std::string>{"c"});
    const auto results = outcomes.finish();
    EXPECT_EQ(results.at("a").outcome, Outcome::ok);
    EXPECT_EQ(results.at("b"), (AdminResult{Outcome::failed, "INVALID_CONFIG"}));
    EXPECT_EQ(results.at("c"), (AdminResult{Outcome::failed, "timed_out"}));
    EXPECT_EQ(worst_of(results).outcome, Outcome::failed);
}

TEST(ItemOutcomes, AreUnknownOnceAnAttemptMayHaveWorked) {
    for (const Failure failure : {Failure::timed_out, Failure::closed}) {
        Outcomes outcomes({"t"});
        outcomes.not_answered("t", Error{failure, ""});
        EXPECT_EQ(only(outcomes).outcome, Outcome::unknown);
    }
    for (const Failure failure : {Failure::refused, Failure::unreachable}) {
        Outcomes outcomes({"t"});
        outcomes.not_answered("t", Error{failure, ""});
        EXPECT_EQ(only(outcomes).outcome, Outcome::failed);
    }
}

TEST(ItemOutcomes, AControllerThatIsNoneHasDecidedNothing) {
    Outcomes outcomes({"t"});
    outcomes.decided("t", ErrorCode::not_controller);
    EXPECT_TRUE(outcomes.is_open("t"));
    EXPECT_EQ(only(outcomes), (AdminResult{Outcome::failed, "NOT_CONTROLLER"}));
}

TEST(ItemOutcomes, FindingItDoneIsSuccessOnlyAfterAnAttemptThatMayHaveDoneIt) {
    Outcomes fresh({"t"});
    fresh.decided("t", ErrorCode::topic_already_exists, ErrorCode::topic_already_exists);
    EXPECT_EQ(only(fresh).outcome, Outcome::failed);
    Outcomes retried({"t"});
    retried.decided("t", ErrorCode::request_timed_out, ErrorCode::topic_already_exists);
    retried.decided("t", ErrorCode::topic_already_exists, ErrorCode::topic_already_exists);
    EXPECT_EQ(only(retried).outcome, Outcome::ok);
}

TEST(ItemOutcomes, ABrokersErrorsThatPassAreTriedAgainAControllersRefusalsAreNot) {
    Outcomes answered({"t"});
    answered.answered("t", ErrorCode::not_leader_or_follower);
    EXPECT_TRUE(answered.is_open("t"));
    Outcomes decided({"t"});
    decided.decided("t", ErrorCode::preferred_leader_not_available);
    EXPECT_FALSE(decided.is_open("t"));
}

TEST(ItemOutcomes, TheWorstOfACallIsAFailureBeforeAnUnknown) {
    EXPECT_EQ(worst_of(std::map<std::string, AdminResult>{}).outcome, Outcome::ok);
    EXPECT_EQ(worst_of(std::map<std::string, AdminResult>{{"a", {Outcome::ok, ""}},
                                                          {"b", {Outcome::unknown, "closed"}},
                                                          {"c", {Outcome::failed, "x"}}}),
              (AdminResult{Outcome::failed, "x"}));
}

RC_GTEST_PROP(ItemOutcomes, NeverFailWhatMayHaveBeenDoneUnlessItIsRefusedForGood,
              (const std::vector<std::uint8_t>& steps)) {
    Outcomes outcomes({"t"});
    bool may_be_done = false;
    std::optional<Outcome> settled;
    for (const std::uint8_t step : steps) {
        if (settled) break;
        switch (step % 5) {
            case 0:
                outcomes.decided("t", ErrorCode::not_controller);
                break;
            case 1:
                outcomes.decided("t", ErrorCode::request_timed_out);
                may_be_done = true;
                break;
            case 2:
                outcomes.not_answered("t", Error{Failure::closed, ""});
                may_be_done = true;
                break;
            case 3:
                outcomes.not_answered("t", Error{Failure::refused, ""});
                break;
            default:
                outcomes.decided("t", ErrorCode::topic_already_exists,
                                 ErrorCode::topic_already_exists);
                settled = may_be_done ? Outcome::ok : Outcome::failed;
        }
    }
    if (!settled) settled = may_be_done ? Outcome::unknown : Outcome::failed;
    RC_ASSERT(only(outcomes).outcome == *settled);
}

}  // namespace
}  // namespace squall::model
