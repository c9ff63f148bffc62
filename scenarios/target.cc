#include "scenarios/target.h"

#include <charconv>
#include <map>

namespace squall::scenarios {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

Result<model::TopicPartition> parse_partition(std::string_view text) {
    const std::size_t dash = text.rfind('-');
    if (dash != std::string_view::npos && dash > 0) {
        std::int32_t index = 0;
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data() + dash + 1, end, index);
        if (error == std::errc() && stopped == end && index >= 0) {
            return model::TopicPartition{std::string(text.substr(0, dash)), index};
        }
    }
    return Error{Failure::invalid_input,
                 fmt::format("'{}' is no partition; expected one like 'orders-0'", text)};
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
    Target target{.text = std::string(text)};
    text = trim(text);
    if (text.empty()) return Error{Failure::invalid_input, "a target is empty"};
    const std::size_t open = text.find('(');
    if (open == std::string_view::npos) {
        if (text == "controller") {
            target.role = Target::Role::controller;
        } else if (text == "any-broker") {
            target.role = Target::Role::any_broker;
        } else if (text == "all-brokers") {
            target.role = Target::Role::all_brokers;
        } else if (text == "all-controllers") {
            target.role = Target::Role::all_controllers;
        } else if (text == "all-servers") {
            target.role = Target::Role::all_servers;
        } else {
            target.name = text;
        }
        return target;
    }
    if (text.back() != ')') {
        return Error{Failure::invalid_input, fmt::format("target '{}' lacks its ')'", text)};
    }
    const std::string_view role = trim(text.substr(0, open));
    const std::string_view argument = trim(text.substr(open + 1, text.size() - open - 2));
    if (role == "coordinator" || role == "rack") {
        target.role = role == "rack" ? Target::Role::rack : Target::Role::coordinator;
        target.name = argument;
        return target;
    }
    static const std::map<std::string_view, Target::Role> partition_roles = {
        {"leader", Target::Role::leader},        {"isr-follower", Target::Role::in_sync_follower},
        {"isr", Target::Role::in_sync_replicas}, {"lagging", Target::Role::lagging},
        {"owner", Target::Role::owner},
    };
    const auto found = partition_roles.find(role);
    if (found == partition_roles.end()) {
        return Error{
            Failure::invalid_input,
            fmt::format("unknown role '{}'; expected a node's name, leader(P), "
                        "isr-follower(P), isr(P), lagging(P), controller, coordinator(GROUP), "
                        "owner(P), rack(R), any-broker, all-brokers, all-controllers or "
                        "all-servers",
                        role)};
    }
    target.role = found->second;
    std::string_view partition = argument;
    if (target.role == Target::Role::owner) {
        const std::size_t comma = argument.find(',');
        if (comma != std::string_view::npos) {
            partition = trim(argument.substr(0, comma));
            target.name = trim(argument.substr(comma + 1));
        }
    }
    Result<model::TopicPartition> parsed = parse_partition(partition);
    if (!parsed) return parsed.error();
    target.partition = std::move(parsed).value();
    return target;
}

std::vector<std::string> resolve(const Target& target, const ClusterView& view,
                                 const Roster& roster, Draws& draws) {
    const auto one = [](std::optional<std::string> name) {
        return name ? std::vector<std::string>{*name} : std::vector<std::string>{};
    };
    const auto pick = [&](const std::vector<std::string>& names) {
        if (names.empty()) return names;
        return std::vector<std::string>{names[draws.below(names.size())]};
    };
    switch (target.role) {
        case Target::Role::node:
            return {target.name};
        case Target::Role::leader:
            return one(view.leader_of(target.partition));
        case Target::Role::in_sync_follower:
            return pick(view.in_sync_followers(target.partition));
        case Target::Role::in_sync_replicas: {
            std::vector<std::string> names = view.in_sync_followers(target.partition);
            if (const auto leader = view.leader_of(target.partition)) {
                names.insert(names.begin(), *leader);
            }
            return names;
        }
        case Target::Role::lagging:
            return view.lagging_replicas(target.partition);
        case Target::Role::controller:
            return one(view.active_controller());
        case Target::Role::coordinator:
            return one(view.coordinator_of(target.name));
        case Target::Role::owner:
            return one(target.name.empty() ? view.owner_of(target.partition)
                                           : view.owner_of(target.partition, target.name));
        case Target::Role::any_broker:
            return pick(roster.brokers);
        case Target::Role::all_brokers:
            return roster.brokers;
        case Target::Role::rack: {
            const auto found = roster.racks.find(target.name);
            return found == roster.racks.end() ? std::vector<std::string>{} : found->second;
        }
        case Target::Role::all_controllers:
            return roster.controllers;
        case Target::Role::all_servers: {
            std::vector<std::string> names;
            // Some may be both.
            for (const std::string& name : roster.controllers) {
                if (std::ranges::find(roster.brokers, name) == roster.brokers.end()) {
                    names.push_back(name);
                }
            }
            names.insert(names.end(), roster.brokers.begin(), roster.brokers.end());
            return names;
        }
    }
    return {};
}

}  // namespace squall::scenarios
