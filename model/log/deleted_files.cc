#include "model/log/deleted_files.h"

#include <fmt/format.h>

namespace squall::model {

namespace {

constexpr std::string_view deleted_ending = ".deleted";

}  // namespace

Result<Duration> DeletedFiles::remove_leftovers() {
    Duration cost{};
    for (const std::string& path : disk_.list("")) {
        if (!holds(path)) continue;
        const Result<Duration> removed = disk_.remove(path);
        if (!removed) return removed;
        cost += *removed;
    }
    return cost;
}

Result<Duration> DeletedFiles::bury(const std::string& path, Duration delay) {
    if (!remove_later_ || delay <= Duration::zero()) return disk_.remove(path);
    // The number, since a topic of the same name may delete a segment of the same offset.
    const std::string buried = fmt::format("{}.{}{}", path, ++buried_, deleted_ending);
    const Result<Duration> renamed = disk_.rename(path, buried);
    if (renamed) remove_later_(buried, delay);
    return renamed;
}

bool DeletedFiles::holds(std::string_view path) {
    return path.ends_with(deleted_ending);
}

void DeletedFiles::remove(const std::string& path) {
    if (disk_.exists(path)) static_cast<void>(disk_.remove(path));
}

}  // namespace squall::model
