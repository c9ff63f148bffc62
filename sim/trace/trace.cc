#include "sim/trace/trace.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "sim/base/assert.h"

namespace squall::sim {

EventSequence Trace::emit_erased(const EventKind& kind, const void* payload) {
    if (muted_) return EventSequence{0};
    const Event event{.sequence = EventSequence{next_sequence_},
                      .time = context_.time,
                      .node = context_.node,
                      .incarnation = context_.incarnation,
                      .cause = context_.cause,
                      .kind = &kind,
                      .payload = payload};
    ++next_sequence_;

    CanonicalHasher hasher(hash_);
    hasher.value(event.sequence);
    hasher.value(event.time);
    hasher.value(event.node);
    hasher.value(event.incarnation);
    hasher.value(event.cause);
    hasher.value(kind.name_hash);
    hash_ = kind.hash(payload, hasher.hash());

    // An observer that emits would move it, and must not.
    Known& of_its_kind = known(kind);
    ++of_its_kind.count;
    if (options_.level != TraceLevel::hash_only) {
        scratch_.clear();
        kind.encode(payload, scratch_);
        keep(event, scratch_);
    }
    for (const Observer* const observer : of_its_kind.observers) (*observer)(event);
    return event.sequence;
}

Trace::Known& Trace::known(const EventKind& kind) {
    if (kind.number >= known_.size()) known_.resize(kind.number + 1);
    Known& known = known_[kind.number];
    if (known.kind == nullptr) meet(known, kind);
    return known;
}

void Trace::meet(Known& known, const EventKind& kind) {
    known.kind = &kind;
    for (const Watcher& watcher : watchers_) show(known, watcher);
}

void Trace::show(Known& known, const Watcher& watcher) {
    if (watcher.interest == nullptr || watcher.interest(*known.kind)) {
        known.observers.push_back(&watcher.observer);
    }
}

void Trace::observe(Observer observer, Interest interest) {
    const Watcher& watcher =
        watchers_.emplace_back(Watcher{std::move(observer), std::move(interest)});
    for (Known& known : known_) {
        if (known.kind != nullptr) show(known, watcher);
    }
}

void Trace::stop_observing() {
    for (Known& known : known_) known.observers.clear();
    watchers_.clear();
}

void Trace::keep(const Event& event, ByteView encoded) {
    Kept kept{.sequence = event.sequence,
              .time = event.time,
              .node = event.node,
              .incarnation = event.incarnation,
              .cause = event.cause,
              .kind = event.kind,
              .offset = arena_.size(),
              .bytes = {}};
    if (options_.level == TraceLevel::full) {
        arena_.insert(arena_.end(), encoded.begin(), encoded.end());
        kept_.push_back(std::move(kept));
        return;
    }
    ASSERT(options_.ring_capacity > 0, "a trace ring of no events");
    kept.bytes.assign(encoded.begin(), encoded.end());
    if (kept_.size() < options_.ring_capacity) {
        kept_.push_back(std::move(kept));
    } else {
        kept_[(event.sequence.value() - 1) % options_.ring_capacity] = std::move(kept);
    }
}

void Trace::replay(const Observer& visit) const {
    const bool wrapped = options_.level == TraceLevel::ring && count() > kept_.size();
    const std::size_t first = wrapped ? count() % options_.ring_capacity : 0;
    for (std::size_t i = 0; i < kept_.size(); ++i) {
        const Kept& kept = kept_[(first + i) % kept_.size()];
        const ByteView bytes = options_.level == TraceLevel::full
                                   ? ByteView(arena_).subspan(kept.offset)
                                   : ByteView(kept.bytes);
        const std::unique_ptr<void, void (*)(void*)> payload(kept.kind->decode(bytes),
                                                             kept.kind->destroy);
        visit(Event{.sequence = kept.sequence,
                    .time = kept.time,
                    .node = kept.node,
                    .incarnation = kept.incarnation,
                    .cause = kept.cause,
                    .kind = kept.kind,
                    .payload = payload.get()});
    }
}

std::uint64_t Trace::count_of(std::string_view event_name) const {
    std::uint64_t total = 0;
    for (const Known& known : known_) {
        if (known.count > 0 && known.kind->name == event_name) total += known.count;
    }
    return total;
}

std::map<std::string, std::uint64_t, std::less<>> Trace::counts() const {
    std::map<std::string, std::uint64_t, std::less<>> by_name;
    for (const Known& known : known_) {
        if (known.count > 0) by_name[std::string(known.kind->name)] += known.count;
    }
    return by_name;
}

std::string_view Trace::node_name(NodeId node) const {
    if (node == harness_node) return "harness";
    const auto found = node_names_.find(node);
    return found == node_names_.end() ? "?" : std::string_view(found->second);
}

}  // namespace squall::sim
