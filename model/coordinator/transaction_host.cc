#include "model/coordinator/transaction_host.h"

#include <algorithm>
#include <utility>

#include "model/coordinator/coordinator_partition.h"
#include "model/coordinator/regular_expression.h"
#include "model/events/group_events.h"
#include "model/events/transaction_events.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::chrono::milliseconds marker_retry_backoff{100};

// All records of a decision in one batch: replayed together or not at all.
Bytes encode_records(const std::vector<TransactionRecord>& records, TimestampMs timestamp) {
    BatchBuilder builder;
    for (const TransactionRecord& record : records) {
        const TransactionRecordBytes bytes = encode_transaction_record(record);
        std::optional<ByteView> value;
        if (bytes.value) value = ByteView(*bytes.value);
        builder.append(timestamp, ByteView(bytes.key), value);
    }
    return builder.finish();
}

std::vector<TopicPartition> listed(const std::set<TopicPartition>& partitions) {
    return {partitions.begin(), partitions.end()};
}

std::string_view state_name(const TransactionMetadata* metadata) {
    return to_string(metadata == nullptr ? TransactionState::dead : metadata->state);
}

void refuse(sim::Completer<InitProducerIdResponse>& completer, ErrorCode error) {
    InitProducerIdResponse response;
    response.error_code = error;
    completer.complete(response);
}
void refuse(sim::Completer<EndTxnResponse>& completer, ErrorCode error) {
    EndTxnResponse response;
    response.error_code = error;
    completer.complete(response);
}

// What a producer is told when a record could not be stored.
ErrorCode error_of_failed_append(ErrorCode error) {
    switch (error) {
        case ErrorCode::not_enough_replicas:
        case ErrorCode::not_enough_replicas_after_append:
        case ErrorCode::request_timed_out:
            return ErrorCode::coordinator_not_available;
        case ErrorCode::message_too_large:
        case ErrorCode::record_list_too_large:
            return ErrorCode::unknown_server_error;
        default:
            return ErrorCode::not_coordinator;
    }
}

void set_error(TransactionReply& reply, ErrorCode error) {
    if (auto* init = std::get_if<InitProducerIdResponse>(&reply.response)) {
        *init = InitProducerIdResponse{};
        init->error_code = error;
    } else if (auto* end = std::get_if<EndTxnResponse>(&reply.response)) {
        *end = EndTxnResponse{};
        end->error_code = error;
    } else {
        for (auto& [partition, each] : std::get<PartitionsAdded>(reply.response).errors) {
            each = error;
        }
    }
}

}  // namespace

TransactionHost::TransactionHost(TransactionOptions options,
                                 TransactionHostDependencies dependencies)
    : options_(options), dependencies_(std::move(dependencies)), node_(dependencies_.node) {
    dependencies_.replicas.observe_leadership(
        [this](const LeadershipChange& change) { on_leadership(change); });
    node_.spawn("transaction_timeouts", [this] {
        for (;;) {
            node_.sleep_for(options_.abort_timed_out_interval);
            abort_timed_out();
        }
    });
    node_.spawn("transactional_id_expiration", [this] {
        for (;;) {
            node_.sleep_for(options_.remove_expired_interval);
            remove_expired();
        }
    });
}

TransactionHost::~TransactionHost() = default;

std::int32_t TransactionHost::partition_of(std::string_view transactional_id) const {
    return coordinator_partition(transactional_id, options_.state_topic_num_partitions);
}

const TransactionShard* TransactionHost::find_active(std::int32_t partition) const {
    const auto found = shards_.find(partition);
    if (found == shards_.end() || found->second->phase != Phase::active) return nullptr;
    return &found->second->ids;
}

Moment TransactionHost::moment() const {
    return {node_.now(), node_.wall_now().ms()};
}

// ---- leadership ----

void TransactionHost::on_leadership(const LeadershipChange& change) {
    if (change.partition.topic != transaction_topic) return;
    if (!change.is_leader) return drop(change.partition.partition);
    const auto found = shards_.find(change.partition.partition);
    if (found != shards_.end() && found->second->leader_epoch == change.leader_epoch) return;
    drop(change.partition.partition);
    start_loading(change.partition, change.leader_epoch);
}

