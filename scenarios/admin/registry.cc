#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <set>

#include "model/broker/controller_server.h"
#include "scenarios/admin/admin_step.h"
#include "scenarios/cluster.h"
#include "scenarios/scenario_file.h"

namespace squall::scenarios {
namespace {

using namespace std::chrono_literals;
using model::AdminClient;
using model::BrokerId;
using model::TopicPartition;
using Step = std::function<void(AdminClient&)>;

Error wrong(std::string why) {
    return {Failure::invalid_input, std::move(why)};
}

std::string text_of(const AdminOptionTexts& options, const std::string& name,
                    std::string default_value = "") {
    const auto found = options.find(name);
    return found == options.end() ? default_value : found->second;
}

Result<std::int64_t> number_of(const AdminOptionTexts& options, const std::string& name,
                               std::int64_t default_value) {
    const auto found = options.find(name);
    if (found == options.end()) return default_value;
    std::int64_t number = 0;
    const char* const end = found->second.data() + found->second.size();
    const auto parsed = std::from_chars(found->second.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) return number;
    return wrong(fmt::format("{}: '{}' is no whole number", name, found->second));
}

// "2" or "b2".
Result<BrokerId> broker_of(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    const std::string_view digits = text.starts_with('b') ? text.substr(1) : text;
    std::int32_t id = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    const bool is_whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
    if (is_whole && id > 0) return BrokerId{id};
    return wrong(fmt::format("'{}' is no broker", text));
}

// "orders-0".
Result<TopicPartition> partition_of(const AdminOptionTexts& options) {
    const std::string text = text_of(options, "partition");
    const std::size_t dash = text.rfind('-');
    std::int32_t index = 0;
    const char* const end = text.data() + text.size();
    if (dash != std::string::npos && dash > 0) {
        const auto parsed = std::from_chars(text.data() + dash + 1, end, index);
        if (parsed.ec == std::errc() && parsed.ptr == end && index >= 0) {
            return TopicPartition{text.substr(0, dash), index};
        }
    }
    return wrong(fmt::format("partition: '{}' is no partition, like \"orders-0\"", text));
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> items;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view item = list.substr(0, comma);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (!item.empty()) items.emplace_back(item);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return items;
}

std::map<std::string, std::string> configs_of(const AdminOptionTexts& options) {
    constexpr std::string_view prefix = "config.";
    std::map<std::string, std::string> configs;
    for (const auto& [name, value] : options) {
        if (name.starts_with(prefix)) configs[name.substr(prefix.size())] = value;
    }
    return configs;
}

// ---- the kinds ----

Result<Step> make_abort_transaction(const AdminOptionTexts& options) {
    const Result<TopicPartition> partition = partition_of(options);
    if (!partition) return partition.error();
    const Result<std::int64_t> longest =
        number_of(options, "max_transaction_timeout_ms", std::chrono::milliseconds(15min).count());
    if (!longest) return longest.error();
    if (*longest < 0) return wrong("max_transaction_timeout_ms: a time is not negative");
    return Step([partition = *partition, longest = std::chrono::milliseconds(*longest)](
                    AdminClient& admin) { admin.abort_hanging_transactions(partition, longest); });
}

Result<Step> make_add_partitions(const AdminOptionTexts& options) {
    const Result<std::int64_t> total = number_of(options, "partitions", 0);
    if (!total) return total.error();
    return Step([name = text_of(options, "topic"), total = *total](AdminClient& admin) {
        admin.create_partitions(
            {{name, {.total = static_cast<std::int32_t>(total), .assignments = std::nullopt}}});
    });
}

Result<Step> make_alter_configs(const AdminOptionTexts& options) {
    const bool of_topic = options.contains("topic");
    if (of_topic == options.contains("broker")) return wrong("it names a topic or a broker");
    model::ConfigResource resource{model::ConfigResourceType::topic, text_of(options, "topic")};
    if (!of_topic) {
        resource = {model::ConfigResourceType::broker, ""};
        if (text_of(options, "broker") != "all") {
            const Result<BrokerId> broker = broker_of(text_of(options, "broker"));
            if (!broker) return broker.error();
            resource.name = std::to_string(broker->value());
        }
    }
    std::vector<model::AlterConfigOp> changes;
    for (const auto& [key, value] : configs_of(options)) {
        changes.push_back({model::ConfigOperation::set, key, value});
    }
    for (const std::string& key : split(text_of(options, "reset"))) {
        changes.push_back({model::ConfigOperation::remove, key, std::nullopt});
    }
    if (changes.empty()) return wrong("no setting is changed: config.KEY = VALUE, or reset");
    return Step([resource, changes](AdminClient& admin) {
        admin.alter_configs({{resource, changes}});
    });
}

Result<Step> make_cancel_reassignment(const AdminOptionTexts& options) {
    const Result<TopicPartition> partition = partition_of(options);
    if (!partition) return partition.error();
    return Step([partition = *partition](AdminClient& admin) {
        admin.alter_partition_reassignments({{partition, std::nullopt}});
    });
}

Result<Step> make_create_topic(const AdminOptionTexts& options) {
    const Result<std::int64_t> partitions = number_of(options, "partitions", -1);
    if (!partitions) return partitions.error();
    const Result<std::int64_t> replication = number_of(options, "replication", -1);
    if (!replication) return replication.error();
    model::NewTopic topic{.name = text_of(options, "topic"),
                          .partitions = static_cast<std::int32_t>(*partitions),
                          .replication = static_cast<std::int16_t>(*replication),
                          .configs = configs_of(options)};
    return Step([topic = std::move(topic)](AdminClient& admin) { admin.create_topics({topic}); });
}

Result<Step> make_delete_records(const AdminOptionTexts& options) {
    const Result<TopicPartition> partition = partition_of(options);
    if (!partition) return partition.error();
    const Result<std::int64_t> up_to = number_of(options, "up_to", -1);
    if (!up_to) return up_to.error();
    return Step([partition = *partition, up_to = *up_to](AdminClient& admin) {
        admin.delete_records({{partition, model::Offset(up_to)}});
    });
}

Result<Step> make_delete_topic(const AdminOptionTexts& options) {
    return Step(
        [name = text_of(options, "topic")](AdminClient& admin) { admin.delete_topics({name}); });
}

Result<Step> make_elect_leaders(const AdminOptionTexts& options) {
    const std::string type = text_of(options, "type", "preferred");
    if (type != "preferred" && type != "unclean") {
        return wrong(fmt::format("type: '{}' is neither preferred nor unclean", type));
    }
    std::set<TopicPartition> partitions;
    if (options.contains("partition")) {
        const Result<TopicPartition> partition = partition_of(options);
        if (!partition) return partition.error();
        partitions.insert(*partition);
    }
    const auto election =
        type == "preferred" ? model::ElectionType::preferred : model::ElectionType::unclean;
    return Step(
        [election, partitions](AdminClient& admin) { admin.elect_leaders(election, partitions); });
}

Result<Step> make_list_offsets(const AdminOptionTexts& options) {
    const Result<TopicPartition> partition = partition_of(options);
    if (!partition) return partition.error();
    const std::string isolation = text_of(options, "isolation", "read_uncommitted");
    if (isolation != "read_uncommitted" && isolation != "read_committed") {
        return wrong(fmt::format("isolation: '{}' is neither read_uncommitted nor read_committed",
                                 isolation));
    }
    const Result<std::int64_t> timestamp = number_of(options, "timestamp", -1);
    if (!timestamp) return timestamp.error();
    const auto level = isolation == "read_committed" ? model::IsolationLevel::read_committed
                                                     : model::IsolationLevel::read_uncommitted;
    return Step([partition = *partition, timestamp = *timestamp, level](AdminClient& admin) {
        admin.list_offsets({{partition, timestamp}}, level);
    });
}

Result<Step> make_reassign(const AdminOptionTexts& options) {
    const Result<TopicPartition> partition = partition_of(options);
    if (!partition) return partition.error();
    std::vector<BrokerId> replicas;
    for (const std::string& text : split(text_of(options, "replicas"))) {
        const Result<BrokerId> broker = broker_of(text);
        if (!broker) return wrong("replicas: " + broker.error().detail);
        replicas.push_back(*broker);
    }
    return Step([partition = *partition, replicas](AdminClient& admin) {
        admin.alter_partition_reassignments({{partition, replicas}});
    });
}

Result<Step> make_update_feature(const AdminOptionTexts& options) {
    static const std::map<std::string, model::FeatureUpgradeType> types = {
        {"upgrade", model::FeatureUpgradeType::upgrade},
        {"safe-downgrade", model::FeatureUpgradeType::safe_downgrade},
        {"unsafe-downgrade", model::FeatureUpgradeType::unsafe_downgrade},
    };
    const Result<std::int64_t> level = number_of(options, "level", 0);
    if (!level) return level.error();
    if (*level < INT16_MIN || *level > INT16_MAX) return wrong("level: it is no 16-bit number");
    const std::string type = text_of(options, "type", "upgrade");
    if (!types.contains(type)) {
        return wrong(fmt::format(
            "type: '{}' is none of upgrade, safe-downgrade and unsafe-downgrade", type));
    }
    const std::string validate_only = text_of(options, "validate_only", "false");
    if (validate_only != "true" && validate_only != "false") {
        return wrong(fmt::format("validate_only: '{}' is neither true nor false", validate_only));
    }
    return Step([feature = text_of(options, "feature"),
                 update = model::FeatureUpdate{.level = static_cast<std::int16_t>(*level),
                                               .type = types.at(type)},
                 tries = validate_only == "true"](AdminClient& admin) {
        admin.update_features({{feature, update}}, tries);
    });
}

Result<Step> make_unregister_broker(const AdminOptionTexts& options) {
    const Result<BrokerId> broker = broker_of(text_of(options, "broker"));
    if (!broker) return broker.error();
    return Step([broker = *broker](AdminClient& admin) { admin.unregister_broker(broker); });
}

// Where a voter is, and which one it is: "c3", or "b3" where brokers are controllers too.
struct VoterName {
    BrokerId id;
    std::string host;
};

Result<VoterName> voter_of(const AdminOptionTexts& options) {
    const std::string text = text_of(options, "controller");
    const bool is_own_node = text.starts_with('c');
    const Result<BrokerId> number = broker_of(is_own_node ? text.substr(1) : text);
    if (!number || (!is_own_node && !text.starts_with('b'))) {
        return wrong(fmt::format("controller: '{}' is no controller, like \"c3\"", text));
    }
    const std::int32_t first = is_own_node ? first_controller_id : 1;
    return VoterName{BrokerId{first + number->value() - 1}, text};
}

using QuorumReplicas = std::vector<model::QuorumDescription::Replica>;

// A voter that lost its disk is another one, with another directory: of two with this id the one
// that is up to date is meant. Zero: there is none.
model::Uuid directory_of(const QuorumReplicas& replicas, BrokerId id) {
    const model::QuorumDescription::Replica* newest = nullptr;
    for (const model::QuorumDescription::Replica& replica : replicas) {
        if (replica.id != id) continue;
        if (newest == nullptr || replica.log_end_offset > newest->log_end_offset) newest = &replica;
    }
    return newest == nullptr ? model::Uuid{} : newest->directory_id;
}

Result<Step> make_add_voter(const AdminOptionTexts& options) {
    const Result<VoterName> voter = voter_of(options);
    if (!voter) return voter.error();
    return Step([voter = *voter](AdminClient& admin) {
        const auto quorum = admin.describe_quorum();
        if (!quorum) return;
        admin.add_raft_voter(voter.id, directory_of(quorum->observers, voter.id), voter.host,
                             model::ControllerServer::port);
    });
}

Result<Step> make_remove_voter(const AdminOptionTexts& options) {
    const Result<VoterName> voter = voter_of(options);
    if (!voter) return voter.error();
    return Step([voter = *voter](AdminClient& admin) {
        const auto quorum = admin.describe_quorum();
        if (!quorum) return;
        admin.remove_raft_voter(voter.id, directory_of(quorum->voters, voter.id));
    });
}

// ---- names ----

bool takes(const AdminStepEntry& entry, const std::string& name) {
    return std::ranges::any_of(entry.options, [&](const AdminOptionEntry& option) {
        if (!option.name.ends_with('*')) return option.name == name;
        const std::string_view prefix = option.name.substr(0, option.name.size() - 1);
        return name.starts_with(prefix) && name.size() > prefix.size();
    });
}

// A topic that the scenario has, or makes at some time.
std::set<std::string> known_topics(const Scenario& scenario) {
    std::set<std::string> topics;
    for (const auto& [name, section] : scenario.topics) topics.insert(name);
    for (const AdminSection& step : scenario.admin) {
        if (step.kind == "create-topic") topics.insert(text_of(step.options, "topic"));
    }
    return topics;
}

std::optional<AdminProblem> problem_of(const AdminSection& step,
                                       const std::set<std::string>& topics, Duration storm) {
    const std::string path = "admin." + step.id;
    const AdminStepEntry* const entry = find_admin_step(step.kind);
    if (entry == nullptr) {
        std::vector<std::string> known;
        for (const AdminStepEntry& kind : all_admin_steps()) known.emplace_back(kind.kind);
        return AdminProblem{path + ".kind", step.kind.empty()
                                                ? "a step names its kind (see `squall list steps`)"
                                                : "unknown step '" + step.kind + "'" +
                                                      suggestion(step.kind, known) +
                                                      " (see `squall list steps`)"};
    }
    for (const auto& [name, value] : step.options) {
        if (takes(*entry, name)) continue;
        std::vector<std::string> known;
        for (const AdminOptionEntry& option : entry->options) known.emplace_back(option.name);
        return AdminProblem{
            path + "." + name,
            fmt::format("{} has no option '{}'{}", step.kind, name, suggestion(name, known)), true};
    }
    for (const AdminOptionEntry& option : entry->options) {
        if (!option.is_required || step.options.contains(std::string(option.name))) continue;
        return AdminProblem{path,
                            fmt::format("{} needs '{}': {}", step.kind, option.name, option.about)};
    }
    if (const auto made = entry->make(step.options); !made) {
        return AdminProblem{path, made.error().detail};
    }
    std::string topic = text_of(step.options, "topic");
    if (const auto partition = partition_of(step.options)) topic = partition->topic;
    if (!topic.empty() && !topics.contains(topic)) {
        return AdminProblem{path, "there is no topic '" + topic + "'" +
                                      suggestion(topic, {topics.begin(), topics.end()})};
    }
    if (step.at >= storm) {
        return AdminProblem{path + ".at", "it is after the storm: steps are made before the calm"};
    }
    constexpr std::int64_t most = 10'000;
    if (step.every && (storm - step.at) / *step.every > most) {
        return AdminProblem{path + ".every",
                            fmt::format("it would be made more than {} times", most)};
    }
    return std::nullopt;
}

}  // namespace

const std::vector<AdminStepEntry>& all_admin_steps() {
    constexpr AdminOptionEntry topic{"topic", "the topic's name", true};
    constexpr AdminOptionEntry partition{"partition", "like \"orders-0\"", true};
    static const std::vector<AdminStepEntry> steps = {
        {"abort-transaction",
         "the transactions that nobody will end are aborted in a partition (KIP-664)",
         {partition,
          {"max_transaction_timeout_ms",
           "whose producer was silent for no longer is not asked after; 900000"}},
         make_abort_transaction},
        {"add-partitions",
         "a topic grows",
         {topic, {"partitions", "how many it has then", true}},
         make_add_partitions},
        {"alter-configs",
         "dynamic settings of a topic or of brokers change",
         {{"topic", "the topic's name"},
          {"broker", "a broker, or \"all\""},
          {"config.*", "the new value of a setting"},
          {"reset", "settings that go back to their defaults: \"retention.ms, segment.ms\""}},
         make_alter_configs},
        {"cancel-reassignment",
         "a partition's move is given up",
         {partition},
         make_cancel_reassignment},
        {"create-topic",
         "a topic is created",
         {topic,
          {"partitions", "how many; the brokers' default"},
          {"replication", "how many replicas; the brokers' default"},
          {"config.*", "a setting of the topic"}},
         make_create_topic},
        {"delete-records",
         "records at the start of a partition go",
         {partition, {"up_to", "the first offset that stays; -1, all that are committed"}},
         make_delete_records},
        {"delete-topic", "a topic is deleted", {topic}, make_delete_topic},
        {"elect-leaders",
         "leaders are elected anew",
         {{"partition", "like \"orders-0\"; all of them"},
          {"type", "\"preferred\", or \"unclean\" where nobody in sync is left"}},
         make_elect_leaders},
        {"list-offsets",
         "the end of a partition is asked for, or another offset",
         {partition,
          {"timestamp", "-1, the end; -2, the start; else the first record at or after it"},
          {"isolation", "\"read_uncommitted\", or \"read_committed\""}},
         make_list_offsets},
        {"reassign",
         "a partition moves to other brokers",
         {partition, {"replicas", "\"2, 3, 1\", the preferred leader first", true}},
         make_reassign},
        {"unregister-broker",
         "a broker that will not come back is forgotten",
         {{"broker", "like \"b3\"", true}},
         make_unregister_broker},
        {"add-voter",
         "a controller that only observes the quorum becomes a voter (KIP-853)",
         {{"controller", "like \"c3\"", true}},
         make_add_voter},
        {"remove-voter",
         "a voter leaves the quorum (KIP-853)",
         {{"controller", "like \"c3\"", true}},
         make_remove_voter},
        {"update-feature",
         "another level of a feature is finalized (KIP-584)",
         {{"feature", "like \"transaction.version\"", true},
          {"level", "the level; 0, it is off", true},
          {"type", "\"upgrade\", \"safe-downgrade\" or \"unsafe-downgrade\""},
          {"validate_only", "true: it is only tried"}},
         make_update_feature},
    };
    return steps;
}

const AdminStepEntry* find_admin_step(std::string_view kind) {
    const auto found = std::ranges::find(all_admin_steps(), kind, &AdminStepEntry::kind);
    return found == all_admin_steps().end() ? nullptr : &*found;
}

std::optional<AdminProblem> problem_of_admin_steps(const Scenario& scenario) {
    const std::set<std::string> topics = known_topics(scenario);
    std::set<std::string> ids;
    for (const AdminSection& step : scenario.admin) {
        if (!ids.insert(step.id).second) {
            return AdminProblem{"admin." + step.id, "two steps have the id '" + step.id + "'"};
        }
        if (auto problem = problem_of(step, topics, scenario.run.storm)) return problem;
    }
    return std::nullopt;
}

}  // namespace squall::scenarios
