// Address: a TCP address of the real world, as people write it: "127.0.0.1:9092", "[::1]:9092".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/result.h"

namespace squall::gateway {

struct Address {
    std::string host;
    std::uint16_t port = 0;  // 0: any that is free

    bool operator==(const Address&) const = default;
};

// Error: invalid_input, saying what was expected.
Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);
// A host alone, as clients are told it: a name or a number; "[::1]" loses its brackets. Error:
// invalid_input, saying what was expected.
Result<std::string> parse_host(std::string_view text);
// Whether it stands for every address of this machine ("0.0.0.0", "::"): to be listened on, and
// never to be connected to from elsewhere.
bool is_meta_address(const std::string& host);
// Whether nobody beyond this machine can reach it, by its form.
bool is_loopback(const Address& address);

}  // namespace squall::gateway
