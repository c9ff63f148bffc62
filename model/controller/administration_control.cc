#include "model/controller/administration_control.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "model/controller/reassignment.h"
#include "sim/base/rng.h"

namespace squall::model {

namespace {

template <class Slot>
void fill(Slot& slot, const Refusal& refusal) {
    slot.error_code = refusal.error;
    if (!refusal.message.empty()) slot.error_message = refusal.message;
}

Refusal invalid_request(std::string why) {
    return {ErrorCode::invalid_request, std::move(why)};
}

// Whose names were asked for more than once.
template <class Item, class Key>
std::set<Key> repeated(const std::vector<Item>& items, Key (*key_of)(const Item&)) {
    std::set<Key> seen;
    std::set<Key> twice;
    for (const Item& item : items) {
        if (!seen.insert(key_of(item)).second) twice.insert(key_of(item));
    }
    return twice;
}

}  // namespace

// ---- topics ----

Decision<DeleteTopicsResponse> AdministrationControl::decide(
    const MetadataImage& image, const DeleteTopicsRequest& request) const {
    Decision<DeleteTopicsResponse> decision{.records = {}, .response = {}, .reason = "deleted"};
    // Up to version 5 there are names only. A request that never was on a wire has both.
    std::vector<DeleteTopicsRequest::Topic> asked = request.topics;
    if (asked.empty()) {
        for (const std::string& name : request.topic_names) {
            asked.push_back({.name = name, .topic_id = {}});
        }
    }
    std::map<Uuid, int> mentions;  // of topics, by either
    const auto find = [&](const DeleteTopicsRequest::Topic& topic) {
        return topic.name ? image.find_topic(*topic.name) : image.find_topic(topic.topic_id);
    };
    for (const DeleteTopicsRequest::Topic& topic : asked) {
        if (const TopicImage* const known = find(topic)) ++mentions[known->id];
    }
    for (const DeleteTopicsRequest::Topic& topic : asked) {
        DeleteTopicsResponse::Result& slot = decision.response.responses.emplace_back();
        slot.name = topic.name;
        slot.topic_id = topic.topic_id;
        const TopicImage* const known = find(topic);
        if (!options_.delete_topic_enable) {
            fill(slot, {ErrorCode::topic_deletion_disabled, "Topic deletion is disabled."});
        } else if (topic.name && !topic.topic_id.is_zero()) {
            fill(slot, invalid_request("You may not specify both topic name and topic id."));
        } else if (!topic.name && topic.topic_id.is_zero()) {
            fill(slot, invalid_request("Neither topic name nor id were specified."));
        } else if (known == nullptr && topic.name) {
            fill(slot, {ErrorCode::unknown_topic_or_partition,
                        "This server does not host this topic-partition."});
        } else if (known != nullptr && mentions[known->id] > 1) {
            fill(slot,
                 invalid_request(topic.name ? "Duplicate topic name." : "Duplicate topic id."));
        } else {
            const Uuid id = known == nullptr ? topic.topic_id : known->id;
            fill(slot, topics_.remove(image, id, decision.records));
            if (known != nullptr) {
                slot.name = known->name;
                slot.topic_id = known->id;
            }
        }
    }
    return decision;
}

Decision<CreatePartitionsResponse> AdministrationControl::decide(
    const MetadataImage& image, const CreatePartitionsRequest& request,
    std::uint64_t entropy) const {
    Decision<CreatePartitionsResponse> decision{
        .records = {}, .response = {}, .reason = "partitions added"};
    using Topic = CreatePartitionsRequest::Topic;
    const std::set<std::string> twice =
        repeated<Topic, std::string>(request.topics, [](const Topic& topic) { return topic.name; });
    std::set<std::string> answered;
    for (const Topic& topic : request.topics) {
        if (!answered.insert(topic.name).second) continue;
        CreatePartitionsResponse::Result& slot = decision.response.results.emplace_back();
        slot.name = topic.name;
        if (twice.contains(topic.name)) {
            fill(slot, invalid_request("Duplicate topic name."));
            continue;
        }
        TopicControl::Growth growth{.count = topic.count, .assignments = std::nullopt};
        if (topic.assignments) {
            growth.assignments.emplace();
            for (const CreatePartitionsRequest::Assignment& one : *topic.assignments) {
                growth.assignments->push_back(one.broker_ids);
            }
        }
        fill(slot, topics_.grow(image, topic.name, growth, combine(entropy, hash_text(topic.name)),
                                decision.records));
    }
    if (request.validate_only) decision.records.clear();
    return decision;
}

// ---- settings ----

namespace {

using ResourceKey = std::pair<ConfigResourceType, std::string>;

Refusal check_resource_type(ConfigResourceType type) {
    if (type == ConfigResourceType::topic || type == ConfigResourceType::broker) return granted;
    return invalid_request(
        fmt::format("Unexpected resource type {}.", static_cast<std::int8_t>(type)));
}

// Answers every resource once, by `change`, which makes records of what it grants.
template <class Request, class Change>
Decision<typename Request::Response> decide_configs(const Request& request, Change&& change) {
    Decision<typename Request::Response> decision{
        .records = {}, .response = {}, .reason = "configured"};
    using Resource = typename Request::Resource;
    const std::set<ResourceKey> twice =
        repeated<Resource, ResourceKey>(request.resources, [](const Resource& resource) {
            return ResourceKey{resource.resource_type, resource.resource_name};
        });
    for (const Resource& resource : request.resources) {
        auto& slot = decision.response.responses.emplace_back();
        slot.resource_type = resource.resource_type;
        slot.resource_name = resource.resource_name;
        if (twice.contains({resource.resource_type, resource.resource_name})) {
            fill(slot, invalid_request("Each resource must appear at most once."));
        } else if (Refusal refusal = check_resource_type(resource.resource_type);
                   refusal.refused()) {
            fill(slot, refusal);
        } else {
            fill(slot, change(resource, decision.records));
        }
    }
    if (request.validate_only) decision.records.clear();
    return decision;
}

// What a resource has of its own.
std::map<std::string, std::string> configs_of(const MetadataImage& image, ConfigResourceType type,
                                              const std::string& name) {
    if (type == ConfigResourceType::topic) {
        const TopicImage* const topic = image.find_topic(name);
        return topic == nullptr ? std::map<std::string, std::string>{} : topic->configs;
    }
    const auto found = image.broker_configs.find(name);
    return found == image.broker_configs.end() ? std::map<std::string, std::string>{}
                                               : found->second;
}

}  // namespace

Decision<IncrementalAlterConfigsResponse> AdministrationControl::decide(
    const MetadataImage& image, const IncrementalAlterConfigsRequest& request) const {
    using Resource = IncrementalAlterConfigsRequest::Resource;
    return decide_configs(request, [&](const Resource& resource,
                                       std::vector<MetadataRecord>& records) {
        std::vector<ConfigChange> changes;
        for (const IncrementalAlterConfigsRequest::Config& config : resource.configs) {
            changes.push_back(
                {.operation = config.config_operation, .name = config.name, .value = config.value});
        }
        return configs_.alter(image, static_cast<std::int8_t>(resource.resource_type),
                              resource.resource_name, changes, records);
    });
}

Decision<AlterConfigsResponse> AdministrationControl::decide(
    const MetadataImage& image, const AlterConfigsRequest& request) const {
    using Resource = AlterConfigsRequest::Resource;
    return decide_configs(request, [&](const Resource& resource,
                                       std::vector<MetadataRecord>& records) {
        std::vector<ConfigChange> changes;
        std::set<std::string> named;
        for (const AlterConfigsRequest::Config& config : resource.configs) {
            named.insert(config.name);
            changes.push_back(
                {.operation = ConfigOperation::set, .name = config.name, .value = config.value});
        }
        for (const auto& [name, value] :
             configs_of(image, resource.resource_type, resource.resource_name)) {
            if (named.contains(name)) continue;
            changes.push_back(
                {.operation = ConfigOperation::remove, .name = name, .value = std::nullopt});
        }
        return configs_.alter(image, static_cast<std::int8_t>(resource.resource_type),
                              resource.resource_name, changes, records);
    });
}

// ---- leaders and replicas ----

Decision<ElectLeadersResponse> AdministrationControl::decide(
    const MetadataImage& image, const ElectLeadersRequest& request) const {
    Decision<ElectLeadersResponse> decision{
        .records = {}, .response = {}, .reason = "elected on request"};
    if (request.election_type != ElectionType::preferred &&
        request.election_type != ElectionType::unclean) {
        decision.response.error_code = ErrorCode::invalid_request;
        return decision;
    }
    const bool all = !request.topic_partitions;
    const Election election =
        request.election_type == ElectionType::preferred ? Election::preferred : Election::unclean;
    std::map<std::string, std::set<std::int32_t>> wanted;
    if (all) {
        for (const auto& [name, topic] : image.topics) {
            for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
                wanted[name].insert(static_cast<std::int32_t>(i));
            }
        }
    } else {
        for (const ElectLeadersRequest::Topic& topic : *request.topic_partitions) {
            wanted[topic.topic].insert(topic.partitions.begin(), topic.partitions.end());
        }
    }
    for (const auto& [name, partitions] : wanted) {
        ElectLeadersResponse::Topic topic;
        topic.topic = name;
        for (const std::int32_t partition : partitions) {
            const Refusal refusal =
                replicas_.elect_leader(image, {name, partition}, election, decision.records);
            // Of "all", those that are led as they should be go without saying.
            if (all && refusal.error == ErrorCode::election_not_needed) continue;
            ElectLeadersResponse::Partition& slot = topic.partition_result.emplace_back();
            slot.partition_id = partition;
            fill(slot, refusal);
        }
        if (!topic.partition_result.empty()) {
            decision.response.replica_election_results.push_back(std::move(topic));
        }
    }
    return decision;
}