void TransactionHost::start_loading(const TopicPartition& partition, LeaderEpoch epoch) {
    const auto shard = std::make_shared<Shard>(partition, epoch, options_, &dependencies_.bugs);
    const bool is_new = shards_.emplace(partition.partition, shard).second;
    ASSERT(is_new, "{} is loaded twice", partition);
    node_.spawn(fmt::format("transaction_load/{}", partition.partition),
                [this, shard] { load(shard); });
}

void TransactionHost::load(const ShardRef& shard) {
    if (shard->phase != Phase::loading) return;
    const ReplicaHost::LogContent content =
        dependencies_.replicas.read_whole_log(shard->partition, shard->leader_epoch);
    // Either leadership has moved on, and the next change says so, or the log is damaged.
    if (content.error != ErrorCode::none || !replay(*shard, content.records).ok()) {
        shard->phase = Phase::failed;
        return;
    }
    if (!wait_until_committed(*shard, content.log_end_offset)) return;

    TransactionDecision unfinished = shard->ids.activate();
    shard->phase = Phase::active;
    node_.emit(
        CoordinatorChanged{dependencies_.broker, shard->partition, shard->leader_epoch, true});
    for (const auto& [id, metadata] : shard->ids.all()) {
        node_.emit(TransactionLoaded{.broker = dependencies_.broker,
                                     .coordinator_epoch = shard->leader_epoch.value(),
                                     .log = shard->partition,
                                     .log_offset = shard->offsets.at(id),
                                     .transactional_id = id,
                                     .state = std::string(to_string(metadata.state)),
                                     .producer_id = metadata.producer_id,
                                     .producer_epoch = metadata.producer_epoch,
                                     .partitions = listed(metadata.partitions)});
    }
    execute(shard, std::move(unfinished));
    // Ended without partitions: nothing but the last record is missing.
    std::vector<std::string> without_markers;
    for (const auto& [id, metadata] : shard->ids.all()) {
        if (metadata.is_ending() && metadata.partitions.empty()) without_markers.push_back(id);
    }
    for (const std::string& id : without_markers) {
        execute(shard, shard->ids.complete(id, moment()));
    }
}

Status TransactionHost::replay(Shard& shard, ByteView log) const {
    BatchCursor cursor(log);
    while (const auto batch = cursor.next()) {
        if (batch->attributes().is_control()) continue;
        RecordReader reader(*batch);
        RecordView record;
        while (reader.next(record)) {
            if (!record.key) continue;
            const auto decoded = decode_transaction_record(*record.key, record.value);
            if (!decoded.ok()) return decoded.error();
            if (!decoded.value()) continue;
            shard.ids.apply(*decoded.value());
            shard.offsets[decoded.value()->transactional_id] = reader.offset(record);
        }
        if (!reader.status().ok()) return reader.status();
    }
    if (cursor.end() == BatchCursor::End::corrupt) {
        return Error{Failure::corrupt, "a batch cannot be read"};
    }
    return success();
}

bool TransactionHost::wait_until_committed(const Shard& shard, Offset end) {
    while (shard.phase == Phase::loading) {
        const std::optional<Offset> high_watermark =
            dependencies_.replicas.high_watermark(shard.partition);
        if (high_watermark && *high_watermark >= end) return true;
        sim::Gate news(node_);
        const auto subscription =
            dependencies_.replicas.wait_for_news({shard.partition}, no_broker, news);
        news.wait();
    }
    return false;
}

void TransactionHost::drop(std::int32_t partition) {
    const auto found = shards_.find(partition);
    if (found == shards_.end()) return;
    const ShardRef shard = found->second;
    shards_.erase(found);
    const bool was_active = shard->phase == Phase::active;
    shard->phase = Phase::dropped;
    if (was_active) {
        node_.emit(
            CoordinatorChanged{dependencies_.broker, shard->partition, shard->leader_epoch, false});
    }
    for (const std::unique_ptr<Write>& write : shard->writes) {
        for (TransactionReply& parked : std::exchange(write->parked, {})) {
            set_error(parked, ErrorCode::not_coordinator);
            reply(std::move(parked));
        }
    }
    for (const auto& [call, waiting] : waiting_) {
        ASSERT(waiting.shard != shard.get(), "call {} waits at {}, which was dropped", call,
               shard->partition);
    }
}

