#include "checkers/checker.h"

#include <algorithm>

#include "checkers/casebook.h"
#include "sim/base/assert.h"
#include "sim/trace/sim_events.h"

namespace squall::checkers {

std::string_view to_string(CheckerVerdict verdict) {
    switch (verdict) {
        case CheckerVerdict::pass:
            return "pass";
        case CheckerVerdict::fail:
            return "fail";
        case CheckerVerdict::inconclusive:
            return "inconclusive";
        case CheckerVerdict::not_applicable:
            return "n/a";
    }
    return "?";
}

// Who is shown the events of one kind.
struct CheckerSet::Audience {
    Casebook::Folds folds;
    std::vector<Checker*> checkers;  // in order of name
};

CheckerSet::CheckerSet(Contract contract) : book_(std::make_unique<Casebook>(contract)) {
    checkers_.reserve(all_checkers().size());
    for (const CheckerEntry& entry : all_checkers()) checkers_.push_back(entry.make(*book_));
}

CheckerSet::CheckerSet(Contract contract, std::string_view name)
    : book_(std::make_unique<Casebook>(contract)) {
    const auto entry = std::ranges::find(all_checkers(), name, &CheckerEntry::name);
    ASSERT(entry != all_checkers().end(), "no checker is called {}", name);
    checkers_.push_back(entry->make(*book_));
}

CheckerSet::~CheckerSet() = default;

namespace {

// Of what frames carry, only who waits in a group, and for whom, is told by no other event.
bool is_of_interest(const sim::FrameSent& sent) {
    const std::string_view label = sent.label;
    return label == "JoinGroup" || label == "SyncGroup" || label == "FindCoordinator";
}

}  // namespace

bool CheckerSet::looks_at(const sim::EventKind& kind) {
    return !kind.is_one_of<sim::FrameDelivered>();
}

void CheckerSet::observe(const sim::Event& event) {
    if (!looks_at(*event.kind)) return;
    if (const auto* sent = event.as<sim::FrameSent>(); sent && !is_of_interest(*sent)) return;
    const Audience& audience = audience_of(*event.kind);
    book_->observe(event, audience.folds);
    for (Checker* const checker : audience.checkers) checker->observe(event);
    book_->settle();
}

const CheckerSet::Audience& CheckerSet::audience_of(const sim::EventKind& kind) {
    if (kind.number >= audiences_.size()) audiences_.resize(kind.number + 1);
    std::unique_ptr<Audience>& audience = audiences_[kind.number];
    if (audience != nullptr) return *audience;
    audience =
        std::make_unique<Audience>(Audience{.folds = Casebook::folds_of(kind), .checkers = {}});
    for (const auto& checker : checkers_) {
        if (checker->looks_at(kind)) audience->checkers.push_back(checker.get());
    }
    return *audience;
}

std::vector<CheckerReport> CheckerSet::finish() {
    book_->conclude();
    std::vector<CheckerReport> reports;
    reports.reserve(checkers_.size());
    for (const auto& checker : checkers_) reports.push_back(checker->finish());
    return reports;
}

}  // namespace squall::checkers
