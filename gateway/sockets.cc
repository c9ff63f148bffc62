#include "gateway/sockets.h"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sim/base/assert.h"

namespace squall::gateway {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t wake_up_tag = 0;
constexpr std::uint64_t first_listener_tag = 1;
constexpr std::uint64_t first_peer_tag = 1 << 16;
constexpr std::size_t read_at_once = 256 << 10;
constexpr std::chrono::milliseconds housekeeping{100};
constexpr std::chrono::milliseconds farewell{500};

std::string system_error() {
    return std::strerror(errno);
}

void set_option(int descriptor, int level, int option) {
    const int on = 1;
    setsockopt(descriptor, level, option, &on, sizeof on);
}

// As many descriptors as the system lets us have: a thousand connections are nothing.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// The port that the system chose.
std::uint16_t bound_port(int descriptor) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size);
    if (storage.ss_family == AF_INET6) {
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
    }
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

}  // namespace

Sockets::Sockets(Inbox& inbox, Log log, SocketLimits limits)
    : inbox_(inbox), log_(std::move(log)), limits_(limits), scratch_(read_at_once) {}

Result<std::unique_ptr<Sockets>> Sockets::bind(const Address& first, std::size_t count,
                                               Inbox& inbox, Log log, SocketLimits limits) {
    raise_descriptor_limit();
    std::unique_ptr<Sockets> sockets(new Sockets(inbox, std::move(log), limits));
    sockets->epoll_ = epoll_create1(EPOLL_CLOEXEC);
    sockets->wake_up_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sockets->epoll_ < 0 || sockets->wake_up_ < 0) {
        return Error{Failure::io_error, "no epoll: " + system_error()};
    }
    epoll_event wake_up{.events = EPOLLIN, .data = {.u64 = wake_up_tag}};
    epoll_ctl(sockets->epoll_, EPOLL_CTL_ADD, sockets->wake_up_, &wake_up);
    for (std::uint32_t broker = 0; broker < count; ++broker) {
        Address wanted = first;
        if (first.port != 0) {
            if (first.port + broker > 65535) {
                return Error{Failure::io_error,
                             fmt::format("{}: there are no {} ports from there on",
                                         to_string(first), count)};
            }
            wanted.port = static_cast<std::uint16_t>(first.port + broker);
        }
        sockets->listeners_.push_back(-1);
        sockets->is_open_.push_back(false);
        const Result<Address> bound = sockets->bind_port(wanted, broker);
        if (!bound) return bound.error();
        sockets->addresses_.push_back(*bound);
    }
    sockets->thread_ = std::thread([self = sockets.get()] { self->run(); });
    return sockets;
}

Sockets::~Sockets() {
    if (thread_.joinable()) {
        flush();
        stop_.store(true);
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t woken = ::write(wake_up_, &one, sizeof one);
        thread_.join();
    }
    for (auto& [number, peer] : peers_) ::close(peer.descriptor);
    for (const int listener : listeners_) {
        if (listener >= 0) ::close(listener);
    }
    if (wake_up_ >= 0) ::close(wake_up_);
    if (epoll_ >= 0) ::close(epoll_);
}

// A bound socket that does not listen refuses whoever connects.
Result<Address> Sockets::bind_port(const Address& wanted, std::uint32_t broker) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(wanted.port);
    if (const int error = getaddrinfo(wanted.host.c_str(), port.c_str(), &hints, &found);
        error != 0) {
        return Error{Failure::io_error,
                     fmt::format("{}: {}", to_string(wanted), gai_strerror(error))};
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
    const int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto refuse = [&] {
        const Error error{Failure::io_error,
                          fmt::format("{}: {}", to_string(wanted), system_error())};
        if (descriptor >= 0) ::close(descriptor);
        return error;
    };
    if (descriptor < 0) return refuse();
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR);
    if (::bind(descriptor, found->ai_addr, found->ai_addrlen) != 0) return refuse();
    listeners_[broker] = descriptor;
    return Address{wanted.host, bound_port(descriptor)};
}

// ---- what the simulation's thread says ----

void Sockets::send(ConnectionNumber connection, Bytes bytes) {
    said_.emplace_back(Send{connection, std::move(bytes)});
}

void Sockets::close(ConnectionNumber connection, Ending ending) {
    said_.emplace_back(Close{connection, ending});
}

void Sockets::took(ConnectionNumber connection, std::size_t bytes) {
    said_.emplace_back(Took{connection, bytes});
}

void Sockets::set_port(std::uint32_t broker, bool is_open) {
    said_.emplace_back(SetPort{broker, is_open});
}

