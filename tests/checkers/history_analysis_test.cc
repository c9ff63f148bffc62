// The definitions, one small history each. Whole histories, Jepsen's own among them, are judged
// through the command line: tests/cli/check_command_test.cc.
#include "checkers/history_analysis.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "checkers/realtime_lag.h"
#include "sim/base/assert.h"

namespace squall::checkers {
namespace {

// Writes ops: each is invoked and completed at once, by the process named.
class Ops {
  public:
    Ops& op(int process, std::string_view type, std::string_view f, std::string_view value) {
        text_ += fmt::format("{{:process {} :type :invoke :f :{} :value {} :time {}}}\n", process,
                             f, f == "poll" || f == "txn" ? "[[:poll]]" : value, time_);
        text_ += fmt::format("{{:process {} :type :{} :f :{} :value {} :time {}}}\n", process, type,
                             f, value, time_ + 1);
        time_ += 2;
        return *this;
    }
    Ops& send(int process, std::string_view value) { return op(process, "ok", "send", value); }
    Ops& poll(int process, std::string_view value) {
        return op(process, "ok", "poll", fmt::format("[[:poll {}]]", value));
    }

    KafkaHistory read() const {
        auto read = read_kafka_history(text_);
        auto* history = std::get_if<KafkaHistory>(&read);
        ASSERT(history != nullptr, "{}", std::get_if<TextProblem>(&read)->what);
        return std::move(*history);
    }
    // "duplicate lost-write(allowed)"
    std::string found(HistoryOptions options = {}) const {
        std::string out;
        for (const HistoryAnomaly& anomaly : analyse(read(), options).anomalies) {
            if (!out.empty()) out += ' ';
            out += anomaly.type;
            if (anomaly.allowed) out += "(allowed)";
        }
        return out;
    }

