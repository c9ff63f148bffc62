#include "model/client/producer_transaction_host.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/client/request_end.h"
#include "model/events/transaction_events.h"
#include "model/protocol/messages/add_offsets_to_txn.h"
#include "model/protocol/messages/add_partitions_to_txn.h"
#include "model/protocol/messages/end_txn.h"
#include "model/protocol/messages/init_producer_id.h"
#include "model/protocol/messages/produce.h"
#include "model/protocol/messages/txn_offset_commit.h"

namespace squall::model {
namespace {

// The first versions by which a broker knows a producer of transaction.version 2.
constexpr std::int16_t first_produce_of_version_2 = 12;
constexpr std::int16_t first_end_of_version_2 = 5;
constexpr std::int16_t first_offsets_of_version_2 = 5;
// Those of AddPartitionsToTxn after it are for brokers.
constexpr std::int16_t last_add_of_clients = 3;

ErrorCode worst_of(const TxnOffsetCommitResponse& response) {
    for (const auto& topic : response.topics) {
        for (const auto& partition : topic.partitions) {
            if (partition.error_code != ErrorCode::none) return partition.error_code;
        }
    }
    return ErrorCode::none;
}

// The answer for the partition that decides: `operation_not_attempted` is another one's fault.
ErrorCode worst_of(const AddPartitionsToTxnResponse& response) {
    ErrorCode worst = ErrorCode::none;
    for (const auto& topic : response.results_by_topic_v3_and_below) {
        for (const auto& partition : topic.results_by_partition) {
            const ErrorCode error = partition.partition_error_code;
            if (error == ErrorCode::none) continue;
            if (worst == ErrorCode::none || worst == ErrorCode::operation_not_attempted) {
                worst = error;
            }
        }
    }
    return worst;
}

}  // namespace

ProducerTransactionHost::ProducerTransactionHost(sim::Node& node, const ProducerOptions& options,
                                                 ClusterHost& cluster, Sender& sender, Hooks hooks)
    : node_(node),
      options_(options),
      cluster_(cluster),
      sender_(sender),
      hooks_(std::move(hooks)),
      addition_waiters_(node) {}

// ---- how requests are made ----

void ProducerTransactionHost::back_off(std::uint32_t failures, LocalTime deadline) {
    const Duration delay =
        options_.client.backoff().delay(failures, cluster_.draws("transaction backoff"));
    node_.sleep_until(std::min(node_.now() + delay, deadline));
}

Channel* ProducerTransactionHost::coordinator(CoordinatorType type, const std::string& key) {
    Channel*& known = coordinators_[{type, key}];
    if (known != nullptr) return known;
    FindCoordinatorRequest request;
    request.key_type = type;
    request.key = key;
    request.coordinator_keys = {key};
    const Result<FindCoordinatorResponse> answer = cluster_.any_channel().call(request);
    if (!answer || answer->coordinators.empty()) return nullptr;
    const FindCoordinatorResponse::Coordinator& found = answer->coordinators.front();
    if (found.error_code != ErrorCode::none) return nullptr;
    known = cluster_.channel(found.host, static_cast<std::uint16_t>(found.port), "coordinator");
    return known;
}

template <class Request, class ErrorOf, class MeaningOf>
ProducerTransactionHost::Ended<typename Request::Response> ProducerTransactionHost::ask(
    CoordinatorType type, const std::string& key, const Request& request, LocalTime deadline,
    ErrorOf error_of, MeaningOf meaning_of, std::int16_t max_version) {
    Ended<typename Request::Response> ended;
    for (std::uint32_t failures = 1; node_.now() < deadline; ++failures) {
        Channel* const channel = coordinator(type, key);
        if (channel == nullptr) {
            ended.error = "no coordinator";
            back_off(failures, deadline);
            continue;
        }
        Result<typename Request::Response> answer =
            channel->call(request, std::nullopt, max_version);
        const ErrorCode error = answer ? error_of(*answer) : ErrorCode::network_exception;
        ended.error = answer ? std::string(to_string(error)) : to_string(answer.error().failure);
        const AnswerMeaning meaning = meaning_of(error);
        if (meaning == AnswerMeaning::find_coordinator) {
            coordinators_.erase({type, key});
            ended.is_indefinite |= answer || !was_never_sent(answer.error().failure);
        }
        if (meaning == AnswerMeaning::done || meaning == AnswerMeaning::abortable ||
            meaning == AnswerMeaning::fatal) {
            ended.meaning = meaning;
            if (meaning == AnswerMeaning::done) ended.error.clear();
            if (answer) ended.response = std::move(*answer);
            return ended;
        }
        back_off(failures, deadline);
    }
    ended.error = "max.block.ms passed: " + ended.error;
    return ended;
}

// "It has not happened" is a promise: a coordinator that moved, or a request without an answer,
// leaves it open.
TransactionResult ProducerTransactionHost::give_up(AnswerMeaning meaning, const std::string& error,
                                                   bool is_indefinite) {
    if (meaning == AnswerMeaning::fatal) fatal(error);
    if (meaning == AnswerMeaning::abortable) abortable(error);
    const bool is_decided = meaning != AnswerMeaning::retry && !is_indefinite;
    return {.outcome = is_decided ? Outcome::failed : Outcome::unknown,
            .error = error,
            .must_abort = meaning == AnswerMeaning::abortable,
            .is_fatal = meaning == AnswerMeaning::fatal};
}

void ProducerTransactionHost::abortable(const std::string& error) {
    state_.abortable(error);
    hooks_.wake();
}

void ProducerTransactionHost::fatal(const std::string& error) {
    if (state_.phase() == TransactionPhase::fatal_error) return;
    state_.fatal(error);
    node_.emit(ProducerFailed{.client_id = options_.client.client_id,
                              .transactional_id = options_.transactional_id,
                              .error = error});
    hooks_.wake();
}

// ---- identity ----

TransactionResult ProducerTransactionHost::init() {
    const LocalTime deadline = node_.now() + Duration(options_.max_block);
    if (const auto failed = renew_identity(deadline)) return *failed;
    learn_version();
    state_.initialized();
    return {.outcome = Outcome::ok};
}

bool ProducerTransactionHost::learn_version() {
    const FinalizedFeatures features = cluster_.finalized_features();
    if (features.epoch <= features_epoch_) return false;
    features_epoch_ = features.epoch;
    const bool was_version_2 = state_.is_version_2();
    const auto level = features.levels.find("transaction.version");
    state_.speak_version(level != features.levels.end() && level->second >= 2);
    return state_.is_version_2() && !was_version_2;
}

std::int16_t ProducerTransactionHost::newest_produce() const {
    return newest_before(first_produce_of_version_2, ProduceRequest::versions.max);
}

// An identity from the coordinator; nullopt: it is there. A producer that has one names it, so that
// a retry is not taken for another process (KIP-360).
std::optional<TransactionResult> ProducerTransactionHost::renew_identity(LocalTime deadline) {
    InitProducerIdRequest request;
    request.transactional_id = options_.transactional_id;
    request.transaction_timeout_ms =
        static_cast<std::int32_t>(options_.transaction_timeout.count());
    if (identity().is_valid()) {
        request.producer_id = identity().id;
        request.producer_epoch = identity().epoch;
    }
    const auto ended = ask(
        CoordinatorType::transaction, options_.transactional_id, request, deadline,
        [](const InitProducerIdResponse& response) { return response.error_code; },
        meaning_for_init);
    if (ended.meaning != AnswerMeaning::done)
        return give_up(ended.meaning, ended.error, ended.is_indefinite);
    needs_identity_ = false;
    const ProducerIdentity identity{ended.response.producer_id, ended.response.producer_epoch};
    sender_.identify(identity);
    hooks_.identified(identity, "init_producer_id");
    return std::nullopt;
}

std::optional<TransactionResult> ProducerTransactionHost::settle_identity(LocalTime deadline) {
    return needs_identity_ ? renew_identity(deadline) : std::nullopt;
}

void ProducerTransactionHost::begin(OperationId transaction) {
    ASSERT(!needs_identity_, "a transaction begins under numbers that are lost");
    end_ = {};
    state_.begin();
    transaction_ = transaction;
}

// ---- partitions ----

void ProducerTransactionHost::note_send(const TopicPartition& partition) {
    if (!state_.add(partition) || is_adding_) return;
    is_adding_ = true;
    node_.spawn(fmt::format("{}/add_partitions", options_.client.client_id),
                [this] { add_partitions(); });
}

// transaction.version 1: partitions that came while others were being added go next.
void ProducerTransactionHost::add_partitions() {
    for (;;) {
        const std::set<TopicPartition> partitions = state_.unadded();
        const TransactionPhase phase = state_.phase();
        if (partitions.empty() ||
            (phase != TransactionPhase::in_transaction && phase != TransactionPhase::committing)) {
            break;
        }
        AddPartitionsToTxnRequest request;
        request.v3_and_below_transactional_id = options_.transactional_id;
        request.v3_and_below_producer_id = identity().id;
        request.v3_and_below_producer_epoch = identity().epoch;
        auto& topics = request.v3_and_below_topics;
        for (const TopicPartition& partition : partitions) {
            if (topics.empty() || topics.back().name != partition.topic) {
                topics.push_back({.name = partition.topic, .partitions = {}});
            }
            topics.back().partitions.push_back(partition.partition);
        }
        const OperationId asked_in = transaction_;
        const auto ended = ask(
            CoordinatorType::transaction, options_.transactional_id, request,
            node_.now() + options_.delivery_timeout,
            [](const AddPartitionsToTxnResponse& response) { return worst_of(response); },
            meaning_for_add_partitions, last_add_of_clients);
        if (transaction_ != asked_in) continue;
        if (ended.meaning == AnswerMeaning::done) {
            state_.added(partitions);
        } else if (ended.meaning == AnswerMeaning::fatal) {
            fatal(ended.error);
        } else {
            abortable(ended.error);
        }
        hooks_.wake();
    }
    is_adding_ = false;
    addition_waiters_.notify_all();
}

void ProducerTransactionHost::note_failure(ErrorCode code, const std::string& error) {
    const AnswerMeaning meaning = meaning_for_produce(code);
    if (meaning == AnswerMeaning::fatal) {
        fatal(error);
    } else {
        abortable(error);
    }
}

// ---- offsets ----

TransactionResult ProducerTransactionHost::send_offsets(
    const std::map<TopicPartition, Offset>& offsets, const ConsumerGroupMetadata& group) {
    const LocalTime deadline = node_.now() + Duration(options_.max_block);
    if (!state_.is_version_2()) {
        AddOffsetsToTxnRequest request;
        request.transactional_id = options_.transactional_id;
        request.producer_id = identity().id;
        request.producer_epoch = identity().epoch;
        request.group_id = group.group_id;
        const auto ended = ask(
            CoordinatorType::transaction, options_.transactional_id, request, deadline,
            [](const AddOffsetsToTxnResponse& response) { return response.error_code; },
            meaning_for_add_partitions);
        if (ended.meaning != AnswerMeaning::done) {
            state_.doubt_offsets();
            return give_up(ended.meaning, ended.error, ended.is_indefinite);
        }
    }
    state_.add_offsets();
    TxnOffsetCommitRequest request;
    request.transactional_id = options_.transactional_id;
    request.group_id = group.group_id;
    request.producer_id = identity().id;
    request.producer_epoch = identity().epoch;
    request.generation_id = group.generation;
    request.member_id = group.member_id;
    request.group_instance_id = group.group_instance_id;
    for (const auto& [partition, offset] : offsets) {
        if (request.topics.empty() || request.topics.back().name != partition.topic) {
            request.topics.push_back({.name = partition.topic, .partitions = {}});
        }
        TxnOffsetCommitRequest::Partition slot;
        slot.partition_index = partition.partition;
        slot.committed_offset = offset;
        slot.committed_metadata = std::string();
        request.topics.back().partitions.push_back(std::move(slot));
    }
    const auto ended = ask(
        CoordinatorType::group, group.group_id, request, deadline,
        [](const TxnOffsetCommitResponse& response) { return worst_of(response); },
        meaning_for_offsets,
        newest_before(first_offsets_of_version_2, TxnOffsetCommitRequest::versions.max));
    if (ended.meaning == AnswerMeaning::done) return {.outcome = Outcome::ok};
    return give_up(ended.meaning, ended.error, ended.is_indefinite);
}

// ---- the end ----

TransactionResult ProducerTransactionHost::end(bool commit, LocalTime deadline) {
    // An EndTxn must not overtake what adds to the transaction.
    while (is_adding_) {
        if (!addition_waiters_.wait_until(deadline)) {
            return {.outcome = Outcome::unknown, .error = "max.block.ms passed"};
        }
    }
    if (end_.commit != commit) end_ = {.commit = commit};
    if (!end_.is_answered) {
        if (const auto failed = ask_end(commit, deadline)) return *failed;
        // The first transaction of version 2 has an epoch that none of version 1 had.
        needs_identity_ |= learn_version();
    }
    if (auto failed = settle_identity(deadline); failed && !end_.stands) {
        if (failed->outcome == Outcome::failed) failed->outcome = outcome_of_failure(commit);
        return *failed;
    }
    const bool is_fatal = state_.phase() == TransactionPhase::fatal_error;
    if (!is_fatal) state_.ended();
    transaction_ = {};
    end_ = {};
    hooks_.wake();
    return {.outcome = Outcome::ok, .error = {}, .must_abort = false, .is_fatal = is_fatal};
}

// EndTxn, where there is something to end; nullopt: it needs not be sent again.
std::optional<TransactionResult> ProducerTransactionHost::ask_end(bool commit, LocalTime deadline) {
    // Numbers that were given up must not be used again. Version 2 has new ones after every end.
    const bool has_lost_numbers = sender_.numbering()->is_troubled() && !state_.is_version_2();
    bool needs_new_epoch = state_.needs_new_epoch() || has_lost_numbers;
    // Where the coordinator began nothing that we know of, the new epoch ends what is in doubt.
    bool stands = !state_.needs_new_epoch();
    if (state_.needs_end()) {
        EndTxnRequest request;
        request.transactional_id = options_.transactional_id;
        request.producer_id = identity().id;
        request.producer_epoch = identity().epoch;
        request.committed = commit;
        const auto ended = ask(
            CoordinatorType::transaction, options_.transactional_id, request, deadline,
            [](const EndTxnResponse& response) { return response.error_code; }, meaning_for_end,
            newest_before(first_end_of_version_2, EndTxnRequest::versions.max));
        end_.may_have_happened |= ended.is_indefinite;
        stands = ended.meaning == AnswerMeaning::done;
        // An abort whose identity is lost is over all the same, once there is a new identity.
        const bool is_lost_abort = !commit && ended.meaning == AnswerMeaning::abortable;
        if (!stands && !is_lost_abort) {
            return give_up(ended.meaning, ended.error, end_.may_have_happened);
        }
        needs_new_epoch |= is_lost_abort;
        if (state_.is_version_2() && !needs_new_epoch &&
            ended.response.producer_id != no_producer_id) {
            const ProducerIdentity next{ended.response.producer_id, ended.response.producer_epoch};
            sender_.identify(next);
            hooks_.identified(next, "transaction end");
        }
    }
    end_.is_answered = true;
    end_.stands = stands;
    needs_identity_ |= needs_new_epoch;
    return std::nullopt;
}

}  // namespace squall::model
