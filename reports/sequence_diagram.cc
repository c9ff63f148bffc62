#include "reports/sequence_diagram.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/moments.h"

namespace squall::reports {
namespace {

// In points; time runs to smaller y.
constexpr int lane_width = 190;
constexpr int left_edge = -lane_width * 17 / 20;
constexpr int line_height = 14;
constexpr int row_gap = 14;
constexpr std::size_t note_columns = 24;  // so that a note stays within its lane
constexpr Duration pause_worth_telling = 300ms;

std::vector<std::string> wrap(const std::string& text, std::size_t columns) {
    std::vector<std::string> lines(1);
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        const std::string word = text.substr(begin, end - begin);
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > columns) {
            lines.emplace_back();
        }
        lines.back() += (lines.back().empty() ? "" : " ") + word;
        begin = end + 1;
    }
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
}

// Of a note around these lines. Graphviz measures words when it draws them; this errs to the wide.
int half_width_of(const std::vector<std::string>& lines) {
    std::size_t columns = 0;
    for (const std::string& line : lines) columns = std::max(columns, line.size());
    return static_cast<int>(columns) * 3 + 8;
}

std::string clock_of(Time time) {
    return fmt::format("{}.{:03} s", time.ms() / 1000, time.ms() % 1000);
}

class Drawing {
  public:
    explicit Drawing(const Scene& scene) : scene_(scene) {
        for (std::size_t i = 0; i < scene.lanes.size(); ++i) {
            Lane& lane = lanes_[scene.lanes[i]];
            lane.x = static_cast<int>(i) * lane_width;
            lane.is_down = std::ranges::find(scene.down, scene.lanes[i]) != scene.down.end();
            lane.leads = !scene.leader.empty() && scene.leader == scene.lanes[i];
        }
        right_ = std::max(0, (static_cast<int>(lanes_.size()) - 1) * lane_width);
    }

    std::string draw() {
        margin_words(66, scene_.title, 16, "");
        margin_words(44, legend(), 10, "fontcolor=\"#666666\"");
        for (const std::string& name : scene_.lanes) {
            box(lanes_[name].x, 0, name,
                "fillcolor=\"#dbe9f6\" color=\"#7f9fbf\" fontsize=13 margin=\"0.14,0.06\"");
            lanes_[name].drawn_to = -14;
        }
        std::optional<Time> before;
        for (const Moment& moment : scene_.moments) {
            if (before && moment.time - *before >= pause_worth_telling) {
                pause(moment.time - *before);
            }
            const std::string clock = clock_of(moment.time);
            const int top = y_;
            row(moment);
            if (!before || clock != clock_of(*before)) {
                margin_words((top - row_gap + y_) / 2, clock, 10, "fontcolor=\"#555555\"");
            }
            before = moment.time;
        }
        y_ -= row_gap;
        for (auto& [name, lane] : lanes_) finish_lane(lane, y_);
        return "digraph sequence {\n  splines=line; outputorder=edgesfirst; pad=0.3;\n"
               "  node [shape=plaintext fontname=\"Helvetica\" fontsize=10 width=0 height=0 "
               "margin=0];\n"
               "  edge [fontname=\"Helvetica\" fontsize=10 arrowsize=0.7];\n" +
               points_ + lines_ + text_ + "}\n";
    }

  private:
    struct Lane {
        int x = 0;
        int drawn_to = 0;
        bool is_down = false;
        bool leads = false;
    };

    std::string legend() const {
        std::string text;
        if (!scene_.followed.empty()) {
            text += "golden lane: leads " + scene_.followed + ".  ";
        }
        text += "dashed lane: down.  dashed arrow: does not arrive.  ";
        text += fmt::format("Not shown: {} frames", scene_.hidden_frames);
        if (scene_.hidden_machines > 0) {
            text += fmt::format(", {} clients", scene_.hidden_machines);
        }
        return text;
    }

    // ---- elements ----

    std::string next_name() { return fmt::format("n{}", count_++); }

    std::string point(int x, int y) {
        const std::string name = next_name();
        points_ += fmt::format(
            "  {} [shape=point style=invis width=0.01 height=0.01 label=\"\" pos=\"{},{}!\"];\n",
            name, x, y);
        return name;
    }
    void line(int x1, int y1, int x2, int y2, std::string_view style) {
        const std::string from = point(x1, y1);
        const std::string to = point(x2, y2);
        lines_ += fmt::format("  {} -> {} [{}];\n", from, to, style);
    }
    void words(int x, int y, const std::string& text, std::string_view style) {
        text_ += fmt::format("  {} [pos=\"{},{}!\" label={} {}];\n", next_name(), x, y,
                             dot_quote(text), style);
    }
    // At the left edge of the picture. Graphviz centres a node, so it gets a width of its own.
    void margin_words(int y, const std::string& text, int font_size, std::string_view style) {
        const int width = static_cast<int>(text.size()) * font_size * 3 / 4;
        std::string label = dot_quote(text);
        label.insert(label.size() - 1, "\\l");  // keeps to the left
        text_ += fmt::format(
            "  {} [pos=\"{},{}!\" fixedsize=true width={:.2f} height=0.25 fontsize={} label={} "
            "{}];\n",
            next_name(), left_edge + width / 2, y, width / 72.0, font_size, label, style);
    }
    void box(int x, int y, const std::string& text, std::string_view style) {
        text_ += fmt::format(
            "  {} [pos=\"{},{}!\" shape=box style=\"rounded,filled\" margin=\"0.08,0.04\" "
            "label={} {}];\n",
            next_name(), x, y, dot_quote(text), style);
    }

    // ---- lanes ----

