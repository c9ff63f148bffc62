#include "model/client/producer/transaction_state.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {
namespace {

std::string_view name_of(TransactionCommand command) {
    switch (command) {
        case TransactionCommand::init:
            return "initTransactions";
        case TransactionCommand::begin:
            return "beginTransaction";
        case TransactionCommand::send:
            return "send";
        case TransactionCommand::send_offsets:
            return "sendOffsetsToTransaction";
        case TransactionCommand::commit:
            return "commitTransaction";
        case TransactionCommand::abort:
            return "abortTransaction";
    }
    UNREACHABLE("no such command");
}

bool is_allowed(TransactionPhase phase, TransactionCommand command) {
    switch (command) {
        case TransactionCommand::init:
            return phase == TransactionPhase::uninitialized;
        case TransactionCommand::begin:
            return phase == TransactionPhase::ready;
        case TransactionCommand::send:
        case TransactionCommand::send_offsets:
            return phase == TransactionPhase::in_transaction;
        case TransactionCommand::commit:
            // Again, after a time-out whose outcome nobody knows.
            return phase == TransactionPhase::in_transaction ||
                   phase == TransactionPhase::committing;
        case TransactionCommand::abort:
            return phase == TransactionPhase::in_transaction ||
                   phase == TransactionPhase::abortable_error ||
                   phase == TransactionPhase::aborting;
    }
    UNREACHABLE("no such command");
}

bool is_fenced(ErrorCode error) {
    return error == ErrorCode::producer_fenced || error == ErrorCode::invalid_producer_epoch;
}

// What every request to a coordinator has in common; nullopt: it depends on the request.
std::optional<AnswerMeaning> common_meaning(ErrorCode error) {
    if (error == ErrorCode::none) return AnswerMeaning::done;
    if (refreshes_coordinator(error) || error == ErrorCode::network_exception ||
        error == ErrorCode::request_timed_out) {
        return AnswerMeaning::find_coordinator;
    }
    if (error == ErrorCode::coordinator_load_in_progress ||
        error == ErrorCode::concurrent_transactions) {
        return AnswerMeaning::retry;
    }
    if (error == ErrorCode::transaction_abortable) return AnswerMeaning::abortable;
    if (is_fenced(error) || error == ErrorCode::transactional_id_authorization_failed) {
        return AnswerMeaning::fatal;
    }
    return std::nullopt;
}

bool is_lost_identity(ErrorCode error) {
    return error == ErrorCode::unknown_producer_id ||
           error == ErrorCode::invalid_producer_id_mapping;
}

}  // namespace

std::string_view to_string(TransactionPhase phase) {
    switch (phase) {
        case TransactionPhase::uninitialized:
            return "uninitialized";
        case TransactionPhase::ready:
            return "ready";
        case TransactionPhase::in_transaction:
            return "in_transaction";
        case TransactionPhase::committing:
            return "committing";
        case TransactionPhase::aborting:
            return "aborting";
        case TransactionPhase::abortable_error:
            return "abortable_error";
        case TransactionPhase::fatal_error:
            return "fatal_error";
    }
    return "?";
}

// ---- what answers mean ----

AnswerMeaning meaning_for_init(ErrorCode error) {
    return common_meaning(error).value_or(AnswerMeaning::fatal);
}

AnswerMeaning meaning_for_add_partitions(ErrorCode error) {
    if (const auto meaning = common_meaning(error)) return *meaning;
    if (error == ErrorCode::unknown_topic_or_partition) return AnswerMeaning::retry;
    if (error == ErrorCode::invalid_txn_state) return AnswerMeaning::fatal;
    return AnswerMeaning::abortable;
}

AnswerMeaning meaning_for_offsets(ErrorCode error) {
    if (const auto meaning = common_meaning(error)) return *meaning;
    switch (error) {
        case ErrorCode::unknown_topic_or_partition:
            return AnswerMeaning::retry;
        // The group has gone on without this member: what it processed is not its own any more.
        case ErrorCode::illegal_generation:
        case ErrorCode::unknown_member_id:
        case ErrorCode::fenced_instance_id:
        case ErrorCode::stale_member_epoch:
        case ErrorCode::group_authorization_failed:
            return AnswerMeaning::abortable;
        default:
            return is_lost_identity(error) ? AnswerMeaning::abortable : AnswerMeaning::fatal;
    }
}

