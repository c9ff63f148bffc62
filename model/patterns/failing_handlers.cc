#include "model/patterns/failing_handlers.h"

#include <algorithm>
#include <set>
#include <utility>

#include "model/events/ledger_events.h"

namespace squall::model {
namespace {

constexpr std::uint32_t poison_percent = 5;
constexpr std::uint32_t failure_percent = 30;
constexpr int tries_in_place = 3;

ProducerOptions forwarding(const Station& station) {
    ProducerOptions options = station.producer;
    options.client.client_id = station.node.name() + "-out";
    return options;
}

ProducerRecord copy_for(const ConsumerRecord& record, std::string topic) {
    return {.topic = std::move(topic),
            .partition = std::nullopt,
            .key = record.key,
            .value = record.value,
            .headers = record.headers,
            .timestamp = std::nullopt};
}

// Until the topic has it. May park, for long: without a bound, for to go on would be to lose the
// record, and to leave the batch would only bring it back. Who is here for longer than
// max.poll.interval.ms is thrown out of its group, and another one takes the record up.
void send_for_sure(sim::Node& node, Producer& producer, const ConsumerRecord& record,
                   const char* topic) {
    while (!producer.send_and_wait(copy_for(record, topic)).ok()) node.sleep_for(500ms);
}

}  // namespace

// ---- dead letters ----

DeadLetterHandler::DeadLetterHandler(Station station, Business& business, std::string ledger,
                                     std::vector<std::string> topics)
    : Handler(std::move(station), business, std::move(ledger), std::move(topics)),
      producer_(station_.node, station_.fabric, station_.bootstrap, forwarding(station_),
                station_.bugs) {}

void DeadLetterHandler::take(const Batch& batch) {
    for (const ConsumerRecord& record : batch) {
        if (try_in_place(record)) {
            apply(record);
        } else {
            bury(record);
        }
    }
    consumer_.commit_sync();
}

bool DeadLetterHandler::try_in_place(const ConsumerRecord& record) {
    const Order order = order_in(record.key, record.value);
    const bool is_poison = business_.happens_to(order, "poison", poison_percent);
    for (int attempt = 1;; ++attempt) {
        work(record);
        if (!is_poison) return true;
        if (attempt == tries_in_place) return false;
        station_.node.sleep_for(attempt * 20ms);
    }
}

void DeadLetterHandler::bury(const ConsumerRecord& record) {
    if (business_.has("poison-dropped")) return tell_handled(record);
    const BusinessEventParked parked{.ledger = ledger_,
                                     .event = order_in(record.key, record.value).id};
    if (business_.has("dead-letter-not-awaited")) {
        producer_.send(copy_for(record, dead_letter_topic), [this, parked](const SendResult& sent) {
            if (sent.ok()) station_.node.emit(parked);
        });
    } else {
        send_for_sure(station_.node, producer_, record, dead_letter_topic);
        station_.node.emit(parked);
    }
    tell_handled(record);
}

// ---- retry topics ----

RetryHandler::RetryHandler(Station station, Business& business, std::string ledger,
                           std::vector<std::string> topics)
    : Handler(std::move(station), business, std::move(ledger), std::move(topics)),
      producer_(station_.node, station_.fabric, station_.bootstrap, forwarding(station_),
                station_.bugs) {}

const char* RetryHandler::next_topic(const std::string& topic) {
    if (topic == orders_topic) return first_retry_topic;
    return topic == first_retry_topic ? second_retry_topic : dead_letter_topic;
}

Duration RetryHandler::delay_of(const std::string& topic) {
    if (topic == first_retry_topic) return 1s;
    return topic == second_retry_topic ? Duration(4s) : Duration{};
}

void RetryHandler::take(const Batch& batch) {
    std::map<TopicPartition, Offset> done;
    for (const ConsumerRecord& record : batch) {
        if (held_back_.contains(record.partition)) continue;
        const WallTime due = WallTime(std::chrono::milliseconds(record.timestamp)) +
                             delay_of(record.partition.topic);
        if (station_.node.wall_now() < due) {
            hold_back(record, due);
            continue;
        }
        work(record);
        const Order order = order_in(record.key, record.value);
        if (business_.happens_to(order, record.partition.topic, failure_percent)) {
            forward(record);
        } else {
            apply(record);
        }
        done[record.partition] = record.offset.next();
    }
    if (!done.empty()) consumer_.commit_sync(done);
}

void RetryHandler::hold_back(const ConsumerRecord& record, WallTime due) {
    consumer_.pause({record.partition});
    consumer_.seek(record.partition, record.offset);
    held_back_[record.partition] = due;
}

RebalanceCallbacks RetryHandler::callbacks() {
    RebalanceCallbacks made;
    made.revoked = [this](const std::vector<TopicPartition>& partitions) {
        for (const TopicPartition& partition : partitions) held_back_.erase(partition);
    };
    return made;
}

void RetryHandler::before_poll() {
    const WallTime now = station_.node.wall_now();
    std::vector<TopicPartition> due;
    for (const auto& [partition, time] : held_back_) {
        if (now >= time) due.push_back(partition);
    }
    for (const TopicPartition& partition : due) held_back_.erase(partition);
    if (!due.empty()) consumer_.resume(due);
}

void RetryHandler::forward(const ConsumerRecord& record) {
    const char* const topic = next_topic(record.partition.topic);
    const bool is_last = topic == dead_letter_topic;
    const BusinessEventParked parked{.ledger = ledger_,
                                     .event = order_in(record.key, record.value).id};
    if (business_.has("retry-not-awaited")) {
        producer_.send(copy_for(record, topic), [this, is_last, parked](const SendResult& sent) {
            if (sent.ok() && is_last) station_.node.emit(parked);
        });
    } else {
        send_for_sure(station_.node, producer_, record, topic);
        if (is_last) station_.node.emit(parked);
    }
    tell_handled(record);
}

}  // namespace squall::model
