#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace squall::cli {
namespace {

class List : public testing::TestWithParam<const char*> {};

TEST_P(List, HasALineForEachEntryOfItsJson) {
    const Said text = run_program({"list", GetParam()});
    const Said json = run_program({"list", GetParam(), "--json"});
    EXPECT_EQ(text.exit_code, 0) << text.err;
    EXPECT_EQ(json.exit_code, 0) << json.err;
    const nlohmann::json rows = nlohmann::json::parse(json.out, nullptr, false);
    ASSERT_TRUE(rows.is_array());
    ASSERT_FALSE(rows.empty());
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text.out, '\n')), rows.size());
    for (const nlohmann::json& row : rows) {
        const std::string name = row.at("name");
        EXPECT_FALSE(name.empty());
        EXPECT_FALSE(row.at("about").get<std::string>().empty()) << name;
        EXPECT_FALSE(row.at("source").get<std::string>().empty()) << name;
        EXPECT_THAT(text.out, testing::HasSubstr(name));
    }
}

INSTANTIATE_TEST_SUITE_P(Everything, List,
                         testing::Values("scenarios", "faults", "checkers", "bugs", "workloads",
                                         "steps", "configs"));

TEST(Help, ShowsAnExampleForEveryCommand) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                      {"run", "--help"},
                                                      {"report", "--help"},
                                                      {"list", "--help"},
                                                      {"doctor", "--help"}}) {
        const Said said = run_program(arguments);
        EXPECT_EQ(said.exit_code, 0);
        EXPECT_EQ(said.err, "");
        EXPECT_THAT(said.out, testing::HasSubstr("Example: squall "));
    }
}

}  // namespace
}  // namespace squall::cli