AnswerMeaning meaning_for_end(ErrorCode error) {
    if (const auto meaning = common_meaning(error)) return *meaning;
    return is_lost_identity(error) ? AnswerMeaning::abortable : AnswerMeaning::fatal;
}

AnswerMeaning meaning_for_produce(ErrorCode error) {
    switch (error) {
        case ErrorCode::none:
            return AnswerMeaning::done;
        case ErrorCode::producer_fenced:
        case ErrorCode::cluster_authorization_failed:
        case ErrorCode::transactional_id_authorization_failed:
        case ErrorCode::unsupported_version:
        case ErrorCode::invalid_producer_id_mapping:
            return AnswerMeaning::fatal;
        default:
            return AnswerMeaning::abortable;
    }
}

// ---- the state ----

std::optional<std::string> ProducerTransaction::refusal(TransactionCommand command) const {
    if (is_allowed(phase_, command)) return std::nullopt;
    if (!error_.empty()) return fmt::format("{} after {}", name_of(command), error_);
    return fmt::format("{} in the phase {}", name_of(command), to_string(phase_));
}

void ProducerTransaction::speak_version(bool is_version_2) {
    ASSERT(phase_ != TransactionPhase::in_transaction, "other rules in {}", to_string(phase_));
    is_version_2_ = is_version_2;
}

void ProducerTransaction::initialized() {
    ASSERT(phase_ == TransactionPhase::uninitialized, "initialised in {}", to_string(phase_));
    phase_ = TransactionPhase::ready;
}

void ProducerTransaction::begin() {
    ASSERT(phase_ == TransactionPhase::ready, "begun in {}", to_string(phase_));
    phase_ = TransactionPhase::in_transaction;
}

void ProducerTransaction::begin_commit() {
    ASSERT(is_allowed(phase_, TransactionCommand::commit), "commit in {}", to_string(phase_));
    phase_ = TransactionPhase::committing;
}

void ProducerTransaction::begin_abort() {
    ASSERT(is_allowed(phase_, TransactionCommand::abort), "abort in {}", to_string(phase_));
    phase_ = TransactionPhase::aborting;
}

void ProducerTransaction::ended() {
    ASSERT(phase_ == TransactionPhase::committing || phase_ == TransactionPhase::aborting,
           "ended in {}", to_string(phase_));
    phase_ = TransactionPhase::ready;
    error_.clear();
    has_anything_ = false;
    had_error_ = false;
    sent_to_.clear();
    added_.clear();
}

// The first error is the one that is told. An abort goes on whatever fails meanwhile.
void ProducerTransaction::abortable(std::string error) {
    had_error_ = true;
    if (!is_open()) return;
    phase_ = TransactionPhase::abortable_error;
    error_ = std::move(error);
}

void ProducerTransaction::fatal(std::string error) {
    if (phase_ == TransactionPhase::fatal_error) return;
    phase_ = TransactionPhase::fatal_error;
    error_ = std::move(error);
}

bool ProducerTransaction::add(const TopicPartition& partition) {
    const bool is_new = sent_to_.insert(partition).second;
    has_anything_ |= is_version_2_;
    return is_new && !is_version_2_;
}

bool ProducerTransaction::may_send_to(const TopicPartition& partition) const {
    if (!is_open()) return false;
    return is_version_2_ || added_.contains(partition);
}

std::set<TopicPartition> ProducerTransaction::unadded() const {
    std::set<TopicPartition> left;
    std::ranges::set_difference(sent_to_, added_, std::inserter(left, left.end()));
    return left;
}

void ProducerTransaction::added(const std::set<TopicPartition>& partitions) {
    has_anything_ = true;
    added_.insert(partitions.begin(), partitions.end());
}

}  // namespace squall::model
