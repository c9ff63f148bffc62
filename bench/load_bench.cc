// What a simulation of load costs: 5 brokers, replication factor 3, acks=all, records of 100 bytes
// at an even rate, put into partitions by Kafka's partitioner or one by one; every event observed
// by every checker (the history of clients, and the invariants of brokers and controllers), nothing
// kept of the trace but its hash. And how a cluster grows: 10, 30, 100 brokers with 100 partitions
// each, from power on to all of them served.
//
// A row is one run in a process of its own, whose time is this thread's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
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

// Where a record goes: with Kafka's partitioner several share a batch, one by one hardly any do.
enum class Spread { by_partitioner, one_by_one };

Scenario five_brokers(std::uint32_t rate, Duration storm, Spread spread) {
    Scenario scenario;
    scenario.name = "load";
    scenario.run.storm = storm;
    scenario.run.calm = 5s;
    scenario.cluster.brokers = 5;
    scenario.topics["load"] = {
        .partitions = 5, .replication = 3, .config = {{"min.insync.replicas", "2"}}};
    scenario.workload.kind = "load";
    scenario.workload.rate = rate;
    scenario.workload.producer.partitioner_ignore_keys = spread == Spread::by_partitioner;
    return scenario;
}

// Simulated seconds per second of one core, from power on to the end of the judging.
void measure(benchmark::State& state, const Scenario& scenario) {
    for (auto _ : state) {
        RunResult result;
        const double spent = nanoseconds([&] {
            result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
        });
        // Where nobody sends anything, no promise is put to the test.
        const Verdict expected = scenario.workload.rate > 0 ? Verdict::pass : Verdict::vacuous;
        if (result.verdict != expected) return state.SkipWithError(result.why.c_str());
        const auto simulated = static_cast<double>(result.simulated.count());
        state.counters["simulated_per_wall"] = simulated / spent;
        state.counters["events"] = static_cast<double>(result.events);
        const auto records = static_cast<double>(result.operations["send"].ok);
        state.counters["records"] = records;
        if (records > 0) state.counters["us_per_record"] = spent / 1e3 / records;
        state.counters["peak_MB"] = status_megabytes("VmHWM");
    }
}

void measure_load(benchmark::State& state, Spread spread) {
    const auto rate = static_cast<std::uint32_t>(state.range(0));
    const Duration storm = rate >= 10'000 ? Duration(20s) : Duration(100s);
    measure(state, five_brokers(rate, storm, spread));
}

void records_per_second(benchmark::State& state) {
    measure_load(state, Spread::by_partitioner);
}
BENCHMARK(records_per_second)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// The most requests that so many records can make.
void records_one_by_one(benchmark::State& state) {
    measure_load(state, Spread::one_by_one);
}
BENCHMARK(records_one_by_one)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// Heartbeats, fetches that find nothing, and the quorum keep a cluster alive that nobody uses.
void idle(benchmark::State& state) {
    measure(state, five_brokers(0, 10'000s, Spread::one_by_one));
}
BENCHMARK(idle)->Iterations(1)->Unit(benchmark::kMillisecond);

// 60 simulated seconds from power on, in which every partition gets its leader and takes a record.
void brokers_with_100_partitions_each(benchmark::State& state) {
    const auto brokers = static_cast<std::uint32_t>(state.range(0));
    // So many records that each partition gets one.
    Scenario scenario = five_brokers(brokers * 5 / 2, 55s, Spread::one_by_one);
    scenario.cluster.brokers = brokers;
    scenario.cluster.controllers = 3;
    scenario.topics["load"].partitions = static_cast<std::int32_t>(brokers * 100);
    for (auto _ : state) {
        RunResult result;
        std::set<model::TopicPartition> served;
        Duration first{};
        Duration last{};
        RunOptions options{.seed = 1, .trace_level = sim::TraceLevel::hash_only};
        options.prepare = [&](sim::Simulation& simulation) {
            simulation.trace().observe([&](const sim::Event& event) {
                const auto* const sent = event.as<model::SendCompleted>();
                if (sent == nullptr || sent->outcome != model::Outcome::ok) return;
                if (!served.insert(sent->partition).second) return;
                last = event.time - Time{};
                if (served.size() == 1) first = last;
            });
        };
        const double spent = nanoseconds([&] { result = run(scenario, options); });
        if (result.verdict != Verdict::pass) return state.SkipWithError(result.why.c_str());
        if (served.size() != std::size_t{brokers} * 100) {
            return state.SkipWithError("partitions that took no record");
        }
        state.counters["partitions"] = brokers * 100;
        state.counters["first_served_s"] = std::chrono::duration<double>(first).count();
        state.counters["all_served_s"] = std::chrono::duration<double>(last).count();
        state.counters["wall_s"] = spent / 1e9;
        state.counters["ms_per_partition"] = spent / 1e6 / (brokers * 100);
        state.counters["frames"] = static_cast<double>(result.probes["FrameSent"]);
        state.counters["us_per_frame"] = spent / 1e3 / state.counters["frames"];
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
