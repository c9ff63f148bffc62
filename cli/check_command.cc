#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "checkers/history_analysis.h"
#include "checkers/realtime_lag.h"
#include "cli/commands.h"
#include "cli/jsonl_history.h"
#include "reports/history.h"

namespace squall::cli {
namespace {

using checkers::HistoryAnomaly;
using checkers::HistoryField;
using checkers::HistoryOp;
using checkers::HistoryVerdict;
using checkers::KafkaHistory;
using checkers::Scalar;
using nlohmann::ordered_json;

struct CheckOptions {
    std::string history;
    bool ww_dependencies = false;
    bool json = false;
    bool quiet = false;
};

std::string read_whole(const std::string& path) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        const std::string why = errno != 0 ? std::strerror(errno) : "the read failed";
        throw BadInput{path + ": cannot be read: " + why};
    }
    return text.str();
}

[[noreturn]] void complain_about(const std::string& path, const checkers::TextProblem& problem) {
    throw BadInput{
        fmt::format("{}:{}:{}: {}", path, problem.place.line, problem.place.column, problem.what)};
}

// Our own events become ops the way `run --history FILE.edn` writes them, so that both files of a
// run are judged alike.
std::string edn_of_events(const std::string& path, const std::string& text) {
    const auto read = read_history_jsonl(text);
    if (const auto* problem = std::get_if<checkers::TextProblem>(&read)) {
        complain_about(path, *problem);
    }
    return reports::history_edn(**std::get_if<std::unique_ptr<sim::Trace>>(&read));
}

KafkaHistory load_history(const std::string& path) {
    const bool is_events = path.ends_with(".jsonl");
    if (!is_events && !path.ends_with(".edn")) {
        throw BadInput{path +
                       ": expected a name that ends with .edn (Jepsen's op grammar) or "
                       ".jsonl (written by `squall run --history`)"};
    }
    std::string text = read_whole(path);
    if (is_events) text = edn_of_events(path, text);
    auto read = checkers::read_kafka_history(text);
    if (const auto* problem = std::get_if<checkers::TextProblem>(&read)) {
        complain_about(path, *problem);
    }
    return std::move(*std::get_if<KafkaHistory>(&read));
}

struct Tally {
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t unknown = 0;
};

std::map<std::string, Tally> tally(const KafkaHistory& history) {
    static constexpr const char* names[] = {"send", "poll", "txn", "assign", "subscribe"};
    std::map<std::string, Tally> tallies;
    for (const HistoryOp& op : history.ops) {
        if (!op.is_completion()) continue;
        Tally& of_kind = tallies[names[static_cast<std::size_t>(op.kind)]];
        if (op.type == HistoryOp::Type::ok) ++of_kind.ok;
        if (op.type == HistoryOp::Type::fail) ++of_kind.failed;
        if (op.type == HistoryOp::Type::info) ++of_kind.unknown;
    }
    return tallies;
}

// ---- as JSON ----

ordered_json to_json(const Scalar& scalar) {
    return scalar.is_text ? ordered_json(scalar.text) : ordered_json(scalar.integer);
}
ordered_json to_json(std::int64_t number) {
    return number;
}
ordered_json to_json(const checkers::DependencyStep& step) {
    ordered_json json = {{"type", to_string(step.type)}};
    if (!step.key) return json;
    json["key"] = to_json(*step.key);
    json["value"] = to_json(*step.value);
    if (step.next_value) json["value'"] = to_json(*step.next_value);
    json["a-mop-index"] = step.from_mop;
    json["b-mop-index"] = step.to_mop;
    return json;
}
template <class T>
ordered_json to_json(const std::vector<T>& items) {
    ordered_json json = ordered_json::array();
    for (const T& item : items) json.push_back(to_json(item));
    return json;
}

ordered_json to_json(const HistoryAnomaly& anomaly) {
    ordered_json json = ordered_json::object();
    for (const auto& [name, field] : anomaly.fields) {
        std::visit([&](const auto& value) { json[name] = to_json(value); }, field);
    }
    json["allowed"] = anomaly.allowed;
    return json;
}

