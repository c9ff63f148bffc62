#include "sim/base/unique_function.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace squall {
namespace {

TEST(UniqueFunction, CallsWhatCannotBeCopied) {
    UniqueFunction<int(int)> add = [base = std::make_unique<int>(40)](int more) mutable {
        return *base += more;
    };
    ASSERT_TRUE(add);
    EXPECT_EQ(add(1), 41);
    UniqueFunction<int(int)> moved = std::move(add);
    EXPECT_FALSE(add);
    EXPECT_EQ(moved(1), 42);
}

TEST(UniqueFunction, HandsItsArgumentsOn) {
    std::string got;
    UniqueFunction<void(std::unique_ptr<std::string>)> take =
        [&](std::unique_ptr<std::string> text) { got = std::move(*text); };
    take(std::make_unique<std::string>("word"));
    EXPECT_EQ(got, "word");
}

TEST(UniqueFunction, LetsGoOfWhatItHeldWithItself) {
    const auto held = std::make_shared<int>(1);
    UniqueFunction<int()> read;
    EXPECT_FALSE(read);
    read = [held] { return *held; };
    EXPECT_EQ(held.use_count(), 2);
    read = {};
    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace squall
