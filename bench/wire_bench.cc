// A real client against `squall serve`: librdkafka's producer and consumer as they come, records of
// 100 bytes, acks=all, replication factor 3. Prints one JSON document: records a second in and out,
// and the median round trip of a record that goes alone.
//
//     wire_bench BOOTSTRAP
#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t records = 500'000;
constexpr std::int64_t round_trips = 500;
constexpr const char* topic = "bench";

[[noreturn]] void give_up(const std::string& why) {
    fmt::print(stderr, "wire_bench: {}\n", why);
    std::exit(1);
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

using Settings = std::initializer_list<std::pair<const char*, std::string>>;

rd_kafka_t* make(rd_kafka_type_t type, const Settings& settings,
                 void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr,
                 void* opaque = nullptr) {
    char error[512];
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    for (const auto& [name, value] : settings) {
        if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
            give_up(error);
        }
    }
    if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_t* const client = rd_kafka_new(type, conf, error, sizeof error);
    if (client == nullptr) give_up(error);
    return client;
}

void send(rd_kafka_t* producer, const std::string& value) {
    for (;;) {
        const rd_kafka_resp_err_t error =
            rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                              RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) give_up(rd_kafka_err2str(error));
        rd_kafka_poll(producer, 10);
    }
}

void count_delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* count) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) give_up(rd_kafka_err2str(message->err));
    ++*static_cast<std::int64_t*>(count);
}

double produce(const std::string& bootstrap) {
    std::int64_t delivered = 0;
    rd_kafka_t* const producer =
        make(RD_KAFKA_PRODUCER,
             {{"bootstrap.servers", bootstrap}, {"client.id", "bench"}, {"acks", "all"}},
             count_delivered, &delivered);
    const std::string value(100, 'x');
    send(producer, value);  // the topic, connections and metadata are not what is measured
    while (delivered < 1) rd_kafka_poll(producer, 10);
    const Clock::time_point begin = Clock::now();
    for (std::int64_t i = 0; i < records; ++i) {
        send(producer, value);
        if (i % 1000 == 0) rd_kafka_poll(producer, 0);
    }
    while (delivered < records + 1) rd_kafka_poll(producer, 10);
    const double rate = static_cast<double>(records) / seconds_since(begin);
    rd_kafka_destroy(producer);
    return rate;
}

double consume(const std::string& bootstrap) {
    rd_kafka_t* const consumer = make(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap},
                                                          {"client.id", "bench"},
                                                          {"group.id", "bench"},
                                                          {"enable.auto.commit", "false"}});
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t* const partitions = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(partitions, topic, 0)->offset = 0;
    rd_kafka_assign(consumer, partitions);
    rd_kafka_topic_partition_list_destroy(partitions);
    Clock::time_point begin{};
    for (std::int64_t read = 0; read <= records;) {
        rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer, 1000);
        if (message == nullptr) continue;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && read++ == 0) begin = Clock::now();
        rd_kafka_message_destroy(message);
    }
    const double rate = static_cast<double>(records) / seconds_since(begin);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return rate;
}

double median_round_trip_ms(const std::string& bootstrap) {
    std::int64_t delivered = 0;
    rd_kafka_t* const producer = make(RD_KAFKA_PRODUCER,
                                      {{"bootstrap.servers", bootstrap},
                                       {"client.id", "bench"},
                                       {"acks", "all"},
                                       {"linger.ms", "0"}},
                                      count_delivered, &delivered);
    std::vector<double> took;
    for (std::int64_t i = 0; i < round_trips; ++i) {
        const Clock::time_point begin = Clock::now();
        send(producer, std::string(100, 'x'));
        while (delivered <= i) rd_kafka_poll(producer, 10);
        took.push_back(seconds_since(begin) * 1000);
    }
    rd_kafka_destroy(producer);
    std::ranges::nth_element(took, took.begin() + round_trips / 2);
    return took[round_trips / 2];
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) give_up("usage: wire_bench BOOTSTRAP");
    const std::string bootstrap = arguments[1];
    const double in = produce(bootstrap);
    const double out = consume(bootstrap);
    const double round_trip = median_round_trip_ms(bootstrap);
    fmt::print("{{\"in_per_s\": {:.0f}, \"out_per_s\": {:.0f}, \"round_trip_ms\": {:.3f}}}\n", in,
               out, round_trip);
    return 0;
}