void TransactionHost::drop_and_reload(const ShardRef& shard) {
    drop(shard->partition.partition);
    if (dependencies_.replicas.is_leader(shard->partition)) {
        start_loading(shard->partition, shard->leader_epoch);
    }
}

// ---- requests ----

std::variant<TransactionHost::ShardRef, ErrorCode> TransactionHost::find_shard(
    const std::string& transactional_id) const {
    const auto found = shards_.find(partition_of(transactional_id));
    if (found == shards_.end()) return ErrorCode::not_coordinator;
    switch (found->second->phase) {
        case Phase::loading:
            return ErrorCode::coordinator_load_in_progress;
        case Phase::active:
            return found->second;
        case Phase::failed:
        case Phase::dropped:
            break;
    }
    return ErrorCode::not_coordinator;
}

template <class Response, class Request>
void TransactionHost::decide(const ShardRef& shard, const Request& request,
                             std::int16_t client_version, sim::Completer<Response> completer) {
    const TransactionCall call{.call = next_call_,
                               .client_version = client_version,
                               .fresh_producer_id = dependencies_.producer_ids.peek(),
                               .at = moment()};
    ++next_call_;
    waiting_.emplace(call.call, Waiting{shard.get(), std::move(completer)});
    TransactionDecision decision = shard->ids.handle(request, call);
    spend_producer_id(decision);
    execute(shard, std::move(decision));
}

// An id that went into a record is nobody else's any more, whatever becomes of the record.
void TransactionHost::spend_producer_id(const TransactionDecision& decision) {
    const std::optional<ProducerId> fresh = dependencies_.producer_ids.peek();
    const bool is_spent =
        fresh && std::ranges::any_of(decision.records, [&](const TransactionRecord& record) {
            return record.value && (record.value->producer_id == *fresh ||
                                    record.value->next_producer_id == *fresh);
        });
    if (is_spent) dependencies_.producer_ids.take();
}

void TransactionHost::handle(const InitProducerIdRequest& request,
                             sim::Completer<InitProducerIdResponse> completer) {
    ASSERT(request.transactional_id.has_value(), "no transactional id");
    const auto found = find_shard(*request.transactional_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) return refuse(completer, *error);
    // An identity has no transaction.version; what is aborted for it keeps its own.
    decide(std::get<ShardRef>(found), request, 0, std::move(completer));
}

void TransactionHost::handle(const AddPartitions& request, std::int16_t client_version,
                             sim::Completer<PartitionsAdded> completer) {
    if (request.transactional_id.empty()) {
        return completer.complete(PartitionsAdded::all(request, ErrorCode::invalid_request));
    }
    const auto found = find_shard(request.transactional_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) {
        return completer.complete(PartitionsAdded::all(request, *error));
    }
    decide(std::get<ShardRef>(found), request, client_version, std::move(completer));
}

void TransactionHost::handle(const EndTxnRequest& request, std::int16_t client_version,
                             sim::Completer<EndTxnResponse> completer) {
    if (request.transactional_id.empty()) return refuse(completer, ErrorCode::invalid_request);
    const auto found = find_shard(request.transactional_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) return refuse(completer, *error);
    decide(std::get<ShardRef>(found), request, client_version, std::move(completer));
}

DescribeTransactionsResponse::Transaction TransactionHost::describe(
    const std::string& transactional_id) const {
    DescribeTransactionsResponse::Transaction answer;
    answer.transactional_id = transactional_id;
    const auto found = find_shard(transactional_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) {
        answer.error_code = *error;
        return answer;
    }
    const TransactionMetadata* const metadata =
        std::get<ShardRef>(found)->ids.find(transactional_id);
    if (metadata == nullptr) {
        answer.error_code = ErrorCode::transactional_id_not_found;
        return answer;
    }
    answer.transaction_state = to_string(metadata->state);
    answer.transaction_timeout_ms = static_cast<std::int32_t>(metadata->timeout.count());
    answer.transaction_start_time_ms = metadata->start_timestamp;
    answer.producer_id = metadata->producer_id;
    answer.producer_epoch = metadata->producer_epoch;
    for (const TopicPartition& partition : metadata->partitions) {
        if (answer.topics.empty() || answer.topics.back().topic != partition.topic) {
            answer.topics.emplace_back().topic = partition.topic;
        }
        answer.topics.back().partitions.push_back(partition.partition);
    }
    return answer;
}

