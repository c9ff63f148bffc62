#include "scenarios/workloads/patterns.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "model/events/ledger_events.h"
#include "model/patterns/business.h"
#include "model/patterns/failing_handlers.h"
#include "model/patterns/group_handlers.h"
#include "model/patterns/order_source.h"
#include "model/patterns/parallel_handler.h"
#include "model/patterns/stage.h"
#include "scenarios/workloads/cast.h"
#include "scenarios/workloads/topic_reader.h"
#include "sim/base/assert.h"

namespace squall::scenarios {
namespace {

using model::Business;
using model::EffectPromise;
using model::Station;

constexpr const char* pattern_source_name = "order-service";
constexpr const char* relay_name = "relay";
constexpr const char* sink_name = "sink";

// What a group of one pattern does.
using MemberMaker = std::unique_ptr<sim::Process> (*)(Station, Business&, const std::string& group);

struct Pattern {
    std::string_view kind;
    std::string_view about;
    EffectPromise promise;
    bool in_order;
    std::vector<FlawEntry> flaws;
    std::vector<std::string_view> topics;    // the last one is the sink's, where there is one
    MemberMaker member = nullptr;            // of every group; null: groups are stages
    std::vector<std::string_view> groups{};  // these and no others; empty: at least one of any name
    bool may_auto_commit = false;            // handles what a poll gave before it polls again
    bool has_outbox = false;
    bool has_sink = false;
};

template <class H>
std::unique_ptr<sim::Process> member_of(Station station, Business& business,
                                        const std::string& group) {
    return std::make_unique<H>(std::move(station), business, group,
                               std::vector<std::string>{model::orders_topic});
}

std::unique_ptr<sim::Process> retrying_member(Station station, Business& business,
                                              const std::string& group) {
    return std::make_unique<model::RetryHandler>(
        std::move(station), business, group,
        std::vector<std::string>{model::orders_topic, model::first_retry_topic,
                                 model::second_retry_topic});
}

constexpr std::string_view auto_commit_flaw = "auto-commit-with-handling-aside";
constexpr std::string_view one_group_flaw = "one-group";

const std::vector<Pattern>& patterns() {
    static const std::vector<Pattern> all{
        {.kind = "at-most-once",
         .about = "commits, then handles: an order may be lost, and is never handled twice",
         .promise = EffectPromise::at_most_once,
         .in_order = false,
         .flaws = {{"commit-after-handling", "handles, then commits"}},
         .topics = {model::orders_topic},
         .member = member_of<model::AtMostOnceHandler>},
        {.kind = "at-least-once",
         .about = "handles, then commits: an order may be handled twice, and is never lost",
         .promise = EffectPromise::at_least_once,
         .in_order = true,
         .flaws = {{"commit-before-handling", "commits, then handles", true},
                   {auto_commit_flaw, "polls on, with auto commit, while another task handles"}},
         .topics = {model::orders_topic},
         .member = member_of<model::AtLeastOnceHandler>,
         .may_auto_commit = true},
        {.kind = "parallel-handling",
         .about =
             "hands a batch to four lanes by key, and commits up to the first that is not done",
         .promise = EffectPromise::at_least_once,
         .in_order = true,
         .flaws = {{"commit-highest", "commits what was polled, done or not"},
                   {"any-lane", "deals records to lanes in turn"}},
         .topics = {model::orders_topic},
         .member = member_of<model::ParallelHandler>},
        {.kind = "idempotent-consumer",
         .about = "remembers what it has handled in the transaction that has the effect",
         .promise = EffectPromise::exactly_once,
         .in_order = true,
         .flaws = {{"mark-after-effect", "remembers in a second transaction"},
                   {"mark-before-effect", "remembers, then acts in a second transaction"},
                   {"short-memory", "forgets after 200 ms"}},
         .topics = {model::orders_topic},
         .member = member_of<model::IdempotentHandler>},
        {.kind = "consume-process-produce",
         .about = "a stage that reads, writes on and commits in one transaction, then a sink",
         .promise = EffectPromise::exactly_once,
         .in_order = true,
         .flaws = {{"offsets-aside", "commits its offsets after the transaction"},
                   {"plain-stages", "writes without transactions"},
                   {"read-uncommitted", "reads what is not committed"}},
         .topics = {model::orders_topic, "payments"},
         .groups = {"payment"},
         .has_sink = true},
        {.kind = "pipeline",
         .about = "two transactional stages in a row, then a sink that keeps its position",
         .promise = EffectPromise::exactly_once,
         .in_order = true,
         .flaws = {{"offsets-aside", "stages commit their offsets after the transaction"},
                   {"plain-stages", "stages write without transactions"},
                   {"read-uncommitted", "stages and sink read what is not committed"}},
         .topics = {model::orders_topic, "checked", "priced"},
         .groups = {"checking", "pricing"},
         .has_sink = true},
        {.kind = "dead-letter",
         .about = "what cannot be handled after three tries goes to a dead-letter topic",
         .promise = EffectPromise::at_least_once,
         .in_order = true,
         .flaws = {{"poison-dropped", "goes on without it"},
                   {"dead-letter-not-awaited", "commits before the topic has it"}},
         .topics = {model::orders_topic, model::dead_letter_topic},
         .member = member_of<model::DeadLetterHandler>},
        {.kind = "retry-topics",
         .about = "what fails waits in retry topics, 1 s and 4 s, then goes to a dead-letter topic",
         .promise = EffectPromise::at_least_once,
         .in_order = false,
         .flaws = {{"retry-not-awaited", "commits before the next topic has it"}},
         .topics = {model::orders_topic, model::first_retry_topic, model::second_retry_topic,
                    model::dead_letter_topic},
         .member = retrying_member},
        {.kind = "outbox",
         .about = "orders and messages in one database transaction, published by a relay",
         .promise = EffectPromise::exactly_once,
         .in_order = true,
         .flaws = {{"dual-write", "stores the order, then sends by itself"},
                   {"publish-first", "sends, then stores what may be refused"},
                   {"relay-marks-first", "the relay marks a message, then sends it"}},
         .topics = {model::orders_topic},
         .member = member_of<model::IdempotentHandler>,
         .has_outbox = true},
        {.kind = "fan-out",
         .about = "several groups that each handle every order",
         .promise = EffectPromise::at_least_once,
         .in_order = true,
         .flaws = {{one_group_flaw, "all of them have one group.id"}},
         .topics = {model::orders_topic},
         .member = member_of<model::AtLeastOnceHandler>,
         .may_auto_commit = true},
    };
    return all;
}

const Pattern& pattern_of(const Scenario& scenario) {
    const auto found = std::ranges::find(patterns(), scenario.workload.kind, &Pattern::kind);
    ASSERT(found != patterns().end(), "no pattern '{}'", scenario.workload.kind);
    return *found;
}

class PatternWorkload final : public Workload {
  public:
    explicit PatternWorkload(const Scenario& scenario) : pattern_(pattern_of(scenario)) {}

