#include "reports/topology.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/sim_events.h"

namespace squall::reports {
namespace {

std::string html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '&') {
            out += "&amp;";
        } else {
            out += c;
        }
    }
    return out;
}

struct Facts {
    std::map<model::TopicPartition, model::PartitionChanged> partitions;
    std::map<model::BrokerId, std::string> brokers;
    std::set<std::string> controllers;
    std::map<std::string, std::string> produces;                          // client -> topic
    std::map<std::string, std::pair<std::string, std::string>> consumes;  // client -> group, topic
};

Facts gather(const sim::Trace& trace) {
    Facts facts;
    trace.replay([&](const sim::Event& event) {
        const std::string node(trace.node_name(event.node));
        if (const auto* changed = event.as<model::PartitionChanged>()) {
            facts.partitions[changed->partition] = *changed;
        } else if (const auto* started = event.as<model::BrokerStarted>()) {
            facts.brokers[started->broker] = node;
        } else if (const auto* role = event.as<model::RaftRoleChanged>()) {
            if (role->role == "leader") facts.controllers.insert(node);
        } else if (const auto* sent = event.as<model::SendInvoked>()) {
            facts.produces[node] = sent->topic;
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            facts.consumes[node] = {polled->group, polled->partition.topic};
        }
    });
    return facts;
}

// Partitions that applications use; internal ones would drown them.
bool is_shown(const model::TopicPartition& partition) {
    return !partition.topic.starts_with("__");
}

std::string broker_label(const Facts& facts, model::BrokerId broker, const std::string& name) {
    std::string rows = fmt::format(R"(<tr><td bgcolor="#dbe9f6"><b>{}</b></td></tr>)", html(name));
    for (const auto& [partition, state] : facts.partitions) {
        if (!is_shown(partition)) continue;
        if (std::ranges::find(state.replicas, broker) == state.replicas.end()) continue;
        const bool leads = state.leader == broker;
        const bool in_sync = std::ranges::find(state.isr, broker) != state.isr.end();
        const std::string text = html(to_string(partition));
        rows += fmt::format(R"(<tr><td align="left" bgcolor="{}">{}</td></tr>)",
                            leads     ? "#ffe9b3"
                            : in_sync ? "#ffffff"
                                      : "#f3d3d3",
                            leads     ? "<b>" + text + "</b> leader"
                            : in_sync ? text
                                      : text + " out of sync");
    }
    return fmt::format(
        R"(<<table border="0" cellborder="1" cellspacing="0" cellpadding="4">{}</table>>)", rows);
}

}  // namespace

Graph topology(const sim::Trace& trace) {
    const Facts facts = gather(trace);
    std::string text =
        "digraph topology {\n"
        "  rankdir=LR; nodesep=0.25; ranksep=1.2;\n"
        "  node [fontname=\"Helvetica\" fontsize=11 shape=box style=rounded];\n"
        "  edge [color=\"#777777\" fontname=\"Helvetica\" fontsize=10];\n";
    for (const std::string& controller : facts.controllers) {
        text += fmt::format("  {} [shape=hexagon style=filled fillcolor=\"#e3dcf2\" label={}];\n",
                            dot_quote(controller), dot_quote(controller + "\ncontroller"));
    }
    text +=
        "  subgraph cluster_brokers { label=\"brokers\"; fontname=\"Helvetica\"; "
        "color=\"#bbbbbb\";\n";
    for (const auto& [broker, name] : facts.brokers) {
        text += fmt::format("    {} [shape=plain label={}];\n", dot_quote(name),
                            broker_label(facts, broker, name));
    }
    text += "  }\n";
    std::set<std::string> topics;
    for (const auto& [partition, state] : facts.partitions) {
        if (is_shown(partition)) topics.insert(partition.topic);
    }
    for (const std::string& topic : topics) {
        text += fmt::format("  {} [shape=cylinder style=filled fillcolor=\"#eef5e6\" label={}];\n",
                            dot_quote("topic " + topic), dot_quote(topic));
    }
    for (const auto& [client, topic] : facts.produces) {
        text += fmt::format("  {} -> {};\n", dot_quote(client), dot_quote("topic " + topic));
    }
    for (const auto& [client, reading] : facts.consumes) {
        text +=
            fmt::format("  {} -> {}{};\n", dot_quote("topic " + reading.second), dot_quote(client),
                        reading.first.empty()
                            ? ""
                            : fmt::format(" [label={}]", dot_quote("group " + reading.first)));
    }
    for (const std::string& controller : facts.controllers) {
        for (const auto& [broker, name] : facts.brokers) {
            text += fmt::format("  {} -> {} [style=dotted dir=none];\n", dot_quote(controller),
                                dot_quote(name));
        }
    }
    return {.text = text + "}\n"};
}

}  // namespace squall::reports
