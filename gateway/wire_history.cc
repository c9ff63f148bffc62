#include "gateway/wire_history.h"

#include <algorithm>

#include "model/assignors/consumer_protocol.h"
#include "model/events/transaction_events.h"
#include "model/protocol/control_batch.h"
#include "model/protocol/fetch_session_epoch.h"
#include "model/protocol/message_set.h"
#include "model/protocol/messages/add_offsets_to_txn.h"
#include "model/protocol/messages/add_partitions_to_txn.h"
#include "model/protocol/messages/consumer_group_heartbeat.h"
#include "model/protocol/messages/end_txn.h"
#include "model/protocol/messages/heartbeat.h"
#include "model/protocol/messages/init_producer_id.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/messages/leave_group.h"
#include "model/protocol/messages/list_offsets.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/messages/offset_commit.h"
#include "model/protocol/messages/produce.h"
#include "model/protocol/messages/sync_group.h"
#include "model/protocol/messages/txn_offset_commit.h"
#include "model/protocol/record_batch.h"
#include "sim/kernel/simulation.h"

namespace squall::gateway {
namespace {

using namespace squall::model;

constexpr ApiVersion first_produce_of_batches_alone = 3;
constexpr ApiVersion first_implicit_produce = 12;           // KIP-890: no AddPartitionsToTxn
constexpr ApiVersion first_implicit_txn_offset_commit = 5;  // no AddOffsetsToTxn

// Whether the broker may have done what it answers so: it, or its followers, had not finished.
bool is_ambiguous(ErrorCode error) {
    return error == ErrorCode::request_timed_out ||
           error == ErrorCode::not_enough_replicas_after_append ||
           error == ErrorCode::unknown_server_error;
}

std::string error_text(ErrorCode error) {
    return error == ErrorCode::none ? std::string() : std::string(to_string(error));
}

// Calls `visit` with every record of `batches` that a client of that isolation hands out, from
// `first` on. Returns the offset behind the last batch; `first` where there is none.
template <class Visit>
Offset visit_records(const FetchResponse::Partition& fetched, Offset first, bool read_committed,
                     Visit visit) {
    std::vector<FetchResponse::AbortedTransaction> aborted;
    if (read_committed && fetched.aborted_transactions) aborted = *fetched.aborted_transactions;
    std::ranges::sort(aborted, {}, &FetchResponse::AbortedTransaction::first_offset);
    auto next_aborted = aborted.begin();
    std::set<ProducerId> aborting;
    Offset end = first;
    BatchCursor cursor(fetched.records);
    while (const std::optional<BatchView> batch = cursor.next()) {
        end = std::max(end, batch->next_offset());
        while (next_aborted != aborted.end() &&
               next_aborted->first_offset <= batch->last_offset()) {
            aborting.insert((next_aborted++)->producer_id);
        }
        if (batch->attributes().is_control()) {
            aborting.erase(batch->producer_id());
            continue;
        }
        if (batch->attributes().is_transactional() && aborting.contains(batch->producer_id())) {
            continue;
        }
        RecordReader reader(*batch);
        RecordView record;
        while (reader.next(record)) {
            if (reader.offset(record) >= first) visit(reader.offset(record), record);
        }
    }
    return end;
}

template <class Some>
std::string text_of(const std::optional<Some>& bytes) {
    return bytes ? std::string(as_text(*bytes)) : std::string();
}

std::optional<ByteView> view_of(const std::optional<Bytes>& bytes) {
    return bytes ? std::optional<ByteView>(*bytes) : std::nullopt;
}

}  // namespace

// ---- names ----

std::string WireHistory::name_of(const Speaker& speaker, ProducerId producer) {
    return producer == no_producer_id
               ? fmt::format("{}#{}", speaker.machine.name(), speaker.connection)
               : fmt::format("{}/{}", speaker.machine.name(), producer);
}

OperationId WireHistory::next_operation(const Speaker& speaker) {
    Draws& counter = speaker.machine.draws("client operations");
    counter.bits();
    return OperationId((std::uint64_t{speaker.machine.id().value()} << 40) | counter.ordinal());
}

std::string WireHistory::topic_name(const std::string& name, const Uuid& id) const {
    if (!name.empty()) return name;
    const auto found = topic_names_.find(id);
    return found == topic_names_.end() ? std::string() : found->second;
}

void WireHistory::configure_producer(const Speaker& speaker, const std::string& name,
                                     std::int16_t acks, ProducerId producer) {
    const auto [told, is_new] = configured_.try_emplace(name, acks);
    if (!is_new && told->second == acks) return;
    told->second = acks;
    const auto transactional = transactional_ids_.find(producer);
    speaker.machine.emit(ProducerConfigured{
        .client_id = name,
        .acks = acks,
        .enable_idempotence = producer != no_producer_id,
        .retries = INT32_MAX,
        .transactional_id =
            transactional == transactional_ids_.end() ? std::string() : transactional->second});
}

// ---- requests ----

WireHistory::Note WireHistory::asked(const Speaker& speaker, ApiKey key, ApiVersion version,
                                     Message& request) {
    Note note;
    if (key == ApiKey::produce) {
        ask_produce(speaker, version, request, note);
    } else if (key == ApiKey::fetch) {
        ask_fetch(speaker, request.as<FetchRequest>(), note);
    } else if (key == ApiKey::offset_commit) {
        ask_commit(speaker, request, note);
    } else if (key == ApiKey::join_group) {
        ask_join(speaker, request.as<JoinGroupRequest>());
    } else if (key == ApiKey::sync_group) {
        const auto& sync = request.as<SyncGroupRequest>();
        note.group = sync.group_id;
        note.member_id = sync.member_id;
        note.generation = sync.generation_id;
    } else if (key == ApiKey::heartbeat) {
        note.member_id = request.as<HeartbeatRequest>().member_id;
    } else if (key == ApiKey::leave_group) {
        const auto& leave = request.as<LeaveGroupRequest>();
        if (!leave.member_id.empty()) note.leaving.push_back(leave.member_id);
        for (const auto& member : leave.members) note.leaving.push_back(member.member_id);
    } else if (key == ApiKey::consumer_group_heartbeat) {
        const auto& beat = request.as<ConsumerGroupHeartbeatRequest>();
        note.group = beat.group_id;
        note.member_id = beat.member_id;
        if (beat.member_epoch < 0) note.leaving.push_back(beat.member_id);
    } else if (key == ApiKey::init_producer_id) {
        note.transactional_id =
            request.as<InitProducerIdRequest>().transactional_id.value_or(std::string());
    } else if (key == ApiKey::add_partitions_to_txn && version < 4) {
        const auto& add = request.as<AddPartitionsToTxnRequest>();
        transaction_of(speaker, {add.v3_and_below_producer_id, add.v3_and_below_producer_epoch},
                       add.v3_and_below_transactional_id, 1);
    } else if (key == ApiKey::add_offsets_to_txn) {
        const auto& add = request.as<AddOffsetsToTxnRequest>();
        transaction_of(speaker, {add.producer_id, add.producer_epoch}, add.transactional_id, 1);
    } else if (key == ApiKey::txn_offset_commit) {
        ask_transaction_offsets(speaker, version, request, note);
    } else if (key == ApiKey::end_txn) {
        ask_end(speaker, request, note);
    } else if (key == ApiKey::delete_records) {
        ask_deletion(speaker, request.as<DeleteRecordsRequest>());
    } else if (key == ApiKey::elect_leaders) {
        ask_election(speaker, request.as<ElectLeadersRequest>());
    }
    return note;
}

void WireHistory::ask_produce(const Speaker& speaker, ApiVersion version, Message& request,
                              Note& note) {
    const auto& produce = request.as<ProduceRequest>();
    for (const auto& topic : produce.topic_data) {
        for (const auto& data : topic.partition_data) {
            Bytes converted;
            ByteView records = data.records;
            if (version < first_produce_of_batches_alone && is_message_set(records)) {
                Result<Bytes> batch_of_set = batch_of_message_set(records);
                if (!batch_of_set) continue;
                converted = std::move(batch_of_set).value();
                records = converted;
            }
            const Result<BatchView> batch = BatchView::at_front(records);
            // Brokers refuse the rest.
            if (!batch || batch->size() != records.size() || !batch->check()) continue;
            SentBatch sent;
            sent.partition = {topic_name(topic.name, topic.topic_id), data.index};
            sent.producer_id = batch->producer_id();
            sent.producer_epoch = batch->producer_epoch();
            sent.base_sequence = batch->base_sequence();
            sent.is_numbered = batch->has_producer_id();
            const std::string name = name_of(speaker, sent.producer_id);
            configure_producer(speaker, name, produce.acks, sent.producer_id);
            const BatchKey key{sent.producer_id, sent.producer_epoch, sent.partition,
                               sent.base_sequence};
            if (const auto open = open_batches_.find(key);
                sent.is_numbered && open != open_batches_.end()) {
                ++open->second.attempts;
                speaker.machine.emit(ProduceRetried{
                    .client_id = name,
                    .partition = sent.partition,
                    .records = static_cast<std::uint32_t>(open->second.operations.size()),
                    .error = "sent again"});
                note.batches.push_back(open->second);
                continue;
            }
            OperationId transaction{};
            if (batch->attributes().is_transactional()) {
                transaction = transaction_of(speaker, {sent.producer_id, sent.producer_epoch},
                                             produce.transactional_id.value_or(std::string()),
                                             version >= first_implicit_produce ? 2 : 1)
                                  .id;
            }
            RecordReader reader(*batch);
            RecordView record;
            while (reader.next(record)) {
                const OperationId operation = next_operation(speaker);
                sent.operations.push_back(operation);
                if (!record.headers.empty()) {
                    headed_[record_id(record.key, record.value)] = record_id(record);
                }
                speaker.machine.emit(SendInvoked{.operation = operation,
                                                 .client_id = name,
                                                 .topic = sent.partition.topic,
                                                 .key = text_of(record.key),
                                                 .record = record_id(record),
                                                 .transaction = transaction});
            }
            if (produce.acks == 0) {
                conclude(speaker, sent, ErrorCode::none, no_offset);
                continue;
            }
            if (sent.is_numbered) open_batches_[key] = sent;
            note.batches.push_back(std::move(sent));
        }
    }
}

void WireHistory::ask_commit(const Speaker& speaker, Message& request, Note& note) {
    const auto& commit = request.as<OffsetCommitRequest>();
    note.group = commit.group_id;
    note.member_id = commit.member_id;
    note.generation = commit.generation_id_or_member_epoch;
    CommitInvoked invoked{.operation = next_operation(speaker),
                          .client_id = name_of(speaker, no_producer_id),
                          .group = commit.group_id,
                          .member_id = commit.member_id,
                          .generation = note.generation,
                          .offsets = {}};
    for (const auto& topic : commit.topics) {
        for (const auto& partition : topic.partitions) {
            invoked.offsets.push_back(
                {{topic_name(topic.name, topic.topic_id), partition.partition_index},
                 partition.committed_offset});
        }
    }
    for (const PartitionOffset& each : invoked.offsets) {
        tell_listed_position(speaker, commit.member_id, each.partition, each.offset);
        tell_sought_back(speaker, commit.member_id, each.partition, each.offset);
    }
    note.commit = invoked.operation;
    speaker.machine.emit(invoked);
}

// A member that has not read anything yet is where ListOffsets told it to begin.
void WireHistory::tell_listed_position(const Speaker& speaker, const std::string& member_id,
                                       const TopicPartition& partition, Offset offset) {
    const auto member = members_.find(member_id);
    if (member == members_.end() || !member->second.partitions.contains(partition)) return;
    if (positions_.contains({member_id, partition})) return;
    const auto listed = listed_.find({speaker.machine.id(), partition});
    if (listed == listed_.end() || listed->second != offset) return;
    positions_[{member_id, partition}] = offset;
    tell_position(speaker, partition, member_id, member->second.group, offset);
}

// Some clients commit where they seek before they fetch from there (kafkajs under auto commit): who
// commits less than it did before has gone back.
void WireHistory::tell_sought_back(const Speaker& speaker, const std::string& member_id,
                                   const TopicPartition& partition, Offset offset) {
    const auto member = members_.find(member_id);
    if (member == members_.end() || !member->second.partitions.contains(partition)) return;
    const auto [committed, is_first] = committed_.try_emplace({member_id, partition}, offset);
    const Offset before = std::exchange(committed->second, offset);
    if (is_first || offset >= before) return;
    positions_[{member_id, partition}] = offset;
    tell_position(speaker, partition, member_id, member->second.group, offset);
}

void WireHistory::answer_list_offsets(const Speaker& speaker, Message& response) {
    for (const auto& topic : response.as<ListOffsetsResponse>().topics) {
        for (const auto& partition : topic.partitions) {
            if (partition.error_code != ErrorCode::none) continue;
            // Version 0 lists several, the first of which is what was asked for.
            const Offset offset = partition.old_style_offsets.empty()
                                      ? partition.offset
                                      : partition.old_style_offsets.front();
            listed_[{speaker.machine.id(), {topic.name, partition.partition_index}}] = offset;
        }
    }
}

void WireHistory::ask_transaction_offsets(const Speaker& speaker, ApiVersion version,
                                          Message& request, Note& note) {
    const auto& commit = request.as<TxnOffsetCommitRequest>();
    const OperationId transaction =
        transaction_of(speaker, {commit.producer_id, commit.producer_epoch},
                       commit.transactional_id, version >= first_implicit_txn_offset_commit ? 2 : 1)
            .id;
    TransactionOffsetsInvoked invoked{.operation = next_operation(speaker),
                                      .transaction = transaction,
                                      .client_id = name_of(speaker, commit.producer_id),
                                      .group = commit.group_id,
                                      .member_id = commit.member_id,
                                      .generation = commit.generation_id,
                                      .offsets = {}};
    for (const auto& topic : commit.topics) {
        for (const auto& partition : topic.partitions) {
            invoked.offsets.push_back(
                {{topic.name, partition.partition_index}, partition.committed_offset});
        }
    }
    note.transaction_offsets = invoked.operation;
    speaker.machine.emit(invoked);
}

void WireHistory::ask_end(const Speaker& speaker, Message& request, Note& note) {
    const auto& end = request.as<EndTxnRequest>();
    note.producer_id = end.producer_id;
    note.producer_epoch = end.producer_epoch;
    const auto open = open_transactions_.find({end.producer_id, end.producer_epoch});
    if (open == open_transactions_.end()) return;
    OpenTransaction& transaction = open->second;
    ++transaction.end_attempts;
    if (transaction.end && transaction.commits == end.committed) return;
    transaction.end = next_operation(speaker);
    transaction.commits = end.committed;
    transaction.end_attempts = 1;
    speaker.machine.emit(TransactionEndInvoked{.operation = *transaction.end,
                                               .transaction = transaction.id,
                                               .client_id = name_of(speaker, end.producer_id),
                                               .commit = end.committed});
}

void WireHistory::ask_deletion(const Speaker& speaker, const DeleteRecordsRequest& request) {
    DeleteRecordsInvoked invoked{.client_id = name_of(speaker, no_producer_id), .offsets = {}};
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            invoked.offsets.push_back({{topic.name, partition.partition_index}, partition.offset});
        }
    }
    speaker.machine.emit(invoked);
}

