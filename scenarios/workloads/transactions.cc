#include "scenarios/workloads/transactions.h"

#include <fmt/core.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "model/client/consumer.h"
#include "model/events/client_events.h"
#include "model/patterns/mishaps.h"
#include "model/patterns/poll_failure.h"
#include "model/patterns/transactional_client.h"
#include "scenarios/workloads/cast.h"
#include "scenarios/workloads/topic_reader.h"
#include "sim/base/distribution.h"

namespace squall::scenarios {
namespace {

using model::ConsumerRecord;
using model::Offset;
using model::TopicPartition;

constexpr const char* published_topic = "orders";
constexpr const char* copies_topic = "copies";
constexpr std::array<const char*, 3> topics_of_an_order = {published_topic, "payments",
                                                           "shipments"};

constexpr const char* publisher_name = "publisher";
constexpr std::array<const char*, 2> worker_names = {"worker-1", "worker-2"};
constexpr const char* viewer_name = "viewer";

constexpr std::uint32_t taken_back_percent = 10;

// What outlives a crash of an application: its "database".
struct TransactionsProgress {
    std::uint64_t orders = 0;
    std::uint64_t jobs = 0;  // of the workers: also the beat by which the other one sees it
    std::uint64_t copies = 0;
    bool storm_is_over = false;
};

model::ProducerRecord record_of(std::string topic, const std::string& key, std::string value) {
    return {.topic = std::move(topic),
            .partition = std::nullopt,
            .key = to_bytes(key),
            .value = to_bytes(value),
            .headers = {},
            .timestamp = std::nullopt};
}

// Each order goes to three topics at once; some are taken back.
class Publisher final : public sim::Process {
  public:
    Publisher(sim::Node& node, Cluster& cluster, TransactionsProgress& progress)
        : node_(node),
          progress_(progress),
          noise_(cluster.simulation().noise()),
          interval_(DurationDistribution::Exponential{Duration(std::chrono::nanoseconds(1s)) /
                                                      cluster.scenario().workload.rate}),
          client_(station_of(cluster, node), publisher_name) {
        node.spawn("main", [this] { run(); });
    }

  private:
    void run() {
        Draws& draws = node_.draws("order interval");
        while (!progress_.storm_is_over) {
            node_.sleep_for(interval_.draw(draws));
            publish(progress_.orders++);
        }
    }

    // Again and again under the same number, until it is committed or taken back. No two attempts
    // write equal records.
    void publish(std::uint64_t number) {
        Draws draws(noise_, Meaning("published order").with(number));
        const bool is_taken_back = draws.below(100) < taken_back_percent;
        const bool is_flushed = draws.below(2) == 0;
        for (int attempt = 1; !progress_.storm_is_over; ++attempt) {
            const auto end = client_.transact([&](model::Producer& producer) {
                for (const char* topic : topics_of_an_order) {
                    producer.send(record_of(
                        topic, fmt::format("order-{}", number),
                        fmt::format("{} of order {}, attempt {}", topic, number, attempt)));
                }
                if (is_taken_back && is_flushed) producer.flush();
                return !is_taken_back;
            });
            if (end == model::TransactionalClient::End::committed) return;
            if (end == model::TransactionalClient::End::aborted && is_taken_back) return;
        }
    }

    sim::Node& node_;
    TransactionsProgress& progress_;
    Noise noise_;
    DurationDistribution interval_;
    model::TransactionalClient client_;
};

// One of two that stand for the same transactional.id. Works while it may; when it is fenced, or at
// first if it is the second one, it watches the other, and takes over when that one stands still.
class Worker final : public sim::Process {
  public:
    Worker(sim::Node& node, Cluster& cluster, TransactionsProgress& progress)
        : node_(node), progress_(progress), client_(station_of(cluster, node), "worker") {
        node.spawn("main", [this] { run(); });
    }

  private:
    void run() {
        if (node_.name() != worker_names.front() || progress_.jobs > 0) watch();
        while (!progress_.storm_is_over) {
            node_.sleep_for(100ms);
            const std::uint64_t job = progress_.jobs++;
            if (work(job) == model::TransactionalClient::End::fenced) watch();
        }
    }

    // Slowly, so that a fault has something to strike: one record before it, and one behind.
    model::TransactionalClient::End work(std::uint64_t job) {
        Draws& draws = node_.draws("work time");
        const bool is_taken_back = draws.below(100) < taken_back_percent;
        return client_.transact([&](model::Producer& producer) {
            for (const char* topic : topics_of_an_order) {
                producer.send(
                    record_of(topic, fmt::format("job-{}", job),
                              fmt::format("{} of job {} by {}", topic, job, node_.name())));
                node_.sleep_for(Duration(draws.between(10'000'000, 150'000'000)));
            }
            return !is_taken_back;
        });
    }

    void watch() {
        constexpr int patience = 4;
        std::uint64_t seen = progress_.jobs;
        for (int still = 0; still < patience && !progress_.storm_is_over;) {
            node_.sleep_for(1s);
            still = progress_.jobs == seen ? still + 1 : 0;
            seen = progress_.jobs;
        }
    }