// Every filter that is given must agree; an unknown name of a state is told, and matches nothing.
// A pattern of ids (KIP-1152) that cannot be read is refused.
ListTransactionsResponse TransactionHost::list(const ListTransactionsRequest& request) const {
    ListTransactionsResponse response;
    std::optional<RegularExpression> pattern;
    if (request.transactional_id_pattern && !request.transactional_id_pattern->empty()) {
        auto parsed = RegularExpression::parse(*request.transactional_id_pattern);
        if (!parsed) {
            response.error_code = ErrorCode::invalid_regular_expression;
            return response;
        }
        pattern = std::move(parsed).value();
    }
    const TimestampMs now = moment().wall_ms;
    std::set<std::string> known_states;
    for (int state = 0; state <= static_cast<int>(TransactionState::dead); ++state) {
        known_states.emplace(to_string(static_cast<TransactionState>(state)));
    }
    for (const std::string& name : request.state_filters) {
        if (!known_states.contains(name)) response.unknown_state_filters.push_back(name);
    }
    for (const auto& [partition, shard] : shards_) {
        if (shard->phase == Phase::loading) {
            response.error_code = ErrorCode::coordinator_load_in_progress;
        }
        if (shard->phase != Phase::active) continue;
        for (const auto& [id, metadata] : shard->ids.all()) {
            const auto lists = [](const auto& filter, const auto& value) {
                return filter.empty() || std::ranges::find(filter, value) != filter.end();
            };
            const bool runs_long = request.duration_filter < 0 ||
                                   now - metadata.start_timestamp > request.duration_filter;
            const bool is_named = !pattern || pattern->matches(id);
            if (!lists(request.state_filters, std::string(to_string(metadata.state))) ||
                !lists(request.producer_id_filters, metadata.producer_id) || !runs_long ||
                !is_named) {
                continue;
            }
            response.transaction_states.push_back(
                {.transactional_id = id,
                 .producer_id = metadata.producer_id,
                 .transaction_state = std::string(to_string(metadata.state))});
        }
    }
    return response;
}

// ---- effects ----

void TransactionHost::execute(const ShardRef& shard, TransactionDecision decision) {
    ASSERT(shard->phase == Phase::active, "a decision on {}, which is not active",
           shard->partition);
    std::set<std::string> touched;
    for (const TransactionChange& change : decision.changes) {
        shard->ids.apply(change);
        touched.insert(change.transactional_id);
    }
    shard->ids.check_invariants();
    for (TransactionReply& each : decision.replies) reply(std::move(each));
    if (!decision.records.empty()) append(shard, std::move(decision));
    for (const std::string& id : touched) start_marking(shard, id);
}

void TransactionHost::reply(TransactionReply reply) {
    const auto found = waiting_.find(reply.call);
    ASSERT(found != waiting_.end(), "call {} is answered twice", reply.call);
    AnyCompleter completer = std::move(found->second.completer);
    waiting_.erase(found);
    std::visit(
        [&]<class Response>(Response& response) {
            auto* const typed = std::get_if<sim::Completer<Response>>(&completer);
            ASSERT(typed != nullptr, "call {} is answered with another API's response", reply.call);
            typed->complete(std::move(response));
        },
        reply.response);
}

// Appends are started in the order of the decisions, so they are committed in that order.
void TransactionHost::append(const ShardRef& shard, TransactionDecision decision) {
    auto write = std::make_unique<Write>(node_);
    write->records = std::move(decision.records);
    write->parked = std::move(decision.parked);
    write->follow_up = std::move(decision.follow_up);
    sim::Completer<AppendOutcome> completer = write->appended.completer();
    Bytes batch = encode_records(write->records, node_.wall_now().ms());
    shard->writes.push_back(std::move(write));
    dependencies_.replicas.append(shard->partition, std::move(batch), -1, AppendOrigin::coordinator,
                                  shard->leader_epoch, std::move(completer));
    if (shard->is_settling) return;
    shard->is_settling = true;
    node_.spawn(fmt::format("transaction_append/{}", shard->partition.partition),
                [this, shard] { settle(shard); });
}

