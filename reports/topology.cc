#include "reports/topology.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

struct Broker {
    std::string name;
    bool is_fenced = true;
    bool is_up = true;
};

struct Facts {
    std::map<model::TopicPartition, model::PartitionChanged> partitions;
    std::map<model::BrokerId, Broker> brokers;
    std::string active_controller;
    std::set<std::pair<std::string, std::string>> writes;  // client, topic
    std::map<std::string, std::set<std::string>> groups;   // group -> members; "": on their own
    std::set<std::pair<std::string, std::string>> reads;   // topic, client
};

Facts gather(const sim::Trace& trace) {
    Facts facts;
    trace.replay([&](const sim::Event& event) {
        const std::string node(trace.node_name(event.node));
        if (const auto* changed = event.as<model::PartitionChanged>()) {
            facts.partitions[changed->partition] = *changed;
        } else if (const auto* started = event.as<model::BrokerStarted>()) {
            Broker& broker = facts.brokers[started->broker];
            broker.name = node;
            broker.is_up = true;
        } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
            if (stopped->reason == sim::StopReason::end_of_run) return;
            for (auto& [id, broker] : facts.brokers) {
                if (broker.name == node) broker.is_up = false;
            }
        } else if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
            facts.brokers[fence->broker].is_fenced = fence->fenced;
        } else if (const auto* role = event.as<model::RaftRoleChanged>()) {
            if (role->role == "leader") facts.active_controller = node;
        } else if (const auto* sent = event.as<model::SendInvoked>()) {
            facts.writes.emplace(node, sent->topic);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            facts.groups[polled->group].insert(node);
            facts.reads.emplace(polled->partition.topic, node);
        }
    });
    return facts;
}

// Topics that applications use; internal ones would drown them.
std::set<std::string> shown_topics(const Facts& facts) {
    std::set<std::string> topics;
    for (const auto& [partition, state] : facts.partitions) {
        if (!partition.topic.starts_with("__")) topics.insert(partition.topic);
    }
    return topics;
}

bool contains(const std::vector<model::BrokerId>& brokers, model::BrokerId broker) {
    return std::ranges::find(brokers, broker) != brokers.end();
}

std::string cell(std::string_view color, const std::string& text) {
    return fmt::format(R"(<td bgcolor="{}">{}</td>)", color, text);
}

std::string replica_cell(const model::PartitionChanged& state, model::BrokerId broker) {
    if (state.leader == broker) return cell("#ffe08a", "<b>leader</b>");
    if (contains(state.isr, broker)) return cell("#eef6ea", "in sync");
    if (contains(state.replicas, broker)) return cell("#f6cfcf", "behind");
    return cell("#ffffff", " ");
}

// A topic is a table: a row for each partition, a column for each broker.
std::string topic_label(const Facts& facts, const std::string& topic) {
    std::string head = cell("#dbe9f6", "partition");
    for (const auto& [id, broker] : facts.brokers) head += cell("#dbe9f6", html(broker.name));
    std::string rows = fmt::format(
        R"(<tr><td colspan="{}" bgcolor="#dbe9f6"><font point-size="15"><b>{}</b></font></td></tr>)"
        R"(<tr>{}</tr>)",
        facts.brokers.size() + 1, html(topic), head);
    for (const auto& [partition, state] : facts.partitions) {
        if (partition.topic != topic) continue;
        std::string row = cell("#ffffff", html(to_string(partition)));
        for (const auto& [id, broker] : facts.brokers) row += replica_cell(state, id);
        rows += "<tr>" + row + "</tr>";
    }
    return fmt::format(
        R"(<<table border="0" cellborder="1" cellspacing="0" cellpadding="5" color="#9aa8b5">)"
        R"({}</table>>)",
        rows);
}

std::string machines_label(const Facts& facts) {
    std::string rows =
        R"(<tr><td colspan="2" bgcolor="#dbe9f6"><font point-size="15"><b>the cluster, at the end</b>)"
        R"(</font></td></tr>)";
    if (!facts.active_controller.empty()) {
        rows += "<tr>" + cell("#e3dcf2", html(facts.active_controller)) +
                cell("#ffffff", "active controller") + "</tr>";
    }
    for (const auto& [id, broker] : facts.brokers) {
        const auto leads = std::ranges::count_if(
            facts.partitions, [&](const auto& entry) { return entry.second.leader == id; });
        const std::string state = !broker.is_up      ? "down"
                                  : broker.is_fenced ? "fenced"
                                                     : fmt::format("leads {} of {} partitions",
                                                                   leads, facts.partitions.size());
        rows += "<tr>" + cell("#dbe9f6", html(broker.name)) +
                cell(broker.is_up && !broker.is_fenced ? "#ffffff" : "#f6cfcf", state) + "</tr>";
    }
    return fmt::format(
        R"(<<table border="0" cellborder="1" cellspacing="0" cellpadding="5" color="#9aa8b5">)"
        R"({}</table>>)",
        rows);
}

}  // namespace

Graph topology(const sim::Trace& trace) {
    const Facts facts = gather(trace);
    std::string text =
        "digraph topology {\n"
        "  rankdir=LR; nodesep=0.2; ranksep=0.8; pad=0.3; fontname=\"Helvetica\";\n"
        "  node [fontname=\"Helvetica\" fontsize=11 shape=box style=\"rounded,filled\" "
        "fillcolor=white color=\"#7f9fbf\"];\n"
        "  edge [color=\"#7f8fa0\" arrowsize=0.8];\n";
    text += fmt::format("  machines [shape=plain style=\"\" label={}];\n", machines_label(facts));
    for (const std::string& topic : shown_topics(facts)) {
        text += fmt::format("  {} [shape=plain style=\"\" label={}];\n",
                            dot_quote("topic " + topic), topic_label(facts, topic));
    }
    for (const auto& [group, members] : facts.groups) {
        if (group.empty()) continue;
        text += fmt::format(
            "  subgraph {} {{ label={} fontsize=10 fontcolor=\"#666666\" style=\"rounded,filled\" "
            "fillcolor=\"#f4f6f8\" color=\"#d5dbe1\" margin=7;\n",
            dot_quote("cluster group " + group), dot_quote("group " + group));
        for (const std::string& member : members) {
            text += fmt::format("    {};\n", dot_quote(member));
        }
        text += "  }\n";
    }
    const auto is_shown = [topics = shown_topics(facts)](const std::string& topic) {
        return topics.contains(topic);
    };
    for (const auto& [client, topic] : facts.writes) {
        if (!is_shown(topic)) continue;
        text += fmt::format("  {} -> {};\n", dot_quote(client), dot_quote("topic " + topic));
    }
    for (const auto& [topic, client] : facts.reads) {
        if (!is_shown(topic)) continue;
        text += fmt::format("  {} -> {};\n", dot_quote("topic " + topic), dot_quote(client));
    }
    return {.text = text + "}\n"};
}

}  // namespace squall::reports
