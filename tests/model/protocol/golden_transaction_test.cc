// Transactions, as other clients ask for them, byte for byte.

#include <gtest/gtest.h>

#include <string>

#include "model/protocol/api_list.h"
#include "tests/model/protocol/golden_message.h"

namespace squall::model {
namespace {

constexpr ProducerId producer{4711};
constexpr ProducerEpoch epoch{3};

AddPartitionsToTxnRequest add_two_partitions() {
    AddPartitionsToTxnRequest add;
    add.v3_and_below_transactional_id = "tx-1";
    add.v3_and_below_producer_id = producer;
    add.v3_and_below_producer_epoch = epoch;
    add.v3_and_below_topics = {{.name = "orders", .partitions = {0, 1}}};
    return add;
}

AddOffsetsToTxnRequest add_offsets() {
    return {.transactional_id = "tx-1",
            .producer_id = producer,
            .producer_epoch = epoch,
            .group_id = "billing"};
}

TxnOffsetCommitRequest commit_one_offset() {
    TxnOffsetCommitRequest commit;
    commit.transactional_id = "tx-1";
    commit.group_id = "billing";
    commit.producer_id = producer;
    commit.producer_epoch = epoch;
    TxnOffsetCommitRequest::Topic& topic = commit.topics.emplace_back();
    topic.name = "orders";
    topic.partitions.resize(1);
    topic.partitions[0].committed_offset = Offset(7);
    topic.partitions[0].committed_metadata = "note";
    return commit;
}

EndTxnRequest end(bool committed) {
    return {.transactional_id = "tx-1",
            .producer_id = producer,
            .producer_epoch = epoch,
            .committed = committed};
}

TEST(GoldenTransaction, OfKafkajs) {
    Golden golden = read_golden("kafkajs.txt");
    InitProducerIdRequest init;
    init.transactional_id = "tx-1";
    init.transaction_timeout_ms = 60000;
    expect_request(golden, "request.InitProducerId.1", 1, init);
    expect_request(golden, "request.AddPartitionsToTxn.1", 1, add_two_partitions());
    expect_request(golden, "request.AddOffsetsToTxn.1", 1, add_offsets());
    expect_request(golden, "request.TxnOffsetCommit.1", 1, commit_one_offset());
    expect_request(golden, "request.EndTxn.1", 1, end(true));
}

TEST(GoldenTransaction, OfPlatformaticInFlexibleVersions) {
    Golden golden = read_golden("platformatic.txt");
    expect_body(golden, "body.InitProducerId.5", 5,
                InitProducerIdRequest{.transactional_id = "tx-1",
                                      .transaction_timeout_ms = 60000,
                                      .producer_id = producer,
                                      .producer_epoch = epoch});
    expect_body(golden, "body.AddPartitionsToTxn.3", 3, add_two_partitions());
    AddPartitionsToTxnRequest verify;
    verify.transactions = {{.transactional_id = "tx-1",
                            .producer_id = producer,
                            .producer_epoch = epoch,
                            .verify_only = true,
                            .topics = {{.name = "orders", .partitions = {0, 1}}}}};
    expect_body(golden, "body.AddPartitionsToTxn.5", 5, verify);
    expect_body(golden, "body.AddOffsetsToTxn.4", 4, add_offsets());

    TxnOffsetCommitRequest commit = commit_one_offset();
    commit.generation_id = GenerationId(4);
    commit.member_id = "m-1";
    commit.group_instance_id = "till-1";
    commit.topics[0].partitions[0].committed_leader_epoch = LeaderEpoch(3);
    expect_body(golden, "body.TxnOffsetCommit.4", 4, commit);
    expect_body(golden, "body.EndTxn.4", 4, end(false));

    DescribeProducersRequest producers;
    producers.topics = {{.name = "orders", .partition_indexes = {0, 1}}};
    expect_body(golden, "body.DescribeProducers.0", 0, producers);
    expect_body(golden, "body.DescribeTransactions.0", 0,
                DescribeTransactionsRequest{.transactional_ids = {"tx-1", "tx-2"}});
    expect_body(golden, "body.ListTransactions.2", 2,
                ListTransactionsRequest{.state_filters = {"Ongoing"},
                                        .producer_id_filters = {producer},
                                        .duration_filter = 1000,
                                        .transactional_id_pattern = "tx-.*"});
}

}  // namespace
}  // namespace squall::model
