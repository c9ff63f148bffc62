// A Kafka client by hand, on the outside of a served run: it asks in bytes and reads bytes.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/frame_cutter.h"
#include "gateway/served_run.h"
#include "model/protocol/codec.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/messages/produce.h"
#include "model/protocol/record_batch.h"
#include "scenarios/scenario_file.h"

namespace squall::gateway {

// Remembers what the simulation says.
class RememberingOutlet final : public Outlet {
  public:
    void send(ConnectionNumber connection, Bytes bytes) override {
        Bytes& all = sent[connection];
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    void close(ConnectionNumber connection, Ending ending) override { closed[connection] = ending; }
    void took(ConnectionNumber, std::size_t bytes) override { taken += bytes; }
    void set_port(std::uint32_t broker, bool is_open) override { ports[broker] = is_open; }
    void log(std::string_view line) override { lines.emplace_back(line); }

    std::map<ConnectionNumber, Bytes> sent;
    std::map<ConnectionNumber, Ending> closed;
    std::map<std::uint32_t, bool> ports;
    std::size_t taken = 0;
    std::vector<std::string> lines;
};

class ServedCluster {
  public:
    explicit ServedCluster(std::vector<scenarios::FaultSection> faults = {}, std::uint64_t seed = 1)
        : scenario(scenarios::load_scenario("serve")),
          seed_(seed),
          served(with(std::move(faults)), options(), book(), outlet) {
        served.run_until(Time(5s));
    }

    scenarios::RunOptions options() const { return {.seed = seed_}; }
    static AddressBook book() {
        AddressBook addresses;
        addresses.enter("b1", {"outside.example", 19092});
        addresses.enter("b2", {"outside.example", 19093});
        addresses.enter("b3", {"outside.example", 19094});
        return addresses;
    }

    void take_in(OutsideEvent event) {
        events.push_back({served.now(), std::move(event)});
        served.take_in(events.back().event);
    }
    ConnectionNumber connect(std::uint32_t broker) {
        const ConnectionNumber number(++connections_);
        take_in(Connected{number, broker});
        return number;
    }
    void pass(Duration duration) { served.run_until(served.now() + duration); }

    template <class Request>
    void ask(ConnectionNumber connection, const Request& request, model::ApiVersion version) {
        Bytes frame;
        ByteWriter writer(frame);
        writer.integer(std::int32_t{0});
        model::write_request_header(writer, {.api_key = Request::api_key,
                                             .api_version = version,
                                             .correlation_id = model::CorrelationId(++asked_),
                                             .client_id = "tester"});
        writer.bytes(model::encode(request, version));
        writer.patch(0, static_cast<std::int32_t>(frame.size() - 4));
        take_in(Received{connection, std::move(frame)});
    }
    // The first answer on the connection that was not read yet.
    template <class Response>
    std::optional<Response> answer(ConnectionNumber connection, model::ApiVersion version) {
        Bytes& bytes = outlet.sent[connection];
        FrameCutter cutter;
        cutter.feed(bytes);
        const auto frame = cutter.next().value();
        if (!frame) return std::nullopt;
        ByteReader reader(*frame);
        const bool ok = model::read_response_header(reader, Response::api_key, version).ok();
        Result<Response> decoded =
            model::decode<Response>(frame->subspan(reader.position()), version);
        bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(4 + frame->size()));
        if (!ok || !decoded) return std::nullopt;
        return std::move(decoded).value();
    }
    template <class Request>
    std::optional<typename Request::Response> call(ConnectionNumber connection,
                                                   const Request& request,
                                                   model::ApiVersion version,
                                                   Duration patience = 2s) {
        ask(connection, request, version);
        pass(patience);
        return answer<typename Request::Response>(connection, version);
    }
    scenarios::RunResult end() {
        take_in(Ended{});
        return served.finish();
    }

    scenarios::Scenario scenario;
    RememberingOutlet outlet;
    std::vector<RecordedEvent> events;

  private:
    const scenarios::Scenario& with(std::vector<scenarios::FaultSection> faults) {
        scenario.faults = std::move(faults);
        return scenario;
    }

    std::uint64_t seed_;
    std::uint64_t connections_ = 0;
    std::int32_t asked_ = 0;

  public:
    ServedRun served;
};

// ---- what clients ask ----

inline model::MetadataRequest metadata_of(const std::string& topic) {
    model::MetadataRequest request;
    request.topics.emplace().push_back({.topic_id = {}, .name = topic});
    return request;
}

inline Bytes batch_of(const std::vector<std::string>& values) {
    model::BatchBuilder builder;
    for (const std::string& value : values) {
        builder.append(1'735'689'600'000, as_bytes("key"), as_bytes(value));
    }
    return builder.finish();
}

inline model::ProduceRequest produce_of(const std::string& topic, Bytes records) {
    model::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 5000;
    request.topic_data.push_back({.name = topic, .topic_id = {}, .partition_data = {}});
    request.topic_data[0].partition_data.push_back({.index = 0, .records = std::move(records)});
    return request;
}

inline model::FetchRequest fetch_of(const std::string& topic) {
    model::FetchRequest request;
    request.max_wait_ms = 100;
    request.min_bytes = 1;
    model::FetchRequest::Topic& asked = request.topics.emplace_back();
    asked.topic = topic;
    asked.partitions.emplace_back().partition_max_bytes = 1 << 20;
    asked.partitions.back().fetch_offset = model::Offset(0);
    return request;
}

// Makes the topic, and returns a connection to its leader.
inline ConnectionNumber connect_to_leader(ServedCluster& cluster, const std::string& topic) {
    const ConnectionNumber any = cluster.connect(0);
    cluster.call(any, metadata_of(topic), 5);
    const auto metadata = cluster.call(any, metadata_of(topic), 5);
    if (!metadata || metadata->topics.at(0).partitions.empty()) return ConnectionNumber(0);
    const auto leader =
        static_cast<std::uint32_t>(metadata->topics[0].partitions[0].leader_id.value());
    return cluster.connect(leader - 1);
}

}  // namespace squall::gateway
