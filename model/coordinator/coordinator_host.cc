#include "model/coordinator/coordinator_host.h"

#include <algorithm>
#include <utility>

#include "model/coordinator/coordinator_partition.h"
#include "model/events/group_events.h"
#include "model/events/transaction_events.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

// Why a member is none any more whose group.instance.id another process came with (KIP-345).
constexpr std::string_view reason_replaced = "replaced";

// Whose transaction the records of a decision wait for.
const OffsetsStored* transaction_of(const std::optional<GroupFollowUp>& follow_up) {
    const auto* const stored = follow_up ? std::get_if<OffsetsStored>(&*follow_up) : nullptr;
    return stored != nullptr && stored->producer_id != no_producer_id ? stored : nullptr;
}

// All records of a decision in one batch: replayed together or not at all.
Bytes encode_records(const std::vector<GroupRecord>& records, TimestampMs timestamp,
                     const OffsetsStored* transaction) {
    BatchBuilder::Options options;
    if (transaction != nullptr) {
        options.producer_id = transaction->producer_id;
        options.producer_epoch = transaction->producer_epoch;
        options.is_transactional = true;
    }
    BatchBuilder builder(options);
    for (const GroupRecord& record : records) {
        const KeyAndValue bytes = encode_group_record(record);
        std::optional<ByteView> value;
        if (bytes.value) value = ByteView(*bytes.value);
        builder.append(timestamp, ByteView(bytes.key), value);
    }
    return builder.finish();
}

// Folds the records of a log into `groups`.
Status replay(ByteView log, GroupShard& groups) {
    BatchCursor cursor(log);
    while (const auto batch = cursor.next()) {
        if (batch->attributes().is_control()) {
            // A control batch that compaction emptied ends nothing any more.
            const Result<TransactionMarker> marker = read_marker(*batch);
            if (marker) groups.end_transaction(marker->producer_id, marker->is_commit);
            continue;
        }
        const bool is_pending = batch->attributes().is_transactional();
        RecordReader reader(*batch);
        RecordView record;
        while (reader.next(record)) {
            if (!record.key) continue;
            const auto decoded = decode_group_record(*record.key, record.value);
            if (!decoded.ok()) return decoded.error();
            if (!decoded.value()) continue;
            groups.apply(*decoded.value(),
                         {.offset = reader.offset(record),
                          .producer_id = is_pending ? batch->producer_id() : no_producer_id});
        }
        if (!reader.status().ok()) return reader.status();
    }
    if (cursor.end() == BatchCursor::End::corrupt) {
        return Error{Failure::corrupt, "a batch cannot be read"};
    }
    return success();
}

template <class Response>
Response error_response(ErrorCode error) {
    Response response;
    response.error_code = error;
    return response;
}

// Commits are answered partition by partition; the ones refused already keep their reason.
template <class Response>
void fail_commit(Response& response, ErrorCode error) {
    for (auto& topic : response.topics) {
        for (auto& partition : topic.partitions) {
            if (partition.error_code == ErrorCode::none) partition.error_code = error;
        }
    }
}
void fail_commit(GroupReply& reply, ErrorCode error) {
    if (auto* const heartbeat = std::get_if<ConsumerGroupHeartbeatResponse>(&reply.response)) {
        *heartbeat = error_response<ConsumerGroupHeartbeatResponse>(error);
    } else if (auto* const deleted = std::get_if<GroupDeletion::Response>(&reply.response)) {
        deleted->error_code = error;
    } else if (auto* const offsets = std::get_if<OffsetDeleteResponse>(&reply.response)) {
        *offsets = error_response<OffsetDeleteResponse>(error);
    } else if (auto* const join = std::get_if<JoinGroupResponse>(&reply.response)) {
        *join = error_response<JoinGroupResponse>(error);
    } else if (auto* const sync = std::get_if<SyncGroupResponse>(&reply.response)) {
        *sync = error_response<SyncGroupResponse>(error);
    } else if (auto* const classic = std::get_if<HeartbeatResponse>(&reply.response)) {
        *classic = error_response<HeartbeatResponse>(error);
    } else if (auto* const leave = std::get_if<LeaveGroupResponse>(&reply.response)) {
        *leave = error_response<LeaveGroupResponse>(error);
    } else if (auto* const plain = std::get_if<OffsetCommitResponse>(&reply.response)) {
        fail_commit(*plain, error);
    } else {
        fail_commit(std::get<TxnOffsetCommitResponse>(reply.response), error);
    }
}

