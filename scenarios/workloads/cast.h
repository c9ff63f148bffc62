// Cast: the machines of a workload, and their entrances. The administrator comes first and makes
// the scenario's topics; the applications come when these are served; the reader, who is to see all
// that anybody may see, comes in the calm, when the sessions of what just healed have settled.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/patterns/station.h"
#include "scenarios/cluster.h"
#include "sim/kernel/node.h"

namespace squall::scenarios {

// `payment-1` and on, for every group of the scenario.
std::vector<std::string> member_names(const Scenario& scenario);
// Of a member of the group: workload.consumer, over it what the group's own table says, and over
// that what its machine was given since.
model::ConsumerOptions member_options(const Cluster& cluster, const sim::Node& node,
                                      const std::string& group);

// Of any machine of an application: workload.producer; the consumer is nobody's yet.
model::Station station_of(Cluster& cluster, sim::Node& node);

class Cast {
  public:
    static constexpr const char* admin_name = "admin";
    static constexpr const char* reader_name = "reader";

    using MemberFactory = std::function<std::unique_ptr<sim::Process>(
        sim::Node& node, const std::string& group, const GroupSection& section)>;

    // A cast stays where it is: machines point to it. `cluster` outlives it. `awaits_all_brokers`:
    // no topic is made before every broker is up, since who is not there yet leads nothing.
    explicit Cast(Cluster& cluster, bool awaits_all_brokers = false);
    Cast(const Cast&) = delete;
    Cast& operator=(const Cast&) = delete;

    // ---- who there is, in the order of their nodes ----

    void add_application(std::string name, sim::ProcessFactory factory);
    // By the names that member_names gives.
    void add_members(const MemberFactory& factory);
    void set_reader(sim::ProcessFactory factory);

    // ---- when they come ----

    void begin() { admin_.want_up(); }
    void begin_calm();

  private:
    Cluster& cluster_;
    std::vector<Machine*> applications_;
    Machine& admin_;
    Machine* reader_ = nullptr;
};

}  // namespace squall::scenarios
