// One broker, no replication, no disk: just enough of every API that a client can be tested over
// the simulated network, with hooks where a test wants trouble.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/api_list.h"
#include "model/protocol/record_batch.h"
#include "model/rpc/server.h"
#include "sim/kernel/simulation.h"
#include "sim/network/network.h"
#include "tests/model/coordinator/transaction_world.h"

namespace squall::model {

// The transaction coordinator: the real decider, whose records are stored and whose markers are
// written at once.
struct FakeTransactions : TransactionWorld {
    enum class Trouble { none, lost_request, lost_answer };

    std::int16_t version = 2;  // finalized
    std::function<Trouble(ApiKey)> trouble;
    std::function<std::optional<ErrorCode>(ApiKey)> refusal;  // nothing is done

    template <class Response, class Request>
    Response answer(const Request& request, std::int16_t client_version) {
        std::vector<TransactionReply> replies = ask(request, client_version);
        std::vector<TransactionReply> later = settle();
        replies.insert(replies.end(), later.begin(), later.end());
        return only<Response>(replies);
    }
    int commits() const {
        return static_cast<int>(std::ranges::count_if(log(), [](const TransactionRecord& record) {
            return record.value && record.value->is_in(TransactionState::prepare_commit);
        }));
    }
};

// What survives a restart of the broker, and what a test looks at.
struct FakeBrokerState {
    std::map<std::string, std::int32_t> topics;  // partitions
    struct Log {
        std::vector<Bytes> batches;
        Offset end{0};
    };
    std::map<TopicPartition, Log> logs;
    std::map<TopicPartition, Offset> committed;
    std::string member_id;  // of the one member of the one group
    std::int32_t generation = 0;
    std::int32_t members_named = 0;
    bool is_joined = false;
    bool is_rebalancing = false;
    Bytes assignment;

    std::int64_t producer_ids = 0;
    std::int32_t produce_requests = 0;
    std::int32_t joins = 0;
    std::int32_t leaves = 0;

    // nullopt: as usual. `appends_anyway` is for answers that hide what was done.
    std::function<std::optional<ErrorCode>()> on_produce;
    bool appends_anyway = false;
    std::function<std::optional<ErrorCode>()> on_heartbeat;
    std::function<std::optional<ErrorCode>()> on_commit;
    bool is_silent_about_produce = false;  // executes, and never answers
    bool is_silent_about_commits = false;
    FakeTransactions* transactions = nullptr;  // null: there are none
};

class FakeBroker final : public sim::Process {
  public:
    FakeBroker(sim::Node& node, Fabric fabric, FakeBrokerState& state)
        : node_(node),
          state_(state),
          server_(node, fabric, 9092, [this](Message& request, const RequestContext& context) {
              return serve(request, context);
          }) {}

  private:
    template <class Response>
    static Served reply(Response response) {
        return {.action = Served::Action::reply, .response = box(std::move(response))};
    }

