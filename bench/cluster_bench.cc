// What a whole simulated cluster costs: order-flow as the library has it, all checkers on, and
// nothing of the trace kept but its hash.
//
// A simulation runs on one thread, so its time is this thread's own: what else the machine does
// counts little.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/measure.h"
#include "scenarios/cluster.h"
#include "scenarios/run.h"
#include "scenarios/scenario_file.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

using bench::median;
using bench::nanoseconds;
using bench::status_megabytes;

// The machines of order-flow, servers and clients, from their making to their end. Nothing runs
// but what runs at time 0.
void cluster_set_up_and_torn_down(benchmark::State& state) {
    const Scenario scenario = load_scenario("order-flow");
    std::uint64_t seed = 0;
    std::vector<double> spent;
    for (auto _ : state) {
        spent.push_back(nanoseconds([&] {
            const std::unique_ptr<Workload> workload =
                find_workload(scenario.workload.kind)->make(scenario);
            Cluster cluster(scenario, seed++, {.level = sim::TraceLevel::hash_only}, 0);
            workload->start(cluster);
            cluster.boot();
            cluster.simulation().run_until(Time());
            cluster.simulation().finish();
        }));
    }
    state.counters["ms"] = median(spent) / 1e6;
}
BENCHMARK(cluster_set_up_and_torn_down)->Iterations(200)->Unit(benchmark::kMillisecond);

// Whether one process can run simulations for days: short ones, one after another.
void memory_after_2000_clusters(benchmark::State& state) {
    Scenario scenario = load_scenario("order-flow");
    scenario.faults.clear();  // they would strike after the end
    scenario.run.storm = 1s;
    scenario.run.calm = 500ms;
    const auto run_seeds = [&](std::uint64_t from, std::uint64_t to) {
        for (std::uint64_t seed = from; seed < to; ++seed) {
            run(scenario, {.seed = seed, .trace_level = sim::TraceLevel::hash_only});
        }
        return status_megabytes("VmRSS");
    };
    for (auto _ : state) {
        const double after_200 = run_seeds(0, 200);
        const double after_2000 = run_seeds(200, 2000);
        state.counters["MB_after_200"] = after_200;
        state.counters["MB_after_2000"] = after_2000;
        state.counters["ratio"] = after_2000 / after_200;
    }
}
BENCHMARK(memory_after_2000_clusters)->Iterations(1)->Unit(benchmark::kMillisecond);

// Faults and all, a new seed each time. Peak memory is the process's: run it alone.
void order_flow(benchmark::State& state) {
    const Scenario scenario = load_scenario("order-flow");
    std::uint64_t seed = 0;
    std::vector<double> speeds;
    for (auto _ : state) {
        RunResult result;
        const double spent = nanoseconds([&] {
            result = run(scenario, {.seed = ++seed, .trace_level = sim::TraceLevel::hash_only});
        });
        if (result.verdict != Verdict::pass) {
            state.SkipWithError(result.why.c_str());
            return;
        }
        speeds.push_back(static_cast<double>(result.simulated.count()) / spent);
    }
    state.counters["simulated_per_wall"] = median(speeds);
    state.counters["peak_MB"] = status_megabytes("VmHWM");
}
BENCHMARK(order_flow)->Iterations(15)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace squall::scenarios
