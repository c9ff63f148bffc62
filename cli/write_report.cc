#include "cli/write_report.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "cli/commands.h"
#include "cli/run_output.h"
#include "reports/graphviz.h"
#include "reports/history.h"
#include "reports/sequence_diagram.h"
#include "reports/timeline.h"
#include "reports/topology.h"
#include "reports/trace_lines.h"
#include "scenarios/scenario_file.h"

namespace squall::cli {

void prepare_report_folder(const std::string& folder) {
    std::error_code error;
    if (std::filesystem::exists(folder, error) && !std::filesystem::is_directory(folder, error)) {
        throw BadInput{"--report " + folder + ": is a file, expected a folder"};
    }
    std::filesystem::create_directories(folder, error);
    if (error) throw BadInput{"--report " + folder + ": cannot be made: " + error.message()};
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
        throw BadInput{"--report " + folder + ": files cannot be written there"};
    }
}

void write_report(const scenarios::RunResult& result, const std::string& folder) {
    const auto write = [&](const char* name, const std::string& content) {
        write_file((std::filesystem::path(folder) / name).string(), content);
    };
    const sim::Trace& trace = *result.trace;
    scenarios::Scenario repro = result.expanded;
    repro.run.seed = result.seed;
    repro.run.hash = result.hash;
    write("summary.json", run_json(result, std::nullopt));
    write("scenario.toml", scenarios::write_scenario(repro));
    write("timeline.txt", reports::timeline_text(trace));
    write("trace.jsonl", reports::trace_lines(trace));
    write("history.edn", reports::history_edn(trace));
    for (const auto& [name, graph] : {std::pair{"sequence.svg", reports::sequence_diagram(trace)},
                                      std::pair{"topology.svg", reports::topology(trace)}}) {
        const Result<std::string> svg = reports::render_svg(graph);
        if (!svg) throw NotWritten{std::string(name), to_string(svg.error())};
        write(name, *svg);
    }
}

}  // namespace squall::cli
