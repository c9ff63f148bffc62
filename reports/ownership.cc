#include "reports/ownership.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "model/events/client_events.h"
#include "sim/trace/sim_events.h"

namespace squall::reports {
namespace {

using model::TopicPartition;

// ---- the fold ----

class Owners {
  public:
    void observe(const sim::Event& event, const std::string& node) {
        last_ = event.time;
        if (const auto* configured = event.as<model::ConsumerConfigured>()) {
            if (!configured->group.empty())
                groups_[configured->group].protocol = protocol_of(*configured);
        } else if (const auto* changed = event.as<model::AssignmentChanged>()) {
            if (!changed->group.empty()) on_change(*changed, node);
        } else if (event.as<sim::NodeStopped>() != nullptr) {
            on_stop(node);
        } else if (event.as<sim::CalmBegan>() != nullptr) {
            calm_ = event.time;
        } else if (const auto* handled = event.as<model::RecordHandled>()) {
            std::uint64_t& times = handled_[handled->group][{handled->partition, handled->offset}];
            GroupOwnership& group = groups_[handled->group];
            ++group.handled;
            if (++times > 1) ++group.handled_again;
        }
    }

    std::vector<GroupOwnership> finish() {
        for (auto& [name, owned] : open_) {
            for (const auto& [key, from] : owned) close(name, key, from);
        }
        std::vector<GroupOwnership> result;
        for (auto& [name, group] : groups_) {
            if (group.lanes.empty()) continue;
            group.group = name;
            for (auto& [partition, spans] : group.lanes) {
                std::ranges::stable_sort(spans, {}, &OwnedSpan::from);
            }
            charge(group);
            result.push_back(std::move(group));
        }
        return result;
    }

  private:
    using Holding = std::pair<TopicPartition, std::string>;  // what, and whose

    static std::string protocol_of(const model::ConsumerConfigured& configured) {
        if (configured.group_protocol == "consumer") return "consumer";
        return configured.group_protocol + ": " + configured.assignors;
    }

    void on_change(const model::AssignmentChanged& changed, const std::string& node) {
        std::map<Holding, Time>& owned = open_[changed.group];
        for (const TopicPartition& partition : changed.partitions) {
            groups_[changed.group].lanes[partition];
            const Holding key{partition, node};
            if (changed.change == model::AssignmentChange::assigned) {
                owned.emplace(key, last_);
            } else if (const auto at = owned.find(key); at != owned.end()) {
                close(changed.group, key, at->second);
                owned.erase(at);
            }
        }
    }

    void on_stop(const std::string& node) {
        for (auto& [group, owned] : open_) {
            for (auto at = owned.begin(); at != owned.end();) {
                if (at->first.second != node) {
                    ++at;
                    continue;
                }
                close(group, at->first, at->second);
                at = owned.erase(at);
            }
        }
    }

    void close(const std::string& group, const Holding& key, Time from) {
        if (from < last_) {
            groups_[group].lanes[key.first].push_back(
                {.from = from, .to = last_, .owner = key.second});
        }
    }

    static bool is_owned_at(const std::vector<OwnedSpan>& spans, Time time) {
        return std::ranges::any_of(
            spans, [&](const OwnedSpan& span) { return span.from <= time && time < span.to; });
    }

    // When all lanes had an owner for the first time; else when the first one had.
    static Time first_complete(const GroupOwnership& group) {
        std::vector<Time> starts;
        for (const auto& [partition, spans] : group.lanes) {
            for (const OwnedSpan& span : spans) starts.push_back(span.from);
        }
        std::ranges::sort(starts);
        for (const Time start : starts) {
            const bool complete = std::ranges::all_of(
                group.lanes, [&](const auto& lane) { return is_owned_at(lane.second, start); });
            if (complete) return start;
        }
        return starts.empty() ? Time{} : starts.front();
    }