void WireHistory::ask_election(const Speaker& speaker, const ElectLeadersRequest& request) {
    ElectLeadersInvoked invoked{.client_id = name_of(speaker, no_producer_id),
                                .unclean = request.election_type == ElectionType::unclean,
                                .partitions = {}};
    if (request.topic_partitions) {
        for (const auto& topic : *request.topic_partitions) {
            for (const std::int32_t index : topic.partitions) {
                invoked.partitions.push_back({topic.topic, index});
            }
        }
    }
    speaker.machine.emit(invoked);
}

WireHistory::OpenTransaction& WireHistory::transaction_of(const Speaker& speaker,
                                                          ProducerKey producer,
                                                          const std::string& transactional_id,
                                                          std::int16_t version) {
    const auto [open, is_new] = open_transactions_.try_emplace(producer);
    if (is_new) {
        open->second.id = next_operation(speaker);
        speaker.machine.emit(TransactionBegan{.transaction = open->second.id,
                                              .client_id = name_of(speaker, producer.first),
                                              .transactional_id = transactional_id,
                                              .producer_id = producer.first,
                                              .producer_epoch = producer.second,
                                              .transaction_version = version});
    }
    return open->second;
}

// ---- answers ----

void WireHistory::answered(const Speaker& speaker, const Note& note, ApiKey key, ApiVersion version,
                           Message& response) {
    if (key == ApiKey::metadata) {
        for (const auto& topic : response.as<MetadataResponse>().topics) {
            if (topic.name && topic.topic_id != Uuid{}) topic_names_[topic.topic_id] = *topic.name;
        }
    } else if (key == ApiKey::produce) {
        answer_produce(speaker, note, response);
    } else if (key == ApiKey::fetch) {
        answer_fetch(speaker, note, version, response);
    } else if (key == ApiKey::offset_commit) {
        answer_commit(speaker, note, response);
    } else if (key == ApiKey::txn_offset_commit && note.transaction_offsets) {
        ErrorCode worst = ErrorCode::none;
        for (const auto& topic : response.as<TxnOffsetCommitResponse>().topics) {
            for (const auto& partition : topic.partitions) {
                if (partition.error_code != ErrorCode::none) worst = partition.error_code;
            }
        }
        const Outcome outcome = worst == ErrorCode::none ? Outcome::ok
                                : is_ambiguous(worst)    ? Outcome::unknown
                                                         : Outcome::failed;
        speaker.machine.emit(TransactionOffsetsCompleted{.operation = *note.transaction_offsets,
                                                         .outcome = outcome,
                                                         .error = error_text(worst)});
    } else if (key == ApiKey::sync_group) {
        const auto& sync = response.as<SyncGroupResponse>();
        if (sync.error_code != ErrorCode::none) return;
        const Result<Assignment> assignment = decode_assignment(sync.assignment);
        if (!assignment) return;  // of a protocol of its own
        assign(speaker, note.member_id, note.group, note.generation,
               {assignment->partitions.begin(), assignment->partitions.end()});
    } else if (key == ApiKey::consumer_group_heartbeat) {
        const auto& beat = response.as<ConsumerGroupHeartbeatResponse>();
        if (beat.error_code != ErrorCode::none) return;
        if (!note.leaving.empty()) {
            return drop_member(speaker, note.member_id, AssignmentChange::revoked);
        }
        if (!beat.assignment) return;
        std::set<TopicPartition> partitions;
        for (const auto& topic : beat.assignment->topic_partitions) {
            for (const std::int32_t index : topic.partitions) {
                partitions.insert({topic_name({}, topic.topic_id), index});
            }
        }
        assign(speaker, beat.member_id.value_or(note.member_id), note.group,
               GenerationId(beat.member_epoch), std::move(partitions));
    } else if (key == ApiKey::heartbeat) {
        const ErrorCode error = response.as<HeartbeatResponse>().error_code;
        if (error == ErrorCode::unknown_member_id || error == ErrorCode::fenced_instance_id) {
            drop_member(speaker, note.member_id, AssignmentChange::lost);
        }
    } else if (key == ApiKey::leave_group) {
        for (const std::string& member : note.leaving) {
            drop_member(speaker, member, AssignmentChange::revoked);
        }
    } else if (key == ApiKey::list_offsets) {
        answer_list_offsets(speaker, response);
    } else if (key == ApiKey::init_producer_id) {
        const auto& init = response.as<InitProducerIdResponse>();
        if (init.error_code != ErrorCode::none) return;
        if (!note.transactional_id.empty()) {
            transactional_ids_[init.producer_id] = note.transactional_id;
        }
        identify(speaker, {init.producer_id, init.producer_epoch}, "init_producer_id");
    } else if (key == ApiKey::end_txn) {
        answer_end(speaker, note, response);
    }
}

