// WorkerPool: numbered jobs on worker processes, so that a job that crashes, hangs or eats memory
// takes nobody with it.
//
// Each worker is a fork of this process that waits for a job number, does the work, and sends back
// a text. A worker that dies, or runs over its time or its memory, is replaced; what it was at
// becomes an outcome like any other. Nothing here knows what a job is.
//
// A job that hangs is told from one that the machine has no time for by its processor time; the
// limit of wall time is for one that waits for ever.
//
// Requires: one thread in the process when run() is called (fork copies no other).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sim/base/result.h"

namespace squall::scenarios {

struct WorkerLimits {
    unsigned workers = 1;
    std::chrono::milliseconds processor_time{60'000};  // of one job
    std::chrono::milliseconds wall_time{1'800'000};    // likewise
    std::uint64_t memory_bytes = 2ull << 30;           // resident, of one worker
    unsigned jobs_per_worker = 2'000;                  // then a fresh one takes over
};

enum class JobEnd {
    done,
    crashed,        // a signal, or an exit in the middle of the job
    timed_out,      // processor time, or wall time
    out_of_memory,  // resident memory
};
std::string_view to_string(JobEnd end);

struct JobOutcome {
    std::uint64_t job = 0;
    JobEnd end = JobEnd::done;
    std::string text;  // done: what the work returned; otherwise what happened, in words
    std::chrono::nanoseconds wall{};
};

class WorkerPool {
  public:
    // Called in a worker. Must not print: workers share the terminal.
    using Work = std::function<std::string(std::uint64_t job)>;
    // The next job to do; nullopt when there is none, for now and for ever.
    using Next = std::function<std::optional<std::uint64_t>()>;
    using Done = std::function<void(const JobOutcome&)>;
    // Called a few times a second, for progress.
    using Tick = std::function<void()>;

    WorkerPool(WorkerLimits limits, Work work);

    // Runs all jobs; `done` is called in this process, in the order in which they end. Returns when
    // none is left or `stop` is set; then what is under way is given up. Errors: io_error where no
    // process can be made.
    Status run(
        const Next& next, const Done& done, const std::atomic<bool>& stop,
        const Tick& tick = [] {});

  private:
    WorkerLimits limits_;
    Work work_;
};

// How many workers the machine carries.
unsigned usable_processors();

}  // namespace squall::scenarios