    void charge(GroupOwnership& group) const {
        group.counted_from = first_complete(group);
        group.counted_until = std::max(group.counted_from, calm_.value_or(last_));
        for (const auto& [partition, spans] : group.lanes) {
            Time covered_until = group.counted_from;
            const OwnedSpan* before = nullptr;
            for (const OwnedSpan& span : spans) {
                if (span.from >= group.counted_until) break;
                if (before != nullptr && before->owner != span.owner &&
                    span.from > group.counted_from) {
                    ++group.moved;
                }
                before = &span;
                if (span.from > covered_until) group.unowned += span.from - covered_until;
                covered_until = std::max(covered_until, std::min(span.to, group.counted_until));
            }
            group.unowned += group.counted_until - covered_until;
        }
    }

    std::map<std::string, GroupOwnership> groups_;
    std::map<std::string, std::map<Holding, Time>> open_;  // by group: since when
    std::map<std::string, std::map<std::pair<TopicPartition, model::Offset>, std::uint64_t>>
        handled_;
    std::optional<Time> calm_;
    Time last_;
};

double seconds(Duration duration) {
    return static_cast<double>(duration.count()) / 1e9;
}
double seconds(Time time) {
    return seconds(time.since_origin());
}

// ---- the picture ----

constexpr double points_per_second = 9;
constexpr double lane_height = 16;
constexpr double lane_pitch = 22;
constexpr double label_width = 110;

constexpr std::array<std::string_view, 8> colors = {"#8fb8de", "#f2b880", "#9fcf9a", "#d9a5c9",
                                                    "#e3d26f", "#87cfc9", "#c3aed6", "#e59a8f"};

class LaneGraph {
  public:
    // Begins at x, nearly: Graphviz centres what it writes.
    void text(double x, double y, double size, const std::string& text) {
        const double width = 0.53 * size * static_cast<double>(text.size());
        node(x + width / 2, y,
             fmt::format("shape=plaintext fontsize={} label={}", size, dot_quote(text)));
    }
    void box(double from, double to, double y, std::string_view color, const std::string& text) {
        const double width = to - from;
        node((from + to) / 2, y,
             fmt::format("shape=box fixedsize=true width={:.4f} height={:.4f} style=filled "
                         "fillcolor=\"{}\" color=\"#6f7d8a\" penwidth=0.4 fontsize=8 label={} "
                         "tooltip={}",
                         width / 72, lane_height / 72, color,
                         dot_quote(width > 6.0 * static_cast<double>(text.size()) ? text : ""),
                         dot_quote(text)));
    }
    void line(double x, double top, double bottom, std::string_view color) {
        const std::string from = point(x, top);
        const std::string to = point(x, bottom);
        text_ +=
            fmt::format("  {} -> {} [arrowhead=none color=\"{}\" penwidth=0.7 style=dashed];\n",
                        from, to, color);
    }
    std::string finish() const {
        return "digraph ownership {\n  pad=0.2; splines=line; fontname=\"Helvetica\";\n"
               "  node [fontname=\"Helvetica\"];\n" +
               text_ + "}\n";
    }

  private:
    std::string node(double x, double y, const std::string& attributes) {
        const std::string name = fmt::format("n{}", count_++);
        text_ += fmt::format("  {} [pos=\"{:.1f},{:.1f}!\" {}];\n", name, x, y, attributes);
        return name;
    }
    std::string point(double x, double y) {
        return node(x, y, "shape=point width=0.01 height=0.01 style=invis label=\"\"");
    }