  private:
    std::string text_;
    int time_ = 0;
};

TEST(HistoryAnalysis, AcceptsWhatIsInOrder) {
    Ops ops;
    ops.send(0, "[[:send x [0 a]] [:send x [2 b]]]").poll(1, "{x [[0 a]]}").poll(1, "{x [[2 b]]}");
    EXPECT_EQ(ops.found(), "");
    EXPECT_TRUE(analyse(ops.read()).is_valid);
}

TEST(HistoryAnalysis, FindsAValueAtTwoPlaces) {
    Ops ops;
    ops.send(0, "[[:send x [0 a]]]").poll(1, "{x [[0 a]]}").poll(2, "{x [[5 a]]}");
    EXPECT_EQ(ops.found(), "duplicate");
}

TEST(HistoryAnalysis, FindsTwoValuesAtOnePlace) {
    Ops ops;
    ops.send(0, "[[:send x [0 a]]]").send(1, "[[:send x [0 b]]]");
    ops.poll(2, "{x [[0 a]]}").poll(3, "{x [[0 b]]}");
    EXPECT_EQ(ops.found(), "inconsistent-offsets");
}

TEST(HistoryAnalysis, FindsALostWriteBelowWhatWasPolled) {
    Ops ops;
    ops.send(0, "[[:send x [0 a]]]").send(1, "[[:send x [1 b]]]").poll(2, "{x [[1 b]]}");
    EXPECT_EQ(ops.found(), "lost-write unseen");
}

TEST(HistoryAnalysis, DoesNotCallLostWhatNobodyKnowsToBeThere) {
    Ops ops;
    ops.op(0, "info", "send", "[[:send x [0 a]]]").op(3, "fail", "send", "[[:send x [1 c]]]");
    ops.send(1, "[[:send x [2 b]]]").poll(2, "{x [[2 b]]}");
    EXPECT_EQ(ops.found(), "");
}

TEST(HistoryAnalysis, FindsAReadOfWhatFailedAndOfWhatNobodySent) {
    Ops ops;
    ops.op(0, "fail", "send", "[[:send x a]]").poll(1, "{x [[0 a]]}");
    EXPECT_EQ(ops.found(), "G1a");
    Ops nobody;
    nobody.send(0, "[[:send x [0 a]]]").poll(1, "{x [[0 a] [1 b]]}");
    EXPECT_EQ(nobody.found(), "no-writer");
}

TEST(HistoryAnalysis, LetsAnAbortedPollSeeWhatFailed) {
    Ops ops;
    ops.send(1, "[[:send x [1 b]]]").op(0, "fail", "send", "[[:send x a]]");
    ops.op(2, "fail", "poll", "[[:poll {x [[0 a]]}]]").poll(3, "{x [[1 b]]}");
    EXPECT_EQ(ops.found(), "");
}

TEST(HistoryAnalysis, FindsAReadOfOnesOwn) {
    Ops ops;
    ops.op(0, "ok", "txn", "[[:send x [0 a]] [:poll {x [[0 a]]}]]").poll(1, "{x [[0 a]]}");
    EXPECT_EQ(ops.found(), "precommitted-read");
}

TEST(HistoryAnalysis, FindsWhatIsOutOfOrderInsideAnOpUnlessItWasRebalanced) {
    Ops ops;
    ops.send(0, "[[:send x [0 a]] [:send x [1 b]] [:send x [2 c]]]")
        .poll(1, "{x [[0 a] [1 b] [2 c]]}");
    Ops skip = ops;
    EXPECT_EQ(skip.poll(2, "{x [[0 a] [2 c]]}").found(), "int-poll-skip");
    Ops back = ops;
    EXPECT_EQ(back.poll(2, "{x [[1 b] [0 a]]}").found(), "int-nonmonotonic-poll");
    Ops moved = ops;
    moved.op(2, "ok", "poll", "[[:poll {x [[0 a] [2 c]]}]] :rebalance-log [{:keys [x]}]");
    EXPECT_EQ(moved.found(), "");
}

TEST(HistoryAnalysis, AllowsSendsToInterleaveButNotToSwap) {
    Ops skip;
    skip.send(0, "[[:send x [0 a]] [:send x [2 c]]]").send(1, "[[:send x [1 b]]]");
    skip.poll(2, "{x [[0 a] [1 b] [2 c]]}");
    EXPECT_EQ(skip.found(), "int-send-skip(allowed)");
    Ops swap;
    swap.send(0, "[[:send x [1 a]] [:send x [0 b]]]").poll(2, "{x [[0 b] [1 a]]}");
    EXPECT_EQ(swap.found(), "int-nonmonotonic-send");
}

TEST(HistoryAnalysis, FollowsAProcessFromOpToOp) {
    const auto three = [] {
        Ops ops;
        ops.send(0, "[[:send x [0 a]] [:send x [1 b]] [:send x [2 c]]]");
        return ops.poll(9, "{x [[0 a] [1 b] [2 c]]}");
    };
    EXPECT_EQ(three().poll(1, "{x [[0 a]]}").poll(1, "{x [[2 c]]}").found(), "poll-skip");
    EXPECT_EQ(three().poll(1, "{x [[1 b]]}").poll(1, "{x [[1 b]]}").found(), "nonmonotonic-poll");
    // Naming a key again keeps the position, leaving it does not; an assign that failed is none.
    for (const auto& [assign, type, found] :
         {std::tuple{"[x y]", "ok", "poll-skip"}, std::tuple{"[y]", "ok", ""},
          std::tuple{"[y]", "info", ""}, std::tuple{"[y]", "fail", "poll-skip"}}) {
        EXPECT_EQ(three()
                      .poll(1, "{x [[0 a]]}")
                      .op(1, type, "assign", assign)
                      .poll(1, "{x [[2 c]]}")
                      .found(),
                  found)
            << assign << type;
    }
    EXPECT_EQ(three()
                  .op(1, "ok", "subscribe", "[x]")
                  .poll(1, "{x [[0 a]]}")
                  .poll(1, "{x [[2 c]]}")
                  .found(),
              "poll-skip(allowed)");
    Ops sends;
    sends.send(0, "[[:send x [1 a]]]").send(0, "[[:send x [0 b]]]").poll(1, "{x [[0 b] [1 a]]}");
    EXPECT_EQ(sends.found(), "nonmonotonic-send");
}

TEST(HistoryAnalysis, FindsCyclesOfReads) {
    Ops ops;
    const std::string t1 = "[[:send x [0 a]] [:poll {y [[0 b]]}]]";
    const std::string t2 = "[[:send y [0 b]] [:poll {x [[0 a]]}]]";
    ops.op(0, "info", "txn", t1).op(1, "info", "txn", t2).poll(2, "{x [[0 a]] y [[0 b]]}");
    EXPECT_EQ(ops.found(), "G1c");
    EXPECT_EQ(ops.found({.ww_dependencies = true}), "G1c(allowed)");
}

TEST(HistoryAnalysis, FindsCyclesOfWritesIfItIsAsked) {
    Ops ops;
    ops.op(0, "info", "txn", "[[:send x [0 a]] [:send y [1 b]]]");
    ops.op(1, "info", "txn", "[[:send x [1 c]] [:send y [0 d]]]");
    ops.poll(2, "{x [[0 a] [1 c]] y [[0 d] [1 b]]}");
    EXPECT_EQ(ops.found(), "");
    EXPECT_EQ(ops.found({.ww_dependencies = true}), "G0(allowed)");
}

TEST(HistoryAnalysis, FindsAReadOfWhatIsSentLater) {
    Ops ops;
    ops.poll(1, "{x [[0 a]]}").send(0, "[[:send x [0 a]]]");
    EXPECT_EQ(ops.found(), "G1c-realtime");
}

TEST(HistoryAnalysis, DoesNotAcceptThatNothingWasTried) {
    EXPECT_EQ(Ops().found(), "empty-transaction-graph");
    EXPECT_EQ(Ops().op(0, "ok", "assign", "[x]").found(), "empty-transaction-graph");
}

TEST(HistoryAnalysis, CountsWhatIsUnseenAsTheHistoryGoes) {
    Ops ops;
    ops.send(0, "[[:send x [0 a]] [:send x [1 b]]]").poll(1, "{x [[0 a]]}").poll(1, "{x [[1 b]]}");
    const KafkaHistory history = ops.read();
    const HistoryIndex index(history);
    std::vector<std::uint64_t> counts;
    for (const UnseenPoint& point : unseen_series(index)) counts.push_back(point.unseen[0].second);
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{2, 1, 0}));
}

