#include "model/protocol/error_code.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace squall::model {
namespace {

TEST(ErrorCode, HasKafkasNameForEveryNumber) {
    std::set<std::string_view> names;
    for (int code = -1; code <= 133; ++code) {
        const std::string_view name = to_string(static_cast<ErrorCode>(code));
        EXPECT_NE(name, "UNKNOWN_ERROR_CODE") << code;
        EXPECT_TRUE(names.insert(name).second) << name;
    }
    EXPECT_EQ(to_string(ErrorCode::not_leader_or_follower), "NOT_LEADER_OR_FOLLOWER");
    EXPECT_EQ(static_cast<int>(ErrorCode::fenced_instance_id), 82);
    EXPECT_EQ(to_string(static_cast<ErrorCode>(999)), "UNKNOWN_ERROR_CODE");
}

TEST(ErrorCode, WhatRefreshesIsRetriable) {
    for (int code = -1; code <= 133; ++code) {
        const auto error = static_cast<ErrorCode>(code);
        if (refreshes_metadata(error) || refreshes_coordinator(error)) {
            EXPECT_TRUE(is_retriable(error)) << to_string(error);
        }
        EXPECT_FALSE(refreshes_metadata(error) && refreshes_coordinator(error));
    }
    EXPECT_FALSE(is_retriable(ErrorCode::none));
    EXPECT_FALSE(is_retriable(ErrorCode::unknown_server_error));
    EXPECT_FALSE(is_retriable(ErrorCode::message_too_large));
    EXPECT_TRUE(is_retriable(ErrorCode::not_enough_replicas));
    EXPECT_TRUE(refreshes_metadata(ErrorCode::not_leader_or_follower));
    EXPECT_TRUE(refreshes_coordinator(ErrorCode::not_coordinator));
}

TEST(ErrorCode, OnlyRefusalsBeforeTheAppendProveThatNothingWasWritten) {
    EXPECT_TRUE(proves_not_written(ErrorCode::not_enough_replicas));
    EXPECT_TRUE(proves_not_written(ErrorCode::message_too_large));
    for (const ErrorCode error : {ErrorCode::none, ErrorCode::not_enough_replicas_after_append,
                                  ErrorCode::request_timed_out, ErrorCode::not_leader_or_follower,
                                  ErrorCode::network_exception, ErrorCode::kafka_storage_error,
                                  ErrorCode::unknown_server_error}) {
        EXPECT_FALSE(proves_not_written(error)) << to_string(error);
    }
}

}  // namespace
}  // namespace squall::model