void WireHistory::identify(const Speaker& speaker, ProducerKey producer, std::string_view reason) {
    const auto transactional = transactional_ids_.find(producer.first);
    speaker.machine.emit(ProducerIdentified{
        .client_id = name_of(speaker, producer.first),
        .transactional_id =
            transactional == transactional_ids_.end() ? std::string() : transactional->second,
        .producer_id = producer.first,
        .producer_epoch = producer.second,
        .reason = std::string(reason)});
}

void WireHistory::answer_produce(const Speaker& speaker, const Note& note, Message& response) {
    // A request may name a partition twice.
    std::map<TopicPartition, std::size_t> answered;
    for (const auto& topic : response.as<ProduceResponse>().responses) {
        const std::string name = topic_name(topic.name, topic.topic_id);
        for (const auto& partition : topic.partition_responses) {
            const TopicPartition written{name, partition.index};
            const auto first =
                note.batches.begin() + static_cast<std::ptrdiff_t>(answered[written]);
            const auto batch =
                std::ranges::find(first, note.batches.end(), written, &SentBatch::partition);
            if (batch == note.batches.end()) continue;
            answered[written] = static_cast<std::size_t>(batch - note.batches.begin()) + 1;
            conclude(speaker, *batch, partition.error_code, partition.base_offset);
        }
    }
}

