// Trace: the one way out of a simulation. Every observable fact is emitted here, in order, with its
// cause; checkers and reports are folds over it and never see a live object.
//
// A running 64-bit hash is taken over the canonical form of every event (metadata and fields). What
// is *kept* is a matter of level and never changes the hash:
//
//   hash_only  nothing is kept
//   ring       the last `ring_capacity` events
//   full       all events
//
// Observers see each event at its emission, before the next one, in order of registration; those
// that said which kinds they look at are shown no other, which is what most events cost them: most
// of a trace is frames. They must not emit, park or throw anything but AssertionFailure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/trace/event.h"

namespace squall::sim {

enum class TraceLevel { hash_only, ring, full };

struct TraceOptions {
    TraceLevel level = TraceLevel::hash_only;
    std::size_t ring_capacity = 4096;  // events
};

class Trace {
  public:
    using Observer = std::function<void(const Event&)>;
    // Whether an observer looks at events of this kind. Asked once for each kind: the answer must
    // not change.
    using Interest = std::function<bool(const EventKind&)>;

    explicit Trace(TraceOptions options = {}) : options_(options) {}
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    // Who is speaking, when, and because of what: set by the kernel around everything it runs.
    struct Context {
        Time time;
        NodeId node;
        Incarnation incarnation;
        EventSequence cause;
    };
    Context& context() { return context_; }
    const Context& context() const { return context_; }

    // Records the fact; returns its sequence number, for use as a cause. A node that is already
    // dead (see mute) says nothing: the call returns 0.
    template <class T>
    EventSequence emit(const T& payload) {
        return emit_erased(event_kind<T>, &payload);
    }
    // Emits in the name of the harness, whatever is running. Never muted.
    template <class T>
    EventSequence emit_as_harness(const T& payload) {
        const Context saved = context_;
        context_.node = harness_node;
        context_.incarnation = Incarnation{0};
        const bool muted = std::exchange(muted_, false);
        const EventSequence sequence = emit_erased(event_kind<T>, &payload);
        muted_ = muted;
        context_ = saved;
        return sequence;
    }
    // While muted, emit is without effect: the node that runs has died and has not noticed yet.
    void mute(bool muted) { muted_ = muted; }
    bool is_muted() const { return muted_; }

    // Without `interest`, it looks at everything.
    void observe(Observer observer, Interest interest = nullptr);
    // Observers may go before the trace does.
    void stop_observing();

    // The hash over all events so far, equal at every level.
    std::uint64_t hash() const { return mix(hash_); }
    std::uint64_t count() const { return next_sequence_ - 1; }
    std::uint64_t count_of(std::string_view event_name) const;
    // event name -> how many, in order of name.
    std::map<std::string, std::uint64_t, std::less<>> counts() const;

    void name_node(NodeId node, std::string name) { node_names_[node] = std::move(name); }
    // "b1"; "harness" for node 0.
    std::string_view node_name(NodeId node) const;
    const std::map<NodeId, std::string>& node_names() const { return node_names_; }

    // Calls `visit` for each kept event in order. The payload lives for that call only.
    void replay(const Observer& visit) const;
    TraceLevel level() const { return options_.level; }

  private:
    struct Kept {
        EventSequence sequence;
        Time time;
        NodeId node;
        Incarnation incarnation;
        EventSequence cause;
        const EventKind* kind = nullptr;
        std::size_t offset = 0;  // into arena_ (full), or unused (ring: bytes)
        Bytes bytes;             // ring only
    };

    struct Watcher {
        Observer observer;
        Interest interest;
    };
    // What is known of a kind; kind is null while there was no event of it.
    struct Known {
        const EventKind* kind = nullptr;
        std::uint64_t count = 0;
        std::vector<const Observer*> observers;  // that look at it, in order of registration
    };

    EventSequence emit_erased(const EventKind& kind, const void* payload);
    Known& known(const EventKind& kind);
    void meet(Known& known, const EventKind& kind);
    static void show(Known& known, const Watcher& watcher);
    void keep(const Event& event, ByteView encoded);

    TraceOptions options_;
    Context context_;
    bool muted_ = false;
    std::uint64_t hash_ = 0;
    std::uint64_t next_sequence_ = 1;
    Bytes scratch_;                 // an event to keep
    std::deque<Watcher> watchers_;  // where they are, they stay
    std::map<NodeId, std::string> node_names_;
    std::vector<Kept> kept_;  // full: all; ring: circular, next slot is count % capacity
    Bytes arena_;
    std::vector<Known> known_;  // by the kind's number
};

}  // namespace squall::sim
