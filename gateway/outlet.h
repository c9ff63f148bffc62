// Outlet: what a served simulation tells the real world. Nothing of it comes back but as an
// OutsideEvent, so that a replay, where nobody listens, goes the same way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/outside_event.h"
#include "sim/base/bytes.h"

namespace squall::gateway {

class Outlet {
  public:
    // How a connection ends: what was sent still goes out, or nothing does.
    enum class Ending : std::uint8_t { orderly, reset };

    virtual ~Outlet() = default;
    virtual void send(ConnectionNumber connection, Bytes bytes) = 0;
    // Nothing comes from that connection any more, but what was on its way.
    virtual void close(ConnectionNumber connection, Ending ending) = 0;
    // That many bytes of the connection were dealt with: as many more may come.
    virtual void took(ConnectionNumber connection, std::size_t bytes) = 0;
    // Whether a broker (by position) takes connections.
    virtual void set_port(std::uint32_t broker, bool is_open) = 0;
    // A line for whoever runs the server.
    virtual void log(std::string_view line) = 0;
};

// Of a replay.
class SilentOutlet final : public Outlet {
  public:
    void send(ConnectionNumber, Bytes) override {}
    void close(ConnectionNumber, Ending) override {}
    void took(ConnectionNumber, std::size_t) override {}
    void set_port(std::uint32_t, bool) override {}
    void log(std::string_view) override {}
};

}  // namespace squall::gateway
