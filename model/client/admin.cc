#include "model/client/admin.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "model/client/admin/admin_requests.h"
#include "model/client/admin/group_requests.h"
#include "model/client/admin/transaction_requests.h"
#include "model/client/consumer/offset_requests.h"
#include "model/protocol/messages/add_raft_voter.h"
#include "model/protocol/messages/delete_groups.h"
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/messages/remove_raft_voter.h"
#include "model/protocol/messages/unregister_broker.h"

namespace squall::model {

namespace {

template <class Items>
std::string named(std::string_view request, const Items& items) {
    std::string name(request);
    for (const auto& item : items) name += fmt::format(" {}", item);
    return name;
}

template <class Map>
auto keys_of(const Map& map) {
    std::set<typename Map::key_type> keys;
    for (const auto& [key, value] : map) keys.insert(key);
    return keys;
}

std::string name_of(const ConfigResource& resource) {
    if (resource.type == ConfigResourceType::topic) return "topic " + resource.name;
    return resource.name.empty() ? "all brokers" : "broker " + resource.name;
}

// The settings of one broker are that broker's to show and to change; all others anybody's
// (no_broker).
std::map<BrokerId, std::set<ConfigResource>> by_broker(const std::set<ConfigResource>& resources) {
    std::map<BrokerId, std::set<ConfigResource>> split;
    for (const ConfigResource& resource : resources) {
        BrokerId broker = no_broker;
        if (resource.type == ConfigResourceType::broker && !resource.name.empty()) {
            std::int32_t id = -1;
            std::from_chars(resource.name.data(), resource.name.data() + resource.name.size(), id);
            broker = BrokerId{id};
        }
        split[broker].insert(resource);
    }
    return split;
}

}  // namespace

AdminClient::AdminClient(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                         AdminOptions options)
    : node_(node),
      options_(std::move(options)),
      cluster_(node, fabric, std::move(bootstrap), options_.client, {}) {}

AdminResult AdminClient::tell(std::string request, AdminResult result) {
    node_.emit(AdminCompleted{.client_id = options_.client.client_id,
                              .request = std::move(request),
                              .outcome = result.outcome,
                              .error = result.error});
    return result;
}

// ---- how calls are made ----

void AdminClient::back_off(std::uint32_t attempt) {
    cluster_.refresh();
    node_.sleep_for(options_.client.backoff().delay(attempt, cluster_.draws("retry backoff")));
}

template <class Request>
Status AdminClient::ask_every_broker(
    const Request& request, const std::function<void(const typename Request::Response&)>& take) {
    const LocalTime end = deadline();
    const Result<ClusterDescription> cluster = describe_cluster();
    if (!cluster) return cluster.error();
    std::set<BrokerId> asked;
    for (std::uint32_t attempt = 1;; ++attempt) {
        for (const auto& [broker, about] : cluster->nodes) {
            Channel* const channel = cluster_.channel(broker);
            if (asked.contains(broker) || channel == nullptr) continue;
            const auto answer = channel->call(request);
            if (!answer || answer->error_code != ErrorCode::none) continue;
            asked.insert(broker);
            take(*answer);
        }
        if (asked.size() == cluster->nodes.size()) return success();
        if (node_.now() >= end) return Error{Failure::timed_out, "a broker did not answer"};
        back_off(attempt);
    }
}

Channel* AdminClient::find_coordinator(CoordinatorType type, const std::string& key) {
    FindCoordinatorRequest find;
    find.key_type = type;
    find.key = key;
    find.coordinator_keys = {key};
    const auto found = ask_any(find);
    if (!found) return nullptr;
    // Before version 4 the answer is about one.
    if (found->coordinators.empty()) {
        if (found->error_code != ErrorCode::none) return nullptr;
        return cluster_.channel(found->host, static_cast<std::uint16_t>(found->port),
                                "coordinator");
    }
    const FindCoordinatorResponse::Coordinator& at = found->coordinators.front();
    if (at.error_code != ErrorCode::none) return nullptr;
    return cluster_.channel(at.host, static_cast<std::uint16_t>(at.port), "coordinator");
}

template <class Request>
Result<typename Request::Response> AdminClient::ask_coordinator(
    CoordinatorType type, const std::string& key, const Request& request,
    const std::function<ErrorCode(const typename Request::Response&)>& error_of,
    ApiVersion newest) {
    const LocalTime end = deadline();
    for (std::uint32_t attempt = 1;; ++attempt) {
        if (Channel* const channel = find_coordinator(type, key)) {
            auto answer = channel->call(request, std::nullopt, newest);
            if (answer && !is_retriable(error_of(*answer))) return answer;
        }
        if (node_.now() >= end) return Error{Failure::timed_out, "no coordinator answered"};
        back_off(attempt);
    }
}

template <class Request>
Result<typename Request::Response> AdminClient::ask_any(Request request) {
    return cluster_.any_channel().call(std::move(request));
}

template <class Request>
Result<typename Request::Response> AdminClient::ask_until(
    Request request, const std::function<bool(const typename Request::Response&)>& is_final) {
    const LocalTime end = deadline();
    for (std::uint32_t attempt = 1;; ++attempt) {
        Result<typename Request::Response> answer = ask_any(request);
        if (answer && is_final(*answer)) return answer;
        if (node_.now() >= end) return Error{Failure::timed_out, "no answer that says anything"};
        back_off(attempt);
    }
}

template <class Key>
AdminClient::Results<Key> AdminClient::settle(
    std::string request, const std::set<Key>& items,
    const std::function<void(ItemOutcomes<Key>&)>& attempt) {
    const LocalTime end = deadline();
    ItemOutcomes<Key> outcomes(items);
    for (std::uint32_t n = 1; !outcomes.all_settled() && node_.now() < end; ++n) {
        if (n > 1) back_off(n - 1);
        attempt(outcomes);
    }
    Results<Key> results = outcomes.finish();
    tell(std::move(request), worst_of(results));
    return results;
}

// ---- topics ----

AdminResult AdminClient::create_topics(const std::vector<NewTopic>& topics, bool validate_only) {
    std::map<std::string, NewTopic> wanted;
    for (const NewTopic& topic : topics) wanted[topic.name] = topic;
    const std::set<std::string> names = keys_of(wanted);
    return worst_of(settle<std::string>(
        named("CreateTopics", names), names, [&](ItemOutcomes<std::string>& outcomes) {
            const std::set<std::string> open = outcomes.open();
            const auto answer = ask_any(create_topics_request(
                wanted, open, options_.client.request_timeout, validate_only));
            if (!answer) {
                for (const std::string& topic : open) outcomes.not_answered(topic, answer.error());
                return;
            }
            for (const CreateTopicsResponse::Topic& topic : answer->topics) {
                outcomes.decided(topic.name, topic.error_code, ErrorCode::topic_already_exists);
            }
        }));
}

AdminClient::Results<std::string> AdminClient::delete_topics(const std::set<std::string>& topics) {
    return settle<std::string>(
        named("DeleteTopics", topics), topics, [&](ItemOutcomes<std::string>& outcomes) {
            const std::set<std::string> open = outcomes.open();
            const auto answer =
                ask_any(delete_topics_request(open, options_.client.request_timeout));
            if (!answer) {
                for (const std::string& topic : open) outcomes.not_answered(topic, answer.error());
                return;
            }
            for (const DeleteTopicsResponse::Result& topic : answer->responses) {
                if (topic.name) {
                    outcomes.decided(*topic.name, topic.error_code,
                                     ErrorCode::unknown_topic_or_partition);
                }
            }
        });
}

AdminClient::Results<std::string> AdminClient::create_partitions(
    const std::map<std::string, NewPartitions>& growth, bool validate_only) {
    const std::set<std::string> names = keys_of(growth);
    return settle<std::string>(
        named("CreatePartitions", names), names, [&](ItemOutcomes<std::string>& outcomes) {
            const std::set<std::string> open = outcomes.open();
            const auto answer = ask_any(create_partitions_request(
                growth, open, options_.client.request_timeout, validate_only));
            if (!answer) {
                for (const std::string& topic : open) outcomes.not_answered(topic, answer.error());
                return;
            }
            for (const CreatePartitionsResponse::Result& topic : answer->results) {
                outcomes.decided(topic.name, topic.error_code, ErrorCode::invalid_partitions);
            }
        });
}

Result<std::map<std::string, TopicDescription>> AdminClient::describe_topics(
    const std::set<std::string>& topics) {
    std::map<std::string, TopicDescription> found;
    DescribeTopicPartitionsRequest request;
    for (const std::string& topic : topics) request.topics.push_back({.name = topic});
    for (;;) {
        const auto page = ask_until(request, [](const auto&) { return true; });
        if (!page) return page.error();
        for (const DescribeTopicPartitionsResponse::Topic& topic : page->topics) {
            if (topic.error_code == ErrorCode::none) read_topic(topic, found[*topic.name]);
        }
        if (!page->next_cursor) return found;
        request.cursor = {.topic_name = page->next_cursor->topic_name,
                          .partition_index = page->next_cursor->partition_index};
    }
}

bool AdminClient::refresh(LocalTime deadline) {
    cluster_.refresh();
    return cluster_.await_metadata(deadline);
}

bool AdminClient::await_topics(const std::vector<NewTopic>& topics, std::size_t min_isr,
                               Duration timeout) {
    const LocalTime deadline = node_.now() + timeout;
    for (const NewTopic& topic : topics) cluster_.track(topic.name);
    const auto is_ready = [&](const NewTopic& topic) {
        const TopicMetadata* const known = cluster_.metadata().topic(topic.name);
        if (known == nullptr) return false;
        if (topic.partitions >= 0 &&
            known->partitions.size() < static_cast<std::size_t>(topic.partitions)) {
            return false;
        }
        return std::ranges::all_of(known->partitions, [&](const PartitionMetadata& partition) {
            return partition.leader != no_broker && partition.isr.size() >= min_isr;
        });
    };
    while (!std::ranges::all_of(topics, is_ready)) {
        if (!refresh(deadline)) return false;
    }
    return true;
}

const TopicMetadata* AdminClient::describe_topic(const std::string& topic) {
    cluster_.track(topic);
    refresh(node_.now() + options_.default_api_timeout);
    return cluster_.metadata().topic(topic);
}

// ---- settings ----

AdminClient::Results<ConfigResource> AdminClient::alter_configs(
    const std::map<ConfigResource, std::vector<AlterConfigOp>>& changes, bool validate_only) {
    std::string name = "IncrementalAlterConfigs";
    for (const auto& [resource, ops] : changes) name += ' ' + name_of(resource);
    return settle<ConfigResource>(
        std::move(name), keys_of(changes), [&](ItemOutcomes<ConfigResource>& outcomes) {
            for (const auto& [broker, open] : by_broker(outcomes.open())) {
                Channel* const channel =
                    broker == no_broker ? &cluster_.any_channel() : cluster_.channel(broker);
                if (channel == nullptr) {
                    for (const ConfigResource& resource : open) {
                        outcomes.not_sent(resource, fmt::format("broker {} is not known", broker));
                    }
                    continue;
                }
                const auto answer =
                    channel->call(alter_configs_request(changes, open, validate_only));
                if (!answer) {
                    for (const ConfigResource& resource : open) {
                        outcomes.not_answered(resource, answer.error());
                    }
                    continue;
                }
                for (const IncrementalAlterConfigsResponse::Result& result : answer->responses) {
                    outcomes.decided({result.resource_type, result.resource_name},
                                     result.error_code);
                }
            }
        });
}

Result<std::map<ConfigResource, std::map<std::string, ConfigEntry>>> AdminClient::describe_configs(
    const std::set<ConfigResource>& resources) {
    const LocalTime end = deadline();
    std::map<ConfigResource, std::map<std::string, ConfigEntry>> found;
    std::set<ConfigResource> open = resources;
    for (std::uint32_t attempt = 1;; ++attempt) {
        for (const auto& [broker, asked] : by_broker(open)) {
            Channel* const channel =
                broker == no_broker ? &cluster_.any_channel() : cluster_.channel(broker);
            if (channel == nullptr) continue;
            const auto answer = channel->call(describe_configs_request(asked));
            if (!answer) continue;
            for (const DescribeConfigsResponse::Result& result : answer->results) {
                const ConfigResource resource{result.resource_type, result.resource_name};
                open.erase(resource);
                if (result.error_code == ErrorCode::none) found[resource] = read_configs(result);
            }
        }
        if (open.empty()) return found;
        if (node_.now() >= end) {
            return Error{Failure::timed_out, "no answer of " + name_of(*open.begin())};
        }
        back_off(attempt);
    }
}

// ---- partitions ----

std::map<TopicPartition, DeletedRecords> AdminClient::delete_records(
    const std::map<TopicPartition, Offset>& up_to) {
    const std::set<TopicPartition> partitions = keys_of(up_to);
    for (const TopicPartition& partition : partitions) cluster_.track(partition.topic);
    DeleteRecordsInvoked invoked{.client_id = options_.client.client_id, .offsets = {}};
    for (const auto& [partition, offset] : up_to) invoked.offsets.push_back({partition, offset});
    node_.emit(invoked);
    std::map<TopicPartition, Offset> low_watermarks;
    const auto results = settle<TopicPartition>(
        named("DeleteRecords", partitions), partitions,
        [&](ItemOutcomes<TopicPartition>& outcomes) {
            std::map<BrokerId, std::set<TopicPartition>> by_leader;
            for (const TopicPartition& partition : outcomes.open()) {
                const BrokerId leader = cluster_.metadata().leader(partition);
                if (cluster_.channel(leader) != nullptr) {
                    by_leader[leader].insert(partition);
                } else {
                    outcomes.not_sent(partition,
                                      std::string(to_string(ErrorCode::leader_not_available)));
                }
            }
            for (const auto& [leader, open] : by_leader) {
                // The broker may have left the metadata while another one was asked.
                Channel* const channel = cluster_.channel(leader);
                if (channel == nullptr) continue;
                const auto answer = channel->call(
                    delete_records_request(up_to, open, options_.client.request_timeout));
                if (!answer) {
                    for (const TopicPartition& partition : open) {
                        outcomes.not_answered(partition, answer.error());
                    }
                    continue;
                }
                for (const DeleteRecordsResponse::Topic& topic : answer->topics) {
                    for (const DeleteRecordsResponse::Partition& slot : topic.partitions) {
                        const TopicPartition partition{topic.name, slot.partition_index};
                        low_watermarks[partition] = slot.low_watermark;
                        outcomes.answered(partition, slot.error_code);
                    }
                }
            }
        });
    std::map<TopicPartition, DeletedRecords> deleted;
    for (const auto& [partition, result] : results) {
        deleted[partition] = {
            .result = result,
            .low_watermark = result.ok() ? low_watermarks.at(partition) : no_offset};
    }
    return deleted;
}

AdminClient::Results<TopicPartition> AdminClient::elect_leaders(
    ElectionType type, const std::set<TopicPartition>& partitions) {
    node_.emit(ElectLeadersInvoked{.client_id = options_.client.client_id,
                                   .unclean = type == ElectionType::unclean,
                                   .partitions = {partitions.begin(), partitions.end()}});
    const auto request = [&](const std::set<TopicPartition>& open) {
        return elect_leaders_request(type, open, options_.client.request_timeout);
    };
    if (partitions.empty()) {
        const auto answer = ask_until(request({}), [](const ElectLeadersResponse& response) {
            return !is_retriable(response.error_code);
        });
        Results<TopicPartition> results;
        if (answer) {
            for (const ElectLeadersResponse::Topic& topic : answer->replica_election_results) {
                for (const ElectLeadersResponse::Partition& slot : topic.partition_result) {
                    ItemOutcomes<TopicPartition> outcome({{topic.topic, slot.partition_id}});
                    outcome.decided({topic.topic, slot.partition_id}, slot.error_code);
                    results.merge(outcome.finish());
                }
            }
        }
        tell("ElectLeaders",
             answer ? worst_of(results)
                    : AdminResult{.outcome = Outcome::unknown,
                                  .error = std::string(to_string(answer.error().failure))});
        return results;
    }
    return settle<TopicPartition>(
        named("ElectLeaders", partitions), partitions, [&](ItemOutcomes<TopicPartition>& outcomes) {
            const std::set<TopicPartition> open = outcomes.open();
            const auto answer = ask_any(request(open));
            for (const TopicPartition& partition : open) {
                if (!answer) {
                    outcomes.not_answered(partition, answer.error());
                } else if (answer->error_code != ErrorCode::none) {
                    outcomes.decided(partition, answer->error_code);
                }
            }
            if (!answer) return;
            for (const ElectLeadersResponse::Topic& topic : answer->replica_election_results) {
                for (const ElectLeadersResponse::Partition& slot : topic.partition_result) {
                    outcomes.decided({topic.topic, slot.partition_id}, slot.error_code,
                                     ErrorCode::election_not_needed);
                }
            }
        });
}

AdminClient::Results<TopicPartition> AdminClient::alter_partition_reassignments(
    const Reassignments& wanted) {
    const std::set<TopicPartition> partitions = keys_of(wanted);
    return settle<TopicPartition>(
        named("AlterPartitionReassignments", partitions), partitions,
        [&](ItemOutcomes<TopicPartition>& outcomes) {
            const std::set<TopicPartition> open = outcomes.open();
            const auto answer =
                ask_any(reassignments_request(wanted, open, options_.client.request_timeout));
            for (const TopicPartition& partition : open) {
                if (!answer) {
                    outcomes.not_answered(partition, answer.error());
                } else if (answer->error_code != ErrorCode::none) {
                    outcomes.decided(partition, answer->error_code);
                }
            }
            if (!answer) return;
            for (const AlterPartitionReassignmentsResponse::Topic& topic : answer->responses) {
                for (const auto& slot : topic.partitions) {
                    outcomes.decided({topic.name, slot.partition_index}, slot.error_code,
                                     ErrorCode::no_reassignment_in_progress);
                }
            }
        });
}

Result<std::map<TopicPartition, PartitionReassignment>>
AdminClient::list_partition_reassignments() {
    ListPartitionReassignmentsRequest request;
    request.timeout_ms = static_cast<std::int32_t>(options_.client.request_timeout.count());
    const auto answer = ask_until(request, [](const ListPartitionReassignmentsResponse& response) {
        return response.error_code == ErrorCode::none;
    });
    if (!answer) return answer.error();
    return read_reassignments(*answer);
}

std::map<TopicPartition, Offset> AdminClient::list_offsets(
    const std::map<TopicPartition, TimestampMs>& timestamps, IsolationLevel isolation) {
    const LocalTime deadline = node_.now() + options_.default_api_timeout;
    for (const auto& [partition, timestamp] : timestamps) cluster_.track(partition.topic);
    std::map<TopicPartition, Offset> found;
    while (found.size() < timestamps.size() && node_.now() < deadline) {
        std::map<BrokerId, std::map<TopicPartition, TimestampMs>> by_leader;
        for (const auto& [partition, timestamp] : timestamps) {
            const BrokerId leader = cluster_.metadata().leader(partition);
            if (leader == no_broker || found.contains(partition)) continue;
            by_leader[leader][partition] = timestamp;
        }
        for (const auto& [leader, asked] : by_leader) {
            // The broker may have left the metadata while another one was asked.
            Channel* const channel = cluster_.channel(leader);
            if (channel == nullptr) continue;
            const Result<ListOffsetsResponse> answer = channel->call(list_offsets_request(
                asked, cluster_.metadata(), isolation, options_.client.request_timeout));
            if (!answer) continue;
            for (const auto& [partition, listed] : read_offsets(*answer)) {
                if (listed.error == ErrorCode::none && asked.contains(partition)) {
                    found[partition] = listed.position.offset;
                }
            }
        }
        if (found.size() < timestamps.size()) refresh(deadline);
    }
    return found;
}

// ---- groups ----

Result<std::vector<GroupListing>> AdminClient::list_groups() {
    std::map<std::string, GroupListing> found;
    const Status asked = ask_every_broker<ListGroupsRequest>({}, [&](const auto& answer) {
        for (GroupListing& each : read_groups(answer)) {
            found.insert_or_assign(each.group, std::move(each));
        }
    });
    if (!asked) return asked.error();
    std::vector<GroupListing> listed;
    for (auto& [group, each] : found) listed.push_back(std::move(each));
    return listed;
}

// Whoever does not speak the consumer protocol speaks the classic one, or is not there.
Result<std::map<std::string, GroupDescription>> AdminClient::describe_groups(
    const std::set<std::string>& groups) {
    std::map<std::string, GroupDescription> described;
    for (const std::string& group : groups) {
        const auto error_of_one = [](const auto& response) {
            return response.groups.empty() ? ErrorCode::coordinator_not_available
                                           : response.groups.front().error_code;
        };
        ConsumerGroupDescribeRequest modern;
        modern.group_ids = {group};
        const auto consumers = ask_coordinator<ConsumerGroupDescribeRequest>(
            CoordinatorType::group, group, modern, error_of_one);
        if (!consumers) return consumers.error();
        if (consumers->groups.front().error_code == ErrorCode::none) {
            described.emplace(group, read_group(consumers->groups.front()));
            continue;
        }
        DescribeGroupsRequest classic;
        classic.groups = {group};
        const auto answer = ask_coordinator<DescribeGroupsRequest>(CoordinatorType::group, group,
                                                                   classic, error_of_one);
        if (!answer) return answer.error();
        const DescribeGroupsResponse::Group& one = answer->groups.front();
        if (one.error_code != ErrorCode::none || one.group_state == "Dead") continue;
        described.emplace(group, read_group(one));
    }
    return described;
}

Result<std::map<TopicPartition, Offset>> AdminClient::list_group_offsets(const std::string& group) {
    const auto answer = ask_coordinator<OffsetFetchRequest>(
        CoordinatorType::group, group, all_offsets_request(group), offsets_error,
        last_offset_version_with_names);
    if (!answer) return answer.error();
    return read_all_offsets(*answer);
}

Result<std::map<TopicPartition, PartitionLag>> AdminClient::describe_group_lag(
    const std::string& group, IsolationLevel isolation) {
    const auto committed = list_group_offsets(group);
    if (!committed) return committed.error();
    std::map<TopicPartition, TimestampMs> ends;
    for (const auto& [partition, offset] : *committed) ends[partition] = latest_timestamp;
    std::map<TopicPartition, PartitionLag> lags;
    for (const auto& [partition, end] : list_offsets(ends, isolation)) {
        lags[partition] = {.committed = committed->at(partition), .end = end};
    }
    return lags;
}

AdminClient::Results<std::string> AdminClient::delete_groups(const std::set<std::string>& groups) {
    return settle<std::string>(
        named("DeleteGroups", groups), groups, [&](ItemOutcomes<std::string>& outcomes) {
            for (const std::string& group : outcomes.open()) {
                Channel* const channel = find_coordinator(CoordinatorType::group, group);
                if (channel == nullptr) continue;
                DeleteGroupsRequest request;
                request.groups_names = {group};
                const auto answer = channel->call(request);
                if (!answer) {
                    outcomes.not_answered(group, answer.error());
                    continue;
                }
                for (const DeleteGroupsResponse::Result& result : answer->results) {
                    outcomes.answered(result.group_id, result.error_code);
                }
            }
        });
}

AdminClient::Results<TopicPartition> AdminClient::delete_group_offsets(
    const std::string& group, const std::set<TopicPartition>& partitions) {
    return settle<TopicPartition>(
        named("OffsetDelete " + group, partitions), partitions,
        [&](ItemOutcomes<TopicPartition>& outcomes) {
            Channel* const channel = find_coordinator(CoordinatorType::group, group);
            if (channel == nullptr) return;
            const std::set<TopicPartition> open = outcomes.open();
            const auto answer = channel->call(delete_offsets_request(group, open));
            if (!answer || answer->error_code != ErrorCode::none) {
                for (const TopicPartition& partition : open) {
                    if (!answer) {
                        outcomes.not_answered(partition, answer.error());
                    } else {
                        outcomes.answered(partition, answer->error_code);
                    }
                }
                return;
            }
            for (const OffsetDeleteResponse::Topic& topic : answer->topics) {
                for (const OffsetDeleteResponse::Partition& partition : topic.partitions) {
                    outcomes.answered({topic.name, partition.partition_index},
                                      partition.error_code);
                }
            }
        });
}

AdminClient::Results<TopicPartition> AdminClient::alter_group_offsets(
    const std::string& group, const std::map<TopicPartition, Offset>& offsets) {
    const std::set<TopicPartition> partitions = keys_of(offsets);
    return settle<TopicPartition>(
        named("OffsetCommit " + group, partitions), partitions,
        [&](ItemOutcomes<TopicPartition>& outcomes) {
            Channel* const channel = find_coordinator(CoordinatorType::group, group);
            if (channel == nullptr) return;
            std::map<TopicPartition, Offset> open;
            for (const TopicPartition& partition : outcomes.open()) {
                open.emplace(partition, offsets.at(partition));
            }
            const auto answer = channel->call(alter_offsets_request(group, open), std::nullopt,
                                              last_offset_version_with_names);
            if (!answer) {
                for (const auto& [partition, offset] : open) {
                    outcomes.not_answered(partition, answer.error());
                }
                return;
            }
            for (const OffsetCommitResponse::Topic& topic : answer->topics) {
                for (const OffsetCommitResponse::Partition& partition : topic.partitions) {
                    outcomes.answered({topic.name, partition.partition_index},
                                      partition.error_code);
                }
            }
        });
}

// ---- the cluster ----

Result<ClusterDescription> AdminClient::describe_cluster(bool include_fenced_brokers) {
    DescribeClusterRequest request;
    request.include_fenced_brokers = include_fenced_brokers;
    const auto answer = ask_until(request, [](const DescribeClusterResponse& response) {
        return response.error_code == ErrorCode::none;
    });
    if (!answer) return answer.error();
    return read_cluster(*answer);
}

Result<QuorumDescription> AdminClient::describe_quorum() {
    const auto answer =
        ask_until(describe_quorum_request(), [](const DescribeQuorumResponse& response) {
            return response.error_code == ErrorCode::none && !response.topics.empty() &&
                   !response.topics.front().partitions.empty() &&
                   response.topics.front().partitions.front().error_code == ErrorCode::none;
        });
    if (!answer) return answer.error();
    return read_quorum(*answer);
}

std::map<BrokerId, std::vector<LogDirDescription>> AdminClient::describe_log_dirs(
    const std::set<BrokerId>& brokers) {
    const LocalTime end = deadline();
    std::map<BrokerId, std::vector<LogDirDescription>> found;
    for (std::uint32_t attempt = 1;; ++attempt) {
        for (const BrokerId broker : brokers) {
            Channel* const channel = cluster_.channel(broker);
            if (found.contains(broker) || channel == nullptr) continue;
            const auto answer = channel->call(DescribeLogDirsRequest{});
            if (answer) found[broker] = read_log_dirs(*answer);
        }
        if (found.size() == brokers.size() || node_.now() >= end) return found;
        back_off(attempt);
    }
}

AdminResult AdminClient::unregister_broker(BrokerId broker) {
    return worst_of(settle<BrokerId>(fmt::format("UnregisterBroker {}", broker), {broker},
                                     [&](ItemOutcomes<BrokerId>& outcomes) {
                                         UnregisterBrokerRequest request;
                                         request.broker_id = broker;
                                         const auto answer = ask_any(request);
                                         if (!answer)
                                             return outcomes.not_answered(broker, answer.error());
                                         outcomes.decided(broker, answer->error_code,
                                                          ErrorCode::broker_id_not_registered);
                                     }));
}

// ---- voters ----

AdminResult AdminClient::add_raft_voter(BrokerId voter, const Uuid& directory_id,
                                        const std::string& host, sim::Port port) {
    AddRaftVoterRequest request;
    request.timeout_ms = static_cast<std::int32_t>(options_.client.request_timeout.count());
    request.voter_id = voter;
    request.voter_directory_id = directory_id;
    request.listeners = {{.name = "CONTROLLER", .host = host, .port = port}};
    return worst_of(settle<BrokerId>(
        fmt::format("AddRaftVoter {}", voter), {voter}, [&](ItemOutcomes<BrokerId>& outcomes) {
            const auto answer = ask_any(request);
            if (!answer) return outcomes.not_answered(voter, answer.error());
            outcomes.decided(voter, answer->error_code, ErrorCode::duplicate_voter);
        }));
}

AdminResult AdminClient::remove_raft_voter(BrokerId voter, const Uuid& directory_id) {
    RemoveRaftVoterRequest request;
    request.voter_id = voter;
    request.voter_directory_id = directory_id;
    return worst_of(settle<BrokerId>(
        fmt::format("RemoveRaftVoter {}", voter), {voter}, [&](ItemOutcomes<BrokerId>& outcomes) {
            const auto answer = ask_any(request);
            if (!answer) return outcomes.not_answered(voter, answer.error());
            outcomes.decided(voter, answer->error_code, ErrorCode::voter_not_found);
        }));
}

// ---- features ----

Result<FeatureMetadata> AdminClient::describe_features() {
    const auto answer = ask_until(ApiVersionsRequest{}, [](const ApiVersionsResponse& response) {
        return response.error_code == ErrorCode::none && response.finalized_features_epoch >= 0;
    });
    if (!answer) return answer.error();
    return read_features(*answer);
}

AdminResult AdminClient::update_features(const std::map<std::string, FeatureUpdate>& updates,
                                         bool validate_only) {
    std::string features;
    for (const auto& [feature, update] : updates) {
        features += fmt::format("{}{}={}", features.empty() ? "" : " ", feature, update.level);
    }
    const UpdateFeaturesRequest request =
        update_features_request(updates, options_.client.request_timeout, validate_only);
    return worst_of(settle<std::string>(
        "UpdateFeatures " + features, {features}, [&](ItemOutcomes<std::string>& outcomes) {
            const auto answer = ask_any(request);
            if (!answer) return outcomes.not_answered(features, answer.error());
            // Finding the levels as they should be is no error.
            outcomes.decided(features, answer->error_code, ErrorCode::none);
        }));
}

// ---- transactions ----

template <class Request>
Result<typename Request::Response> AdminClient::ask_leader(
    const TopicPartition& partition, const Request& request,
    const std::function<ErrorCode(const typename Request::Response&)>& error_of) {
    cluster_.track(partition.topic);
    const LocalTime end = deadline();
    for (std::uint32_t attempt = 1;; ++attempt) {
        Channel* const leader = cluster_.channel(cluster_.metadata().leader(partition));
        if (leader != nullptr) {
            Result<typename Request::Response> answer = leader->call(request);
            if (answer && !is_retriable(error_of(*answer))) return answer;
        }
        if (node_.now() >= end) return Error{Failure::timed_out, "no leader answered"};
        back_off(attempt);
    }
}

Result<std::vector<ActiveProducer>> AdminClient::describe_producers(
    const TopicPartition& partition) {
    DescribeProducersRequest request;
    request.topics.push_back({.name = partition.topic, .partition_indexes = {partition.partition}});
    const auto answer =
        ask_leader(partition, request, [](const DescribeProducersResponse& response) {
            return response.topics.at(0).partitions.at(0).error_code;
        });
    if (!answer) return answer.error();
    return read_producers(answer->topics.at(0).partitions.at(0));
}

AdminResult AdminClient::abort_transaction(const TopicPartition& partition,
                                           const ActiveProducer& producer) {
    const auto error_of = [](const WriteTxnMarkersResponse& response) {
        return response.markers.at(0).topics.at(0).partitions.at(0).error_code;
    };
    const auto answer =
        ask_leader<WriteTxnMarkersRequest>(partition, abort_request(partition, producer), error_of);
    AdminResult result;
    if (answer) {
        const ErrorCode error = error_of(*answer);
        result.outcome = error == ErrorCode::none ? Outcome::ok : Outcome::failed;
        if (error != ErrorCode::none) result.error = to_string(error);
    } else {
        result.error = to_string(answer.error());
    }
    return tell(fmt::format("AbortTransaction {} {}", partition, producer.id), std::move(result));
}

Result<std::vector<TransactionListing>> AdminClient::list_transactions(
    const TransactionFilter& filter) {
    std::map<std::string, TransactionListing> found;
    const Status asked = ask_every_broker<ListTransactionsRequest>(
        list_transactions_request(filter), [&](const auto& answer) {
            for (TransactionListing& each : read_transactions(answer)) {
                found.insert_or_assign(each.transactional_id, std::move(each));
            }
        });
    if (!asked) return asked.error();
    std::vector<TransactionListing> listed;
    for (auto& [id, each] : found) listed.push_back(std::move(each));
    return listed;
}

Result<std::map<std::string, TransactionDescription>> AdminClient::describe_transactions(
    const std::set<std::string>& transactional_ids) {
    std::map<std::string, TransactionDescription> described;
    for (const std::string& id : transactional_ids) {
        DescribeTransactionsRequest request;
        request.transactional_ids = {id};
        const auto answer = ask_coordinator<DescribeTransactionsRequest>(
            CoordinatorType::transaction, id, request, [](const auto& response) {
                return response.transaction_states.empty()
                           ? ErrorCode::coordinator_not_available
                           : response.transaction_states.front().error_code;
            });
        if (!answer) return answer.error();
        const auto& state = answer->transaction_states.front();
        if (state.error_code == ErrorCode::none) described.emplace(id, read_transaction(state));
    }
    return described;
}

Result<std::vector<HangingTransaction>> AdminClient::find_hanging_transactions(
    const std::set<TopicPartition>& partitions, std::chrono::milliseconds longest) {
    std::vector<HangingTransaction> suspects;
    TransactionFilter of_suspects;
    for (const TopicPartition& partition : partitions) {
        const auto producers = describe_producers(partition);
        if (!producers) return producers.error();
        for (const ActiveProducer& producer : *producers) {
            if (!may_hang(producer, node_.wall_now().ms(), longest)) continue;
            suspects.push_back({.partition = partition, .producer = producer});
            of_suspects.producers.insert(producer.id);
        }
    }
    if (suspects.empty()) return suspects;
    const auto listed = list_transactions(of_suspects);
    if (!listed) return listed.error();
    std::map<ProducerId, TransactionDescription> known;
    for (const TransactionListing& each : *listed) {
        const auto described = describe_transactions({each.transactional_id});
        if (!described) return described.error();
        for (const auto& [id, description] : *described) known[each.producer_id] = description;
    }
    std::erase_if(suspects, [&](const HangingTransaction& suspect) {
        const auto found = known.find(suspect.producer.id);
        return will_be_ended(found == known.end() ? nullptr : &found->second, suspect.partition,
                             suspect.producer);
    });
    return suspects;
}

AdminResult AdminClient::abort_hanging_transactions(const TopicPartition& partition,
                                                    std::chrono::milliseconds longest) {
    const auto hanging = find_hanging_transactions({partition}, longest);
    const std::string search = fmt::format("FindHangingTransactions {}", partition);
    if (!hanging) {
        return tell(search, {.outcome = Outcome::failed, .error = to_string(hanging.error())});
    }
    tell(search, {.outcome = Outcome::ok, .error = ""});
    std::map<ProducerId, AdminResult> results;
    for (const HangingTransaction& one : *hanging) {
        results[one.producer.id] = abort_transaction(one.partition, one.producer);
    }
    return worst_of(results);
}

void AdminClient::close() {
    cluster_.stop();
}

}  // namespace squall::model