// What a producer must hear as it is: its own transaction is at fault, not the log.
ErrorCode error_for_failed_commit(ErrorCode error) {
    switch (error) {
        case ErrorCode::invalid_producer_epoch:
        case ErrorCode::invalid_txn_state:
        case ErrorCode::out_of_order_sequence_number:
            return error;
        default:
            return error_for_failed_append(error);
    }
}

// Commits and fetches may name the empty group, a relic of consumers without groups.
bool is_valid_group_id(const std::string& group) {
    return !group.empty();
}

std::string_view reason_of(const GroupChange& change) {
    using namespace group_change;
    if (const auto* rebalance = std::get_if<RebalanceStarted>(&change.what)) {
        return rebalance->reason;
    }
    if (std::holds_alternative<GenerationStarted>(change.what)) return "the join phase is over";
    if (std::holds_alternative<BecameStable>(change.what)) return "the assignment is stored";
    return "";
}

std::string_view state_name(const ClassicGroup* group) {
    return to_string(group == nullptr ? GroupState::empty : group->state());
}

}  // namespace

CoordinatorHost::CoordinatorHost(sim::Node& node, BrokerId broker, GroupCoordinatorOptions options,
                                 ReplicaHost& replicas, const BugSet* bugs,
                                 std::function<const MetadataImage&()> image)
    : node_(node),
      broker_(broker),
      options_(options),
      replicas_(replicas),
      bugs_(bugs),
      image_(std::move(image)),
      next_retention_check_(node.now() + Duration(options.offsets_retention_check_interval)),
      timers_changed_(node) {
    replicas_.observe_leadership([this](const LeadershipChange& change) { on_leadership(change); });
    node_.spawn("group_timers", [this] { run_timers(); });
}

CoordinatorHost::~CoordinatorHost() = default;

std::int32_t CoordinatorHost::partition_of(std::string_view group) const {
    return coordinator_partition(group, options_.offsets_topic_num_partitions);
}

const GroupShard* CoordinatorHost::find_active(std::int32_t partition) const {
    const auto found = shards_.find(partition);
    if (found == shards_.end() || found->second->phase != Phase::active) return nullptr;
    return &found->second->groups;
}

CoordinatorHost::FoundShard CoordinatorHost::find_group_shard(const std::string& group) const {
    const auto found = find_shard(group);
    if (const auto* error = std::get_if<ErrorCode>(&found)) return {.error = *error};
    return {.shard = &std::get<ShardRef>(found)->groups};
}

bool CoordinatorHost::is_loading() const {
    return std::ranges::any_of(
        shards_, [](const auto& entry) { return entry.second->phase == Phase::loading; });
}

void CoordinatorHost::visit_shards(const std::function<void(const GroupShard&)>& visit) const {
    for (const auto& [partition, shard] : shards_) {
        if (shard->phase == Phase::active) visit(shard->groups);
    }
}

const MetadataImage& CoordinatorHost::image() const {
    static const MetadataImage nothing;
    return image_ ? image_() : nothing;
}

Moment CoordinatorHost::moment() const {
    return {node_.now(), node_.wall_now().ms()};
}

// ---- leadership ----

void CoordinatorHost::on_leadership(const LeadershipChange& change) {
    if (change.partition.topic != offsets_topic) return;
    if (!change.is_leader) {
        drop(change.partition.partition);
        return;
    }
    const auto found = shards_.find(change.partition.partition);
    if (found != shards_.end() && found->second->leader_epoch == change.leader_epoch) return;
    drop(change.partition.partition);
    start_loading(change.partition, change.leader_epoch);
}

void CoordinatorHost::start_loading(const TopicPartition& partition, LeaderEpoch epoch) {
    const auto shard = std::make_shared<Shard>(partition, epoch, options_, bugs_);
    const bool is_new = shards_.emplace(partition.partition, shard).second;
    ASSERT(is_new, "{} is held already", partition);
    node_.spawn(fmt::format("group_load/{}", partition.partition), [this, shard] { load(shard); });
}