    std::string text_;
    std::uint64_t count_ = 0;
};

}  // namespace

std::vector<GroupOwnership> ownership(const sim::Trace& trace) {
    Owners owners;
    trace.replay([&](const sim::Event& event) {
        owners.observe(event, std::string(trace.node_name(event.node)));
    });
    return owners.finish();
}

std::string ownership_text(const std::vector<GroupOwnership>& groups) {
    std::string text;
    std::size_t name_width = 5, protocol_width = 8;
    for (const GroupOwnership& group : groups) {
        name_width = std::max(name_width, group.group.size());
        protocol_width = std::max(protocol_width, group.protocol.size());
        text += fmt::format("group {} ({})\n", group.group, group.protocol);
        for (const auto& [partition, spans] : group.lanes) {
            text += fmt::format("  {:<12}", to_string(partition));
            std::optional<Time> free_since;
            for (const OwnedSpan& span : spans) {
                if (free_since && span.from > *free_since) {
                    text += fmt::format("  nobody {:.3f}s", seconds(span.from - *free_since));
                }
                text += fmt::format("  {} {:.3f}..{:.3f}", span.owner, seconds(span.from),
                                    seconds(span.to));
                free_since = std::max(free_since.value_or(span.to), span.to);
            }
            text += "\n";
        }
        text += "\n";
    }
    text += fmt::format("{:<{}}  {:<{}}  {:>14}  {:>23}  {:>16}  {:>18}\n", "group", name_width,
                        "protocol", protocol_width, "counted", "without an owner",
                        "partitions moved", "records done again");
    for (const GroupOwnership& group : groups) {
        text += fmt::format(
            "{:<{}}  {:<{}}  {:>6.1f}..{:>6.1f}  {:>5.1f} partition-seconds  {:>16}  {:>10} of "
            "{:>4}\n",
            group.group, name_width, group.protocol, protocol_width, seconds(group.counted_from),
            seconds(group.counted_until), seconds(group.unowned), group.moved, group.handled_again,
            group.handled - group.handled_again);
    }
    if (!groups.empty()) {
        text += "counted: from when all partitions had an owner at once, until the storm ended\n";
    }
    return text;
}

Graph ownership_lanes(const sim::Trace& trace) {
    const std::vector<GroupOwnership> groups = ownership(trace);
    LaneGraph graph;
    const auto x_of = [](Time time) { return label_width + seconds(time) * points_per_second; };
    Time end;
    double y = 0;
    for (const GroupOwnership& group : groups) {
        y -= lane_pitch * 1.5;
        graph.text(0, y, 12,
                   fmt::format("{} ({}): {:.1f} partition-seconds without an owner, {} moved, {} "
                               "records done again",
                               group.group, group.protocol, seconds(group.unowned), group.moved,
                               group.handled_again));
        std::map<std::string, std::string_view> color_of;
        for (const auto& [partition, spans] : group.lanes) {
            for (const OwnedSpan& span : spans) color_of[span.owner];
        }
        std::size_t next_color = 0;
        for (auto& [owner, color] : color_of) color = colors[next_color++ % colors.size()];
        for (const auto& [partition, spans] : group.lanes) {
            y -= lane_pitch;
            graph.text(12, y, 10, to_string(partition));
            std::optional<Time> free_since;
            for (const OwnedSpan& span : spans) {
                if (free_since && span.from > *free_since) {
                    graph.box(x_of(*free_since), x_of(span.from), y, "#c9ced3", "nobody");
                }
                graph.box(x_of(span.from), x_of(span.to), y, color_of.at(span.owner), span.owner);
                free_since = std::max(free_since.value_or(span.to), span.to);
            }
            end = std::max(end, free_since.value_or(end));
        }
    }
    const double bottom = y - lane_pitch;
    std::map<Time, double> labels;  // faults of one instant are named above one another
    trace.replay([&](const sim::Event& event) {
        if (const auto* fault = event.as<sim::FaultStarted>()) {
            graph.line(x_of(event.time), -lane_height, bottom, "#c0392b");
            double& height = labels[event.time];
            graph.text(x_of(event.time), height, 8, fault->id);
            height += 10;
        } else if (event.as<sim::FaultHealed>() != nullptr) {
            graph.line(x_of(event.time), -lane_height, bottom, "#2e8b57");
        }
    });
    for (int second = 0; second <= static_cast<int>(seconds(end)); second += 10) {
        graph.text(x_of(Time(std::chrono::seconds(second))), bottom - 4, 9,
                   fmt::format("{}s", second));
    }
    return {.text = graph.finish(), .engine = "neato"};
}

}  // namespace squall::reports