    Served serve(Message& request, const RequestContext& context) {
        switch (context.api_key) {
            case ApiKey::api_versions: {
                ApiVersionsResponse response;
                for_each_api([&](auto api) {
                    using Request = typename decltype(api)::type;
                    response.api_keys.push_back({.api_key = Request::api_key,
                                                 .min_version = Request::versions.min,
                                                 .max_version = Request::versions.max});
                });
                if (state_.transactions != nullptr) {
                    response.finalized_features_epoch = 1;
                    response.finalized_features.push_back(
                        {.name = "transaction.version",
                         .max_version_level = state_.transactions->version,
                         .min_version_level = state_.transactions->version});
                }
                return reply(std::move(response));
            }
            case ApiKey::metadata:
                return metadata(request.as<MetadataRequest>());
            case ApiKey::create_topics:
                return create_topics(request.as<CreateTopicsRequest>());
            case ApiKey::produce:
                return produce(request.as<ProduceRequest>(), context.api_version);
            case ApiKey::fetch:
                return fetch(request.as<FetchRequest>());
            case ApiKey::list_offsets:
                return list_offsets(request.as<ListOffsetsRequest>());
            case ApiKey::offset_for_leader_epoch:
                return epoch_ends(request.as<OffsetForLeaderEpochRequest>());
            case ApiKey::add_partitions_to_txn:
                return coordinate(request.as<AddPartitionsToTxnRequest>(), 1);
            case ApiKey::add_offsets_to_txn:
                return coordinate(request.as<AddOffsetsToTxnRequest>(), 1);
            case ApiKey::txn_offset_commit:
                return coordinate(request.as<TxnOffsetCommitRequest>(),
                                  context.api_version >= 5 ? 2 : 1);
            case ApiKey::end_txn:
                return coordinate(request.as<EndTxnRequest>(), context.api_version >= 5 ? 2 : 1);
            case ApiKey::init_producer_id: {
                if (request.as<InitProducerIdRequest>().transactional_id) {
                    return coordinate(request.as<InitProducerIdRequest>(), 0);
                }
                InitProducerIdResponse response;
                response.producer_id = ProducerId{++state_.producer_ids};
                response.producer_epoch = ProducerEpoch{0};
                return reply(response);
            }
            case ApiKey::find_coordinator: {
                FindCoordinatorResponse response;
                response.coordinators.push_back(
                    {.key = request.as<FindCoordinatorRequest>().coordinator_keys.at(0),
                     .node_id = BrokerId{1},
                     .host = "b1",
                     .port = 9092,
                     .error_code = ErrorCode::none,
                     .error_message = std::nullopt});
                return reply(std::move(response));
            }
            case ApiKey::join_group:
                return join(request.as<JoinGroupRequest>());
            case ApiKey::sync_group: {
                auto& sync = request.as<SyncGroupRequest>();
                SyncGroupResponse response;
                response.error_code = check(sync.member_id, sync.generation_id);
                if (response.error_code == ErrorCode::none && !sync.assignments.empty()) {
                    state_.assignment = sync.assignments[0].assignment;
                }
                response.assignment = state_.assignment;
                return reply(std::move(response));
            }
            case ApiKey::heartbeat: {
                auto& beat = request.as<HeartbeatRequest>();
                HeartbeatResponse response;
                response.error_code = check(beat.member_id, beat.generation_id);
                if (response.error_code == ErrorCode::none && state_.is_rebalancing) {
                    response.error_code = ErrorCode::rebalance_in_progress;
                }
                if (state_.on_heartbeat) {
                    response.error_code = state_.on_heartbeat().value_or(response.error_code);
                }
                return reply(std::move(response));
            }
            case ApiKey::leave_group: {
                ++state_.leaves;
                state_.is_joined = false;
                state_.member_id.clear();
                return reply(LeaveGroupResponse{});
            }
            case ApiKey::offset_commit:
                return commit(request.as<OffsetCommitRequest>());
            case ApiKey::offset_fetch:
                return committed(request.as<OffsetFetchRequest>());
            default:
                return {.action = Served::Action::close_connection, .response = nullptr};
        }
    }

    static Uuid id_of(const std::string& topic) { return {1, hash_text(topic)}; }
    std::string name_of(const std::string& name, const Uuid& id) const {
        if (!name.empty()) return name;
        for (const auto& [topic, partitions] : state_.topics) {
            if (id_of(topic) == id) return topic;
        }
        return {};
    }

    Served metadata(const MetadataRequest& request) {
        MetadataResponse response;
        response.brokers.push_back(
            {.node_id = BrokerId{1}, .host = "b1", .port = 9092, .rack = std::nullopt});
        response.controller_id = BrokerId{1};
        std::vector<MetadataRequest::Topic> asked;
        if (request.topics) asked = *request.topics;
        for (const auto& [name, partitions] : state_.topics) {
            if (!request.topics) asked.emplace_back().name = name;
        }
        for (const auto& wanted : asked) {
            MetadataResponse::Topic topic;
            topic.name = wanted.name;
            const auto found = state_.topics.find(*wanted.name);
            if (found == state_.topics.end()) {
                topic.error_code = ErrorCode::unknown_topic_or_partition;
            } else {
                topic.topic_id = id_of(*wanted.name);
                for (std::int32_t i = 0; i < found->second; ++i) {
                    MetadataResponse::Partition partition;
                    partition.partition_index = i;
                    partition.leader_id = BrokerId{1};
                    partition.leader_epoch = LeaderEpoch{0};
                    partition.replica_nodes = {BrokerId{1}};
                    partition.isr_nodes = {BrokerId{1}};
                    topic.partitions.push_back(partition);
                }
            }
            response.topics.push_back(topic);
        }
        return reply(std::move(response));
    }

