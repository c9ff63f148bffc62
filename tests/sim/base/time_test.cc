#include "sim/base/time.h"

#include <gtest/gtest.h>

#include "sim/base/assert.h"
#include "sim/base/result.h"
#include "sim/base/strong_id.h"

namespace squall {
namespace {

TEST(Time, PrintsTheLargestUnitThatFits) {
    struct Case {
        Duration duration;
        std::string_view text;
    };
    const Case cases[] = {
        {0ns, "0s"},           {1ns, "1ns"},      {999ns, "999ns"},
        {300us, "300us"},      {1500us, "1.5ms"}, {1904ms, "1.904s"},
        {1904999us, "1.904s"}, {60s, "60s"},      {-1500ms, "-1.5s"},
        {1000ms, "1s"},        {1050ms, "1.05s"}, {Duration::min(), "-9223372036.854s"},
    };
    for (const Case& c : cases) EXPECT_EQ(to_string(c.duration), c.text);
    EXPECT_EQ(fmt::format("{}", Time(2ms)), "2ms");
}

TEST(Time, NeverIsFurtherThanAnyDeadline) {
    EXPECT_EQ(Time(5s) + forever, Time::max());
    EXPECT_EQ(Time::max() + 1ns, Time::max());
    EXPECT_EQ(Time(5s) - 2s, Time(3s));
    EXPECT_EQ(Time(5s) - Time(2s), Duration(3s));
    EXPECT_EQ(LocalTime(1999us).ms(), 1);
    EXPECT_LT(Time(1s), Time(2s));
}

template <class A, class B>
concept Comparable = requires(A a, B b) {
    a < b;
};

TEST(Time, WhatDoesNotFitIsForever) {
    EXPECT_EQ(saturated(std::chrono::milliseconds(5)), Duration(5'000'000));
    EXPECT_EQ(saturated(std::chrono::milliseconds(-5)), Duration(-5'000'000));
    EXPECT_EQ(saturated(std::chrono::milliseconds::max()), forever);
    EXPECT_EQ(saturated(std::chrono::hours::max()), forever);
    EXPECT_EQ(saturated(std::chrono::milliseconds::min()), Duration::min());
    EXPECT_EQ(saturated(Duration::max()), forever);
}

TEST(Time, ClocksDoNotMix) {
    static_assert(Comparable<Time, Time>);
    static_assert(!Comparable<Time, LocalTime>);
    static_assert(!Comparable<WallTime, LocalTime>);
    static_assert(!std::is_convertible_v<WallTime, LocalTime>);
}

TEST(StrongId, CountsWithoutMixing) {
    using Offset = StrongId<struct OffsetTag, std::int64_t>;
    using Other = StrongId<struct OtherTag, std::int64_t>;
    static_assert(!std::is_convertible_v<Offset, Other>);
    static_assert(!std::is_convertible_v<std::int64_t, Offset>);
    Offset offset(4);
    ++offset;
    EXPECT_EQ(offset, Offset(5));
    EXPECT_EQ(offset.next() + 2, Offset(8));
    EXPECT_EQ(Offset(8) - Offset(5), 3);
    EXPECT_EQ(fmt::format("{}", offset), "5");
}

TEST(Assert, SaysWhereAndWhat) {
    const int offset = 7;
    try {
        ASSERT(offset < 5, "offset {} beyond {}", offset, 5);
        FAIL() << "the ASSERT passed";
    } catch (const AssertionFailure& failure) {
        EXPECT_EQ(failure.condition, "offset < 5");
        EXPECT_EQ(failure.message, "offset 7 beyond 5");
        EXPECT_EQ(failure.describe_failure(),
                  fmt::format("{}:{}: ASSERT(offset < 5) failed: offset 7 beyond 5", failure.file,
                              failure.line));
        EXPECT_TRUE(failure.file.ends_with("time_test.cc")) << failure.file;
    }
}

TEST(Result, HoldsAValueOrAReason) {
    Result<int> good = 3;
    const Result<int> bad = Error{Failure::io_error, "b2: flush failed"};
    EXPECT_TRUE(good.ok());
    EXPECT_EQ(*good, 3);
    EXPECT_FALSE(bad);
    EXPECT_EQ(to_string(bad.error()), "io_error: b2: flush failed");
    EXPECT_EQ(to_string(Error{Failure::closed, ""}), "closed");
    EXPECT_THROW((void)bad.value(), AssertionFailure);
    EXPECT_THROW((void)good.error(), AssertionFailure);
    EXPECT_TRUE(success().ok());
}

}  // namespace
}  // namespace squall