void WireHistory::conclude(const Speaker& speaker, const SentBatch& batch, ErrorCode error,
                           Offset base_offset) {
    std::uint32_t attempts = batch.attempts;
    if (batch.is_numbered) {
        const auto open = open_batches_.find(
            {batch.producer_id, batch.producer_epoch, batch.partition, batch.base_sequence});
        if (open != open_batches_.end()) {
            attempts = open->second.attempts;
            // The client sends it again, under its number.
            if (error != ErrorCode::none && (is_retriable(error) || is_ambiguous(error))) return;
            open_batches_.erase(open);
        } else if (attempts > 1 || error != ErrorCode::none) {
            return;  // another request of the same batch was answered for good
        }
    }
    const bool is_ok = error == ErrorCode::none || error == ErrorCode::duplicate_sequence_number;
    // What an earlier attempt did is not known from the refusal of a later one.
    const Outcome outcome = is_ok                                 ? Outcome::ok
                            : is_ambiguous(error) || attempts > 1 ? Outcome::unknown
                                                                  : Outcome::failed;
    const bool has_offset = is_ok && base_offset >= Offset(0);
    std::int32_t delta = 0;
    for (const OperationId operation : batch.operations) {
        speaker.machine.emit(SendCompleted{.operation = operation,
                                           .outcome = outcome,
                                           .partition = batch.partition,
                                           .offset = has_offset ? base_offset + delta++ : no_offset,
                                           .error = is_ok ? std::string() : error_text(error),
                                           .attempts = attempts});
    }
}

