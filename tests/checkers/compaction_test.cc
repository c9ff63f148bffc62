// compaction: tables that may be read so, and tables that may not.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/events/table_events.h"
#include "tests/checkers/history.h"

namespace squall::checkers {
namespace {

// A table of orders-0, written by "w".
class TableHistory : public History {
  public:
    void put(const std::string& key, int record, int offset) { write(key, record, offset, false); }
    void remove(const std::string& key, int record, int offset) {
        write(key, record, offset, true);
    }
    model::OperationId begin_write(const std::string& key, int record, bool is_tombstone) {
        by_client("w", model::KeyWritten{.topic = orders.topic,
                                         .key = key,
                                         .record = record_id(record),
                                         .is_tombstone = is_tombstone});
        return invoke("w", record);
    }
    void begin_reading() { set_position("r", "", 0, model::PositionReason::reset_earliest); }
    void read(int offset, const std::string& key, int record) {
        poll_pairs("r", "", offset, offset + 1,
                   {{.offset = Offset{offset}, .record = record_id(record), .key = key}});
    }
    // Nothing stands there any more.
    void read_past(int from, int to) { poll_pairs("r", "", from, to, {}); }

  private:
    void write(const std::string& key, int record, int offset, bool is_tombstone) {
        complete(begin_write(key, record, is_tombstone), offset);
    }
};

std::string judge(const TableHistory& history, Contract contract = Contract::configured) {
    return summary(history.judged_by("compaction", contract));
}

TEST(Compaction, AcceptsATableOfLastValues) {
    TableHistory history;
    history.put("a", 10, 0);
    history.put("b", 11, 1);
    history.put("a", 12, 2);
    history.begin_reading();
    history.read_past(0, 1);
    history.read(1, "b", 11);
    history.read(2, "a", 12);
    EXPECT_EQ(judge(history), "pass");
    EXPECT_EQ(history.judged_by("compaction").judged, 2u);
}

TEST(Compaction, JudgesNothingWithoutATable) {
    History history;
    history.send("p", 10, 0);
    history.set_position("r", "", 0, model::PositionReason::reset_earliest);
    history.poll("r", "", 0, {10});
    EXPECT_EQ(summary(history.judged_by("compaction")), "n/a");
}

TEST(Compaction, ObjectsToAValueThatIsGone) {
    TableHistory history;
    history.put("a", 10, 0);
    history.put("b", 11, 1);
    history.begin_reading();
    history.read_past(0, 1);
    history.read(1, "b", 11);
    EXPECT_EQ(judge(history), "fail: lost-value");
}

TEST(Compaction, ObjectsToAnOlderValueInPlaceOfTheLast) {
    TableHistory history;
    history.put("a", 10, 0);
    history.put("a", 11, 1);
    history.begin_reading();
    history.read(0, "a", 10);
    history.read_past(1, 2);
    EXPECT_EQ(judge(history), "fail: stale-value");
}

TEST(Compaction, ObjectsToAKeyThatComesBackFromItsDeletion) {
    TableHistory history;
    history.put("a", 10, 0);
    history.remove("a", 11, 1);
    history.begin_reading();
    history.read(0, "a", 10);
    history.read_past(1, 2);
    EXPECT_EQ(judge(history), "fail: resurrected-key");
}

TEST(Compaction, ADeletedKeyMayBeGoneAltogetherOrSeenWithItsTombstone) {
    for (const bool has_tombstone : {false, true}) {
        TableHistory history;
        history.put("a", 10, 0);
        history.remove("a", 11, 1);
        history.begin_reading();
        if (has_tombstone) {
            history.read(0, "a", 10);
            history.read(1, "a", 11);
        } else {
            history.read_past(0, 2);
        }
        EXPECT_EQ(judge(history), "pass");
    }
}

TEST(Compaction, AKeyThatMayHaveBeenDeletedMeanwhileIsNotMissed) {
    for (const bool is_told : {false, true}) {
        TableHistory history;
        history.put("a", 10, 0);
        const model::OperationId deletion = history.begin_write("a", 11, true);
        if (!is_told) history.complete_unknown(deletion);
        history.begin_reading();
        if (is_told) history.complete(deletion, 1);
        history.read_past(0, 2);
        EXPECT_EQ(judge(history), "pass");
    }
}

TEST(Compaction, DoesNotAskForWhatTheReadingDidNotReachOrBeganBefore) {
    TableHistory history;
    history.put("a", 10, 0);
    history.put("a", 11, 1);
    history.begin_reading();
    history.put("b", 12, 2);
    history.read(1, "a", 11);
    history.read_past(2, 3);
    history.put("c", 13, 7);
    EXPECT_EQ(judge(history), "pass");
}

TEST(Compaction, DoesNotJudgeWhatASlowReaderMissed) {
    TableHistory history;
    history.put("a", 10, 0);
    history.remove("a", 11, 1);
    history.begin_reading();
    history.read(0, "a", 10);
    history.wait(1min);
    history.read_past(1, 2);
    EXPECT_EQ(judge(history), "pass") << "as far as it got in time";
}

TEST(Compaction, JudgesEachReadingOfItsOwn) {
    TableHistory history;
    history.put("a", 10, 0);
    history.begin_reading();
    history.read(0, "a", 10);
    history.begin_reading();
    history.read_past(0, 1);
    EXPECT_EQ(judge(history), "fail: lost-value");
}

TEST(Compaction, AllowsWhatAnUncleanElectionLost) {
    TableHistory history;
    history.start_brokers();
    history.change(1, 0, {1, 2, 3});
    history.put("a", 10, 0);
    history.change(2, 1, {2}, true);
    history.begin_reading();
    history.read_past(0, 1);
    EXPECT_EQ(judge(history), "pass, allowed: lost-value (unclean election)");
    EXPECT_EQ(judge(history, Contract::safe), "fail: lost-value");
}

// Broker 3 was away while the tombstone at offset 1 came, and leads later.
class MissedDeletion : public TableHistory {
  public:
    struct Options {
        model::TimestampMs between_cleanings = 2000;
        bool fetches_in_time = false;  // the tombstone, before it is gone from the other
        bool fetches_late = false;     // from a third that has it still
        bool hands_out = true;
    };