std::string verdict_json(const KafkaHistory& history, const HistoryVerdict& verdict) {
    ordered_json json;
    json["valid"] = verdict.is_valid;
    json["anomalies"] = ordered_json::object();
    for (const HistoryAnomaly& anomaly : verdict.anomalies) {
        json["anomalies"][anomaly.type].push_back(to_json(anomaly));
    }
    json["operations"] = ordered_json::object();
    for (const auto& [kind, counts] : tally(history)) {
        json["operations"][kind] = {
            {"ok", counts.ok}, {"failed", counts.failed}, {"unknown", counts.unknown}};
    }
    if (const auto worst = checkers::worst_realtime_lag(history)) {
        json["worst_realtime_lag"] = {{"time", worst->time},
                                      {"process", worst->process},
                                      {"key", to_json(history.keys[worst->key])},
                                      {"lag", worst->lag}};
    }
    json["commit"] = build_commit();
    return json.dump(2) + "\n";
}

// ---- as text ----

std::string text_of(const HistoryField& field) {
    return std::visit([](const auto& value) { return to_json(value).dump(); }, field);
}

std::string describe(const HistoryVerdict& verdict) {
    constexpr std::size_t most = 5;  // of each kind
    std::map<std::string, std::size_t> counts;
    for (const HistoryAnomaly& anomaly : verdict.anomalies) ++counts[anomaly.type];
    std::map<std::string, std::size_t> shown;
    std::string text;
    for (const HistoryAnomaly& anomaly : verdict.anomalies) {
        std::size_t& told = shown[anomaly.type];
        if (told == 0) {
            text += fmt::format("  {} ({}){}\n", anomaly.type, counts[anomaly.type],
                                anomaly.allowed ? ", allowed" : "");
        }
        if (++told > most) continue;
        text += "   ";
        for (const auto& [name, field] : anomaly.fields) {
            text += fmt::format(" {}={}", name, text_of(field));
        }
        text += "\n";
    }
    return text;
}

std::string describe(const KafkaHistory& history, const HistoryVerdict& verdict) {
    std::string text = "operations              ok   failed  unknown\n";
    for (const auto& [kind, counts] : tally(history)) {
        text += fmt::format("  {:16} {:>7}  {:>7}  {:>7}\n", kind, counts.ok, counts.failed,
                            counts.unknown);
    }
    if (!verdict.anomalies.empty()) {
        text += "\nanomalies (ops by their place in the file, from 0)\n" + describe(verdict);
    }
    if (const auto worst = checkers::worst_realtime_lag(history)) {
        text += fmt::format("\nworst realtime lag: {} ns, key {}, process {}, at {} ns\n",
                            worst->lag, history.keys[worst->key], worst->process, worst->time);
    }
    return text + "\n";
}

int check(const CheckOptions& options) {
    const KafkaHistory history = load_history(options.history);
    const HistoryVerdict verdict =
        checkers::analyse(history, {.ww_dependencies = options.ww_dependencies});
    if (options.json) {
        say(verdict_json(history, verdict));
    } else {
        if (!options.quiet) say(describe(history, verdict));
        const auto allowed = static_cast<std::size_t>(
            std::ranges::count_if(verdict.anomalies, &HistoryAnomaly::allowed));
        say(fmt::format("verdict: {}  history={} operations={} anomalies={} allowed={}\n",
                        verdict.is_valid ? "pass" : "fail", options.history, history.ops_read,
                        verdict.anomalies.size() - allowed, allowed));
    }
    return verdict.is_valid ? exit_pass : exit_fail;
}

}  // namespace

Command add_check(Arguments& arguments, const Environment&) {
    auto options = std::make_shared<CheckOptions>();
    arguments.required_text(
        "history", options->history,
        "Jepsen's op grammar (.edn), or events of `squall run --history` (.jsonl)", "FILE");
    arguments.flag(
        "--ww-deps", options->ww_dependencies,
        "takes the order of a log for a dependency of its writers: finds G0, and more G1c");
    arguments.flag("--json", options->json, "one JSON document on stdout, nothing else there");
    arguments.flag("--quiet", options->quiet, "only the verdict line");
    arguments.footer("Example: squall check history.edn --json");
    return [options] { return check(*options); };
}

}  // namespace squall::cli
