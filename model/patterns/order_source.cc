#include "model/patterns/order_source.h"

#include <utility>

#include "model/events/ledger_events.h"
#include "model/patterns/failing_handlers.h"

namespace squall::model {
namespace {

constexpr std::uint32_t refused_percent = 10;
constexpr std::size_t rows_at_once = 50;

ProducerOptions named(const Station& station) {
    ProducerOptions options = station.producer;
    options.client.client_id = station.node.name();
    return options;
}

BusinessEventAccepted acceptance_of(const Order& order, RecordId record) {
    return {.event = order.id, .key = order.customer, .number = order.number, .record = record};
}

}  // namespace

// ---- sources ----

Source::Source(Station station, Business& business, std::uint32_t rate)
    : station_(std::move(station)),
      business_(business),
      producer_(station_.node, station_.fabric, station_.bootstrap, named(station_), station_.bugs),
      interval_(DurationDistribution::Exponential{Duration(std::chrono::nanoseconds(1s)) / rate}) {
    station_.node.spawn("main", [this] { run(); });
}

void Source::run() {
    Draws& draws = station_.node.draws("order interval");
    while (!business_.storm_is_over) {
        station_.node.sleep_for(interval_.draw(draws));
        place(business_.next_order++);
    }
    producer_.flush();
}

ProducerRecord Source::make(std::uint64_t number) const {
    return business_.orders.make(number, orders_topic, station_.node.wall_now());
}

void OrderSource::place(std::uint64_t number) {
    ProducerRecord record = make(number);
    const Order order = order_in(record.key, record.value);
    const RecordId id = record_id(record);
    producer_.send(std::move(record), [this, order, id](const SendResult& sent) {
        if (sent.ok()) station_.node.emit(acceptance_of(order, id));
        if (sent.outcome == Outcome::failed) {
            station_.node.emit(BusinessEventWithdrawn{.event = order.id});
        }
    });
}

void OutboxSource::place(std::uint64_t number) {
    ProducerRecord message = make(number);
    const Order order = order_in(message.key, message.value);
    if (business_.has("publish-first")) {
        producer_.send_and_wait(message);
        store(order, message, false);
    } else if (business_.has("dual-write")) {
        if (store(order, message, false)) producer_.send(std::move(message));
    } else {
        store(order, message, true);
    }
}

bool OutboxSource::store(const Order& order, const ProducerRecord& message, bool with_message) {
    const bool is_refused = business_.happens_to(order, "refused", refused_percent);
    return business_.database.transact(station_.node, [&](Tables& tables) {
        if (is_refused) {
            station_.node.emit(BusinessEventWithdrawn{.event = order.id});
            return false;
        }
        if (with_message) tables.outbox.push_back({.record = message});
        station_.node.emit(acceptance_of(order, record_id(message)));
        return true;
    });
}

// ---- relay ----

OutboxRelay::OutboxRelay(Station station, Business& business)
    : station_(std::move(station)),
      business_(business),
      producer_(station_.node, station_.fabric, station_.bootstrap, named(station_),
                station_.bugs) {
    station_.node.spawn("main", [this] { run(); });
}

void OutboxRelay::run() {
    for (;;) {
        const std::vector<std::size_t> rows = due();
        if (rows.empty()) {
            station_.node.sleep_for(50ms);
            continue;
        }
        if (business_.has("relay-marks-first")) {
            mark(rows, rows.size());
            for (const std::size_t row : rows) {
                producer_.send(business_.database.tables().outbox[row].record);
            }
            continue;
        }
        // What failed is read again, and everything behind it, so that the order stays.
        const std::size_t published = publish(rows);
        if (published > 0) mark(rows, published);
    }
}

std::vector<std::size_t> OutboxRelay::due() {
    return business_.database.transact(station_.node, [](Tables& tables) {
        std::vector<std::size_t> rows;
        for (std::size_t i = 0; i < tables.outbox.size() && rows.size() < rows_at_once; ++i) {
            if (!tables.outbox[i].is_published) rows.push_back(i);
        }
        return rows;
    });
}

std::size_t OutboxRelay::publish(const std::vector<std::size_t>& rows) {
    std::vector<bool> is_acknowledged(rows.size(), false);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        producer_.send(
            business_.database.tables().outbox[rows[i]].record,
            [&is_acknowledged, i](const SendResult& sent) { is_acknowledged[i] = sent.ok(); });
    }
    producer_.flush();
    std::size_t first_ones = 0;
    while (first_ones < rows.size() && is_acknowledged[first_ones]) ++first_ones;
    return first_ones;
}

void OutboxRelay::mark(const std::vector<std::size_t>& rows, std::size_t count) {
    business_.database.transact(station_.node, [&](Tables& tables) {
        for (std::size_t i = 0; i < count; ++i) tables.outbox[rows[i]].is_published = true;
    });
}

}  // namespace squall::model
