// The corpus: storms that once found something, or nearly did, run again with their seeds for as
// long as the project lives. See tests/corpus/README.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "scenarios/run.h"
#include "scenarios/scenario_file.h"

namespace squall::scenarios {
namespace {

std::set<std::string> corpus() {
    std::set<std::string> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(SQUALL_SOURCE_DIR "/tests/corpus")) {
        if (entry.path().extension() == ".toml") files.insert(entry.path().string());
    }
    return files;
}

TEST(CorpusFolder, HasSomethingInIt) {
    EXPECT_GE(corpus().size(), 3u);
}

class Corpus : public testing::TestWithParam<std::string> {};

TEST_P(Corpus, Passes) {
    const Scenario scenario = load_scenario(GetParam());
    EXPECT_TRUE(scenario.swarm.is_empty()) << "a repro is expanded: it leaves no choice";
    ASSERT_TRUE(scenario.run.seed.has_value()) << "a repro names its seed";
    const RunResult result =
        run(scenario, {.seed = *scenario.run.seed, .trace_level = sim::TraceLevel::hash_only});
    EXPECT_EQ(result.verdict, Verdict::pass) << result.why;
    // A repro whose faults miss their aim guards nothing any more.
    for (const FaultReceipt& receipt : result.faults) {
        EXPECT_FALSE(receipt.effects.empty()) << receipt.id << " had no effect";
    }
}

INSTANTIATE_TEST_SUITE_P(Repros, Corpus, testing::ValuesIn(corpus()), [](const auto& instance) {
    std::string name = std::filesystem::path(instance.param).stem();
    for (char& c : name) {
        if (c == '-') c = '_';
    }
    return name;
});

}  // namespace
}  // namespace squall::scenarios
