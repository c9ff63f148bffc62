#include "gateway/session.h"

#include <fmt/core.h>

#include <utility>

#include "gateway/gateway.h"
#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"
#include "model/protocol/messages/api_versions.h"
#include "model/protocol/messages/produce.h"
#include "model/rpc/wire_body.h"
#include "sim/kernel/simulation.h"

namespace squall::gateway {
namespace {

using model::ApiKey;

// A client that pipelines beyond this waits for answers before more of it is read.
constexpr std::size_t unanswered_bytes_most = 16 << 20;
constexpr std::size_t unanswered_most = 1000;
constexpr Duration connect_patience = 30s;

bool is_offered(ApiKey key, model::ApiVersion version) {
    bool offered = false;
    model::for_each_api(model::BrokerApis{}, [&](auto api) {
        using Request = typename decltype(api)::type;
        if (Request::api_key == key) offered = Request::versions.contains(version);
    });
    return offered;
}

bool expects_answer(ApiKey key, model::Message& request) {
    return key != ApiKey::produce || request.as<model::ProduceRequest>().acks != 0;
}

}  // namespace

Session::Session(Gateway& gateway, ConnectionNumber number, sim::Node& broker)
    : gateway_(gateway), number_(number), broker_(broker) {}

Session::~Session() {
    if (connection_ != nullptr) connection_->set_handler(nullptr);
}

void Session::receive(ByteView bytes) {
    if (state_ == State::closed) return;
    owed_ += bytes.size();
    cutter_.feed(bytes);
    while (state_ != State::closed) {
        const Result<std::optional<ByteView>> frame = cutter_.next();
        const Status status = !frame    ? Status(frame.error())
                              : !*frame ? success()
                                        : take_in(**frame);
        if (!status) {
            gateway_.outlet().log(
                fmt::format("connection {}: closed: {}", number_, status.error().detail));
            return close(Outlet::Ending::reset);
        }
        if (!frame || !*frame) break;
    }
    settle();
}

Status Session::take_in(ByteView frame) {
    ByteReader reader(frame);
    Result<model::RequestHeader> header = model::read_request_header(reader);
    if (!header) return header.error();
    const ApiKey key = header->api_key;
    const std::string what =
        fmt::format("{} version {}", model::to_string(key), header->api_version);
    model::FrameHeader out{.api_key = key,
                           .api_version = header->api_version,
                           .correlation_id = header->correlation_id,
                           .client_id = std::move(header->client_id).value_or(std::string()),
                           .is_request = true};
    std::unique_ptr<model::Message> body;
    const bool is_unknown_version =
        key == ApiKey::api_versions && !is_offered(key, header->api_version);
    if (is_unknown_version) {
        out.api_version = 0;
        body = model::box(model::ApiVersionsRequest{});
    } else if (!is_offered(key, header->api_version)) {
        return Error{Failure::invalid_input, what + " is not offered"};
    } else {
        Result<std::unique_ptr<model::Message>> decoded =
            model::decode_request(key, header->api_version, frame.subspan(reader.position()));
        if (!decoded) {
            return Error{Failure::corrupt, fmt::format("{}: {}", what, decoded.error().detail)};
        }
        body = std::move(decoded).value();
    }

    gateway_.count_request(key);
    std::shared_ptr<WireHistory::Note> note;
    if (expects_answer(key, *body)) {
        note = std::make_shared<WireHistory::Note>();
        unanswered_.push_back({out, frame.size(), is_unknown_version, note});
        unanswered_bytes_ += frame.size();
        gateway_.count_unanswered(+1);
    }
    const std::string client_id = out.client_id;
    outgoing_.push_back({std::move(out), std::move(body), std::move(note)});
    if (state_ == State::silent) begin_connecting(client_id);
    if (state_ == State::open) {
        machine_->run_when_awake([self = shared_from_this()] {
            const sim::TraceScope scope(*self->machine_, sim::EventSequence{});
            self->send_outgoing();
        });
    }
    return success();
}

void Session::begin_connecting(const std::string& client_id) {
    state_ = State::connecting;
    scenarios::Machine& machine = gateway_.machine_of(client_id);
    machine_ = machine.node;
    // A fault may hold the client's whole machine down: then nobody is there to speak.
    if (!machine_->is_running()) return close(Outlet::Ending::reset);
    machine_->spawn("connect", [self = shared_from_this()] { self->connect(); });
}

void Session::connect() {
    Result<std::shared_ptr<sim::Connection>> connected = gateway_.network().connect(
        *machine_, broker_.id(), model::Broker::port, machine_->now() + connect_patience);
    if (state_ != State::connecting) return;
    if (!connected) return close(Outlet::Ending::reset);
    connection_ = std::move(connected).value();
    connection_->set_handler(this);
    state_ = State::open;
    send_outgoing();
}

void Session::send_outgoing() {
    while (!outgoing_.empty() && state_ == State::open) {
        Outgoing next = std::move(outgoing_.front());
        outgoing_.pop_front();
        WireHistory::Note note = gateway_.history().asked(speaker(), next.header.api_key,
                                                          next.header.api_version, *next.body);
        if (next.note != nullptr) *next.note = std::move(note);
        connection_->send(std::make_unique<model::RpcFrame>(
            std::move(next.header), std::move(next.body), gateway_.codec()));
    }
}

void Session::on_frame(sim::Connection&, std::unique_ptr<sim::Payload> payload) {
    const std::shared_ptr<Session> self = shared_from_this();
    auto& frame = static_cast<model::RpcFrame&>(*payload);
    // Brokers answer the requests of a connection in their order.
    ASSERT(!unanswered_.empty() &&
               unanswered_.front().header.correlation_id == frame.header().correlation_id,
           "connection {}: an answer to a request that nobody waits for", number_);
    const Unanswered request = std::move(unanswered_.front());
    unanswered_.pop_front();
    unanswered_bytes_ -= request.bytes;
    gateway_.count_unanswered(-1);
    const std::unique_ptr<model::Message> body = frame.take_body();
    gateway_.history().answered(speaker(), *request.note, request.header.api_key,
                                request.header.api_version, *body);
    gateway_.outlet().send(number_, encode_answer(request, *body));
    settle();
}

Bytes Session::encode_answer(const Unanswered& request, model::Message& body) const {
    const ApiKey key = request.header.api_key;
    const model::ApiVersion version = request.header.api_version;
    if (request.is_unknown_version) {
        auto& answer = body.as<model::ApiVersionsResponse>();
        answer.error_code = model::ErrorCode::unsupported_version;
        // What there is to ask with, so that the client asks again in a version that is known.
        std::erase_if(answer.api_keys,
                      [](const auto& api) { return api.api_key != ApiKey::api_versions; });
    }
    gateway_.addresses().advertise(key, body);
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.integer(std::int32_t{0});
    model::write_response_header(writer, key, version, request.header.correlation_id);
    model::encode_response(body, key, version, bytes);
    writer.patch(0, static_cast<std::int32_t>(bytes.size() - model::frame_length_size));
    return bytes;
}

void Session::on_closed(sim::Connection&, std::string_view reason) {
    const bool is_orderly = reason == "closed by peer";
    close(is_orderly ? Outlet::Ending::orderly : Outlet::Ending::reset);
}

void Session::hang_up() {
    if (state_ != State::closed) close(Outlet::Ending::orderly);
}

void Session::cut() {
    if (state_ != State::closed) close(Outlet::Ending::reset);
}

void Session::close(Outlet::Ending ending) {
    const std::shared_ptr<Session> self = shared_from_this();
    state_ = State::closed;
    gateway_.count_unanswered(-static_cast<std::int64_t>(unanswered_.size()));
    unanswered_.clear();
    outgoing_.clear();
    if (connection_ != nullptr) {
        connection_->set_handler(nullptr);
        connection_->close();
        connection_.reset();
    }
    gateway_.outlet().close(number_, ending);
    gateway_.forget(number_);
}

void Session::settle() {
    if (state_ == State::closed || owed_ == 0) return;
    const bool has_room =
        unanswered_bytes_ < unanswered_bytes_most && unanswered_.size() < unanswered_most;
    if (has_room) gateway_.outlet().took(number_, std::exchange(owed_, 0));
}

}  // namespace squall::gateway
