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

}  // namespace
}  // namespace squall::checkers
