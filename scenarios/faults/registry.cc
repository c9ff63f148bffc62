#include <algorithm>
#include <charconv>

#include "scenarios/faults/fault.h"
#include "scenarios/faults/kinds.h"
#include "sim/base/distribution.h"

namespace squall::scenarios {

const std::vector<FaultEntry>& all_faults() {
    static const std::vector<FaultEntry> faults = {
        clock_step_fault(), crash_fault(), cut_fault(),        disk_full_fault(),
        isolate_fault(),    pause_fault(), power_loss_fault(), slow_disk_fault(),
    };
    return faults;
}

const FaultEntry* find_fault(std::string_view kind) {
    const auto found = std::ranges::find(all_faults(), kind, &FaultEntry::kind);
    return found == all_faults().end() ? nullptr : &*found;
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

}  // namespace squall::scenarios