// Within a session a request names what changed; the rest is asked for as before.
void WireHistory::ask_fetch(const Speaker& speaker, const FetchRequest& fetch, Note& note) {
    note.read_committed = fetch.isolation_level == IsolationLevel::read_committed;
    const auto session = fetch_sessions_.find(fetch.session_id);
    Positions positions;
    if (session != fetch_sessions_.end()) {
        const bool goes_on = !is_full_fetch(fetch.session_epoch);
        if (goes_on) positions = std::move(session->second);
        fetch_sessions_.erase(session);
    }
    for (const auto& topic : fetch.forgotten_topics_data) {
        for (const std::int32_t partition : topic.partitions) {
            positions.erase({topic_name(topic.topic, topic.topic_id), partition});
        }
    }
    for (const auto& topic : fetch.topics) {
        for (const auto& partition : topic.partitions) {
            const TopicPartition asked{topic_name(topic.topic, topic.topic_id),
                                       partition.partition};
            positions[asked] = partition.fetch_offset;
            if (asked.topic.empty()) continue;  // an id that nobody told the client
            read_from(speaker, reader_of(speaker, asked), asked, partition.fetch_offset,
                      note.read_committed);
        }
    }
    note.fetched_from = std::move(positions);
}

void WireHistory::answer_fetch(const Speaker& speaker, const Note& note, ApiVersion version,
                               Message& response) {
    // Those that a client left behind are dropped one by one.
    constexpr std::size_t most_fetch_sessions = 10'000;
    const std::int32_t session = response.as<FetchResponse>().session_id;
    if (session != no_fetch_session) {
        if (fetch_sessions_.size() >= most_fetch_sessions) {
            fetch_sessions_.erase(fetch_sessions_.begin());
        }
        fetch_sessions_[session] = note.fetched_from;
    }
    for (const auto& topic : response.as<FetchResponse>().responses) {
        const std::string name = topic_name(topic.topic, topic.topic_id);
        for (const auto& partition : topic.partitions) {
            if (partition.error_code != ErrorCode::none || partition.records.empty()) continue;
            hand_out(speaker, note, version, {name, partition.partition_index}, partition);
        }
    }
}

