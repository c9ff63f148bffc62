#include "scenarios/hunt/breed.h"

#include <algorithm>
#include <set>

#include "scenarios/cluster.h"
#include "scenarios/scenario_file.h"
#include "scenarios/swarm.h"

namespace squall::scenarios {
namespace {

constexpr std::size_t most_faults = 20;

class Child {
  public:
    Child(const Scenario& mother, const Scenario& other, Draws& draws)
        : child_(mother), other_(other), draws_(draws) {}

    void change() {
        // Half of them bring in something of the other: what two found together, neither had alone.
        switch (draws_.below(8)) {
            case 0:
                return move();
            case 1:
                return last();
            case 2:
                return retarget();
            case 3:
                return leave_out();
            default:
                return take_over();
        }
    }
    Scenario take() { return std::move(child_); }

  private:
    FaultSection* any_fault() {
        if (child_.faults.empty()) return nullptr;
        return &child_.faults[draws_.below(child_.faults.size())];
    }

    void move() {
        FaultSection* const fault = any_fault();
        if (fault != nullptr && fault->at) fault->at = drawn_time();
    }
    void last() {
        FaultSection* const fault = any_fault();
        if (fault == nullptr) return;
        fault->heal_after =
            std::chrono::milliseconds(draws_.between(500, child_.run.storm / 4 / 1ms));
    }
    void retarget() {
        FaultSection* const fault = any_fault();
        const FaultSection* const from = any_fault();
        if (fault == nullptr || loses_data(fault->kind) || loses_data(from->kind)) return;
        fault->target = from->target;
    }
    void leave_out() {
        if (child_.faults.size() < 2) return;
        const auto place = static_cast<std::ptrdiff_t>(draws_.below(child_.faults.size()));
        child_.faults.erase(child_.faults.begin() + place);
    }
    void take_over() {
        if (other_.faults.empty() || child_.faults.size() >= most_faults) return;
        FaultSection fault = other_.faults[draws_.below(other_.faults.size())];
        std::set<std::string> taken;
        for (const FaultSection& known : child_.faults) taken.insert(known.id);
        for (std::size_t n = 1; taken.contains(fault.id); ++n) fault.id = fmt::format("bred-{}", n);
        if (loses_data(fault.kind)) {
            const std::vector<std::string> controllers = controller_names(child_);
            const auto is_of_quorum = [&](const FaultSection& known) {
                return !child_.cluster.combined &&
                       std::ranges::find(controllers, known.target) != controllers.end();
            };
            const auto victim = std::ranges::find_if(child_.faults, [&](const auto& known) {
                return loses_data(known.kind) && !is_of_quorum(known);
            });
            if (victim != child_.faults.end() && !is_of_quorum(fault)) {
                fault.target = victim->target;
            }
        }
        if (fault.at) fault.at = std::min<Duration>(*fault.at, child_.run.storm * 8 / 10);
        child_.faults.push_back(std::move(fault));
    }

    Duration drawn_time() {
        const std::int64_t storm_ms = child_.run.storm / 1ms;
        return std::chrono::milliseconds(draws_.between(storm_ms / 10, storm_ms * 8 / 10));
    }

    Scenario child_;
    const Scenario& other_;
    Draws& draws_;
};

bool is_valid(const Scenario& scenario) {
    try {
        validate(scenario);
        return true;
    } catch (const ScenarioError&) {
        return false;
    }
}

}  // namespace

Scenario breed(const Scenario& mother, const Scenario& other, Draws& draws) {
    Scenario child = mother;
    const std::uint64_t changes = 2 + draws.below(4);
    for (std::uint64_t n = 0; n < changes; ++n) {
        Child next(child, other, draws);
        next.change();
        Scenario changed = next.take();
        // Whom the other plan has, this one may lack.
        if (is_valid(changed)) child = std::move(changed);
    }
    return child;
}

}  // namespace squall::scenarios
