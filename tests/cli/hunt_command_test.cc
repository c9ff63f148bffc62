// Hunts as a user runs them: stopped, gone on with, in shards, joined, and what they leave behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace squall::cli {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

const std::string one_crash = SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml";

std::vector<std::string> hunt(std::vector<std::string> words) {
    words.insert(words.begin(), "hunt");
    return words;
}

// A bug that shows at every seed, in a short run.
std::vector<std::string> losing(std::vector<std::string> more) {
    more.insert(more.begin(), {"unclean-election", "--bug", "Z10"});
    return hunt(std::move(more));
}

std::string first_finding(const std::string& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("finding-1-")) return entry.path();
    }
    return {};
}

TEST(HuntCommand, InShardsLeavesTheReprosOfTheWholeOnceJoined) {
    const Folder folder;
    for (const std::string shard : {"1/2", "2/2"}) {
        const Said said =
            run_program(losing({"--seeds", "1..2", "--shard", shard, "--out", folder / "parts"}));
        EXPECT_EQ(said.exit_code, 1) << said.err;
    }
    const Said said = run_program(hunt({"--merge", folder / "parts", "--out", folder / "whole"}));
    EXPECT_EQ(said.exit_code, 1) << said.err;
    EXPECT_THAT(said.last_line(), HasSubstr("2 failed, 0 passed"));
    EXPECT_THAT(said.last_line(), HasSubstr("seeds=1..2"));
    const std::string finding = first_finding(folder / "whole");
    ASSERT_NE(finding, "") << said.out;
    const Said again = run_program({"replay", finding});
    EXPECT_EQ(again.exit_code, 1) << again.err;
    EXPECT_THAT(again.out, HasSubstr("replay: bit for bit"));
    // Where nothing is kept, the line that runs it again is whole.
    EXPECT_THAT(run_program(hunt({"--merge", folder / "parts"})).out,
                HasSubstr("squall run unclean-election --seed 1 --bug Z10"));
}

TEST(HuntCommand, DoesNotJoinHuntsOfDifferentScenariosOfOneName) {
    const Folder folder;
    ASSERT_EQ(run_program(losing({"--seeds", "1", "--out", folder / "armed"})).exit_code, 1);
    ASSERT_EQ(run_program(hunt({"unclean-election", "--seeds", "2", "--out", folder / "sound"}))
                  .exit_code,
              0);
    const Said said = run_program(hunt({"--merge", folder / "armed", folder / "sound"}));
    EXPECT_EQ(said.exit_code, 2);
    EXPECT_EQ(said.out, "");
    EXPECT_THAT(said.err, HasSubstr("sound/hunt.sqlite: its hunt ran another unclean-election"));
}

TEST(HuntCommand, IsStoppedWithWhatItHasAndGoesOn) {
    const Folder folder;
    ProgramOptions options;
    options.interrupt_after = std::chrono::milliseconds(1500);
    const Said stopped = run_program(
        hunt({one_crash, "--for", "10m", "--jobs", "1", "--out", folder / "hunt"}), options);
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
    EXPECT_THAT(stopped.last_line(), testing::StartsWith("hunt: 0 failed, "));
    const Said refused =
        run_program(hunt({one_crash, "--seeds", "1..2", "--out", folder / "hunt"}));
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("--resume goes on with it"));
    const Said resumed =
        run_program(hunt({one_crash, "--seeds", "1..2", "--resume", "--out", folder / "hunt"}));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_THAT(resumed.last_line(), HasSubstr("seeds=1.."));
}

TEST(ShrinkCommand, NamesTheCausesThatThereAre) {
    const Said said = run_program(
        {"shrink", "unclean-election", "--seed", "1", "--bug", "Z10", "--cause", "after tea"});
    EXPECT_EQ(said.exit_code, 2);
    EXPECT_THAT(said.err, HasSubstr("--cause after tea: nothing has this cause"));
    EXPECT_THAT(said.err, HasSubstr("'after crash'"));
}

TEST(ShrinkCommand, SaysWhatItCannotWrite) {
    const Said said = run_program(
        {"shrink", SQUALL_SOURCE_DIR "/tests/cli/hasty.toml", "--seed", "1", "-o", "/dev/full"});
    EXPECT_EQ(said.exit_code, 74);
    EXPECT_THAT(said.err, HasSubstr("/dev/full"));
    EXPECT_THAT(said.out, HasSubstr("[repro]"));
}

}  // namespace
}  // namespace squall::cli
