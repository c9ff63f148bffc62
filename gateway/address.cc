#include "gateway/address.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
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

Result<std::string> parse_host(std::string_view text) {
    std::string_view host = text;
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    const std::string name(host);
    in6_addr ipv6{};
    const auto is_of_a_name = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
    };
    const bool is_host = inet_pton(AF_INET6, name.c_str(), &ipv6) == 1 ||
                         (name == text && !name.empty() && std::ranges::all_of(name, is_of_a_name));
    if (is_host) return name;
    return Error{Failure::invalid_input,
                 fmt::format("'{}' is no host; expected a name or an address, without a port, like "
                             "kafka.example or 192.0.2.1",
                             text)};
}

bool is_meta_address(const std::string& host) {
    // As the resolver reads them: "0" is 0.0.0.0 too.
    in_addr ipv4{};
    if (inet_aton(host.c_str(), &ipv4) == 1) return ipv4.s_addr == INADDR_ANY;
    in6_addr ipv6{};
    if (inet_pton(AF_INET6, host.c_str(), &ipv6) != 1) return false;
    std::uint8_t(&bytes)[16] = ipv6.s6_addr;
    if (bytes[10] == 0xff && bytes[11] == 0xff) bytes[10] = bytes[11] = 0;  // ::ffff:0.0.0.0
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

bool is_loopback(const Address& address) {
    return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

}  // namespace squall::gateway
