// What a message between two nodes costs through the real network (rules in force that do not
// concern it, the trace hashed), against a floor of its own: ping-pong between two plain handlers
// over a 4-ary heap of callbacks.
//
// Timings are medians over batches in which floor and network take turns: read `ratio`.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure.h"
#include "sim/base/hash.h"
#include "sim/kernel/simulation.h"
#include "sim/network/network.h"

namespace squall::sim {
namespace {

using bench::count_instructions;
using bench::median;
using bench::nanoseconds;

// The floor: each delivery is an event; its handler draws a latency and sends the answer.
class PlainPingPong {
  public:
    PlainPingPong() { push({0, 0, 0}); }

    void run(std::uint64_t messages) {
        for (std::uint64_t i = 0; i < messages; ++i) {
            const Delivery delivery = heap_.front();
            std::ranges::pop_heap(heap_, std::greater<>());
            heap_.pop_back();
            now_ = delivery.time;
            handlers_[delivery.to](*this, delivery.to);
        }
    }

  private:
    struct Delivery {
        std::int64_t time;
        std::uint64_t sequence;
        std::uint64_t to;
        auto operator<=>(const Delivery&) const = default;
    };

    static void on_message(PlainPingPong& loop, std::uint64_t at) {
        const std::uint64_t n = ++loop.counts_[at];
        const auto latency = static_cast<std::int64_t>(mix(at << 32 ^ n) % 1'000'000);
        loop.push({loop.now_ + latency, ++loop.sequence_, 1 - at});
    }
    void push(Delivery delivery) {
        heap_.push_back(delivery);
        std::ranges::push_heap(heap_, std::greater<>());
    }

    std::vector<Delivery> heap_;
    std::uint64_t counts_[2] = {};
    std::int64_t now_ = 0;
    std::uint64_t sequence_ = 0;
    using Handler = void (*)(PlainPingPong&, std::uint64_t);
    // Read from memory at each message, as any loop of callbacks would.
    Handler volatile handlers_[2] = {&on_message, &on_message};
};

struct Ball final : Payload {
    std::unique_ptr<Payload> clone() const override { return std::make_unique<Ball>(); }
    std::string_view label() const override { return "Fetch"; }
    std::uint32_t size_bytes() const override { return 100; }
    bool is_request() const override { return true; }
};

struct Player final : FrameHandler {
    std::shared_ptr<Connection> connection;
    std::uint64_t hits = 0;
    void on_frame(Connection& from, std::unique_ptr<Payload> ball) override {
        ++hits;
        from.send(std::move(ball));
    }
    void on_closed(Connection&, std::string_view) override {}
};

// Two nodes with a connection between them, and the floor's two handlers.
class PingPong {
  public:
    // With so many rules in force that concern other nodes.
    explicit PingPong(std::int64_t rules) : simulation_({.seed = 1}), network_(simulation_, {}) {
        Node& b1 = simulation_.add_node({.name = "b1", .clock = {}, .factory = {}});
        Node& c1 = simulation_.add_node({.name = "c1", .clock = {}, .factory = {}});
        for (Node* const node : {&b1, &c1}) {
            network_.attach(*node);
            node->start();
        }
        for (std::int64_t i = 0; i < rules; ++i) {
            Rule elsewhere;
            elsewhere.fault_id = "f";
            elsewhere.from = NodeId(100);
            elsewhere.disturbance = disturb::Stall{};
            network_.add_rule(elsewhere);
        }
        network_.listen(b1, 9092, [&](std::shared_ptr<Connection> connection) {
            server_.connection = std::move(connection);
            server_.connection->set_handler(&server_);
        });
        c1.spawn("client", [&] {
            client_.connection = *network_.connect(c1, b1.id(), 9092, LocalTime::max());
            client_.connection->set_handler(&client_);
            client_.connection->send(std::make_unique<Ball>());
        });
        simulation_.run_until(Time(1s));
        run_floor(10'000);
    }
    ~PingPong() { simulation_.finish(); }
    PingPong(const PingPong&) = delete;
    PingPong& operator=(const PingPong&) = delete;

    void run_floor(std::uint64_t messages) { floor_.run(messages); }
    // Returns how many messages arrived.
    std::uint64_t run_network(Duration how_long) {
        const std::uint64_t before = server_.hits + client_.hits;
        simulation_.run_until(simulation_.now() + how_long);
        return server_.hits + client_.hits - before;
    }

  private:
    PlainPingPong floor_;
    Player server_, client_;
    Simulation simulation_;
    Network network_;
};

void message(benchmark::State& state) {
    PingPong game(state.range(0));
    std::vector<double> floor_ns, network_ns;
    constexpr std::uint64_t batch = 200;  // short, so that few are interrupted
    for (auto _ : state) {
        floor_ns.push_back(nanoseconds([&] { game.run_floor(batch); }) / batch);
        std::uint64_t messages = 0;
        const double spent = nanoseconds([&] { messages = game.run_network(80ms); });
        network_ns.push_back(spent / static_cast<double>(messages));
        state.SetIterationTime(spent * 1e-9);
    }
    state.counters["floor_ns"] = median(floor_ns);
    state.counters["network_ns"] = median(network_ns);
    state.counters["ratio"] = median(network_ns) / median(floor_ns);
}
BENCHMARK(message)->Arg(0)->Arg(4)->UseManualTime()->Iterations(5'000);

// The same with four rules, for callgrind: bench/run divides the instructions of both dumps by the
// messages told here.
void message_instructions(benchmark::State& state) {
    constexpr std::uint64_t batch = 2'000;
    for (auto _ : state) {
        PingPong game(4);
        count_instructions("floor", [&] { game.run_floor(batch); });
        std::uint64_t messages = 0;
        count_instructions("measured", [&] { messages = game.run_network(800ms); });
        state.counters["floor_events"] = static_cast<double>(batch);
        state.counters["measured_events"] = static_cast<double>(messages);
    }
}
BENCHMARK(message_instructions)->Iterations(1);

}  // namespace
}  // namespace squall::sim
