#include "model/patterns/stage.h"

#include <map>
#include <utility>

#include "model/events/ledger_events.h"

namespace squall::model {
namespace {

Station as_reader_of_transactions(Station station, const Business& business) {
    station.consumer.client.client_id = station.node.name() + "-in";
    station.consumer.enable_auto_commit = false;
    station.consumer.isolation_level = business.has("read-uncommitted")
                                           ? IsolationLevel::read_uncommitted
                                           : IsolationLevel::read_committed;
    return station;
}

}  // namespace

// ---- stage ----

Stage::Stage(Station station, Business& business, std::string input, std::string output)
    : Handler(as_reader_of_transactions(station, business), business, "", {std::move(input)}),
      output_(std::move(output)),
      client_(station, station.node.name()) {
    if (business.has("plain-stages")) {
        ProducerOptions options = station.producer;
        options.client.client_id = station.node.name() + "-out";
        plain_ = std::make_unique<Producer>(station.node, station.fabric, station.bootstrap,
                                            std::move(options), station.bugs);
    }
}

void Stage::prepare() {
    if (plain_ == nullptr) client_.prepare();
}

ProducerRecord Stage::process(const ConsumerRecord& record) {
    work(record);
    tell_handled(record);
    return {.topic = output_,
            .partition = std::nullopt,
            .key = record.key,
            .value = record.value,
            .headers = record.headers,
            .timestamp = std::nullopt};
}

void Stage::take(const Batch& batch) {
    if (plain_ != nullptr) return take_plainly(batch);
    const bool offsets_aside = business_.has("offsets-aside");
    const ConsumerGroupMetadata member{.group_id = station_.consumer.group_id,
                                       .generation = consumer_.identity().generation,
                                       .member_id = consumer_.identity().member_id};
    const auto end = client_.transact([&](Producer& producer) {
        std::map<TopicPartition, Offset> next;
        for (const ConsumerRecord& record : batch) {
            producer.send(process(record));
            next[record.partition] = record.offset.next();
        }
        return offsets_aside || producer.send_offsets_to_transaction(next, member).ok();
    });
    if (end != TransactionalClient::End::committed) return rewind_to_committed(consumer_, batch);
    if (offsets_aside) {
        work(batch.back());  // whatever else there is to do, between one commit and the other
        consumer_.commit_sync();
    }
}

void Stage::take_plainly(const Batch& batch) {
    bool is_complete = true;
    for (const ConsumerRecord& record : batch) {
        plain_->send(process(record), [&is_complete](const SendResult& sent) {
            is_complete = is_complete && sent.ok();
        });
    }
    plain_->flush();
    if (!is_complete) return rewind(batch);
    consumer_.commit_sync();
}

// ---- sink ----

DatabaseSink::DatabaseSink(Station station, Business& business, std::string ledger,
                           std::string topic, std::int32_t partitions)
    : station_(as_reader_of_transactions(std::move(station), business)),
      business_(business),
      ledger_(std::move(ledger)),
      consumer_(station_.node, station_.fabric, station_.bootstrap, station_.consumer,
                station_.bugs) {
    for (std::int32_t i = 0; i < partitions; ++i) partitions_.push_back({topic, i});
    station_.node.spawn("main", [this] { run(); });
}

void DatabaseSink::run() {
    consumer_.assign(partitions_);
    begin_where_it_was();
    for (;;) {
        const Result<std::vector<ConsumerRecord>> batch = consumer_.poll(500ms);
        if (!batch) {
            station_.node.sleep_for(1s);
        } else if (!batch->empty()) {
            store(*batch);
        }
    }
}

void DatabaseSink::begin_where_it_was() {
    const auto known =
        business_.database.transact(station_.node, [](Tables& tables) { return tables.positions; });
    for (const TopicPartition& partition : partitions_) {
        const auto position = known.find(partition);
        if (position == known.end()) {
            consumer_.seek_to_beginning({partition});
        } else {
            consumer_.seek(partition, position->second);
        }
    }
}

void DatabaseSink::store(const std::vector<ConsumerRecord>& batch) {
    business_.database.transact(station_.node, [&](Tables& tables) {
        for (const ConsumerRecord& record : batch) {
            const Order order = order_in(record.key, record.value);
            ++tables.effects[{ledger_, order.id}];
            station_.node.emit(EffectApplied{.ledger = ledger_,
                                             .event = order.id,
                                             .key = order.customer,
                                             .number = order.number});
            tables.positions[record.partition] = record.offset.next();
        }
    });
}

}  // namespace squall::model
