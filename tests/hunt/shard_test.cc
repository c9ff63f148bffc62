// Which part of a hunt is ours: as it is said, and as array jobs tell it.
#include "scenarios/hunt/shard.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace squall::scenarios {
namespace {

Variable environment(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

RC_GTEST_PROP(Shard, EveryJobBelongsToOneOfThem, ()) {
    const auto of = *rc::gen::inRange<std::uint64_t>(1, 20);
    const auto job = *rc::gen::arbitrary<std::uint64_t>();
    std::uint64_t owners = 0;
    for (std::uint64_t number = 1; number <= of; ++number) owners += Shard{number, of}.owns(job);
    RC_ASSERT(owners == 1u);
}

TEST(Shard, IsReadAsItIsSaid) {
    EXPECT_EQ(parse_shard("3/8", environment({})).value(), (Shard{3, 8}));
    for (const char* bad : {"", "3", "3/", "/8", "0/8", "9/8", "a/b", "3/8/1", "-1/8", "1/0"}) {
        const Result<Shard> shard = parse_shard(bad, environment({}));
        ASSERT_FALSE(shard.ok()) << bad;
        EXPECT_NE(shard.error().detail.find("expected"), std::string::npos) << shard.error().detail;
    }
}

TEST(Shard, IsKnownInAnArrayJob) {
    const auto told = [](std::map<std::string, std::string> variables) {
        return shard_of_environment(environment(std::move(variables))).value();
    };
    EXPECT_EQ(told({}), std::nullopt);
    EXPECT_EQ(told({{"SLURM_ARRAY_TASK_ID", "14"},
                    {"SLURM_ARRAY_TASK_MIN", "10"},
                    {"SLURM_ARRAY_TASK_STEP", "2"},
                    {"SLURM_ARRAY_TASK_COUNT", "4"}}),
              (Shard{3, 4}));
    EXPECT_EQ(told({{"AWS_BATCH_JOB_ARRAY_INDEX", "0"}, {"AWS_BATCH_JOB_ARRAY_SIZE", "5"}}),
              (Shard{1, 5}));
    EXPECT_EQ(told({{"CI_NODE_INDEX", "2"}, {"CI_NODE_TOTAL", "2"}}), (Shard{2, 2}));
}

TEST(Shard, TakesTheCountFromTheLineWhereTheArrayJobDoesNotTellIt) {
    const Variable kubernetes = environment({{"JOB_COMPLETION_INDEX", "7"}});
    EXPECT_FALSE(shard_of_environment(kubernetes).ok());
    EXPECT_EQ(parse_shard("8", kubernetes).value(), (Shard{8, 8}));
    EXPECT_FALSE(parse_shard("7", kubernetes).ok());
}

TEST(Shard, ObjectsToAVariableThatIsNoNumber) {
    const Result<std::optional<Shard>> shard =
        shard_of_environment(environment({{"CI_NODE_INDEX", "two"}, {"CI_NODE_TOTAL", "2"}}));
    ASSERT_FALSE(shard.ok());
    EXPECT_NE(shard.error().detail.find("CI_NODE_INDEX=two"), std::string::npos);
}

}  // namespace
}  // namespace squall::scenarios
