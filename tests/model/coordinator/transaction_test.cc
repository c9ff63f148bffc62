// The rules of the transaction coordinator, one by one, and against a reference model that knows
// only what is promised: who the producer of an id is, and what became of each transaction.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/model/coordinator/transaction_world.h"

namespace squall::model {
namespace {

struct Identity {
    ProducerId id = no_producer_id;
    ProducerEpoch epoch = no_producer_epoch;

    auto operator<=>(const Identity&) const = default;
};

// One id, "t", and its producer as a client would be.
class Fixture : public TransactionWorld {
  public:
    using TransactionWorld::TransactionWorld;

    ErrorCode init(std::optional<Identity> known = std::nullopt) {
        std::optional<std::pair<ProducerId, ProducerEpoch>> expected;
        if (known) expected = {known->id, known->epoch};
        auto replies = ask(init_request("t", expected), version);
        if (replies.empty()) replies = settle();
        const auto& response = only<InitProducerIdResponse>(replies);
        if (response.error_code == ErrorCode::none) {
            self = {response.producer_id, response.producer_epoch};
        }
        return response.error_code;
    }
    ErrorCode add(std::int32_t partition) { return add(partition, self); }
    ErrorCode add(std::int32_t partition, const Identity& who, bool verify_only = false) {
        const TopicPartition wanted{"orders", partition};
        auto replies = ask(AddPartitions{.transactional_id = "t",
                                         .producer_id = who.id,
                                         .producer_epoch = who.epoch,
                                         .partitions = {wanted},
                                         .verify_only = verify_only},
                           version);
        if (replies.empty()) replies = settle();
        return only<PartitionsAdded>(replies).errors.at(wanted);
    }
    ErrorCode end(bool commit) { return end(commit, self); }
    // As the client would, it goes on as whom the answer names.
    ErrorCode end(bool commit, const Identity& who) {
        auto replies = ask(end_request("t", who.id, who.epoch, commit), version);
        if (replies.empty()) replies = settle();
        const auto& response = only<EndTxnResponse>(replies);
        if (response.error_code == ErrorCode::none && version >= 2) {
            self = {response.producer_id, response.producer_epoch};
        }
        return response.error_code;
    }
    TransactionState state() const { return shard().find("t")->state; }