    Served create_topics(const CreateTopicsRequest& request) {
        CreateTopicsResponse response;
        for (const auto& wanted : request.topics) {
            CreateTopicsResponse::Topic topic;
            topic.name = wanted.name;
            if (!state_.topics.emplace(wanted.name, wanted.num_partitions).second) {
                topic.error_code = ErrorCode::topic_already_exists;
            }
            response.topics.push_back(topic);
        }
        return reply(std::move(response));
    }

    // ---- transactions ----

    template <class Request>
    Served coordinate(const Request& request, std::int16_t version) {
        using Trouble = FakeTransactions::Trouble;
        FakeTransactions& transactions = *state_.transactions;
        const Trouble trouble =
            transactions.trouble ? transactions.trouble(Request::api_key) : Trouble::none;
        if (trouble == Trouble::lost_request) node_.sleep_for(1h);
        std::optional<ErrorCode> refusal;
        if (transactions.refusal) refusal = transactions.refusal(Request::api_key);
        auto response = decide(request, version, refusal);
        if (trouble == Trouble::lost_answer) node_.sleep_for(1h);
        return reply(std::move(response));
    }
    InitProducerIdResponse decide(const InitProducerIdRequest& request, std::int16_t version,
                                  std::optional<ErrorCode> refusal) {
        if (!refusal) {
            auto response = state_.transactions->answer<InitProducerIdResponse>(request, version);
            state_.transactions->write_markers(*request.transactional_id);
            return response;
        }
        InitProducerIdResponse response;
        response.error_code = *refusal;
        return response;
    }
    EndTxnResponse decide(const EndTxnRequest& request, std::int16_t version,
                          std::optional<ErrorCode> refusal) {
        if (!refusal) {
            auto response = state_.transactions->answer<EndTxnResponse>(request, version);
            state_.transactions->write_markers(request.transactional_id);
            return response;
        }
        EndTxnResponse response;
        response.error_code = *refusal;
        return response;
    }
    ErrorCode add(const std::string& transactional_id, ProducerId id, ProducerEpoch epoch,
                  const TopicPartition& partition, std::int16_t version) {
        return state_.transactions
            ->answer<PartitionsAdded>(AddPartitions{.transactional_id = transactional_id,
                                                    .producer_id = id,
                                                    .producer_epoch = epoch,
                                                    .partitions = {partition}},
                                      version)
            .errors.at(partition);
    }
    AddPartitionsToTxnResponse decide(const AddPartitionsToTxnRequest& request,
                                      std::int16_t version, std::optional<ErrorCode> refusal) {
        AddPartitionsToTxnResponse response;
        for (const auto& topic : request.v3_and_below_topics) {
            auto& answered = response.results_by_topic_v3_and_below.emplace_back();
            answered.name = topic.name;
            for (const std::int32_t index : topic.partitions) {
                const ErrorCode error = refusal ? *refusal
                                                : add(request.v3_and_below_transactional_id,
                                                      request.v3_and_below_producer_id,
                                                      request.v3_and_below_producer_epoch,
                                                      {topic.name, index}, version);
                answered.results_by_partition.push_back(
                    {.partition_index = index, .partition_error_code = error});
            }
        }
        return response;
    }
    AddOffsetsToTxnResponse decide(const AddOffsetsToTxnRequest& request, std::int16_t version,
                                   std::optional<ErrorCode> refusal) {
        AddOffsetsToTxnResponse response;
        response.error_code = refusal ? *refusal
                                      : add(request.transactional_id, request.producer_id,
                                            request.producer_epoch, offsets_of_groups(), version);
        return response;
    }
    TxnOffsetCommitResponse decide(const TxnOffsetCommitRequest& request, std::int16_t version,
                                   std::optional<ErrorCode> refusal) {
        ErrorCode error = refusal.value_or(ErrorCode::none);
        if (!refusal && version >= 2) {
            error = add(request.transactional_id, request.producer_id, request.producer_epoch,
                        offsets_of_groups(), version);
        }
        TxnOffsetCommitResponse response;
        for (const auto& topic : request.topics) {
            auto& answered = response.topics.emplace_back();
            answered.name = topic.name;
            for (const auto& partition : topic.partitions) {
                answered.partitions.push_back(
                    {.partition_index = partition.partition_index, .error_code = error});
            }
        }
        return response;
    }
    static TopicPartition offsets_of_groups() {
        return {.topic = "__consumer_offsets", .partition = 0};
    }
    // Version 2: the leader makes its partition part of the transaction.
    std::optional<ErrorCode> refused_by_transaction(const ProduceRequest& request) {
        for (const auto& topic : request.topic_data) {
            for (const auto& data : topic.partition_data) {
                const BatchView batch = BatchView::at_front(data.records).value();
                const ErrorCode error =
                    add(*request.transactional_id, batch.producer_id(), batch.producer_epoch(),
                        {name_of(topic.name, topic.topic_id), data.index}, 2);
                if (error == ErrorCode::producer_fenced) return ErrorCode::invalid_producer_epoch;
                if (error != ErrorCode::none) return error;
            }
        }
        return std::nullopt;
    }

