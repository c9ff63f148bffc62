// What the kernel costs, against a floor of its own: a plain loop of callbacks over a 4-ary heap,
// with no fibers, no cancellation, no order among equals, no trace context.
//
// Timings are medians over batches in which floor and kernel take turns, so that a noisy machine
// disturbs both alike: read `ratio`.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "sim/base/hash.h"
#include "sim/kernel/simulation.h"
#include "sim/kernel/wait.h"

namespace squall::sim {
namespace {

using bench::count_instructions;
using bench::median;
using bench::nanoseconds;
using bench::status_megabytes;

// Between 1 and 2 ms: who sleeps how long the n-th time, in floor and kernel alike.
Duration pause_of(std::uint64_t sleeper, std::uint64_t n) {
    return Duration(1'000'000 + static_cast<std::int64_t>(mix(sleeper << 32 ^ n) % 1'000'000));
}

// The floor.
class CallbackLoop {
  public:
    explicit CallbackLoop(std::uint64_t sleepers) : counts_(sleepers) {
        for (std::uint64_t i = 0; i < sleepers; ++i) push({pause_of(i, 0).count(), next_++, i});
    }

    void run(std::uint64_t events) {
        for (std::uint64_t i = 0; i < events; ++i) {
            const Event event = pop();
            now_ = event.time;
            callback_(*this, event.sleeper);
        }
    }

  private:
    struct Event {
        std::int64_t time;
        std::uint64_t sequence;
        std::uint64_t sleeper;

        bool operator<(const Event& other) const {
            return time != other.time ? time < other.time : sequence < other.sequence;
        }
    };

    static void on_event(CallbackLoop& loop, std::uint64_t sleeper) {
        const std::uint64_t n = ++loop.counts_[sleeper];
        loop.push({loop.now_ + pause_of(sleeper, n).count(), loop.next_++, sleeper});
    }

    void push(Event event) {
        heap_.push_back(event);
        std::size_t at = heap_.size() - 1;
        while (at > 0 && event < heap_[(at - 1) / 4]) {
            heap_[at] = heap_[(at - 1) / 4];
            at = (at - 1) / 4;
        }
        heap_[at] = event;
    }

    Event pop() {
        const Event top = heap_.front();
        const Event last = heap_.back();
        heap_.pop_back();
        const std::size_t size = heap_.size();
        std::size_t at = 0;
        for (std::size_t first = 1; first < size; first = at * 4 + 1) {
            std::size_t least = first;
            const std::size_t end = std::min(first + 4, size);
            for (std::size_t child = first + 1; child < end; ++child) {
                if (heap_[child] < heap_[least]) least = child;
            }
            if (!(heap_[least] < last)) break;
            heap_[at] = heap_[least];
            at = least;
        }
        if (size > 0) heap_[at] = last;
        return top;
    }

