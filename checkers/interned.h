// Interned: gives every value it meets a small number, in order of first meeting, so that the rows
// a checker keeps by the hundred thousand hold four bytes instead of a string.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/base/assert.h"

namespace squall::checkers {

template <class Value>
class Interned {
  public:
    using Id = std::uint32_t;

    Id id_of(const Value& value) {
        // Events about one thing come in runs.
        if (!values_.empty() && *values_[latest_] == value) return latest_;
        const auto [at, is_new] = ids_.try_emplace(value, static_cast<Id>(values_.size()));
        if (is_new) values_.push_back(&at->first);
        latest_ = at->second;
        return latest_;
    }
    const Value& operator[](Id id) const {
        ASSERT(id < values_.size(), "number {} of {} was never given", id, values_.size());
        return *values_[id];
    }
    Id size() const { return static_cast<Id>(values_.size()); }

  private:
    std::map<Value, Id> ids_;
    std::vector<const Value*> values_;  // keys of ids_, whose nodes never move
    Id latest_ = 0;
};

}  // namespace squall::checkers