Decision<AlterPartitionReassignmentsResponse> AdministrationControl::decide(
    const MetadataImage& image, const AlterPartitionReassignmentsRequest& request) const {
    Decision<AlterPartitionReassignmentsResponse> decision{
        .records = {}, .response = {}, .reason = "reassigned"};
    decision.response.allow_replication_factor_change = request.allow_replication_factor_change;
    std::set<TopicPartition> seen;
    for (const AlterPartitionReassignmentsRequest::Topic& topic : request.topics) {
        AlterPartitionReassignmentsResponse::Topic& answer =
            decision.response.responses.emplace_back();
        answer.name = topic.name;
        for (const AlterPartitionReassignmentsRequest::Partition& asked : topic.partitions) {
            AlterPartitionReassignmentsResponse::Partition& slot = answer.partitions.emplace_back();
            slot.partition_index = asked.partition_index;
            const TopicPartition name{topic.name, asked.partition_index};
            const PartitionImage* const partition = image.find_partition(name);
            const bool changes_factor =
                asked.replicas && partition != nullptr &&
                asked.replicas->size() !=
                    partition->replicas.size() - partition->adding_replicas.size();
            if (!seen.insert(name).second) {
                fill(slot, invalid_request("Duplicate partition."));
            } else if (changes_factor && !request.allow_replication_factor_change) {
                // KIP-860.
                fill(slot, {ErrorCode::invalid_replication_factor,
                            fmt::format("The replication factor is to become {}, and may not "
                                        "change.",
                                        asked.replicas->size())});
            } else {
                fill(slot, replicas_.reassign(image, name, asked.replicas, decision.records));
            }
        }
    }
    return decision;
}

