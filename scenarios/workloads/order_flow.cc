#include "scenarios/workloads/order_flow.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "model/events/client_events.h"
#include "model/patterns/mishaps.h"
#include "model/patterns/order_events.h"
#include "model/patterns/poll_failure.h"
#include "scenarios/scenario_file.h"
#include "scenarios/workloads/cast.h"
#include "scenarios/workloads/input_file.h"
#include "scenarios/workloads/topic_reader.h"
#include "sim/base/distribution.h"

namespace squall::scenarios {
namespace {

using model::ConsumerRecord;
using model::TopicPartition;

constexpr const char* orders_topic = "orders";
constexpr const char* payments_topic = "payments";
constexpr const char* payment_group = "payment";

// What outlives a crash of an application: its "database". Machines of one workload share nothing
// else.
struct Ledger {
    std::uint64_t next_order = 0;
    bool storm_is_over = false;
};

// ---- applications: straight-line code on the model's clients ----

class OrderService final : public sim::Process {
  public:
    OrderService(sim::Node& node, Cluster& cluster, Ledger& ledger,
                 const std::vector<model::ProducerRecord>& input)
        : node_(node),
          ledger_(ledger),
          input_(input),
          events_(cluster.simulation().noise()),
          interval_(DurationDistribution::Exponential{Duration(std::chrono::nanoseconds(1s)) /
                                                      cluster.scenario().workload.rate}),
          mishaps_(*cluster.mishaps_of(node)),
          producer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                    options(node, cluster), cluster.bugs_of(node)) {
        node.spawn("main", [this] { run(); });
    }

  private:
    static model::ProducerOptions options(const sim::Node& node, const Cluster& cluster) {
        model::ProducerOptions options = cluster.scenario().workload.producer;
        options.client.client_id = node.name();
        return options;
    }

    void run() {
        Draws& draws = node_.draws("order interval");
        while (!ledger_.storm_is_over) {
            node_.sleep_for(interval_.draw(draws));
            if (!input_.empty() && ledger_.next_order >= input_.size()) return;
            const std::uint64_t ordinal = ledger_.next_order++;
            model::ProducerRecord order =
                input_.empty() ? events_.make(ordinal, orders_topic, node_.wall_now())
                               : input_[ordinal];
            if (mishaps_.on_sending(node_, order)) producer_.send(order);
            producer_.send(std::move(order));
        }
        producer_.flush();
    }

    sim::Node& node_;
    Ledger& ledger_;
    const std::vector<model::ProducerRecord>& input_;
    model::OrderEvents events_;
    DurationDistribution interval_;
    model::Mishaps& mishaps_;
    model::Producer producer_;
};

// From the beginning on, or made by an administrator later.
bool has_payments(const Scenario& scenario) {
    return scenario.topics.contains(payments_topic) ||
           std::ranges::any_of(scenario.admin, [](const AdminSection& step) {
               const auto topic = step.options.find("topic");
               return step.kind == "create-topic" && topic != step.options.end() &&
                      topic->second == payments_topic;
           });
}

// A member of a consumer group: handles a batch, then commits it (at-least-once).
class GroupMember final : public sim::Process {
  public:
    GroupMember(sim::Node& node, Cluster& cluster, const std::string& group,
                const GroupSection& section)
        : node_(node),
          group_(group),
          commit_(section.commit),
          pattern_(section.pattern),
          mishaps_(*cluster.mishaps_of(node)),
          consumer_(node, cluster.fabric(), bootstrap_of(cluster.scenario()),
                    member_options(cluster, node, group), cluster.bugs_of(node)) {
        if (group == payment_group && has_payments(cluster.scenario())) {
            model::ProducerOptions options = cluster.scenario().workload.producer;
            options.client.client_id = node.name() + "-out";
            payments_ = std::make_unique<model::Producer>(node, cluster.fabric(),
                                                          bootstrap_of(cluster.scenario()), options,
                                                          cluster.bugs_of(node));
        }
        node.spawn("main", [this] { run(); });
    }

    // The poll that is under way comes to its end, what it gave is handled and committed, then the
    // member leaves its group.
    bool begin_shutdown() override {
        is_leaving_ = true;
        return true;
    }

