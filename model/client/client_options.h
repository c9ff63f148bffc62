// ClientOptions: the settings that producer, consumer and admin client share, under Kafka's keys
// and with Kafka's defaults. Each client's own options begin with these (ProducerOptions,
// ConsumerOptions, AdminOptions), described flat, so that a scenario file names them as a Kafka
// configuration would.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "model/client/retry_backoff.h"
#include "sim/base/setting_bounds.h"

namespace squall::model {

struct ClientOptions {
    std::string client_id;
    std::chrono::milliseconds metadata_max_age{300000};
    std::chrono::milliseconds request_timeout{30000};
    std::chrono::milliseconds retry_backoff{100};
    std::chrono::milliseconds retry_backoff_max{1000};
    std::chrono::milliseconds reconnect_backoff{50};
    std::chrono::milliseconds reconnect_backoff_max{1000};
    std::chrono::milliseconds connection_setup_timeout{10000};

    RetryBackoff backoff() const { return {.base = retry_backoff, .cap = retry_backoff_max}; }

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client.id", self.client_id);
        fields("metadata.max.age.ms", self.metadata_max_age, wait_from(0));
        fields("request.timeout.ms", self.request_timeout, int_from(0));
        fields("retry.backoff.ms", self.retry_backoff, wait_from(0));
        fields("retry.backoff.max.ms", self.retry_backoff_max, wait_from(0));
        fields("reconnect.backoff.ms", self.reconnect_backoff, wait_from(0));
        fields("reconnect.backoff.max.ms", self.reconnect_backoff_max, wait_from(0));
        fields("socket.connection.setup.timeout.ms", self.connection_setup_timeout, wait_from(1));
    }
};

}  // namespace squall::model
