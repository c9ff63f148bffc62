// ApplicationProcess: one application of a pipeline as a process of a simulated machine; the
// workload that consists of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scenarios/workloads/workload.h"
#include "squall/pipeline.h"

namespace squall::internal {

// What a run's applications share, and what outlives them.
struct Shared {
    const Pipeline& pipeline;
    std::shared_ptr<Database> database = std::make_shared<Database>();
    std::vector<std::string> thrown{};
    bool is_calm = false;
};

// `shared` outlives it.
std::unique_ptr<scenarios::Workload> make_applications(Shared& shared);

}  // namespace squall::internal