void Sockets::flush() {
    if (said_.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        for (Order& order : said_) orders_.push_back(std::move(order));
    }
    said_.clear();
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t woken = ::write(wake_up_, &one, sizeof one);
}

void Sockets::settle() {
    flush();
    std::unique_lock lock(mutex_);
    carried_out_.wait(lock, [&] { return orders_.empty() && !is_carrying_out_; });
}

// ---- the thread ----

void Sockets::run() {
    std::array<epoll_event, 256> events{};
    SteadyClock::time_point next_housekeeping = SteadyClock::now() + housekeeping;
    SteadyClock::time_point give_up = SteadyClock::time_point::max();
    for (;;) {
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                     static_cast<int>(housekeeping.count()));
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 == wake_up_tag) {
                std::uint64_t times = 0;
                [[maybe_unused]] const ssize_t got = ::read(wake_up_, &times, sizeof times);
            } else if (event.data.u64 < first_peer_tag) {
                accept_all(static_cast<std::uint32_t>(event.data.u64 - first_listener_tag));
            } else {
                // Whoever was dropped by an earlier event of this round is not there any more.
                const auto peer = peers_.find(ConnectionNumber(event.data.u64 - first_peer_tag));
                if (peer == peers_.end()) continue;
                if ((event.events & EPOLLOUT) != 0 && !write(peer)) continue;
                if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(peer);
            }
        }
        carry_out_orders();
        const SteadyClock::time_point now = SteadyClock::now();
        if (now >= next_housekeeping) {
            next_housekeeping = now + housekeeping;
            if (!accepts_) pause_accepting(false);
            drop_idle();
        }
        if (!stop_.load()) continue;
        if (give_up == SteadyClock::time_point::max()) give_up = now + farewell;
        bool is_done = true;
        for (const auto& [number, peer] : peers_) is_done = is_done && peer.unsent.empty();
        if (is_done || now >= give_up) return;
    }
}

void Sockets::carry_out_orders() {
    std::vector<Order> orders;
    {
        const std::lock_guard lock(mutex_);
        orders.swap(orders_);
        is_carrying_out_ = !orders.empty();
    }
    if (orders.empty()) return;
    for (Order& order : orders) {
        std::visit([this](auto& each) { carry_out(std::move(each)); }, order);
    }
    {
        const std::lock_guard lock(mutex_);
        is_carrying_out_ = false;
    }
    carried_out_.notify_all();
}

void Sockets::carry_out(Send order) {
    const auto peer = peers_.find(order.connection);
    if (peer == peers_.end() || peer->second.is_closing) return;
    peer->second.unsent_bytes += order.bytes.size();
    peer->second.unsent.push_back(std::move(order.bytes));
    if (peer->second.unsent_bytes > limits_.unsent_most) {
        return lose(peer, "it does not read its answers");
    }
    // Where something stood before, epoll says when there is room again.
    if (peer->second.unsent.size() == 1) write(peer);
}

void Sockets::carry_out(const Close& order) {
    const auto peer = peers_.find(order.connection);
    if (peer == peers_.end()) return;
    if (order.ending == Ending::reset || peer->second.unsent.empty()) {
        return drop(peer, order.ending);
    }
    peer->second.is_closing = true;
    aim(peer);
}

void Sockets::carry_out(const Took& order) {
    const auto peer = peers_.find(order.connection);
    if (peer == peers_.end()) return;
    peer->second.unread_bytes -= std::min(order.bytes, peer->second.unread_bytes);
    aim(peer);
}

void Sockets::carry_out(const SetPort& order) {
    if (is_open_[order.broker] == order.is_open) return;
    is_open_[order.broker] = order.is_open;
    int& listener = listeners_[order.broker];
    if (order.is_open) {
        if (listener < 0) {
            if (const Result<Address> bound = bind_port(addresses_[order.broker], order.broker);
                !bound) {
                is_open_[order.broker] = false;
                return log_("a port cannot be opened again: " + bound.error().detail);
            }
        }
        if (listen(listener, SOMAXCONN) != 0) {
            return log_(fmt::format("{}: {}", to_string(addresses_[order.broker]), system_error()));
        }
        epoll_event event{.events = accepts_ ? EPOLLIN : 0u,
                          .data = {.u64 = first_listener_tag + order.broker}};
        epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event);
        return;
    }
    ::close(std::exchange(listener, -1));
    if (const Result<Address> bound = bind_port(addresses_[order.broker], order.broker); !bound) {
        log_("a port could not be kept: " + bound.error().detail);
    }
}

