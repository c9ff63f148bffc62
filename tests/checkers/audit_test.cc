#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

std::string judge(const History& history) {
    return summary(history.judged_by("audit"));
}

// Broker 1 wrote batches at 0..1 and at 2.
History written() {
    History history;
    history.start_broker(1);
    history.append(1, 0, 1, 0, 100);
    history.append(1, 2, 2, 0, 101);
    return history;
}

TEST(Audit, AcceptsADiskThatHoldsTheClaim) {
    History history = written();
    history.audit_batch(1, 0, 0, 100, {10, 11});
    history.audit_batch(1, 2, 0, 101, {12});
    history.audit_log(1, 2);
    const CheckerReport report = history.judged_by("audit");
    EXPECT_EQ(summary(report), "pass");
    EXPECT_EQ(report.judged, 1u);
}

TEST(Audit, HasNothingToSayWithoutAnAudit) {
    EXPECT_EQ(judge(written()), "n/a");
}

TEST(Audit, ObjectsToABatchThatIsMissingAnotherOrNeverClaimed) {
    History missing = written();
    missing.audit_batch(1, 0, 0, 100, {10, 11});
    missing.audit_log(1, 1);
    EXPECT_EQ(judge(missing), "fail: audit-mismatch");

    History another = written();
    another.audit_batch(1, 0, 0, 100, {10, 11});
    another.audit_batch(1, 2, 0, 999, {12});
    another.audit_log(1, 2);
    EXPECT_EQ(judge(another), "fail: audit-mismatch");

    History extra = written();
    extra.audit_batch(1, 0, 0, 100, {10, 11});
    extra.audit_batch(1, 2, 0, 101, {12});
    extra.audit_batch(1, 3, 0, 102, {13});
    extra.audit_log(1, 3);
    EXPECT_EQ(judge(extra), "fail: audit-mismatch");
}

TEST(Audit, FollowsTruncationsAndLogStarts) {
    History history = written();
    history.truncate(1, 3, 2);
    history.append(1, 2, 2, 1, 200);
    history.move_log_start(1, 2);
    history.audit_batch(1, 0, 0, 100, {10, 11});  // not yet deleted from the file
    history.audit_batch(1, 2, 1, 200, {12});
    history.audit_log(1, 2);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Audit, AcceptsABatchWrittenByAProcessThatDiedBeforeItTold) {
    History history = written();
    history.stop(1);
    history.audit_batch(1, 0, 0, 100, {10, 11});
    history.audit_batch(1, 2, 0, 101, {12});
    history.audit_batch(1, 3, 0, 102, {13});
    history.audit_log(1, 3, false, 7);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Audit, ObjectsWhenACrashOfTheProcessAloneTookABatch) {
    History history = written();
    history.stop(1);
    history.audit_batch(1, 0, 0, 100, {10, 11});
    history.audit_log(1, 1, false);
    EXPECT_EQ(judge(history), "fail: audit-mismatch");
}

TEST(Audit, AcceptsAPrefixAfterALossOfPowerAndNothingElse) {
    History prefix = written();
    prefix.lose_power(1);
    prefix.audit_batch(1, 0, 0, 100, {10, 11});
    prefix.audit_log(1, 1, false, 30);
    EXPECT_EQ(judge(prefix), "pass");

    History other = written();
    other.lose_power(1);
    other.audit_batch(1, 0, 0, 999, {10, 11});
    other.audit_log(1, 1, false);
    EXPECT_EQ(judge(other), "fail: audit-mismatch");
}

TEST(Audit, HoldsABrokerToTheEndItFoundWhenItCameBack) {
    History history = written();
    history.lose_power(1);
    history.start_broker(1);
    history.open_log(1, 2);
    history.audit_batch(1, 0, 0, 100, {10, 11});
    history.audit_log(1, 1);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Audit, ObjectsToALogThatShrankThoughNoPowerWasLost) {
    History history = written();
    history.stop(1);
    history.start_broker(1);
    history.open_log(1, 2);
    EXPECT_EQ(judge(history), "fail: shrunk-at-restart");
}

TEST(Audit, ObjectsToTrailingBytesOfARunningBroker) {
    History history = written();
    history.audit_batch(1, 0, 0, 100, {10, 11});
    history.audit_batch(1, 2, 0, 101, {12});
    history.audit_log(1, 2, true, 5);
    EXPECT_EQ(judge(history), "fail: trailing-bytes");
}

TEST(Audit, ObjectsToACorruptBatchUnlessADiskFaultHitThatLog) {
    const auto corrupt = [](const char* path) {
        History history = written();
        if (path != nullptr) {
            history.by_broker(1, sim::DiskFaultHit{.fault = "bit_rot", .path = path, .bytes = 1});
        }
        history.audit_batch(1, 0, 0, 100, {10, 11}, false);
        history.audit_batch(1, 2, 0, 101, {12});
        history.audit_log(1, 2);
        return judge(history);
    };
    EXPECT_EQ(corrupt(nullptr), "fail: corrupt-batch");
    EXPECT_EQ(corrupt("data/orders-0/00000000000000000000.log"), "pass");
    EXPECT_EQ(corrupt("data/orders-01/00000000000000000000.log"), "fail: corrupt-batch");
}

TEST(Audit, ObjectsToALogThatIsNotThere) {
    History history = written();
    history.by_harness(model::AuditedLog{
        .broker = BrokerId{1}, .partition = {.topic = "orders", .partition = 1}, .running = true});
    EXPECT_EQ(judge(history), "fail: audit-mismatch");
}

RC_GTEST_PROP(Audit, AcceptsExactlyPrefixesAfterALossOfPower, ()) {
    const int batches = *rc::gen::inRange(1, 20);
    const int kept = *rc::gen::inRange(0, batches + 1);
    const int changed = *rc::gen::inRange(-1, kept);
    const bool has_lost_power = *rc::gen::arbitrary<bool>();
    History history;
    history.start_broker(1);
    for (int i = 0; i < batches; ++i) history.append(1, i, i, 0, static_cast<std::uint32_t>(i));
    if (has_lost_power) history.lose_power(1);
    for (int i = 0; i < kept; ++i) {
        history.audit_batch(1, i, 0, static_cast<std::uint32_t>(i == changed ? 9999 : i), {i});
    }
    history.audit_log(1, static_cast<std::uint64_t>(kept), !has_lost_power);
    const bool is_right = changed < 0 && (has_lost_power || kept == batches);
    RC_ASSERT(judge(history) == (is_right ? "pass" : "fail: audit-mismatch"));
}

}  // namespace
}  // namespace squall::checkers
