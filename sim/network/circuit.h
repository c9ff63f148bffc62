// Circuit: one connection, from the first packet of its handshake until both ends are done with it.
//
// Two sides, and a flow of packets from each to the other. A flow is a queue: only its head can
// arrive, so that nothing overtakes. A held packet (a stall) holds all behind it.
//
//   side 0, who connects:  connecting -> open      the acceptor's answer arrived
//                          connecting -> closed    refused, reset, given up
//   side 1, who accepts:   absent -> open          the attempt arrived and somebody listens
//                          absent -> closed        nobody listens, or the attempt was given up
//   both:                  open -> closed          its close(), its node stopped, or the other's
//                                                  close or a reset arrived
//
//   a flow: carrying -> broken   its receiver is gone, or a rule broke the connection
//
// A side that closes orderly (or whose process crashes: its OS does it) sends its closing behind
// what it had sent. After a power loss nobody sends anything: what the other side sends into the
// broken flow is lost, and then its OS asks again with growing patience until a host that is back
// up answers with a reset, or it gives up. That is all of TCP that a Kafka node can see.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/fifo.h"
#include "sim/base/result.h"
#include "sim/kernel/simulation.h"
#include "sim/kernel/wait.h"
#include "sim/network/link.h"
#include "sim/network/network.h"
#include "sim/network/rule_book.h"

namespace squall::sim {

class Circuit;
class Wiring;

// What the user of one side holds.
class ConnectionEnd final : public Connection, public std::enable_shared_from_this<ConnectionEnd> {
  public:
    ConnectionEnd(std::shared_ptr<Wiring> wiring, Circuit& circuit, int side);
    ~ConnectionEnd() override;

    ConnectionId id() const override { return id_; }
    NodeId peer() const override { return peer_; }
    bool is_open() const override;
    void set_handler(FrameHandler* handler) override;
    void send(std::unique_ptr<Payload> payload) override;
    void close() override;

  private:
    friend class Circuit;

    std::shared_ptr<Wiring> wiring_;
    Circuit* circuit_;  // null once it is gone
    int side_;
    ConnectionId id_;
    NodeId peer_;
};

class Circuit {
  public:
    using Connected = Completer<Result<std::shared_ptr<Connection>>>;

    // Lives in `wiring` until it retires.
    Circuit(Wiring& wiring, ConnectionId id, Node* connector, NodeId from, NodeId to, Port port);
    Circuit(const Circuit&) = delete;
    Circuit& operator=(const Circuit&) = delete;
    ~Circuit();

    // Sends the attempt; `connected` gets the end of it.
    void connect(Connected connected);
    // Whoever wanted to connect does not wait any more.
    void give_up();
    // Delivers `payload` out of nowhere, in the name of side 0: see disturb::Replay.
    void replay(std::unique_ptr<Payload> payload, Time arrival, EventSequence cause);

    // The node stops.
    void cut(NodeId node, StopReason reason);
    // Breaks the connection now, for both; `fault_id` wanted it.
    void reset(std::string_view fault_id);
    // Frames that the rule held go on. Requires: the rule is not in force any more.
    void release(RuleId rule);
    // The paused node of side `n` goes on.
    void awake(int n);
    // The paused node of side 1 goes on, and has not accepted yet.
    void awake_to_accept();

    ConnectionId id() const { return id_; }
    bool is_live() const;
    bool joins(NodeId a, std::optional<NodeId> b) const;

  private:
    friend class ConnectionEnd;

    enum class Phase : std::uint8_t { absent, connecting, open, closed };
    enum class Kind : std::uint8_t { attempt, accepted, frame, closing };

    struct Packet {
        Kind kind = Kind::frame;
        std::uint32_t number = 0;  // of frames
        std::uint32_t bytes = 0;
        RuleId held_by{};       // 0: nobody holds it
        EventSequence cause{};  // of a frame: its FrameSent
        Time arrival{};
        std::uint64_t bits = 0;  // its noise
        std::unique_ptr<Payload> payload{};
        std::string_view reason{};  // of a closing
    };

    // From side `from` to the other one. The timer is for the head of the queue.
    struct Flow final : Timer {
        Flow(Circuit& owner, int from_side) : circuit(owner), from(from_side), inquiry(*this) {}
        void fire() override;

        // The sender's OS, which had no answer, asks again.
        struct Inquiry final : Timer {
            explicit Inquiry(Flow& owner) : flow(owner) {}
            void fire() override;
            Flow& flow;
        };

        Circuit& circuit;
        int from;
        Link* link = nullptr;
        Fifo<Packet> queue;
        bool is_broken = false;
        std::string_view loss;  // why, while it is broken
        Inquiry inquiry;
        EventSequence unanswered;  // the first frame that was lost without an answer
        std::uint32_t asked = 0;   // times, in vain
    };

    struct Side {
        NodeId id;
        Node* node = nullptr;  // null: a machine that is not there, or a middlebox
        Phase phase = Phase::absent;
        bool is_middlebox = false;
        bool waits_to_wake = false;
        std::uint32_t next_number = 0;
        FrameHandler* handler = nullptr;
        ConnectionEnd* end = nullptr;
    };

    // What the rules made of a packet.
    enum class Fate : std::uint8_t { carried, reset, half_open };

    Flow& flow_from(int side) { return flows_[static_cast<std::size_t>(side)]; }
    Flow& flow_to(int side) { return flows_[static_cast<std::size_t>(1 - side)]; }
    Side& side(int n) { return sides_[static_cast<std::size_t>(n)]; }

    // ---- sides ----
    void set_handler(int n, FrameHandler* handler);
    void send(int n, std::unique_ptr<Payload> payload);
    void close(int n);
    void end_gone(int n);
    void leave(int n, std::string_view loss);
    void cancel_attempt(bool tell_peer);
    std::shared_ptr<ConnectionEnd> make_end(int n);

    // ---- packets on their way ----
    void depart(Flow& flow, Packet packet);
    Fate judge(Flow& flow, Packet& packet, RuleId after);
    void suffer(Flow& flow, Fate fate, EventSequence cause);
    void send_signal(Flow& flow, Kind kind, std::string_view reason, EventSequence cause);
    void tell_broken(int n, std::string_view reason, EventSequence cause);
    void aim(Flow& flow);
    void tell_disturbed(const Flow& flow, const Packet& packet, std::string_view rule,
                        const std::string& fault_id);
    void lose(const Flow& flow, const Packet& packet, std::string_view reason);
    void lose_all(Flow& flow, std::string_view reason);
    void lose_held(Flow& flow, std::string_view reason);
    void break_flow(Flow& flow, std::string_view loss);
    void ask(Flow& flow);
    bool is_heard(const Flow& flow) const;
    bool is_closing_underway(Flow& flow) const;
    EventSequence current_cause() const;

    // ---- packets that arrive: false where the receiver is not ready for the head ----
    void arrive(Flow& flow);
    bool take_in(Flow& flow);
    bool take_in_attempt(Flow& flow);
    bool take_in_accepted(Flow& flow);
    bool take_in_frame(Flow& flow);
    bool take_in_closing(Flow& flow);
    bool is_ready(int n);
    void accept();
    void retire_if_done();

    Wiring& wiring_;
    ConnectionId id_;
    Port port_;
    std::array<Side, 2> sides_;
    std::array<Flow, 2> flows_;
    Connected connected_;
    EventSequence attempt_cause_;
    int busy_ = 0;  // calls of arrive() that stand on the stack
};

}  // namespace squall::sim
