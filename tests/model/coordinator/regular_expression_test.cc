#include "model/coordinator/regular_expression.h"

#include <gtest/gtest.h>

#include <string>

namespace squall::model {
namespace {

bool matches(const std::string& pattern, const std::string& text) {
    const auto parsed = RegularExpression::parse(pattern);
    EXPECT_TRUE(parsed.ok()) << pattern;
    return parsed.ok() && parsed->matches(text);
}

TEST(RegularExpression, MatchesWholeTexts) {
    EXPECT_TRUE(matches("orders", "orders"));
    EXPECT_FALSE(matches("orders", "orders-2"));
    EXPECT_FALSE(matches("orders", "my-orders"));
    EXPECT_TRUE(matches("orders.*", "orders-2"));
    EXPECT_TRUE(matches("orders|payments", "payments"));
    EXPECT_FALSE(matches("a|ab", "abc"));
    EXPECT_TRUE(matches("(?i)ORDERS", "orders"));
    EXPECT_TRUE(matches("", ""));
}

// What RE2 leaves out of Perl's grammar, and what nobody can read.
TEST(RegularExpression, TellsWhatItCannotRead) {
    for (const std::string pattern : {"(", "*", "[a", "(?=a)", "(a)\\1", "a{2,1}"}) {
        const auto parsed = RegularExpression::parse(pattern);
        ASSERT_FALSE(parsed.ok()) << pattern;
        EXPECT_EQ(parsed.error().failure, Failure::invalid_input);
        EXPECT_FALSE(parsed.error().detail.empty()) << pattern;
    }
}

// (a*)*b backtracks for years where backtracking is done.
TEST(RegularExpression, TakesTimeThatIsLinearInTheText) {
    EXPECT_FALSE(matches("(a*)*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace squall::model
