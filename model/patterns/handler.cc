#include "model/patterns/handler.h"

#include <algorithm>
#include <utility>

#include "model/events/client_events.h"
#include "model/events/ledger_events.h"
#include "model/patterns/mishaps.h"
#include "model/patterns/poll_failure.h"

namespace squall::model {

Handler::Handler(Station station, Business& business, std::string ledger,
                 std::vector<std::string> topics)
    : station_(std::move(station)),
      business_(business),
      ledger_(std::move(ledger)),
      consumer_(station_.node, station_.fabric, station_.bootstrap, station_.consumer,
                station_.bugs),
      topics_(std::move(topics)) {
    station_.node.spawn("main", [this] { run(); });
}

void Handler::run() {
    prepare();
    consumer_.subscribe(topics_, callbacks());
    while (!is_leaving_) {
        stay_away_if_due();
        before_poll();
        const Result<Batch> batch = consumer_.poll(500ms);
        if (!batch) {
            survive_failed_poll(station_.node, consumer_);
            continue;
        }
        if (!batch->empty()) take(*batch);
    }
    consumer_.close();
    station_.node.die_at_next_park(sim::StopReason::shutdown);
}

void Handler::stay_away_if_due() {
    if (station_.mishaps == nullptr) return;
    const auto away = station_.mishaps->on_polling(station_.node, station_.consumer.group_id);
    if (!away) return;
    consumer_.unsubscribe();
    station_.node.sleep_for(*away);
    consumer_.subscribe(topics_, callbacks());
}

void Handler::work(const ConsumerRecord& record) {
    station_.node.sleep_for(
        Duration(station_.node.draws("handling time").between(1'000'000, 40'000'000)));
    if (station_.mishaps != nullptr) {
        station_.mishaps->on_handling(station_.node, station_.consumer.group_id, record);
    }
}

void Handler::apply(const ConsumerRecord& record) {
    const Order order = order_in(record.key, record.value);
    business_.database.transact(station_.node, [&](Tables& tables) { note_effect(tables, order); });
    tell_handled(record);
}

void Handler::note_effect(Tables& tables, const Order& order) {
    ++tables.effects[{ledger_, order.id}];
    station_.node.emit(EffectApplied{
        .ledger = ledger_, .event = order.id, .key = order.customer, .number = order.number});
}

void Handler::tell_handled(const ConsumerRecord& record) {
    station_.node.emit(RecordHandled{.client_id = station_.consumer.client.client_id,
                                     .group = station_.consumer.group_id,
                                     .partition = record.partition,
                                     .offset = record.offset,
                                     .record = record.id});
}

void Handler::rewind(const Batch& batch) {
    const std::vector<TopicPartition> mine = consumer_.assignment();
    std::map<TopicPartition, Offset> first;
    for (const ConsumerRecord& record : batch) first.emplace(record.partition, record.offset);
    for (const auto& [partition, offset] : first) {
        if (std::ranges::find(mine, partition) != mine.end()) consumer_.seek(partition, offset);
    }
}

}  // namespace squall::model
