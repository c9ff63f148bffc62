#include "scenarios/shrink_step.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "scenarios/scenario_file.h"
#include "sim/base/time.h"

namespace squall::scenarios {
namespace {

// The text as write_scenario gives it: blocks ("[topics.orders]", "[[fault]]") of "key = value".
struct Line {
    std::string key;
    std::string value;
};
struct Block {
    std::string head;  // "" for the first one
    std::vector<Line> lines;

    bool is(std::string_view name) const { return head == name; }
    bool starts(std::string_view prefix) const { return head.starts_with(prefix); }
    const Line* find(std::string_view key) const {
        const auto found = std::ranges::find(lines, key, &Line::key);
        return found == lines.end() ? nullptr : &*found;
    }
    // "run", "topics.orders", or "fault.kill-leader": how --set reaches it.
    std::string path() const {
        std::string name = head;
        std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
        const Line* const id = is("[[fault]]") || is("[[admin]]") ? find("id") : nullptr;
        return id == nullptr ? name : name + "." + id->value.substr(1, id->value.size() - 2);
    }
};
using Document = std::vector<Block>;

void state_size(Document& document, std::string_view head, std::string_view key,
                std::uint32_t size) {
    auto block = std::ranges::find_if(document, [&](const Block& each) { return each.is(head); });
    if (block == document.end()) {
        block = document.insert(document.begin() + 1, {.head = std::string(head), .lines = {}});
    }
    if (block->find(key) == nullptr) {
        block->lines.push_back({std::string(key), std::to_string(size)});
    }
}

Document blocks_of(const Scenario& scenario) {
    const std::string text = write_scenario(scenario);
    Document document(1);
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, end - begin);
        begin = end + 1;
        if (line.starts_with('[')) {
            document.push_back({.head = line, .lines = {}});
        } else if (const std::size_t equals = line.find(" = "); equals != std::string::npos) {
            document.back().lines.push_back({line.substr(0, equals), line.substr(equals + 3)});
        }
    }
    // Sizes that a file leaves to their defaults can go down as well.
    state_size(document, "[cluster]", "brokers", scenario.cluster.brokers);
    state_size(document, "[cluster]", "controllers", scenario.cluster.controllers);
    state_size(document, "[workload]", "rate", scenario.workload.rate);
    return document;
}

std::string text_of(const Document& document) {
    std::string text;
    for (const Block& block : document) {
        if (!block.head.empty()) text += "\n" + block.head + "\n";
        for (const Line& line : block.lines) text += line.key + " = " + line.value + "\n";
    }
    return text;
}

class Steps {
  public:
    explicit Steps(const Scenario& scenario)
        : name_(scenario.name), written_(write_scenario(scenario)) {}

    // Kept where it is a scenario, and another one.
    void add(std::string what, const Document& document) {
        try {
            Scenario smaller = parse_scenario(text_of(document), name_);
            if (write_scenario(smaller) == written_) return;
            steps_.push_back({std::move(what), std::move(smaller)});
        } catch (const ScenarioError&) {
            // It needs what was left out.
        }
    }
    std::vector<ShrinkStep> take() { return std::move(steps_); }

  private:
    std::string name_;
    std::string written_;
    std::vector<ShrinkStep> steps_;
};

void leave_out_faults(const Document& document, Steps& steps) {
    std::vector<std::size_t> faults;
    for (std::size_t i = 0; i < document.size(); ++i) {
        if (document[i].is("[[fault]]")) faults.push_back(i);
    }
    // Chunks of a half, a quarter, ... as delta debugging does it (Zeller and Hildebrandt, 2002).
    for (std::size_t size = faults.size(); size > 0; size /= 2) {
        for (std::size_t first = 0; first < faults.size(); first += size) {
            const std::size_t last = std::min(first + size, faults.size());
            Document smaller;
            for (std::size_t i = 0; i < document.size(); ++i) {
                const auto place = std::ranges::find(faults, i) - faults.begin();
                const bool gone = place >= static_cast<std::ptrdiff_t>(first) &&
                                  place < static_cast<std::ptrdiff_t>(last);
                if (!gone) smaller.push_back(document[i]);
            }
            steps.add(last - first == 1
                          ? "without " + document[faults[first]].path()
                          : fmt::format("without {} of {} faults", last - first, faults.size()),
                      smaller);
        }
    }
}

std::optional<Duration> duration_of(const Line& line) {
    if (line.value.size() < 3 || line.value.front() != '"') return std::nullopt;
    const Result<Duration> parsed =
        parse_duration(std::string_view(line.value).substr(1, line.value.size() - 2));
    return parsed.ok() ? std::optional(*parsed) : std::nullopt;
}