Offset WireHistory::read_message_set(ByteView records, Offset first,
                                     std::vector<PolledRecord>& polled) const {
    const Result<MessageSet> set = decode_message_set(records);
    Offset end = first;
    if (!set) return end;  // more comes out of it than a client would take
    for (const LegacyRecord& record : set->records) {
        if (record.offset < first) continue;
        const RecordId plain = record_id(view_of(record.key), view_of(record.value));
        const auto headed = headed_.find(plain);
        polled.push_back({.offset = record.offset,
                          .record = headed == headed_.end() ? plain : headed->second,
                          .key = text_of(record.key)});
        end = record.offset + 1;
    }
    return end;
}

WireHistory::Reader WireHistory::reader_of(const Speaker& speaker,
                                           const TopicPartition& partition) const {
    Reader reader{.client_id = name_of(speaker, no_producer_id), .group = {}, .member_id = {}};
    for (const auto& [id, member] : members_) {
        if (member.machine == speaker.machine.id() && member.partitions.contains(partition)) {
            reader.owners.emplace_back(id, member.group);
            reader.generation = member.generation;
        }
    }
    if (reader.owners.size() == 1) {
        reader.client_id = reader.member_id = reader.owners.front().first;
        reader.group = reader.owners.front().second;
    } else {
        reader.generation = no_generation;
    }
    return reader;
}

