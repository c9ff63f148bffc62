#include "gateway/control_documents.h"

#include <fmt/core.h>

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "gateway/control_action.h"
#include "model/protocol/api_key.h"
#include "sim/base/bytes.h"
#include "sim/kernel/node.h"

namespace squall::gateway {
namespace {

using nlohmann::ordered_json;

// Names of topics, groups and clients are whatever bytes a client sent.
std::string text_of(const ordered_json& document) {
    return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json ids_of(const std::vector<model::BrokerId>& brokers) {
    ordered_json ids = ordered_json::array();
    for (const model::BrokerId broker : brokers) ids.push_back(broker.value());
    return ids;
}

ordered_json partition_name(const model::TopicPartition& partition) {
    return {{"topic", partition.topic}, {"partition", partition.partition}};
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

ordered_json faults_of(const ControlView& view) {
    ordered_json faults = ordered_json::array();
    for (const auto& fault : view.run.faults().at_work()) {
        faults.push_back({{"id", fault.id},
                          {"kind", fault.kind},
                          {"target", fault.target},
                          {"machines", fault.machines}});
    }
    return faults;
}

// ---- OpenMetrics ----

using Labels = std::vector<std::pair<std::string_view, std::string>>;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_printable = c >= ' ' && c <= '~';
        if (c == '\\' || c == '"') out += '\\';
        out += is_printable ? c : '?';
    }
    return out;
}

class MetricsWriter {
  public:
    enum class Type { counter, gauge };

    // The samples that follow are of this metric.
    void begin(std::string_view name, Type type, std::string_view help) {
        name_ = name;
        type_ = type;
        text_ += fmt::format("# TYPE {} {}\n# HELP {} {}\n", name,
                             type == Type::counter ? "counter" : "gauge", name, help);
    }
    template <class Number>
    void sample(const Labels& labels, Number value) {
        std::string listed;
        for (const auto& [name, text] : labels) {
            listed += fmt::format("{}{}=\"{}\"", listed.empty() ? "" : ",", name, escaped(text));
        }
        text_ += fmt::format("{}{}{} {}\n", name_, type_ == Type::counter ? "_total" : "",
                             listed.empty() ? "" : "{" + listed + "}", value);
    }
    template <class Number>
    void single(std::string_view name, Type type, std::string_view help, Number value) {
        begin(name, type, help);
        sample({}, value);
    }
    std::string finish() { return std::move(text_) + "# EOF\n"; }

