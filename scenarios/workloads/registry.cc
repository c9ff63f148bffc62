#include <algorithm>
#include <utility>

#include "scenarios/workloads/applications.h"
#include "scenarios/workloads/key_values.h"
#include "scenarios/workloads/load.h"
#include "scenarios/workloads/order_flow.h"
#include "scenarios/workloads/outside.h"
#include "scenarios/workloads/patterns.h"
#include "scenarios/workloads/transactions.h"
#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

const std::vector<WorkloadEntry>& all_workloads() {
    static const std::vector<WorkloadEntry> workloads = [] {
        std::vector<WorkloadEntry> all = pattern_workloads();
        for (WorkloadEntry& entry :
             std::vector{applications_workload(), key_values_workload(), load_workload(),
                         order_flow_workload(), outside_workload(), transactions_workload()}) {
            all.push_back(std::move(entry));
        }
        std::ranges::sort(all, {}, &WorkloadEntry::kind);
        return all;
    }();
    return workloads;
}

const WorkloadEntry* find_workload(std::string_view kind) {
    const auto found = std::ranges::find(all_workloads(), kind, &WorkloadEntry::kind);
    return found == all_workloads().end() ? nullptr : &*found;
}

std::vector<std::string> bootstrap_of(const Scenario& scenario) {
    return broker_names(scenario);
}

}  // namespace squall::scenarios