    void start(Cluster& cluster) override {
        const Scenario& scenario = cluster.scenario();
        business_.emplace(cluster.simulation().noise(), scenario.workload.flaw);
        open_ledgers(cluster);
        cast_.emplace(cluster);
        cast_->add_application(pattern_source_name, [this, &cluster](sim::Node& node) {
            return make_source(station_of(cluster, node), cluster.scenario().workload.rate);
        });
        if (pattern_.has_outbox) {
            cast_->add_application(relay_name, [this, &cluster](sim::Node& node) {
                return std::make_unique<model::OutboxRelay>(station_of(cluster, node), *business_);
            });
        }
        cast_->add_members(
            [this, &cluster](sim::Node& node, const std::string& group, const GroupSection&) {
                return make_member(member_station(cluster, node, group), group);
            });
        if (pattern_.has_sink) {
            cast_->add_application(sink_name, [this, &cluster](sim::Node& node) {
                Station at = station_of(cluster, node);
                at.consumer = cluster.scenario().workload.consumer;
                const std::string topic(pattern_.topics.back());
                return std::make_unique<model::DatabaseSink>(
                    std::move(at), *business_, sink_name, topic,
                    cluster.scenario().topics.at(topic).partitions);
            });
        }
        cast_->set_reader(
            [&cluster](sim::Node& node) { return std::make_unique<TopicReader>(node, cluster); });
        cast_->begin();
    }

