#include "scenarios/tally.h"

#include <algorithm>
#include <charconv>
#include <utility>

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

void Tally::watch(EventPattern pattern) {
    if (!watched_.try_emplace(pattern.text(), 0).second) return;
    patterns_.push_back(std::move(pattern));
}

bool Tally::looks_at(const sim::EventKind& kind) const {
    return kind.is_one_of<model::SendInvoked, model::SendCompleted, model::RecordsPolled,
                          model::CommitInvoked, model::CommitCompleted, model::AdminCompleted>() ||
           std::ranges::find(patterns_, kind.name, &EventPattern::event) != patterns_.end();
}

void Tally::observe(const sim::Event& event) {
    for (const EventPattern& pattern : patterns_) {
        if (pattern.matches(event)) ++watched_[pattern.text()];
    }
    if (event.as<model::SendInvoked>() != nullptr) {
        ++sends_.invoked;
    } else if (const auto* send = event.as<model::SendCompleted>()) {
        count(sends_.ended, send->outcome);
    } else if (event.as<model::RecordsPolled>() != nullptr) {
        ++polls_.ended.ok;
    } else if (event.as<model::CommitInvoked>() != nullptr) {
        ++commits_.invoked;
    } else if (const auto* commit = event.as<model::CommitCompleted>()) {
        count(commits_.ended, commit->outcome);
    } else if (const auto* admin = event.as<model::AdminCompleted>()) {
        count(admins_.ended, admin->outcome);
    }
}

std::map<std::string, OperationCounts> Tally::operations() const {
    std::map<std::string, OperationCounts> all;
    const auto add = [&all](const char* kind, const Operations& operations) {
        OperationCounts counts = operations.ended;
        const std::uint64_t ended = counts.ok + counts.failed + counts.unknown;
        if (operations.invoked > ended) counts.unknown += operations.invoked - ended;
        if (counts.ok + counts.failed + counts.unknown > 0) all[kind] = counts;
    };
    add("send", sends_);
    add("poll", polls_);
    add("commit", commits_);
    add("admin", admins_);
    return all;
}

Result<Probe> parse_probe(std::string_view text) {
    const auto bad = [&] {
        return Error{Failure::invalid_input,
                     fmt::format("'{}' is no probe; expected one like 'PartitionChanged >= 1' or "
                                 "'LogOpened{{truncated_bytes != 0}} >= 1'",
                                 text)};
    };
    const std::size_t operator_at = text.rfind(">=");
    if (operator_at == std::string_view::npos) return bad();
    Result<EventPattern> events = parse_event_pattern(text.substr(0, operator_at));
    if (!events) return bad();
    std::string_view number = text.substr(operator_at + 2);
    while (!number.empty() && number.front() == ' ') number.remove_prefix(1);
    while (!number.empty() && number.back() == ' ') number.remove_suffix(1);
    Probe probe{.events = std::move(*events), .at_least = 0};
    const char* const end = number.data() + number.size();
    const auto [stopped, error] = std::from_chars(number.data(), end, probe.at_least);
    if (number.empty() || error != std::errc() || stopped != end) return bad();
    return probe;
}

}  // namespace squall::scenarios
