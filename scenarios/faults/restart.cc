#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/broker/broker_config.h"
#include "model/client/consumer/consumer_options.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/stopping.h"
#include "sim/base/settings.h"

namespace squall::scenarios {
namespace {

// By Kafka's key.
using Settings = std::map<std::string, std::string>;

// The options "config.KEY": a key that servers and members of groups share is for both.
struct NewSettings {
    Settings of_servers;
    Settings of_members;

    // Error: invalid_input.
    static Result<NewSettings> read(const FaultOptions& options);
    Settings of(const Machine& machine) const {
        switch (machine.kind_of_settings) {
            case Machine::Settings::none:
                break;
            case Machine::Settings::of_server:
                return of_servers;
            case Machine::Settings::of_member:
                return of_members;
        }
        return {};
    }
    // For the receipts: those that are for none of these.
    std::vector<std::string> without_target(const std::vector<Machine*>& machines) const;
};

Result<NewSettings> NewSettings::read(const FaultOptions& options) {
    constexpr std::string_view prefix = "config.";
    NewSettings settings;
    model::BrokerConfig server;
    model::ConsumerOptions member;
    for (const auto& [name, value] : options) {
        if (!name.starts_with(prefix)) continue;
        const std::string key = name.substr(prefix.size());
        const Status of_server = set_setting(server, key, value);
        const Status of_member = set_setting(member, key, value);
        if (!of_server && !of_member) {
            // Of a key that only one of them has, what that one expects.
            return of_server.error().failure == Failure::invalid_input ? of_server.error()
                                                                       : of_member.error();
        }
        if (of_server) settings.of_servers[key] = value;
        if (of_member) settings.of_members[key] = value;
    }
    if (const auto problem = member.problem()) return Error{Failure::invalid_input, *problem};
    return settings;
}

std::vector<std::string> NewSettings::without_target(const std::vector<Machine*>& machines) const {
    std::set<std::string> keys;
    for (const Settings* all : {&of_servers, &of_members}) {
        for (const auto& [key, value] : *all) keys.insert("config." + key);
    }
    for (const Machine* machine : machines) {
        for (const auto& [key, value] : of(*machine)) keys.erase("config." + key);
    }
    return {keys.begin(), keys.end()};
}

class Restart final : public Fault {
  public:
    Restart(Duration grace, NewSettings settings) : grace_(grace), settings_(std::move(settings)) {}

    void strike(FaultContext& context) override {
        context.without_target = settings_.without_target(context.machines);
        for (Machine* machine : context.machines) {
            for (const auto& [key, value] : settings_.of(*machine)) machine->settings[key] = value;
            asked_.emplace_back(machine,
                                stop_gently(context.cluster, *machine, context.id, grace_));
        }
    }
    void heal(FaultContext& context) override {
        for (const auto& [machine, incarnation] : asked_) {
            start_again(*machine, context.id, incarnation);
        }
    }

  private:
    Duration grace_;
    NewSettings settings_;
    std::vector<std::pair<Machine*, sim::Incarnation>> asked_;
};

Result<std::unique_ptr<Fault>> make_restart(const FaultOptions& options) {
    const auto grace = duration_option(options, "grace", "30s");
    if (!grace) return grace.error();
    auto settings = NewSettings::read(options);
    if (!settings) return settings.error();
    return std::unique_ptr<Fault>(std::make_unique<Restart>(*grace, std::move(settings).value()));
}

}  // namespace

FaultEntry restart_fault() {
    return {.kind = "restart",
            .about = "the process is asked to stop, and winds up; healed: started again",
            .source = "a deployment, SIGTERM, a drained host",
            .needs_broker = false,
            .options = {{"grace", "how long it may take before it is killed", "30s"},
                        {"config.*", "a setting that it comes back with", "as it was"}},
            .make = make_restart};
}

}  // namespace squall::scenarios
