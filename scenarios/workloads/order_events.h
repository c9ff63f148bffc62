// Order events: what the order service of the main job sends. An envelope (eventId, eventType,
// version, occurredAt, aggregateId) around a payload, as JSON, keyed by customer.
#pragma once

#include <cstdint>
#include <string>

#include "model/client/producer.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::scenarios {

class OrderEvents {
  public:
    // Draws are keyed by `noise` and the ordinal of the event alone.
    explicit OrderEvents(Noise noise) : noise_(noise) {}

    // The n-th event, for `topic`. Equal n, equal event (but for occurredAt).
    model::ProducerRecord make(std::uint64_t ordinal, const std::string& topic, WallTime now) const;

  private:
    Noise noise_;
};

// What the payment service makes of an order event: an event of its own, caused by that one. The
// same order gives the same payment, so that a redelivered order makes a duplicate that can be
// told.
model::ProducerRecord payment_for(const std::string& order_key, ByteView order_value,
                                  const std::string& topic);

// "2025-01-01T00:00:12.345Z"
std::string iso_time(WallTime time);

}  // namespace squall::scenarios
