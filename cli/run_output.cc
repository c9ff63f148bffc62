#include "cli/run_output.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands.h"
#include "cli/explanation.h"
#include "cli/wording.h"
#include "model/bugs.h"
#include "sim/base/bytes.h"

namespace squall::cli {
namespace {

using checkers::CheckerVerdict;
using nlohmann::ordered_json;
using scenarios::RunResult;
using scenarios::Verdict;

class Paint {
  public:
    explicit Paint(bool on) : on_(on) {}
    std::string bold(const std::string& text) const { return wrap("1", text); }
    std::string dim(const std::string& text) const { return wrap("2", text); }
    std::string verdict(const std::string& text, bool good, bool bad) const {
        return wrap(bad ? "31" : good ? "32" : "33", text);
    }

  private:
    std::string wrap(const char* code, const std::string& text) const {
        return on_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
    }
    bool on_;
};

// At most `width` columns, broken between words; lines after the first are indented.
std::string wrapped(const std::string& text, std::size_t indent) {
    constexpr std::size_t width = 100;
    const std::string margin(indent, ' ');
    std::string out = margin;
    std::size_t column = indent;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        if (column > indent && column + 1 + (end - begin) > width) {
            out += "\n" + margin + "  ";
            column = indent + 2;
        } else if (column > indent) {
            out += ' ';
            ++column;
        }
        out.append(text, begin, end - begin);
        column += end - begin;
        begin = end + 1;
    }
    return out + "\n";
}

std::string what_was_run(const RunResult& result, const Paint& paint) {
    const scenarios::Scenario& scenario = result.expanded;
    std::string text = fmt::format("{}  seed {}\n", paint.bold(result.scenario), result.seed);
    if (!scenario.about.empty()) text += wrapped(scenario.about, 2);
    std::string topics;
    for (const auto& [name, topic] : scenario.topics) {
        topics += fmt::format("{}{} ({}, {})", topics.empty() ? "" : ", ", name,
                              plural(static_cast<std::uint64_t>(topic.partitions), "partition"),
                              plural(static_cast<std::uint64_t>(topic.replication), "replica"));
    }
    if (!topics.empty()) topics += "; ";
    text += wrapped(
        fmt::format("{}, {}; {}storm {}, calm {}", plural(scenario.cluster.brokers, "broker"),
                    plural(scenario.cluster.controllers, "controller"), topics,
                    to_string(scenario.run.storm), to_string(scenario.run.calm)),
        2);
    for (const scenarios::BugHits& bug : result.bugs) {
        const model::BugEntry* const entry = model::find_bug(bug.id);
        std::string nodes;
        for (const std::string& node : bug.nodes) nodes += (nodes.empty() ? " on " : ", ") + node;
        text += fmt::format("  armed: {} {}{}{}\n", bug.id, entry->name, nodes,
                            entry->is_configuration()
                                ? " (a configuration)"
                                : fmt::format(", changed an answer {}", plural(bug.hits, "time")));
    }
    return text;
}

std::string time_text(Time time) {
    if (time == Time::max()) return "never";
    return fmt::format("{:8.3f}s", seconds_of(time.since_origin()));
}

std::string timeline(const RunResult& result, const Paint& paint) {
    if (result.faults.empty()) return {};
    std::string text = "\n" + paint.bold("faults, and what they did") + "\n";
    for (const scenarios::FaultReceipt& fault : result.faults) {
        if (fault.at == Time::max()) {
            text += fmt::format("     never  {}: {} {}\n", fault.id, fault.kind, fault.target);
            continue;
        }
        text += fmt::format(
            "{}  {}: {} {}{}\n", time_text(fault.at), fault.id, fault.kind, fault.target,
            fault.healed_at == Time::max() ? "" : ", for " + to_string(fault.healed_at - fault.at));
        constexpr std::size_t most = 12;
        for (std::size_t i = 0; i < fault.effects.size() && i < most; ++i) {
            text += wrapped(fault.effects[i], 11);
        }
        if (fault.effects.size() > most) {
            text += paint.dim(fmt::format("           and {} more\n", fault.effects.size() - most));
        }
        if (fault.effects.empty()) text += "           no effect\n";
    }
    return text;
}

std::string operations(const RunResult& result, const Paint& paint) {
    std::string text = "\n" + paint.bold("what clients were told") +
                       paint.dim("            ok   failed  unknown") + "\n";
    for (const auto& [kind, counts] : result.operations) {
        text += fmt::format("  {:26} {:>7}  {:>7}  {:>7}\n", kind, counts.ok, counts.failed,
                            counts.unknown);
    }
    return text;
}

std::string anomaly_text(const checkers::Anomaly& anomaly) {
    std::string text = anomaly.type;
    for (const auto& [name, value] : anomaly.evidence) text += fmt::format(" {}={}", name, value);
    return text;
}

// Objections are shown, a few of each checker. What is allowed is many and alike: its causes are
// told, with one example each.
std::string anomalies_text(const checkers::CheckerReport& report) {
    constexpr std::size_t indent = 15;
    constexpr std::size_t most = 3;
    std::string text;
    std::size_t shown = 0;
    std::set<std::string> causes;
    for (const checkers::Anomaly& anomaly : report.anomalies) {
        if (anomaly.allowed) {
            if (!causes.insert(anomaly.cause).second) continue;
            text += wrapped("allowed, " + anomaly.cause + ": as " + anomaly_text(anomaly), indent);
        } else if (shown++ < most) {
            text += wrapped(anomaly_text(anomaly), indent);
        }
    }
    return text;
}

std::string checkers_text(const RunResult& result, const Paint& paint) {
    std::string text = "\n" + paint.bold("checkers") + "\n";
    for (const checkers::CheckerReport& report : result.checkers) {
        std::string word(to_string(report.verdict));
        if (report.verdict == CheckerVerdict::not_applicable) word = "n/a";
        text += fmt::format(
            "  {} {:22} {:>7} judged",
            paint.verdict(fmt::format("{:12}", word), report.verdict == CheckerVerdict::pass,
                          report.verdict == CheckerVerdict::fail),
            report.checker, report.judged);
        if (report.anomaly_count > 0) text += ", " + plural(report.anomaly_count, "objection");
        if (report.allowed_count > 0) text += fmt::format(", {} allowed", report.allowed_count);
        text += "\n";
        if (!report.note.empty()) text += wrapped(report.note, 15);
        text += anomalies_text(report);
    }
    return text;
}

ordered_json anomaly_json(const checkers::Anomaly& anomaly) {
    ordered_json json = {{"type", anomaly.type}};
    for (const auto& [name, value] : anomaly.evidence) json[name] = value;
    ordered_json events = ordered_json::array();
    for (const sim::EventSequence event : anomaly.events) events.push_back(event.value());
    json["events"] = events;
    json["allowed"] = anomaly.allowed;
    if (!anomaly.cause.empty()) json["cause"] = anomaly.cause;
    return json;
}

ordered_json time_json(Time time) {
    return time == Time::max() ? ordered_json(nullptr)
                               : ordered_json(seconds_of(time.since_origin()));
}

}  // namespace

