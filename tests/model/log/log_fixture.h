// A broker's disk with one log directory that can be restarted in every way, and batches to write.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "model/log/log_directory.h"
#include "model/protocol/record_batch.h"
#include "sim/disk/disk.h"

namespace squall::model {

// One record for each timestamp, with the value `text`.
inline Bytes make_batch(std::string_view text, const std::vector<TimestampMs>& timestamps,
                        Offset base_offset = Offset(0), LeaderEpoch epoch = no_leader_epoch) {
    BatchBuilder builder({.base_offset = base_offset, .partition_leader_epoch = epoch});
    for (const TimestampMs timestamp : timestamps) {
        builder.append(timestamp, as_bytes("key"), as_bytes(text));
    }
    return builder.finish();
}
inline Bytes make_batch(std::string_view text, std::size_t records = 1,
                        Offset base_offset = Offset(0), LeaderEpoch epoch = no_leader_epoch) {
    return make_batch(text, std::vector<TimestampMs>(records, 1000), base_offset, epoch);
}

inline std::vector<Bytes> split_batches(ByteView bytes) {
    std::vector<Bytes> batches;
    BatchCursor cursor(bytes);
    while (const auto batch = cursor.next()) {
        batches.emplace_back(batch->bytes().begin(), batch->bytes().end());
    }
    EXPECT_EQ(cursor.end(), BatchCursor::End::exhausted);
    return batches;
}

inline LogOptions small_segments(std::int32_t bytes) {
    LogOptions options;
    options.internal_segment_bytes = bytes;
    return options;
}

class TestBroker {
  public:
    static inline const TopicPartition partition{.topic = "orders", .partition = 0};
    static inline const Uuid topic_id{.high = 7, .low = 9};

    explicit TestBroker(std::uint64_t seed = 1, LogOptions log_options = {})
        : options(log_options), disk({}, Noise(seed), "b1") {
        start();
        create(partition);
    }

    void start() {
        directory = std::make_unique<LogDirectory>(disk, options);
        auto result = directory->open_all();
        EXPECT_TRUE(result.ok()) << (result.ok() ? "" : to_string(result.error()));
        opened = *std::move(result);
    }
    Log& create(const TopicPartition& which) {
        return *directory->create(which, topic_id, options).value().value;
    }
    void restart_after_process_crash() {
        directory.reset();
        disk.process_crash();
        start();
    }
    void restart_after_power_loss() {
        directory.reset();
        disk.power_loss();
        start();
    }
    void restart_after_clean_shutdown(BrokerEpoch epoch = BrokerEpoch(5)) {
        for (const TopicPartition& each : directory->partitions()) {
            EXPECT_TRUE(directory->find(each)->flush().ok());
        }
        EXPECT_TRUE(directory->mark_clean_shutdown(epoch).ok());
        directory.reset();
        disk.power_loss();
        start();
    }

    bool has_log() const { return directory->find(partition) != nullptr; }
    Log& log() { return *directory->find(partition); }
    AppendInfo append(std::string_view text, std::size_t records = 1,
                      LeaderEpoch epoch = LeaderEpoch(0)) {
        Bytes batch = make_batch(text, records);
        return log().append_as_leader(batch, epoch, 1000).value();
    }
    // Every batch of the log, by reads of one batch at a time.
    std::vector<Bytes> batches() {
        std::vector<Bytes> found;
        for (Offset at = log().log_start_offset(); at < log().log_end_offset();) {
            const LogRead read = log().read(at, 1, log().log_end_offset()).value();
            EXPECT_EQ(read.error, ErrorCode::none);
            if (read.records.empty()) break;
            found.push_back(read.records);
            at = read.next_offset;
        }
        return found;
    }
    std::vector<std::string> values() {
        std::vector<std::string> found;
        for (const Bytes& batch : batches()) {
            const RecordBatch decoded = decode_batch(batch).value();
            found.push_back(std::string(as_text(*decoded.records.front().value)));
        }
        return found;
    }

    LogOptions options;
    sim::Disk disk;
    std::unique_ptr<LogDirectory> directory;
    LogDirectory::Opened opened;
};

}  // namespace squall::model
