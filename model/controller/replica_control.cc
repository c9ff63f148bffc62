#include "model/controller/replica_control.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "model/controller/dynamic_config.h"
#include "model/controller/incarnation.h"
#include "model/controller/placement.h"
#include "model/controller/reassignment.h"
#include "model/controller/topic_name.h"
#include "model/log/log_options.h"
#include "sim/base/assert.h"
#include "sim/base/hash.h"
#include "sim/base/settings.h"

namespace squall::model {

bool is_stale_broker_epoch(const MetadataImage& image, BrokerId broker, BrokerEpoch epoch) {
    const BrokerImage* registered = image.find_broker(broker);
    return registered == nullptr || registered->epoch != epoch;
}

bool is_active(const MetadataImage& image, BrokerId broker) {
    const BrokerImage* registered = image.find_broker(broker);
    return registered != nullptr && !registered->fenced && !registered->in_controlled_shutdown;
}

std::vector<UsableBroker> usable_brokers(const MetadataImage& image) {
    std::vector<UsableBroker> usable;
    for (const auto& [id, broker] : image.brokers) {
        if (!broker.in_controlled_shutdown) usable.push_back({id, broker.rack, broker.fenced});
    }
    return usable;
}

Refusal check_assignment(const MetadataImage& image, const std::vector<BrokerId>& replicas,
                         std::optional<std::size_t> replication_factor) {
    const auto refuse = [](std::string why) {
        return Refusal{ErrorCode::invalid_replica_assignment,
                       "The manual partition assignment includes " + std::move(why)};
    };
    if (replicas.empty()) return refuse("an empty replica list.");
    std::set<BrokerId> seen;
    for (const BrokerId id : replicas) {
        if (image.find_broker(id) == nullptr) {
            return refuse(fmt::format("broker {}, but no such broker is registered.", id));
        }
        if (!seen.insert(id).second) {
            return refuse(fmt::format("the broker {} more than once.", id));
        }
    }
    if (replication_factor && *replication_factor != replicas.size()) {
        return refuse(
            fmt::format("a partition with {} replica(s), but this is not consistent with previous "
                        "partitions, which have {} replica(s).",
                        replicas.size(), *replication_factor));
    }
    return granted;
}

std::optional<PartitionRecord> new_partition(const MetadataImage& image, const Uuid& topic_id,
                                             std::int32_t index,
                                             const std::vector<BrokerId>& replicas) {
    PartitionRecord partition;
    partition.partition_id = index;
    partition.topic_id = topic_id;
    partition.replicas = replicas;
    std::ranges::copy_if(replicas, std::back_inserter(partition.isr),
                         [&](BrokerId id) { return is_active(image, id); });
    if (partition.isr.empty()) return std::nullopt;
    partition.leader = partition.isr.front();
    return partition;
}

// ---- settings ----

namespace {

// What was accepted as the value of a topic's setting, as the log reads it.
LogOptions read_setting(const std::string& key, const std::string& text) {
    return LogOptions{}.with({{key, text}}).value();
}

// Null where neither the topic nor all brokers together say anything.
const std::string* find_setting(const MetadataImage& image, const TopicImage& topic,
                                const std::string& key) {
    const auto own = topic.configs.find(key);
    return own != topic.configs.end() ? &own->second : image.find_broker_default(key);
}

}  // namespace

bool ReplicaControl::allows_unclean_election(const MetadataImage& image,
                                             const TopicImage& topic) const {
    constexpr const char* key = "unclean.leader.election.enable";
    const std::string* const set = find_setting(image, topic, key);
    return set == nullptr ? options_.unclean_leader_election_enable
                          : read_setting(key, *set).unclean_leader_election_enable;
}

std::int32_t ReplicaControl::min_insync_replicas(const MetadataImage& image,
                                                 const TopicImage& topic) const {
    constexpr const char* key = "min.insync.replicas";
    const std::string* const set = find_setting(image, topic, key);
    return set == nullptr ? options_.min_insync_replicas
                          : read_setting(key, *set).min_insync_replicas;
}

ElectionRules ReplicaControl::rules_for(const MetadataImage& image, const TopicImage& topic,
                                        const Arrival& arrival) const {
    const bool unclean = allows_unclean_election(image, topic);
    return {.election = unclean ? Election::unclean : Election::online,
            .eligible_leader_replicas = image.has_eligible_leader_replicas(),
            .min_insync_replicas = min_insync_replicas(image, topic),
            .is_acceptable_leader =
                [&image, arrival](BrokerId broker) {
                    if (broker == arrival.leaving || broker == arrival.lost_data) return false;
                    return broker == arrival.arriving || is_active(image, broker);
                },
            .bugs = bugs_};
}

// ---- CreateTopics ----

std::vector<CreateTopicsResponse::Config> ReplicaControl::effective_configs(
    const MetadataImage& image, const std::map<std::string, std::string>& own) const {
    LogOptions defaults;
    defaults.min_insync_replicas = options_.min_insync_replicas;
    defaults.unclean_leader_election_enable = options_.unclean_leader_election_enable;
    const std::vector<SettingText> usual = list_settings(LogOptions{});
    const std::vector<SettingText> set_here = list_settings(defaults);
    std::vector<CreateTopicsResponse::Config> configs;
    for (std::size_t i = 0; i < usual.size(); ++i) {
        const std::string& name = usual[i].key;
        if (name.starts_with("internal.")) continue;
        CreateTopicsResponse::Config config;
        config.name = name;
        config.value = set_here[i].value;
        config.config_source = set_here[i] == usual[i] ? ConfigSource::default_config
                                                       : ConfigSource::static_broker_config;
        const auto broker_key = broker_setting_of(name);
        const std::string* const of_all =
            broker_key ? image.find_broker_default(std::string(*broker_key)) : nullptr;
        if (const auto set = own.find(name); set != own.end()) {
            config.value = set->second;
            config.config_source = ConfigSource::topic_config;
        } else if (of_all != nullptr) {
            config.value = *of_all;
            config.config_source = ConfigSource::dynamic_default_broker_config;
        }
        configs.push_back(std::move(config));
    }
    return configs;
}

Decision<CreateTopicsResponse> ReplicaControl::create_topics(const MetadataImage& image,
                                                             const CreateTopicsRequest& request,
                                                             std::uint64_t entropy) const {
    Decision<CreateTopicsResponse> decision{.records = {}, .response = {}, .reason = "created"};
    std::map<std::string, int> mentions;
    for (const auto& topic : request.topics) ++mentions[topic.name];
    std::set<std::string> answered;
    for (const auto& topic : request.topics) {
        if (!answered.insert(topic.name).second) continue;
        if (mentions[topic.name] > 1) {
            CreateTopicsResponse::Topic duplicate;
            duplicate.name = topic.name;
            duplicate.error_code = ErrorCode::invalid_request;
            duplicate.error_message = "Duplicate topic name.";
            decision.response.topics.push_back(std::move(duplicate));
            continue;
        }
        decision.response.topics.push_back(
            create(image, topic, combine(entropy, hash_text(topic.name)), decision.records));
    }
    if (request.validate_only) decision.records.clear();
    return decision;
}

CreateTopicsResponse::Topic ReplicaControl::create(const MetadataImage& image,
                                                   const CreateTopicsRequest::Topic& request,
                                                   std::uint64_t entropy,
                                                   std::vector<MetadataRecord>& records) const {
    CreateTopicsResponse::Topic response;
    response.name = request.name;
    const auto refuse = [&](ErrorCode error, std::string why) {
        response.error_code = error;
        response.error_message = std::move(why);
        return response;
    };
    if (request.name == metadata_topic) {
        return refuse(ErrorCode::invalid_request,
                      fmt::format("Creation of internal topic {} is prohibited.", metadata_topic));
    }
    if (auto why = why_invalid_topic_name(request.name)) {
        return refuse(ErrorCode::invalid_topic_exception, *why);
    }
    if (image.find_topic(request.name) != nullptr) {
        return refuse(ErrorCode::topic_already_exists,
                      fmt::format("Topic '{}' already exists.", request.name));
    }
    for (const auto& [name, topic] : image.topics) {
        if (!do_topic_names_collide(name, request.name)) continue;
        return refuse(
            ErrorCode::invalid_topic_exception,
            fmt::format("Topic '{}' collides with existing topic: {}", request.name, name));
    }
    std::map<std::string, std::string> configs;
    for (const auto& config : request.configs) {
        if (!config.value) {
            return refuse(
                ErrorCode::invalid_config,
                fmt::format("Null value not supported for topic configs: {}", config.name));
        }
        configs[config.name] = *config.value;
    }
    if (const auto checked = LogOptions{}.with(configs); !checked) {
        return refuse(ErrorCode::invalid_config, checked.error().detail);
    }

    std::vector<std::vector<BrokerId>> assignments;
    if (!request.assignments.empty()) {
        if (request.num_partitions != -1 || request.replication_factor != -1) {
            return refuse(ErrorCode::invalid_request,
                          "A manual partition assignment was specified, but numPartitions or "
                          "replicationFactor was not set to -1.");
        }
        std::map<std::int32_t, std::vector<BrokerId>> by_partition;
        for (const auto& assignment : request.assignments) {
            by_partition[assignment.partition_index] = assignment.broker_ids;
        }
        std::int32_t expected = 0;
        for (const auto& [partition, replicas] : by_partition) {
            const bool known = std::ranges::all_of(
                replicas, [&](BrokerId id) { return image.find_broker(id) != nullptr; });
            const std::set<BrokerId> distinct(replicas.begin(), replicas.end());
            const bool same_size =
                assignments.empty() || assignments.front().size() == replicas.size();
            if (partition != expected++ || replicas.empty() || !known || !same_size ||
                distinct.size() != replicas.size() ||
                by_partition.size() != request.assignments.size()) {
                return refuse(ErrorCode::invalid_replica_assignment,
                              fmt::format("The manual assignment of partition {} does not make "
                                          "sense.",
                                          partition));
            }
            if (std::ranges::none_of(replicas, [&](BrokerId id) { return is_active(image, id); })) {
                return refuse(ErrorCode::invalid_replica_assignment,
                              fmt::format("All brokers specified in the manual partition "
                                          "assignment for partition {} are fenced or in "
                                          "controlled shutdown.",
                                          partition));
            }
            assignments.push_back(replicas);
        }
    } else {
        const std::int32_t partitions =
            request.num_partitions == -1 ? options_.num_partitions : request.num_partitions;
        const std::int32_t replication_factor = request.replication_factor == -1
                                                    ? options_.default_replication_factor
                                                    : request.replication_factor;
        if (replication_factor < 1) {
            return refuse(ErrorCode::invalid_replication_factor,
                          "Replication factor must be larger than 0, or -1 to use the default "
                          "value.");
        }
        if (partitions < 1) {
            return refuse(ErrorCode::invalid_partitions,
                          "Number of partitions was set to an invalid non-positive value.");
        }
        auto placed =
            place_replicas(usable_brokers(image), partitions, replication_factor, entropy);
        if (!placed) {
            return refuse(ErrorCode::invalid_replication_factor,
                          fmt::format("Unable to replicate the partition {} time(s): {}",
                                      replication_factor, placed.error().detail));
        }
        assignments = std::move(placed).value();
    }

    const Uuid topic_id{.high = mix(entropy ^ 0x7469), .low = mix(entropy ^ 0x6964)};
    records.push_back(TopicRecord{.name = request.name, .topic_id = topic_id});
    for (const auto& [name, value] : configs) {
        records.push_back(
            ConfigRecord{.resource_name = request.name, .name = name, .value = value});
    }
    for (std::size_t index = 0; index < assignments.size(); ++index) {
        auto partition =
            new_partition(image, topic_id, static_cast<std::int32_t>(index), assignments[index]);
        ASSERT(partition, "{}-{} is born without a live replica", request.name, index);
        records.push_back(*std::move(partition));
    }
    response.topic_id = topic_id;
    response.num_partitions = static_cast<std::int32_t>(assignments.size());
    response.replication_factor = static_cast<std::int16_t>(assignments.front().size());
    response.configs = effective_configs(image, configs);
    return response;
}

// ---- AlterPartition ----

bool ReplicaControl::is_ineligible(const MetadataImage& image,
                                   const AlterPartitionRequest::IsrMember& member) const {
    constexpr BrokerEpoch unknown{-1};  // a leader that has not seen the follower fetch yet
    if (!is_active(image, member.broker_id)) return true;
    return member.broker_epoch != unknown &&
           !is_same_incarnation(image.find_broker(member.broker_id)->epoch, member.broker_epoch,
                                bugs_);
}

ErrorCode ReplicaControl::judge(const MetadataImage& image, BrokerId leader,
                                const PartitionImage& partition,
                                const AlterPartitionRequest::Partition& proposal) const {
    // Someone knows a newer controller than this one.
    if (proposal.leader_epoch > partition.leader_epoch) return ErrorCode::not_controller;
    if (proposal.partition_epoch > partition.partition_epoch) return ErrorCode::not_controller;
    if (proposal.leader_epoch < partition.leader_epoch) return ErrorCode::fenced_leader_epoch;
    if (leader != partition.leader) return ErrorCode::invalid_request;
    if (proposal.partition_epoch < partition.partition_epoch) {
        return ErrorCode::invalid_update_version;
    }
    std::set<BrokerId> members;
    for (const auto& member : proposal.new_isr_with_epochs) {
        if (!contains(partition.replicas, member.broker_id)) return ErrorCode::invalid_request;
        members.insert(member.broker_id);
    }
    if (members.size() != proposal.new_isr_with_epochs.size()) return ErrorCode::invalid_request;
    if (!members.contains(leader)) return ErrorCode::invalid_request;
    const bool recovering = proposal.leader_recovery_state == LeaderRecoveryState::recovering;
    if (recovering && members.size() > 1) return ErrorCode::invalid_request;
    if (recovering && !partition.recovering) return ErrorCode::invalid_request;
    const bool ineligible =
        std::ranges::any_of(proposal.new_isr_with_epochs,
                            [&](const auto& member) { return is_ineligible(image, member); });
    return ineligible ? ErrorCode::ineligible_replica : ErrorCode::none;
}

AlterPartitionResponse::Partition ReplicaControl::alter(
    const MetadataImage& image, BrokerId leader, const TopicImage& topic,
    const AlterPartitionRequest::Partition& proposal, std::vector<MetadataRecord>& records) const {
    AlterPartitionResponse::Partition response;
    response.partition_index = proposal.partition_index;
    const PartitionImage* partition = image.find_partition({topic.name, proposal.partition_index});
    if (partition == nullptr) {
        response.error_code = ErrorCode::unknown_topic_or_partition;
        return response;
    }
    response.error_code = judge(image, leader, *partition, proposal);
    if (response.error_code != ErrorCode::none) return response;

    std::vector<BrokerId> isr;
    for (const auto& member : proposal.new_isr_with_epochs) isr.push_back(member.broker_id);
    PartitionImage after = *partition;
    auto record =
        PartitionChange(topic.id, proposal.partition_index, *partition, rules_for(image, topic, {}))
            .target_isr(std::move(isr))
            .target_recovery(proposal.leader_recovery_state)
            .build();
    if (record) {
        // The answer is read off the image as it will be.
        MetadataImage scratch;
        scratch.topics[topic.name] = topic;
        apply(scratch, scratch.next_offset, *record);
        after = *scratch.find_partition({topic.name, proposal.partition_index});
        records.push_back(*std::move(record));
    }
    if (after.leader != leader) {
        // It completed a reassignment that took the leader away.
        response.error_code = ErrorCode::new_leader_elected;
        return response;
    }
    response.leader_id = after.leader;
    response.leader_epoch = after.leader_epoch;
    response.isr = after.isr;
    response.leader_recovery_state =
        after.recovering ? LeaderRecoveryState::recovering : LeaderRecoveryState::recovered;
    response.partition_epoch = after.partition_epoch;
    return response;
}

Decision<AlterPartitionResponse> ReplicaControl::alter_partition(
    const MetadataImage& image, const AlterPartitionRequest& request) const {
    Decision<AlterPartitionResponse> decision{
        .records = {}, .response = {}, .reason = "alter partition"};
    if (is_stale_broker_epoch(image, request.broker_id, request.broker_epoch)) {
        decision.response.error_code = ErrorCode::stale_broker_epoch;
        return decision;
    }
    for (const auto& requested : request.topics) {
        AlterPartitionResponse::Topic& answer = decision.response.topics.emplace_back();
        answer.topic_name = requested.topic_name;
        answer.topic_id = requested.topic_id;
        const TopicImage* topic = image.find_topic(requested.topic_id);
        for (const auto& proposal : requested.partitions) {
            if (topic != nullptr) {
                answer.partitions.push_back(
                    alter(image, request.broker_id, *topic, proposal, decision.records));
                continue;
            }
            AlterPartitionResponse::Partition unknown;
            unknown.partition_index = proposal.partition_index;
            unknown.error_code = ErrorCode::unknown_topic_id;
            answer.partitions.push_back(std::move(unknown));
        }
    }
    return decision;
}

// ---- administrators ----

Refusal ReplicaControl::elect_leader(const MetadataImage& image, const TopicPartition& name,
                                     Election election,
                                     std::vector<MetadataRecord>& records) const {
    ASSERT(election != Election::online, "{}: nobody asks for an online election", name);
    const PartitionImage* const partition = image.find_partition(name);
    if (partition == nullptr) {
        return {ErrorCode::unknown_topic_or_partition,
                fmt::format("No such partition as {}", name)};
    }
    const bool preferred = election == Election::preferred;
    const bool is_needed = preferred ? partition->leader != partition->replicas.front()
                                     : partition->leader == no_broker;
    if (!is_needed) return {ErrorCode::election_not_needed, "Leader election not needed."};

    const TopicImage& topic = *image.find_topic(name.topic);
    ElectionRules rules = rules_for(image, topic, {});
    rules.election = election;
    auto record = PartitionChange(topic.id, name.partition, *partition, std::move(rules)).build();
    const bool elects = record && record->leader != PartitionChangeRecord::no_leader_change;
    if (elects) {
        records.push_back(*std::move(record));
        return granted;
    }
    if (preferred) {
        return {ErrorCode::preferred_leader_not_available,
                "The preferred leader was not available."};
    }
    return {ErrorCode::eligible_leaders_not_available,
            "Eligible topic partition leaders are not "
            "available."};
}

Refusal ReplicaControl::reassign(const MetadataImage& image, const TopicPartition& name,
                                 const std::optional<std::vector<BrokerId>>& target,
                                 std::vector<MetadataRecord>& records) const {
    const PartitionImage* const partition = image.find_partition(name);
    if (partition == nullptr) {
        return {ErrorCode::unknown_topic_or_partition,
                fmt::format("Unable to find a partition {}.", name)};
    }
    const TopicImage& topic = *image.find_topic(name.topic);
    if (!target) return cancel(image, topic, name, records);
    if (Refusal refusal = check_assignment(image, *target, std::nullopt); refusal.refused()) {
        return refusal;
    }
    auto record = PartitionChange(topic.id, name.partition, *partition, rules_for(image, topic, {}))
                      .target_replicas(reassignment_to(*target, *partition))
                      .build();
    if (record) records.push_back(*std::move(record));
    return granted;
}

Refusal ReplicaControl::cancel(const MetadataImage& image, const TopicImage& topic,
                               const TopicPartition& name,
                               std::vector<MetadataRecord>& records) const {
    const PartitionImage& partition = *image.find_partition(name);
    if (!is_being_reassigned(partition)) {
        return {ErrorCode::no_reassignment_in_progress,
                "No partition reassignment is in progress."};
    }
    Reversal reversal = reversal_of(partition);
    if (reversal.is_unclean && !allows_unclean_election(image, topic)) {
        return {ErrorCode::invalid_replica_assignment,
                fmt::format("Unable to revert partition assignment for {} because it would require "
                            "an unclean leader election.",
                            name)};
    }
    PartitionChange change(topic.id, name.partition, partition, rules_for(image, topic, {}));
    change.target_isr(std::move(reversal.isr)).target_replicas(std::move(reversal.target));
    if (reversal.is_unclean) change.target_recovery(LeaderRecoveryState::recovering);
    auto record = change.build();
    if (record) records.push_back(*std::move(record));
    return granted;
}

// ---- brokers come and go ----

template <class Wanted>
std::vector<MetadataRecord> ReplicaControl::change_partitions(const MetadataImage& image,
                                                              const Arrival& arrival,
                                                              Wanted&& wanted) const {
    std::vector<MetadataRecord> records;
    const std::vector<BrokerId> gone{arrival.leaving, arrival.lost_data};
    for (const auto& [name, topic] : image.topics) {
        for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
            const PartitionImage& partition = topic.partitions[index];
            if (!wanted(topic, partition)) continue;
            auto record = PartitionChange(topic.id, static_cast<std::int32_t>(index), partition,
                                          rules_for(image, topic, arrival))
                              .target_isr(without(partition.isr, gone))
                              .lost_data({arrival.lost_data})
                              .build();
            if (record) records.push_back(*std::move(record));
        }
    }
    return records;
}

