// Tasks: fibers of simulated nodes, in plain blocking style.
//
// A task belongs to one node and one incarnation of it. It runs until it parks; nothing else runs
// in between. When its node stops, every parked task of the node wakes with NodeCrashed, unwinds,
// and is gone before the node starts again. While a task unwinds, blocking calls return at once,
// and what it emits or sends has no effect: destructors never block, send or decide.
#pragma once

namespace squall::sim {

// Thrown out of every blocking call of a node that stopped. Not a std::exception, so that nobody
// catches it by accident; only the kernel does. There is no `catch (...)` in this code base.
struct NodeCrashed {};

}  // namespace squall::sim
