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

}  // namespace squall::gateway
