// The names that a scenario may use for events are those that events have.
#include "scenarios/event_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "scenarios/run.h"
#include "sim/kernel/simulation.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

namespace fs = std::filesystem;

std::set<std::string> listed() {
    std::set<std::string> names;
    for (const EventName& entry : event_names()) names.insert(entry.name);
    return names;
}

// Every `event_name` in a header of the rooms that emit.
std::set<std::string> written() {
    const std::regex declaration(
        R"re(\n    static constexpr std::string_view event_name = "(\w+)")re");
    std::set<std::string> names;
    for (const char* const room : {"sim", "model", "scenarios"}) {
        for (const auto& entry :
             fs::recursive_directory_iterator(fs::path(SQUALL_SOURCE_DIR) / room)) {
            if (entry.path().extension() != ".h") continue;
            std::ostringstream content;
            content << std::ifstream(entry.path()).rdbuf();
            const std::string text = content.str();
            for (std::sregex_iterator it(text.begin(), text.end(), declaration), end; it != end;
                 ++it) {
                names.insert((*it)[1]);
            }
        }
    }
    return names;
}

TEST(EventNames, AreAllThatTheSourcesDeclare) {
    EXPECT_EQ(listed(), written());
    EXPECT_EQ(listed().size(), event_names().size()) << "one is listed twice";
}

TEST(EventNames, AreTheNamesAndFieldsThatARunPrints) {
    std::set<std::string> seen;
    const auto compare = [&](const sim::Event& event) {
        if (!seen.insert(std::string(event.name())).second) return;
        const auto entry = std::ranges::find(event_names(), event.name(), &EventName::name);
        ASSERT_NE(entry, event_names().end()) << event.name();
        std::vector<std::string> fields;
        for (const sim::FieldText& field : event.fields()) fields.push_back(field.name);
        EXPECT_EQ(entry->fields, fields) << event.name();
    };
    Scenario scenario = small_storm();
    scenario.faults.push_back(crash_at("crash", "leader(orders-0)", 6s, 8s));
    run(scenario,
        {.seed = 1,
         .trace_level = sim::TraceLevel::hash_only,
         .prepare = [&](sim::Simulation& simulation) { simulation.trace().observe(compare); }});
    EXPECT_GE(seen.size(), 30u) << "a storm with a crash shows most of what there is";
}

TEST(EventNames, OfferTheNearestWhereOneIsUnknown) {
    EXPECT_EQ(problem_of_event("PartitionChanged"), std::nullopt);
    EXPECT_EQ(problem_of_event("PartitonChanged"),
              "unknown event 'PartitonChanged'; did you mean 'PartitionChanged'?");
    EXPECT_EQ(problem_of_event("Xyzzy"), "unknown event 'Xyzzy'");
    EXPECT_EQ(problem_of_field("PartitionChanged", "isr"), std::nullopt);
    EXPECT_EQ(problem_of_field("PartitionChanged", "lead"),
              "PartitionChanged has no field 'lead'; did you mean 'leader'?");
}

}  // namespace
}  // namespace squall::scenarios
