#include "scenarios/workloads/cast.h"

#include <fmt/core.h>

#include <utility>

#include "scenarios/workloads/topics_admin.h"
#include "scenarios/workloads/workload.h"
#include "sim/base/assert.h"
#include "sim/base/settings.h"

namespace squall::scenarios {

std::vector<std::string> member_names(const Scenario& scenario) {
    std::vector<std::string> names;
    for (const auto& [group, section] : scenario.workload.groups) {
        for (std::uint32_t i = 1; i <= section.members; ++i) {
            names.push_back(fmt::format("{}-{}", group, i));
        }
    }
    return names;
}

model::ConsumerOptions member_options(const Cluster& cluster, const sim::Node& node,
                                      const std::string& group) {
    const Scenario& scenario = cluster.scenario();
    model::ConsumerOptions options = scenario.workload.consumer;
    const GroupSection& section = scenario.workload.groups.at(group);
    for (const auto& [key, value] : section.consumer) {
        const Status set = set_setting(options, key, value);
        ASSERT(set.ok(), "groups.{}.consumer.{}: {}", group, key, set.error().detail);
    }
    for (const auto& [key, value] : cluster.settings_of(node)) {
        const Status set = set_setting(options, key, value);
        ASSERT(set.ok(), "{}: {}", node.name(), set.error().detail);
    }
    options.client.client_id = node.name();
    options.group_id = group;
    options.enable_auto_commit = section.commit == CommitStyle::automatic;
    return options;
}

model::Station station_of(Cluster& cluster, sim::Node& node) {
    return {.node = node,
            .fabric = cluster.fabric(),
            .bootstrap = bootstrap_of(cluster.scenario()),
            .producer = cluster.scenario().workload.producer,
            .consumer = {},
            .bugs = cluster.bugs_of(node),
            .mishaps = cluster.mishaps_of(node)};
}

Cast::Cast(Cluster& cluster, bool awaits_all_brokers)
    : cluster_(cluster),
      admin_(cluster.add_client(admin_name, [this, awaits_all_brokers](sim::Node& node) {
          const auto topics_are_served = [this] {
              for (Machine* application : applications_) application->want_up();
          };
          return std::make_unique<TopicsAdmin>(node, cluster_, topics_are_served,
                                               awaits_all_brokers);
      })) {}

void Cast::add_application(std::string name, sim::ProcessFactory factory) {
    applications_.push_back(&cluster_.add_client(std::move(name), std::move(factory)));
}

void Cast::add_members(const MemberFactory& factory) {
    for (const auto& [group, section] : cluster_.scenario().workload.groups) {
        for (std::uint32_t i = 1; i <= section.members; ++i) {
            add_application(fmt::format("{}-{}", group, i),
                            [factory, &group, &section](sim::Node& node) {
                                return factory(node, group, section);
                            });
            applications_.back()->kind_of_settings = Machine::Settings::of_member;
        }
    }
}

void Cast::set_reader(sim::ProcessFactory factory) {
    ASSERT(reader_ == nullptr, "a second reader");
    reader_ = &cluster_.add_client(reader_name, std::move(factory));
}

void Cast::begin_calm() {
    ASSERT(reader_ != nullptr, "a cast without a reader");
    const Duration settling = cluster_.scenario().run.calm / 3;
    cluster_.simulation().control_at(cluster_.simulation().now() + settling,
                                     [this] { reader_->want_up(); });
}

}  // namespace squall::scenarios