void CoordinatorHost::load(const ShardRef& shard) {
    if (shard->phase != Phase::loading) return;
    const ReplicaHost::LogContent content =
        replicas_.read_whole_log(shard->partition, shard->leader_epoch);
    // Either leadership has moved on, and the next change says so, or the log is damaged: the
    // groups are lost until another replica leads.
    if (content.error != ErrorCode::none || !replay(content.records, shard->groups).ok()) {
        shard->phase = Phase::failed;
        return;
    }
    if (!wait_until_committed(*shard, content.log_end_offset)) return;

    GroupDecision sessions = shard->groups.activate(moment());
    shard->phase = Phase::active;
    node_.emit(CoordinatorChanged{broker_, shard->partition, shard->leader_epoch, true});
    execute(shard, std::move(sessions));
}

bool CoordinatorHost::wait_until_committed(const Shard& shard, Offset end) {
    while (shard.phase == Phase::loading) {
        const std::optional<Offset> high_watermark = replicas_.high_watermark(shard.partition);
        if (high_watermark && *high_watermark >= end) return true;
        sim::Gate news(node_);
        const auto subscription = replicas_.wait_for_news({shard.partition}, no_broker, news);
        news.wait();
    }
    return false;
}

void CoordinatorHost::drop(std::int32_t partition) {
    const auto found = shards_.find(partition);
    if (found == shards_.end()) return;
    const ShardRef shard = found->second;
    shards_.erase(found);
    const bool was_active = shard->phase == Phase::active;
    shard->phase = Phase::dropped;
    if (was_active) {
        node_.emit(CoordinatorChanged{broker_, shard->partition, shard->leader_epoch, false});
    }
    for (const std::unique_ptr<Write>& write : shard->writes) {
        for (GroupReply& parked : write->parked) {
            fail_commit(parked, ErrorCode::not_coordinator);
            reply(std::move(parked));
        }
        write->parked.clear();
        // Whether the marker stands, the next coordinator knows: to be asked again.
        if (write->marker) {
            write->marker->completer.complete(ErrorCode::not_leader_or_follower);
            write->marker.reset();
        }
    }
    // What is left waits for a generation or an assignment.
    for (auto each = waiting_.begin(); each != waiting_.end();) {
        if (each->second.shard != shard.get()) {
            ++each;
            continue;
        }
        AnyCompleter completer = std::move(each->second.completer);
        each = waiting_.erase(each);
        if (auto* join = std::get_if<sim::Completer<JoinGroupResponse>>(&completer)) {
            join->complete(error_response<JoinGroupResponse>(ErrorCode::not_coordinator));
        } else if (auto* sync = std::get_if<sim::Completer<SyncGroupResponse>>(&completer)) {
            sync->complete(error_response<SyncGroupResponse>(ErrorCode::not_coordinator));
        } else {
            UNREACHABLE("a call that never waits was left waiting at {}", shard->partition);
        }
    }
}

void CoordinatorHost::drop_and_reload(const ShardRef& shard) {
    drop(shard->partition.partition);
    if (replicas_.is_leader(shard->partition)) {
        start_loading(shard->partition, shard->leader_epoch);
    }
}

// ---- requests ----

std::variant<CoordinatorHost::ShardRef, ErrorCode> CoordinatorHost::find_shard(
    const std::string& group) const {
    const auto found = shards_.find(partition_of(group));
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

std::string CoordinatorHost::draw_uuid(const std::string& group) {
    Draws& draws = node_.draws(fmt::format("member ids of {}", group));
    const std::uint64_t high = draws.bits();
    const std::uint64_t low = draws.bits();
    const std::string hex = to_hex(high) + to_hex(low);
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                       hex.substr(16, 4), hex.substr(20));
}

template <class Request>
void CoordinatorHost::decide(const ShardRef& shard, const Request& request,
                             const GroupCaller& caller,
                             sim::Completer<typename Request::Response> completer,
                             TransactionTerms terms) {
    GroupCall call;
    call.call = next_call_;
    ++next_call_;
    call.version = caller.version;
    call.client_id = caller.client_id;
    call.client_host = caller.client_host;
    if constexpr (std::is_same_v<Request, JoinGroupRequest>) {
        if (request.member_id.empty()) call.fresh_uuid = draw_uuid(request.group_id);
    }
    call.at = moment();
    waiting_.emplace(call.call, Waiting{shard.get(), std::move(completer)});
    if constexpr (std::is_same_v<Request, ConsumerGroupHeartbeatRequest> ||
                  std::is_same_v<Request, JoinGroupRequest> ||
                  std::is_same_v<Request, SyncGroupRequest>) {
        execute(shard, shard->groups.handle(request, call, image()));
    } else {
        execute(shard, shard->groups.handle(request, call), terms);
    }
}

