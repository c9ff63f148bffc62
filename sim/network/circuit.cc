#include "sim/network/circuit.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/base/hash.h"
#include "sim/network/wiring.h"

namespace squall::sim {
namespace {

// Linux: tcp_syn_retries doubles from one second; data is retransmitted after 200 ms, 400 ms, ...
// up to two minutes, and given up after tcp_retries2.
constexpr Duration attempt_patience = 1s;
constexpr Duration retransmit_first = 200ms;
constexpr Duration retransmit_max = 120s;
constexpr std::uint32_t retransmits_max = 15;
// How long a middlebox that replayed a request waits for an answer that it does not want.
constexpr Duration middlebox_patience = 30s;

Duration doubled(Duration first, std::uint32_t times, Duration most) {
    Duration duration = first;
    while (times-- > 0 && duration < most) duration *= 2;
    return std::min(duration, most);
}

constexpr std::string_view closed_by_peer = "closed by peer";
constexpr std::string_view was_reset = "reset";
constexpr std::string_view was_refused = "refused";
constexpr std::string_view connection_closed = "connection closed";
constexpr std::string_view receiver_crashed = "receiver crashed";
constexpr std::string_view timed_out = "timed out";
constexpr std::string_view half_open = "half open";

}  // namespace

// ---- the end that a user holds ----

ConnectionEnd::ConnectionEnd(std::shared_ptr<Wiring> wiring, Circuit& circuit, int side)
    : wiring_(std::move(wiring)),
      circuit_(&circuit),
      side_(side),
      id_(circuit.id()),
      peer_(circuit.side(1 - side).id) {}

ConnectionEnd::~ConnectionEnd() {
    if (circuit_ != nullptr) circuit_->end_gone(side_);
}

bool ConnectionEnd::is_open() const {
    return circuit_ != nullptr && circuit_->side(side_).phase == Circuit::Phase::open;
}

void ConnectionEnd::set_handler(FrameHandler* handler) {
    if (circuit_ != nullptr) circuit_->set_handler(side_, handler);
}

void ConnectionEnd::send(std::unique_ptr<Payload> payload) {
    ASSERT(payload != nullptr, "connection {} is to send nothing", id_);
    if (circuit_ != nullptr) circuit_->send(side_, std::move(payload));
}

void ConnectionEnd::close() {
    if (circuit_ != nullptr) circuit_->close(side_);
}

// ---- queues ----

void Circuit::Flow::fire() {
    circuit.arrive(*this);
}

void Circuit::Flow::Inquiry::fire() {
    flow.circuit.ask(flow);
}

// ---- life and death ----

Circuit::Circuit(Wiring& wiring, ConnectionId id, Node* connector, NodeId from, NodeId to,
                 Port port)
    : wiring_(wiring), id_(id), port_(port), flows_{{{*this, 0}, {*this, 1}}} {
    side(0).id = from;
    side(0).node = connector;
    side(0).phase = connector != nullptr ? Phase::connecting : Phase::open;
    side(0).is_middlebox = connector == nullptr;
    side(1).id = to;
    flow_from(0).link = &wiring.link(from, to);
    flow_from(1).link = &wiring.link(to, from);
}

Circuit::~Circuit() {
    for (const Side& each : sides_) {
        if (each.end != nullptr) each.end->circuit_ = nullptr;
    }
}

void Circuit::retire_if_done() {
    // From a side that is closed, and has nothing on its way, a middlebox has nothing to wait for.
    if (side(0).is_middlebox && side(0).phase == Phase::open && side(1).phase == Phase::closed &&
        flow_from(1).queue.empty()) {
        leave(0, connection_closed);
        lose_all(flow_from(0), connection_closed);
    }
    const bool is_done =
        side(0).phase == Phase::closed && side(1).phase == Phase::closed && connected_.is_orphan();
    if (is_done && busy_ == 0) wiring_.retire(id_);
}

bool Circuit::is_live() const {
    return std::ranges::any_of(sides_, [](const Side& s) { return s.phase == Phase::open; });
}

bool Circuit::joins(NodeId a, std::optional<NodeId> b) const {
    const NodeId first = sides_[0].id;
    const NodeId second = sides_[1].id;
    return (first == a && (!b || second == *b)) || (second == a && (!b || first == *b));
}

EventSequence Circuit::current_cause() const {
    return wiring_.trace().context().cause;
}

void Circuit::connect(Connected connected) {
    ASSERT(side(0).phase == Phase::connecting, "connection {} connects twice", id_);
    connected_ = std::move(connected);
    send_signal(flow_from(0), Kind::attempt, {}, current_cause());
}

void Circuit::give_up() {
    if (side(0).phase == Phase::connecting) {
        leave(0, connection_closed);
        cancel_attempt(/*tell_peer=*/true);
    }
    retire_if_done();
}

// Requires: side 0 is closed, and never was open.
void Circuit::cancel_attempt(bool tell_peer) {
    if (side(1).phase == Phase::absent) {
        lose_all(flow_from(0), connection_closed);
        side(1).phase = Phase::closed;
    } else if (side(1).phase == Phase::open && tell_peer && !flow_from(0).is_broken) {
        send_signal(flow_from(0), Kind::closing, closed_by_peer, current_cause());
    }
}

void Circuit::replay(std::unique_ptr<Payload> payload, Time arrival, EventSequence cause) {
    ASSERT(side(0).is_middlebox, "connection {} is no middlebox's", id_);
    Flow& flow = flow_from(0);
    const std::uint64_t bits = flow.link->draw("replay");
    flow.queue.push(
        Packet{.kind = Kind::attempt, .cause = cause, .arrival = arrival, .bits = bits});
    flow.queue.push(Packet{.kind = Kind::frame,
                           .number = side(0).next_number++,
                           .bytes = payload->size_bytes(),
                           .cause = cause,
                           .arrival = arrival,
                           .bits = bits,
                           .payload = std::move(payload)});
    flow.queue.push(Packet{.kind = Kind::closing,
                           .cause = cause,
                           .arrival = arrival + middlebox_patience,
                           .bits = bits,
                           .reason = closed_by_peer});
    aim(flow);
}

// The OS of a node outlives its process, and closes its connections in good order; a power loss
// takes both.
void Circuit::cut(NodeId node, StopReason reason) {
    const bool os_lives = reason == StopReason::crash || reason == StopReason::shutdown;
    const std::string_view last_words =
        reason == StopReason::crash ? "peer crashed" : closed_by_peer;
    ++busy_;
    for (const int n : {0, 1}) {
        Side& stopped = side(n);
        if (stopped.id != node || stopped.is_middlebox || stopped.phase == Phase::absent) continue;
        if (reason == StopReason::end_of_run) {
            // The curtain falls: what is still in the air is no news to anybody.
            stopped.phase = Phase::closed;
            stopped.handler = nullptr;
            for (Flow& flow : flows_) {
                flow.is_broken = true;
                flow.cancel();
                flow.inquiry.cancel();
                while (!flow.queue.empty()) flow.queue.pop();
            }
            if (side(1).phase == Phase::absent) side(1).phase = Phase::closed;
            continue;
        }
        const Phase before = stopped.phase;
        if (before != Phase::closed) leave(n, receiver_crashed);
        if (before == Phase::connecting) cancel_attempt(os_lives);
        if (before == Phase::open && os_lives && !flow_from(n).is_broken) {
            send_signal(flow_from(n), Kind::closing, last_words, current_cause());
        }
        if (!os_lives) lose_held(flow_from(n), "sender lost power");
        stopped.waits_to_wake = false;
    }
    --busy_;
    retire_if_done();
}

void Circuit::reset(std::string_view fault_id) {
    for (Flow& flow : flows_) {
        for (std::size_t i = 0; i < flow.queue.size(); ++i) {
            tell_disturbed(flow, flow.queue[i], was_reset, std::string(fault_id));
        }
    }
    for (Flow& flow : flows_) break_flow(flow, was_reset);
    for (const int n : {0, 1}) tell_broken(n, was_reset, current_cause());
    retire_if_done();
}

// ---- sides ----

std::shared_ptr<ConnectionEnd> Circuit::make_end(int n) {
    ASSERT(side(n).end == nullptr, "side {} of connection {} has an end already", n, id_);
    auto end = std::make_shared<ConnectionEnd>(wiring_.shared_from_this(), *this, n);
    side(n).end = end.get();
    return end;
}

void Circuit::set_handler(int n, FrameHandler* handler) {
    if (side(n).phase != Phase::open) return;
    side(n).handler = handler;
    // Never at once: whoever attaches a handler is not ready to be called by it.
    if (handler != nullptr && !flow_to(n).is_armed()) aim(flow_to(n));
}

void Circuit::send(int n, std::unique_ptr<Payload> payload) {
    Side& sender = side(n);
    if (sender.phase != Phase::open || sender.node->is_dying()) return;
    Flow& flow = flow_from(n);
    const std::string_view label = payload->label();
    Packet packet{.kind = Kind::frame,
                  .number = sender.next_number++,
                  .bytes = payload->size_bytes(),
                  .bits = flow.link->draw(label),
                  .payload = std::move(payload)};
    packet.cause = wiring_.trace().emit(FrameSent{.connection = id_,
                                                  .peer = side(1 - n).id,
                                                  .number = packet.number,
                                                  .label = std::string(label),
                                                  .bytes = packet.bytes});
    if (!flow.is_broken) {
        depart(flow, std::move(packet));
        return;
    }
    lose(flow, packet, flow.loss);
    if (!flow.inquiry.is_armed() && !is_closing_underway(flow_to(n))) {
        flow.unanswered = packet.cause;
        flow.asked = 0;
        wiring_.simulation().timers().arm(
            flow.inquiry, wiring_.now() + flow.link->latency(packet.bits), mix(packet.bits));
    }
}

void Circuit::close(int n) {
    Side& closer = side(n);
    if (closer.phase != Phase::open) return;
    if (closer.is_middlebox) {
        leave(n, "nobody waits for it");
        lose_all(flow_from(n), connection_closed);  // its patience
        flow_from(n).queue.push(Packet{.kind = Kind::closing,
                                       .cause = current_cause(),
                                       .arrival = wiring_.now(),
                                       .reason = closed_by_peer});
        aim(flow_from(n));
        return;
    }
    if (closer.node->is_dying()) return;  // the cut comes, and finds the connection open
    EventSequence closed;
    {
        const TraceScope scope(*closer.node, current_cause());
        closed = wiring_.trace().emit(
            ConnectionClosed{.connection = id_, .peer = side(1 - n).id, .reason = "closed by us"});
    }
    leave(n, connection_closed);
    if (!flow_from(n).is_broken) send_signal(flow_from(n), Kind::closing, closed_by_peer, closed);
    retire_if_done();
}

void Circuit::end_gone(int n) {
    side(n).end = nullptr;
    side(n).handler = nullptr;
    close(n);
}

// The side is done with the connection; nothing that comes to it is taken in any more.
void Circuit::leave(int n, std::string_view loss) {
    ASSERT(side(n).phase == Phase::open || side(n).phase == Phase::connecting,
           "side {} leaves connection {} twice", n, id_);
    side(n).phase = Phase::closed;
    side(n).handler = nullptr;
    flow_from(n).inquiry.cancel();
    break_flow(flow_to(n), loss);
}

// ---- packets on their way ----

void Circuit::depart(Flow& flow, Packet packet) {
    const EventSequence cause = packet.cause;
    Packet& queued = flow.queue.push(std::move(packet));
    const Fate fate = judge(flow, queued, RuleId{0});
    if (flow.queue.size() == 1) aim(flow);
    if (fate != Fate::carried) suffer(flow, fate, cause);
}

// What the rules behind `after` make of the packet; decides when it arrives, or who holds it.
Circuit::Fate Circuit::judge(Flow& flow, Packet& packet, RuleId after) {
    Link& link = *flow.link;
    packet.held_by = RuleId{0};
    const RuleBook::Entry* entry = nullptr;
    if (!wiring_.rules().empty() && !side(0).is_middlebox) {
        const bool is_frame = packet.kind == Kind::frame;
        const Passage::Kind kind = is_frame                       ? Passage::Kind::frame
                                   : packet.kind == Kind::attempt ? Passage::Kind::attempt
                                                                  : Passage::Kind::signal;
        entry = wiring_.rules().meet(
            Passage{.from = side(flow.from).id,
                    .to = side(1 - flow.from).id,
                    .kind = kind,
                    .is_replayable = is_frame && flow.from == 0 && packet.payload->is_request(),
                    .label = is_frame ? packet.payload->label() : std::string_view(),
                    .bits = packet.bits},
            after);
    }
    if (entry == nullptr) {
        packet.arrival = link.transmit(wiring_.now(), packet.bytes) + link.latency(packet.bits);
        return Fate::carried;
    }

    tell_disturbed(flow, packet, entry->word, entry->rule.fault_id);
    const Disturbance& disturbance = entry->rule.disturbance;
    if (std::holds_alternative<disturb::Stall>(disturbance)) {
        packet.held_by = entry->id;
        return Fate::carried;
    }
    Time departure = link.transmit(wiring_.now(), packet.bytes);
    if (std::holds_alternative<disturb::Throttle>(disturbance)) {
        departure = entry->pipe.transmit(departure, packet.bytes);
    }
    packet.arrival = departure + link.latency(packet.bits);
    if (const auto* delay = std::get_if<disturb::Delay>(&disturbance)) {
        const std::uint64_t bits = combine(mix(packet.bits), entry->fault_hash);
        packet.arrival += delay->extra.at(bits);
    } else if (const auto* replayed = std::get_if<disturb::Replay>(&disturbance)) {
        wiring_.add_circuit(nullptr, side(0).id, side(1).id, port_)
            .replay(packet.payload->clone(), packet.arrival + replayed->delay, packet.cause);
    }
    if (std::holds_alternative<disturb::Reset>(disturbance)) return Fate::reset;
    if (std::holds_alternative<disturb::HalfOpen>(disturbance)) return Fate::half_open;
    return Fate::carried;
}

// `cause` is the frame that met the rule, or why the attempt was made.
void Circuit::suffer(Flow& flow, Fate fate, EventSequence cause) {
    const bool all_notice = fate == Fate::reset;
    for (Flow& each : flows_) break_flow(each, all_notice ? was_reset : half_open);
    tell_broken(flow.from, was_reset, cause);
    if (all_notice) tell_broken(1 - flow.from, was_reset, cause);
}

void Circuit::send_signal(Flow& flow, Kind kind, std::string_view reason, EventSequence cause) {
    const std::string_view label = kind == Kind::attempt    ? "connect"
                                   : kind == Kind::accepted ? "accept"
                                                            : "close";
    depart(flow,
           Packet{.kind = kind, .cause = cause, .bits = flow.link->draw(label), .reason = reason});
}

// A middlebox tells side `n` that the connection is gone, past all rules.
void Circuit::tell_broken(int n, std::string_view reason, EventSequence cause) {
    if (side(n).phase == Phase::absent) side(n).phase = Phase::closed;
    if (side(n).phase == Phase::closed || side(n).is_middlebox) return;
    Flow& flow = flow_to(n);
    ASSERT(flow.is_broken && flow.queue.empty(), "a flow of connection {} is not broken", id_);
    const std::uint64_t bits = flow.link->draw("close");
    flow.queue.push(Packet{.kind = Kind::closing,
                           .cause = cause,
                           .arrival = wiring_.now() + flow.link->latency(bits),
                           .bits = bits,
                           .reason = reason});
    aim(flow);
}

// Sets the timer for the head of the queue, if it can arrive.
void Circuit::aim(Flow& flow) {
    if (flow.queue.empty() || flow.queue.front().held_by != RuleId{0}) return;
    const Packet& head = flow.queue.front();
    const Time arrival = wiring_.instant_from(std::max(head.arrival, wiring_.now()));
    wiring_.simulation().timers().arm(flow, arrival, mix(head.bits));
}

void Circuit::tell_disturbed(const Flow& flow, const Packet& packet, std::string_view rule,
                             const std::string& fault_id) {
    if (packet.kind != Kind::frame) return;
    wiring_.tell(packet.cause, FrameDisturbed{.connection = id_,
                                              .from = side(flow.from).id,
                                              .to = side(1 - flow.from).id,
                                              .number = packet.number,
                                              .rule = std::string(rule),
                                              .rule_id = fault_id});
}

void Circuit::lose(const Flow& flow, const Packet& packet, std::string_view reason) {
    if (packet.kind != Kind::frame) return;
    wiring_.tell(packet.cause, FrameLost{.connection = id_,
                                         .from = side(flow.from).id,
                                         .to = side(1 - flow.from).id,
                                         .number = packet.number,
                                         .reason = std::string(reason)});
}

void Circuit::lose_all(Flow& flow, std::string_view reason) {
    flow.cancel();
    while (!flow.queue.empty()) lose(flow, flow.queue.pop(), reason);
}

// What stands behind a held packet stands in the same buffers as that one.
void Circuit::lose_held(Flow& flow, std::string_view reason) {
    std::size_t free = 0;
    while (free < flow.queue.size() && flow.queue[free].held_by == RuleId{0}) ++free;
    if (free == 0) flow.cancel();
    std::vector<Packet> lost;
    while (flow.queue.size() > free) lost.push_back(flow.queue.pop_back());
    for (auto packet = lost.rbegin(); packet != lost.rend(); ++packet) lose(flow, *packet, reason);
}

void Circuit::break_flow(Flow& flow, std::string_view loss) {
    lose_all(flow, loss);
    if (flow.is_broken) return;  // the first reason stands
    flow.is_broken = true;
    flow.loss = loss;
}

bool Circuit::is_closing_underway(Flow& flow) const {
    return !flow.queue.empty() && flow.queue.back().kind == Kind::closing;
}

bool Circuit::is_heard(const Flow& flow) const {
    const NodeId from = sides_[static_cast<std::size_t>(flow.from)].id;
    const NodeId to = sides_[static_cast<std::size_t>(1 - flow.from)].id;
    return !wiring_.rules().is_cut(from, to) && wiring_.answers(to);
}

// The sender retransmits what found nobody. A host that is there does not know the connection.
void Circuit::ask(Flow& flow) {
    if (side(flow.from).phase != Phase::open || is_closing_underway(flow_to(flow.from))) return;
    if (is_heard(flow)) {
        send_signal(flow_to(flow.from), Kind::closing, was_reset, flow.unanswered);
    } else if (flow.asked == retransmits_max) {
        break_flow(flow_to(flow.from), timed_out);
        tell_broken(flow.from, timed_out, flow.unanswered);
    } else {
        const Duration wait = doubled(retransmit_first, flow.asked++, retransmit_max);
        wiring_.simulation().timers().arm(flow.inquiry, wiring_.now() + wait,
                                          mix(flow.link->draw("retransmit")));
    }
}

void Circuit::release(RuleId rule) {
    ++busy_;
    for (Flow& flow : flows_) {
        Fate fate = Fate::carried;
        EventSequence cause;
        for (std::size_t i = 0; i < flow.queue.size() && fate == Fate::carried; ++i) {
            if (flow.queue[i].held_by != rule) continue;
            cause = flow.queue[i].cause;
            fate = judge(flow, flow.queue[i], rule);
        }
        if (fate != Fate::carried) {
            suffer(flow, fate, cause);
        } else if (!flow.is_armed()) {
            aim(flow);
        }
    }
    --busy_;
    retire_if_done();
}

// ---- packets that arrive ----

void Circuit::arrive(Flow& flow) {
    ++busy_;
    while (!flow.queue.empty() && flow.queue.front().held_by == RuleId{0}) {
        if (flow.queue.front().arrival > wiring_.now()) {
            aim(flow);
            break;
        }
        if (!take_in(flow)) break;
    }
    --busy_;
    retire_if_done();
}

bool Circuit::take_in(Flow& flow) {
    switch (flow.queue.front().kind) {
        case Kind::attempt:
            return take_in_attempt(flow);
        case Kind::accepted:
            return take_in_accepted(flow);
        case Kind::frame:
            return take_in_frame(flow);
        case Kind::closing:
            return take_in_closing(flow);
    }
    return false;
}

bool Circuit::take_in_attempt(Flow& flow) {
    Side& callee = side(1);
    ASSERT(callee.phase == Phase::absent, "a second attempt on connection {}", id_);
    const bool is_held_up = flow.asked > 0 && wiring_.rules().is_cut(side(0).id, callee.id);
    if (is_held_up || !wiring_.answers(callee.id)) {
        if (side(0).is_middlebox) {
            lose_all(flow, receiver_crashed);
            side(0).phase = side(1).phase = Phase::closed;
            return false;
        }
        // Silence: the OS of the caller tries again, until the caller gives up.
        flow.queue.front().arrival =
            wiring_.now() + doubled(attempt_patience, flow.asked++, Duration::max() / 2);
        aim(flow);
        return false;
    }
    attempt_cause_ = flow.queue.pop().cause;
    Wiring::Host& host = *wiring_.host(callee.id);
    if (!host.node->is_running() || !host.listeners.contains(port_)) {
        callee.phase = Phase::closed;
        if (side(0).is_middlebox) {
            lose_all(flow, was_refused);
            side(0).phase = Phase::closed;
        } else {
            send_signal(flow_from(1), Kind::closing, was_refused, attempt_cause_);
        }
        return false;
    }
    flow.asked = 0;
    callee.node = host.node;
    callee.phase = Phase::open;
    if (side(0).is_middlebox) {
        wiring_.tell(attempt_cause_, ConnectionOpened{.connection = id_, .peer = callee.id});
    } else {
        // The OS shakes hands; a process that is paused accepts later.
        send_signal(flow_from(1), Kind::accepted, {}, attempt_cause_);
    }
    if (!host.node->is_paused()) {
        accept();
        return true;
    }
    host.node->run_when_awake([wiring = wiring_.weak_from_this(), id = id_] {
        const std::shared_ptr<Wiring> held = wiring.lock();
        Circuit* const circuit = held != nullptr ? held->find_circuit(id) : nullptr;
        if (circuit != nullptr) circuit->awake_to_accept();
    });
    return true;
}

void Circuit::awake_to_accept() {
    if (side(1).phase != Phase::open) return;
    ++busy_;
    accept();
    --busy_;
    retire_if_done();
}

void Circuit::accept() {
    Side& callee = side(1);
    const auto& listeners = wiring_.host(callee.id)->listeners;
    const auto listener = listeners.find(port_);
    ASSERT(listener != listeners.end(), "nobody listens for connection {}", id_);
    const TraceScope scope(*callee.node, attempt_cause_);
    listener->second(make_end(1));
}

bool Circuit::take_in_accepted(Flow& flow) {
    Side& caller = side(0);
    ASSERT(caller.phase == Phase::connecting, "connection {} is accepted twice", id_);
    if (caller.node->is_dying()) return false;
    const Packet packet = flow.queue.pop();
    caller.phase = Phase::open;
    const TraceScope scope(*caller.node, packet.cause);
    const EventSequence opened =
        wiring_.trace().emit(ConnectionOpened{.connection = id_, .peer = side(1).id});
    wiring_.trace().context().cause = opened;
    connected_.complete(std::shared_ptr<Connection>(make_end(0)));
    return true;
}

bool Circuit::take_in_frame(Flow& flow) {
    const int n = 1 - flow.from;
    Side& receiver = side(n);
    if (receiver.is_middlebox) {
        const Packet packet = flow.queue.pop();
        lose(flow, packet, "nobody waits for it");
        close(n);
        return false;
    }
    if (!is_ready(n)) return false;
    Packet packet = flow.queue.pop();
    const std::shared_ptr<ConnectionEnd> end = receiver.end->shared_from_this();
    const TraceScope scope(*receiver.node, packet.cause);
    const EventSequence delivered = wiring_.trace().emit(
        FrameDelivered{.connection = id_, .peer = side(flow.from).id, .number = packet.number});
    wiring_.trace().context().cause = delivered;
    receiver.handler->on_frame(*end, std::move(packet.payload));
    return true;
}

bool Circuit::take_in_closing(Flow& flow) {
    const int n = 1 - flow.from;
    Side& receiver = side(n);
    switch (receiver.phase) {
        case Phase::absent:
        case Phase::closed:
            flow.queue.pop();
            return true;
        case Phase::connecting: {
            if (receiver.node->is_dying()) return false;
            const Packet packet = flow.queue.pop();
            leave(n, connection_closed);
            cancel_attempt(/*tell_peer=*/false);
            const TraceScope scope(*receiver.node, packet.cause);
            connected_.complete(
                Error{Failure::refused,
                      fmt::format("port {} of {}: {}", port_, wiring_.trace().node_name(side(1).id),
                                  packet.reason)});
            return true;
        }
        case Phase::open:
            break;
    }
    if (receiver.is_middlebox) {
        flow.queue.pop();
        leave(n, connection_closed);
        lose_all(flow_from(n), connection_closed);
        return true;
    }
    if (!is_ready(n)) return false;
    const Packet packet = flow.queue.pop();
    FrameHandler* const handler = receiver.handler;
    const std::shared_ptr<ConnectionEnd> end = receiver.end->shared_from_this();
    // A middlebox that hangs up keeps nothing, not even an ear for late answers.
    if (side(flow.from).is_middlebox) side(flow.from).phase = Phase::closed;
    leave(n, connection_closed);
    const TraceScope scope(*receiver.node, packet.cause);
    const EventSequence closed = wiring_.trace().emit(ConnectionClosed{
        .connection = id_, .peer = side(flow.from).id, .reason = std::string(packet.reason)});
    wiring_.trace().context().cause = closed;
    handler->on_closed(*end, packet.reason);
    return true;
}

// Whether side `n` listens now; sees to it that it is called again if its node is paused.
bool Circuit::is_ready(int n) {
    Side& receiver = side(n);
    ASSERT(receiver.phase == Phase::open, "side {} of connection {} is not open", n, id_);
    if (receiver.handler == nullptr || receiver.node->is_dying()) return false;
    if (!receiver.node->is_paused()) return true;
    if (receiver.waits_to_wake) return false;
    receiver.waits_to_wake = true;
    receiver.node->run_when_awake([wiring = wiring_.weak_from_this(), id = id_, n] {
        const std::shared_ptr<Wiring> held = wiring.lock();
        Circuit* const circuit = held != nullptr ? held->find_circuit(id) : nullptr;
        if (circuit != nullptr) circuit->awake(n);
    });
    return false;
}

void Circuit::awake(int n) {
    side(n).waits_to_wake = false;
    arrive(flow_to(n));
}

}  // namespace squall::sim
