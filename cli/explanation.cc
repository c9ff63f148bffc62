#include "cli/explanation.h"

#include <fmt/core.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/wording.h"
#include "reports/ownership.h"
#include "reports/timeline.h"

namespace squall::cli {
namespace {

// Each kind of finding with its cause, how often, and the first of them.
std::string allowed_text(const scenarios::RunResult& result) {
    std::string text;
    for (const checkers::CheckerReport& report : result.checkers) {
        std::map<std::pair<std::string, std::string>, std::vector<const checkers::Anomaly*>> kinds;
        for (const checkers::Anomaly& anomaly : report.anomalies) {
            if (anomaly.allowed) kinds[{anomaly.type, anomaly.cause}].push_back(&anomaly);
        }
        std::uint64_t told = 0;
        for (const auto& [kind, anomalies] : kinds) {
            std::string first;
            for (const auto& [name, value] : anomalies.front()->evidence) {
                first += fmt::format(" {}={}", name, value);
            }
            text += fmt::format("{} ({}), because of: {}; the first:{}\n",
                                plural(anomalies.size(), kind.first), report.checker, kind.second,
                                first);
            told += anomalies.size();
        }
        if (told < report.allowed_count) {
            text += fmt::format("and {} more that {} allowed\n", report.allowed_count - told,
                                report.checker);
        }
    }
    return text.empty() ? "nothing\n" : text;
}

}  // namespace

std::string explain_run(const scenarios::RunResult& result) {
    const std::vector<reports::GroupOwnership> groups = reports::ownership(*result.trace);
    std::string text = "What happened\n\n" + reports::timeline_text(*result.trace);
    if (!groups.empty()) {
        text += "\nWho owned what, in seconds from the start\n\n" + reports::ownership_text(groups);
    }
    text += "\nWhat came again or otherwise unexpected, and is allowed\n\n" + allowed_text(result);
    return text + "\n";
}

nlohmann::ordered_json groups_json(const scenarios::RunResult& result) {
    using nlohmann::ordered_json;
    ordered_json groups = ordered_json::array();
    for (const reports::GroupOwnership& group : reports::ownership(*result.trace)) {
        ordered_json lanes = ordered_json::object();
        for (const auto& [partition, spans] : group.lanes) {
            ordered_json& lane = lanes[to_string(partition)] = ordered_json::array();
            for (const reports::OwnedSpan& span : spans) {
                lane.push_back({{"owner", span.owner},
                                {"from", seconds_of(span.from.since_origin())},
                                {"to", seconds_of(span.to.since_origin())}});
            }
        }
        groups.push_back({{"group", group.group},
                          {"protocol", group.protocol},
                          {"unowned_partition_seconds", seconds_of(group.unowned)},
                          {"partitions_moved", group.moved},
                          {"records_handled", group.handled - group.handled_again},
                          {"records_handled_again", group.handled_again},
                          {"lanes", std::move(lanes)}});
    }
    return groups;
}

}  // namespace squall::cli
