// Deleted segments wait file.delete.delay.ms before their bytes are free.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/model/log/log_fixture.h"

namespace squall::model {
namespace {

// One batch to a segment; what was deleted waits until the test lets it go.
struct DeletedFilesTest : ::testing::Test {
    DeletedFilesTest() : broker(1, small_segments(100)) { wait(); }

    void wait() {
        broker.directory->deleted_files().wait_by([this](const std::string& path, Duration delay) {
            EXPECT_EQ(delay, 60s);
            waiting.push_back(path);
        });
    }
    void let_go() {
        for (const std::string& path : waiting) broker.directory->deleted_files().remove(path);
        waiting.clear();
    }
    // Deletes the first `count` segments of one batch each.
    void delete_segments(int count) {
        ASSERT_TRUE(broker.log().advance_log_start(Offset(count)).ok());
        ASSERT_TRUE(broker.log().apply_retention(1000, Offset(count)).ok());
    }
    std::size_t deleted_on_disk() {
        return static_cast<std::size_t>(
            std::ranges::count_if(broker.disk.list(""), DeletedFiles::holds));
    }

    TestBroker broker;
    std::vector<std::string> waiting;
};

TEST_F(DeletedFilesTest, KeepTheirBytesUntilTheirTimeHasCome) {
    for (int i = 0; i < 4; ++i) broker.append("value");
    const std::uint64_t one = broker.log().segments().front().size();
    const std::uint64_t before = broker.directory->usable_bytes();
    delete_segments(2);
    EXPECT_EQ(waiting.size(), 2u);
    EXPECT_EQ(broker.log().log_start_offset(), Offset(2));
    EXPECT_EQ(broker.log().size(), 2 * one);
    const std::uint64_t meanwhile = broker.directory->usable_bytes();
    EXPECT_LE(meanwhile, before);
    let_go();
    EXPECT_EQ(broker.directory->usable_bytes(), meanwhile + 2 * one);
    EXPECT_EQ(deleted_on_disk(), 0u);
}

TEST_F(DeletedFilesTest, AreNotFoundByTheNextStart) {
    for (int i = 0; i < 4; ++i) broker.append("value");
    delete_segments(2);
    EXPECT_EQ(deleted_on_disk(), 2u);
    broker.restart_after_process_crash();
    EXPECT_EQ(deleted_on_disk(), 0u);
    EXPECT_EQ(broker.log().log_start_offset(), Offset(2));
    EXPECT_EQ(broker.batches().size(), 2u);
}

// Before a log is created under the name, and twice.
TEST_F(DeletedFilesTest, OfATopicDoNotDisturbTheNextOneOfItsName) {
    for (int round = 0; round < 2; ++round) {
        broker.append("old");
        broker.append("old");
        ASSERT_TRUE(broker.directory->remove(TestBroker::partition).ok());
        broker.create(TestBroker::partition);
        EXPECT_EQ(broker.log().log_end_offset(), Offset(0));
    }
    EXPECT_EQ(waiting.size(), deleted_on_disk());
    EXPECT_GE(waiting.size(), 4u);
    broker.append("new");
    let_go();
    EXPECT_EQ(deleted_on_disk(), 0u);
    EXPECT_EQ(broker.values(), std::vector<std::string>{"new"});
    broker.restart_after_process_crash();
    EXPECT_EQ(broker.values(), std::vector<std::string>{"new"});
}

TEST_F(DeletedFilesTest, GoAtOnceWithoutAClock) {
    broker.restart_after_clean_shutdown();
    for (int i = 0; i < 4; ++i) broker.append("value");
    delete_segments(2);
    EXPECT_TRUE(waiting.empty());
    EXPECT_EQ(deleted_on_disk(), 0u);
    EXPECT_EQ(broker.log().log_start_offset(), Offset(2));
}

}  // namespace
}  // namespace squall::model
