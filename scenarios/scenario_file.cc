#include "scenarios/scenario_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#include "checkers/checker.h"
#include "model/bugs.h"
#include "scenarios/library_texts.h"
#include "scenarios/overrides.h"
#include "scenarios/scenario_toml.h"

namespace squall::scenarios {
namespace {

constexpr std::int64_t any = INT64_MAX;

template <class T>
void take(std::optional<T> value, T& member) {
    if (value) member = std::move(*value);
}
template <class T>
void take_integer(std::optional<std::int64_t> value, T& member) {
    if (value) member = static_cast<T>(*value);
}

// Seeds and hashes are strings: 64 bits do not fit a TOML integer.
std::optional<std::uint64_t> read_u64(TableReader& table, std::string_view key, int base) {
    const std::optional<std::string> text = table.string(key);
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    const char* const end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, value, base);
    if (error != std::errc() || stopped != end) {
        table.fail_at(key, fmt::format("\"{}\" is no {}-bit number in base {}", *text, 64, base));
    }
    return value;
}

void read_run(TableReader table, RunSection& run) {
    take(table.date("start"), run.start);
    take(table.duration("storm"), run.storm);
    take(table.duration("calm"), run.calm);
    if (const auto strategy = table.string("strategy")) {
        if (*strategy != "random" && *strategy != "pct") {
            table.fail_at("strategy",
                          "expected \"random\" or \"pct\", found \"" + *strategy + "\"");
        }
        run.scheduling.strategy =
            *strategy == "pct" ? sim::Scheduling::Strategy::pct : sim::Scheduling::Strategy::random;
    }
    take_integer(table.integer("depth", 1, 100), run.scheduling.depth);
    run.seed = read_u64(table, "seed", 10);
    run.hash = read_u64(table, "hash", 16);
    table.finish();
    constexpr Duration longest = std::chrono::hours(24 * 365);
    if (run.storm <= Duration::zero()) table.fail_at("storm", "expected more than 0s");
    if (run.storm > longest) table.fail_at("storm", "expected at most 8760h");
    if (run.calm > longest) table.fail_at("calm", "expected at most 8760h");
    if (run.calm < 5s) table.fail_at("calm", "expected at least 5s: the final reads happen in it");
}

void read_cluster(TableReader table, ClusterSection& cluster) {
    take_integer(table.integer("brokers", 1, 1000), cluster.brokers);
    take_integer(table.integer("controllers", 1, 5), cluster.controllers);
    if (cluster.controllers % 2 == 0) {
        table.fail_at("controllers", "expected 1, 3 or 5: an even quorum survives no more losses");
    }
    take_integer(table.integer("racks", 1, 1000), cluster.racks);
    if (const std::optional<std::string> combined = table.text("combined")) {
        cluster.combined = *combined == "true";
        if (!cluster.combined && *combined != "false") {
            table.fail_at("combined", "expected true or false");
        }
    }
    if (cluster.combined && cluster.controllers > cluster.brokers) {
        table.fail_at("controllers", fmt::format("expected at most the {} brokers: with 'combined' "
                                                 "they are the controllers",
                                                 cluster.brokers));
    }
    if (auto config = table.table("config")) config->settings(cluster.config);
    table.finish();
}

void read_node(TableReader table, NodeSection& node) {
    if (auto clock = table.table("clock")) {
        // Offsets go both ways; a duration has no sign of its own.
        if (std::optional<std::string> offset = clock->string("offset")) {
            const bool negative = offset->starts_with('-');
            const Result<Duration> parsed = parse_duration(negative ? offset->substr(1) : *offset);
            if (!parsed) clock->fail_at("offset", parsed.error().detail);
            node.clock_offset = negative ? -*parsed : *parsed;
        }
        take_integer(clock->integer("drift_ppm", -100'000, 100'000), node.clock_drift_ppm);
        clock->finish();
    }
    if (auto config = table.table("config")) {
        // Checked against the settings of a broker; kept as text, to lie over the cluster's.
        model::BrokerConfig scratch;
        TableReader copy = *config;
        copy.settings(scratch);
        node.config = config->flatten_rest();
    }
    node.bugs = table.strings("bugs");
    table.finish();
}

void read_network(TableReader table, NetworkSection& network) {
    take(table.distribution("latency"), network.latency);
    take(table.bandwidth("bandwidth"), network.bandwidth_bits_per_second);
    take(table.duration("granularity"), network.granularity);
    if (const auto codec = table.string("codec")) {
        if (*codec != "move" && *codec != "roundtrip") {
            table.fail_at("codec", "expected \"move\" or \"roundtrip\", found \"" + *codec + "\"");
        }
        network.codec = *codec == "move" ? model::CodecMode::move : model::CodecMode::roundtrip;
    }
    table.finish();
}

void read_disk(TableReader table, DiskSection& disk) {
    take(table.distribution("flush"), disk.flush);
    take(table.size("capacity"), disk.capacity_bytes);
    table.finish();
}

void read_topic(TableReader table, TopicSection& topic) {
    take_integer(table.integer("partitions", 1, 10'000), topic.partitions);
    take_integer(table.integer("replication", 1, 1000), topic.replication);
    if (auto config = table.table("config")) topic.config = config->flatten_rest();
    table.finish();
}

void read_workload(TableReader table, WorkloadSection& workload) {
    take(table.string("kind"), workload.kind);
    take_integer(table.integer("rate", 1, 1'000'000), workload.rate);
    take(table.string("flaw"), workload.flaw);
    take(table.string("input"), workload.input);
    workload.applications = table.strings("applications");
    if (auto producer = table.table("producer")) {
        // "all" is what people write for -1.
        if (producer->has("acks") && producer->text("acks") == "all") {
            workload.producer.acks = -1;
        } else if (const auto acks = producer->text("acks")) {
            if (const Status set = set_setting(workload.producer, "acks", *acks); !set) {
                producer->fail_at("acks", "expected 0, 1 or \"all\", found \"" + *acks + "\"");
            }
        }
        producer->settings(workload.producer);
        if (const auto problem = workload.producer.problem()) producer->fail_at("", *problem);
    }
    if (auto consumer = table.table("consumer")) {
        consumer->settings(workload.consumer);
        if (const auto problem = workload.consumer.problem()) consumer->fail_at("", *problem);
    }
    for (auto& [name, group] : table.tables("groups")) {
        take_integer(group.integer("members", 0, 1000), workload.groups[name].members);
        if (const auto commit = group.string("commit")) {
            if (!set_setting(workload.groups[name], "commit", *commit)) {
                group.fail_at("commit", "expected \"sync\", \"async\" or \"auto\", found \"" +
                                            *commit + "\"");
            }
        }
        if (const auto rewind = group.text("rewind")) {
            if (!set_setting(workload.groups[name], "rewind", *rewind)) {
                group.fail_at("rewind", "expected true or false");
            }
        }
        if (const auto pattern = group.string("pattern")) {
            workload.groups[name].pattern = *pattern;
            if (pattern->empty()) group.fail_at("pattern", "expected a regular expression");
        }
        if (auto consumer = group.table("consumer")) {
            // Checked as they will lie over the workload's; kept as text.
            model::ConsumerOptions scratch = workload.consumer;
            TableReader copy = *consumer;
            copy.settings(scratch);
            if (const auto problem = scratch.problem()) consumer->fail_at("", *problem);
            workload.groups[name].consumer = consumer->flatten_rest();
            for (const char* key : {"client.id", "group.id", "enable.auto.commit"}) {
                if (!workload.groups[name].consumer.contains(key)) continue;
                consumer->fail_at(key,
                                  fmt::format("{} is not for a group's table: members are named "
                                              "after their group, and its `commit` says how they "
                                              "commit",
                                              key));
            }
        }
        group.finish();
    }
    table.finish();
}

void read_checks(TableReader table, ChecksSection& checks) {
    checks.require = table.strings("require");
    for (TableReader& entry : table.array_of_tables("expect")) {
        Expectation& expected = checks.expect.emplace_back();
        take(entry.string("finding"), expected.finding);
        take(entry.string("because"), expected.because);
        entry.finish();
        if (expected.finding.empty()) entry.fail_at("", "an expectation names its finding");
    }
    checks.probes = table.strings("probes");
    checks.sometimes = table.strings("sometimes");
    table.finish();
}

void read_fault_time(TableReader& table, FaultSection& fault) {
    fault.at = table.duration("at");
    if (const auto window = table.texts("window")) {
        std::vector<Duration> ends;
        for (const std::string& text : *window) {
            const Result<Duration> parsed = parse_duration(text);
            if (!parsed) table.fail_at("window", parsed.error().detail);
            ends.push_back(*parsed);
        }
        if (ends.size() != 2 || ends[0] > ends[1] || ends[0] < Duration::zero()) {
            table.fail_at("window", "expected two times, the earlier first: [\"5s\", \"20s\"]");
        }
        fault.window = {ends[0], ends[1]};
    }
    fault.every = table.duration("every");
    if (fault.every && *fault.every <= Duration::zero()) {
        table.fail_at("every", "expected more than 0s");
    }
    if (auto when = table.table("when")) {
        EventCondition condition;
        take(when->string("event"), condition.event);
        take_integer(when->integer("nth", 1, UINT32_MAX), condition.nth);
        take(when->string("since"), condition.since);
        take(when->duration("after"), condition.after);
        if (auto match = when->table("match")) condition.match = match->flatten_rest();
        when->finish();
        if (condition.event.empty()) when->fail_at("", "a condition names its event");
        fault.when = std::move(condition);
    }
    const int times =
        (fault.at ? 1 : 0) + (fault.window ? 1 : 0) + (fault.every ? 1 : 0) + (fault.when ? 1 : 0);
    if (times != 1) table.fail_at("", "a fault has one of at, window, every and when");
}

void read_fault(TableReader table, std::size_t number, FaultSection& fault) {
    take(table.string("id"), fault.id);
    if (fault.id.empty()) fault.id = fmt::format("fault-{}", number);
    take(table.string("kind"), fault.kind);
    take(table.string("target"), fault.target);
    read_fault_time(table, fault);
    fault.heal_after = table.duration("for");
    // What is left are the kind's own options.
    fault.options = table.flatten_rest();
}

void read_admin_step(TableReader table, std::size_t number, AdminSection& step) {
    take(table.string("id"), step.id);
    if (step.id.empty()) step.id = fmt::format("step-{}", number);
    take(table.string("kind"), step.kind);
    const auto at = table.duration("at");
    if (!at) table.fail_at("", "a step has a time: at");
    step.at = *at;
    step.every = table.duration("every");
    if (step.every && *step.every <= Duration::zero()) {
        table.fail_at("every", "expected more than 0s");
    }
    // What is left are the kind's own options.
    step.options = table.flatten_rest();
}

void read_swarm(TableReader table, Swarm& swarm) {
    if (auto faults = table.table("faults")) {
        SwarmFaults choice;
        choice.kinds = faults->strings("kinds");
        if (auto count = faults->table("count")) {
            take_integer(count->integer("min", 0, 1000), choice.min);
            take_integer(count->integer("max", 0, 1000), choice.max);
            count->finish();
        }
        faults->finish();
        if (choice.min > choice.max) faults->fail_at("count", "min is above max");
        swarm.faults = std::move(choice);
    }
    if (auto rarely = table.table("rarely")) {
        SwarmRarely& choice = swarm.rarely.emplace();
        take_integer(rarely->integer("one_in", 1, 1'000'000), choice.one_in);
        for (TableReader& set : rarely->array_of_tables("sets")) {
            choice.sets.push_back(set.flatten_rest());
        }
        rarely->finish();
    }
    for (const std::string& path : table.rest()) {
        SwarmChoice choice{.path = path, .values = {}};
        if (table.is_table(path)) {
            TableReader range = *table.table(path);
            take_integer(range.integer("min", INT64_MIN, any), choice.min);
            take_integer(range.integer("max", INT64_MIN, any), choice.max);
            range.finish();
            if (choice.min > choice.max) table.fail_at(path, "min is above max");
        } else {
            choice.values = *table.texts(path);
            if (choice.values.empty()) table.fail_at(path, "there is nothing to choose from");
        }
        swarm.choices.push_back(std::move(choice));
    }
}

ReproSection read_repro(TableReader table) {
    ReproSection repro;
    take(table.string("checker"), repro.checker);
    take(table.string("anomaly"), repro.anomaly);
    repro.struck = table.strings("struck");
    take(table.string("commit"), repro.commit);
    table.finish();
    return repro;
}

Scenario read_scenario(const toml::table& document, const std::string& file) {
    TableReader top(document, "", file);
    Scenario scenario;
    take(top.string("name"), scenario.name);
    take(top.string("about"), scenario.about);
    scenario.bugs = top.strings("bugs");
    if (auto run = top.table("run")) read_run(*run, scenario.run);
    if (auto cluster = top.table("cluster")) read_cluster(*cluster, scenario.cluster);
    for (auto& [name, node] : top.tables("node")) read_node(node, scenario.nodes[name]);
    if (auto network = top.table("network")) read_network(*network, scenario.network);
    if (auto disk = top.table("disk")) read_disk(*disk, scenario.disk);
    for (auto& [name, topic] : top.tables("topics")) read_topic(topic, scenario.topics[name]);
    if (auto workload = top.table("workload")) read_workload(*workload, scenario.workload);
    if (auto checks = top.table("checks")) read_checks(*checks, scenario.checks);
    for (TableReader& fault : top.array_of_tables("fault")) {
        const std::size_t number = scenario.faults.size() + 1;
        read_fault(fault, number, scenario.faults.emplace_back());
    }
    for (TableReader& step : top.array_of_tables("admin")) {
        const std::size_t number = scenario.admin.size() + 1;
        read_admin_step(step, number, scenario.admin.emplace_back());
    }
    if (auto swarm = top.table("swarm")) read_swarm(*swarm, scenario.swarm);
    if (auto repro = top.table("repro")) scenario.repro = read_repro(*repro);
    top.finish();
    return scenario;
}

Scenario understand(const toml::table& document, const std::string& file) {
    Scenario scenario = read_scenario(document, file);
    if (scenario.name.empty()) scenario.name = file;
    validate(scenario);
    return scenario;
}

// What a seed may choose must make sense wherever it comes: each value or set by itself, on the
// scenario as it is written. `key` is where it stands in [swarm].
void validate_chosen(const toml::table& document, const std::string& file, const std::string& key,
                     const std::vector<Override>& set) {
    toml::table chosen = document;
    chosen.erase("swarm");
    try {
        apply_changes(chosen, {.set = set, .bugs = {}});
        understand(chosen, file);
    } catch (const ScenarioError& error) {
        const toml::source_region& source = document["swarm"][key].node()->source();
        std::string values;
        for (const Override& change : set) {
            values +=
                fmt::format("{}{} = {}", values.empty() ? "" : ", ", change.path, change.value);
        }
        throw ScenarioError{.file = file,
                            .line = static_cast<int>(source.begin.line),
                            .column = static_cast<int>(source.begin.column),
                            .message = fmt::format("swarm: {}: {}", values, error.message)};
    }
}

void validate_choices(const toml::table& document, const std::string& file, const Swarm& swarm) {
    for (const SwarmChoice& choice : swarm.choices) {
        std::vector<std::string> values = choice.values;
        if (values.empty()) values = {fmt::format("{}", choice.min), fmt::format("{}", choice.max)};
        for (const std::string& value : values) {
            validate_chosen(document, file, choice.path, {{choice.path, value}});
        }
    }
    if (!swarm.rarely) return;
    for (const auto& set : swarm.rarely->sets) {
        std::vector<Override> changes;
        for (const auto& [path, value] : set) changes.push_back({path, value});
        validate_chosen(document, file, "rarely", changes);
    }
}

}  // namespace

std::string ScenarioError::text() const {
    std::string where = file;
    if (line > 0) where += fmt::format(":{}:{}", line, column);
    return where.empty() ? message : where + ": " + message;
}

Scenario parse_scenario(std::string_view text, std::string_view file, const Changes& changes) {
    toml::table document;
    try {
        document = toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        throw ScenarioError{.file = std::string(file),
                            .line = static_cast<int>(error.source().begin.line),
                            .column = static_cast<int>(error.source().begin.column),
                            .message = "TOML: " + std::string(error.description())};
    }
    apply_changes(document, changes);
    try {
        Scenario scenario = understand(document, std::string(file));
        validate_choices(document, std::string(file), scenario.swarm);
        return scenario;
    } catch (ScenarioError& error) {
        // Semantic errors name a path; the document knows where that stands.
        locate(error, document, file);
        blame(error, changes);
        throw;
    }
}

Scenario load_scenario(std::string_view name_or_path, const Changes& changes) {
    for (const LibraryText& entry : library_texts()) {
        if (entry.name == name_or_path) {
            return parse_scenario(entry.text, fmt::format("{}.toml", entry.name), changes);
        }
    }
    const std::string path(name_or_path);
    std::ifstream in(path, std::ios::binary);
    std::ostringstream content;
    if (in) content << in.rdbuf();
    if (!in || content.fail()) {
        std::vector<std::string> names;
        for (const LibraryText& entry : library_texts()) names.emplace_back(entry.name);
        const bool looks_like_path = path.find('/') != std::string::npos || path.ends_with(".toml");
        throw ScenarioError{
            .file = looks_like_path ? path : "",
            .message = looks_like_path
                           ? "cannot be read"
                           : fmt::format("unknown scenario '{}'{} (see `squall list scenarios`)",
                                         path, suggestion(path, names))};
    }
    return parse_scenario(content.str(), path, changes);
}

}  // namespace squall::scenarios
