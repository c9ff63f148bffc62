#include "scenarios/workloads/load.h"

#include <memory>
#include <optional>
#include <utility>

#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "scenarios/workloads/cast.h"

namespace squall::scenarios {
namespace {

using model::TopicPartition;

constexpr std::size_t record_bytes = 100;
constexpr const char* source_name = "source";

std::vector<TopicPartition> partitions_of(const Scenario& scenario) {
    std::vector<TopicPartition> partitions;
    for (const auto& [name, topic] : scenario.topics) {
        for (std::int32_t i = 0; i < topic.partitions; ++i) partitions.push_back({name, i});
    }
    return partitions;
}

// A rate of 0: brokers alone, for what it costs to be idle.
bool sends(const Cluster& cluster) {
    return cluster.scenario().workload.rate > 0;
}

// What outlives a crash of the source.
struct SourceProgress {
    std::uint64_t sent = 0;
    bool storm_is_over = false;
};

class Source final : public sim::Process {
  public:
    Source(sim::Node& node, Cluster& cluster, SourceProgress& progress)
        : node_(node),
          progress_(progress),
          interval_(Duration(std::chrono::nanoseconds(1s)) / cluster.scenario().workload.rate),
          partitions_(partitions_of(cluster.scenario())),
          is_sticky_(cluster.scenario().workload.producer.partitioner_ignore_keys),
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
        while (!progress_.storm_is_over) {
            node_.sleep_for(interval_);
            const std::uint64_t ordinal = progress_.sent++;
            const TopicPartition& partition = partitions_[ordinal % partitions_.size()];
            Bytes value(record_bytes);
            for (std::size_t i = 0; i < sizeof ordinal; ++i) {
                value[i] = static_cast<std::uint8_t>(ordinal >> (8 * i));
            }
            producer_.send(
                {.topic = partition.topic,
                 .partition = is_sticky_ ? std::nullopt : std::optional(partition.partition),
                 .key = std::nullopt,
                 .value = std::move(value),
                 .headers = {},
                 .timestamp = std::nullopt});
        }
        producer_.flush();
    }

    sim::Node& node_;
    SourceProgress& progress_;
    Duration interval_;
    std::vector<TopicPartition> partitions_;
    bool is_sticky_;  // the producer chooses the partition
    model::Producer producer_;
};

// Reads everything from the beginning, without a group.
class Reader final : public sim::Process {
  public:
    Reader(sim::Node& node, Cluster& cluster)
        : consumer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                    options(node, cluster)) {
        node.spawn("main", [this, &node, &cluster] {
            consumer_.assign(partitions_of(cluster.scenario()));
            consumer_.seek_to_beginning();
            while (true) {
                if (!consumer_.poll(1s)) node.sleep_for(1s);
            }
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

    model::Consumer consumer_;
};

class Load final : public Workload {
  public:
    void start(Cluster& cluster) override {
        cast_.emplace(cluster, /*awaits_all_brokers=*/true);
        const auto source = [this, &cluster](sim::Node& node) {
            return std::make_unique<Source>(node, cluster, progress_);
        };
        if (sends(cluster)) {
            cast_->add_application(source_name, source);
        } else {
            cluster.add_client(source_name, source);
        }
        cast_->set_reader(
            [&cluster](sim::Node& node) { return std::make_unique<Reader>(node, cluster); });
        cast_->begin();
    }

    void begin_calm(Cluster& cluster) override {
        progress_.storm_is_over = true;
        if (sends(cluster)) cast_->begin_calm();
    }

  private:
    SourceProgress progress_;
    std::optional<Cast> cast_;
};

}  // namespace

WorkloadEntry load_workload() {
    return {
        .kind = "load",
        .about = "records of 100 bytes at an even rate to all partitions; one reader at the end",
        .client_names =
            [](const Scenario&) {
                return std::vector<std::string>{Cast::admin_name, source_name, Cast::reader_name};
            },
        .topics = {},
        .make = [](const Scenario&) -> std::unique_ptr<Workload> {
            return std::make_unique<Load>();
        }};
}

}  // namespace squall::scenarios
