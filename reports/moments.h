// Moments: what matters around the most interesting fault of a run, for a picture of one page.
//
// The most interesting fault is the one that moved most leaders away from the machines it struck
// (of partitions that applications use); failing that, the first. Its scene lasts until a client is
// told again that a record is safe in the partition that is followed. Of the frames it keeps the
// first of each kind between two machines after each turn of events, and tells which of them were
// held back or lost; things that happen to several partitions at once are one moment, and so are
// the records that one answer makes safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/trace/trace.h"

namespace squall::reports {

enum class MomentKind : std::uint8_t {
    fault,         // `from` is empty: it belongs to no machine
    stop,          // of the machine `from`
    start,         // of the machine `from`
    decision,      // by the machine `from`
    leader_moved,  // `from` led before (empty: nobody), `to` leads now
    relief,        // a client was told that a record is safe
    frame,         // from `from` to `to`
    held_frame,    // a fault's rule keeps it from arriving, for now or for good
    lost_frame,
};

struct Moment {
    Time time;
    MomentKind kind = MomentKind::decision;
    std::string from;
    std::string to;
    std::string text;
    // Whether the leadership of the followed partition changed hands here: from `from` to `to`,
    // either of which may be nobody.
    bool moves_followed = false;
};

struct Scene {
    std::string title;               // the fault; of a run without faults: its beginning
    std::vector<std::string> lanes;  // controllers, brokers, clients
    std::vector<Moment> moments;
    std::string followed;               // "orders-0": whose leader the picture shows
    std::string leader;                 // of it when the scene opens; empty: nobody
    std::vector<std::string> down;      // machines that are down when the scene opens
    std::uint64_t hidden_frames = 0;    // between the machines shown
    std::uint64_t hidden_machines = 0;  // clients without a lane
};

// Requires: a full trace.
Scene most_interesting_scene(const sim::Trace& trace);

}  // namespace squall::reports