TEST(RealtimeLag, CountsFromWhenSomethingMoreWasKnownToBeThere) {
    Ops ops;
    ops.op(1, "ok", "assign", "[x]").poll(1, "{}");           // 2: nothing was there
    ops.send(0, "[[:send x [0 a]]]").poll(1, "{}");           // 6: a, since 5
    ops.poll(1, "{x [[0 a]]}").op(1, "ok", "assign", "[y]");  // 8: all polled
    ops.op(1, "ok", "assign", "[x]").poll(1, "{}");           // 14: from the beginning
    std::vector<std::int64_t> lags;
    const KafkaHistory history = ops.read();
    for (const LagPoint& point : realtime_lags(history)) lags.push_back(point.lag);
    EXPECT_EQ(lags, (std::vector<std::int64_t>{0, 1, 0, 9}));
    EXPECT_EQ(worst_realtime_lag(history)->time, 14);
    EXPECT_FALSE(worst_realtime_lag(Ops().poll(1, "{}").read()));
}

// A log written by several, and read by one from the beginning; then one thing is changed.
RC_GTEST_PROP(HistoryAnalysis, FindsAnyRecordThatIsLeftOutRepeatedOrSwapped, ()) {
    const int records = *rc::gen::inRange(3, 20);
    std::vector<int> log(static_cast<std::size_t>(records));
    for (int i = 0; i < records; ++i) log[static_cast<std::size_t>(i)] = i;
    const auto place = static_cast<std::size_t>(*rc::gen::inRange(0, records - 1));
    const int what = *rc::gen::inRange(0, 4);
    std::vector<int> seen = log;
    if (what == 1) seen.erase(seen.begin() + static_cast<std::ptrdiff_t>(place));
    if (what == 2) seen.insert(seen.begin() + static_cast<std::ptrdiff_t>(place), log[place]);
    if (what == 3) std::swap(seen[place], seen[place + 1]);
    Ops ops;
    for (const int record : log) {
        ops.send(*rc::gen::inRange(0, 3), fmt::format("[[:send x [{} {}]]]", record, record));
    }
    std::string pairs;
    for (const int record : seen) pairs += fmt::format("[{} {}]", record, record);
    ops.poll(7, fmt::format("{{x [{}]}}", pairs));
    const std::set<std::string> found = [&] {
        std::set<std::string> types;
        for (const auto& anomaly : analyse(ops.read()).anomalies) types.insert(anomaly.type);
        return types;
    }();
    if (what == 0) RC_ASSERT(found.empty());
    if (what == 1) RC_ASSERT(found.contains("lost-write"));
    if (what == 2) RC_ASSERT(found == std::set<std::string>{"int-nonmonotonic-poll"});
    if (what == 3) RC_ASSERT(found.contains("int-nonmonotonic-poll"));
}

}  // namespace
}  // namespace squall::checkers
