#include "reports/sequence_diagram.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/sim_events.h"

namespace squall::reports {
namespace {

constexpr std::size_t most_rows = 64;
constexpr int lane_width = 150;  // points
constexpr int row_height = 24;

struct Row {
    Time time;
    std::string from;  // lane
    std::string to;    // lane of the arrow's head; empty: a note
    std::string text;
    bool is_lost = false;
    bool is_fault = false;
    std::uint32_t weight = 0;  // the heavier survives when there are too many
};

struct Focus {
    Time begin;
    Time end;
};

// How many leaders moved in the seconds after each fault decides where to look.
Focus choose_focus(const sim::Trace& trace) {
    struct Candidate {
        Time at;
        std::uint32_t leaders_moved = 0;
        Time last_move;
    };
    std::vector<Candidate> faults;
    std::map<model::TopicPartition, model::BrokerId> leaders;
    trace.replay([&](const sim::Event& event) {
        if (event.as<sim::FaultStarted>() != nullptr) {
            faults.push_back({.at = event.time, .last_move = event.time});
        }
        const auto* changed = event.as<model::PartitionChanged>();
        if (changed == nullptr) return;
        const auto [known, is_new] = leaders.try_emplace(changed->partition, changed->leader);
        if (is_new || known->second == changed->leader) return;
        known->second = changed->leader;
        if (faults.empty() || event.time > faults.back().at + 15s) return;
        ++faults.back().leaders_moved;
        if (faults.back().leaders_moved == 1) faults.back().last_move = event.time;
    });
    const auto best = std::ranges::max_element(faults, {}, &Candidate::leaders_moved);
    if (best == faults.end()) return {Time{}, Time(10s)};
    const Time begin = best->at > Time(100ms) ? best->at - 100ms : Time{};
    return {begin, best->last_move + 700ms};
}

std::optional<Row> note_of(const sim::Trace& trace, const sim::Event& event) {
    Row row{
        .time = event.time, .from = std::string(trace.node_name(event.node)), .to = {}, .text = {}};
    if (const auto* fault = event.as<sim::FaultStarted>()) {
        row.text = fmt::format("{}: {} {}", fault->id, fault->kind, fault->target);
        row.is_fault = true;
        row.weight = 100;
    } else if (const auto* healed = event.as<sim::FaultHealed>()) {
        row.text = healed->id + " ends";
        row.is_fault = true;
        row.weight = 100;
    } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
        row.text = fmt::format("{} stops: {}", row.from, to_string(stopped->reason));
        row.weight = 90;
    } else if (event.as<sim::NodeStarted>() != nullptr) {
        row.text = row.from + " starts";
        row.weight = 90;
    } else if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
        row.text =
            fmt::format("{} broker {}", fence->fenced ? "fences" : "unfences", fence->broker);
        row.weight = 80;
    } else if (const auto* changed = event.as<model::PartitionChanged>()) {
        std::string isr;
        for (const model::BrokerId broker : changed->isr)
            isr += fmt::format("{}{}", isr.empty() ? "" : ",", broker);
        row.text = fmt::format("{}: leader {}, epoch {}, ISR {}", changed->partition,
                               changed->leader, changed->leader_epoch, isr);
        row.weight = changed->partition.topic.starts_with("__") ? 30 : 70;
    } else if (const auto* role = event.as<model::RoleTaken>()) {
        row.text = fmt::format("{} of {}, epoch {}", to_string(role->role), role->partition,
                               role->leader_epoch);
        row.weight = role->partition.topic.starts_with("__") ? 10 : 60;
    } else if (const auto* truncated = event.as<model::LogTruncated>()) {
        row.text = fmt::format("truncates {} to {}", truncated->partition, truncated->to);
        row.weight = 75;
    } else if (const auto* group = event.as<model::GroupStateChanged>()) {
        row.text = fmt::format("group {}: {}", group->group, group->to);
        row.weight = 20;
    } else {
        return std::nullopt;
    }
    return row;
}

// Chatter that goes on all the time says little.
std::uint32_t weight_of_label(std::string_view label) {
    if (label.starts_with("Fetch") || label.starts_with("ApiVersions")) return 1;
    if (label.starts_with("BrokerHeartbeat") || label.starts_with("Heartbeat")) return 2;
    if (label.starts_with("OffsetCommit") || label.starts_with("Metadata")) return 8;
    if (label.starts_with("Produce")) return 15;
    return 40;
}

