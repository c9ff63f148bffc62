// Realtime lag: how long something had been in a log, for all to know, that a consumer's poll did
// not hand out. Jepsen's measure of staleness; never an anomaly, since Kafka promises no recency.
//
// A key's log is known to reach beyond a position from when the first op completed that told an
// offset there, sent or polled. A consumer's position is the highest offset it has polled since it
// was assigned the key, from the beginning on.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checkers/kafka_history.h"

namespace squall::checkers {

struct LagPoint {
    std::int64_t time = 0;  // when the poll was invoked; nanoseconds, as the history's
    std::int64_t process = 0;
    KeyId key = 0;
    std::int64_t lag = 0;
};

// Of each poll that is ok, for each key that its process had then, in order.
std::vector<LagPoint> realtime_lags(const KafkaHistory& history);
// The first of the highest; nullopt if there was no lag at all.
std::optional<LagPoint> worst_realtime_lag(const KafkaHistory& history);

}  // namespace squall::checkers
