#include <algorithm>
#include <charconv>

#include "scenarios/faults/fault.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/workloads/cast.h"
#include "scenarios/workloads/workload.h"
#include "sim/base/distribution.h"

namespace squall::scenarios {

const std::vector<FaultEntry>& all_faults() {
    static const std::vector<FaultEntry> faults = {
        bandwidth_fault(),  bit_rot_fault(),      clock_drift_fault(),    clock_freeze_fault(),
        clock_step_fault(), crash_fault(),        crash_loop_fault(),     cut_fault(),
        delay_fault(),      die_at_write_fault(), disk_full_fault(),      duplicate_send_fault(),
        flap_fault(),       half_open_fault(),    handler_throws_fault(), io_error_fault(),
        isolate_fault(),    leap_second_fault(),  leave_group_fault(),    misdirected_write_fault(),
        partition_fault(),  pause_fault(),        poison_record_fault(),  power_loss_fault(),
        replay_fault(),     reset_fault(),        restart_fault(),        rolling_restart_fault(),
        slow_disk_fault(),  slow_handler_fault(), stall_fault(),          swapped_disks_fault(),
        swizzle_fault(),    wiped_disk_fault(),
    };
    return faults;
}

bool FaultOptionEntry::stands_for(std::string_view option) const {
    if (!name.ends_with('*')) return option == name;
    const std::string_view prefix = name.substr(0, name.size() - 1);
    return option.starts_with(prefix) && option.size() > prefix.size();
}

const FaultEntry* find_fault(std::string_view kind) {
    const auto found = std::ranges::find(all_faults(), kind, &FaultEntry::kind);
    return found == all_faults().end() ? nullptr : &*found;
}

std::vector<std::string> players(const Scenario& scenario, FaultEntry::Part part) {
    const WorkloadEntry& workload = *find_workload(scenario.workload.kind);
    switch (part) {
        case FaultEntry::Part::handler:
            return workload.handlers == nullptr ? std::vector<std::string>{}
                                                : workload.handlers(scenario);
        case FaultEntry::Part::sender:
            if (workload.sender.empty()) return {};
            return {std::string(workload.sender)};
        case FaultEntry::Part::any:
            break;
    }
    std::vector<std::string> names = workload.client_names(scenario);
    std::erase(names, Cast::admin_name);
    std::erase(names, Cast::reader_name);
    return names;
}

std::vector<Machine*> aim(const Target& target, Cluster& cluster, Draws& draws) {
    std::vector<Machine*> machines;
    for (const std::string& name : resolve(target, cluster.view(), cluster.roster(), draws)) {
        Machine* const machine = cluster.find(name);
        ASSERT(machine != nullptr, "'{}' means {}, which does not exist", target.text, name);
        machines.push_back(machine);
    }
    return machines;
}

namespace {

std::string_view option_text(const FaultOptions& options, std::string_view name,
                             std::string_view default_value) {
    const auto found = options.find(std::string(name));
    return found == options.end() ? default_value : std::string_view(found->second);
}

}  // namespace

Result<Duration> duration_option(const FaultOptions& options, std::string_view name,
                                 std::string_view default_value) {
    Result<Duration> parsed = parse_duration(option_text(options, name, default_value));
    if (!parsed) {
        return Error{Failure::invalid_input, fmt::format("{}: {}", name, parsed.error().detail)};
    }
    return parsed;
}

Result<std::int64_t> number_option(const FaultOptions& options, std::string_view name,
                                   std::string_view default_value) {
    const std::string_view text = option_text(options, name, default_value);
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end) {
        return Error{Failure::invalid_input,
                     fmt::format("{}: '{}' is no whole number", name, text)};
    }
    return number;
}

Result<DurationDistribution> distribution_option(const FaultOptions& options, std::string_view name,
                                                 std::string_view default_value) {
    Result<DurationDistribution> parsed =
        DurationDistribution::parse(option_text(options, name, default_value));
    if (!parsed) {
        return Error{Failure::invalid_input, fmt::format("{}: {}", name, parsed.error().detail)};
    }
    return parsed;
}

Result<std::int64_t> bounded_option(const FaultOptions& options, std::string_view name,
                                    std::string_view default_value, std::int64_t low,
                                    std::int64_t high) {
    Result<std::int64_t> number = number_option(options, name, default_value);
    if (number && (*number < low || *number > high)) {
        return Error{Failure::invalid_input,
                     fmt::format("{}: expected {} to {}, not {}", name, low, high, *number)};
    }
    return number;
}

Result<std::string> choice_option(const FaultOptions& options, std::string_view name,
                                  const std::vector<std::string_view>& choices) {
    const std::string_view text = option_text(options, name, choices.front());
    if (std::ranges::find(choices, text) != choices.end()) return std::string(text);
    std::string expected;
    for (const std::string_view choice : choices) {
        expected += fmt::format("{}\"{}\"", expected.empty() ? "" : " or ", choice);
    }
    return Error{Failure::invalid_input,
                 fmt::format("{}: expected {}, not \"{}\"", name, expected, text)};
}

std::string text_option(const FaultOptions& options, std::string_view name,
                        std::string_view default_value) {
    return std::string(option_text(options, name, default_value));
}

}  // namespace squall::scenarios