void Sockets::accept_all(std::uint32_t broker) {
    for (;;) {
        const int listener = listeners_[broker];
        const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            // Out of descriptors, the port would be ready for ever: it rests until some are free.
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                log_("no connection is taken for a moment: " + system_error());
                pause_accepting(true);
            }
            return;
        }
        if (peers_.size() >= limits_.connections_most) {
            ::close(descriptor);
            continue;
        }
        set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
        const ConnectionNumber number(next_connection_++);
        Peer& peer = peers_[number];
        peer.descriptor = descriptor;
        peer.last_heard = SteadyClock::now();
        peer.interest = EPOLLIN;
        epoll_event event{.events = EPOLLIN, .data = {.u64 = first_peer_tag + number.value()}};
        epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
        inbox_.put({.what = OutsideEvent(Connected{number, broker})});
    }
}

void Sockets::pause_accepting(bool paused) {
    accepts_ = !paused;
    for (std::uint32_t broker = 0; broker < listeners_.size(); ++broker) {
        if (!is_open_[broker]) continue;
        epoll_event event{.events = accepts_ ? EPOLLIN : 0u,
                          .data = {.u64 = first_listener_tag + broker}};
        epoll_ctl(epoll_, EPOLL_CTL_MOD, listeners_[broker], &event);
    }
}

void Sockets::read(Peers::iterator peer) {
    const ssize_t got = recv(peer->second.descriptor, scratch_.data(), scratch_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return lose(peer, {}, got == 0 ? Ending::orderly : Ending::reset);
    Bytes bytes(scratch_.begin(), scratch_.begin() + got);
    peer->second.last_heard = SteadyClock::now();
    // Who is being hung up on is not listened to any more.
    if (peer->second.is_closing) return;
    peer->second.unread_bytes += bytes.size();
    inbox_.put({.what = OutsideEvent(Received{peer->first, std::move(bytes)})});
    aim(peer);
}

bool Sockets::write(Peers::iterator entry) {
    Peer& peer = entry->second;
    while (!peer.unsent.empty()) {
        std::array<iovec, 64> pieces{};
        std::size_t count = 0;
        for (Bytes& bytes : peer.unsent) {
            const std::size_t skipped = count == 0 ? peer.sent_of_first : 0;
            pieces[count++] = {.iov_base = bytes.data() + skipped,
                               .iov_len = bytes.size() - skipped};
            if (count == pieces.size()) break;
        }
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        const ssize_t sent = sendmsg(peer.descriptor, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0) {
            lose(entry, {});
            return false;
        }
        peer.last_heard = SteadyClock::now();
        peer.unsent_bytes -= static_cast<std::size_t>(sent);
        peer.sent_of_first += static_cast<std::size_t>(sent);
        while (!peer.unsent.empty() && peer.sent_of_first >= peer.unsent.front().size()) {
            peer.sent_of_first -= peer.unsent.front().size();
            peer.unsent.pop_front();
        }
    }
    if (peer.unsent.empty() && peer.is_closing) {
        drop(entry, Ending::orderly);
        return false;
    }
    aim(entry);
    return true;
}

// Listens for what the peer can do something about.
void Sockets::aim(Peers::iterator entry) {
    Peer& peer = entry->second;
    std::uint32_t wanted = 0;
    if (peer.unread_bytes < limits_.unread_most) wanted |= EPOLLIN;
    if (!peer.unsent.empty()) wanted |= EPOLLOUT;
    if (std::exchange(peer.interest, wanted) == wanted) return;
    epoll_event event{.events = wanted, .data = {.u64 = first_peer_tag + entry->first.value()}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.descriptor, &event);
}

void Sockets::lose(Peers::iterator peer, std::string_view why, Ending ending) {
    if (!why.empty()) log_(fmt::format("connection {}: closed: {}", peer->first, why));
    inbox_.put({.what = OutsideEvent(Disconnected{peer->first})});
    drop(peer, ending);
}

void Sockets::drop(Peers::iterator peer, Ending ending) {
    if (ending == Ending::reset) {
        // Closing without lingering sends a reset.
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(peer->second.descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(peer->second.descriptor);
    peers_.erase(peer);
}

void Sockets::drop_idle() {
    const SteadyClock::time_point oldest = SteadyClock::now() - limits_.idle_most;
    for (auto next = peers_.begin(); next != peers_.end();) {
        const auto peer = next++;
        if (peer->second.last_heard < oldest) lose(peer, "it was idle for too long");
    }
}

}  // namespace squall::gateway
