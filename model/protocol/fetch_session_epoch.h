// Session ids and epochs of fetch sessions (KIP-227), as both ends count them.
//
//   epoch        means
//   -1 final     no session (any more): every partition is named, nothing is kept
//   0 initial    begin a session with these partitions; the one that is named, if any, ends
//   n >= 1       the n-th request of the session: only what changed is named
#pragma once

#include <cstdint>

namespace squall::model {

constexpr std::int32_t no_fetch_session = 0;
constexpr std::int32_t final_session_epoch = -1;
constexpr std::int32_t initial_session_epoch = 0;

constexpr bool is_full_fetch(std::int32_t session_epoch) {
    return session_epoch == initial_session_epoch || session_epoch == final_session_epoch;
}

// Beyond the largest comes 1: 0 begins a session. After the last there is none.
constexpr std::int32_t next_session_epoch(std::int32_t session_epoch) {
    if (session_epoch < initial_session_epoch) return final_session_epoch;
    return session_epoch == INT32_MAX ? 1 : session_epoch + 1;
}

}  // namespace squall::model
