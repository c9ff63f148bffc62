#include "checkers/kafka_history.h"

#include <gtest/gtest.h>

namespace squall::checkers {
namespace {

std::string problem_of(std::string_view edn) {
    const auto read = read_kafka_history(edn);
    const auto* problem = std::get_if<TextProblem>(&read);
    if (problem == nullptr) return "none";
    return fmt::format("{}:{}: {}", problem->place.line, problem->place.column, problem->what);
}

KafkaHistory history_of(std::string_view edn) {
    auto read = read_kafka_history(edn);
    auto* history = std::get_if<KafkaHistory>(&read);
    return history == nullptr ? KafkaHistory{} : std::move(*history);
}

TEST(KafkaHistory, ReadsOpsOneAfterTheOtherOrInAVector) {
    const std::string ops =
        "{:process 0, :type :invoke, :f :send, :value [[:send :x 1]]}\n"
        "{:process 0, :type :ok, :f :send, :value [[:send :x [4 1]]], :time 7}\n";
    for (const std::string& text : {ops, "[" + ops + "]", "(" + ops + ")"}) {
        const KafkaHistory history = history_of(text);
        ASSERT_EQ(history.ops.size(), 2u);
        EXPECT_EQ(history.ops[1].invocation, 0u);
        EXPECT_EQ(history.ops[1].time, 7);
        EXPECT_EQ(history.ops[1].mops[0].sent.offset, 4);
        EXPECT_EQ(history.ops[0].mops[0].sent.offset, -1);
    }
}

TEST(KafkaHistory, KeepsPollsInTheOrderTheyAreWritten) {
    const KafkaHistory history = history_of(
        "{:process 1 :type :ok :f :poll :value [[:poll {:x [[1 a] [nil b]] :y []}] [:poll] "
        "[:poll nil]] :rebalance-log [{:type :revoked :keys [:y]}]}");
    ASSERT_EQ(history.ops.size(), 1u);
    const HistoryOp& op = history.ops[0];
    ASSERT_EQ(op.mops.size(), 3u);
    ASSERT_EQ(op.mops[0].polled.size(), 2u);
    EXPECT_EQ(op.mops[0].polled[1].offset, -1);
    ASSERT_EQ(op.rebalanced.size(), 1u);
    EXPECT_EQ(to_string(history.keys[*op.rebalanced.begin()]), ":y");
}

TEST(KafkaHistory, LeavesOutWhatSaysNothingOfData) {
    const KafkaHistory history = history_of(
        "{:process :nemesis :type :info :f :kill :value nil}\n"
        "{:process 0 :type :invoke :f :crash :value nil}\n"
        "{:process 0 :type :info :f :debug-topic-partitions :value [1 2]}");
    EXPECT_TRUE(history.ops.empty());
    EXPECT_EQ(history.ops_read, 3u);
}

TEST(KafkaHistory, KnowsNothingOfAnOpThatNeverCompleted) {
    const KafkaHistory history =
        history_of("{:process 3 :type :invoke :f :send :value [[:send 1 2]]}");
    ASSERT_EQ(history.ops.size(), 2u);
    EXPECT_EQ(history.ops[1].type, HistoryOp::Type::info);
    EXPECT_EQ(history.ops[1].invocation, 0u);
}

TEST(KafkaHistory, SaysWhereAnOpIsWrong) {
    EXPECT_EQ(problem_of("17"), "1:1: expected an op, which is a map, found 17");
    EXPECT_EQ(problem_of("{:type :ok}"), "1:1: this op has no :process");
    EXPECT_EQ(problem_of("{:process 0 :type :okay}"),
              "1:19: expected :invoke, :ok, :fail or :info, found :okay");
    EXPECT_EQ(problem_of("{:process 0 :type :ok :f :read}"),
              "1:26: expected :send, :poll, :txn, :assign, :subscribe, :crash or "
              ":debug-topic-partitions, found :read");
    EXPECT_EQ(problem_of("{:process 0 :type :ok\n :f :poll}"), "1:1: this op has no :value");
    EXPECT_EQ(problem_of("{:process 0 :type :ok :f :assign :value 1}"),
              "1:41: expected a vector of keys, found 1");
    EXPECT_EQ(problem_of("{:process 0 :type :ok :f :send :value [[:poll]]}"),
              "1:41: expected :send, found :poll");
    EXPECT_EQ(problem_of("{:process 0 :type :ok :f :send :value [[:send 1]]}"),
              "1:40: expected [:send key value], found a vector");
    EXPECT_EQ(problem_of("{:process 0 :type :ok :f :send :value [[:send 1 [-3 2]]]}"),
              "1:50: expected an offset, or nil, found -3");
    EXPECT_EQ(problem_of("{:process 0 :type :ok :f :poll :value [[:poll {1 [[1 2 3]]}]]}"),
              "1:51: expected [offset value], found a vector");
    EXPECT_EQ(problem_of("{:process 0 :type :ok :f :poll :value [[:poll {1 [[1 nil]]}]]}"),
              "1:54: expected a value, which is a scalar, found nil");
}

TEST(KafkaHistory, HoldsAProcessToOneOpAtATime) {
    const std::string send = "{:process 0 :type :invoke :f :send :value [[:send 1 2]]}\n";
    EXPECT_EQ(problem_of(send + send),
              "2:1: process 0 invokes an op, and that of line 1 is not complete");
    EXPECT_EQ(problem_of(send + "{:process 0 :type :ok :f :poll :value [[:poll]]}"),
              "2:1: process 0 completes another op than that of line 1");
}

}  // namespace
}  // namespace squall::checkers