template <class Request>
void CoordinatorHost::serve(const Request& request, const GroupCaller& caller,
                            sim::Completer<typename Request::Response> completer) {
    using Response = typename Request::Response;
    if (!is_valid_group_id(request.group_id)) {
        completer.complete(error_response<Response>(ErrorCode::invalid_group_id));
        return;
    }
    const auto found = find_shard(request.group_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) {
        completer.complete(error_response<Response>(*error));
        return;
    }
    decide(std::get<ShardRef>(found), request, caller, std::move(completer));
}

void CoordinatorHost::handle(const JoinGroupRequest& request, const GroupCaller& caller,
                             sim::Completer<JoinGroupResponse> completer) {
    serve(request, caller, std::move(completer));
}
void CoordinatorHost::handle(const SyncGroupRequest& request, const GroupCaller& caller,
                             sim::Completer<SyncGroupResponse> completer) {
    serve(request, caller, std::move(completer));
}
void CoordinatorHost::handle(const HeartbeatRequest& request, const GroupCaller& caller,
                             sim::Completer<HeartbeatResponse> completer) {
    serve(request, caller, std::move(completer));
}
void CoordinatorHost::handle(const LeaveGroupRequest& request, const GroupCaller& caller,
                             sim::Completer<LeaveGroupResponse> completer) {
    serve(request, caller, std::move(completer));
}

void CoordinatorHost::handle(const ConsumerGroupHeartbeatRequest& request,
                             const GroupCaller& caller,
                             sim::Completer<ConsumerGroupHeartbeatResponse> completer) {
    serve(request, caller, std::move(completer));
}

void CoordinatorHost::handle(const OffsetCommitRequest& request, const GroupCaller& caller,
                             sim::Completer<OffsetCommitResponse> completer) {
    const auto found = find_shard(request.group_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) {
        completer.complete(offset_commit_error(request, *error));
        return;
    }
    decide(std::get<ShardRef>(found), request, caller, std::move(completer));
}

// The empty group, a relic, can be deleted as well.
void CoordinatorHost::handle(const GroupDeletion& request, const GroupCaller& caller,
                             sim::Completer<GroupDeletion::Response> completer) {
    const auto found = find_shard(request.group_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) {
        completer.complete({request.group_id, *error});
        return;
    }
    decide(std::get<ShardRef>(found), request, caller, std::move(completer));
}

void CoordinatorHost::handle(const OffsetDeleteRequest& request, const GroupCaller& caller,
                             sim::Completer<OffsetDeleteResponse> completer) {
    serve(request, caller, std::move(completer));
}

void CoordinatorHost::handle(const TxnOffsetCommitRequest& request, const GroupCaller& caller,
                             TransactionTerms terms,
                             sim::Completer<TxnOffsetCommitResponse> completer) {
    const auto found = find_shard(request.group_id);
    if (const auto* error = std::get_if<ErrorCode>(&found)) {
        completer.complete(txn_offset_commit_error(request, *error));
        return;
    }
    decide(std::get<ShardRef>(found), request, caller, std::move(completer), terms);
}

void CoordinatorHost::write_marker(std::int32_t partition, const TransactionMarker& marker,
                                   TransactionTerms terms, sim::Completer<ErrorCode> completer) {
    const auto found = shards_.find(partition);
    if (found == shards_.end() || found->second->phase != Phase::active) {
        // Not the leader, or not ready to say what the marker does: to be asked again. The
        // transaction coordinator expects the errors of a partition, not those of another one.
        completer.complete(ErrorCode::not_leader_or_follower);
        return;
    }
    auto write = std::make_unique<Write>(node_);
    write->deadline = LocalTime::max();
    write->marker.emplace(Write::Marker{marker, std::move(completer)});
    start_write(found->second, std::move(write), marker_batch(marker, node_.wall_now().ms()),
                terms);
}

