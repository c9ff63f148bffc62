#include "checkers/realtime_lag.h"

#include <algorithm>

namespace squall::checkers {

namespace {

// Since when it is known that a log reaches beyond each of its positions.
class KnownSince {
  public:
    void learn(std::int64_t offset, std::int64_t time) {
        if (offset < 0) return;
        const auto size = static_cast<std::size_t>(offset) + 1;
        if (times_.size() < size) times_.resize(size, time);
    }
    // nullopt: nothing is known to lie at or behind `position`.
    std::optional<std::int64_t> at(std::int64_t position) const {
        const auto place = static_cast<std::size_t>(position);
        return place < times_.size() ? std::optional(times_[place]) : std::nullopt;
    }

  private:
    std::vector<std::int64_t> times_;
};

using Positions = std::map<KeyId, std::int64_t>;  // the next offset to read

void reassign(Positions& positions, const HistoryOp& op) {
    const Positions before = std::exchange(positions, {});
    if (op.kind == HistoryOp::Kind::subscribe) return;
    for (const KeyId key : op.keys) {
        const auto at = before.find(key);
        positions.emplace(key, at == before.end() ? 0 : at->second);
    }
}

}  // namespace

std::vector<LagPoint> realtime_lags(const KafkaHistory& history) {
    std::map<KeyId, KnownSince> known;
    std::map<std::int64_t, Positions> consumers;  // by process
    std::vector<LagPoint> lags;
    for (const HistoryOp& op : history.ops) {
        if (!op.is_completion()) continue;
        Positions& positions = consumers[op.process];
        if (!op.has_mops()) {
            if (op.type != HistoryOp::Type::fail) reassign(positions, op);
            continue;
        }
        const bool reads = op.type == HistoryOp::Type::ok && op.kind != HistoryOp::Kind::send;
        for (const HistoryMop& mop : op.mops) {
            if (mop.is_send) known[mop.sent.key].learn(mop.sent.offset, op.time);
            for (const HistoryMop::Read& read : mop.polled) {
                known[read.key].learn(read.offset, op.time);
                if (!reads) continue;
                std::int64_t& next = positions[read.key];
                next = std::max(next, read.offset + 1);
            }
        }
        if (!reads) continue;
        const std::int64_t invoked = history.ops[op.invocation].time;
        for (const auto& [key, next] : positions) {
            const auto since = known[key].at(next);
            const std::int64_t lag = since ? std::max<std::int64_t>(0, invoked - *since) : 0;
            lags.push_back({.time = invoked, .process = op.process, .key = key, .lag = lag});
        }
    }
    return lags;
}

std::optional<LagPoint> worst_realtime_lag(const KafkaHistory& history) {
    const std::vector<LagPoint> lags = realtime_lags(history);
    const auto worst = std::ranges::max_element(lags, {}, &LagPoint::lag);
    if (worst == lags.end() || worst->lag == 0) return std::nullopt;
    return *worst;
}

}  // namespace squall::checkers