    std::int16_t version = 2;
    Identity self;
};

TEST(TransactionProtocol, AnIdBeginsWithAFreshProducerId) {
    Fixture world;
    EXPECT_EQ(world.init(), ErrorCode::none);
    EXPECT_EQ(world.self, (Identity{ProducerId(1000), ProducerEpoch(0)}));
    EXPECT_EQ(world.state(), TransactionState::empty);
}

TEST(TransactionProtocol, ANewProcessFencesTheOneBefore) {
    Fixture world;
    world.init();
    const Identity before = world.self;
    EXPECT_EQ(world.init(), ErrorCode::none);
    EXPECT_EQ(world.self, (Identity{before.id, ProducerEpoch(1)}));
    EXPECT_EQ(world.add(0, before), ErrorCode::producer_fenced);
    EXPECT_EQ(world.end(true, before), ErrorCode::producer_fenced);
}

TEST(TransactionProtocol, ANewProcessAbortsWhatTheOneBeforeLeftOpen) {
    for (const std::int16_t version : {std::int16_t{1}, std::int16_t{2}}) {
        Fixture world;
        world.version = version;
        world.init();
        const Identity before = world.self;
        world.add(0);
        EXPECT_EQ(world.init(), ErrorCode::concurrent_transactions);
        EXPECT_EQ(world.state(), TransactionState::prepare_abort);
        EXPECT_EQ(world.init(), ErrorCode::concurrent_transactions);
        world.write_markers("t");
        EXPECT_EQ(world.state(), TransactionState::complete_abort);
        ASSERT_EQ(world.written.size(), 1u);
        EXPECT_FALSE(world.written[0].commit);
        EXPECT_EQ(world.init(), ErrorCode::none);
        EXPECT_GT(world.self.epoch, before.epoch);
        EXPECT_EQ(world.end(true, before), ErrorCode::producer_fenced);
    }
}

TEST(TransactionProtocol, TheSecondVersionRaisesTheEpochWithEveryEnd) {
    Fixture world;
    world.init();
    for (std::int16_t epoch = 0; epoch < 3; ++epoch) {
        EXPECT_EQ(world.self.epoch, ProducerEpoch(epoch));
        world.add(0);
        EXPECT_EQ(world.end(true), ErrorCode::none);
        // The marker carries the epoch of the next transaction: nothing of this one may follow it.
        ASSERT_TRUE(world.shard().due_marker("t"));
        EXPECT_EQ(world.shard().due_marker("t")->producer_epoch, world.self.epoch);
        world.write_markers("t");
    }
}

TEST(TransactionProtocol, AnAnswerThatWasLostIsGivenAgain) {
    Fixture world;
    world.init();
    world.add(0);
    const Identity before = world.self;
    world.end(true);
    const Identity next = world.self;
    EXPECT_EQ(world.end(true, before), ErrorCode::concurrent_transactions);
    world.write_markers("t");
    EXPECT_EQ(world.end(true, before), ErrorCode::none);
    EXPECT_EQ(world.self, next);
    EXPECT_EQ(world.end(false, before), ErrorCode::invalid_txn_state);
}

TEST(TransactionProtocol, OfTheFirstVersionALateEndReachesTheNextTransaction) {
    // KAFKA-17754: producer id and epoch are the same for both, and that is all there is to tell.
    Fixture world;
    world.version = 1;
    world.init();
    world.add(0);
    world.end(true);
    world.write_markers("t");
    world.add(1);
    EXPECT_EQ(world.end(true), ErrorCode::none) << "meant for the transaction before";
    EXPECT_EQ(world.state(), TransactionState::prepare_commit);
}

TEST(TransactionProtocol, OfTheSecondVersionALateEndIsFenced) {
    Fixture world;
    world.init();
    world.add(0);
    const Identity before = world.self;
    world.end(true);
    world.write_markers("t");
    world.add(1);
    EXPECT_EQ(world.end(true, before), ErrorCode::producer_fenced);
    EXPECT_EQ(world.state(), TransactionState::ongoing);
}

TEST(TransactionProtocol, NothingCanBeCommittedThatWasNotBegun) {
    Fixture world;
    world.init();
    EXPECT_EQ(world.end(true), ErrorCode::invalid_txn_state);
    // An abort of nothing raises the epoch: how a producer gets past an error.
    EXPECT_EQ(world.end(false), ErrorCode::none);
    EXPECT_EQ(world.self.epoch, ProducerEpoch(1));
    EXPECT_EQ(world.state(), TransactionState::complete_abort);
}

TEST(TransactionProtocol, OnlyOneThingHappensAtATime) {
    Fixture world;
    world.init();
    world.ask(AddPartitions{.transactional_id = "t",
                            .producer_id = world.self.id,
                            .producer_epoch = world.self.epoch,
                            .partitions = {{"orders", 0}}});
    ASSERT_TRUE(world.has_writes());
    EXPECT_EQ(only<InitProducerIdResponse>(world.ask(init_request("t"))).error_code,
              ErrorCode::concurrent_transactions);
    world.settle();
    EXPECT_EQ(world.init(), ErrorCode::concurrent_transactions) << "it has to be aborted first";
}

TEST(TransactionProtocol, ARecordThatCouldNotBeWrittenChangesNothing) {
    Fixture world;
    world.init();
    const TransactionMetadata before = *world.shard().find("t");
    world.ask(AddPartitions{.transactional_id = "t",
                            .producer_id = world.self.id,
                            .producer_epoch = world.self.epoch,
                            .partitions = {{"orders", 0}}});
    world.store(ErrorCode::not_enough_replicas);
    EXPECT_EQ(*world.shard().find("t"), before);
    EXPECT_EQ(world.add(0), ErrorCode::none);
}

TEST(TransactionProtocol, RotatesTheProducerIdAtTheCeiling) {
    TransactionOptions options;
    options.producer_epoch_ceiling = 2;
    Fixture world(options);
    world.init();
    std::set<Identity> used;
    for (int i = 0; i < 7; ++i) {
        EXPECT_TRUE(used.insert(world.self).second) << "an epoch for every transaction";
        world.add(0);
        const Identity before = world.self;
        EXPECT_EQ(world.end(true), ErrorCode::none);
        const Identity next = world.self;
        world.write_markers("t");
        EXPECT_EQ(world.end(true, before), ErrorCode::none) << "the answer was lost";
        EXPECT_EQ(world.self, next);
    }
    EXPECT_GE(world.self.id, ProducerId(1002));
}

TEST(TransactionProtocol, AsksAProducerToWaitThatComesWithItsNextIdBeforeTheMarkersStand) {
    TransactionOptions options;
    options.producer_epoch_ceiling = 0;
    Fixture world(options);
    world.init();
    world.add(0);
    const ProducerId before = world.self.id;
    EXPECT_EQ(world.end(true), ErrorCode::none);
    ASSERT_NE(world.self.id, before);
    EXPECT_EQ(world.add(0), ErrorCode::concurrent_transactions);
    EXPECT_EQ(world.init(world.self), ErrorCode::concurrent_transactions);
    world.write_markers("t");
    EXPECT_EQ(world.add(0), ErrorCode::none);
}

// Only a retry of the rotation itself may come by the id before it.
TEST(TransactionProtocol, TheIdBeforeARotationIsFencedOnceTheNextTransactionHasBegun) {
    TransactionOptions options;
    options.producer_epoch_ceiling = 0;
    Fixture world(options);
    world.init();
    world.add(0);
    const Identity zombie = world.self;
    EXPECT_EQ(world.end(true), ErrorCode::none);
    ASSERT_NE(world.self.id, zombie.id);
    world.write_markers("t");
    EXPECT_EQ(world.add(0), ErrorCode::none);
    EXPECT_EQ(world.init(zombie), ErrorCode::producer_fenced);
    EXPECT_EQ(world.state(), TransactionState::ongoing);
    EXPECT_EQ(world.end(true), ErrorCode::none);
}

// The state it was sent for is not in the log yet, and not the one to judge it by.
TEST(TransactionProtocol, AnEndThatMeetsARecordOnItsWayHasToComeBack) {
    for (const std::int16_t version : {std::int16_t{1}, std::int16_t{2}}) {
        Fixture world;
        world.version = version;
        world.init();
        world.ask(AddPartitions{.transactional_id = "t",
                                .producer_id = world.self.id,
                                .producer_epoch = world.self.epoch,
                                .partitions = {{"orders", 0}}},
                  version);
        ASSERT_TRUE(world.has_writes());
        const Identity of_later{world.self.id, ProducerEpoch(7)};
        const Identity stranger{ProducerId(999), world.self.epoch};
        const auto end = [&](bool commit, const Identity& who) {
            return only<EndTxnResponse>(
                       world.ask(end_request("t", who.id, who.epoch, commit), version))
                .error_code;
        };
        EXPECT_EQ(end(true, world.self), ErrorCode::concurrent_transactions);
        EXPECT_EQ(end(false, world.self), ErrorCode::concurrent_transactions);
        EXPECT_EQ(end(true, stranger), ErrorCode::invalid_producer_id_mapping);
        // KAFKA-18464: the next epoch may be on its way.
        EXPECT_EQ(end(true, of_later),
                  version == 1 ? ErrorCode::producer_fenced : ErrorCode::concurrent_transactions);
        world.settle();
        EXPECT_EQ(world.end(true), ErrorCode::none);
    }
}

TEST(TransactionProtocol, AZombieIsToldSoWhileMarkersAreMissing) {
    Fixture world;
    world.init();
    const Identity zombie = world.self;
    world.init();
    world.add(0);
    EXPECT_EQ(world.end(true), ErrorCode::none);
    EXPECT_EQ(world.add(0, zombie), ErrorCode::producer_fenced);
    EXPECT_EQ(world.init(Identity{ProducerId(999), ProducerEpoch(0)}), ErrorCode::producer_fenced);
    EXPECT_EQ(world.init(world.self), ErrorCode::concurrent_transactions);
    EXPECT_EQ(world.add(0), ErrorCode::concurrent_transactions);
}

TEST(TransactionProtocol, RotatesWhenAFencedTransactionUsesUpTheEpochs) {
    // KAFKA-20090.
    TransactionOptions options;
    options.producer_epoch_ceiling = 1;
    Fixture world(options);
    world.init();
    world.init();
    world.add(0);
    const Identity before = world.self;
    EXPECT_EQ(world.init(), ErrorCode::concurrent_transactions);
    world.write_markers("t");
    EXPECT_EQ(world.init(), ErrorCode::none);
    EXPECT_NE(world.self.id, before.id);
}

TEST(TransactionProtocol, VerifiesOnlyWhatIsPartOfTheTransaction) {
    Fixture world;
    world.version = 1;
    world.init();
    EXPECT_EQ(world.add(0, world.self, true), ErrorCode::transaction_abortable);
    world.add(0);
    EXPECT_EQ(world.add(0, world.self, true), ErrorCode::none);
    EXPECT_EQ(world.add(1, world.self, true), ErrorCode::transaction_abortable);
    world.end(true);
    EXPECT_EQ(world.add(0, world.self, true), ErrorCode::concurrent_transactions);
    world.write_markers("t");
    EXPECT_EQ(world.add(0, world.self, true), ErrorCode::transaction_abortable);
}

TEST(TransactionProtocol, AbortsWhatTakesTooLongAndFencesIt) {
    for (const std::int16_t version : {std::int16_t{1}, std::int16_t{2}}) {
        Fixture world;
        world.version = version;
        world.init();
        world.add(0);
        world.now_ms += 60000;
        EXPECT_EQ(world.scan_timeouts(), 0u);
        world.now_ms += 1;
        EXPECT_EQ(world.scan_timeouts(), 1u);
        world.settle();
        EXPECT_EQ(world.state(), TransactionState::prepare_abort);
        world.write_markers("t");
        EXPECT_EQ(world.add(1), ErrorCode::producer_fenced);
    }
}

TEST(TransactionProtocol, WithoutTheFenceTheProducerGoesOnInTheSameEpoch) {
    BugSet bugs;
    bugs.arm(Bug::z56_timeout_abort_without_fence);
    Fixture world({}, &bugs);
    world.init();
    world.add(0);
    world.now_ms += 60001;
    world.scan_timeouts();
    world.settle();
    world.write_markers("t");
    EXPECT_EQ(world.add(1), ErrorCode::none);
    EXPECT_GT(bugs.hits(Bug::z56_timeout_abort_without_fence), 0u);
}

TEST(TransactionProtocol, WithoutAnEpochOfItsOwnANewProcessFencesNobody) {
    BugSet bugs;
    bugs.arm(Bug::z57_zombie_producer_not_fenced);
    Fixture world({}, &bugs);
    world.init();
    const Identity before = world.self;
    world.init();
    EXPECT_EQ(world.self, before);
    EXPECT_EQ(world.add(0, before), ErrorCode::none);
    EXPECT_GT(bugs.hits(Bug::z57_zombie_producer_not_fenced), 0u);
}

TEST(TransactionProtocol, RefusesTimeoutsBeyondTheMaximum) {
    Fixture world;
    InitProducerIdRequest request = init_request("t");
    request.transaction_timeout_ms = 900001;
    EXPECT_EQ(only<InitProducerIdResponse>(world.ask(request)).error_code,
              ErrorCode::invalid_transaction_timeout);
}

TEST(TransactionShard, ForgetsIdsThatNobodyUses) {
    Fixture world;
    world.init();
    world.now_ms += 604800000 - 1;
    EXPECT_TRUE(world.shard().expire({LocalTime{}, world.now_ms}).records.empty());
    const auto decision = world.shard().expire({LocalTime{}, world.now_ms + 1});
    ASSERT_EQ(decision.records.size(), 1u);
    EXPECT_FALSE(decision.records[0].value.has_value());
}

TEST(TransactionShard, TheNextCoordinatorFinishesWhatWasDecided) {
    Fixture world;
    world.init();
    world.add(0);
    world.add(1);
    world.end(true);
    world.fail_over(true);
    ASSERT_TRUE(world.shard().due_marker("t"));
    EXPECT_TRUE(world.shard().due_marker("t")->commit);
    EXPECT_EQ(world.shard().due_marker("t")->partitions.size(), 2u);
    world.write_markers("t");
    EXPECT_EQ(world.state(), TransactionState::complete_commit);
}

// ---- any sequence of events, against what is promised ----

// The reference: what a client may rely on, by the records alone.
class Promises {
  public:
    // Every stored state follows from the one before, and never takes back what was decided.
    void stored(const TransactionMetadata& next) {
        if (last_) {
            RC_ASSERT(may_follow(last_->state, next.state));
            RC_ASSERT(next.producer_id >= last_->producer_id);
            if (next.producer_id == last_->producer_id) {
                RC_ASSERT(next.producer_epoch >= last_->producer_epoch);
            } else {
                RC_ASSERT(next.producer_epoch == ProducerEpoch(0));
            }
            const bool completes = next.is_over() && last_->is_ending();
            if (completes) {
                RC_ASSERT((next.state == TransactionState::complete_commit) ==
                          (last_->state == TransactionState::prepare_commit));
            }
        }
        last_ = next;
    }
    // No identity is ever given to two producers.
    void given(const Identity& identity) { RC_ASSERT(identities_.insert(identity).second); }
    // Of one transaction all markers say the same.
    void marked(const DueMarker& marker) {
        const auto key = std::pair(marker.producer_id, marker.producer_epoch);
        const auto [outcome, is_new] = outcomes_.emplace(key, marker.commit);
        if (marker.transaction_version >= 2) RC_ASSERT(is_new || outcome->second == marker.commit);
    }

