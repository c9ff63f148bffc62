#include "cli/write_report.h"

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <system_error>

#include "cli/commands.h"
#include "cli/run_output.h"
#include "reports/graphviz.h"
#include "reports/history.h"
#include "reports/ownership.h"
#include "reports/sequence_diagram.h"
#include "reports/timeline.h"
#include "reports/topology.h"
#include "reports/trace_lines.h"
#include "scenarios/scenario_file.h"

namespace squall::cli {

void prepare_report_folder(const std::string& folder, const std::string& option) {
    std::error_code error;
    if (std::filesystem::exists(folder, error) && !std::filesystem::is_directory(folder, error)) {
        throw BadInput{option + " " + folder + ": is a file, expected a folder"};
    }
    std::filesystem::create_directories(folder, error);
    if (error) throw BadInput{option + " " + folder + ": cannot be made: " + error.message()};
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
        throw BadInput{option + " " + folder + ": files cannot be written there"};
    }
}

bool write_report(const scenarios::RunResult& result, const std::string& folder) {
    const sim::Trace& trace = *result.trace;
    scenarios::Scenario repro = result.expanded;
    repro.run.seed = result.seed;
    repro.run.hash = result.hash;
    const auto path_of = [&](const char* name) {
        return (std::filesystem::path(folder) / name).string();
    };
    const auto picture = [&](const char* name, const reports::Graph& graph) {
        Result<std::string> svg = reports::render_svg(graph);
        // Ctrl-C reaches Graphviz as well.
        if (!svg && stop_requested()) return std::string();
        if (!svg) throw NotWritten{path_of(name), to_string(svg.error())};
        return std::move(svg).value();
    };
    struct File {
        const char* name;
        std::function<std::string()> content;
    };
    const File files[] = {
        {"summary.json", [&] { return run_json(result, std::nullopt); }},
        {"scenario.toml", [&] { return scenarios::write_scenario(repro); }},
        {"timeline.txt", [&] { return reports::timeline_text(trace); }},
        {"trace.jsonl", [&] { return reports::trace_lines(trace); }},
        {"history.edn", [&] { return reports::history_edn(trace); }},
        {"sequence.svg", [&] { return picture("sequence.svg", reports::sequence_diagram(trace)); }},
        {"ownership.svg",
         [&] { return picture("ownership.svg", reports::ownership_lanes(trace)); }},
        {"topology.svg", [&] { return picture("topology.svg", reports::topology(trace)); }},
    };
    for (const File& file : files) {
        const std::string content = file.content();
        if (stop_requested()) return false;
        write_file(path_of(file.name), content);
    }
    return true;
}

}  // namespace squall::cli
