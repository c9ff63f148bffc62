#include "squall/storm.h"

#include <fmt/core.h>

#include <ostream>

namespace squall {
namespace {

std::string seconds_text(std::chrono::milliseconds time) {
    if (time.count() % 1000 == 0) return fmt::format("{}s", time.count() / 1000);
    return fmt::format("{}ms", time.count());
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
    out << fault.kind << ' ' << fault.target << " at " << seconds_text(fault.at) << " for "
        << seconds_text(fault.lasts);
    for (const auto& [name, value] : fault.options) out << ' ' << name << '=' << value;
    return out;
}

std::ostream& operator<<(std::ostream& out, const Storm& storm) {
    out << "seed " << storm.seed << ", " << storm.lasts.count() << "s of storm, "
        << storm.calm.count() << "s of calm";
    for (const auto& [path, value] : storm.conditions) out << ", " << path << " = " << value;
    for (const Fault& fault : storm.faults) out << "\n  " << fault;
    return out;
}

}  // namespace squall
