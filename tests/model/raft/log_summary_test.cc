#include "model/raft/log_summary.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace squall::model::raft {
namespace {

// The same log as a list of epochs, one per record: slow and obvious.
struct PlainLog {
    std::vector<std::int32_t> epochs;

    std::int32_t last_epoch() const { return epochs.empty() ? 0 : epochs.back(); }
    LogPosition end_of_epoch(std::int32_t epoch) const {
        const auto end = std::ranges::upper_bound(epochs, epoch);
        if (end == epochs.begin()) return {Offset{0}, no_epoch};
        return {Offset{end - epochs.begin()}, RaftEpoch{*std::prev(end)}};
    }
};

RC_GTEST_PROP(LogSummary, AnswersLikeAListOfEpochsHoweverItIsAppendedToAndCut, ()) {
    LogSummary summary;
    PlainLog plain;
    const auto steps = *rc::gen::arbitrary<std::vector<std::pair<std::uint8_t, std::uint8_t>>>();
    for (const auto& [kind, amount] : steps) {
        const auto start = static_cast<std::size_t>(summary.start().offset.value());
        if (kind % 8 == 7) {
            const auto to = start + amount % (plain.epochs.size() - start + 1);
            summary.drop_before({Offset{static_cast<std::int64_t>(to)},
                                 RaftEpoch{to == 0 ? 0 : plain.epochs[to - 1]}});
        } else if (kind % 3 == 0) {
            const auto to = start + amount % (plain.epochs.size() - start + 1);
            plain.epochs.resize(to);
            summary.truncate(Offset{static_cast<std::int64_t>(to)});
        } else {
            const std::int32_t epoch = std::max(plain.last_epoch(), 1) + kind % 4;
            const int count = 1 + amount % 5;
            plain.epochs.insert(plain.epochs.end(), static_cast<std::size_t>(count), epoch);
            summary.append(RaftEpoch{epoch}, count);
        }
        RC_ASSERT(summary.log_end().value() == static_cast<std::int64_t>(plain.epochs.size()));
        RC_ASSERT(summary.last_epoch().value() == plain.last_epoch());
        const LogPosition from = summary.start();
        for (std::int32_t epoch = from.epoch.value(); epoch <= plain.last_epoch() + 1; ++epoch) {
            RC_ASSERT(summary.end_of_epoch(RaftEpoch{epoch}) == plain.end_of_epoch(epoch));
        }
        for (auto end = static_cast<std::size_t>(from.offset.value()); end <= plain.epochs.size();
             ++end) {
            const std::int32_t before = end == 0 ? 0 : plain.epochs[end - 1];
            const LogPosition position{Offset{static_cast<std::int64_t>(end)}, RaftEpoch{before}};
            RC_ASSERT(summary.epoch_before(position.offset) == position.epoch);
            RC_ASSERT(summary.contains(position));
        }
        const LogPosition beyond{summary.log_end() + 1, summary.last_epoch()};
        RC_ASSERT(!summary.contains(beyond));
    }
}

TEST(LogSummary, BeginsAnewBehindASnapshot) {
    LogSummary log;
    log.append(RaftEpoch{1}, 10);
    log.restart_at({Offset{20}, RaftEpoch{3}});
    EXPECT_EQ(log.end(), (LogPosition{Offset{20}, RaftEpoch{3}}));
    EXPECT_EQ(log.flushed_end(), Offset{20});
    EXPECT_FALSE(log.contains({Offset{10}, RaftEpoch{1}}));
    log.append(RaftEpoch{3}, 2);
    log.append(RaftEpoch{4}, 1);
    EXPECT_EQ(log.end_of_epoch(RaftEpoch{3}), (LogPosition{Offset{22}, RaftEpoch{3}}));
    EXPECT_EQ(log.epoch_before(Offset{20}), RaftEpoch{3});
    EXPECT_EQ(log.epoch_before(Offset{23}), RaftEpoch{4});
}

TEST(LogSummary, WhatWasFlushedIsForgottenWhenItIsTruncated) {
    LogSummary log;
    log.append(RaftEpoch{1}, 10);
    log.mark_flushed(Offset{8});
    log.truncate(Offset{5});
    EXPECT_EQ(log.flushed_end(), Offset{5});
    log.append(RaftEpoch{2}, 5);
    EXPECT_EQ(log.flushed_end(), Offset{5});
    log.mark_flushed(Offset{100});
    EXPECT_EQ(log.flushed_end(), Offset{10});
}

}  // namespace
}  // namespace squall::model::raft
