#include "model/patterns/order_events.h"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "sim/base/assert.h"
#include "sim/base/distribution.h"
#include "sim/base/hash.h"

namespace squall::model {
namespace {

using nlohmann::ordered_json;

constexpr std::array<const char*, 5> event_types = {"OrderPlaced", "OrderPlaced", "OrderConfirmed",
                                                    "OrderShipped", "OrderCancelled"};
constexpr std::uint32_t customers = 40;

// Few customers order much, many order little.
const Zipf& customer_ranks() {
    static const Zipf ranks(customers, 800);
    return ranks;
}

// A version-4 UUID of 128 drawn bits (RFC 9562).
std::string uuid_text(std::uint64_t high, std::uint64_t low) {
    high = (high & ~0xf000ull) | 0x4000ull;
    low = (low & ~(3ull << 62)) | (2ull << 62);
    const std::string digits = to_hex(high) + to_hex(low);
    return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
           digits.substr(16, 4) + "-" + digits.substr(20);
}

}  // namespace

std::string iso_time(WallTime time) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.since_origin());
    const auto days = std::chrono::floor<std::chrono::days>(ms);
    const std::chrono::year_month_day date{std::chrono::sys_days(days)};
    const std::chrono::hh_mm_ss clock(ms - days);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

ProducerRecord OrderEvents::make(std::uint64_t ordinal, const std::string& topic,
                                 WallTime now) const {
    Draws draws(noise_, Meaning("order event").with(ordinal));
    const std::uint64_t id_high = draws.bits();
    const std::uint64_t id_low = draws.bits();
    const std::uint32_t customer = customer_ranks().draw(draws);
    const char* const type = event_types[draws.below(event_types.size())];
    const std::int64_t quantity = draws.between(1, 5);
    const std::int64_t cents = draws.between(199, 19'999);
    const std::uint64_t item = draws.below(1000);

    const ordered_json event = {
        {"eventId", uuid_text(id_high, id_low)},
        {"eventType", type},
        {"version", 1},
        {"occurredAt", iso_time(now)},
        {"aggregateId", fmt::format("order-{:06}", ordinal)},
        {"payload",
         {{"customerId", fmt::format("customer-{}", customer)},
          {"sku", fmt::format("sku-{:03}", item)},
          {"quantity", quantity},
          {"totalCents", cents * quantity}}},
    };
    ProducerRecord record;
    record.topic = topic;
    record.key = to_bytes(fmt::format("customer-{}", customer));
    record.value = to_bytes(event.dump());
    record.headers.push_back({"content-type", to_bytes("application/json")});
    return record;
}

ProducerRecord payment_for(const std::string& order_key, ByteView order_value,
                           const std::string& topic) {
    // Orders may come from a user's file: whatever they are, the payment names them by content.
    const std::uint64_t identity = hash_bytes(order_value, hash_text(order_key));
    const ordered_json event = {
        {"eventId", uuid_text(mix(identity), identity)},
        {"eventType", "PaymentTaken"},
        {"version", 1},
        {"aggregateId", "payment-" + to_hex(identity)},
        {"payload", {{"customerId", order_key}}},
    };
    ProducerRecord record;
    record.topic = topic;
    record.key = to_bytes(order_key);
    record.value = to_bytes(event.dump());
    return record;
}

Order order_in(const std::optional<Bytes>& key, const std::optional<Bytes>& value) {
    ASSERT(key && value, "an order without key or value");
    constexpr std::string_view field = R"("aggregateId":")";
    const std::string_view text = as_text(*value);
    const std::size_t at = text.find(field);
    ASSERT(at != std::string_view::npos, "no order: {}", text);
    const std::size_t begin = at + field.size();
    Order order{.id = std::string(text.substr(begin, text.find('"', begin) - begin)),
                .customer = std::string(as_text(*key))};
    const std::string digits = order.id.substr(order.id.find('-') + 1);
    order.number = std::stoull(digits);
    return order;
}

}  // namespace squall::model