std::vector<MetadataRecord> ReplicaControl::broker_leaves(const MetadataImage& image,
                                                          BrokerId broker) const {
    return change_partitions(image, {.leaving = broker},
                             [&](const TopicImage&, const PartitionImage& partition) {
                                 return contains(partition.isr, broker);
                             });
}

std::vector<MetadataRecord> ReplicaControl::broker_lost_data(const MetadataImage& image,
                                                             BrokerId broker) const {
    return change_partitions(image, {.lost_data = broker},
                             [&](const TopicImage&, const PartitionImage& partition) {
                                 return contains(partition.isr, broker) ||
                                        contains(partition.eligible_leader_replicas, broker);
                             });
}

std::vector<MetadataRecord> ReplicaControl::broker_arrives(const MetadataImage& image,
                                                           BrokerId broker) const {
    return change_partitions(image, {.arriving = broker},
                             [&](const TopicImage&, const PartitionImage& partition) {
                                 return partition.leader == no_broker;
                             });
}

std::vector<MetadataRecord> ReplicaControl::elect_uncleanly(const MetadataImage& image) const {
    return change_partitions(
        image, {}, [&](const TopicImage& topic, const PartitionImage& partition) {
            return partition.leader == no_broker && allows_unclean_election(image, topic);
        });
}

