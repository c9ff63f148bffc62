// Hunt: many seeds of many scenarios on worker processes. A run that crashes, hangs or eats memory
// is a finding with its seed, and the hunt goes on.
//
// Job n of a hunt is scenario n mod S at seed first + n / S (S scenarios): all scenarios at one
// seed, then all at the next, so that a hunt that is cut short has seen a little of everything. The
// plan depends on nothing but this; workers and shards change who does it and when.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "scenarios/hunt/results.h"
#include "scenarios/hunt/shard.h"
#include "scenarios/hunt/worker_pool.h"
#include "scenarios/scenario.h"

namespace squall::scenarios {

struct HuntOptions {
    std::vector<Scenario> scenarios;  // not expanded; names differ
    std::uint64_t first_seed = 1;
    std::optional<std::uint64_t> last_seed;            // absent: until the time is over
    std::optional<std::chrono::nanoseconds> duration;  // of wall time
    Shard shard;
    WorkerLimits limits;
    // Steps of the kernel that one run may take: a run that turns in circles ends as broken.
    std::uint64_t step_budget = 200'000'000;
    // Of scenarios whose storms are drawn, every second run is bred from runs that reached cells of
    // the coverage that none had reached before (see breed.h), at its own seed. Jobs go in rounds:
    // who is bred from depends on the rounds before and on nothing else.
    bool is_guided = false;
};

class Hunt {
  public:
    explicit Hunt(HuntOptions options) : options_(std::move(options)) {}

    // How many runs this shard has to do; nullopt where only time ends it.
    std::optional<std::uint64_t> planned() const;

    // `is_done`: skipped, an earlier hunt has it. `on_record`: each run, as it ends; false: stop.
    // Errors: io_error where no worker can be made.
    Status run(const std::function<bool(std::string_view scenario, std::uint64_t seed)>& is_done,
               const std::function<bool(const RunRecord&)>& on_record,
               const std::function<void()>& on_tick, const std::atomic<bool>& stop);

    static constexpr std::uint64_t jobs_of_a_round = 32;

  private:
    using IsDone = std::function<bool(std::string_view scenario, std::uint64_t seed)>;
    using OnRecord = std::function<bool(const RunRecord&)>;

    // A run that reached something new.
    struct Mother {
        Scenario plan;
        std::size_t scenario = 0;
    };
    Status run_guided(const IsDone& is_done, const OnRecord& on_record,
                      const std::function<void()>& on_tick, const std::atomic<bool>& stop);
    // The plan of the job, if it is to be bred.
    std::optional<Scenario> bred(std::uint64_t job, const std::vector<Mother>& mothers) const;
    RunRecord record_of_job(const JobOutcome& outcome) const;
    bool is_within(std::uint64_t job) const;

    const Scenario& scenario_of(std::uint64_t job) const;
    std::uint64_t seed_of(std::uint64_t job) const;
    std::string work(std::uint64_t job) const;

    HuntOptions options_;
};

// One run in this process, as a worker does it. Never throws: what cannot be run is told as broken.
RunRecord run_for_record(const Scenario& scenario, std::uint64_t seed, std::uint64_t step_budget);

}  // namespace squall::scenarios
