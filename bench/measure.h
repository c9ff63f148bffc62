// What the benchmarks measure with: this thread's own time, medians, memory, and instructions where
// callgrind watches.
#pragma once

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name)
#endif

namespace squall::bench {

// Of this thread's own time, so that other programs do not count.
template <class Body>
double nanoseconds(const Body& body) {
    const auto now = [] {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
    };
    const double begin = now();
    body();
    return now() - begin;
}

// Under callgrind, leaves the instructions of `body` in a dump of their own, named `name`; else
// only runs it.
template <class Body>
void count_instructions([[maybe_unused]] const char* name, const Body& body) {
    CALLGRIND_ZERO_STATS;
    body();
    CALLGRIND_DUMP_STATS_AT(name);
}

inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

// A line of /proc/self/status in megabytes: "VmRSS" (resident now), "VmHWM" (at its highest).
// 0 where there is none.
inline double status_megabytes(const char* name) {
    std::FILE* const status = std::fopen("/proc/self/status", "r");
    if (status == nullptr) return 0;
    char line[256];
    double megabytes = 0;
    const std::size_t length = std::strlen(name);
    while (std::fgets(line, sizeof line, status) != nullptr) {
        unsigned long kilobytes = 0;
        if (std::strncmp(line, name, length) == 0 &&
            std::sscanf(line + length, ": %lu kB", &kilobytes) == 1) {
            megabytes = static_cast<double>(kilobytes) * 1024 / 1e6;
        }
    }
    std::fclose(status);
    return megabytes;
}

}  // namespace squall::bench