// Whole seconds above ten of them, whole milliseconds below.
std::string rounded(Duration duration) {
    const Duration unit = duration >= 10s ? Duration(1s) : Duration(1ms);
    return fmt::format("\"{}{}\"", std::max<std::int64_t>(duration / unit, 1),
                       unit == Duration(1s) ? "s" : "ms");
}

std::string bare(std::string_view value) {
    std::string text(value);
    std::erase(text, '"');
    return text;
}

// The line with each of the values in turn.
void replace_value(const Document& document, std::size_t block, std::size_t line,
                   const std::vector<std::string>& values, Steps& steps) {
    const std::string path = document[block].path();
    const Line& before = document[block].lines[line];
    for (const std::string& value : values) {
        Document smaller = document;
        smaller[block].lines[line].value = value;
        steps.add(fmt::format("{}{}{} {} -> {}", path, path.empty() ? "" : ".", before.key,
                              bare(before.value), bare(value)),
                  smaller);
    }
}

// A line that says when something strikes or ends; the storm's length is the last of them.
struct TimeLine {
    std::size_t block = 0;
    std::size_t line = 0;
    Duration time{};
};

std::vector<TimeLine> time_lines_of(const Document& document) {
    std::vector<TimeLine> moments;
    for (std::size_t i = 0; i < document.size(); ++i) {
        const bool acts = document[i].is("[[fault]]") || document[i].is("[[admin]]");
        const std::string_view key = acts ? "at" : document[i].is("[run]") ? "storm" : "";
        for (std::size_t k = 0; k < document[i].lines.size(); ++k) {
            const Line& line = document[i].lines[k];
            const std::optional<Duration> time = duration_of(line);
            if (line.key == key && time) moments.push_back({i, k, *time});
        }
    }
    std::ranges::stable_sort(moments, {}, &TimeLine::time);
    return moments;
}

// What happens before anything else, and between one fault and the next, takes less time: all that
// comes later comes so much earlier.
void close_gaps(const Document& document, Steps& steps) {
    const std::vector<TimeLine> moments = time_lines_of(document);
    for (std::size_t first = 0; first < moments.size(); ++first) {
        const Duration before = first == 0 ? Duration{} : moments[first - 1].time;
        const Duration gap = moments[first].time - before;
        if (gap < 500ms) continue;
        for (const Duration less : {gap * 7 / 8, gap / 2, gap / 4}) {
            const Duration whole = std::chrono::duration_cast<std::chrono::milliseconds>(less);
            Document smaller = document;
            for (std::size_t i = first; i < moments.size(); ++i) {
                const TimeLine& place = moments[i];
                smaller[place.block].lines[place.line].value =
                    fmt::format("\"{}ms\"", (place.time - whole) / 1ms);
            }
            steps.add(fmt::format("from {} on {} earlier", squall::to_string(moments[first].time),
                                  squall::to_string(whole)),
                      smaller);
        }
    }
}

void shorten_time(const Document& document, Steps& steps) {
    for (std::size_t i = 0; i < document.size(); ++i) {
        if (!document[i].is("[run]")) continue;
        for (std::size_t k = 0; k < document[i].lines.size(); ++k) {
            const Line& line = document[i].lines[k];
            const std::optional<Duration> time = duration_of(line);
            if (!time || (line.key != "storm" && line.key != "calm")) continue;
            replace_value(document, i, k,
                          {rounded(*time / 8), rounded(*time / 2), rounded(*time * 3 / 4),
                           rounded(*time * 9 / 10)},
                          steps);
        }
    }
    close_gaps(document, steps);
}

void leave_out_sections(const Document& document, Steps& steps) {
    for (std::size_t i = 0; i < document.size(); ++i) {
        const Block& block = document[i];
        if (block.starts("[topics.") || block.starts("[node.") || block.is("[[admin]]") ||
            block.is("[checks]") || block.is("[network]") || block.is("[disk]")) {
            Document smaller = document;
            smaller.erase(smaller.begin() + static_cast<std::ptrdiff_t>(i));
            steps.add("without " + block.path(), smaller);
        }
        if (!block.is("[workload]")) continue;
        std::vector<std::string> groups;
        for (const Line& line : block.lines) {
            if (!line.key.starts_with("groups.")) continue;
            const std::string group = line.key.substr(0, line.key.rfind('.') + 1);
            if (groups.empty() || groups.back() != group) groups.push_back(group);
        }
        for (const std::string& group : groups) {
            Document smaller = document;
            std::erase_if(smaller[i].lines,
                          [&](const Line& line) { return line.key.starts_with(group); });
            steps.add("without workload." + group.substr(0, group.size() - 1), smaller);
        }
    }
}

