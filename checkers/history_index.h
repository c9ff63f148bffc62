// HistoryIndex: who sent and who polled which value of a recorded history, and in which order the
// values of each key stand in its log.
//
// Completions alone count. A value's place is known from polls, whatever became of their ops (a log
// never shows what is not in it), and from the sends of ops that must have committed: those that
// are ok, and those of unknown outcome of which some value was polled by an op that is ok. An op
// is known by its index in KafkaHistory::ops.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "checkers/kafka_history.h"

namespace squall::checkers {

// The log of one key. Offsets may have holes; `index` counts the offsets that are there.
class VersionOrder {
  public:
    // Offset -> values seen there: more than one is wrong, and told in order of their names.
    const std::map<std::int64_t, std::vector<ValueId>>& log() const { return log_; }
    // One value for each index, the first by name where there are more.
    const std::vector<ValueId>& by_index() const { return by_index_; }
    // Where it was picked last; nullopt if it was picked nowhere.
    std::optional<std::int64_t> index_of(ValueId value) const;
    // Over all values of an offset, picked or not.
    std::optional<std::int64_t> first_index(ValueId value) const;
    std::optional<std::int64_t> last_index(ValueId value) const;
    // How far `to` lies behind `from`; 1, as if all were well, where either place is not known.
    std::int64_t distance(ValueId from, ValueId to) const;
    // What lies between, if `to` lies further than next.
    std::vector<ValueId> between(ValueId from, ValueId to) const;

    void add(std::int64_t offset, ValueId value);
    void settle(const Interned<Scalar>& values);

  private:
    std::map<std::int64_t, std::vector<ValueId>> log_;
    std::vector<ValueId> by_index_;
    std::map<ValueId, std::int64_t> picked_, first_, last_;
};

class HistoryIndex {
  public:
    using Place = std::size_t;  // of an op
    using Reads = std::map<KeyId, std::vector<HistoryMop::Read>>;

    // Requires: `history` outlives the index.
    explicit HistoryIndex(const KafkaHistory& history);

    const KafkaHistory& history() const { return history_; }
    const HistoryOp& op(Place place) const { return history_.ops[place]; }
    // Completions of sends, polls and transactions, in order.
    const std::vector<Place>& completions() const { return completions_; }
    // What an op polled, and sent, of each key, in its own order.
    static Reads reads(const HistoryOp& op);
    static Reads writes(const HistoryOp& op);

    std::optional<Place> writer(KeyId key, ValueId value) const;
    const std::vector<Place>& readers(KeyId key, ValueId value) const;
    // The values of a key that an op that is ok polled.
    const std::set<ValueId>& read_ok(KeyId key) const;
    bool must_have_committed(const HistoryOp& op) const;
    // Of every key of which something is known.
    const std::map<KeyId, VersionOrder>& orders() const { return orders_; }
    const VersionOrder& order(KeyId key) const;
    // Ids of keys, in order of their names.
    std::vector<KeyId> keys() const;

  private:
    using KeyAndValue = std::pair<KeyId, ValueId>;

    const KafkaHistory& history_;
    std::vector<Place> completions_;
    std::map<KeyAndValue, Place> writers_;
    std::map<KeyAndValue, std::vector<Place>> readers_;
    std::map<KeyId, std::set<ValueId>> read_ok_;
    std::map<KeyId, VersionOrder> orders_;
};

}  // namespace squall::checkers
