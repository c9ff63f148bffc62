// ledger: what applications did to the world, against what they owed it.
//
//   lost-effect       an accepted event has no effect in a ledger, and nobody put it aside
//   doubled-effect    an event has more than one effect in a ledger
//   phantom-effect    an event that was withdrawn has an effect
//   reordered-effect  the first effect of an accepted event comes after that of a later one of its
//                     key
//
// Per ledger, by its promise: at-most-once may lose, at-least-once may double, exactly-once
// neither; order only where it is promised. An event that was neither accepted nor withdrawn is in
// doubt: its source crashed or was not told, and it may have an effect or none. What a ledger is
// built to get wrong (its flaw) is an expected finding, with the flaw as its cause, unless the run
// is judged by the safe contract; so is what is lost, or comes late, where logs lost what they had
// (allowance.h) after the event was accepted. What was still on its way when the run ended
// (ledger_backlog.h) is no flaw's doing, and is left open; where there is no flaw, only as long as
// it had had no time to come. Judged: each accepted or withdrawn event in each ledger.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"
#include "checkers/ledger_backlog.h"
#include "model/events/ledger_events.h"

namespace squall::checkers {

namespace {

using model::EffectPromise;

struct Effects {
    sim::EventSequence first{0};
    sim::EventSequence last{0};
    std::uint64_t times = 0;
};

struct Ledger {
    EffectPromise promise = EffectPromise::at_least_once;
    bool in_order = false;
    std::string flaw;
    sim::EventSequence opened{0};
    std::map<std::string, Effects> effects;
    std::vector<std::string> first_ones;  // events, in the order of their first effects
    std::map<std::string, sim::EventSequence> parked;
};

struct Accepted {
    std::string key;
    std::uint64_t number = 0;
    sim::EventSequence event{0};
};

class LedgerChecker final : public Checker {
  public:
    explicit LedgerChecker(const Casebook& book) : book_(book), backlog_(book) {}

    std::string_view name() const override { return "ledger"; }

    using Shown = sim::EventOf<model::LedgerOpened, model::BusinessEventAccepted,
                               model::BusinessEventWithdrawn, model::EffectApplied,
                               model::BusinessEventParked>;
    bool looks_at(const sim::EventKind& kind) const override {
        return Shown::includes(kind) || LedgerBacklog::Shown::includes(kind);
    }
    void observe(const sim::Event& any) override {
        if (LedgerBacklog::Shown::includes(*any.kind)) backlog_.observe(any);
        if (!Shown::includes(*any.kind)) return;
        const Shown event(any);
        if (const auto* opened = event.as<model::LedgerOpened>()) {
            Ledger& ledger = ledgers_[opened->ledger];
            ledger.promise = opened->promise;
            ledger.in_order = opened->in_order;
            ledger.flaw = opened->flaw;
            ledger.opened = event.sequence;
        } else if (const auto* accepted = event.as<model::BusinessEventAccepted>()) {
            accepted_.try_emplace(accepted->event, Accepted{.key = accepted->key,
                                                            .number = accepted->number,
                                                            .event = event.sequence});
        } else if (const auto* withdrawn = event.as<model::BusinessEventWithdrawn>()) {
            withdrawn_.try_emplace(withdrawn->event, event.sequence);
        } else if (const auto* applied = event.as<model::EffectApplied>()) {
            Ledger& ledger = ledgers_[applied->ledger];
            Effects& effects = ledger.effects[applied->event];
            if (effects.times == 0) {
                effects.first = event.sequence;
                ledger.first_ones.push_back(applied->event);
            }
            effects.last = event.sequence;
            ++effects.times;
        } else if (const auto* parked = event.as<model::BusinessEventParked>()) {
            ledgers_[parked->ledger].parked.try_emplace(parked->event, event.sequence);
        }
    }

