// Business: what the machines of one application share, and what outlives their crashes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "model/patterns/database.h"
#include "model/patterns/order_events.h"
#include "sim/base/rng.h"

namespace squall::model {

struct Business {
    Business(Noise business_noise, std::string business_flaw)
        : noise(business_noise), orders(business_noise), flaw(std::move(business_flaw)) {}

    Noise noise;
    OrderEvents orders;
    Database database;
    std::string flaw;  // the mistake that it is built with on purpose; "": none
    std::uint64_t next_order = 0;
    bool storm_is_over = false;  // nothing new is ordered

    bool has(std::string_view mistake) const { return flaw == mistake; }
    // By the event alone, so that it is so each time it comes.
    bool happens_to(const Order& order, std::string_view what, std::uint32_t percent,
                    std::uint64_t attempt = 0) const {
        Draws draws(noise, Meaning(what).with(order.number).with(attempt));
        return draws.below(100) < percent;
    }
};

}  // namespace squall::model
