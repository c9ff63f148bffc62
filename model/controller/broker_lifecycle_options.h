// Settings of a broker's life cycle, with Kafka's keys and defaults.
#pragma once

#include <chrono>

#include "sim/base/setting_bounds.h"

namespace squall::model {

struct BrokerLifecycleOptions {
    std::chrono::milliseconds broker_heartbeat_interval{2000};
    // What a request to the controller may take; half the session timeout in Kafka.
    std::chrono::milliseconds request_timeout{4500};
    std::chrono::milliseconds retry_backoff{100};  // doubled up to the heartbeat interval

    bool operator==(const BrokerLifecycleOptions&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker.heartbeat.interval.ms", self.broker_heartbeat_interval, int_from(1));
        fields("broker.heartbeat.request.timeout.ms", self.request_timeout, int_from(1));
        fields("broker.heartbeat.retry.backoff.ms", self.retry_backoff, int_from(1));
    }
};

}  // namespace squall::model