    sim::Node& node_;
    TransactionsProgress& progress_;
    model::TransactionalClient client_;
};

// Consume-process-produce: what it makes of orders, and how far it has read them, take effect
// together.
class Copier final : public sim::Process {
  public:
    Copier(sim::Node& node, Cluster& cluster, const std::string& group, const GroupSection& section,
           TransactionsProgress& progress)
        : node_(node),
          group_(group),
          rewinds_(section.rewind),
          progress_(progress),
          mishaps_(*cluster.mishaps_of(node)),
          consumer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                    options(node, cluster, group), cluster.bugs_of(node)),
          client_(station_of(cluster, node), node.name()) {
        node.spawn("main", [this] { run(); });
    }

  private:
    using Positions = std::map<TopicPartition, Offset>;

    static model::ConsumerOptions options(const sim::Node& node, const Cluster& cluster,
                                          const std::string& group) {
        model::ConsumerOptions options = member_options(cluster, node, group);
        options.client.client_id = node.name() + "-in";
        options.enable_auto_commit = false;
        options.isolation_level = model::IsolationLevel::read_committed;
        return options;
    }

    void run() {
        consumer_.subscribe({published_topic});
        while (true) {
            if (const auto away = mishaps_.on_polling(node_, group_)) {
                consumer_.unsubscribe();
                node_.sleep_for(*away);
                consumer_.subscribe({published_topic});
            }
            const Result<std::vector<ConsumerRecord>> batch = consumer_.poll(1s);
            if (!batch) {
                model::survive_failed_poll(node_, consumer_);
                continue;
            }
            if (batch->empty()) continue;
            if (!copy(*batch) && rewinds_) model::rewind_to_committed(consumer_, *batch);
        }
    }

    bool copy(const std::vector<ConsumerRecord>& batch) {
        const model::ConsumerGroupMetadata member{.group_id = group_,
                                                  .generation = consumer_.identity().generation,
                                                  .member_id = consumer_.identity().member_id};
        Draws& draws = node_.draws("handling time");
        const auto end = client_.transact([&](model::Producer& producer) {
            Positions next;
            for (const ConsumerRecord& record : batch) {
                node_.sleep_for(Duration(draws.between(100'000, 2'000'000)));
                mishaps_.on_handling(node_, group_, record);
                const std::string key(record.key ? as_text(*record.key) : std::string_view());
                producer.send(record_of(copies_topic, key,
                                        fmt::format("copy {} of {} offset {}", progress_.copies++,
                                                    record.partition, record.offset)));
                node_.emit(model::RecordHandled{.client_id = node_.name() + "-in",
                                                .group = group_,
                                                .partition = record.partition,
                                                .offset = record.offset,
                                                .record = record.id});
                next[record.partition] = record.offset.next();
            }
            return producer.send_offsets_to_transaction(next, member).ok();
        });
        return end == model::TransactionalClient::End::committed;
    }

    sim::Node& node_;
    std::string group_;
    bool rewinds_;
    TransactionsProgress& progress_;
    model::Mishaps& mishaps_;
    model::Consumer consumer_;
    model::TransactionalClient client_;
};

class Transactions final : public Workload {
  public:
    void start(Cluster& cluster) override {
        cast_.emplace(cluster);
        cast_->add_application(publisher_name, [this, &cluster](sim::Node& node) {
            return std::make_unique<Publisher>(node, cluster, progress_);
        });
        for (const char* name : worker_names) {
            cast_->add_application(name, [this, &cluster](sim::Node& node) {
                return std::make_unique<Worker>(node, cluster, progress_);
            });
        }
        cast_->add_members([this, &cluster](sim::Node& node, const std::string& group,
                                            const GroupSection& section) {
            return std::make_unique<Copier>(node, cluster, group, section, progress_);
        });
        const auto reader = [&cluster](sim::Node& node) {
            return std::make_unique<TopicReader>(node, cluster,
                                                 model::IsolationLevel::read_committed);
        };
        cast_->add_application(viewer_name, reader);
        cast_->set_reader(reader);
        cast_->begin();
    }

    void begin_calm(Cluster&) override {
        progress_.storm_is_over = true;
        cast_->begin_calm();
    }

  private:
    TransactionsProgress progress_;
    std::optional<Cast> cast_;
};

}  // namespace

WorkloadEntry transactions_workload() {
    return {.kind = "transactions",
            .about =
                "orders published to three topics at once, a pair of workers with one "
                "transactional.id, groups that copy exactly once",
            .client_names =
                [](const Scenario& scenario) {
                    std::vector<std::string> names = {Cast::admin_name, publisher_name};
                    names.insert(names.end(), worker_names.begin(), worker_names.end());
                    for (std::string& name : member_names(scenario)) {
                        names.push_back(std::move(name));
                    }
                    names.emplace_back(viewer_name);
                    names.emplace_back(Cast::reader_name);
                    return names;
                },
            .topics = {published_topic, "payments", "shipments", copies_topic},
            .make = [](const Scenario&) -> std::unique_ptr<Workload> {
                return std::make_unique<Transactions>();
            },
            .handlers = member_names};
}

}  // namespace squall::scenarios