void CoordinatorHost::handle(const OffsetFetchRequest& request, const GroupCaller& caller,
                             sim::Completer<OffsetFetchResponse> completer) {
    OffsetFetchResponse response;
    if (caller.version >= 8) {
        for (const OffsetFetchRequest::Group& group : request.groups) {
            response.groups.push_back(fetch(group, request.require_stable));
        }
        completer.complete(std::move(response));
        return;
    }
    OffsetFetchRequest::Group group;
    group.group_id = request.group_id;
    group.topics = request.topics;
    OffsetFetchResponse::Group answer = fetch(group, request.require_stable);
    response.error_code = answer.error_code;
    response.topics = std::move(answer.topics);
    if (answer.error_code != ErrorCode::none && request.topics) {
        // Before version 2 there is no place for an error but at each partition.
        for (const OffsetFetchRequest::Topic& asked : *request.topics) {
            OffsetFetchResponse::Topic& topic = response.topics.emplace_back();
            topic.name = asked.name;
            for (const std::int32_t index : asked.partition_indexes) {
                OffsetFetchResponse::Partition& partition = topic.partitions.emplace_back();
                partition.partition_index = index;
                partition.metadata = std::string();
                partition.error_code = answer.error_code;
            }
        }
    }
    completer.complete(std::move(response));
}

OffsetFetchResponse::Group CoordinatorHost::fetch(const OffsetFetchRequest::Group& request,
                                                  bool require_stable) const {
    const auto found = find_shard(request.group_id);
    if (const auto* shard = std::get_if<ShardRef>(&found)) {
        return (*shard)->groups.fetch(request, require_stable);
    }
    OffsetFetchResponse::Group answer;
    answer.group_id = request.group_id;
    answer.error_code = std::get<ErrorCode>(found);
    return answer;
}

// ---- effects ----

void CoordinatorHost::execute(const ShardRef& shard, GroupDecision decision,
                              TransactionTerms terms) {
    ASSERT(shard->phase == Phase::active, "a decision on {}, which is not active",
           shard->partition);
    for (const GroupChange& change : decision.changes) apply(*shard, change);
    std::string_view checked;
    for (const GroupChange& change : decision.changes) {
        if (change.group == checked) continue;
        checked = change.group;
        const ClassicGroup* const group = shard->groups.find_group(change.group);
        if (group != nullptr) group->check_invariants();
    }
    for (GroupReply& each : decision.replies) reply(std::move(each));
    if (!decision.records.empty()) {
        append(shard, std::move(decision), terms);
    } else if (!decision.parked.empty()) {
        park(*shard, std::move(decision.parked));
    }
    if (next_deadline(*shard) < armed_until_) timers_changed_.open();
}

void CoordinatorHost::apply(Shard& shard, const GroupChange& change) {
    // What is made of a group of the other protocol is told when it is stored.
    if (std::holds_alternative<group_change::ConsumerTimerSet>(change.what) ||
        std::holds_alternative<group_change::ConvertedToClassic>(change.what)) {
        shard.groups.apply(change);
        return;
    }
    const std::string_view before = state_name(shard.groups.find_group(change.group));
    shard.groups.apply(change);
    const ClassicGroup* const group = shard.groups.find_group(change.group);
    if (const auto* removed = std::get_if<group_change::MemberRemoved>(&change.what)) {
        node_.emit(MemberRemoved{change.group, removed->member_id, removed->reason});
    }
    // In a group that stays stable this may be taken back: it is told when it is stored.
    const auto* replaced = std::get_if<group_change::StaticMemberReplaced>(&change.what);
    if (replaced != nullptr && !group->is_in(GroupState::stable)) {
        node_.emit(MemberRemoved{change.group, replaced->from, std::string(reason_replaced)});
    }
    const std::string_view after = state_name(group);
    if (after == before) return;
    node_.emit(GroupStateChanged{
        change.group, std::string(before), std::string(after), group->generation(),
        static_cast<std::uint32_t>(group->members().size()), std::string(reason_of(change))});
}

