#include "gateway/gateway.h"

#include <cctype>
#include <utility>

#include "model/broker/broker.h"
#include "sim/base/assert.h"

namespace squall::gateway {
namespace {

constexpr std::string_view nameless = "outside";
constexpr std::size_t name_longest = 64;
// Machines live as long as the simulation: client ids beyond this many share one.
constexpr std::size_t machines_most = 512;

}  // namespace

std::string machine_name(std::string_view client_id) {
    std::string name(nameless);
    if (client_id.empty()) return name;
    name += '-';
    for (const char c : client_id.substr(0, name_longest)) {
        const bool is_plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
        name += is_plain ? c : '-';
    }
    return name;
}

Gateway::Gateway(scenarios::Cluster& cluster, AddressBook addresses, Outlet& outlet)
    : cluster_(cluster), addresses_(std::move(addresses)), outlet_(outlet) {
    for (const std::string& name : cluster.roster().brokers) {
        ports_.push_back({.broker = cluster.find(name)->node});
    }
}

Gateway::~Gateway() = default;

void Gateway::connected(const Connected& event) {
    ASSERT(event.broker < ports_.size(), "a connection to broker number {}", event.broker);
    sessions_.emplace(event.connection, std::make_shared<Session>(*this, event.connection,
                                                                  *ports_[event.broker].broker));
}

// Who was hung up on already may still have sent.
void Gateway::received(const Received& event) {
    const auto found = sessions_.find(event.connection);
    if (found == sessions_.end()) return;
    const std::shared_ptr<Session> session = found->second;
    session->receive(event.bytes);
}

void Gateway::disconnected(const Disconnected& event) {
    const auto found = sessions_.find(event.connection);
    if (found == sessions_.end()) return;
    const std::shared_ptr<Session> session = found->second;
    session->hang_up();
}

void Gateway::close_all() {
    while (!sessions_.empty()) {
        const std::shared_ptr<Session> session = sessions_.begin()->second;
        session->hang_up();
    }
}

void Gateway::watch_ports() {
    for (std::uint32_t i = 0; i < ports_.size(); ++i) {
        const bool listens = network().is_listening(*ports_[i].broker, model::Broker::port);
        if (std::exchange(ports_[i].is_open, listens) != listens) outlet_.set_port(i, listens);
    }
}

scenarios::Machine& Gateway::machine_of(std::string_view client_id) {
    std::string name = machine_name(client_id);
    scenarios::Machine* known = cluster_.find(name);
    if (known == nullptr && machines_ >= machines_most) {
        name = nameless;
        known = cluster_.find(name);
    }
    if (known != nullptr) return *known;
    ++machines_;
    scenarios::Machine& machine = cluster_.add_client(std::move(name), {});
    machine.node->on_cut([this, node = machine.node](sim::StopReason) { cut_sessions_of(*node); });
    machine.want_up();
    return machine;
}

void Gateway::cut_sessions_of(const sim::Node& machine) {
    std::vector<std::shared_ptr<Session>> cut;
    for (const auto& [number, session] : sessions_) {
        if (session->machine() == &machine) cut.push_back(session);
    }
    for (const std::shared_ptr<Session>& session : cut) session->cut();
}

void Gateway::count_unanswered(std::int64_t change) {
    unanswered_ = static_cast<std::size_t>(static_cast<std::int64_t>(unanswered_) + change);
}

void Gateway::forget(ConnectionNumber number) {
    sessions_.erase(number);
}

}  // namespace squall::gateway
