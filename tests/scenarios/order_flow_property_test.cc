// The property of this whole project, as a user of it writes one:
//
//     Whatever crashes, whenever, and however the clients are tuned (within the safe contract of
//     docs/GUARANTEES.md), no checker objects.
//
// RapidCheck draws a storm: a small plain value. A function makes a scenario of it, run() simulates
// it in a fraction of a second, and the checkers judge. Where a checker objects, RapidCheck shrinks
// the storm: it takes out crashes, and makes times rounder and settings plainer for as long as it
// still objects. A run is pure in scenario and seed, so shrinking never chases a ghost.
//
// To write a property of your own: copy this file, say in Storm what may vary, in scenario_of()
// what that means, and in the property what must hold.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "scenarios/run.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

// ---- what may vary ----

struct Crash {
    int at_s = 0;
    int for_s = 0;
    std::string target;  // a role: whoever plays it when the crash strikes
};

struct Storm {
    std::vector<Crash> crashes;
    int rate = 0;  // orders per second
    int linger_ms = 0;
    int payment_members = 0;
    int seed = 0;  // all that the network, the disks and the scheduler leave to chance
};

// How a counterexample reads.
void showValue(const Crash& crash, std::ostream& out) {
    out << "crash " << crash.target << " at " << crash.at_s << "s for " << crash.for_s << "s";
}
void showValue(const Storm& storm, std::ostream& out) {
    out << "seed " << storm.seed << ", rate " << storm.rate << ", linger.ms " << storm.linger_ms
        << ", " << storm.payment_members << " payment members";
    for (const Crash& crash : storm.crashes) {
        out << "\n  ";
        showValue(crash, out);
    }
}

// Generators shrink towards their first alternative, their lowest number, their shortest list: put
// the plainest there.
rc::Gen<Crash> any_crash() {
    return rc::gen::build<Crash>(
        rc::gen::set(&Crash::at_s, rc::gen::inRange(5, 20)),
        rc::gen::set(&Crash::for_s, rc::gen::inRange(1, 13)),
        rc::gen::set(&Crash::target,
                     rc::gen::element<std::string>("leader(orders-0)", "isr-follower(orders-0)",
                                                   "coordinator(payment)", "payment-1", "b1")));
}
rc::Gen<Storm> any_storm(int most_crashes) {
    // The size of a container bounds its length, that of a number its range. A container whose
    // length is drawn for itself would shrink from its end only, and keep crashes nobody needs.
    const auto crashes = rc::gen::resize(
        most_crashes,
        rc::gen::container<std::vector<Crash>>(rc::gen::resize(rc::kNominalSize, any_crash())));
    return rc::gen::build<Storm>(rc::gen::set(&Storm::crashes, crashes),
                                 rc::gen::set(&Storm::rate, rc::gen::inRange(5, 40)),
                                 rc::gen::set(&Storm::linger_ms, rc::gen::inRange(0, 100)),
                                 rc::gen::set(&Storm::payment_members, rc::gen::inRange(1, 3)),
                                 rc::gen::set(&Storm::seed, rc::gen::inRange(0, 1'000'000)));
}

// ---- what it means ----

Scenario scenario_of(const Storm& storm, const Changes& changes = {}) {
    Scenario scenario = small_storm("", changes);
    scenario.run.storm = 22s;
    scenario.workload.rate = static_cast<std::uint32_t>(storm.rate);
    scenario.workload.producer.linger = std::chrono::milliseconds(storm.linger_ms);
    scenario.workload.groups["payment"].members = static_cast<std::uint32_t>(storm.payment_members);
    for (const Crash& crash : storm.crashes) {
        scenario.faults.push_back(crash_at("crash-" + std::to_string(scenario.faults.size() + 1),
                                           crash.target, std::chrono::seconds(crash.at_s),
                                           std::chrono::seconds(crash.for_s)));
    }
    return scenario;
}

RunResult result_of(const Storm& storm, const Changes& changes = {}) {
    return run(scenario_of(storm, changes), {.seed = static_cast<std::uint64_t>(storm.seed),
                                             .trace_level = sim::TraceLevel::hash_only});
}

// ---- what must hold ----

// A storm is a whole cluster's half minute: a few say more than a thousand small inputs. A seed of
// its own makes the test the same everywhere; RC_PARAMS does not change it.
rc::detail::TestParams few_cases(std::uint64_t seed, int cases) {
    rc::detail::TestParams params;
    params.seed = seed;
    params.maxSuccess = cases;
    return params;
}

template <class Property>
rc::detail::TestResult check_quietly(Property property, const rc::detail::TestParams& params) {
    return rc::detail::checkTestable(std::move(property), rc::detail::TestMetadata{}, params);
}

std::string message_of(const rc::detail::TestResult& result) {
    std::ostringstream message;
    rc::detail::printResultMessage(result, message);
    return message.str();
}

TEST(OrderFlow, LosesNothingWhateverCrashes) {
    const auto property = [] {
        const Storm storm = *any_storm(3);
        const RunResult result = result_of(storm);
        // Neither a checker that objects nor an invariant that broke. `vacuous` is fine here: a
        // storm without a crash is a storm as well.
        if (result.verdict == Verdict::fail || result.verdict == Verdict::broken) {
            RC_FAIL(result.why);
        }
    };
    const auto result = check_quietly(property, few_cases(1, 12));
    EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << message_of(result);
}

// ---- and what happens when it does not ----

// Brokers that cut their log to the high watermark when they start (Z01) lose what is acknowledged
// where a follower and then the leader crash before the high watermark got around: two crashes, and
// the counterexample has no other. (Nothing is lost to a crash under acks=1, Z11: a follower has
// each record within a millisecond. That takes a leader that is cut off from its followers.)
TEST(OrderFlow, ShrinksALossToTheCrashesThatItTakes) {
    const Changes hw_truncation{.set = {}, .bugs = {"Z01"}};
    const auto is_lost = [&](const Storm& storm) {
        return result_of(storm, hw_truncation).verdict == Verdict::fail;
    };
    // What RapidCheck tries last that still fails is its counterexample.
    std::size_t first_crashes = 0;
    Storm smallest;
    int failures = 0;
    const auto property = [&] {
        const Storm storm = *any_storm(6);
        if (!is_lost(storm)) return;
        if (failures++ == 0) first_crashes = storm.crashes.size();
        smallest = storm;
        RC_FAIL("an acknowledged order is gone");
    };
    const auto result = check_quietly(property, few_cases(7, 200));

    ASSERT_TRUE(result.is<rc::detail::FailureResult>()) << message_of(result);
    const auto& failure = result.get<rc::detail::FailureResult>();
    EXPECT_NE(failure.description.find("an acknowledged order is gone"), std::string::npos);
    EXPECT_FALSE(failure.reproduce.shrinkPath.empty()) << "it did not shrink";
    EXPECT_FALSE(failure.counterExample.empty());

    EXPECT_TRUE(is_lost(smallest)) << "a counterexample is one when it is run again";
    EXPECT_LE(smallest.crashes.size(), first_crashes);
    ASSERT_GE(smallest.crashes.size(), 1u) << "nothing is lost where nothing crashes";
    EXPECT_LE(smallest.crashes.size(), 2u);
    // None of its crashes could be left out.
    for (std::size_t left_out = 0; left_out < smallest.crashes.size(); ++left_out) {
        Storm smaller = smallest;
        smaller.crashes.erase(smaller.crashes.begin() + static_cast<std::ptrdiff_t>(left_out));
        EXPECT_FALSE(is_lost(smaller)) << "crash " << left_out << " was not needed";
    }
}

}  // namespace
}  // namespace squall::scenarios