    Served produce(ProduceRequest& request, ApiVersion version) {
        ++state_.produce_requests;
        std::optional<ErrorCode> refusal = state_.on_produce ? state_.on_produce() : std::nullopt;
        if (!refusal && state_.transactions != nullptr && version >= 12) {
            refusal = refused_by_transaction(request);
        }
        ProduceResponse response;
        for (auto& topic : request.topic_data) {
            ProduceResponse::Topic answered;
            answered.name = topic.name;
            answered.topic_id = topic.topic_id;
            for (auto& data : topic.partition_data) {
                ProduceResponse::Partition partition;
                partition.index = data.index;
                partition.error_code = refusal.value_or(ErrorCode::none);
                if (!refusal || state_.appends_anyway) {
                    auto& log = state_.logs[{.topic = name_of(topic.name, topic.topic_id),
                                             .partition = data.index}];
                    stamp_batch(data.records, log.end, LeaderEpoch{0});
                    if (!refusal) partition.base_offset = log.end;
                    log.end = BatchView::at_front(data.records)->next_offset();
                    log.batches.push_back(std::move(data.records));
                }
                answered.partition_responses.push_back(partition);
            }
            response.responses.push_back(answered);
        }
        if (request.acks == 0) return {};
        if (state_.is_silent_about_produce) node_.sleep_for(1h);
        return reply(std::move(response));
    }

    Served fetch(const FetchRequest& request) {
        FetchResponse response = read(request);
        const bool is_empty = std::ranges::all_of(response.responses, [](const auto& topic) {
            return std::ranges::all_of(topic.partitions, [](const auto& partition) {
                return partition.records.empty() && partition.error_code == ErrorCode::none;
            });
        });
        if (is_empty) {
            node_.sleep_for(std::chrono::milliseconds(request.max_wait_ms));
            response = read(request);
        }
        return reply(std::move(response));
    }

    FetchResponse read(const FetchRequest& request) {
        FetchResponse response;
        for (const auto& topic : request.topics) {
            FetchResponse::Topic answered;
            answered.topic = topic.topic;
            answered.topic_id = topic.topic_id;
            for (const auto& wanted : topic.partitions) {
                const auto& log = state_.logs[{.topic = name_of(topic.topic, topic.topic_id),
                                               .partition = wanted.partition}];
                FetchResponse::Partition partition;
                partition.partition_index = wanted.partition;
                partition.high_watermark = log.end;
                if (wanted.fetch_offset > log.end) {
                    partition.error_code = ErrorCode::offset_out_of_range;
                }
                for (const Bytes& batch : log.batches) {
                    if (BatchView::at_front(batch)->next_offset() <= wanted.fetch_offset) continue;
                    partition.records.insert(partition.records.end(), batch.begin(), batch.end());
                }
                answered.partitions.push_back(partition);
            }
            response.responses.push_back(answered);
        }
        return response;
    }

