// What a simulation of load costs: 5 brokers, replication factor 3, acks=all, records of 100 bytes
// at an even rate; every event observed by every checker (the history of clients, and the
// invariants of brokers and controllers), nothing kept of the trace but its hash. And how a cluster
// grows: 10, 30, 100 brokers with 100 partitions each, from power on to all of them served.
//
// A row is one run in a process of its own, whose time is this thread's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/measure.h"
#include "model/events/client_events.h"
#include "scenarios/cluster.h"
#include "scenarios/run.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

using bench::nanoseconds;
using bench::status_megabytes;

Scenario five_brokers(std::uint32_t rate, Duration storm) {
    Scenario scenario;
    scenario.name = "load";
    scenario.run.storm = storm;
    scenario.run.calm = 5s;
    scenario.cluster.brokers = 5;
    scenario.topics["load"] = {
        .partitions = 5, .replication = 3, .config = {{"min.insync.replicas", "2"}}};
    scenario.workload.kind = "load";
    scenario.workload.rate = rate;
    return scenario;
}

// Simulated seconds per second of one core, from power on to the end of the judging.
void measure(benchmark::State& state, const Scenario& scenario) {
    for (auto _ : state) {
        RunResult result;
        const double spent = nanoseconds([&] {
            result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
        });
        if (result.verdict != Verdict::pass) return state.SkipWithError(result.why.c_str());
        const auto simulated = static_cast<double>(result.simulated.count());
        state.counters["simulated_per_wall"] = simulated / spent;
        state.counters["events"] = static_cast<double>(result.events);
        const auto records = static_cast<double>(result.operations["send"].ok);
        state.counters["records"] = records;
        if (records > 0) state.counters["us_per_record"] = spent / 1e3 / records;
        state.counters["peak_MB"] = status_megabytes("VmHWM");
    }
}

void records_per_second(benchmark::State& state) {
    const auto rate = static_cast<std::uint32_t>(state.range(0));
    const Duration storm = rate >= 10'000 ? Duration(20s) : Duration(100s);
    measure(state, five_brokers(rate, storm));
}
BENCHMARK(records_per_second)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// Heartbeats, fetches that find nothing, and the quorum keep a cluster alive that nobody uses.
void idle(benchmark::State& state) {
    measure(state, five_brokers(0, 10'000s));
}
BENCHMARK(idle)->Iterations(1)->Unit(benchmark::kMillisecond);

// From power on until every partition has a leader that serves, and 60 simulated seconds in all.
void brokers_with_100_partitions_each(benchmark::State& state) {
    const auto brokers = static_cast<std::uint32_t>(state.range(0));
    Scenario scenario = five_brokers(100, 55s);
    scenario.cluster.brokers = brokers;
    scenario.cluster.controllers = 3;
    scenario.topics["load"].partitions = static_cast<std::int32_t>(brokers * 100);
    for (auto _ : state) {
        RunResult result;
        Duration served{};
        RunOptions options{.seed = 1, .trace_level = sim::TraceLevel::hash_only};
        options.prepare = [&](sim::Simulation& simulation) {
            simulation.trace().observe([&](const sim::Event& event) {
                const auto* const sent = event.as<model::SendCompleted>();
                if (sent != nullptr && served == Duration{}) served = event.time - Time{};
            });
        };
        const double spent = nanoseconds([&] { result = run(scenario, options); });
        if (result.verdict != Verdict::pass) return state.SkipWithError(result.why.c_str());
        state.counters["partitions"] = brokers * 100;
        state.counters["served_after_s"] = std::chrono::duration<double>(served).count();
        state.counters["wall_s"] = spent / 1e9;
        state.counters["ms_per_partition"] = spent / 1e6 / (brokers * 100);
        state.counters["events"] = static_cast<double>(result.events);
        state.counters["peak_MB"] = status_megabytes("VmHWM");
        state.counters["KB_per_partition"] = status_megabytes("VmHWM") * 1e3 / (brokers * 100);
    }
}
BENCHMARK(brokers_with_100_partitions_each)
    ->Arg(10)
    ->Arg(30)
    ->Arg(100)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace squall::scenarios
