// ASSERT: facts that only a bug can falsify. Always on, in every build.
//
// A failed ASSERT throws AssertionFailure, which ends the run with the verdict `broken` and keeps
// its trace; it never kills the process, so a hunt survives it. Never assert what a peer, a disk or
// a user can send: that is an error to handle. One fact per ASSERT, with the values:
//
//     ASSERT(offset <= log_end_offset_, "high watermark {} beyond log end {}", offset,
//     log_end_offset_);
#pragma once

#include <fmt/core.h>

#include <string>

namespace squall {

struct AssertionFailure {
    std::string file;  // as the compiler was given it
    int line = 0;
    std::string condition;
    std::string message;

    std::string describe_failure() const;
};

[[noreturn]] void fail_assertion(const char* file, int line, const char* condition,
                                 std::string message);

}  // namespace squall

#define ASSERT(condition, ...)                                                                    \
    do {                                                                                          \
        if (!(condition)) [[unlikely]] {                                                          \
            ::squall::fail_assertion(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
        }                                                                                         \
    } while (false)

// Marks a place that no run comes to; fails like an ASSERT. A function that returns a value may end
// with it.
#define UNREACHABLE(...) \
    ::squall::fail_assertion(__FILE__, __LINE__, "unreachable", ::fmt::format(__VA_ARGS__))
