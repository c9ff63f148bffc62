#include "scenarios/workloads/applications.h"

#include "scenarios/scenario_file.h"
#include "scenarios/workloads/cast.h"

namespace squall::scenarios {

WorkloadEntry applications_workload() {
    return {.kind = "applications",
            .about = "the applications of a test of one's own: code, handed over with the scenario",
            .client_names =
                [](const Scenario& scenario) {
                    std::vector<std::string> names = {Cast::admin_name};
                    for (const std::string& name : scenario.workload.applications) {
                        names.push_back(name);
                    }
                    names.emplace_back(Cast::reader_name);
                    return names;
                },
            .topics = {},
            .make = [](const Scenario& scenario) -> std::unique_ptr<Workload> {
                throw ScenarioError{
                    .file = scenario.name,
                    .message =
                        "workload.kind: the applications are code of a test, and only that "
                        "test can run them (docs/TESTING.md)"};
            },
            .is_from_outside = true};
}

}  // namespace squall::scenarios
