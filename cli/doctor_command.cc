#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/determinism.h"
#include "reports/graphviz.h"

namespace squall::cli {
namespace {

void examine_graphviz() {
    const Result<std::string> drawing = reports::render_svg({.text = "digraph { a -> b }"});
    if (drawing) return say("ok       graphviz draws pictures\n");
    say("missing  graphviz draws pictures: " + to_string(drawing.error()) +
        "; install the package graphviz, or do without --report\n");
}

int doctor(const DeterminismOptions& options, const Environment& environment) {
    Determinism determinism(options, environment);
    examine_graphviz();
    bool healthy = true;
    for (const std::string& condition : determinism.conditions()) {
        const Determinism::Finding finding = determinism.examine(condition);
        switch (finding.verdict) {
            case Determinism::Verdict::equal:
                say(fmt::format(
                    "ok       equal hashes {} ({} of {})\n", condition,
                    options.seeds == 1 ? "1 seed" : fmt::format("{} seeds", options.seeds),
                    options.scenario));
                break;
            case Determinism::Verdict::different:
                healthy = false;
                say(fmt::format("BROKEN   {}: {}\n", condition, finding.text));
                break;
            case Determinism::Verdict::not_possible:
                say(fmt::format("missing  {}: {}\n", condition, finding.text));
                break;
            case Determinism::Verdict::interrupted:
                fmt::print(stderr, "squall: doctor interrupted\n");
                return exit_interrupted;
        }
        std::fflush(stdout);
    }
    say(healthy ? "doctor: runs are deterministic on this machine\n"
                : "doctor: runs are NOT deterministic on this machine\n");
    return healthy ? exit_pass : exit_broken;
}

}  // namespace

Command add_doctor(CLI::App& app, const Environment& environment) {
    auto options = std::make_shared<DeterminismOptions>();
    app.add_option("--scenario", options->scenario, "which scenario to run; order-flow if left out")
        ->option_text("NAME | FILE");
    app.add_option("--first", options->first, "the first seed; 1 if left out")->option_text("N");
    app.add_option("--seeds", options->seeds, "how many seeds for each condition; 20 if left out")
        ->option_text("N")
        ->check([](const std::string& text) {
            const bool is_count =
                !text.empty() && text.size() <= 6 && text != "0" &&
                std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
            return is_count ? std::string()
                            : "expected at least one seed, and at most 999999, found " + text;
        });
    app.footer("Example: squall doctor --seeds 5");
    return [options, environment] { return doctor(*options, environment); };
}

}  // namespace squall::cli