std::vector<Row> gather(const sim::Trace& trace, const Focus& focus) {
    std::vector<Row> rows;
    struct Sent {
        std::size_t row;
    };
    std::map<sim::EventSequence, std::size_t> sent;  // FrameSent -> its row
    trace.replay([&](const sim::Event& event) {
        if (event.time < focus.begin || event.time > focus.end) return;
        if (std::optional<Row> note = note_of(trace, event)) {
            rows.push_back(std::move(*note));
        } else if (const auto* frame = event.as<sim::FrameSent>()) {
            sent[event.sequence] = rows.size();
            const std::string label(frame->label);
            rows.push_back({.time = event.time,
                            .from = std::string(trace.node_name(event.node)),
                            .to = std::string(trace.node_name(frame->peer)),
                            .text = label,
                            .is_lost = true,
                            .weight = weight_of_label(label)});
        } else if (event.as<sim::FrameDelivered>() != nullptr) {
            const auto found = sent.find(event.cause);
            if (found != sent.end()) rows[found->second].is_lost = false;
        }
    });
    // The most telling rows, in their order.
    std::vector<std::size_t> order(rows.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, std::greater<>{},
                             [&](std::size_t i) { return rows[i].weight; });
    if (order.size() > most_rows) order.resize(most_rows);
    std::ranges::sort(order);
    std::vector<Row> kept;
    for (const std::size_t i : order) kept.push_back(std::move(rows[i]));
    return kept;
}

// Controllers, brokers, then clients, each in order of name; the harness has no lane of its own.
std::vector<std::string> lanes_of(const std::vector<Row>& rows) {
    std::set<std::string> names;
    for (const Row& row : rows) {
        for (const std::string& name : {row.from, row.to}) {
            if (!name.empty() && name != "harness") names.insert(name);
        }
    }
    const auto rank = [](const std::string& name) {
        const bool numbered =
            name.size() >= 2 && std::isdigit(static_cast<unsigned char>(name[1])) != 0;
        return numbered && name[0] == 'c' ? 0 : numbered && name[0] == 'b' ? 1 : 2;
    };
    std::vector<std::string> lanes(names.begin(), names.end());
    std::ranges::stable_sort(lanes, {}, rank);
    return lanes;
}

}  // namespace

Graph sequence_diagram(const sim::Trace& trace) {
    const std::vector<Row> rows = gather(trace, choose_focus(trace));
    const std::vector<std::string> lanes = lanes_of(rows);
    const auto x_of = [&](const std::string& lane) {
        const auto at = std::ranges::find(lanes, lane);
        return static_cast<int>(at - lanes.begin()) * lane_width;
    };
    const int right = std::max(1, static_cast<int>(lanes.size())) * lane_width;
    const int bottom = -(static_cast<int>(rows.size()) + 1) * row_height;

    std::string text =
        "digraph sequence {\n  splines=line; outputorder=edgesfirst;\n"
        "  node [shape=plaintext fontname=\"Helvetica\" fontsize=10 width=0 height=0 "
        "margin=0.02];\n"
        "  edge [fontname=\"Helvetica\" fontsize=9 arrowsize=0.6 color=\"#446688\"];\n";
    const auto point = [&](const std::string& name, int x, int y) {
        text +=
            fmt::format("  {} [shape=point width=0.01 label=\"\" pos=\"{},{}!\"];\n", name, x, y);
    };
    const auto label = [&](const std::string& name, int x, int y, const std::string& words,
                           std::string_view style) {
        text += fmt::format("  {} [pos=\"{},{}!\" label={} {}];\n", name, x, y, dot_quote(words),
                            style);
    };
    for (std::size_t i = 0; i < lanes.size(); ++i) {
        const int x = static_cast<int>(i) * lane_width;
        label(fmt::format("head{}", i), x, row_height, lanes[i],
              "shape=box style=\"rounded,filled\" fillcolor=\"#dbe9f6\" margin=0.08 fontsize=12");
        point(fmt::format("top{}", i), x, row_height / 2);
        point(fmt::format("foot{}", i), x, bottom);
        text += fmt::format("  top{} -> foot{} [arrowhead=none color=\"#cccccc\"];\n", i, i);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        const int y = -static_cast<int>(i + 1) * row_height;
        label(fmt::format("time{}", i), -lane_width * 3 / 4, y,
              fmt::format("{}.{:03}s", row.time.ms() / 1000, row.time.ms() % 1000),
              "fontcolor=\"#777777\"");
        if (row.to.empty()) {
            const bool on_lane = row.from != "harness";
            label(fmt::format("note{}", i), on_lane ? x_of(row.from) : right / 2 - lane_width / 2,
                  y, row.text,
                  row.is_fault
                      ? "shape=box style=filled fillcolor=\"#f6c9c9\" margin=0.05 fontsize=11"
                      : "shape=box style=filled fillcolor=\"#fff6d9\" margin=0.04");
            continue;
        }
        point(fmt::format("from{}", i), x_of(row.from), y);
        point(fmt::format("to{}", i), x_of(row.to), y);
        text += fmt::format("  from{} -> to{} [label={}{}];\n", i, i,
                            dot_quote(row.is_lost ? row.text + " (lost)" : row.text),
                            row.is_lost ? " style=dashed color=\"#bb4444\"" : "");
    }
    return {.text = text + "}\n", .engine = "neato"};
}

}  // namespace squall::reports
