// Gateway: real clients in a simulated cluster. It turns outside events into the doings of machines
// on the simulated network, and what comes back into calls of the outlet.
//
// A client's machine is named by the client.id of its first request ("outside-payment-service"; of
// clients without one, "outside"), and all connections of that id are its own: faults aim at it by
// that name, and at its links.
//
// Deterministic: on the main context, and of the real world it knows nothing but its events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/address_book.h"
#include "gateway/outlet.h"
#include "gateway/outside_event.h"
#include "gateway/session.h"
#include "gateway/wire_history.h"
#include "scenarios/cluster.h"

namespace squall::gateway {

class Gateway {
  public:
    // All three outlive the gateway's last use; the simulation is finished before it goes.
    Gateway(scenarios::Cluster& cluster, AddressBook addresses, Outlet& outlet);
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;
    ~Gateway();

    // ---- on the main context, between steps ----

    void connected(const Connected& event);
    void received(const Received& event);
    void disconnected(const Disconnected& event);
    // Everybody is hung up on.
    void close_all();
    // Tells the outlet which brokers listen now.
    void watch_ports();

    std::size_t connections() const { return sessions_.size(); }
    // Requests that clients wait for an answer to.
    std::size_t unanswered() const { return unanswered_; }
    // That came so far, by API.
    const std::map<model::ApiKey, std::uint64_t>& requests() const { return requests_; }

    // ---- for sessions ----

    Outlet& outlet() { return outlet_; }
    const AddressBook& addresses() const { return addresses_; }
    WireHistory& history() { return history_; }
    sim::Network& network() { return cluster_.network(); }
    model::CodecMode codec() { return cluster_.fabric().codec; }
    // The machine of the clients of that id, running unless a fault holds it down.
    scenarios::Machine& machine_of(std::string_view client_id);
    void count_unanswered(std::int64_t change);
    void count_request(model::ApiKey key) { ++requests_[key]; }
    void forget(ConnectionNumber number);

  private:
    struct Port {
        sim::Node* broker = nullptr;
        bool is_open = false;
    };

    void cut_sessions_of(const sim::Node& machine);

    scenarios::Cluster& cluster_;
    AddressBook addresses_;
    Outlet& outlet_;
    WireHistory history_;
    std::vector<Port> ports_;
    std::map<ConnectionNumber, std::shared_ptr<Session>> sessions_;
    std::size_t machines_ = 0;
    std::size_t unanswered_ = 0;
    std::map<model::ApiKey, std::uint64_t> requests_;
};

// "outside-kafkajs": the machine's name for that client.id; what names of nodes cannot have is
// replaced.
std::string machine_name(std::string_view client_id);

}  // namespace squall::gateway
