#include "checkers/topic_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace squall::checkers {

namespace {

using TopicSettingsEvents =
    sim::EventOf<model::TopicCreated, model::ConfigChanged, model::BrokerConfigured>;

}  // namespace

namespace {

constexpr std::string_view topic_resource = "topic ";
constexpr std::string_view all_brokers = "all brokers";
constexpr std::string_view unclean_election = "unclean.leader.election.enable";
constexpr std::string_view delete_retention = "delete.retention.ms";

// Of brokers, the settings of logs have names of their own.
std::string broker_name(std::string_view setting) {
    if (setting == unclean_election) return std::string(setting);
    if (setting == delete_retention) return "log.cleaner." + std::string(setting);
    return "log." + std::string(setting);
}

std::int64_t number(const std::string* text, std::int64_t usual) {
    if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), usual);
    return usual;
}

// -1 is no limit.
void lower(std::int64_t& limit, std::int64_t other) {
    if (other >= 0 && (limit < 0 || other < limit)) limit = other;
}

}  // namespace

bool TopicSettings::looks_at(const sim::EventKind& kind) {
    return TopicSettingsEvents::includes(kind);
}

void TopicSettings::observe(const sim::Event& any) {
    const TopicSettingsEvents event(any);
    if (const auto* created = event.as<model::TopicCreated>()) {
        on_created(*created);
    } else if (const auto* changed = event.as<model::ConfigChanged>()) {
        on_changed(*changed);
    } else if (const auto* configured = event.as<model::BrokerConfigured>()) {
        started_.insert_or_assign(configured->broker, *configured);
        loosen_all();
    }
}

void TopicSettings::on_created(const model::TopicCreated& created) {
    Topic& topic = topics_[created.topic];
    topic.own.clear();
    for (const model::Setting& setting : created.settings) topic.own[setting.name] = setting.value;
    loosen_all();
}

void TopicSettings::on_changed(const model::ConfigChanged& changed) {
    Settings& settings = changed.resource.starts_with(topic_resource)
                             ? topics_[changed.resource.substr(topic_resource.size())].own
                             : dynamic_[changed.resource];
    if (changed.is_default) {
        settings.erase(changed.setting);
    } else {
        settings[changed.setting] = changed.value;
    }
    loosen_all();
}

const std::string* TopicSettings::find(const Topic& topic, const Settings& of_broker,
                                       std::string_view setting) const {
    if (const auto own = topic.own.find(setting); own != topic.own.end()) return &own->second;
    const std::string name = broker_name(setting);
    if (const auto at = of_broker.find(name); at != of_broker.end()) return &at->second;
    const auto all = dynamic_.find(all_brokers);
    if (all == dynamic_.end()) return nullptr;
    const auto at = all->second.find(name);
    return at == all->second.end() ? nullptr : &at->second;
}

void TopicSettings::loosen_all() {
    for (auto& [name, topic] : topics_) {
        if (started_.empty()) loosen(topic, {}, {});
        for (const auto& [broker, usual] : started_) {
            const auto own = dynamic_.find(fmt::format("broker {}", broker));
            loosen(topic, own == dynamic_.end() ? Settings{} : own->second, usual);
        }
    }
}

void TopicSettings::loosen(Topic& topic, const Settings& of_broker,
                           const model::BrokerConfigured& usual) {
    Loosest& loosest = topic.loosest;
    const std::string* const set = find(topic, of_broker, "cleanup.policy");
    const std::string& policy = set == nullptr ? usual.cleanup_policy : *set;
    loosest.compacts = loosest.compacts || policy.find("compact") != std::string::npos;
    lower(loosest.delete_retention_ms,
          number(find(topic, of_broker, delete_retention), usual_delete_retention_ms));
    if (policy.find("delete") == std::string::npos) return;
    loosest.deletes = true;
    lower(loosest.retention_ms, number(find(topic, of_broker, "retention.ms"), usual.retention_ms));
    lower(loosest.retention_bytes,
          number(find(topic, of_broker, "retention.bytes"), usual.retention_bytes));
}

bool TopicSettings::allows_unclean_election(std::string_view topic) const {
    const auto at = topics_.find(topic);
    if (at == topics_.end()) return true;
    if (const std::string* set = find(at->second, {}, unclean_election)) return *set == "true";
    return std::ranges::any_of(
        started_, [](const auto& entry) { return entry.second.unclean_leader_election; });
}

const TopicSettings::Loosest* TopicSettings::loosest(std::string_view topic) const {
    const auto at = topics_.find(topic);
    return at == topics_.end() ? nullptr : &at->second.loosest;
}

}  // namespace squall::checkers