  private:
    std::string text_;
    std::string name_;
    Type type_ = Type::gauge;
};

Labels labels_of(const model::TopicPartition& partition) {
    return {{"topic", partition.topic}, {"partition", std::to_string(partition.partition)}};
}

void write_brokers(const ControlView& view, MetricsWriter& out) {
    struct PerBroker {
        std::int64_t partitions = 0, leads = 0, under_replicated = 0;
    };
    std::map<model::BrokerId, PerBroker> counts;
    std::int64_t offline = 0;
    for (const auto& [name, partition] : view.board.partitions()) {
        for (const model::BrokerId replica : partition.replicas) ++counts[replica].partitions;
        if (partition.leader == model::no_broker) {
            ++offline;
            continue;
        }
        ++counts[partition.leader].leads;
        if (partition.is_under_replicated()) ++counts[partition.leader].under_replicated;
    }
    using enum MetricsWriter::Type;
    const auto per_broker = [&](std::string_view name, std::string_view help,
                                std::int64_t PerBroker::*member) {
        out.begin(name, gauge, help);
        for (const auto& [id, broker] : view.board.brokers()) {
            out.sample({{"broker", std::to_string(id.value())}}, counts[id].*member);
        }
    };
    per_broker("kafka_server_replicamanager_partitioncount", "Replicas that the broker has.",
               &PerBroker::partitions);
    per_broker("kafka_server_replicamanager_leadercount", "Partitions that the broker leads.",
               &PerBroker::leads);
    per_broker("kafka_server_replicamanager_underreplicatedpartitions",
               "Partitions that it leads whose in-sync set is not all of their replicas.",
               &PerBroker::under_replicated);
    std::int64_t active = 0;
    std::int64_t fenced = 0;
    for (const auto& [id, broker] : view.board.brokers()) ++(broker.is_fenced ? fenced : active);
    out.single("kafka_controller_kafkacontroller_activebrokercount", gauge,
               "Brokers that the controller counts on.", active);
    out.single("kafka_controller_kafkacontroller_fencedbrokercount", gauge,
               "Brokers that the controller has fenced.", fenced);
    out.single("kafka_controller_kafkacontroller_activecontrollercount", gauge,
               "1 while the quorum has a leader.", view.board.controller() ? 1 : 0);
    out.single("kafka_controller_kafkacontroller_offlinepartitionscount", gauge,
               "Partitions without a leader.", offline);
    const StatusBoard::Counts& totals = view.board.counts();
    out.single("kafka_server_replicamanager_isrshrinks", counter,
               "In-sync sets that became smaller.", totals.isr_shrinks);
    out.single("kafka_server_replicamanager_isrexpands", counter,
               "In-sync sets that became larger.", totals.isr_expands);
    out.single("kafka_controller_controllerstats_leaderelections", counter,
               "Partitions that changed their leader.", totals.leader_changes);
    out.single("kafka_controller_controllerstats_uncleanleaderelections", counter,
               "Leaders elected from outside the in-sync set.", totals.unclean_elections);
}

void write_logs(const ControlView& view, MetricsWriter& out) {
    using enum MetricsWriter::Type;
    out.begin("kafka_server_brokertopicmetrics_messagesin", counter,
              "Records that leaders appended.");
    for (const auto& [topic, messages] : view.board.counts().messages_in) {
        out.sample({{"topic", topic}}, messages);
    }
    const auto offsets = [&](std::string_view name, std::string_view help,
                             model::Offset StatusBoard::Replica::*member) {
        out.begin(name, gauge, help);
        for (const auto& [partition_name, partition] : view.board.partitions()) {
            out.sample(labels_of(partition_name), (partition.log().*member).value());
        }
    };
    offsets("kafka_log_log_logstartoffset", "The leader's first offset.",
            &StatusBoard::Replica::log_start);
    offsets("kafka_log_log_logendoffset", "The offset behind the leader's last record.",
            &StatusBoard::Replica::log_end);
    offsets("kafka_cluster_partition_highwatermark", "Consumers read up to here.",
            &StatusBoard::Replica::high_watermark);
}

void write_groups(const ControlView& view, MetricsWriter& out) {
    using enum MetricsWriter::Type;
    out.single("kafka_coordinator_group_groupmetadatamanager_numgroups", gauge, "Groups.",
               view.board.groups().size());
    out.single("kafka_coordinator_group_rebalances", counter, "Generations that groups began.",
               view.board.counts().group_rebalances);
    out.begin("kafka_consumergroup_members", gauge, "Members of the group.");
    for (const auto& [name, group] : view.board.groups()) {
        out.sample({{"consumergroup", name}}, group.members);
    }
    const auto each_offset = [&](auto visit) {
        for (const auto& [name, group] : view.board.groups()) {
            for (const auto& [partition, offset] : group.committed) {
                Labels labels = labels_of(partition);
                labels.insert(labels.begin(), {"consumergroup", name});
                visit(labels, partition, offset);
            }
        }
    };
    out.begin("kafka_consumergroup_current_offset", gauge, "What the group committed.");
    each_offset([&](const Labels& labels, const model::TopicPartition&, model::Offset offset) {
        out.sample(labels, offset.value());
    });
    out.begin("kafka_consumergroup_lag", gauge,
              "Records between what the group committed and the high watermark.");
    each_offset(
        [&](const Labels& labels, const model::TopicPartition& partition, model::Offset offset) {
            if (const auto lag = view.board.lag(partition, offset)) out.sample(labels, *lag);
        });
}

void write_clients(const ControlView& view, MetricsWriter& out) {
    using enum MetricsWriter::Type;
    out.single("kafka_server_socket_server_metrics_connection_count", gauge,
               "Connections of clients.", view.gateway.connections());
    out.begin("kafka_network_requestmetrics_requests", counter, "Requests of clients.");
    for (const auto& [key, count] : view.gateway.requests()) {
        out.sample({{"request", std::string(model::to_string(key))}}, count);
    }
    std::map<std::string, std::int64_t> transactions;
    for (const auto& [id, transaction] : view.board.transactions()) {
        ++transactions[transaction.state];
    }
    out.begin("squall_transactionalids", gauge, "Transactional ids by their state.");
    for (const auto& [state, count] : transactions) out.sample({{"state", state}}, count);
    out.single("squall_faults", gauge, "Faults at work.", view.run.faults().at_work().size());
    out.single("squall_virtual_time_seconds", gauge, "How long the cluster has been up.",
               seconds(view.run.now().since_origin()));
}

}  // namespace

std::string status_document(const ControlView& view) {
    ordered_json brokers = ordered_json::array();
    for (const auto& [id, broker] : view.board.brokers()) {
        const scenarios::Machine* const machine = view.run.cluster().find(broker.name);
        const Address* const address = view.gateway.addresses().find(broker.name);
        brokers.push_back({{"id", id.value()},
                           {"name", broker.name},
                           {"address", address == nullptr ? "" : to_string(*address)},
                           {"running", machine != nullptr && machine->node->is_running()},
                           {"fenced", broker.is_fenced}});
    }
    ordered_json clients = ordered_json::array();
    for (const auto& machine : view.run.cluster().machines()) {
        if (machine->disk == nullptr) clients.push_back(machine->name);
    }
    const std::optional<std::string> controller = view.board.controller();
    ordered_json document = {{"scenario", view.run.scenario().name},
                             {"seed", view.run.scenario().run.seed.value_or(0)},
                             {"time", squall::to_string(view.run.now().since_origin())},
                             {"storm_is_over", view.run.storm_is_over()},
                             {"controller", nullptr},
                             {"brokers", std::move(brokers)},
                             {"clients", std::move(clients)},
                             {"connections", view.gateway.connections()},
                             {"faults", faults_of(view)}};
    if (controller) document["controller"] = *controller;
    return text_of(document);
}

std::string topics_document(const ControlView& view) {
    ordered_json topics = ordered_json::object();
    for (const auto& [name, partition] : view.board.partitions()) {
        const StatusBoard::Replica log = partition.log();
        ordered_json told = {{"partition", name.partition},
                             {"leader", partition.leader.value()},
                             {"leader_epoch", partition.leader_epoch.value()},
                             {"replicas", ids_of(partition.replicas)},
                             {"isr", ids_of(partition.isr)},
                             {"log_start_offset", log.log_start.value()},
                             {"high_watermark", log.high_watermark.value()},
                             {"log_end_offset", log.log_end.value()},
                             {"last_stable_offset",
                              partition.last_stable_offset.value_or(log.high_watermark).value()}};
        topics[name.topic].push_back(std::move(told));
    }
    return text_of({{"topics", std::move(topics)}});
}

std::string groups_document(const ControlView& view) {
    ordered_json groups = ordered_json::array();
    for (const auto& [name, group] : view.board.groups()) {
        ordered_json offsets = ordered_json::array();
        std::int64_t lag = 0;
        for (const auto& [partition, offset] : group.committed) {
            ordered_json told = partition_name(partition);
            told["committed"] = offset.value();
            const std::optional<std::int64_t> behind = view.board.lag(partition, offset);
            told["lag"] = nullptr;
            if (behind) told["lag"] = *behind;
            lag += behind.value_or(0);
            offsets.push_back(std::move(told));
        }
        const auto coordinator = view.run.cluster().view().coordinator_of(name);
        groups.push_back({{"group", name},
                          {"state", group.state},
                          {"generation", group.generation.value()},
                          {"members", group.members},
                          {"coordinator", coordinator.value_or("")},
                          {"lag", lag},
                          {"offsets", std::move(offsets)}});
    }
    return text_of({{"groups", std::move(groups)}});
}

std::string transactions_document(const ControlView& view) {
    ordered_json transactions = ordered_json::array();
    for (const auto& [id, transaction] : view.board.transactions()) {
        ordered_json partitions = ordered_json::array();
        for (const auto& partition : transaction.partitions) {
            partitions.push_back(partition_name(partition));
        }
        transactions.push_back({{"transactional_id", id},
                                {"state", transaction.state},
                                {"producer_id", transaction.producer_id.value()},
                                {"producer_epoch", transaction.producer_epoch.value()},
                                {"partitions", std::move(partitions)}});
    }
    return text_of({{"transactions", std::move(transactions)}});
}

std::string faults_document(const ControlView& view) {
    ordered_json armed = ordered_json::array();
    for (const auto& fault : view.run.faults().armed()) {
        armed.push_back({{"id", fault.id},
                         {"kind", fault.kind},
                         {"target", fault.target},
                         {"awaits", awaited_by(fault)}});
    }
    return text_of({{"faults", faults_of(view)}, {"armed", armed}});
}

std::string metrics_text(const ControlView& view) {
    MetricsWriter out;
    write_brokers(view, out);
    write_logs(view, out);
    write_groups(view, out);
    write_clients(view, out);
    return out.finish();
}

std::string verdict_document(const scenarios::RunResult& result) {
    ordered_json checkers = ordered_json::array();
    for (const checkers::CheckerReport& report : result.checkers) {
        if (report.judged == 0 && report.anomalies.empty()) continue;
        ordered_json anomalies = ordered_json::array();
        for (const checkers::Anomaly& anomaly : report.anomalies) {
            ordered_json told = {{"type", anomaly.type}};
            for (const auto& [name, value] : anomaly.evidence) told["evidence"][name] = value;
            if (anomaly.allowed) told["allowed_because"] = anomaly.cause;
            anomalies.push_back(std::move(told));
        }
        checkers.push_back({{"checker", report.checker},
                            {"verdict", checkers::to_string(report.verdict)},
                            {"judged", report.judged},
                            {"anomalies", std::move(anomalies)}});
    }
    ordered_json faults = ordered_json::array();
    for (const scenarios::FaultReceipt& fault : result.faults) {
        faults.push_back({{"id", fault.id},
                          {"kind", fault.kind},
                          {"target", fault.target},
                          {"effects", fault.effects}});
    }
    ordered_json operations = ordered_json::object();
    for (const auto& [kind, counts] : result.operations) {
        operations[kind] = {
            {"ok", counts.ok}, {"failed", counts.failed}, {"unknown", counts.unknown}};
    }
    return text_of({{"verdict", scenarios::to_string(result.verdict)},
                    {"why", result.why},
                    {"hash", fmt::format("{:016x}", result.hash)},
                    {"operations", std::move(operations)},
                    {"faults", std::move(faults)},
                    {"checkers", std::move(checkers)}});
}

}  // namespace squall::gateway
