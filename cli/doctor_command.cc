#include <fmt/core.h>

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

Command add_doctor(Arguments& arguments, const Environment& environment) {
    auto options = std::make_shared<DeterminismOptions>();
    arguments.text("--scenario", options->scenario, "which scenario to run; order-flow if left out",
                   "NAME | FILE");
    arguments.number("--first", options->first, "the first seed; 1 if left out", "N",
                     {0, UINT64_MAX});
    arguments.number("--seeds", options->seeds, "how many seeds for each condition; 20 if left out",
                     "N", {1, 999'999});
    arguments.footer("Example: squall doctor --seeds 5");
    return [options, environment] { return doctor(*options, environment); };
}

}  // namespace squall::cli