std::vector<MetadataRecord> ReplicaControl::balance_leaders(const MetadataImage& image) const {
    struct Load {
        std::int64_t preferred = 0;
        std::int64_t led_by_others = 0;
    };
    std::map<BrokerId, Load> loads;
    for (const auto& [name, topic] : image.topics) {
        for (const PartitionImage& partition : topic.partitions) {
            Load& load = loads[partition.replicas.front()];
            ++load.preferred;
            if (partition.leader != partition.replicas.front()) ++load.led_by_others;
        }
    }
    std::vector<MetadataRecord> records;
    for (const auto& [name, topic] : image.topics) {
        for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
            const PartitionImage& partition = topic.partitions[index];
            const Load& load = loads[partition.replicas.front()];
            const bool imbalanced =
                load.led_by_others * 100 >
                load.preferred * options_.leader_imbalance_per_broker_percentage;
            if (!imbalanced || partition.leader == partition.replicas.front()) continue;
            ElectionRules rules = rules_for(image, topic, {});
            rules.election = Election::preferred;
            auto record = PartitionChange(topic.id, static_cast<std::int32_t>(index), partition,
                                          std::move(rules))
                              .build();
            if (record) records.push_back(*std::move(record));
        }
    }
    return records;
}

bool ReplicaControl::leads_anything(const MetadataImage& image, BrokerId broker) const {
    return std::ranges::any_of(image.topics, [&](const auto& entry) {
        return std::ranges::any_of(entry.second.partitions, [&](const PartitionImage& partition) {
            return partition.leader == broker;
        });
    });
}

}  // namespace squall::model
