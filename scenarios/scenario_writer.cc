#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include "scenarios/scenario_file.h"
#include "sim/base/bytes.h"
#include "sim/base/settings.h"

namespace squall::scenarios {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

// A key as TOML wants it: bare where it may be, each part of a dotted one by itself.
std::string key_of(std::string_view key) {
    const bool bare = !key.empty() && std::ranges::all_of(key, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    });
    return bare ? std::string(key) : quoted(key);
}

// In the largest unit that loses nothing.
std::string exact(Duration duration) {
    struct Unit {
        std::int64_t ns;
        const char* name;
    };
    constexpr Unit units[] = {{3'600'000'000'000, "h"}, {60'000'000'000, "m"}, {1'000'000'000, "s"},
                              {1'000'000, "ms"},        {1'000, "us"},         {1, "ns"}};
    for (const Unit& unit : units) {
        // Seconds read better than "1m" for all but round hours.
        if (unit.ns >= 60'000'000'000) continue;
        if (duration.count() % unit.ns == 0) {
            return fmt::format("{}{}", duration.count() / unit.ns, unit.name);
        }
    }
    return fmt::format("{}ns", duration.count());
}

std::string exact_size(std::uint64_t bytes) {
    struct Unit {
        std::uint64_t factor;
        const char* name;
    };
    for (const Unit& unit :
         {Unit{1ull << 30, "GiB"}, Unit{1ull << 20, "MiB"}, Unit{1ull << 10, "KiB"}}) {
        if (bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
    }
    return fmt::format("{}B", bytes);
}

std::string date_text(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time.since_origin());
    const auto days = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date{std::chrono::sys_days(days)};
    const std::chrono::hh_mm_ss clock(seconds - days);
    std::string text =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    const auto fraction = (time.since_origin() - seconds).count();
    if (fraction != 0) text += fmt::format(".{:09}", fraction);
    return text + "Z";
}

class Writer {
  public:
    void table(std::string_view name) { pending_ = fmt::format("\n[{}]\n", name); }
    void element(std::string_view name) {
        pending_.clear();  // a table that stayed empty is not written
        out_ += fmt::format("\n[[{}]]\n", name);
    }
    void raw(std::string_view key, std::string_view value) {
        out_ += std::exchange(pending_, {});
        out_ += fmt::format("{} = {}\n", key, value);
    }
    void text(std::string_view key, std::string_view value) { raw(key, quoted(value)); }
    void number(std::string_view key, std::int64_t value) { raw(key, fmt::format("{}", value)); }
    void list(std::string_view key, const std::vector<std::string>& values) {
        std::string joined;
        for (const std::string& value : values)
            joined += (joined.empty() ? "" : ", ") + quoted(value);
        raw(key, "[" + joined + "]");
    }
    // What differs from the defaults, under `prefix`.
    template <class Options>
    void settings(std::string_view prefix, const Options& options, const Options& defaults) {
        const std::vector<SettingText> usual = list_settings(defaults);
        const std::vector<SettingText> actual = list_settings(options);
        // A key that two rooms read stands in the list twice, with one value.
        std::set<std::string> written;
        for (std::size_t i = 0; i < actual.size(); ++i) {
            if (actual[i] == usual[i] || !written.insert(actual[i].key).second) continue;
            text(fmt::format("{}{}", prefix, actual[i].key), actual[i].value);
        }
    }
    std::string take() { return std::move(out_); }

  private:
    std::string out_;
    std::string pending_;  // a table's head, until it has an entry
};

void write_nodes(Writer& out, const Scenario& scenario) {
    for (const auto& [name, node] : scenario.nodes) {
        out.table("node." + key_of(name));
        if (node.clock_offset != Duration::zero()) {
            const bool negative = node.clock_offset < Duration::zero();
            out.text("clock.offset", (negative ? "-" : "") +
                                         exact(negative ? -node.clock_offset : node.clock_offset));
        }
        if (node.clock_drift_ppm != 0) out.number("clock.drift_ppm", node.clock_drift_ppm);
        for (const auto& [key, value] : node.config) out.text("config." + key, value);
        if (!node.bugs.empty()) out.list("bugs", node.bugs);
    }
}

void write_workload(Writer& out, const WorkloadSection& workload) {
    const WorkloadSection usual;
    out.table("workload");
    out.text("kind", workload.kind);
    if (workload.rate != usual.rate) out.number("rate", workload.rate);
    if (!workload.flaw.empty()) out.text("flaw", workload.flaw);
    if (!workload.input.empty()) out.text("input", workload.input);
    if (!workload.applications.empty()) out.list("applications", workload.applications);
    out.settings("producer.", workload.producer, usual.producer);
    out.settings("consumer.", workload.consumer, usual.consumer);
    for (const auto& [name, group] : workload.groups) {
        out.number(fmt::format("groups.{}.members", key_of(name)), group.members);
        if (group.commit != CommitStyle::sync) {
            out.text(fmt::format("groups.{}.commit", key_of(name)), to_string(group.commit));
        }
        if (!group.rewind) out.raw(fmt::format("groups.{}.rewind", key_of(name)), "false");
        if (!group.pattern.empty()) {
            out.text(fmt::format("groups.{}.pattern", key_of(name)), group.pattern);
        }
        for (const auto& [key, value] : group.consumer) {
            out.text(fmt::format("groups.{}.consumer.{}", key_of(name), key), value);
        }
    }
}

void write_checks(Writer& out, const ChecksSection& checks) {
    out.table("checks");
    if (!checks.require.empty()) out.list("require", checks.require);
    if (!checks.expect.empty()) {
        std::string joined;
        for (const Expectation& expected : checks.expect) {
            joined += (joined.empty() ? "" : ", ") + fmt::format("{{ finding = {}, because = {} }}",
                                                                 quoted(expected.finding),
                                                                 quoted(expected.because));
        }
        out.raw("expect", "[" + joined + "]");
    }
    if (!checks.probes.empty()) out.list("probes", checks.probes);
    if (!checks.sometimes.empty()) out.list("sometimes", checks.sometimes);
}

void write_fault(Writer& out, const FaultSection& fault) {
    out.element("fault");
    out.text("id", fault.id);
    out.text("kind", fault.kind);
    out.text("target", fault.target);
    if (fault.at) out.text("at", exact(*fault.at));
    if (fault.window) out.list("window", {exact(fault.window->first), exact(fault.window->second)});
    if (fault.every) out.text("every", exact(*fault.every));
    if (fault.when) {
        std::string match;
        for (const auto& [name, value] : fault.when->match) {
            match += (match.empty() ? "" : ", ") + key_of(name) + " = " + quoted(value);
        }
        std::string more;
        if (!match.empty()) more += ", match = { " + match + " }";
        if (!fault.when->since.empty()) more += ", since = " + quoted(fault.when->since);
        if (fault.when->after > Duration{}) more += ", after = " + quoted(exact(fault.when->after));
        out.raw("when", fmt::format("{{ event = {}, nth = {}{} }}", quoted(fault.when->event),
                                    fault.when->nth, more));
    }
    if (fault.heal_after) out.text("for", exact(*fault.heal_after));
    for (const auto& [name, value] : fault.options) out.text(key_of(name), value);
}

void write_admin_step(Writer& out, const AdminSection& step) {
    out.element("admin");
    out.text("id", step.id);
    out.text("kind", step.kind);
    out.text("at", exact(step.at));
    if (step.every) out.text("every", exact(*step.every));
    for (const auto& [name, value] : step.options) out.text(key_of(name), value);
}

void write_swarm(Writer& out, const Swarm& swarm) {
    if (swarm.is_empty()) return;
    out.table("swarm");
    for (const SwarmChoice& choice : swarm.choices) {
        if (choice.values.empty()) {
            out.raw(quoted(choice.path),
                    fmt::format("{{ min = {}, max = {} }}", choice.min, choice.max));
        } else {
            out.list(quoted(choice.path), choice.values);
        }
    }
    if (swarm.rarely) {
        std::string sets;
        for (const auto& set : swarm.rarely->sets) {
            std::string pairs;
            for (const auto& [path, value] : set) {
                pairs += fmt::format("{}{} = {}", pairs.empty() ? "" : ", ", quoted(path),
                                     quoted(value));
            }
            sets += fmt::format("{}{{ {} }}", sets.empty() ? "" : ", ", pairs);
        }
        out.raw("rarely",
                fmt::format("{{ one_in = {}, sets = [{}] }}", swarm.rarely->one_in, sets));
    }
    if (swarm.faults) {
        std::string kinds;
        for (const std::string& kind : swarm.faults->kinds) {
            kinds += (kinds.empty() ? "" : ", ") + quoted(kind);
        }
        out.raw("faults", fmt::format("{{ kinds = [{}], count = {{ min = {}, max = {} }} }}", kinds,
                                      swarm.faults->min, swarm.faults->max));
    }
}

void write_repro(Writer& out, const ReproSection& repro) {
    out.table("repro");
    if (!repro.checker.empty()) out.text("checker", repro.checker);
    if (!repro.anomaly.empty()) out.text("anomaly", repro.anomaly);
    if (!repro.struck.empty()) out.list("struck", repro.struck);
    if (!repro.commit.empty()) out.text("commit", repro.commit);
}

}  // namespace

std::string write_scenario(const Scenario& scenario) {
    const Scenario usual;
    Writer out;
    out.text("name", scenario.name);
    if (!scenario.about.empty()) out.text("about", scenario.about);
    if (!scenario.bugs.empty()) out.list("bugs", scenario.bugs);

    out.table("run");
    if (scenario.run.start != usual.run.start) out.raw("start", date_text(scenario.run.start));
    out.text("storm", exact(scenario.run.storm));
    out.text("calm", exact(scenario.run.calm));
    const sim::Scheduling& scheduling = scenario.run.scheduling;
    if (scheduling.strategy != usual.run.scheduling.strategy) {
        out.text("strategy", std::string(to_string(scheduling.strategy)));
    }
    if (scheduling.depth != usual.run.scheduling.depth) out.number("depth", scheduling.depth);
    if (scenario.run.seed) out.text("seed", fmt::format("{}", *scenario.run.seed));
    if (scenario.run.hash) out.text("hash", to_hex(*scenario.run.hash));

    out.table("cluster");
    out.number("brokers", scenario.cluster.brokers);
    out.number("controllers", scenario.cluster.controllers);
    if (scenario.cluster.racks != usual.cluster.racks) out.number("racks", scenario.cluster.racks);
    if (scenario.cluster.combined) out.raw("combined", "true");
    out.settings("config.", scenario.cluster.config, usual.cluster.config);
    write_nodes(out, scenario);

    out.table("network");
    if (scenario.network.latency.to_string() != usual.network.latency.to_string()) {
        out.text("latency", scenario.network.latency.to_string());
    }
    if (scenario.network.bandwidth_bits_per_second != usual.network.bandwidth_bits_per_second) {
        out.text("bandwidth", fmt::format("{}bit/s", scenario.network.bandwidth_bits_per_second));
    }
    if (scenario.network.granularity != usual.network.granularity) {
        out.text("granularity", exact(scenario.network.granularity));
    }
    if (scenario.network.codec == model::CodecMode::roundtrip) out.text("codec", "roundtrip");
    out.table("disk");
    if (scenario.disk.flush.to_string() != usual.disk.flush.to_string()) {
        out.text("flush", scenario.disk.flush.to_string());
    }
    if (scenario.disk.capacity_bytes != usual.disk.capacity_bytes) {
        out.text("capacity", exact_size(scenario.disk.capacity_bytes));
    }

    for (const auto& [name, topic] : scenario.topics) {
        out.table("topics." + key_of(name));
        out.number("partitions", topic.partitions);
        out.number("replication", topic.replication);
        for (const auto& [key, value] : topic.config) out.text("config." + key, value);
    }
    write_workload(out, scenario.workload);
    write_checks(out, scenario.checks);
    write_swarm(out, scenario.swarm);
    if (scenario.repro) write_repro(out, *scenario.repro);
    for (const FaultSection& fault : scenario.faults) write_fault(out, fault);
    for (const AdminSection& step : scenario.admin) write_admin_step(out, step);
    return out.take();
}

}  // namespace squall::scenarios