std::string describe_run(const RunResult& result, bool color) {
    const Paint paint(color);
    std::string text = what_was_run(result, paint) + timeline(result, paint) +
                       operations(result, paint) + checkers_text(result, paint) + "\n";
    if (!result.why.empty()) text += result.why + "\n";
    return text;
}

std::string verdict_line(const RunResult& result, double wall_seconds) {
    return fmt::format(
        "verdict: {}  scenario={} seed={} hash={} events={} sim={:.1f}s wall={:.2f}s",
        to_string(result.verdict), result.scenario, result.seed, to_hex(result.hash), result.events,
        seconds_of(result.simulated), wall_seconds);
}

std::string run_json(const RunResult& result, std::optional<double> wall_seconds, bool explained) {
    ordered_json json;
    json["verdict"] = to_string(result.verdict);
    if (!result.why.empty()) json["why"] = result.why;
    json["scenario"] = result.scenario;
    json["seed"] = fmt::format("{}", result.seed);
    json["hash"] = to_hex(result.hash);
    json["commit"] = build_commit();
    json["events"] = result.events;
    json["sim_seconds"] = seconds_of(result.simulated);
    if (wall_seconds) json["wall_seconds"] = *wall_seconds;
    json["checkers"] = ordered_json::array();
    for (const checkers::CheckerReport& report : result.checkers) {
        ordered_json entry = {{"name", report.checker},
                              {"verdict", to_string(report.verdict)},
                              {"judged", report.judged},
                              {"anomaly_count", report.anomaly_count},
                              {"allowed_count", report.allowed_count}};
        if (!report.note.empty()) entry["note"] = report.note;
        entry["anomalies"] = ordered_json::array();
        for (const checkers::Anomaly& anomaly : report.anomalies) {
            entry["anomalies"].push_back(anomaly_json(anomaly));
        }
        json["checkers"].push_back(std::move(entry));
    }
    json["faults"] = ordered_json::array();
    for (const scenarios::FaultReceipt& fault : result.faults) {
        json["faults"].push_back({{"id", fault.id},
                                  {"kind", fault.kind},
                                  {"at", time_json(fault.at)},
                                  {"healed_at", time_json(fault.healed_at)},
                                  {"target", fault.target},
                                  {"receipt", fault.effects}});
    }
    json["probes"] = ordered_json::object();
    for (const auto& [name, count] : result.probes) json["probes"][name] = count;
    json["operations"] = ordered_json::object();
    for (const auto& [kind, counts] : result.operations) {
        json["operations"][kind] = {
            {"ok", counts.ok}, {"failed", counts.failed}, {"unknown", counts.unknown}};
    }
    json["bugs"] = ordered_json::array();
    for (const scenarios::BugHits& bug : result.bugs) {
        ordered_json entry = {{"id", bug.id}, {"hits", bug.hits}};
        if (!bug.nodes.empty()) entry["nodes"] = bug.nodes;
        json["bugs"].push_back(std::move(entry));
    }
    if (explained) json["groups"] = groups_json(result);
    return json.dump(2) + "\n";
}

}  // namespace squall::cli
