// ItemOutcomes: what becomes of the items of one administrative call (topics to delete, partitions
// to reassign, ...) over its attempts.
//
// Each item is open until an attempt says yes, or no for good. An attempt that was not answered, or
// answered with an error that passes, leaves its items open; whether it was carried out for them
// nobody can tell any more, unless it never left. So a call that runs out of time ends an item as
// unknown, and as failed only if no attempt can have worked. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "model/client/request_end.h"
#include "model/protocol/error_code.h"
#include "model/protocol/outcome.h"
#include "sim/base/assert.h"
#include "sim/base/result.h"

namespace squall::model {

struct AdminResult {
    Outcome outcome = Outcome::unknown;
    std::string error;  // "" for ok

    bool ok() const { return outcome == Outcome::ok; }
    bool operator==(const AdminResult&) const = default;
};

template <class Key>
class ItemOutcomes {
  public:
    explicit ItemOutcomes(const std::set<Key>& keys) {
        for (const Key& key : keys) open_[key];
    }

    bool is_open(const Key& key) const { return open_.contains(key); }
    bool all_settled() const { return open_.empty(); }
    std::set<Key> open() const {
        std::set<Key> keys;
        for (const auto& [key, state] : open_) keys.insert(key);
        return keys;
    }

    // By the controller: what it refuses it refuses for good, unless it is none, or nobody who is
    // one could be reached in time. `done_already`: the error with which the thing is found as it
    // was wanted. It means success where an earlier attempt may have been the one that did it.
    void decided(const Key& key, ErrorCode error, ErrorCode done_already = ErrorCode::none) {
        const bool is_final =
            error != ErrorCode::not_controller && error != ErrorCode::request_timed_out;
        take(key, error, is_final, done_already);
    }
    // By a broker: errors that pass are worth another attempt.
    void answered(const Key& key, ErrorCode error) {
        take(key, error, !is_retriable(error), ErrorCode::none);
    }
    void not_answered(const Key& key, const Error& error) {
        const auto at = open_.find(key);
        if (at == open_.end()) return;
        State& state = at->second;
        state.last_error = to_string(error.failure);
        state.may_be_done = state.may_be_done || !was_never_sent(error.failure);
    }
    // Nobody could be asked.
    void not_sent(const Key& key, std::string why) {
        const auto at = open_.find(key);
        if (at != open_.end()) at->second.last_error = std::move(why);
    }

    // At the deadline, or when all are settled.
    std::map<Key, AdminResult> finish() {
        for (const Key& key : open()) {
            State& state = open_.at(key);
            settle(key, {.outcome = state.may_be_done ? Outcome::unknown : Outcome::failed,
                         .error = std::move(state.last_error)});
        }
        return std::move(settled_);
    }

  private:
    struct State {
        bool may_be_done = false;
        std::string last_error = "timed_out";
    };

    void take(const Key& key, ErrorCode error, bool is_final, ErrorCode done_already) {
        const auto at = open_.find(key);
        if (at == open_.end()) return;
        State& state = at->second;
        if (error == ErrorCode::none || (state.may_be_done && error == done_already)) {
            settle(key, {.outcome = Outcome::ok, .error = ""});
        } else if (is_final) {
            settle(key, {.outcome = Outcome::failed, .error = std::string(to_string(error))});
        } else {
            state.last_error = to_string(error);
            // A controller that says it is none has decided nothing.
            state.may_be_done = state.may_be_done || error != ErrorCode::not_controller;
        }
    }
    void settle(const Key& key, AdminResult result) {
        settled_[key] = std::move(result);
        open_.erase(key);
    }

    std::map<Key, State> open_;
    std::map<Key, AdminResult> settled_;
};

// Of the whole call: the first that is not ok, failures before unknowns.
template <class Key>
AdminResult worst_of(const std::map<Key, AdminResult>& results) {
    AdminResult worst{.outcome = Outcome::ok, .error = ""};
    for (const auto& [key, result] : results) {
        const bool is_worse = (worst.ok() && !result.ok()) || (worst.outcome == Outcome::unknown &&
                                                               result.outcome == Outcome::failed);
        if (is_worse) worst = result;
    }
    return worst;
}

}  // namespace squall::model
