#include "scenarios/workloads/key_values.h"

#include <memory>
#include <optional>
#include <utility>

#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "model/events/table_events.h"
#include "model/protocol/record_batch.h"
#include "scenarios/workloads/cast.h"
#include "sim/base/distribution.h"

namespace squall::scenarios {
namespace {

using model::TopicPartition;

constexpr const char* values_topic = "values";
constexpr const char* writer_name = "writer";
constexpr const char* table_name = "table";
constexpr std::uint64_t keys = 100;  // many of them are written once or twice, and then never again
constexpr std::uint32_t deletions_percent = 20;
constexpr std::size_t value_bytes = 400;

// What outlives a crash of the writer.
struct WriterProgress {
    std::uint64_t writes = 0;
    bool storm_is_over = false;
};

model::RecordId identity(const model::ProducerRecord& record) {
    std::vector<model::HeaderView> headers;
    for (const model::RecordHeader& header : record.headers) {
        headers.push_back({.key = header.key, .value = ByteView(*header.value)});
    }
    const auto view = [](const std::optional<Bytes>& bytes) {
        return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
    };
    return model::record_id(view(record.key), view(record.value), headers);
}

class Writer final : public sim::Process {
  public:
    Writer(sim::Node& node, Cluster& cluster, WriterProgress& progress)
        : node_(node),
          progress_(progress),
          noise_(cluster.simulation().noise()),
          interval_(DurationDistribution::Exponential{Duration(std::chrono::nanoseconds(1s)) /
                                                      cluster.scenario().workload.rate}),
          producer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                    options(node, cluster)) {
        node.spawn("main", [this] { run(); });
    }

  private:
    static model::ProducerOptions options(const sim::Node& node, const Cluster& cluster) {
        model::ProducerOptions options = cluster.scenario().workload.producer;
        options.client.client_id = node.name();
        return options;
    }

    void run() {
        Draws& draws = node_.draws("write interval");
        while (!progress_.storm_is_over) {
            node_.sleep_for(interval_.draw(draws));
            write(progress_.writes++);
        }
        producer_.flush();
    }

    // The n-th write is the same in every run of a seed, whatever else happens. Each carries its
    // number, so that no two are the same record.
    void write(std::uint64_t number) {
        Draws draws(noise_, Meaning("key value").with(number));
        const std::string key = fmt::format("key-{:02}", draws.below(keys));
        const bool deletes = draws.below(100) < deletions_percent;
        std::string text = fmt::format("write {} of {} ", number, key);
        text.resize(value_bytes, '.');
        model::ProducerRecord record{
            .topic = values_topic,
            .partition = std::nullopt,
            .key = to_bytes(key),
            .value = deletes ? std::nullopt : std::optional(to_bytes(text)),
            .headers = {{"number", to_bytes(fmt::format("{}", number))}},
            .timestamp = std::nullopt};
        node_.emit(model::KeyWritten{.topic = record.topic,
                                     .key = key,
                                     .record = identity(record),
                                     .is_tombstone = deletes});
        producer_.send(std::move(record));
    }

    sim::Node& node_;
    WriterProgress& progress_;
    Noise noise_;
    DurationDistribution interval_;
    model::Producer producer_;
};

// Reads the topic from the beginning; again and again, with a pause after each poll, or once.
class Table final : public sim::Process {
  public:
    enum class Rebuilds { over_and_over, once };

    Table(sim::Node& node, Cluster& cluster, Rebuilds rebuilds)
        : node_(node),
          consumer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                    options(node, cluster)) {
        std::vector<TopicPartition> partitions;
        const TopicSection& topic = cluster.scenario().topics.at(values_topic);
        for (std::int32_t i = 0; i < topic.partitions; ++i) partitions.push_back({values_topic, i});
        node.spawn("main", [this, partitions, rebuilds] {
            consumer_.assign(partitions);
            while (true) rebuild(rebuilds);
        });
    }

  private:
    static model::ConsumerOptions options(const sim::Node& node, const Cluster& cluster) {
        model::ConsumerOptions options = cluster.scenario().workload.consumer;
        options.client.client_id = node.name();
        options.group_id.clear();
        options.enable_auto_commit = false;
        return options;
    }

    // Ends when there is nothing more to read for a moment.
    void rebuild(Rebuilds rebuilds) {
        constexpr Duration pause = 150ms;
        consumer_.seek_to_beginning();
        for (int empty = 0; empty < 2 || rebuilds == Rebuilds::once;) {
            const Result<std::vector<model::ConsumerRecord>> polled = consumer_.poll(500ms);
            if (!polled) {
                node_.sleep_for(1s);
                continue;
            }
            empty = polled->empty() ? empty + 1 : 0;
            if (rebuilds == Rebuilds::over_and_over) node_.sleep_for(pause);
        }
    }

    sim::Node& node_;
    model::Consumer consumer_;
};

class KeyValues final : public Workload {
  public:
    void start(Cluster& cluster) override {
        cast_.emplace(cluster);
        cast_->add_application(writer_name, [this, &cluster](sim::Node& node) {
            return std::make_unique<Writer>(node, cluster, progress_);
        });
        cast_->add_application(table_name, [&cluster](sim::Node& node) {
            return std::make_unique<Table>(node, cluster, Table::Rebuilds::over_and_over);
        });
        cast_->set_reader([&cluster](sim::Node& node) {
            return std::make_unique<Table>(node, cluster, Table::Rebuilds::once);
        });
        cast_->begin();
    }

    void begin_calm(Cluster&) override {
        progress_.storm_is_over = true;
        cast_->begin_calm();
    }

  private:
    WriterProgress progress_;
    std::optional<Cast> cast_;
};

}  // namespace

WorkloadEntry key_values_workload() {
    return {.kind = "key-values",
            .about = "a table written key by key, with deletions, and rebuilt from its topic",
            .client_names =
                [](const Scenario&) {
                    return std::vector<std::string>{Cast::admin_name, writer_name, table_name,
                                                    Cast::reader_name};
                },
            .topics = {values_topic},
            .make = [](const Scenario&) -> std::unique_ptr<Workload> {
                return std::make_unique<KeyValues>();
            }};
}

}  // namespace squall::scenarios