void CoordinatorHost::reply(GroupReply reply) {
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
void CoordinatorHost::append(const ShardRef& shard, GroupDecision decision,
                             TransactionTerms terms) {
    auto write = std::make_unique<Write>(node_);
    write->deadline = node_.now() + Duration(options_.offsets_commit_timeout);
    for (const GroupRecord& record : decision.records) shard->groups.begin(record);
    write->records = std::move(decision.records);
    write->parked = std::move(decision.parked);
    write->follow_up = std::move(decision.follow_up);
    Bytes batch =
        encode_records(write->records, node_.wall_now().ms(), transaction_of(write->follow_up));
    start_write(shard, std::move(write), std::move(batch), terms);
}

// They wait for what is on its way to the log; if that is nothing, they do not wait.
void CoordinatorHost::park(Shard& shard, std::vector<GroupReply> parked) {
    for (GroupReply& each : parked) {
        if (shard.writes.empty()) {
            reply(std::move(each));
        } else {
            shard.writes.back()->parked.push_back(std::move(each));
        }
    }
}

void CoordinatorHost::start_write(const ShardRef& shard, std::unique_ptr<Write> write, Bytes batch,
                                  TransactionTerms terms) {
    sim::Completer<AppendOutcome> completer = write->appended.completer();
    shard->writes.push_back(std::move(write));
    replicas_.append(shard->partition, std::move(batch), -1, AppendOrigin::coordinator,
                     shard->leader_epoch, std::move(completer), terms);
    if (shard->is_settling) return;
    shard->is_settling = true;
    node_.spawn(fmt::format("group_append/{}", shard->partition.partition),
                [this, shard] { settle(shard); });
}

// Waits for the writes of a shard, one after the other, for as long as there are any.
void CoordinatorHost::settle(const ShardRef& shard) {
    while (shard->phase == Phase::active && !shard->writes.empty()) {
        const std::optional<AppendOutcome> outcome = shard->writes.front()->appended.await();
        if (shard->phase != Phase::active) break;
        const ErrorCode error =
            outcome ? outcome->error : ErrorCode::not_leader_or_follower;  // nobody will say
        // Later decisions build on what a group of the consumer protocol was to become: without
        // it they are void.
        const bool is_built_upon =
            std::ranges::any_of(shard->writes.front()->records, [](const GroupRecord& record) {
                return std::holds_alternative<ConsumerGroupRecord>(record);
            });
        if (error != ErrorCode::none && (is_built_upon || !proves_not_written(error))) {
            shard->is_settling = false;
            drop_and_reload(shard);
            return;
        }
        const std::unique_ptr<Write> write = std::move(shard->writes.front());
        shard->writes.pop_front();
        if (write->marker) {
            if (error == ErrorCode::none) commit_marker(*shard, *write->marker);
            write->marker->completer.complete(error);
            release_parked(*write, error);
        } else if (error == ErrorCode::none) {
            commit(shard, *write, outcome->base_offset);
        } else {
            fail_answers(shard, *write, error);
        }
    }
    shard->is_settling = false;
}

// What waited for the marker takes effect, or does not; whoever coordinates next finds the same.
void CoordinatorHost::commit_marker(Shard& shard, Write::Marker& marker) {
    const std::vector<ResolvedOffset> resolved =
        shard.groups.end_transaction(marker.marker.producer_id, marker.marker.is_commit);
    std::map<std::string, PendingOffsetsResolved> by_group;
    for (const ResolvedOffset& each : resolved) {
        PendingOffsetsResolved& event = by_group[each.group];
        event.broker = broker_;
        event.group = each.group;
        event.producer_id = marker.marker.producer_id;
        event.commit = marker.marker.is_commit;
        event.offsets.push_back({each.partition, each.offset});
    }
    for (const auto& [group, event] : by_group) node_.emit(event);
    for (const ResolvedOffset& each : resolved) {
        if (!each.takes_effect) continue;
        node_.emit(OffsetCommitted{each.group, "", no_generation, each.partition, each.offset});
    }
}

void CoordinatorHost::commit(const ShardRef& shard, Write& write, Offset base_offset) {
    const OffsetsStored* const committer =
        write.follow_up ? std::get_if<OffsetsStored>(&*write.follow_up) : nullptr;
    const OffsetsStored* const transaction = transaction_of(write.follow_up);
    RecordPlace place{
        .offset = base_offset,
        .producer_id = transaction == nullptr ? no_producer_id : transaction->producer_id};
    const bool is_deletion =
        write.follow_up && std::holds_alternative<GroupDeleted>(*write.follow_up);
    // The groups of the consumer protocol that this changes, as they were.
    std::map<std::string, std::optional<ConsumerGroup>> modern;
    for (const GroupRecord& record : write.records) {
        if (!std::holds_alternative<ConsumerGroupRecord>(record)) continue;
        const std::string& group = group_of(record);
        const ConsumerGroup* const before = shard->groups.find_stored_consumer_group(group);
        modern.try_emplace(group, before == nullptr ? std::nullopt : std::optional(*before));
    }
    for (const GroupRecord& record : write.records) {
        const auto* commit = std::get_if<OffsetCommitRecord>(&record);
        const std::string& group = group_of(record);
        const bool existed = shard->groups.find_group(group) != nullptr;
        shard->groups.apply(record, place);
        ++place.offset;
        if (commit != nullptr && commit->value && transaction != nullptr) {
            node_.emit(PendingOffsetStored{.group = group,
                                           .member_id = transaction->member_id,
                                           .generation = transaction->generation,
                                           .producer_id = transaction->producer_id,
                                           .producer_epoch = transaction->producer_epoch,
                                           .partition = commit->partition,
                                           .offset = commit->value->offset});
        } else if (commit != nullptr && commit->value && committer != nullptr) {
            node_.emit(OffsetCommitted{group, committer->member_id, committer->generation,
                                       commit->partition, commit->value->offset});
        }
        if (existed && shard->groups.find_group(group) == nullptr &&
            shard->groups.find_consumer_group(group) == nullptr) {
            node_.emit(GroupStateChanged{group, std::string(to_string(GroupState::empty)),
                                         std::string(to_string(GroupState::dead)), no_generation, 0,
                                         is_deletion ? "deleted" : "retention"});
        }
    }
    const auto* const stored =
        write.follow_up ? std::get_if<ConsumerGroupStored>(&*write.follow_up) : nullptr;
    for (const auto& [group, before] : modern) {
        const std::string reason = is_deletion         ? "deleted"
                                   : stored == nullptr ? ""
                                                       : stored->reason;
        const auto now_classic = shard->groups.stored_groups().find(group);
        if (stored != nullptr && stored->converted_to == GroupType::classic) {
            ASSERT(now_classic != shard->groups.stored_groups().end(), "{} is not stored", group);
            tell_downgrade(group, *before, now_classic->second, reason);
            continue;
        }
        tell_consumer_group(group, before ? &*before : nullptr,
                            shard->groups.find_stored_consumer_group(group), reason);
    }
    if (stored != nullptr && stored->converted_to == GroupType::consumer) {
        const ConsumerGroup* const now = shard->groups.find_stored_consumer_group(stored->group);
        ASSERT(now != nullptr, "{} is not stored", stored->group);
        node_.emit(GroupConverted{stored->group, std::string(to_string(GroupType::consumer)),
                                  GenerationId(now->epoch()),
                                  static_cast<std::uint32_t>(now->members().size())});
    }
    if (write.follow_up) {
        if (const auto* replaced = std::get_if<StaticMemberStored>(&*write.follow_up)) {
            node_.emit(MemberRemoved{replaced->group, replaced->before.member_id,
                                     std::string(reason_replaced)});
        }
    }
    release_parked(write, ErrorCode::none);
    if (write.follow_up) {
        execute(shard, shard->groups.on_stored(*write.follow_up, ErrorCode::none, moment()));
    }
}

std::vector<TopicPartition> CoordinatorHost::by_name(const IdPartitions& partitions) const {
    std::vector<TopicPartition> named;
    for (const IdPartition& each : partitions) {
        const TopicImage* const topic = image().find_topic(each.topic_id);
        named.push_back(
            {topic == nullptr ? to_string(each.topic_id) : topic->name, each.partition});
    }
    std::ranges::sort(named);
    return named;
}

// What one committed batch made of a group of the consumer protocol. Null: there was none, or there
// is none any more.
void CoordinatorHost::tell_consumer_group(const std::string& group, const ConsumerGroup* before,
                                          const ConsumerGroup* after, const std::string& reason) {
    static const std::map<std::string, ConsumerMember> nobody;
    const auto& members_before = before == nullptr ? nobody : before->members();
    const auto& members_after = after == nullptr ? nobody : after->members();
    for (const auto& [id, member] : members_before) {
        if (!members_after.contains(id)) {
            node_.emit(
                MemberRemoved{group, id, reason.empty() ? std::string(reason_replaced) : reason});
        }
    }
    for (const auto& [id, member] : members_after) {
        const auto known = members_before.find(id);
        const CurrentAssignment& now = member.current;
        if (known != members_before.end() && known->second.current == now) continue;
        node_.emit(MemberReconciled{.group = group,
                                    .member_id = id,
                                    .member_epoch = GenerationId(now.member_epoch),
                                    .target_epoch = GenerationId(after->target_epoch()),
                                    .state = std::string(to_string(now.state)),
                                    .assigned = by_name(now.assigned),
                                    .pending_revocation = by_name(now.pending_revocation)});
    }
    const std::string_view from =
        to_string(before == nullptr ? ConsumerGroupState::empty : before->state());
    const std::string_view to = after == nullptr ? "Dead" : to_string(after->state());
    if (from == to) return;
    node_.emit(GroupStateChanged{group, std::string(from), std::string(to),
                                 GenerationId(after == nullptr ? -1 : after->epoch()),
                                 static_cast<std::uint32_t>(members_after.size()), reason});
}

// A group of the consumer protocol, as it was, is one of the classic protocol now.
void CoordinatorHost::tell_downgrade(const std::string& group, const ConsumerGroup& before,
                                     const GroupMetadata& after, const std::string& reason) {
    for (const auto& [id, member] : before.members()) {
        if (std::ranges::find(after.members, id, &MemberMetadata::member_id) ==
            after.members.end()) {
            node_.emit(MemberRemoved{group, id, reason});
        }
    }
    node_.emit(GroupConverted{group, std::string(to_string(GroupType::classic)), after.generation,
                              static_cast<std::uint32_t>(after.members.size())});
}

void CoordinatorHost::release_parked(Write& write, ErrorCode error) {
    for (GroupReply& parked : std::exchange(write.parked, {})) {
        if (error != ErrorCode::none) fail_commit(parked, error_for_failed_commit(error));
        reply(std::move(parked));
    }
}

// The batch is not in the log, or not committed in time (request_timed_out): then it may still be,
// later, and take effect; but whoever waited is told now.
void CoordinatorHost::fail_answers(const ShardRef& shard, Write& write, ErrorCode error) {
    release_parked(write, error);
    if (!write.follow_up || std::holds_alternative<OffsetsStored>(*write.follow_up)) return;
    const GroupFollowUp follow_up = *std::exchange(write.follow_up, std::nullopt);
    execute(shard, shard->groups.on_stored(follow_up, error, moment()));
}

// ---- time ----

LocalTime CoordinatorHost::next_deadline(const Shard& shard) const {
    if (shard.phase != Phase::active) return LocalTime::max();
    LocalTime next = shard.groups.next_deadline();
    for (const std::unique_ptr<Write>& write : shard.writes) {
        next = std::min(next, write->deadline);
    }
    return next;
}

void CoordinatorHost::run_timers() {
    for (;;) {
        timers_changed_.close();
        armed_until_ = next_retention_check_;
        ShardRef due;
        for (const auto& [partition, shard] : shards_) {
            const LocalTime deadline = next_deadline(*shard);
            if (deadline < armed_until_) {
                armed_until_ = deadline;
                due = shard;
            }
        }
        if (armed_until_ > node_.now()) {
            timers_changed_.wait_until(armed_until_);
        } else if (due != nullptr) {
            fire_one(due);
        } else {
            next_retention_check_ =
                node_.now() + Duration(options_.offsets_retention_check_interval);
            check_retention();
        }
    }
}

// Requires: something of the shard is due.
void CoordinatorHost::fire_one(const ShardRef& shard) {
    const LocalTime now = node_.now();
    for (const std::unique_ptr<Write>& write : shard->writes) {
        if (write->deadline > now) continue;
        write->deadline = LocalTime::max();
        fail_answers(shard, *write, ErrorCode::request_timed_out);
        return;
    }
    execute(shard, shard->groups.on_timeout(moment(), image()));
}

void CoordinatorHost::check_retention() {
    for (const auto& [partition, shard] : shards_) {
        if (shard->phase == Phase::active) execute(shard, shard->groups.expire(moment()));
    }
}

}  // namespace squall::model
