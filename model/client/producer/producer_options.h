// ProducerOptions: the settings of a producer, under Kafka's keys and with the defaults of Kafka
// 4.x (linger.ms 5 since KIP-1030), but for enable.idempotence, which this producer does not have
// yet and which is therefore false.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "model/client/client_options.h"

namespace squall::model {

struct ProducerOptions {
    ClientOptions client;
    std::int16_t acks = -1;  // 0, 1, -1 (all)
    std::uint32_t batch_size = 16384;
    std::chrono::milliseconds linger{5};
    std::uint64_t buffer_memory = 33554432;
    std::uint32_t max_request_size = 1048576;
    std::chrono::milliseconds max_block{60000};
    std::chrono::milliseconds delivery_timeout{120000};
    std::int32_t retries = std::numeric_limits<std::int32_t>::max();
    std::int32_t max_in_flight = 5;
    bool enable_idempotence = false;
    bool partitioner_ignore_keys = false;
    bool partitioner_adaptive = true;

    // Nullopt, or what Kafka would refuse to start with.
    std::optional<std::string> problem() const {
        if (acks < -1 || acks > 1) return "acks must be 0, 1 or -1 (all)";
        if (max_in_flight < 1) return "max.in.flight.requests.per.connection must be at least 1";
        if (retries < 0) return "retries must not be negative";
        if (enable_idempotence) return "enable.idempotence=true is not supported yet";
        if (delivery_timeout < linger + client.request_timeout) {
            return "delivery.timeout.ms must be at least linger.ms + request.timeout.ms";
        }
        return std::nullopt;
    }

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        ClientOptions::describe(self.client, fields);
        fields("acks", self.acks);
        fields("batch.size", self.batch_size);
        fields("linger.ms", self.linger);
        fields("buffer.memory", self.buffer_memory);
        fields("max.request.size", self.max_request_size);
        fields("max.block.ms", self.max_block);
        fields("delivery.timeout.ms", self.delivery_timeout);
        fields("retries", self.retries);
        fields("max.in.flight.requests.per.connection", self.max_in_flight);
        fields("enable.idempotence", self.enable_idempotence);
        fields("partitioner.ignore.keys", self.partitioner_ignore_keys);
        fields("partitioner.adaptive.partitioning.enable", self.partitioner_adaptive);
    }
};

}  // namespace squall::model
