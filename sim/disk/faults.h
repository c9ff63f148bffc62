// ActiveFaults: what is wrong with a disk now, and how often it already showed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "sim/base/rng.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::sim {

class ActiveFaults {
  public:
    ActiveFaults(Noise noise, std::string disk) : noise_(noise), disk_(std::move(disk)) {}

    void set(DiskFaults faults);
    void clear() { active_.clear(); }
    void clear(std::string_view fault_id);

    enum class Operation : std::uint8_t { read, write, flush };
    // The id of the fault that fails this operation on `path`, if one does.
    std::optional<std::string> fails(Operation operation, std::string_view path);
    // The id of the fault that makes the disk look full for `path`, if one does.
    std::optional<std::string> full(std::string_view path) const;

    struct Slowed {
        Duration cost{};
        std::optional<std::string> newly_by;  // a fault that slowed this path for the first time
    };
    Slowed slowed(Duration cost, std::string_view path);

  private:
    struct Active {
        DiskFaults faults;
        std::map<std::pair<Operation, std::string>, Draws> draws;
        std::set<std::string, std::less<>> slowed_paths;
    };

    Noise noise_;
    std::string disk_;
    std::map<std::string, Active, std::less<>> active_;
};

}  // namespace squall::sim