  private:
    void run() {
        subscribe();
        while (!is_leaving_) {
            if (const auto away = mishaps_.on_polling(node_, group_)) {
                consumer_.unsubscribe();
                node_.sleep_for(*away);
                subscribe();
            }
            Result<std::vector<ConsumerRecord>> batch = consumer_.poll(1s);
            if (!batch) {
                model::survive_failed_poll(node_, consumer_);
                continue;
            }
            if (batch->empty()) continue;
            if (!handle(*batch)) {
                rewind(*batch);
                continue;
            }
            if (commit_ == CommitStyle::sync) consumer_.commit_sync();
            if (commit_ == CommitStyle::async) consumer_.commit_async();
        }
        consumer_.close();
        node_.die_at_next_park(sim::StopReason::shutdown);
    }

    void subscribe() {
        if (pattern_.empty()) {
            consumer_.subscribe({orders_topic});
        } else if (consumer_.options().uses_consumer_protocol()) {
            consumer_.subscribe_to_pattern(pattern_);
        } else {
            consumer_.subscribe(model::TopicPattern::parse(pattern_).value());
        }
    }

    // False: some effect did not happen, so the batch must come again.
    bool handle(const std::vector<ConsumerRecord>& batch) {
        Draws& draws = node_.draws("handling time");
        bool all_paid = true;
        for (const ConsumerRecord& record : batch) {
            node_.sleep_for(Duration(draws.between(100'000, 2'000'000)));
            mishaps_.on_handling(node_, group_, record);
            if (payments_ != nullptr && record.value) {
                const std::string key(record.key ? as_text(*record.key) : std::string_view());
                payments_->send(model::payment_for(key, *record.value, payments_topic),
                                [&all_paid](const model::SendResult& result) {
                                    all_paid = all_paid && result.ok();
                                });
            }
            node_.emit(model::RecordHandled{.client_id = node_.name(),
                                            .group = group_,
                                            .partition = record.partition,
                                            .offset = record.offset,
                                            .record = record.id});
        }
        if (payments_ != nullptr) payments_->flush();
        return all_paid;
    }

    void rewind(const std::vector<ConsumerRecord>& batch) {
        const std::vector<TopicPartition> mine = consumer_.assignment();
        std::map<TopicPartition, model::Offset> first;
        for (const ConsumerRecord& record : batch) first.emplace(record.partition, record.offset);
        for (const auto& [partition, offset] : first) {
            if (std::ranges::find(mine, partition) != mine.end()) consumer_.seek(partition, offset);
        }
    }

    sim::Node& node_;
    std::string group_;
    CommitStyle commit_;
    std::string pattern_;
    model::Mishaps& mishaps_;
    bool is_leaving_ = false;
    model::Consumer consumer_;
    std::unique_ptr<model::Producer> payments_;
};

class OrderFlow final : public Workload {
  public:
    explicit OrderFlow(const Scenario& scenario) {
        if (!scenario.workload.input.empty()) {
            input_ = read_input_file(scenario.workload.input, orders_topic);
        }
    }

    void start(Cluster& cluster) override {
        cast_.emplace(cluster);
        cast_->add_application("order-service", [this, &cluster](sim::Node& node) {
            return std::make_unique<OrderService>(node, cluster, ledger_, input_);
        });
        cast_->add_members(
            [&cluster](sim::Node& node, const std::string& group, const GroupSection& section) {
                return std::make_unique<GroupMember>(node, cluster, group, section);
            });
        cast_->set_reader(
            [&cluster](sim::Node& node) { return std::make_unique<TopicReader>(node, cluster); });
        cast_->begin();
    }

    void begin_calm(Cluster&) override {
        ledger_.storm_is_over = true;
        cast_->begin_calm();
    }

  private:
    std::vector<model::ProducerRecord> input_;
    Ledger ledger_;
    std::optional<Cast> cast_;
};

}  // namespace

WorkloadEntry order_flow_workload() {
    return {.kind = "order-flow",
            .about = "an order service, a payment service that writes on, and groups that consume",
            .client_names =
                [](const Scenario& scenario) {
                    std::vector<std::string> names = {Cast::admin_name, "order-service"};
                    for (std::string& name : member_names(scenario))
                        names.push_back(std::move(name));
                    names.emplace_back(Cast::reader_name);
                    return names;
                },
            .topics = {orders_topic},
            .make = [](const Scenario& scenario) -> std::unique_ptr<Workload> {
                return std::make_unique<OrderFlow>(scenario);
            },
            .subscribes_to_patterns = true,
            .handlers = member_names,
            .sender = "order-service"};
}

}  // namespace squall::scenarios
