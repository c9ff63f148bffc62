#include "gateway/address.h"

#include <fmt/core.h>

#include <charconv>

namespace squall::gateway {

Result<Address> parse_address(std::string_view text) {
    const auto refuse = [&] {
        return Error{
            Failure::invalid_input,
            fmt::format("'{}' is no address; expected HOST:PORT, like 127.0.0.1:9092", text)};
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return refuse();
    }
    Address address{.host = std::string(host), .port = 0};
    const char* const end = port.data() + port.size();
    const auto [stopped, error] = std::from_chars(port.data(), end, address.port);
    if (host.empty() || error != std::errc() || stopped != end) return refuse();
    return address;
}

std::string to_string(const Address& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                   : fmt::format("{}:{}", address.host, address.port);
}

bool is_loopback(const Address& address) {
    return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

}  // namespace squall::gateway