// Waits for the writes of a shard, one after the other, for as long as there are any.
void TransactionHost::settle(const ShardRef& shard) {
    while (shard->phase == Phase::active && !shard->writes.empty()) {
        const std::optional<AppendOutcome> outcome = shard->writes.front()->appended.await();
        if (shard->phase != Phase::active) break;
        const ErrorCode error =
            outcome ? outcome->error : ErrorCode::not_leader_or_follower;  // nobody will say
        if (error != ErrorCode::none && !proves_not_written(error)) {
            shard->is_settling = false;
            drop_and_reload(shard);
            return;
        }
        const std::unique_ptr<Write> write = std::move(shard->writes.front());
        shard->writes.pop_front();
        if (error == ErrorCode::none) {
            commit(shard, *write, outcome->base_offset);
        } else {
            fail(shard, *write, error);
        }
    }
    shard->is_settling = false;
}

void TransactionHost::commit(const ShardRef& shard, Write& write, Offset base_offset) {
    Offset offset = base_offset;
    for (const TransactionRecord& record : write.records) {
        const TransactionMetadata* const before = shard->ids.find(record.transactional_id);
        TransactionStateChanged event{
            .broker = dependencies_.broker,
            .coordinator_epoch = shard->leader_epoch.value(),
            .log = shard->partition,
            .log_offset = offset,
            .transactional_id = record.transactional_id,
            .from = std::string(before == nullptr ? to_string(TransactionState::empty)
                                                  : state_name(before)),
            .to = {},
            .producer_id = no_producer_id,
            .producer_epoch = no_producer_epoch,
            .partitions = {},
            .reason = write.follow_up ? write.follow_up->reason : ""};
        shard->ids.apply(record);
        shard->offsets[record.transactional_id] = offset;
        const TransactionMetadata* const now = shard->ids.find(record.transactional_id);
        event.to = state_name(now);
        if (now != nullptr) {
            event.producer_id = now->producer_id;
            event.producer_epoch = now->producer_epoch;
            event.partitions = listed(now->partitions);
        }
        node_.emit(event);
        ++offset;
    }
    for (TransactionReply& parked : std::exchange(write.parked, {})) reply(std::move(parked));
    if (write.follow_up) {
        execute(shard, shard->ids.on_stored(*write.follow_up, ErrorCode::none, moment()));
    }
}

// The batch is certainly not in the log.
void TransactionHost::fail(const ShardRef& shard, Write& write, ErrorCode error) {
    for (TransactionReply& parked : std::exchange(write.parked, {})) {
        set_error(parked, error_of_failed_append(error));
        reply(std::move(parked));
    }
    if (!write.follow_up) return;
    execute(shard, shard->ids.on_stored(*write.follow_up, error, moment()));
    retry_completion(shard, write.follow_up->transactional_id);
}

// What was decided is finished, however often its last record is refused.
void TransactionHost::retry_completion(const ShardRef& shard, const std::string& transactional_id) {
    const TransactionMetadata* const metadata = shard->ids.find(transactional_id);
    if (metadata == nullptr || !metadata->is_ending()) return;
    if (!shard->completing.insert(transactional_id).second) return;
    node_.spawn(fmt::format("transaction_completion/{}", transactional_id),
                [this, shard, transactional_id] {
                    node_.sleep_for(marker_retry_backoff);
                    shard->completing.erase(transactional_id);
                    if (shard->phase != Phase::active) return;
                    execute(shard, shard->ids.complete(transactional_id, moment()));
                });
}

// ---- markers ----

void TransactionHost::start_marking(const ShardRef& shard, const std::string& transactional_id) {
    if (!shard->ids.due_marker(transactional_id)) return;
    if (!shard->marking.insert(transactional_id).second) return;
    node_.spawn(fmt::format("transaction_markers/{}", transactional_id),
                [this, shard, transactional_id] { write_markers(shard, transactional_id); });
}

void TransactionHost::write_markers(const ShardRef& shard, const std::string& transactional_id) {
    while (shard->phase == Phase::active) {
        const std::optional<DueMarker> marker = shard->ids.due_marker(transactional_id);
        if (!marker) break;
        if (!ask_leaders(shard, *marker)) break;
        if (shard->phase != Phase::active || !shard->ids.due_marker(transactional_id)) break;
        node_.sleep_for(marker_retry_backoff);
    }
    shard->marking.erase(transactional_id);
}

