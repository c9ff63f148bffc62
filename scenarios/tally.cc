#include "scenarios/tally.h"

#include <charconv>

namespace squall::scenarios {
namespace {

void count(OperationCounts& counts, model::Outcome outcome) {
    switch (outcome) {
        case model::Outcome::ok:
            ++counts.ok;
            return;
        case model::Outcome::failed:
            ++counts.failed;
            return;
        case model::Outcome::unknown:
            ++counts.unknown;
            return;
    }
}

}  // namespace

void Tally::observe(const sim::Event& event) {
    if (const auto* sent = event.as<model::SendInvoked>()) {
        pending_["send"].insert(sent->operation);
    } else if (const auto* send = event.as<model::SendCompleted>()) {
        pending_["send"].erase(send->operation);
        count(operations_["send"], send->outcome);
    } else if (event.as<model::RecordsPolled>() != nullptr) {
        ++operations_["poll"].ok;
    } else if (const auto* begun = event.as<model::CommitInvoked>()) {
        pending_["commit"].insert(begun->operation);
    } else if (const auto* commit = event.as<model::CommitCompleted>()) {
        pending_["commit"].erase(commit->operation);
        count(operations_["commit"], commit->outcome);
    } else if (const auto* admin = event.as<model::AdminCompleted>()) {
        count(operations_["admin"], admin->outcome);
    }
}

std::map<std::string, OperationCounts> Tally::operations() const {
    std::map<std::string, OperationCounts> all = operations_;
    for (const auto& [kind, pending] : pending_) {
        if (!pending.empty()) all[kind].unknown += pending.size();
    }
    return all;
}

Result<Probe> parse_probe(std::string_view text) {
    const auto bad = [&] {
        return Error{
            Failure::invalid_input,
            fmt::format("'{}' is no probe; expected one like 'PartitionChanged >= 1'", text)};
    };
    const std::size_t operator_at = text.find(">=");
    if (operator_at == std::string_view::npos) return bad();
    std::string_view event = text.substr(0, operator_at);
    std::string_view number = text.substr(operator_at + 2);
    while (!event.empty() && event.back() == ' ') event.remove_suffix(1);
    while (!event.empty() && event.front() == ' ') event.remove_prefix(1);
    while (!number.empty() && number.front() == ' ') number.remove_prefix(1);
    while (!number.empty() && number.back() == ' ') number.remove_suffix(1);
    Probe probe{.event = std::string(event), .at_least = 0};
    const char* const end = number.data() + number.size();
    const auto [stopped, error] = std::from_chars(number.data(), end, probe.at_least);
    if (event.empty() || number.empty() || error != std::errc() || stopped != end) return bad();
    return probe;
}

}  // namespace squall::scenarios