void WireHistory::tell_position(const Speaker& speaker, const TopicPartition& partition,
                                const std::string& client, const std::string& group,
                                Offset offset) {
    speaker.machine.emit(PositionSet{.client_id = client,
                                     .group = group,
                                     .partition = partition,
                                     .offset = offset,
                                     .reason = PositionReason::seek});
}

// Where a client reads from is where it is, whether anything comes of it or not: it may commit
// that.
void WireHistory::read_from(const Speaker& speaker, const Reader& reader,
                            const TopicPartition& partition, Offset from, bool read_committed) {
    if (configured_consumers_.insert(reader.client_id).second) {
        speaker.machine.emit(ConsumerConfigured{.client_id = reader.client_id,
                                                .group = reader.group,
                                                .enable_auto_commit = false,
                                                .read_committed = read_committed,
                                                .auto_offset_reset = "none"});
    }
    const auto [position, is_new] =
        positions_.try_emplace({reader.client_id, partition}, no_offset);
    if (std::exchange(position->second, from) == from) return;
    tell_position(speaker, partition, reader.client_id, reader.group, from);
    if (reader.owners.size() < 2) return;
    for (const auto& [member, group] : reader.owners) {
        tell_position(speaker, partition, member, group, from);
    }
}

void WireHistory::hand_out(const Speaker& speaker, const Note& note, ApiVersion version,
                           const TopicPartition& partition,
                           const FetchResponse::Partition& fetched) {
    const auto from = note.fetched_from.find(partition);
    if (from == note.fetched_from.end()) return;
    const Reader reader = reader_of(speaker, partition);
    RecordsPolled polled{.client_id = reader.client_id,
                         .group = reader.group,
                         .member_id = reader.member_id,
                         .generation = reader.generation,
                         .partition = partition,
                         .position = from->second,
                         .next_position = from->second,
                         .records = {}};
    if (format_fetched_by(version)) {
        polled.next_position = read_message_set(fetched.records, from->second, polled.records);
    } else {
        polled.next_position = visit_records(
            fetched, from->second, note.read_committed,
            [&](Offset offset, const RecordView& record) {
                polled.records.push_back(
                    {.offset = offset, .record = record_id(record), .key = text_of(record.key)});
            });
    }
    if (polled.next_position == from->second) return;
    // Who owns it may have changed since it was asked for.
    read_from(speaker, reader, partition, from->second, note.read_committed);
    positions_[{reader.client_id, partition}] = polled.next_position;
    if (polled.records.empty()) {
        tell_position(speaker, partition, reader.client_id, reader.group, polled.next_position);
    } else {
        speaker.machine.emit(polled);
    }
    if (reader.owners.size() < 2) return;
    for (const auto& [member, group] : reader.owners) {
        tell_position(speaker, partition, member, group, polled.next_position);
    }
}

