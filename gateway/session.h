// Session: one real connection, inside the simulation. Bytes of the client become frames on a
// simulated connection from the client's machine to the broker; answers become bytes. So whatever
// happens to simulated connections happens to this one: delays, stalls, partitions, resets, the
// death of the broker.
//
//   silent -> connecting       the first whole request names the client's machine (client.id)
//   connecting -> open         the simulated handshake is through
//   any -> closed              the client hung up, the broker or the network did, or the bytes made
//                              no sense
//
// Whoever sends bytes that are no request, or a request of an API or version that brokers do not
// offer, is hung up on, as Kafka does; an ApiVersions of an unknown version is answered in version
// 0 with UNSUPPORTED_VERSION (KIP-35).
//
// Part of the deterministic side: what goes on here depends on outside events and their virtual
// times alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/frame_cutter.h"
#include "gateway/outlet.h"
#include "gateway/wire_history.h"
#include "model/protocol/codec.h"
#include "model/rpc/frame.h"
#include "scenarios/cluster.h"
#include "sim/network/network.h"

namespace squall::gateway {

class Gateway;

class Session final : public sim::FrameHandler, public std::enable_shared_from_this<Session> {
  public:
    Session(Gateway& gateway, ConnectionNumber number, sim::Node& broker);
    ~Session() override;

    // ---- on the main context ----

    void receive(ByteView bytes);
    // The client is gone.
    void hang_up();
    // The client's machine stopped under it.
    void cut();

    ConnectionNumber number() const { return number_; }
    // Null before the first request.
    const sim::Node* machine() const { return machine_; }
    // Requests that the client waits for an answer to.
    std::size_t unanswered() const { return unanswered_.size(); }

  private:
    enum class State : std::uint8_t { silent, connecting, open, closed };

    // A request on its way to the broker.
    struct Outgoing {
        model::FrameHeader header;
        std::unique_ptr<model::Message> body;
        std::shared_ptr<WireHistory::Note> note;  // null where no answer is expected
    };
    // A request that an answer is expected to.
    struct Unanswered {
        model::FrameHeader header;
        std::size_t bytes = 0;
        bool is_unknown_version = false;  // of ApiVersions
        std::shared_ptr<WireHistory::Note> note;
    };

    // Error: the client is to be hung up on, and why.
    Status take_in(ByteView frame);
    void begin_connecting(const std::string& client_id);
    // On a task of the client's machine.
    void connect();
    void send_outgoing();
    void on_frame(sim::Connection& connection, std::unique_ptr<sim::Payload> payload) override;
    void on_closed(sim::Connection& connection, std::string_view reason) override;
    // The answer's bytes, with its length in front.
    Bytes encode_answer(const Unanswered& request, model::Message& body) const;
    // Ends it on both sides.
    void close(Outlet::Ending ending);
    WireHistory::Speaker speaker() const { return {*machine_, number_}; }
    // As much as was dealt with may come again, unless too much waits for answers.
    void settle();

    Gateway& gateway_;
    ConnectionNumber number_;
    sim::Node& broker_;
    sim::Node* machine_ = nullptr;
    State state_ = State::silent;
    FrameCutter cutter_;
    std::shared_ptr<sim::Connection> connection_;
    std::deque<Outgoing> outgoing_;
    std::deque<Unanswered> unanswered_;
    std::size_t unanswered_bytes_ = 0;
    std::size_t owed_ = 0;  // bytes that came and were not acknowledged to the outlet
};

}  // namespace squall::gateway
