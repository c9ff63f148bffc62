// What the promises of a producer cost: the same records at the same rate, by a producer without
// idempotence, by one with it, and in transactions of a hundred; as time of this thread per record,
// and as ratios to the first, measured in turns. Three brokers, replication factor 3, acks=all,
// nobody who judges: what is left is the model. At ten thousand records a second a batch holds many
// records, which cost little each, and the requests that end a transaction weigh the more.
//
// An application that commits every hundred records waits for them before it goes on. So there is
// one more without idempotence, that does the same: every hundred records it flushes. And every
// fetch of a follower counts for every partition that it shares with the leader: those of
// __transaction_state, 50 by default, cost something although they have no news. So there is one
// more with transactions, whose __transaction_state has 3.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <map>
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
constexpr std::uint64_t hundred = 100;  // records in a transaction
constexpr std::size_t record_bytes = 100;
constexpr int rounds = 5;

enum class Promise {
    none,
    none_in_hundreds,
    idempotence,
    transactions,
    transactions_of_few_partitions
};

bool has_transactions(Promise promise) {
    return promise == Promise::transactions || promise == Promise::transactions_of_few_partitions;
}

Scenario three_brokers(Promise promise) {
    Scenario scenario;
    scenario.name = "producers";
    scenario.topics[topic] = {
        .partitions = 3, .replication = 3, .config = {{"min.insync.replicas", "2"}}};
    if (promise == Promise::transactions_of_few_partitions) {
        scenario.cluster.config.transactions.state_topic_num_partitions = 3;
    }
    return scenario;
}

// How far the source is.
struct Sent {
    bool is_ready = false;  // it has said who it is, and sends from the next second on
    std::uint64_t acknowledged = 0;
};

// So many records every millisecond, until all are acknowledged.
class Source final : public sim::Process {
  public:
    Source(sim::Node& node, Cluster& cluster, Promise promise, std::uint64_t records_per_ms,
           Sent& sent)
        : node_(node),
          records_per_ms_(records_per_ms),
          sent_(sent),
          promise_(promise),
          producer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()), options(promise)) {
        node.spawn("main", [this] { run(); });
    }

  private:
    static model::ProducerOptions options(Promise promise) {
        model::ProducerOptions options;
        options.client.client_id = "source";
        options.partitioner_ignore_keys = true;
        options.enable_idempotence = promise == Promise::idempotence || has_transactions(promise);
        if (has_transactions(promise)) options.transactional_id = "source";
        return options;
    }

    void run() {
        const bool is_transactional = has_transactions(promise_);
        while (is_transactional && !producer_.init_transactions().ok()) node_.sleep_for(100ms);
        sent_.is_ready = true;
        node_.sleep_for(1s);
        for (std::uint64_t i = 0; i < records; ++i) {
            if (is_transactional && i % hundred == 0) producer_.begin_transaction();
            producer_.send({.topic = topic,
                            .partition = std::nullopt,
                            .key = std::nullopt,
                            .value = Bytes(record_bytes),
                            .headers = {},
                            .timestamp = std::nullopt},
                           [this](const model::SendResult& result) {
                               if (result.ok()) ++sent_.acknowledged;
                           });
            if ((i + 1) % records_per_ms_ == 0) node_.sleep_for(1ms);
            if ((i + 1) % hundred != 0) continue;
            if (is_transactional) producer_.commit_transaction();
            if (promise_ == Promise::none_in_hundreds) producer_.flush();
        }
        producer_.flush();
    }

    sim::Node& node_;
    std::uint64_t records_per_ms_;
    Sent& sent_;
    Promise promise_;
    model::Producer producer_;
};

// Of this thread, from when topic and producer are ready; 0: some record was not acknowledged.
double nanoseconds_per_record(Promise promise, std::uint64_t records_per_ms) {
    const Scenario scenario = three_brokers(promise);
    Cluster cluster(scenario, 1, {}, 1'000'000'000);
    Sent sent;
    bool is_ready = false;
    Machine& admin = cluster.add_client("admin", [&](sim::Node& node) {
        return std::make_unique<TopicsAdmin>(
            node, cluster, [&] { is_ready = true; }, true);
    });
    Machine& source = cluster.add_client("source", [&](sim::Node& node) {
        return std::make_unique<Source>(node, cluster, promise, records_per_ms, sent);
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
    source.want_up();
    run_until([&] { return sent.is_ready; });
    const double spent =
        bench::nanoseconds([&] { run_until([&] { return sent.acknowledged == records; }); });
    simulation.finish();
    return sent.acknowledged == records ? spent / static_cast<double>(records) : 0;
}

void promises_of_producers(benchmark::State& state) {
    const auto records_per_ms = static_cast<std::uint64_t>(state.range(0) / 1'000);
    constexpr std::array promises = {Promise::none, Promise::none_in_hundreds, Promise::idempotence,
                                     Promise::transactions,
                                     Promise::transactions_of_few_partitions};
    for (auto _ : state) {
        std::map<Promise, std::vector<double>> spent;
        for (int round = 0; round < rounds; ++round) {
            for (const Promise promise : promises) {
                spent[promise].push_back(nanoseconds_per_record(promise, records_per_ms));
            }
        }
        std::map<Promise, double> cost;
        for (const Promise promise : promises) {
            cost[promise] = bench::median(spent[promise]);
            if (cost[promise] == 0) return state.SkipWithError("records without an answer");
        }
        const double plain = cost[Promise::none];
        state.counters["plain_us_per_record"] = plain / 1e3;
        state.counters["plain_in_hundreds"] = cost[Promise::none_in_hundreds] / plain;
        state.counters["idempotent"] = cost[Promise::idempotence] / plain;
        state.counters["transactional"] = cost[Promise::transactions] / plain;
        state.counters["transactional_of_few"] =
            cost[Promise::transactions_of_few_partitions] / plain;
    }
}
BENCHMARK(promises_of_producers)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// One alone, to count its instructions.
void one_producer(benchmark::State& state) {
    for (auto _ : state) {
        const double spent =
            nanoseconds_per_record(static_cast<Promise>(state.range(0)),
                                   static_cast<std::uint64_t>(state.range(1) / 1'000));
        if (spent == 0) return state.SkipWithError("records that were not acknowledged");
        state.counters["us_per_record"] = spent / 1e3;
    }
}
BENCHMARK(one_producer)
    ->ArgsProduct({{0, 1, 2, 3, 4}, {1'000, 10'000}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace squall::scenarios