    void finish_lane(Lane& lane, int y) {
        const std::string_view style =
            lane.is_down ? "arrowhead=none style=dashed color=\"#d9a3a3\""
            : lane.leads ? "arrowhead=none penwidth=7 color=\"#f5c542\""
                         : "arrowhead=none penwidth=1.5 color=\"#b8c4d0\"";
        if (y < lane.drawn_to) line(lane.x, lane.drawn_to, lane.x, y, style);
        lane.drawn_to = y;
    }
    Lane* lane_of(const std::string& name) {
        const auto found = lanes_.find(name);
        return found == lanes_.end() ? nullptr : &found->second;
    }

    // ---- rows ----

    void row(const Moment& moment) {
        switch (moment.kind) {
            case MomentKind::fault:
                return band(moment);
            case MomentKind::stop:
            case MomentKind::start:
            case MomentKind::decision:
            case MomentKind::relief:
                return note(moment);
            case MomentKind::leader_moved:
                return move_leader(moment);
            case MomentKind::frame:
            case MomentKind::held_frame:
            case MomentKind::lost_frame:
                return arrow(moment);
        }
    }

    void pause(Duration length) {
        y_ -= row_gap;
        line(left_edge, y_ - 7, right_ + lane_width / 2, y_ - 7,
             "arrowhead=none style=dotted color=\"#cccccc\"");
        words(right_ / 2, y_ - 7,
              fmt::format("{}.{} s later", length.count() / 1'000'000'000,
                          length.count() / 100'000'000 % 10),
              "style=filled fillcolor=white fontcolor=\"#888888\" margin=\"0.08,0.02\" "
              "fontname=\"Helvetica-Oblique\"");
        y_ -= line_height;
    }

    void band(const Moment& moment) {
        y_ -= row_gap;
        const int height = line_height + 8;
        text_ += fmt::format(
            "  {} [pos=\"{},{}!\" shape=box style=filled fillcolor=\"#fbe3e3\" color=\"#e09a9a\" "
            "fontcolor=\"#a02020\" fontsize=11 fixedsize=true width={:.2f} height={:.2f} "
            "label={}];\n",
            next_name(), right_ / 2, y_ - height / 2, (right_ + lane_width * 0.9) / 72.0,
            height / 72.0, dot_quote(moment.text));
        y_ -= height;
    }

    void note(const Moment& moment) {
        Lane* const lane = lane_of(moment.from);
        if (lane == nullptr) return;
        const std::vector<std::string> lines = wrap(moment.text, note_columns);
        y_ -= row_gap;
        const int height = static_cast<int>(lines.size()) * line_height + 6;
        const int middle = y_ - height / 2;
        if (moment.kind == MomentKind::stop) {
            finish_lane(*lane, middle);
            lane->is_down = true;
        } else if (moment.kind == MomentKind::start) {
            finish_lane(*lane, middle);
            lane->is_down = false;
        }
        box(lane->x, middle, joined(lines),
            moment.kind == MomentKind::stop
                ? "fillcolor=\"#c0392b\" color=\"#8e1f14\" fontcolor=white fontsize=11"
            : moment.kind == MomentKind::start || moment.kind == MomentKind::relief
                ? "fillcolor=\"#dff2df\" color=\"#7fb07f\""
                : "fillcolor=\"#ffffff\" color=\"#a8b4c0\"");
        y_ -= height;
    }

    void move_leader(const Moment& moment) {
        Lane* const from = lane_of(moment.from);
        Lane* const to = lane_of(moment.to);
        const std::vector<std::string> lines = wrap(moment.text, note_columns);
        const int height = static_cast<int>(lines.size()) * line_height + 6;
        y_ -= row_gap;
        Lane* const host = to != nullptr ? to : from;
        if (host == nullptr) return;
        const int middle = y_ - height / 2;
        if (moment.moves_followed) {
            for (auto& [name, lane] : lanes_) {
                if (!lane.leads) continue;
                finish_lane(lane, middle);
                lane.leads = false;
            }
            if (to != nullptr) {
                finish_lane(*to, middle);
                to->leads = true;
            }
        }
        box(host->x, middle, joined(lines), "fillcolor=\"#ffe9a8\" color=\"#d9a400\"");
        if (from != nullptr && to != nullptr && from != to) {
            const int side = from->x < to->x ? -1 : 1;
            line(from->x, middle, to->x + side * half_width_of(lines), middle,
                 "penwidth=3 color=\"#e0ae1d\" arrowsize=0.9");
        }
        y_ -= height;
    }

    void arrow(const Moment& moment) {
        const Lane* const from = lane_of(moment.from);
        const Lane* const to = lane_of(moment.to);
        if (from == nullptr || to == nullptr) return;
        const bool arrives = moment.kind == MomentKind::frame;
        y_ -= row_gap - 4;
        words((from->x + to->x) / 2, y_ - line_height / 2, moment.text,
              arrives ? "style=filled fillcolor=white fontcolor=\"#33475b\""
                      : "style=filled fillcolor=white fontcolor=\"#b03030\"");
        y_ -= line_height + 1;
        line(from->x, y_, to->x, y_,
             arrives ? "color=\"#4a6f94\"" : "style=dashed color=\"#c0392b\" arrowhead=tee");
        y_ -= 3;
    }

    const Scene& scene_;
    std::map<std::string, Lane> lanes_;
    int right_ = 0;
    int y_ = -18;
    int count_ = 0;
    // The graph, in three parts: what lines hang on, lines, and what stands before them.
    std::string points_;
    std::string lines_;
    std::string text_;
};

}  // namespace

Graph sequence_diagram(const sim::Trace& trace) {
    const Scene scene = most_interesting_scene(trace);
    return {.text = Drawing(scene).draw(), .engine = "neato"};
}

}  // namespace squall::reports
