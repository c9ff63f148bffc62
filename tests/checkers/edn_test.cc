#include "checkers/edn.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace squall::checkers {
namespace {

// The values of a text as they are understood, or what is wrong with it.
std::string print(const EdnValue& value) {
    if (value.is_nil()) return "nil";
    if (value.is_scalar()) return to_string(value.scalar);
    static constexpr const char* brackets[] = {"", "", "()", "[]", "{}", "<>"};
    const char* around = brackets[static_cast<std::size_t>(value.kind)];
    std::string text(1, around[0]);
    for (const EdnValue& item : value.items) {
        if (text.size() > 1) text += ' ';
        text += print(item);
    }
    return text + around[1];
}

std::string read(std::string_view text) {
    EdnReader reader(text);
    std::string out;
    while (const auto value = reader.next()) out += (out.empty() ? "" : " ") + print(*value);
    if (const auto& problem = reader.problem()) {
        return fmt::format("{}:{}: {}", problem->place.line, problem->place.column, problem->what);
    }
    return out;
}

TEST(Edn, ReadsWhatHistoriesAreMadeOf) {
    EXPECT_EQ(read("{:index 0, :type :ok :value [[:send 3 [-1 nil]]]}"),
              "{:index 0 :type :ok :value [[:send 3 [-1 nil]]]}");
    EXPECT_EQ(read(R"((true "a \"b\" \n" sym/bol +7 12N 1.5e3 \newline \]))"),
              R"((true "a \"b\" \n" sym/bol 7 12 1.5e3 \newline \]))");
}

TEST(Edn, ReadsOverCommentsTagsAndWhatIsLeftOut) {
    EXPECT_EQ(read("; a comment\n1 #_ {:a [2]} 3 #jepsen.history.Op{:a #inst \"x\"} #{4 5}"),
              "1 3 {:a \"x\"} <4 5>");
}

TEST(Edn, TellsIntegersFromWhatOnlyLooksLikeThem) {
    EXPECT_EQ(read("9223372036854775807 9223372036854775808"),
              "9223372036854775807 9223372036854775808");
    EdnReader reader("9223372036854775808");
    EXPECT_TRUE(reader.next()->scalar.is_text);
    EXPECT_EQ(read("#object[java.lang.Class 0x7fA \"x\"] 1/2"),
              "[java.lang.Class 0x7fA \"x\"] 1/2");
    EXPECT_EQ(read("0xg"), "1:1: '0xg' is no number");
    EXPECT_EQ(read("\n  12ab"), "2:3: '12ab' is no number");
}

TEST(Edn, SaysWhereATextIsNotWellFormed) {
    EXPECT_EQ(read("{:a 1\n :b [2}"), "2:7: expected ']', found '}'");
    EXPECT_EQ(read("[1 2"), "1:1: this bracket is never closed: expected ']'");
    EXPECT_EQ(read("1 ]"), "1:2: expected a value, found ']'");
    EXPECT_EQ(read("{:a}"), "1:4: this map has a key without a value");
    EXPECT_EQ(read("[\"abc"), "1:2: this string is never closed");
    EXPECT_EQ(read(R"("a\q")"), "1:3: unknown escape '\\q' in a string");
    EXPECT_EQ(read("[:]"), "1:2: expected a name after ':'");
    EXPECT_EQ(read("[1 #_]"), "1:4: expected a value after #_");
    EXPECT_EQ(read("#tag"), "1:1: expected a value after #tag");
    EXPECT_EQ(read("# "), "1:1: expected a set, a tag or #_ after '#'");
    EXPECT_EQ(read(std::string(200, '[')), "1:66: more than 64 brackets deep");
}

TEST(Edn, FindsTheValueOfAKeyword) {
    const auto map = EdnReader("{:a 1 \"b\" 2 :c nil}").next();
    ASSERT_TRUE(map);
    EXPECT_EQ(map->find(":a")->scalar, Scalar::of(1));
    EXPECT_TRUE(map->find(":c")->is_nil());
    EXPECT_EQ(map->find(":b"), nullptr);
}

TEST(Scalar, OrdersNumbersByValueBeforeNames) {
    EXPECT_LT(Scalar::of(2), Scalar::of(10));
    EXPECT_LT(Scalar::of(10), Scalar::of(std::string(":a")));
    EXPECT_LT(Scalar::of(std::string(":a")), Scalar::of(std::string(":b")));
}

// Whatever comes, there is an answer: values, or one problem inside the text.
RC_GTEST_PROP(Edn, NeverReadsPastTheEnd, ()) {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("[](){}#_\";\\: \n1a,-")));
    EdnReader reader(text);
    std::size_t values = 0;
    while (reader.next()) ++values;
    RC_ASSERT(values <= text.size());
    if (reader.problem()) {
        const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
        RC_ASSERT(reader.problem()->place.line <= lines);
    }
}

}  // namespace
}  // namespace squall::checkers