std::optional<std::int64_t> number_of(const Line& line) {
    std::int64_t number = 0;
    const char* const end = line.value.data() + line.value.size();
    const auto [stopped, error] = std::from_chars(line.value.data(), end, number);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return number;
}

// How many of something there are. Sizes only go down, and every other line only back to its
// default: were a line in both, steps could go in circles.
bool is_size(const Block& block, const Line& line) {
    constexpr std::string_view sizes[] = {"brokers",     "controllers", "members", "partitions",
                                          "replication", "racks",       "rate"};
    const std::string_view key = line.key;
    const std::size_t dot = key.rfind('.');
    const std::string_view word = dot == key.npos ? key : key.substr(dot + 1);
    return !block.is("[[fault]]") && std::ranges::find(sizes, word) != std::ranges::end(sizes);
}

void lower_sizes(const Document& document, Steps& steps) {
    for (std::size_t i = 0; i < document.size(); ++i) {
        for (std::size_t k = 0; k < document[i].lines.size(); ++k) {
            const std::optional<std::int64_t> number = number_of(document[i].lines[k]);
            if (!is_size(document[i], document[i].lines[k]) || !number || *number <= 1) continue;
            std::vector<std::string> values = {"1"};
            for (const std::int64_t value : {*number / 10, *number / 2, *number - 1}) {
                std::string text = fmt::format("{}", value);
                if (value > 1 && values.back() != text) values.push_back(std::move(text));
            }
            replace_value(document, i, k, values, steps);
        }
    }
}

void leave_out_lines(const Document& document, Steps& steps) {
    for (std::size_t i = 0; i < document.size(); ++i) {
        const Block& block = document[i];
        // What names the thing, or the run: not a setting.
        if (block.head.empty() || block.is("[run]") || block.is("[repro]")) continue;
        for (std::size_t k = 0; k < block.lines.size(); ++k) {
            const Line& line = block.lines[k];
            if (is_size(block, line) ||
                ((block.is("[[fault]]") || block.is("[[admin]]")) && line.key == "id")) {
                continue;
            }
            Document smaller = document;
            smaller[i].lines.erase(smaller[i].lines.begin() + static_cast<std::ptrdiff_t>(k));
            steps.add(fmt::format("{}.{} {} -> default", block.path(), line.key, bare(line.value)),
                      smaller);
            if (block.is("[[fault]]") && line.key == "for") {
                const std::optional<Duration> time = duration_of(line);
                if (time && *time > 1s) replace_value(document, i, k, {rounded(*time / 2)}, steps);
            }
        }
    }
}

}  // namespace

std::string_view to_string(ShrinkPart part) {
    switch (part) {
        case ShrinkPart::faults:
            return "faults";
        case ShrinkPart::time:
            return "time";
        case ShrinkPart::sections:
            return "sections";
        case ShrinkPart::sizes:
            return "sizes";
        case ShrinkPart::lines:
            return "lines";
    }
    return "?";
}

std::vector<ShrinkStep> shrink_steps(const Scenario& scenario, ShrinkPart part) {
    ASSERT(scenario.swarm.is_empty(), "{} still has a swarm", scenario.name);
    const Document document = blocks_of(scenario);
    Steps steps(scenario);
    switch (part) {
        case ShrinkPart::faults:
            leave_out_faults(document, steps);
            break;
        case ShrinkPart::time:
            shorten_time(document, steps);
            break;
        case ShrinkPart::sections:
            leave_out_sections(document, steps);
            break;
        case ShrinkPart::sizes:
            lower_sizes(document, steps);
            break;
        case ShrinkPart::lines:
            leave_out_lines(document, steps);
            break;
    }
    return steps.take();
}

std::string describe_size(const Scenario& scenario) {
    std::uint32_t members = 0;
    for (const auto& [name, group] : scenario.workload.groups) members += group.members;
    // Rounded up: what is still a storm has one.
    const std::int64_t records =
        (std::int64_t{scenario.workload.rate} * (scenario.run.storm / 1ms) + 999) / 1'000;
    return fmt::format("{} faults, {} brokers, {} controllers, {} consumers, {} records in {}",
                       scenario.faults.size(), scenario.cluster.brokers,
                       scenario.cluster.controllers, members, records,
                       squall::to_string(scenario.run.storm));
}

}  // namespace squall::scenarios