    CheckerReport finish() override {
        for (const auto& [name, ledger] : ledgers_) {
            for (const auto& [event, accepted] : accepted_) {
                findings_.judge();
                judge_accepted(name, ledger, event, accepted);
            }
            for (const auto& [event, withdrawn] : withdrawn_) {
                findings_.judge();
                const auto effects = ledger.effects.find(event);
                if (effects == ledger.effects.end()) continue;
                tell(name, ledger, "phantom-effect", event, "", {withdrawn, effects->second.first});
            }
            if (ledger.in_order) judge_order(name, ledger);
        }
        return findings_.report();
    }

  private:
    void judge_accepted(const std::string& name, const Ledger& ledger, const std::string& event,
                        const Accepted& accepted) {
        const auto effects = ledger.effects.find(event);
        if (effects == ledger.effects.end()) {
            const bool may_be_lost = ledger.promise == EffectPromise::at_most_once;
            if (may_be_lost || ledger.parked.contains(event)) return;
            tell(name, ledger, "lost-effect", event, accepted.key, {accepted.event});
        } else if (effects->second.times > 1 && ledger.promise != EffectPromise::at_least_once) {
            tell(name, ledger, "doubled-effect", event, accepted.key,
                 {accepted.event, effects->second.first, effects->second.last},
                 effects->second.times);
        }
    }

    std::optional<Cause> cause_in_logs(std::string_view type, const std::string& event) const {
        const auto accepted = accepted_.find(event);
        if (accepted == accepted_.end()) return std::nullopt;
        if (type != "lost-effect" && type != "reordered-effect") return std::nullopt;
        return book_.allowance().of_truncation_somewhere(accepted->second.event);
    }

    void judge_order(const std::string& name, const Ledger& ledger) {
        // Of each key, the latest event of which there is an effect.
        std::map<std::string_view, std::pair<std::uint64_t, std::string_view>> latest;
        for (const std::string& event : ledger.first_ones) {
            const auto accepted = accepted_.find(event);
            if (accepted == accepted_.end()) continue;
            const auto [at, is_first] = latest.try_emplace(
                accepted->second.key, accepted->second.number, std::string_view(event));
            if (is_first) continue;
            if (accepted->second.number < at->second.first) {
                const std::string overtaken_by(at->second.second);
                tell(name, ledger, "reordered-effect", event, accepted->second.key,
                     {ledger.effects.at(overtaken_by).first, ledger.effects.at(event).first}, 1,
                     overtaken_by);
            } else {
                at->second = {accepted->second.number, event};
            }
        }
    }

    void tell(const std::string& name, const Ledger& ledger, std::string_view type,
              const std::string& event, const std::string& key, Findings::Events events,
              std::uint64_t times = 0, const std::string& overtaken_by = "") {
        Evidence facts = evidence("ledger", name, "event", event);
        if (!key.empty()) facts.emplace_back("key", key);
        if (times > 1) facts.emplace_back("effects", std::to_string(times));
        if (!overtaken_by.empty()) facts.emplace_back("overtaken_by", overtaken_by);
        const auto place =
            type == "lost-effect" ? backlog_.place_of(name, event) : std::optional<std::string>();
        const bool is_flawed = !ledger.flaw.empty() && book_.contract() == Contract::configured;
        if (is_flawed && !place) {
            events.push_back(ledger.opened);
            findings_.allow(type, ledger.flaw, std::move(facts), std::move(events));
        } else if (const auto cause = cause_in_logs(type, event)) {
            events.push_back(cause->event);
            findings_.allow(type, cause->text, std::move(facts), std::move(events));
        } else if (place && (is_flawed || !backlog_.had_time(name))) {
            findings_.leave_open(
                fmt::format("{} had no effect in {} when the run ended: {}", event, name, *place));
        } else {
            findings_.object(type, std::move(facts), std::move(events));
        }
    }

    const Casebook& book_;
    LedgerBacklog backlog_;
    std::map<std::string, Ledger> ledgers_;
    std::map<std::string, Accepted> accepted_;
    std::map<std::string, sim::EventSequence> withdrawn_;
    Findings findings_{"ledger"};
};

}  // namespace

std::unique_ptr<Checker> make_ledger(const Casebook& book) {
    return std::make_unique<LedgerChecker>(book);
}

}  // namespace squall::checkers
