#include "scenarios/run.h"

#include "scenarios/judged_run.h"

namespace squall::scenarios {

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::broken:
            return "broken";
        case Verdict::fail:
            return "fail";
        case Verdict::inconclusive:
            return "inconclusive";
        case Verdict::vacuous:
            return "vacuous";
        case Verdict::pass:
            return "pass";
    }
    return "?";
}

int exit_code(Verdict verdict) {
    switch (verdict) {
        case Verdict::broken:
            return 70;
        case Verdict::fail:
            return 1;
        case Verdict::inconclusive:
            return 3;
        case Verdict::vacuous:
            return 4;
        case Verdict::pass:
            return 0;
    }
    return 70;
}

RunResult run(const Scenario& written, const RunOptions& options) {
    JudgedRun run(written, options);
    run.begin();
    run.run_until(run.end());
    return run.finish();
}

}  // namespace squall::scenarios
