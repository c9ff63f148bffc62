#include "checkers/history_index.h"

#include <algorithm>

namespace squall::checkers {

namespace {
std::optional<std::int64_t> find_index(const std::map<ValueId, std::int64_t>& indexes,
                                       ValueId value) {
    const auto at = indexes.find(value);
    return at == indexes.end() ? std::nullopt : std::optional(at->second);
}
}  // namespace

// ---- VersionOrder ----

void VersionOrder::add(std::int64_t offset, ValueId value) {
    std::vector<ValueId>& values = log_[offset];
    if (std::ranges::find(values, value) == values.end()) values.push_back(value);
}

void VersionOrder::settle(const Interned<Scalar>& names) {
    for (auto& [offset, values] : log_) {
        std::ranges::sort(values, {}, [&](ValueId value) -> const Scalar& { return names[value]; });
        const auto index = static_cast<std::int64_t>(by_index_.size());
        by_index_.push_back(values.front());
        picked_[values.front()] = index;
        for (const ValueId value : values) {
            first_.try_emplace(value, index);
            last_[value] = index;
        }
    }
}

std::optional<std::int64_t> VersionOrder::index_of(ValueId value) const {
    return find_index(picked_, value);
}
std::optional<std::int64_t> VersionOrder::first_index(ValueId value) const {
    return find_index(first_, value);
}
std::optional<std::int64_t> VersionOrder::last_index(ValueId value) const {
    return find_index(last_, value);
}

std::int64_t VersionOrder::distance(ValueId from, ValueId to) const {
    const auto before = index_of(from);
    const auto after = index_of(to);
    return before && after ? *after - *before : 1;
}

std::vector<ValueId> VersionOrder::between(ValueId from, ValueId to) const {
    const auto before = index_of(from);
    const auto after = index_of(to);
    if (!before || !after || *after <= *before) return {};
    return {by_index_.begin() + *before + 1, by_index_.begin() + *after};
}

// ---- HistoryIndex ----

HistoryIndex::Reads HistoryIndex::reads(const HistoryOp& op) {
    Reads out;
    for (const HistoryMop& mop : op.mops) {
        for (const HistoryMop::Read& read : mop.polled) out[read.key].push_back(read);
    }
    return out;
}

HistoryIndex::Reads HistoryIndex::writes(const HistoryOp& op) {
    Reads out;
    for (const HistoryMop& mop : op.mops) {
        if (mop.is_send) out[mop.sent.key].push_back(mop.sent);
    }
    return out;
}

HistoryIndex::HistoryIndex(const KafkaHistory& history) : history_(history) {
    for (Place place = 0; place < history.ops.size(); ++place) {
        const HistoryOp& op = history.ops[place];
        if (!op.is_completion() || !op.has_mops()) continue;
        completions_.push_back(place);
        for (const HistoryMop& mop : op.mops) {
            if (mop.is_send) writers_.try_emplace({mop.sent.key, mop.sent.value}, place);
            for (const HistoryMop::Read& read : mop.polled) {
                auto& readers = readers_[{read.key, read.value}];
                if (readers.empty() || readers.back() != place) readers.push_back(place);
                if (op.type == HistoryOp::Type::ok) read_ok_[read.key].insert(read.value);
            }
        }
    }
    for (const Place place : completions_) {
        const HistoryOp& op = history.ops[place];
        const bool counts = must_have_committed(op);
        for (const HistoryMop& mop : op.mops) {
            if (mop.is_send && mop.sent.offset >= 0 && counts) {
                orders_[mop.sent.key].add(mop.sent.offset, mop.sent.value);
            }
            for (const HistoryMop::Read& read : mop.polled) {
                if (read.offset >= 0) orders_[read.key].add(read.offset, read.value);
            }
        }
    }
    for (auto& [key, order] : orders_) order.settle(history.values);
}

std::optional<HistoryIndex::Place> HistoryIndex::writer(KeyId key, ValueId value) const {
    const auto at = writers_.find({key, value});
    return at == writers_.end() ? std::nullopt : std::optional(at->second);
}

const std::vector<HistoryIndex::Place>& HistoryIndex::readers(KeyId key, ValueId value) const {
    static const std::vector<Place> none;
    const auto at = readers_.find({key, value});
    return at == readers_.end() ? none : at->second;
}

const std::set<ValueId>& HistoryIndex::read_ok(KeyId key) const {
    static const std::set<ValueId> none;
    const auto at = read_ok_.find(key);
    return at == read_ok_.end() ? none : at->second;
}

bool HistoryIndex::must_have_committed(const HistoryOp& op) const {
    if (op.type == HistoryOp::Type::ok) return true;
    if (op.type != HistoryOp::Type::info) return false;
    return std::ranges::any_of(op.mops, [&](const HistoryMop& mop) {
        return mop.is_send && read_ok(mop.sent.key).contains(mop.sent.value);
    });
}

const VersionOrder& HistoryIndex::order(KeyId key) const {
    static const VersionOrder none;
    const auto at = orders_.find(key);
    return at == orders_.end() ? none : at->second;
}

std::vector<KeyId> HistoryIndex::keys() const {
    std::vector<KeyId> ids(history_.keys.size());
    for (KeyId id = 0; id < ids.size(); ++id) ids[id] = id;
    std::ranges::sort(ids, {}, [&](KeyId id) -> const Scalar& { return history_.keys[id]; });
    return ids;
}

}  // namespace squall::checkers
