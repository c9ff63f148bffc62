// Order events: what the order service of the main job sends. An envelope (eventId, eventType,
// version, occurredAt, aggregateId) around a payload, as JSON, keyed by customer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/client/producer.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

class OrderEvents {
  public:
    // Draws are keyed by `noise` and the ordinal of the event alone.
    explicit OrderEvents(Noise noise) : noise_(noise) {}

    // The n-th event, for `topic`. Equal n, equal event (but for occurredAt).
    ProducerRecord make(std::uint64_t ordinal, const std::string& topic, WallTime now) const;

  private:
    Noise noise_;
};

// What the payment service makes of an order event: an event of its own, caused by that one. The
// same order gives the same payment, so that a redelivered order makes a duplicate that can be
// told.
ProducerRecord payment_for(const std::string& order_key, ByteView order_value,
                           const std::string& topic);

// What a handler reads of an order event.
struct Order {
    std::string id;            // aggregateId: "order-000017"
    std::uint64_t number = 0;  // its ordinal: 17
    std::string customer;      // the key
};

// Requires: the record is one that OrderEvents made, or carries on its key and value.
Order order_in(const std::optional<Bytes>& key, const std::optional<Bytes>& value);

// "2025-01-01T00:00:12.345Z"
std::string iso_time(WallTime time);

}  // namespace squall::model