    explicit MissedDeletion(const Options& options) {
        by_broker(
            1, model::TopicCreated{.topic = orders.topic,
                                   .partitions = 1,
                                   .replication_factor = 3,
                                   .settings = {{.name = "cleanup.policy", .value = "compact"},
                                                {.name = "delete.retention.ms", .value = "2000"}}});
        start_brokers();
        append_one(1, 0, model::ReplicaRole::leader);
        append_one(3, 0, model::ReplicaRole::follower);
        put("a", 10, 0);
        append_one(1, 1, model::ReplicaRole::leader);
        remove("a", 11, 1);
        append_one(1, 2, model::ReplicaRole::leader);
        put("b", 12, 2);
        clean(1'000);
        if (options.fetches_in_time) append_one(3, 1, model::ReplicaRole::follower);
        clean(1'000 + options.between_cleanings);
        if (options.fetches_late) append_one(3, 1, model::ReplicaRole::follower);
        append_one(3, 2, model::ReplicaRole::follower);
        if (options.hands_out) {
            by_broker(3, model::FetchServed{.broker = BrokerId{3},
                                            .partition = orders,
                                            .leader_epoch = LeaderEpoch{1},
                                            .from = Offset{0},
                                            .upto = Offset{3},
                                            .high_watermark = Offset{3},
                                            .last_stable_offset = Offset{3}});
        }
        begin_reading();
        read(0, "a", 10);
        read_past(1, 2);
        read(2, "b", 12);
    }

  private:
    void append_one(int broker, int offset, model::ReplicaRole role) {
        by_broker(broker, model::BatchAppended{.broker = BrokerId{broker},
                                               .partition = orders,
                                               .role = role,
                                               .base_offset = Offset{offset},
                                               .last_offset = Offset{offset},
                                               .leader_epoch = LeaderEpoch{0},
                                               .bytes = 90});
    }
    void clean(model::TimestampMs wall_time) {
        by_broker(1, model::LogCleaned{.broker = BrokerId{1},
                                       .partition = orders,
                                       .from = Offset{0},
                                       .to = Offset{2},
                                       .wall_time = wall_time});
    }
};

TEST(Compaction, AllowsAKeyToComeBackFromAReplicaThatCouldNotLearnOfItsDeletion) {
    const MissedDeletion history{MissedDeletion::Options{}};
    EXPECT_EQ(judge(history),
              "pass, allowed: resurrected-key (tombstone gone before a replica could fetch it)");
}

TEST(Compaction, ObjectsToAKeyThatComesBackWhereItsDeletionCouldBeLearnt) {
    for (const MissedDeletion::Options& options :
         {MissedDeletion::Options{.between_cleanings = 1999},  // too early for it to go
          MissedDeletion::Options{.fetches_in_time = true},
          MissedDeletion::Options{.fetches_late = true},
          MissedDeletion::Options{.hands_out = false}}) {
        const MissedDeletion history(options);
        EXPECT_EQ(judge(history), "fail: resurrected-key");
    }
}

// What a power loss cut off had been told to be there.
TEST(Compaction, AReplicaThatLostATombstoneCouldNotLearnOfItEither) {
    for (const int end : {1, 2}) {
        TableHistory history;
        history.by_broker(
            1, model::TopicCreated{.topic = orders.topic,
                                   .settings = {{.name = "delete.retention.ms", .value = "2000"}}});
        history.start_brokers();
        history.append(3, 0, 0, 0, 100);
        history.append(3, 1, 1, 0, 101);
        history.put("a", 10, 0);
        history.remove("a", 11, 1);
        history.lose_power(3);
        for (const model::TimestampMs wall_time : {1'000, 5'000}) {
            history.by_broker(1, model::LogCleaned{.broker = BrokerId{1},
                                                   .partition = orders,
                                                   .from = Offset{0},
                                                   .to = Offset{2},
                                                   .wall_time = wall_time});
        }
        history.open_log(3, end);
        history.by_broker(
            3,
            model::FetchServed{
                .broker = BrokerId{3}, .partition = orders, .from = Offset{0}, .upto = Offset{1}});
        history.begin_reading();
        history.read(0, "a", 10);
        history.read_past(1, 2);
        EXPECT_EQ(judge(history), end == 1 ? "pass, allowed: resurrected-key (tombstone gone "
                                             "before a replica could fetch it)"
                                           : "fail: resurrected-key");
    }
}

TEST(Compaction, DoesNotJudgeWhatWasReadLaterThanTombstonesAreKept) {
    for (const std::int64_t kept_ms : {1'000, 5'000}) {
        TableHistory history;
        history.by_broker(1, model::TopicCreated{.topic = orders.topic,
                                                 .settings = {{.name = "delete.retention.ms",
                                                               .value = std::to_string(kept_ms)}}});
        history.start_broker(1);
        history.by_broker(1, model::BrokerConfigured{.broker = BrokerId{1}});
        history.put("a", 10, 0);
        history.remove("a", 11, 1);
        history.begin_reading();
        history.read(0, "a", 10);
        history.wait(2s);
        history.read_past(1, 2);
        EXPECT_EQ(judge(history), kept_ms == 1'000 ? "pass" : "fail: resurrected-key");
    }
}

TEST(Compaction, KnowsHowLongAllBrokersKeepTombstones) {
    for (const std::string setting : {"log.cleaner.delete.retention.ms", "delete.retention.ms"}) {
        TableHistory history;
        history.by_broker(1, model::TopicCreated{.topic = orders.topic});
        history.start_broker(1);
        history.by_broker(1, model::BrokerConfigured{.broker = BrokerId{1}});
        history.by_broker(1, model::ConfigChanged{
                                 .resource = "all brokers", .setting = setting, .value = "1000"});
        history.put("a", 10, 0);
        history.remove("a", 11, 1);
        history.begin_reading();
        history.read(0, "a", 10);
        history.wait(2s);
        history.read_past(1, 2);
        EXPECT_EQ(judge(history), setting.starts_with("log.") ? "pass" : "fail: resurrected-key");
    }
}

}  // namespace
}  // namespace squall::checkers