void WireHistory::answer_commit(const Speaker& speaker, const Note& note, Message& response) {
    ErrorCode worst = ErrorCode::none;
    for (const auto& topic : response.as<OffsetCommitResponse>().topics) {
        for (const auto& partition : topic.partitions) {
            if (partition.error_code != ErrorCode::none) worst = partition.error_code;
        }
    }
    const Outcome outcome = worst == ErrorCode::none ? Outcome::ok
                            : is_ambiguous(worst)    ? Outcome::unknown
                                                     : Outcome::failed;
    speaker.machine.emit(CommitCompleted{
        .operation = note.commit.value(), .outcome = outcome, .error = error_text(worst)});
    if (worst == ErrorCode::unknown_member_id || worst == ErrorCode::fenced_instance_id) {
        drop_member(speaker, note.member_id, AssignmentChange::lost);
    }
}

void WireHistory::answer_end(const Speaker& speaker, const Note& note, Message& response) {
    const auto& end = response.as<EndTxnResponse>();
    const auto open = open_transactions_.find({note.producer_id, note.producer_epoch});
    if (open == open_transactions_.end() || !open->second.end) return;
    const OpenTransaction transaction = open->second;
    const ErrorCode error = end.error_code;
    if (error != ErrorCode::none && (is_retriable(error) || is_ambiguous(error))) return;
    open_transactions_.erase(open);
    const Outcome outcome = error == ErrorCode::none       ? Outcome::ok
                            : transaction.end_attempts > 1 ? Outcome::unknown
                                                           : Outcome::failed;
    speaker.machine.emit(TransactionEndCompleted{.operation = *transaction.end,
                                                 .transaction = transaction.id,
                                                 .commit = transaction.commits,
                                                 .outcome = outcome,
                                                 .error = error_text(error)});
    if (error == ErrorCode::none && end.producer_id != no_producer_id) {
        identify(speaker, {end.producer_id, end.producer_epoch}, "transaction end");
    }
}

// ---- groups ----

// Who joins again has given up all but what it says it owns (KIP-429); without that word, all.
void WireHistory::ask_join(const Speaker& speaker, const JoinGroupRequest& join) {
    const auto found = members_.find(join.member_id);
    if (found == members_.end()) return;
    std::set<TopicPartition> kept;
    for (const auto& protocol : join.protocols) {
        // One eager assignor makes the member an eager one, whatever it says that it owns: the next
        // generation gives its partitions away without waiting for it.
        if (!protocol.name.starts_with("cooperative")) {
            kept.clear();
            break;
        }
        const Result<Subscription> subscription = decode_subscription(protocol.metadata);
        if (!subscription) return;  // of a protocol of its own
        for (const TopicPartition& owned : subscription->owned_partitions) {
            if (found->second.partitions.contains(owned)) kept.insert(owned);
        }
    }
    assign(speaker, join.member_id, found->second.group, found->second.generation, std::move(kept));
}

void WireHistory::assign(const Speaker& speaker, const std::string& member_id,
                         const std::string& group, GenerationId generation,
                         std::set<TopicPartition> partitions) {
    Member& member = members_[member_id];
    AssignmentChanged revoked{.client_id = member_id,
                              .group = group,
                              .member_id = member_id,
                              .generation = generation,
                              .change = AssignmentChange::revoked,
                              .partitions = {}};
    AssignmentChanged assigned = revoked;
    assigned.change = AssignmentChange::assigned;
    std::ranges::set_difference(member.partitions, partitions,
                                std::back_inserter(revoked.partitions));
    std::ranges::set_difference(partitions, member.partitions,
                                std::back_inserter(assigned.partitions));
    member = {.group = group,
              .machine = speaker.machine.id(),
              .generation = generation,
              .partitions = std::move(partitions)};
    if (!revoked.partitions.empty()) speaker.machine.emit(revoked);
    if (!assigned.partitions.empty()) speaker.machine.emit(assigned);
}

void WireHistory::drop_member(const Speaker& speaker, const std::string& member_id,
                              AssignmentChange change) {
    const auto found = members_.find(member_id);
    if (found == members_.end()) return;
    const Member member = std::move(found->second);
    members_.erase(found);
    std::erase_if(committed_, [&](const auto& entry) { return entry.first.first == member_id; });
    if (member.partitions.empty()) return;
    speaker.machine.emit(
        AssignmentChanged{.client_id = member_id,
                          .group = member.group,
                          .member_id = member_id,
                          .generation = member.generation,
                          .change = change,
                          .partitions = {member.partitions.begin(), member.partitions.end()}});
}

}  // namespace squall::gateway
