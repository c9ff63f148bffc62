// TopicSettings: what topics go by, as controllers and brokers tell.
//
// A setting is the topic's own (TopicCreated, ConfigChanged), else that of the broker which reads
// it, else that of all brokers, else what brokers were started with (BrokerConfigured). When a
// broker hears of a change is not told: of what brokers do by themselves, whatever was in force at
// any time counts. The controller hears at once of what it decides itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "model/events/controller_events.h"
#include "model/events/replica_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

class TopicSettings {
  public:
    // Kafka's; what brokers were started with is not told.
    static constexpr std::int64_t usual_delete_retention_ms = 86'400'000;

    // What may go from the logs of a topic, by all that was ever in force under its name.
    struct Loosest {
        bool deletes = false;                   // cleanup.policy
        bool compacts = false;                  // the same
        std::int64_t retention_ms = -1;         // the shortest; -1: for ever
        std::int64_t retention_bytes = -1;      // the least; -1: any number
        std::int64_t delete_retention_ms = -1;  // the shortest; -1: nothing was told
    };

    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);

    // Whether the controller may elect uncleanly now; true for topics never heard of.
    bool allows_unclean_election(std::string_view topic) const;
    // Null for topics never heard of.
    const Loosest* loosest(std::string_view topic) const;

  private:
    using Settings = std::map<std::string, std::string, std::less<>>;
    struct Topic {
        Settings own;
        Loosest loosest;
    };

    void on_created(const model::TopicCreated& created);
    void on_changed(const model::ConfigChanged& changed);
    void loosen_all();
    void loosen(Topic& topic, const Settings& of_broker, const model::BrokerConfigured& usual);
    // Null: it is as brokers were started.
    const std::string* find(const Topic& topic, const Settings& of_broker,
                            std::string_view setting) const;

    std::map<std::string, Topic, std::less<>> topics_;
    std::map<std::string, Settings, std::less<>> dynamic_;  // of "all brokers", "broker 1", ...
    std::map<model::BrokerId, model::BrokerConfigured> started_;
};

}  // namespace squall::checkers