    Served list_offsets(const ListOffsetsRequest& request) {
        ListOffsetsResponse response;
        for (const auto& topic : request.topics) {
            ListOffsetsResponse::Topic answered;
            answered.name = topic.name;
            for (const auto& wanted : topic.partitions) {
                ListOffsetsResponse::Partition partition;
                partition.partition_index = wanted.partition_index;
                partition.offset =
                    wanted.timestamp == -2
                        ? Offset{0}
                        : state_.logs[{.topic = topic.name, .partition = wanted.partition_index}]
                              .end;
                answered.partitions.push_back(partition);
            }
            response.topics.push_back(answered);
        }
        return reply(std::move(response));
    }

    // Its logs were never truncated: every epoch ends where they do.
    Served epoch_ends(const OffsetForLeaderEpochRequest& request) {
        OffsetForLeaderEpochResponse response;
        for (const auto& topic : request.topics) {
            OffsetForLeaderEpochResponse::Topic& answered = response.topics.emplace_back();
            answered.topic = topic.topic;
            for (const auto& wanted : topic.partitions) {
                answered.partitions.push_back(
                    {.partition = wanted.partition,
                     .leader_epoch = wanted.leader_epoch,
                     .end_offset =
                         state_.logs[{.topic = topic.topic, .partition = wanted.partition}].end});
            }
        }
        return reply(std::move(response));
    }

    ErrorCode check(const std::string& member, GenerationId generation) const {
        if (!state_.is_joined || member != state_.member_id) return ErrorCode::unknown_member_id;
        if (generation != GenerationId{state_.generation}) return ErrorCode::illegal_generation;
        return ErrorCode::none;
    }

    Served join(const JoinGroupRequest& request) {
        ++state_.joins;
        JoinGroupResponse response;
        if (request.member_id.empty()) {
            state_.member_id = "member-" + std::to_string(++state_.members_named);
            response.error_code = ErrorCode::member_id_required;
            response.member_id = state_.member_id;
        } else if (request.member_id != state_.member_id) {
            response.error_code = ErrorCode::unknown_member_id;
        } else {
            state_.is_joined = true;
            state_.is_rebalancing = false;
            response.generation_id = GenerationId{++state_.generation};
            response.protocol_type = "consumer";
            response.protocol_name = request.protocols.at(0).name;
            response.leader = response.member_id = request.member_id;
            response.members.push_back({.member_id = request.member_id,
                                        .group_instance_id = std::nullopt,
                                        .metadata = request.protocols.at(0).metadata});
        }
        return reply(std::move(response));
    }

    Served commit(const OffsetCommitRequest& request) {
        ErrorCode error = ErrorCode::none;
        if (!request.member_id.empty()) {
            error = check(request.member_id, request.generation_id_or_member_epoch);
        }
        if (state_.on_commit) error = state_.on_commit().value_or(error);
        OffsetCommitResponse response;
        for (const auto& topic : request.topics) {
            OffsetCommitResponse::Topic answered;
            answered.name = topic.name;
            answered.topic_id = topic.topic_id;
            for (const auto& partition : topic.partitions) {
                if (error == ErrorCode::none) {
                    state_.committed[{.topic = name_of(topic.name, topic.topic_id),
                                      .partition = partition.partition_index}] =
                        partition.committed_offset;
                }
                OffsetCommitResponse::Partition answer;
                answer.partition_index = partition.partition_index;
                answer.error_code = error;
                answered.partitions.push_back(answer);
            }
            response.topics.push_back(answered);
        }
        if (state_.is_silent_about_commits) node_.sleep_for(1h);
        return reply(std::move(response));
    }

    Served committed(const OffsetFetchRequest& request) {
        OffsetFetchResponse response;
        OffsetFetchResponse::Group group;
        group.group_id = request.groups.at(0).group_id;
        for (const auto& topic : *request.groups.at(0).topics) {
            auto& answered = group.topics.emplace_back();
            answered.name = topic.name;
            answered.topic_id = topic.topic_id;
            for (const std::int32_t index : topic.partition_indexes) {
                auto& partition = answered.partitions.emplace_back();
                partition.partition_index = index;
                const auto found = state_.committed.find(
                    {.topic = name_of(topic.name, topic.topic_id), .partition = index});
                if (found != state_.committed.end()) partition.committed_offset = found->second;
            }
        }
        response.groups.push_back(std::move(group));
        return reply(std::move(response));
    }

    sim::Node& node_;
    FakeBrokerState& state_;
    Server server_;
};

}  // namespace squall::model
