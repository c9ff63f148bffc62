// ProducerOptions: the settings of a producer, under Kafka's keys and with the defaults of Kafka
// 4.x (linger.ms 5 since KIP-1030). As in Kafka, idempotence is the default, and settings that
// exclude it (acks, retries, requests in flight) turn it off rather than being refused, unless
// there is a transactional.id.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "model/client/client_options.h"
#include "model/protocol/batch_view.h"
#include "sim/base/setting_bounds.h"

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
    bool enable_idempotence = true;
    Compression compression = Compression::none;
    std::string transactional_id;  // "": no transactions
    std::chrono::milliseconds transaction_timeout{60000};
    bool partitioner_ignore_keys = false;
    bool partitioner_adaptive = true;
    // Partitions of a broker that could not be sent to for so long are not chosen; 0: they are.
    std::chrono::milliseconds partitioner_availability_timeout{0};

    // Batches are numbered, and leaders refuse what they have or what does not follow.
    bool is_idempotent() const {
        return enable_idempotence && acks == -1 && retries > 0 && max_in_flight <= 5;
    }
    bool is_transactional() const { return !transactional_id.empty(); }

    // Nullopt, or what Kafka would refuse to start with.
    std::optional<std::string> problem() const {
        if (acks < -1 || acks > 1) return "acks must be 0, 1 or -1 (all)";
        if (max_in_flight < 1) return "max.in.flight.requests.per.connection must be at least 1";
        if (retries < 0) return "retries must not be negative";
        if (is_transactional() && !is_idempotent()) {
            return "a transactional.id needs enable.idempotence=true, acks=-1, retries > 0, "
                   "max.in.flight.requests.per.connection <= 5";
        }
        if (delivery_timeout < linger + client.request_timeout) {
            return "delivery.timeout.ms must be at least linger.ms + request.timeout.ms";
        }
        return std::nullopt;
    }

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        ClientOptions::describe(self.client, fields);
        fields("acks", self.acks, SettingBounds{.low = -1, .high = 1});
        fields("batch.size", self.batch_size, int_from(0));
        fields("linger.ms", self.linger, wait_from(0));
        fields("buffer.memory", self.buffer_memory, long_from(0));
        fields("max.request.size", self.max_request_size, int_from(0));
        fields("max.block.ms", self.max_block, wait_from(0));
        fields("delivery.timeout.ms", self.delivery_timeout, int_from(0));
        fields("retries", self.retries, int_from(0));
        fields("max.in.flight.requests.per.connection", self.max_in_flight, int_from(1));
        fields("enable.idempotence", self.enable_idempotence);
        fields("compression.type", self.compression);
        fields("transactional.id", self.transactional_id);
        fields("transaction.timeout.ms", self.transaction_timeout, int_from(1));
        fields("partitioner.ignore.keys", self.partitioner_ignore_keys);
        fields("partitioner.adaptive.partitioning.enable", self.partitioner_adaptive);
        fields("partitioner.availability.timeout.ms", self.partitioner_availability_timeout,
               wait_from(0));
    }
};

}  // namespace squall::model
