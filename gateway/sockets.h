// Sockets: the real side. One thread and one epoll serve all ports and connections; what happens
// there goes into the inbox, and what the simulation says comes back through the outlet.
//
// Nothing is unbounded: a client that sends faster than it is dealt with is not read for a while
// (TCP then slows it down); one that does not read its answers, or says nothing for long, is hung
// up on; beyond a number of connections new ones are closed at once.
//
// A port that is closed stays bound, so that nobody else takes it, and refuses connections.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "gateway/address.h"
#include "gateway/inbox.h"
#include "gateway/outlet.h"
#include "sim/base/result.h"

namespace squall::gateway {

struct SocketLimits {
    std::size_t connections_most = 10'000;
    std::size_t unread_most = 32 << 20;   // bytes that the simulation has not dealt with
    std::size_t unsent_most = 256 << 20;  // bytes that the client has not read
    std::chrono::seconds idle_most{600};  // connections.max.idle.ms
};

class Sockets final : public Outlet {
  public:
    using Log = std::function<void(std::string_view)>;  // called from both threads

    // Binds `count` ports from `first` on (each any that is free where first.port is 0), all closed
    // yet. `inbox` outlives it. Error: io_error, which port and why.
    static Result<std::unique_ptr<Sockets>> bind(const Address& first, std::size_t count,
                                                 Inbox& inbox, Log log, SocketLimits limits = {});
    // Closes everything; what is still to be sent has a moment to go out.
    ~Sockets() override;
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    // In order of the brokers.
    const std::vector<Address>& addresses() const { return addresses_; }

    // ---- the outlet: what is said takes effect at the next flush() ----

    void send(ConnectionNumber connection, Bytes bytes) override;
    void close(ConnectionNumber connection, Ending ending) override;
    void took(ConnectionNumber connection, std::size_t bytes) override;
    void set_port(std::uint32_t broker, bool is_open) override;
    void log(std::string_view line) override { log_(line); }
    void flush();
    // Flushes, and waits until it has taken effect: a port that was opened takes connections.
    void settle();

  private:
    struct Send {
        ConnectionNumber connection;
        Bytes bytes;
    };
    struct Close {
        ConnectionNumber connection;
        Ending ending;
    };
    struct Took {
        ConnectionNumber connection;
        std::size_t bytes = 0;
    };
    struct SetPort {
        std::uint32_t broker = 0;
        bool is_open = false;
    };
    using Order = std::variant<Send, Close, Took, SetPort>;

    struct Peer {
        int descriptor = -1;
        std::deque<Bytes> unsent;
        std::size_t sent_of_first = 0;
        std::size_t unsent_bytes = 0;
        std::size_t unread_bytes = 0;
        bool is_closing = false;  // once everything is sent
        std::uint32_t interest = 0;
        std::chrono::steady_clock::time_point last_heard;
    };
    using Peers = std::map<ConnectionNumber, Peer>;

    Sockets(Inbox& inbox, Log log, SocketLimits limits);

    Result<Address> bind_port(const Address& wanted, std::uint32_t broker);
    void run();
    void carry_out_orders();
    void carry_out(Send order);
    void carry_out(const Close& order);
    void carry_out(const Took& order);
    void carry_out(const SetPort& order);
    void accept_all(std::uint32_t broker);
    void pause_accepting(bool paused);
    void read(Peers::iterator peer);
    // False: the peer is gone.
    bool write(Peers::iterator peer);
    void aim(Peers::iterator peer);
    // The client is gone, or is to be: the simulation is told.
    void lose(Peers::iterator peer, std::string_view why, Ending ending = Ending::reset);
    void drop(Peers::iterator peer, Ending ending);
    void drop_idle();

    Inbox& inbox_;
    Log log_;
    SocketLimits limits_;
    std::vector<Address> addresses_;
    int epoll_ = -1;
    int wake_up_ = -1;  // an eventfd
    std::vector<int> listeners_;
    std::vector<bool> is_open_;
    bool accepts_ = true;
    Peers peers_;
    std::uint64_t next_connection_ = 1;
    Bytes scratch_;  // what one read brings

    std::mutex mutex_;  // guards orders_ and is_carrying_out_
    std::condition_variable carried_out_;
    std::vector<Order> orders_;
    bool is_carrying_out_ = false;
    std::vector<Order> said_;  // by the simulation's thread, not flushed yet
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace squall::gateway
