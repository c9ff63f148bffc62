#include "checkers/checker.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "checkers/casebook.h"
#include "checkers/findings.h"
#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

TEST(AllCheckers, StandInOrderOfNameAndBearTheNameTheyAreListedUnder) {
    const auto& entries = all_checkers();
    EXPECT_TRUE(std::ranges::is_sorted(entries, std::ranges::less_equal{}, &CheckerEntry::name) ||
                std::ranges::is_sorted(entries, {}, &CheckerEntry::name));
    for (const CheckerEntry& entry : entries) {
        EXPECT_EQ(entry.make(Casebook(Contract::configured))->name(), entry.name);
        EXPECT_FALSE(entry.about.empty());
        EXPECT_FALSE(entry.source.empty());
    }
}

TEST(AllCheckers, SayNotApplicableOfAnEmptyRun) {
    CheckerSet set(Contract::configured);
    for (const CheckerReport& report : set.finish()) {
        EXPECT_EQ(report.verdict, CheckerVerdict::not_applicable) << report.checker;
        EXPECT_EQ(report.judged, 0u) << report.checker;
    }
}

TEST(CheckerSet, ReportsWhatEachCheckerFoundAsTheTraceGrows) {
    History history;
    history.send("p1", 7, 0);
    history.send("p1", 8, 0);
    CheckerSet set(Contract::configured);
    history.trace().replay([&](const sim::Event& event) { set.observe(event); });
    const auto reports = set.finish();
    ASSERT_EQ(reports.size(), all_checkers().size());
    for (const CheckerReport& report : reports) {
        const bool objects = report.checker == "inconsistent-offsets" || report.checker == "order";
        EXPECT_EQ(report.verdict == CheckerVerdict::fail, objects) << report.checker;
    }
}

TEST(Findings, KeepTheFirstAnomaliesAndCountAll) {
    Findings findings("any");
    for (int i = 0; i < 40; ++i) findings.allow("old", "cause", evidence("number", i), {});
    for (int i = 0; i < 3; ++i) findings.object("new", evidence("number", i), {});
    const CheckerReport report = findings.report();
    EXPECT_EQ(report.anomaly_count, 3u);
    EXPECT_EQ(report.allowed_count, 40u);
    ASSERT_EQ(report.anomalies.size(), CheckerReport::max_anomalies);
    EXPECT_EQ(report.anomalies.front().type, "new") << "an objection never gives way to an excuse";
    EXPECT_EQ(report.anomalies.back().evidence.front().second, "28");
}

TEST(Findings, GiveTheWorstVerdict) {
    Findings findings("any");
    EXPECT_EQ(findings.report().verdict, CheckerVerdict::not_applicable);
    findings.judge();
    EXPECT_EQ(findings.report().verdict, CheckerVerdict::pass);
    findings.leave_open("nobody knows");
    EXPECT_EQ(findings.report().verdict, CheckerVerdict::inconclusive);
    EXPECT_EQ(findings.report().note, "nobody knows");
    findings.object("wrong", {}, {});
    EXPECT_EQ(findings.report().verdict, CheckerVerdict::fail);
}

}  // namespace
}  // namespace squall::checkers
