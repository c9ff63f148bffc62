// What the promises of a producer cost: the same records at the same times, by a producer without
// idempotence, by one with it, and in transactions of a hundred; as time of this thread per record,
// and as ratios to the first, measured in turns. Three brokers, replication factor 3, acks=all,
// nobody who judges: what is left is the model. At ten thousand records a second a batch holds many
// records, which cost little each, and the requests that end a transaction weigh the more.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "model/client/producer.h"
#include "scenarios/cluster.h"
#include "scenarios/workloads/topics_admin.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

constexpr const char* topic = "load";
constexpr std::uint64_t records = 20'000;
constexpr std::uint64_t records_per_transaction = 100;
constexpr std::size_t record_bytes = 100;
constexpr int rounds = 5;

enum class Promise { none, idempotence, transactions };

Scenario three_brokers() {
    Scenario scenario;
    scenario.name = "producers";
    scenario.topics[topic] = {
        .partitions = 3, .replication = 3, .config = {{"min.insync.replicas", "2"}}};
    return scenario;
}

// So many records every millisecond, until all are acknowledged.
class Source final : public sim::Process {
  public:
    Source(sim::Node& node, Cluster& cluster, Promise promise, std::uint64_t records_per_ms,
           std::uint64_t& acknowledged)
        : node_(node),
          records_per_ms_(records_per_ms),
          acknowledged_(acknowledged),
          is_transactional_(promise == Promise::transactions),
          producer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()), options(promise)) {
        node.spawn("main", [this] { run(); });
    }

  private:
    static model::ProducerOptions options(Promise promise) {
        model::ProducerOptions options;
        options.client.client_id = "source";
        options.partitioner_ignore_keys = true;
        options.enable_idempotence = promise != Promise::none;
        if (promise == Promise::transactions) options.transactional_id = "source";
        return options;
    }

    void run() {
        while (is_transactional_ && !producer_.init_transactions().ok()) node_.sleep_for(100ms);
        for (std::uint64_t i = 0; i < records; ++i) {
            if (is_transactional_ && i % records_per_transaction == 0) begin(i > 0);
            producer_.send({.topic = topic,
                            .partition = std::nullopt,
                            .key = std::nullopt,
                            .value = Bytes(record_bytes),
                            .headers = {},
                            .timestamp = std::nullopt},
                           [this](const model::SendResult& result) {
                               if (result.ok()) ++acknowledged_;
                           });
            if ((i + 1) % records_per_ms_ == 0) node_.sleep_for(1ms);
        }
        if (is_transactional_) producer_.commit_transaction();
        producer_.flush();
    }

    void begin(bool commits_before) {
        if (commits_before) producer_.commit_transaction();
        producer_.begin_transaction();
    }

    sim::Node& node_;
    std::uint64_t records_per_ms_;
    std::uint64_t& acknowledged_;
    bool is_transactional_;
    model::Producer producer_;
};

// Of this thread, from when the topic is ready; 0: some record was not acknowledged.
double nanoseconds_per_record(Promise promise, std::uint64_t records_per_ms) {
    const Scenario scenario = three_brokers();
    Cluster cluster(scenario, 1, {}, 1'000'000'000);
    std::uint64_t acknowledged = 0;
    bool is_ready = false;
    Machine& admin = cluster.add_client("admin", [&](sim::Node& node) {
        return std::make_unique<TopicsAdmin>(
            node, cluster, [&] { is_ready = true; }, true);
    });
    Machine& source = cluster.add_client("source", [&](sim::Node& node) {
        return std::make_unique<Source>(node, cluster, promise, records_per_ms, acknowledged);
    });
    sim::Simulation& simulation = cluster.simulation();
    const auto run_until = [&](const auto& is_done) {
        const Time give_up = simulation.now() + 300s;
        while (!is_done() && simulation.now() < give_up) {
            simulation.run_until(simulation.now() + 100ms);
        }
    };
    cluster.boot();
    admin.want_up();
    run_until([&] { return is_ready; });
    const double spent = bench::nanoseconds([&] {
        source.want_up();
        run_until([&] { return acknowledged == records; });
    });
    simulation.finish();
    return acknowledged == records ? spent / static_cast<double>(records) : 0;
}

void promises_of_producers(benchmark::State& state) {
    const auto records_per_ms = static_cast<std::uint64_t>(state.range(0) / 1'000);
    for (auto _ : state) {
        std::vector<double> plain;
        std::vector<double> idempotent;
        std::vector<double> transactional;
        for (int round = 0; round < rounds; ++round) {
            plain.push_back(nanoseconds_per_record(Promise::none, records_per_ms));
            idempotent.push_back(nanoseconds_per_record(Promise::idempotence, records_per_ms));
            transactional.push_back(nanoseconds_per_record(Promise::transactions, records_per_ms));
        }
        const double floor = bench::median(plain);
        if (floor == 0 || bench::median(idempotent) == 0 || bench::median(transactional) == 0) {
            return state.SkipWithError("records that were not acknowledged");
        }
        state.counters["plain_us_per_record"] = floor / 1e3;
        state.counters["idempotent_ratio"] = bench::median(idempotent) / floor;
        state.counters["transactional_ratio"] = bench::median(transactional) / floor;
    }
}
BENCHMARK(promises_of_producers)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace squall::scenarios
