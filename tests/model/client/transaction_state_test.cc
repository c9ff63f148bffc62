// What errors mean to a transactional producer, by the table of KafkaProducer's documentation, and
// which calls are allowed when, against a table of phases written down apart from the code.
#include "model/client/producer/transaction_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace squall::model {
namespace {

using enum AnswerMeaning;
using Meanings = std::map<ErrorCode, AnswerMeaning>;

void expect(AnswerMeaning (*meaning_for)(ErrorCode), const Meanings& expected) {
    for (const auto& [error, meaning] : expected) {
        EXPECT_EQ(meaning_for(error), meaning) << to_string(error);
    }
}

TEST(ErrorsOfTransactions, ACoordinatorThatMovesOrIsBusyIsAskedAgain) {
    for (const auto meaning_for :
         {meaning_for_init, meaning_for_add_partitions, meaning_for_offsets, meaning_for_end}) {
        expect(meaning_for, {{ErrorCode::none, done},
                             {ErrorCode::coordinator_not_available, find_coordinator},
                             {ErrorCode::not_coordinator, find_coordinator},
                             {ErrorCode::network_exception, find_coordinator},
                             {ErrorCode::request_timed_out, find_coordinator},
                             {ErrorCode::coordinator_load_in_progress, retry},
                             {ErrorCode::concurrent_transactions, retry}});
    }
}

TEST(ErrorsOfTransactions, AFencedProducerIsDone) {
    for (const auto meaning_for :
         {meaning_for_init, meaning_for_add_partitions, meaning_for_offsets, meaning_for_end}) {
        expect(meaning_for, {{ErrorCode::producer_fenced, fatal},
                             {ErrorCode::invalid_producer_epoch, fatal},
                             {ErrorCode::transactional_id_authorization_failed, fatal},
                             {ErrorCode::transaction_abortable, abortable}});
    }
}

TEST(ErrorsOfTransactions, ALostIdentityCanBeAbortedExceptWhereItIsAskedFor) {
    for (const auto meaning_for :
         {meaning_for_add_partitions, meaning_for_offsets, meaning_for_end}) {
        expect(meaning_for, {{ErrorCode::unknown_producer_id, abortable},
                             {ErrorCode::invalid_producer_id_mapping, abortable},
                             {ErrorCode::invalid_txn_state, fatal}});
    }
    expect(meaning_for_init, {{ErrorCode::invalid_transaction_timeout, fatal},
                              {ErrorCode::unsupported_version, fatal}});
}

TEST(ErrorsOfTransactions, OfABatchOnlyWhatNoAbortCanMendIsFatal) {
    expect(meaning_for_produce, {{ErrorCode::none, done},
                                 {ErrorCode::invalid_producer_epoch, abortable},
                                 {ErrorCode::out_of_order_sequence_number, abortable},
                                 {ErrorCode::unknown_producer_id, abortable},
                                 {ErrorCode::transaction_abortable, abortable},
                                 {ErrorCode::request_timed_out, abortable},
                                 {ErrorCode::network_exception, abortable},
                                 {ErrorCode::message_too_large, abortable},
                                 {ErrorCode::invalid_record, abortable},
                                 {ErrorCode::producer_fenced, fatal},
                                 {ErrorCode::invalid_producer_id_mapping, fatal},
                                 {ErrorCode::cluster_authorization_failed, fatal},
                                 {ErrorCode::transactional_id_authorization_failed, fatal},
                                 {ErrorCode::unsupported_version, fatal}});
}

// KIP-447: the group has gone on without this member.
TEST(ErrorsOfTransactions, AMemberThatItsGroupHasDroppedMustAbort) {
    expect(meaning_for_offsets, {{ErrorCode::illegal_generation, abortable},
                                 {ErrorCode::unknown_member_id, abortable},
                                 {ErrorCode::fenced_instance_id, abortable},
                                 {ErrorCode::stale_member_epoch, abortable},
                                 {ErrorCode::group_authorization_failed, abortable},
                                 {ErrorCode::unknown_topic_or_partition, retry},
                                 {ErrorCode::unsupported_for_message_format, fatal}});
    expect(meaning_for_add_partitions, {{ErrorCode::unknown_topic_or_partition, retry},
                                        {ErrorCode::operation_not_attempted, abortable},
                                        {ErrorCode::topic_authorization_failed, abortable}});
}

// ---- phases ----

using enum TransactionPhase;
using Command = TransactionCommand;

// KafkaProducer's table: what an application may do in which phase.
const std::map<TransactionPhase, std::set<Command>> allowed = {
    {uninitialized, {Command::init}},
    {ready, {Command::begin}},
    {in_transaction, {Command::send, Command::send_offsets, Command::commit, Command::abort}},
    {committing, {Command::commit}},
    {aborting, {Command::abort}},
    {abortable_error, {Command::abort}},
    {fatal_error, {}},
};
const std::vector<Command> commands = {Command::init,         Command::begin,  Command::send,
                                       Command::send_offsets, Command::commit, Command::abort};

RC_GTEST_PROP(ProducerTransaction, AllowsWhatTheTableAllowsWhateverHappened, ()) {
    ProducerTransaction transaction;
    TransactionPhase expected = uninitialized;
    std::set<TopicPartition> sent;
    bool had_error = false;
    bool has_offsets = false;
    const bool is_version_2 = *rc::gen::arbitrary<bool>();
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
        const bool is_open = expected == in_transaction || expected == committing;
        const int event = *rc::gen::weightedElement<int>({{10, 0}, {2, 1}, {1, 2}, {4, 3}});
        if (event == 1) {
            transaction.abortable("a batch is missing");
            had_error = true;
            if (is_open) expected = abortable_error;
        } else if (event == 2 && i > steps / 2) {
            transaction.fatal("fenced");
            expected = fatal_error;
        } else if (event == 3) {
            if (expected != committing && expected != aborting) continue;
            transaction.ended();
            expected = ready;
            sent.clear();
            had_error = has_offsets = false;
            RC_ASSERT(!transaction.needs_end());
            RC_ASSERT(transaction.error().empty());
        } else if (event == 0) {
            const Command command = *rc::gen::elementOf(commands);
            const bool may = allowed.at(expected).contains(command);
            RC_ASSERT(transaction.refusal(command).has_value() == !may);
            if (!may) continue;
            switch (command) {
                case Command::init:
                    transaction.speak_version(is_version_2);
                    transaction.initialized();
                    expected = ready;
                    // What went wrong before there was a transaction is none of its errors.
                    break;
                case Command::begin:
                    transaction.begin();
                    expected = in_transaction;
                    break;
                case Command::send: {
                    const TopicPartition partition{"orders", *rc::gen::inRange(0, 3)};
                    const bool is_known = !sent.empty() || has_offsets;
                    const bool is_new = sent.insert(partition).second;
                    RC_ASSERT(transaction.add(partition) == (is_new && !is_version_2));
                    // Version 1: not before the coordinator knows of it.
                    RC_ASSERT(transaction.may_send_to(partition) == (is_version_2 || !is_new));
                    if (is_new && !is_version_2 && !is_known) {
                        // The coordinator has begun nothing, and would refuse to end it.
                        RC_ASSERT(!transaction.needs_end());
                    }
                    if (is_new) transaction.added({partition});
                    RC_ASSERT(transaction.may_send_to(partition));
                    RC_ASSERT(transaction.unadded().empty());
                    break;
                }
                case Command::send_offsets:
                    transaction.add_offsets();
                    has_offsets = true;
                    RC_ASSERT(transaction.needs_end());
                    break;
                case Command::commit:
                    transaction.begin_commit();
                    expected = committing;
                    break;
                case Command::abort:
                    transaction.begin_abort();
                    expected = aborting;
                    break;
            }
        }
        RC_ASSERT(transaction.phase() == expected);
        if (!sent.empty()) RC_ASSERT(transaction.needs_end());
        RC_ASSERT(transaction.needs_new_epoch() == (had_error && !transaction.is_version_2()));
        if (expected == aborting || expected == abortable_error || expected == fatal_error) {
            RC_ASSERT(!transaction.may_send_to({"orders", 0}));
        }
    }
}

}  // namespace
}  // namespace squall::model