    void begin_calm(Cluster&) override {
        business_->storm_is_over = true;
        cast_->begin_calm();
    }

  private:
    Station member_station(Cluster& cluster, sim::Node& node, const std::string& group) const {
        Station made = station_of(cluster, node);
        made.consumer = member_options(cluster, node, group);
        if (business_->has(auto_commit_flaw)) made.consumer.enable_auto_commit = true;
        made.consumer.group_id = group_id_of(group);
        return made;
    }

    // Who has effects: the sink, or every group.
    void open_ledgers(Cluster& cluster) const {
        const auto open = [&](std::string ledger, std::string groups, std::string topic) {
            cluster.simulation().trace().emit_as_harness(
                model::LedgerOpened{.ledger = std::move(ledger),
                                    .promise = pattern_.promise,
                                    .in_order = pattern_.in_order,
                                    .flaw = business_->flaw,
                                    .groups = std::move(groups),
                                    .topic = std::move(topic)});
        };
        if (pattern_.has_sink) {
            const std::string stages = fmt::format("{}", fmt::join(pattern_.groups, ","));
            open(sink_name, stages, std::string(pattern_.topics.back()));
            return;
        }
        for (const auto& [group, section] : cluster.scenario().workload.groups) {
            open(group, group_id_of(group), "");
        }
    }

    std::string group_id_of(const std::string& group) const {
        return business_->has(one_group_flaw) ? "all" : group;
    }

    std::unique_ptr<sim::Process> make_source(Station at, std::uint32_t rate) {
        if (pattern_.has_outbox) {
            return std::make_unique<model::OutboxSource>(std::move(at), *business_, rate);
        }
        return std::make_unique<model::OrderSource>(std::move(at), *business_, rate);
    }

    std::unique_ptr<sim::Process> make_member(Station at, const std::string& group) {
        if (pattern_.member != nullptr) return pattern_.member(std::move(at), *business_, group);
        // A stage reads the topic before the one that it writes.
        const auto stage = std::ranges::find(pattern_.groups, group) - pattern_.groups.begin();
        const auto place = static_cast<std::size_t>(stage);
        return std::make_unique<model::Stage>(std::move(at), *business_,
                                              std::string(pattern_.topics.at(place)),
                                              std::string(pattern_.topics.at(place + 1)));
    }

    const Pattern& pattern_;
    std::optional<Business> business_;
    std::optional<Cast> cast_;
};

std::vector<std::string> client_names(const Scenario& scenario) {
    const Pattern& pattern = pattern_of(scenario);
    std::vector<std::string> names = {Cast::admin_name, pattern_source_name};
    if (pattern.has_outbox) names.emplace_back(relay_name);
    for (std::string& name : member_names(scenario)) names.push_back(std::move(name));
    if (pattern.has_sink) names.emplace_back(sink_name);
    names.emplace_back(Cast::reader_name);
    return names;
}

}  // namespace

std::vector<WorkloadEntry> pattern_workloads() {
    std::vector<WorkloadEntry> entries;
    for (const Pattern& pattern : patterns()) {
        std::vector<CommitStyle> commit_styles{CommitStyle::sync};
        if (pattern.may_auto_commit) commit_styles.push_back(CommitStyle::automatic);
        entries.push_back({.kind = pattern.kind,
                           .about = pattern.about,
                           .client_names = client_names,
                           .topics = pattern.topics,
                           .make = [](const Scenario& scenario) -> std::unique_ptr<Workload> {
                               return std::make_unique<PatternWorkload>(scenario);
                           },
                           .groups = pattern.groups,
                           .needs_group = true,
                           .flaws = pattern.flaws,
                           .commit_styles = std::move(commit_styles),
                           .handlers = member_names});
    }
    return entries;
}

}  // namespace squall::scenarios
