#include "model/broker/broker_config.h"
#include "model/client/consumer/consumer_options.h"
#include "scenarios/faults/kinds.h"
#include "scenarios/faults/stopping.h"
#include "sim/base/settings.h"

namespace squall::scenarios {
namespace {

using Settings = std::map<std::string, std::string>;

// The options "config.KEY", by Kafka's key: of a server, or of a consumer. Error: invalid_input.
Result<Settings> settings_option(const FaultOptions& options) {
    constexpr std::string_view prefix = "config.";
    Settings settings;
    model::BrokerConfig server;
    model::ConsumerOptions consumer;
    for (const auto& [name, value] : options) {
        if (!name.starts_with(prefix)) continue;
        const std::string key = name.substr(prefix.size());
        const Status of_server = set_setting(server, key, value);
        const Status of_consumer = set_setting(consumer, key, value);
        if (!of_server && !of_consumer) return of_consumer.error();
        settings[key] = value;
    }
    if (const auto problem = consumer.problem()) return Error{Failure::invalid_input, *problem};
    return settings;
}

class Restart final : public Fault {
  public:
    Restart(Duration grace, Settings settings) : grace_(grace), settings_(std::move(settings)) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            for (const auto& [key, value] : settings_) machine->settings[key] = value;
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
    Settings settings_;
    std::vector<std::pair<Machine*, sim::Incarnation>> asked_;
};

Result<std::unique_ptr<Fault>> make_restart(const FaultOptions& options) {
    const auto grace = duration_option(options, "grace", "30s");
    if (!grace) return grace.error();
    auto settings = settings_option(options);
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
