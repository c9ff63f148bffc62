// Result<T>: a value, or the environment's reason why there is none.
//
// For failures of the environment only (closed, timed out, I/O error, corrupt): the caller must
// choose to retry, surface, or crash the node. Protocol outcomes are data (ErrorCode in a
// response); bugs are ASSERT.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "sim/base/assert.h"

namespace squall {

enum class Failure {
    closed,         // the connection, file or process is gone
    timed_out,      // the deadline passed; whether the effect happened is unknown
    refused,        // nobody listens there
    unreachable,    // no answer to a connection attempt
    io_error,       // the device said no
    no_space,       // the device is full
    not_found,      // no such file, key or entry
    corrupt,        // bytes are there but do not make sense
    invalid_input,  // what a user or peer gave is wrong
};

std::string_view to_string(Failure failure);

struct Error {
    Failure failure = Failure::io_error;
    std::string detail;  // who, what, which ids

    bool operator==(const Error&) const = default;
};

// "io_error: b2 /orders-0/0.log: flush failed"
std::string to_string(const Error& error);

struct Unit {
    bool operator==(const Unit&) const = default;
};

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    // Requires: ok().
    T& value() & {
        require_value();
        return *std::get_if<0>(&state_);
    }
    const T& value() const& {
        require_value();
        return *std::get_if<0>(&state_);
    }
    T value() && {
        require_value();
        return std::move(*std::get_if<0>(&state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    // Requires: !ok().
    const Error& error() const {
        ASSERT(!ok(), "error() of a Result that has a value");
        return *std::get_if<1>(&state_);
    }

  private:
    void require_value() const {
        ASSERT(ok(), "value() of a failed Result: {}", to_string(std::get_if<1>(&state_)->failure));
    }

    std::variant<T, Error> state_;
};

using Status = Result<Unit>;
inline Status success() {
    return Unit{};
}

}  // namespace squall