bool TransactionHost::ask_leaders(const ShardRef& shard, const DueMarker& marker) {
    std::map<BrokerId, WriteTxnMarkersRequest> requests;
    std::vector<TopicPartition> gone;
    const MetadataImage& image = dependencies_.image();
    for (const TopicPartition& partition : marker.partitions) {
        const PartitionImage* const known = image.find_partition(partition);
        if (known == nullptr) {
            // A deleted topic has nobody who waits for its marker.
            gone.push_back(partition);
            continue;
        }
        const BrokerImage* const leader = image.find_broker(known->leader);
        if (leader == nullptr || leader->fenced) continue;
        WriteTxnMarkersRequest& request = requests[known->leader];
        if (request.markers.empty()) {
            request.markers.push_back(
                {.producer_id = marker.producer_id,
                 .producer_epoch = marker.producer_epoch,
                 .transaction_result = marker.commit,
                 .topics = {},
                 .coordinator_epoch = shard->leader_epoch.value(),
                 .transaction_version = static_cast<std::int8_t>(marker.transaction_version)});
        }
        auto& topics = request.markers.front().topics;
        if (topics.empty() || topics.back().name != partition.topic) {
            topics.push_back({.name = partition.topic, .partition_indexes = {}});
        }
        topics.back().partition_indexes.push_back(partition.partition);
    }
    for (const TopicPartition& partition : gone) {
        execute(shard, shard->ids.on_marker_written(marker, partition, moment()));
    }
    // A leader that does not answer must not hold up the others.
    struct Asked {
        explicit Asked(sim::Node& node) : answer(node) {}
        sim::Completion<Result<WriteTxnMarkersResponse>> answer;
    };
    std::vector<std::unique_ptr<Asked>> asked;
    for (auto& entry : requests) {
        asked.push_back(std::make_unique<Asked>(node_));
        auto completer = std::make_shared<sim::Completer<Result<WriteTxnMarkersResponse>>>(
            asked.back()->answer.completer());
        node_.spawn(fmt::format("transaction_markers/{}/{}", marker.transactional_id, entry.first),
                    [this, leader = entry.first, request = std::move(entry.second), completer] {
                        completer->complete(dependencies_.write_markers(leader, request));
                    });
    }
    bool goes_on = true;
    for (const auto& each : asked) {
        const auto answer = each->answer.await();
        if (shard->phase != Phase::active) return false;
        if (answer) goes_on = take_answer(shard, marker, *answer) && goes_on;
    }
    return goes_on;
}

bool TransactionHost::take_answer(const ShardRef& shard, const DueMarker& marker,
                                  const Result<WriteTxnMarkersResponse>& answer) {
    if (!answer) return true;
    for (const WriteTxnMarkersResponse::Marker& written : answer->markers) {
        for (const WriteTxnMarkersResponse::Topic& topic : written.topics) {
            for (const WriteTxnMarkersResponse::Partition& partition : topic.partitions) {
                if (partition.error_code == ErrorCode::none) {
                    execute(shard, shard->ids.on_marker_written(
                                       marker, {topic.name, partition.partition_index}, moment()));
                } else if (partition.error_code == ErrorCode::transaction_coordinator_fenced ||
                           partition.error_code == ErrorCode::invalid_producer_epoch) {
                    // A later coordinator has been here: it finishes what is left.
                    return false;
                }
            }
        }
    }
    return true;
}

// ---- time ----

void TransactionHost::abort_timed_out() {
    for (const auto& [partition, shard] : std::map(shards_)) {
        if (shard->phase != Phase::active) continue;
        std::set<std::string> asked;
        for (;;) {
            TransactionDecision decision =
                shard->ids.abort_timed_out(asked, dependencies_.producer_ids.peek(), moment());
            if (decision.records.empty()) break;
            asked.insert(decision.records.front().transactional_id);
            spend_producer_id(decision);
            execute(shard, std::move(decision));
        }
    }
}

void TransactionHost::remove_expired() {
    for (const auto& [partition, shard] : std::map(shards_)) {
        while (shard->phase == Phase::active) {
            TransactionDecision decision = shard->ids.expire(moment());
            if (decision.records.empty()) break;
            execute(shard, std::move(decision));
        }
    }
}

}  // namespace squall::model