  private:
    std::optional<TransactionMetadata> last_;
    std::set<Identity> identities_;
    std::map<std::pair<ProducerId, ProducerEpoch>, bool> outcomes_;
};

RC_GTEST_PROP(TransactionShard, KeepsItsPromisesWhateverHappens, ()) {
    const auto version = static_cast<std::int16_t>(*rc::gen::inRange(1, 3));
    TransactionOptions options;
    options.producer_epoch_ceiling = static_cast<std::int16_t>(*rc::gen::inRange(1, 6));
    Fixture world(options);
    world.version = version;
    Promises promises;
    std::vector<Identity> known;  // every identity that a client ever had
    std::size_t seen = 0;
    std::size_t marked = 0;
    const auto watch = [&] {
        for (; seen < world.log().size(); ++seen) {
            if (world.log()[seen].value) promises.stored(*world.log()[seen].value);
        }
        for (; marked < world.written.size(); ++marked) promises.marked(world.written[marked]);
        RC_ASSERT(world.shard().has_same_records_as(world.replayed()));
    };
    const auto somebody = [&] {
        return known.empty() ? Identity{ProducerId(1), ProducerEpoch(0)}
                             : known[*rc::gen::inRange<std::size_t>(0, known.size())];
    };
    const int steps = *rc::gen::inRange(10, 80);
    for (int i = 0; i < steps; ++i) {
        const Identity who = *rc::gen::inRange(0, 3) > 0 ? world.self : somebody();
        switch (*rc::gen::inRange(0, 9)) {
            case 0:
            case 1:
                if (world.init() == ErrorCode::none) {
                    promises.given(world.self);
                    known.push_back(world.self);
                }
                break;
            case 2:
            case 3: {
                const ErrorCode error = world.add(*rc::gen::inRange(0, 3), who);
                if (error == ErrorCode::none) {
                    RC_ASSERT(world.shard().find("t")->producer_id == who.id);
                    RC_ASSERT(world.shard().find("t")->producer_epoch == who.epoch);
                }
                break;
            }
            case 4:
            case 5: {
                const bool commit = *rc::gen::arbitrary<bool>();
                const bool was_open = world.shard().find("t") != nullptr &&
                                      world.state() == TransactionState::ongoing;
                const ErrorCode error = world.end(commit, who);
                if (error == ErrorCode::none && was_open) {
                    RC_ASSERT(world.shard().find("t")->is_ending_with(commit));
                }
                if (error == ErrorCode::none) known.push_back(world.self);
                break;
            }
            case 6:
                world.write_markers("t");
                break;
            case 7:
                world.now_ms += *rc::gen::inRange(1, 80000);
                world.scan_timeouts();
                world.settle();
                break;
            case 8:
                world.fail_over(*rc::gen::arbitrary<bool>());
                break;
        }
        watch();
    }
    // Whatever happened, somebody new can always go on.
    for (int i = 0; i < 3 && world.init() != ErrorCode::none; ++i) world.write_markers("t");
    watch();
    RC_ASSERT(world.add(0) == ErrorCode::none);
    RC_ASSERT(world.end(true) == ErrorCode::none);
}

// ---- the log ----

RC_GTEST_PROP(TransactionRecords, SayWhatTheyWereGiven, ()) {
    TransactionMetadata metadata;
    metadata.producer_id = ProducerId(*rc::gen::inRange(0, 1000000));
    metadata.previous_producer_id = ProducerId(*rc::gen::inRange(-1, 100));
    metadata.next_producer_id = ProducerId(*rc::gen::inRange(-1, 100));
    metadata.producer_epoch = ProducerEpoch(static_cast<std::int16_t>(*rc::gen::inRange(0, 32767)));
    metadata.timeout = std::chrono::milliseconds(*rc::gen::inRange(1, 900000));
    metadata.state = static_cast<TransactionState>(*rc::gen::inRange(1, 6));
    metadata.start_timestamp = *rc::gen::inRange(-1, 1000000);
    metadata.last_update_timestamp = *rc::gen::inRange(0, 1000000);
    metadata.client_transaction_version = static_cast<std::int16_t>(*rc::gen::inRange(0, 3));
    for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
        metadata.partitions.insert(
            {*rc::gen::elementOf(std::vector<std::string>{"a", "b"}), *rc::gen::inRange(0, 10)});
    }
    const TransactionRecord record{"id", metadata};
    const TransactionRecordBytes bytes = encode_transaction_record(record);
    RC_ASSERT(decode_transaction_record(bytes.key, ByteView(*bytes.value)).value() == record);
}

TEST(TransactionRecords, PassOverWhatTheyDoNotKnow) {
    const TransactionRecord record{"id", TransactionMetadata{}};
    TransactionRecordBytes bytes = encode_transaction_record(record);
    bytes.value->at(1) = 9;  // a later version of the value
    EXPECT_FALSE(decode_transaction_record(bytes.key, ByteView(*bytes.value)).value());
    bytes.value->at(1) = 1;
    bytes.value->resize(bytes.value->size() / 2);
    EXPECT_FALSE(decode_transaction_record(bytes.key, ByteView(*bytes.value)).ok());
}

}  // namespace
}  // namespace squall::model