    std::vector<Event> heap_;
    std::vector<std::uint64_t> counts_;
    std::int64_t now_ = 0;
    std::uint64_t next_ = 0;
    // Read from memory at each event, as any loop of callbacks would.
    void (*volatile callback_)(CallbackLoop&, std::uint64_t) = &on_event;
};

Node& started_node(Simulation& simulation, std::string name) {
    Node& node = simulation.add_node({.name = std::move(name)});
    node.start();
    return node;
}

// A short simulation of three nodes with 100 tasks each, from its making to its end.
void run_short_simulation(std::uint64_t seed) {
    Simulation simulation({.seed = seed});
    for (const char* const name : {"b1", "b2", "b3"}) {
        Node& node = started_node(simulation, name);
        for (int i = 0; i < 100; ++i) {
            node.spawn("task", [&node] {
                for (;;) node.sleep_for(1ms);
            });
        }
    }
    simulation.run_until(Time(2ms));
}

void short_simulation(benchmark::State& state) {
    std::uint64_t seed = 0;
    for (auto _ : state) run_short_simulation(seed++);
}
BENCHMARK(short_simulation)->Unit(benchmark::kMillisecond);

void memory_after_2000_simulations(benchmark::State& state) {
    for (auto _ : state) {
        for (std::uint64_t seed = 0; seed < 200; ++seed) run_short_simulation(seed);
        const double after_200 = status_megabytes("VmRSS");
        for (std::uint64_t seed = 200; seed < 2000; ++seed) run_short_simulation(seed);
        const double after_2000 = status_megabytes("VmRSS");
        state.counters["MB_after_200"] = after_200;
        state.counters["MB_after_2000"] = after_2000;
        state.counters["ratio"] = after_2000 / after_200;
    }
}
// First, as the others leave more memory behind.
BENCHMARK(memory_after_2000_simulations)->Iterations(1)->Unit(benchmark::kMillisecond);

// So many tasks asleep, each for a while, again and again; and as many sleepers in the floor.
class TimerEvents {
  public:
    explicit TimerEvents(std::uint64_t sleepers)
        // A sleep is 1.5 ms on average: this is about so many events.
        : events_(std::max<std::uint64_t>(20'000, 2 * sleepers)),
          batch_(static_cast<std::int64_t>(events_ * 1'500'000 / sleepers)),
          floor_(sleepers),
          simulation_({.seed = 1}) {
        Node& node = started_node(simulation_, "n");
        for (std::uint64_t i = 0; i < sleepers; ++i) {
            node.spawn("sleeper", [&node, i] {
                for (std::uint64_t n = 0;; ++n) node.sleep_for(pause_of(i, n));
            });
        }
        run_floor();
        run_kernel();
    }

    // How many events the floor runs at a time.
    std::uint64_t events() const { return events_; }
    void run_floor() { floor_.run(events_); }
    // Returns how many events ran: each is two steps, the timer, and the task that it wakes.
    std::uint64_t run_kernel() {
        const std::uint64_t steps_before = simulation_.steps();
        simulation_.run_until(simulation_.now() + batch_);
        return (simulation_.steps() - steps_before) / 2;
    }

  private:
    std::uint64_t events_;
    Duration batch_;
    CallbackLoop floor_;
    Simulation simulation_;
};

// One wake-up from a sleep, with so many tasks asleep.
void timer_event(benchmark::State& state) {
    TimerEvents timers(static_cast<std::uint64_t>(state.range(0)));
    std::vector<double> floor_ns, kernel_ns;
    for (auto _ : state) {
        floor_ns.push_back(nanoseconds([&] { timers.run_floor(); }) /
                           static_cast<double>(timers.events()));
        std::uint64_t events = 0;
        const double spent = nanoseconds([&] { events = timers.run_kernel(); });
        kernel_ns.push_back(spent / static_cast<double>(events));
        state.SetIterationTime(spent * 1e-9);
    }
    state.counters["floor_ns"] = median(floor_ns);
    state.counters["kernel_ns"] = median(kernel_ns);
    state.counters["ratio"] = median(kernel_ns) / median(floor_ns);
}
BENCHMARK(timer_event)->Arg(10)->Arg(1'000)->Arg(20'000)->UseManualTime()->Iterations(200);

// The same with 1,000 tasks, for callgrind: bench/run divides the instructions of both dumps by the
// events told here.
void timer_event_instructions(benchmark::State& state) {
    for (auto _ : state) {
        TimerEvents timers(1'000);
        count_instructions("floor", [&] { timers.run_floor(); });
        std::uint64_t events = 0;
        count_instructions("measured", [&] { events = timers.run_kernel(); });
        state.counters["floor_events"] = static_cast<double>(timers.events());
        state.counters["measured_events"] = static_cast<double>(events);
    }
}
BENCHMARK(timer_event_instructions)->Iterations(1);

// A value to a waiting task of the same node, and its answer.
void mailbox_round_trip(benchmark::State& state) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "n");
    Mailbox<int> there(node), back(node);
    std::int64_t trips = 0;
    node.spawn("answers", [&] {
        for (;;) back.push(there.pop());
    });
    node.spawn("asks", [&] {
        for (;;) {
            for (int i = 0; i < 1000; ++i) {
                there.push(i);
                back.pop();
            }
            trips += 1000;
            node.sleep_for(1ms);
        }
    });
    for (auto _ : state) simulation.run_until(simulation.now() + 1ms);
    state.SetItemsProcessed(trips);
}
BENCHMARK(mailbox_round_trip);

// A wait with a deadline that a value comes before: arming and cancelling the timer of a request.
void request_with_timeout(benchmark::State& state) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "n");
    Completer<int> pending;
    Gate asked(node);
    std::int64_t requests = 0;
    node.spawn("serves", [&] {
        for (;;) {
            asked.wait();
            asked.close();
            pending.complete(1);
        }
    });
    node.spawn("asks", [&] {
        for (;;) {
            for (int i = 0; i < 1000; ++i) {
                Completion<int> completion(node);
                pending = completion.completer();
                asked.open();
                completion.await_until(node.now() + 30s);
            }
            requests += 1000;
            node.sleep_for(1ms);
        }
    });
    for (auto _ : state) simulation.run_until(simulation.now() + 1ms);
    state.SetItemsProcessed(requests);
}
BENCHMARK(request_with_timeout);

// A task from its spawning to its end.
void spawn(benchmark::State& state) {
    Simulation simulation({.seed = 1});
    Node& node = started_node(simulation, "n");
    std::int64_t spawned = 0;
    node.spawn("spawns", [&] {
        for (;;) {
            for (int i = 0; i < 1000; ++i) {
                node.spawn("short", [&spawned] { ++spawned; });
                node.sleep_for(0s);
            }
            node.sleep_for(1ms);
        }
    });
    for (auto _ : state) simulation.run_until(simulation.now() + 1ms);
    state.SetItemsProcessed(spawned);
}
BENCHMARK(spawn);

void crash_and_restart(benchmark::State& state) {
    constexpr int tasks = 100;
    Simulation simulation({.seed = 1});
    Node& node = simulation.add_node({.name = "n", .factory = [](Node& self) {
                                          for (int i = 0; i < tasks; ++i) {
                                              self.spawn("task", [&self] { self.sleep_for(1h); });
                                          }
                                          return std::unique_ptr<Process>();
                                      }});
    node.start();
    for (auto _ : state) {
        simulation.run_until(simulation.now() + 1ms);
        node.stop(StopReason::crash);
        node.start();
    }
    state.SetItemsProcessed(state.iterations() * tasks);
}
BENCHMARK(crash_and_restart);

}  // namespace
}  // namespace squall::sim
