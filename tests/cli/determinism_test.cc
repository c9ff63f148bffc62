// The law of the house: a seed gives one hash, whatever the machine does. And the proof that the
// doctor sees it when the law is broken.
#include "cli/determinism.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "sim/kernel/simulation.h"
#include "sim/trace/sim_events.h"
#include "tests/cli/program.h"

namespace squall::cli {
namespace {

void expect_one_hash(const DeterminismOptions& options) {
    Determinism determinism(options, {});
    ASSERT_FALSE(determinism.conditions().empty());
    for (const std::string& condition : determinism.conditions()) {
        const Determinism::Finding finding = determinism.examine(condition);
        EXPECT_TRUE(finding.verdict == Determinism::Verdict::equal ||
                    finding.verdict == Determinism::Verdict::not_possible)
            << condition << ": " << finding.text;
    }
}

TEST(Determinism, TwentySeedsOfAShortOrderFlowHaveOneHashEach) {
    expect_one_hash({.scenario = SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml",
                     .set = {{"run.calm", "5s"}},
                     .first = 1,
                     .seeds = 20,
                     .program = SQUALL_BINARY});
}

TEST(Determinism, TheWholeOrderFlowHasOneHashForEachSeed) {
    expect_one_hash(
        {.scenario = "order-flow", .set = {}, .first = 100, .seeds = 3, .program = SQUALL_BINARY});
}

TEST(Doctor, IsContentWithThisProgram) {
    const Said said = run_program(
        {"doctor", "--seeds", "1", "--scenario", SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml"});
    EXPECT_EQ(said.exit_code, 0) << said.out;
    EXPECT_EQ(said.last_line(), "doctor: runs are deterministic on this machine");
}

TEST(Doctor, NamesTheFirstEventThatAnAddressLeakedInto) {
    const Said said = run_program(
        {"doctor", "--seeds", "1", "--scenario", SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml"},
        {.binary = LEAKY_SQUALL_BINARY});
    EXPECT_EQ(said.exit_code, 70) << said.out;
    EXPECT_EQ(said.last_line(), "doctor: runs are NOT deterministic on this machine");
    // The first event that differs is the leak itself, not one of the many after it.
    const std::size_t at = said.out.find("first difference: event ");
    ASSERT_NE(at, std::string::npos) << said.out;
    const std::string told = said.out.substr(at, said.out.find("BROKEN", at) - at);
    for (const char* side : {"\n  < ", "\n  > "}) {
        const std::size_t line = told.find(side);
        ASSERT_NE(line, std::string::npos) << told;
        EXPECT_THAT(told.substr(line, told.find('\n', line + 1) - line),
                    testing::HasSubstr(R"("event":"AddressLeaked")"));
    }
}

constexpr const char* beside = "beside another run on a second thread";

DeterminismOptions one_seed() {
    return {.scenario = SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml",
            .set = {{"run.storm", "14s"}, {"run.calm", "5s"}},
            .first = 1,
            .seeds = 1};
}

TEST(DeterminismInProcess, TheSecondThreadMustTellWhatItTellsAlone) {
    const std::thread::id here = std::this_thread::get_id();
    Determinism same(one_seed(), {});
    EXPECT_EQ(same.examine(beside).verdict, Determinism::Verdict::equal);
    Determinism leaky(one_seed(), {.prepare = [here](sim::Simulation& simulation) {
                          if (std::this_thread::get_id() == here) return;
                          simulation.control_at(Time(1s), [&simulation] {
                              simulation.trace().emit_as_harness(sim::CalmBegan{});
                          });
                      }});
    const Determinism::Finding finding = leaky.examine(beside);
    EXPECT_EQ(finding.verdict, Determinism::Verdict::different);
    EXPECT_THAT(finding.text, testing::HasSubstr("second thread"));
}

TEST(DeterminismInProcess, WhatFailsOnTheSecondThreadIsThrownHere) {
    const std::thread::id here = std::this_thread::get_id();
    Determinism failing(one_seed(), {.prepare = [here](sim::Simulation&) {
                            if (std::this_thread::get_id() != here)
                                throw std::runtime_error("there");
                        }});
    EXPECT_THROW(failing.examine(beside), std::runtime_error);
}

}  // namespace
}  // namespace squall::cli
