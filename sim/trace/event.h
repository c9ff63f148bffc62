// Event: one observable fact, as it happened.
//
// The payload of an event is a described struct with a name:
//
//     struct NodeCrashed {
//         static constexpr std::string_view event_name = "NodeCrashed";
//         ...members, describe...
//     };
//
// To emit a new kind, write such a struct; there is no list to add it to. A subscriber asks an
// event for the kinds it knows: `if (const auto* crashed = event.as<NodeCrashed>())`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/describe.h"
#include "sim/base/hash.h"
#include "sim/base/strong_id.h"
#include "sim/base/time.h"

namespace squall::sim {

// 1, 2, 3, ... in the order of emission; 0 is "none".
using EventSequence = StrongId<struct EventSequenceTag, std::uint64_t>;
// Which simulated machine. 0 is the harness itself.
using NodeId = StrongId<struct NodeIdTag, std::uint32_t>;
// How often the node was started: 1 for the first boot, 0 for the harness.
using Incarnation = StrongId<struct IncarnationTag, std::uint32_t>;

inline constexpr NodeId harness_node{0};

// A field of an event as a report sees it, whatever the kind: strings are quoted by the reader.
struct FieldText {
    std::string name;
    std::string text;  // as Printer writes it
    bool operator==(const FieldText&) const = default;
};

// Its address identifies the payload type; never compared but for equality. To ask for a type costs
// its user no instantiation of what an event kind does.
template <class T>
inline constexpr char event_type = 0;

// What one payload type can do without its type: one static instance per type.
struct EventKind {
    const void* type;  // &event_type<T>
    std::string_view name;
    std::uint64_t name_hash;
    // 0, 1, 2, ... as the program happens to start: a place in tables, never written or compared.
    std::size_t number;
    std::vector<FieldText> (*fields)(const void* payload);
    std::uint64_t (*hash)(const void* payload, std::uint64_t seed);  // over the canonical form
    void (*encode)(const void* payload, Bytes& out);                 // canonical
    void* (*decode)(ByteView bytes);  // new payload; free with destroy
    void (*destroy)(void* payload);

    template <class... Payloads>
    bool is_one_of() const {
        return ((type == &event_type<Payloads>) || ...);
    }
};

namespace detail {

struct FieldTexts {
    std::vector<FieldText>& out;
    template <class T>
    void operator()(std::string_view name, const T& member) {
        Printer(add(name)).value(member);
    }
    template <class T, class A>
    void operator()(std::string_view name, const T& member, const A&) {
        (*this)(name, member);
    }
    std::string& add(std::string_view name);
};

std::size_t next_event_number();

template <class T>
constexpr EventKind make_event_kind() {
    return EventKind{
        .type = &event_type<T>,
        .name = T::event_name,
        .name_hash = 0,
        .number = 0,
        .fields =
            [](const void* payload) {
                std::vector<FieldText> out;
                FieldTexts visitor{out};
                T::describe(*static_cast<const T*>(payload), visitor);
                return out;
            },
        .hash =
            [](const void* payload, std::uint64_t seed) {
                CanonicalHasher hasher(seed);
                T::describe(*static_cast<const T*>(payload), hasher);
                return hasher.hash();
            },
        .encode =
            [](const void* payload, Bytes& out) {
                CanonicalEncoder encoder(out);
                T::describe(*static_cast<const T*>(payload), encoder);
            },
        .decode = [](ByteView bytes) -> void* {
            auto* object = new T{};
            CanonicalDecoder decoder(bytes);
            T::describe(*object, decoder);
            return object;
        },
        .destroy = [](void* payload) { delete static_cast<T*>(payload); },
    };
}

}  // namespace detail

template <class T>
inline const EventKind event_kind = [] {
    EventKind kind = detail::make_event_kind<T>();
    kind.name_hash = hash_text(T::event_name);
    kind.number = detail::next_event_number();
    return kind;
}();

// Valid only while its observer runs; copy what you keep.
class Event {
  public:
    EventSequence sequence;
    Time time;
    NodeId node;
    Incarnation incarnation;
    EventSequence cause;  // the event being processed when this one was emitted; 0: none
    const EventKind* kind = nullptr;
    const void* payload = nullptr;

    // The payload if it is a T, else null.
    template <class T>
    const T* as() const {
        return kind->type == &event_type<T> ? static_cast<const T*>(payload) : nullptr;
    }
    std::string_view name() const { return kind->name; }
    std::string print() const;  // "partition=orders-0 leader=1"
    std::vector<FieldText> fields() const { return kind->fields(payload); }
};

// An event for somebody who looks at these kinds: to ask for another does not compile, so that who
// is shown nothing else misses nothing.
template <class... Payloads>
class EventOf : public Event {
  public:
    explicit EventOf(const Event& event) : Event(event) {}

    static bool includes(const EventKind& kind) { return kind.is_one_of<Payloads...>(); }

    template <class T>
    const T* as() const {
        static_assert((std::is_same_v<T, Payloads> || ...),
                      "not among the kinds that are looked at");
        return Event::as<T>();
    }
};

}  // namespace squall::sim
