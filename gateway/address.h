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
// Whether nobody beyond this machine can reach it, by its form.
bool is_loopback(const Address& address);

}  // namespace squall::gateway
