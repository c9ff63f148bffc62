// What a message between two nodes costs through the real network (rules in force that do not
// concern it, the trace hashed), against a floor of its own: ping-pong between two plain handlers
// over a 4-ary heap of callbacks.
//
// Timings are medians over batches in which floor and network take turns: read `ratio`.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/hash.h"
#include "sim/kernel/simulation.h"
#include "sim/network/network.h"

namespace squall::sim {
namespace {

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

template <class Body>
double nanoseconds(const Body& body) {
    const auto begin = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin)
        .count();
}

double median(std::vector<double> values) {
    std::ranges::nth_element(values,
                             values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

void message(benchmark::State& state) {
    PlainPingPong floor;
    Player server, client;
    Simulation simulation({.seed = 1});
    Network network(simulation, {});
    Node& b1 = simulation.add_node({.name = "b1", .clock = {}, .factory = {}});
    Node& c1 = simulation.add_node({.name = "c1", .clock = {}, .factory = {}});
    for (Node* const node : {&b1, &c1}) {
        network.attach(*node);
        node->start();
    }
    for (int i = 0; i < state.range(0); ++i) {
        Rule elsewhere;
        elsewhere.fault_id = "f";
        elsewhere.from = NodeId(100);
        elsewhere.disturbance = disturb::Stall{};
        network.add_rule(elsewhere);
    }
    network.listen(b1, 9092, [&](std::shared_ptr<Connection> connection) {
        server.connection = std::move(connection);
        server.connection->set_handler(&server);
    });
    c1.spawn("client", [&] {
        client.connection = *network.connect(c1, b1.id(), 9092, LocalTime::max());
        client.connection->set_handler(&client);
        client.connection->send(std::make_unique<Ball>());
    });
    simulation.run_until(Time(1s));
    floor.run(10'000);

    std::vector<double> floor_ns, network_ns;
    constexpr std::uint64_t batch = 200;  // short, so that few are interrupted
    for (auto _ : state) {
        floor_ns.push_back(nanoseconds([&] { floor.run(batch); }) / batch);
        const std::uint64_t before = server.hits + client.hits;
        const double spent = nanoseconds([&] { simulation.run_until(simulation.now() + 80ms); });
        network_ns.push_back(spent / static_cast<double>(server.hits + client.hits - before));
        state.SetIterationTime(spent * 1e-9);
    }
    simulation.finish();
    state.counters["floor_ns"] = median(floor_ns);
    state.counters["network_ns"] = median(network_ns);
    state.counters["ratio"] = median(network_ns) / median(floor_ns);
}
// With so many rules in force that concern other nodes.
BENCHMARK(message)->Arg(0)->Arg(4)->UseManualTime()->Iterations(5'000);

}  // namespace
}  // namespace squall::sim
