// Jobs on worker processes: what comes back, and what becomes of jobs that crash, hang, or eat
// memory.
#include "scenarios/hunt/worker_pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <vector>

namespace squall::scenarios {
namespace {

using namespace std::chrono_literals;

const std::atomic<bool> never{false};

WorkerPool::Next numbers(std::uint64_t last) {
    return [upcoming = std::uint64_t{1}, last]() mutable -> std::optional<std::uint64_t> {
        if (upcoming > last) return std::nullopt;
        return upcoming++;
    };
}

std::map<std::uint64_t, JobOutcome> run_all(WorkerLimits limits, WorkerPool::Work work,
                                            std::uint64_t jobs) {
    std::map<std::uint64_t, JobOutcome> outcomes;
    WorkerPool pool(limits, std::move(work));
    const Status status = pool.run(
        numbers(jobs),
        [&](const JobOutcome& outcome) {
            EXPECT_TRUE(outcomes.emplace(outcome.job, outcome).second) << outcome.job << " twice";
        },
        never);
    EXPECT_TRUE(status.ok());
    return outcomes;
}

TEST(WorkerPool, DoesEveryJobOnce) {
    const auto outcomes = run_all(
        {.workers = 3}, [](std::uint64_t job) { return std::to_string(job * job); }, 50);
    ASSERT_EQ(outcomes.size(), 50u);
    for (const auto& [job, outcome] : outcomes) {
        EXPECT_EQ(outcome.end, JobEnd::done);
        EXPECT_EQ(outcome.text, std::to_string(job * job));
    }
}

TEST(WorkerPool, WorksInOtherProcesses) {
    const auto outcomes = run_all(
        {.workers = 2}, [](std::uint64_t) { return std::to_string(getpid()); }, 4);
    for (const auto& [job, outcome] : outcomes) EXPECT_NE(outcome.text, std::to_string(getpid()));
}

TEST(WorkerPool, BringsLongTextsBackWhole) {
    const auto outcomes = run_all(
        {.workers = 2}, [](std::uint64_t job) { return std::string(3'000'000, char('a' + job)); },
        3);
    for (const auto& [job, outcome] : outcomes) {
        EXPECT_EQ(outcome.text, std::string(3'000'000, char('a' + job)));
    }
}

TEST(WorkerPool, GoesOnAfterAJobThatCrashes) {
    const auto outcomes = run_all(
        {.workers = 2},
        [](std::uint64_t job) {
            if (job == 3) std::raise(SIGKILL);
            if (job == 4) _exit(7);
            return std::string("fine");
        },
        8);
    ASSERT_EQ(outcomes.size(), 8u);
    for (const auto& [job, outcome] : outcomes) {
        EXPECT_EQ(outcome.end, job == 3 || job == 4 ? JobEnd::crashed : JobEnd::done) << job;
    }
    EXPECT_NE(outcomes.at(3).text.find("signal 9"), std::string::npos) << outcomes.at(3).text;
    EXPECT_EQ(outcomes.at(4).text, "exited with code 7");
}

TEST(WorkerPool, GivesUpAJobThatHangs) {
    const auto outcomes = run_all(
        {.workers = 1, .wall_time = 300ms},
        [](std::uint64_t job) {
            while (job == 2) pause();
            return std::string("fine");
        },
        3);
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcomes.at(1).end, JobEnd::done);
    EXPECT_EQ(outcomes.at(2).end, JobEnd::timed_out);
    EXPECT_EQ(outcomes.at(3).end, JobEnd::done);
}

// On a machine that has no time for it a job takes long, and does not hang.
TEST(WorkerPool, AJobsTimeIsTheProcessors) {
    const auto outcomes = run_all(
        {.workers = 1, .processor_time = 300ms},
        [](std::uint64_t job) {
            volatile bool spins = job == 2;
            while (spins) {
            }
            if (job == 3) std::this_thread::sleep_for(900ms);
            return std::string("fine");
        },
        3);
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcomes.at(1).end, JobEnd::done);
    EXPECT_EQ(outcomes.at(2).end, JobEnd::timed_out);
    EXPECT_EQ(outcomes.at(3).end, JobEnd::done);
}

TEST(WorkerPool, GivesUpAJobThatEatsMemory) {
    const auto outcomes = run_all(
        {.workers = 1, .wall_time = 60s, .memory_bytes = 256u << 20},
        [](std::uint64_t job) {
            std::vector<std::string> eaten;
            while (job == 2) {
                eaten.emplace_back(16 << 20, 'x');
                if (eaten.size() >= 40) pause();
            }
            return std::string("fine");
        },
        3);
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcomes.at(2).end, JobEnd::out_of_memory) << outcomes.at(2).text;
    EXPECT_EQ(outcomes.at(3).end, JobEnd::done);
}

TEST(WorkerPool, StopsWhenAsked) {
    std::atomic<bool> stop{false};
    std::uint64_t done = 0;
    WorkerPool pool({.workers = 2}, [](std::uint64_t) { return std::string("fine"); });
    const Status status = pool.run(
        numbers(UINT64_MAX),
        [&](const JobOutcome&) {
            if (++done == 20) stop.store(true);
        },
        stop);
    EXPECT_TRUE(status.ok());
    EXPECT_GE(done, 20u);
    EXPECT_LE(done, 22u);
}

TEST(WorkerPool, ReplacesAWorkerThatHasDoneItsShare) {
    const auto outcomes = run_all(
        {.workers = 1, .jobs_per_worker = 2},
        [](std::uint64_t) { return std::to_string(getpid()); }, 6);
    std::map<std::string, int> jobs;
    for (const auto& [job, outcome] : outcomes) ++jobs[outcome.text];
    EXPECT_EQ(jobs.size(), 3u);
}

}  // namespace
}  // namespace squall::scenarios