Decision<ListPartitionReassignmentsResponse> AdministrationControl::decide(
    const MetadataImage& image, const ListPartitionReassignmentsRequest& request) const {
    Decision<ListPartitionReassignmentsResponse> decision;
    const auto list = [&](const TopicImage& topic, const std::vector<std::int32_t>* indexes) {
        ListPartitionReassignmentsResponse::Topic answer;
        answer.name = topic.name;
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            const auto index = static_cast<std::int32_t>(i);
            const PartitionImage& partition = topic.partitions[i];
            if (indexes != nullptr && std::ranges::find(*indexes, index) == indexes->end()) {
                continue;
            }
            if (!is_being_reassigned(partition)) continue;
            answer.partitions.push_back({.partition_index = index,
                                         .replicas = partition.replicas,
                                         .adding_replicas = partition.adding_replicas,
                                         .removing_replicas = partition.removing_replicas});
        }
        if (!answer.partitions.empty()) decision.response.topics.push_back(std::move(answer));
    };
    if (!request.topics) {
        for (const auto& [name, topic] : image.topics) list(topic, nullptr);
        return decision;
    }
    for (const ListPartitionReassignmentsRequest::Topic& asked : *request.topics) {
        const TopicImage* const topic = image.find_topic(asked.name);
        if (topic != nullptr) list(*topic, &asked.partition_indexes);
    }
    return decision;
}

// ---- brokers ----

Decision<UnregisterBrokerResponse> AdministrationControl::decide(
    const MetadataImage& image, const UnregisterBrokerRequest& request) const {
    Decision<UnregisterBrokerResponse> decision{
        .records = {}, .response = {}, .reason = "broker unregistered"};
    fill(decision.response, cluster_.unregister(image, request.broker_id, decision.records));
    return decision;
}

Decision<AllocateProducerIdsResponse> AdministrationControl::decide(
    const MetadataImage& image, const AllocateProducerIdsRequest& request) const {
    auto allocated = producer_ids_.allocate(image, request.broker_id, request.broker_epoch);
    Decision<AllocateProducerIdsResponse> decision{.records = std::move(allocated.records),
                                                   .response = {},
                                                   .reason = std::move(allocated.reason)};
    decision.response.error_code = allocated.response.refusal.error;
    if (decision.response.error_code == ErrorCode::none) {
        decision.response.producer_id_start = allocated.response.block.first;
        decision.response.producer_id_len = allocated.response.block.size;
    }
    return decision;
}

}  // namespace squall::model
