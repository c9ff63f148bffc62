#include "sim/disk/faults.h"

#include "sim/base/assert.h"

namespace squall::sim {

namespace {

std::uint32_t error_per_million(const DiskFaults& faults, ActiveFaults::Operation operation) {
    switch (operation) {
        case ActiveFaults::Operation::read:
            return faults.read_error_per_million;
        case ActiveFaults::Operation::write:
            return faults.write_error_per_million;
        case ActiveFaults::Operation::flush:
            return faults.flush_error_per_million;
    }
    return 0;
}

}  // namespace

void ActiveFaults::set(DiskFaults faults) {
    ASSERT(faults.slowdown_percent > 0, "a slowdown to {} percent", faults.slowdown_percent);
    std::string id = faults.fault_id;
    active_[std::move(id)] = Active{.faults = std::move(faults), .draws = {}, .slowed_paths = {}};
}

void ActiveFaults::clear(std::string_view fault_id) {
    const auto found = active_.find(fault_id);
    if (found != active_.end()) active_.erase(found);
}

std::optional<std::string> ActiveFaults::fails(Operation operation, std::string_view path) {
    for (auto& [id, active] : active_) {
        const std::uint32_t per_million = error_per_million(active.faults, operation);
        if (per_million == 0 || !path.starts_with(active.faults.path_prefix)) continue;
        const Meaning meaning = Meaning("disk error")
                                    .with(disk_)
                                    .with(id)
                                    .with(static_cast<std::uint64_t>(operation))
                                    .with(path);
        const auto [draws, is_new] = active.draws.try_emplace(
            std::pair(operation, std::string(path)), Draws(noise_, meaning));
        if (draws->second.chance(per_million)) return id;
    }
    return std::nullopt;
}

std::optional<std::string> ActiveFaults::full(std::string_view path) const {
    for (const auto& [id, active] : active_) {
        if (active.faults.full && path.starts_with(active.faults.path_prefix)) return id;
    }
    return std::nullopt;
}

ActiveFaults::Slowed ActiveFaults::slowed(Duration cost, std::string_view path) {
    Slowed result{.cost = cost, .newly_by = std::nullopt};
    for (auto& [id, active] : active_) {
        const std::uint32_t percent = active.faults.slowdown_percent;
        if (percent == 100 || !path.starts_with(active.faults.path_prefix)) continue;
        result.cost = result.cost * percent / 100;
        if (active.slowed_paths.emplace(path).second) result.newly_by = id;
    }
    return result;
}

}  // namespace squall::sim
