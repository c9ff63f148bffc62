#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "checkers/checker.h"
#include "cli/commands.h"
#include "model/broker/broker_config.h"
#include "model/bugs.h"
#include "scenarios/admin/admin_step.h"
#include "scenarios/faults/fault.h"
#include "scenarios/library_texts.h"
#include "scenarios/workloads/workload.h"
#include "sim/base/settings.h"

namespace squall::cli {
namespace {

struct Row {
    std::string name;
    std::string about;
    std::string source;
};

std::vector<Row> scenario_rows() {
    std::vector<Row> rows;
    for (const scenarios::LibraryText& entry : scenarios::library_texts()) {
        const scenarios::Scenario scenario = scenarios::parse_scenario(entry.text, entry.name);
        rows.push_back({std::string(entry.name), scenario.about,
                        fmt::format("scenarios/library/{}.toml", entry.name)});
    }
    return rows;
}

std::vector<Row> fault_rows() {
    std::vector<Row> rows;
    for (const scenarios::FaultEntry& entry : scenarios::all_faults()) {
        std::string about(entry.about);
        for (const scenarios::FaultOptionEntry& option : entry.options) {
            about += fmt::format("; {} ({}): {}", option.name, option.default_value, option.about);
        }
        rows.push_back({std::string(entry.kind), about, std::string(entry.source)});
    }
    return rows;
}

std::vector<Row> checker_rows() {
    std::vector<Row> rows;
    for (const checkers::CheckerEntry& entry : checkers::all_checkers()) {
        rows.push_back(
            {std::string(entry.name), std::string(entry.about), std::string(entry.source)});
    }
    return rows;
}

std::vector<Row> bug_rows() {
    std::vector<Row> rows;
    for (const model::BugEntry& entry : model::all_bugs()) {
        rows.push_back({fmt::format("{} {}", entry.id, entry.name),
                        entry.scenario.empty()
                            ? fmt::format("{}; no scenario of the library reaches it", entry.about)
                            : fmt::format("{}; reached by {}, caught by {}", entry.about,
                                          entry.scenario, entry.checker),
                        std::string(entry.origin)});
    }
    return rows;
}

std::vector<Row> workload_rows() {
    std::vector<Row> rows;
    for (const scenarios::WorkloadEntry& entry : scenarios::all_workloads()) {
        rows.push_back({std::string(entry.kind), std::string(entry.about), "scenarios/workloads"});
    }
    return rows;
}

std::vector<Row> step_rows() {
    std::vector<Row> rows;
    for (const scenarios::AdminStepEntry& entry : scenarios::all_admin_steps()) {
        std::string about(entry.about);
        for (const scenarios::AdminOptionEntry& option : entry.options) {
            about += fmt::format("; {}{}: {}", option.name, option.is_required ? "" : " (optional)",
                                 option.about);
        }
        rows.push_back({std::string(entry.kind), about, "[[admin]]"});
    }
    return rows;
}

// Every setting that a scenario may carry, with its default.
std::vector<Row> config_rows() {
    std::vector<Row> rows;
    const auto add = [&](const std::vector<SettingText>& settings, const std::string& where) {
        for (const SettingText& setting : settings) {
            const bool twice = std::ranges::any_of(rows, [&](const Row& row) {
                return row.name == setting.key && row.source == where;
            });
            if (!twice) rows.push_back({setting.key, "default " + setting.value, where});
        }
    };
    add(list_settings(model::BrokerConfig{}), "cluster.config, node.NAME.config");
    add(list_settings(model::LogOptions{}), "topics.NAME.config");
    add(list_settings(model::ProducerOptions{}), "workload.producer");
    add(list_settings(model::ConsumerOptions{}), "workload.consumer");
    return rows;
}

struct Listing {
    const char* name;
    std::vector<Row> (*rows)();
};
constexpr Listing listings[] = {
    {"scenarios", scenario_rows}, {"faults", fault_rows},       {"checkers", checker_rows},
    {"bugs", bug_rows},           {"workloads", workload_rows}, {"steps", step_rows},
    {"configs", config_rows},
};

int list(const std::string& what, bool as_json) {
    for (const Listing& listing : listings) {
        if (what != listing.name) continue;
        const std::vector<Row> rows = listing.rows();
        if (as_json) {
            nlohmann::ordered_json out = nlohmann::ordered_json::array();
            for (const Row& row : rows) {
                out.push_back({{"name", row.name}, {"about", row.about}, {"source", row.source}});
            }
            say(out.dump(2) + "\n");
            return exit_pass;
        }
        std::size_t width = 0;
        for (const Row& row : rows) width = std::max(width, row.name.size());
        for (const Row& row : rows) {
            say(fmt::format("{:{}}  {}  [{}]\n", row.name, width, row.about, row.source));
        }
        return exit_pass;
    }
    std::vector<std::string> known;
    for (const Listing& listing : listings) known.emplace_back(listing.name);
    std::string all;
    for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
    throw BadInput{"list " + what + ": expected one of " + all +
                   scenarios::suggestion(what, known)};
}

}  // namespace

Command add_list(Arguments& arguments, const Environment&) {
    struct Options {
        std::string what;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    arguments.required_text("what", options->what,
                            "scenarios, faults, checkers, bugs, workloads, steps or configs",
                            "WHAT");
    arguments.flag("--json", options->json, "a JSON list");
    arguments.footer("Example: squall list faults");
    return [options] { return list(options->what, options->json); };
}

}  // namespace squall::cli
