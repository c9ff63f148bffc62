// Disk: the files of one node, with a page cache in front of them.
//
// Fault model, in prose. Bytes written are in the page cache at once, and durable when a flush that
// began after the write is finished. A process crash loses nothing that was written. A power loss
// keeps, of each file, everything flushed; of what was not, each 512-byte sector survives or not by
// the seed's draw, a sector may be torn (its beginning new, the rest old), and the file may be cut
// short. What did not survive reads as zeros where the file still spans it.
//
// Creating, replacing, renaming, removing and truncating files is journaled by the file system: it
// survives up to a point in the order in which it was done, and at least up to the begin of the
// last finished flush of anything on that disk (or of all but the last thousand changes). What was
// appended after a truncation survives only if the truncation did; if not, the bytes cut off are
// back. A replaced file is whole, old or new.
//
// A flush that fails may have written any of the sectors it covered, and the page cache takes the
// others for clean: no later flush writes them, reads go on showing them, the power loss shows the
// truth (fsyncgate, https://lwn.net/Articles/752063). Bit rot flips bits of durable bytes at rest;
// a misdirected write stands in another file, and zeros where it should. Slow I/O stretches costs;
// I/O errors and a full disk make calls fail.
//
// Calls never park. They return what they cost in virtual time, and the caller decides whether to
// wait for it; a flush is a ticket to be waited for and then finished. A crash between the two
// leaves the flush undone as far as the draw says. Storage is allocated lazily; reading a file that
// was never written costs nothing. Kernel-free, so that a log can be tested without one.
//
// Paths are '/'-separated, relative, without "." and ".."; directories are implied by files.
//
// Draws are keyed by the disk's name, what they are for and the path, faults' also by the fault's
// id: one more file or fault leaves all other draws as they were.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/distribution.h"
#include "sim/base/result.h"
#include "sim/base/rng.h"
#include "sim/base/strong_id.h"
#include "sim/base/time.h"

namespace squall::sim {

struct DiskOptions {
    std::uint64_t capacity_bytes = 10ull << 30;
    DurationDistribution flush_latency{DurationDistribution::LogNormal{1ms, 15ms}};
    Duration write_latency = 10us;  // into the page cache, per call
    Duration read_latency = 20us;   // per call
};

// What a disk tells its owner (who turns it into trace events): the disk itself knows no trace.
struct DiskIncident {
    std::string fault;  // "io_error", "no_space", "slow", "bit_rot", "misdirected", "torn", "lost"
    std::string path;
    std::uint64_t bytes =
        0;                 // not written, slowed, flipped, misplaced, torn (of whole sectors), lost
    std::string fault_id;  // empty: no fault but the disk's own size, or a power loss
};

// What is wrong with a disk now. Every part is off by default. Faults of different ids add up: the
// slowdowns multiply, the chances are drawn one after the other.
struct DiskFaults {
    std::string fault_id;
    std::uint32_t write_error_per_million = 0;
    std::uint32_t read_error_per_million = 0;
    std::uint32_t flush_error_per_million = 0;
    std::uint32_t slowdown_percent = 100;  // every cost times this
    bool full = false;                     // writes fail with no_space
    std::string path_prefix{};             // only files below it; empty: all
};

struct FlushTicket {
    std::uint64_t id = 0;
    std::string path;
    Duration cost{};
};

template <class T>
struct Costed {
    T value;
    Duration cost{};
};

class Disk {
  public:
    // `name` keys the draws ("b1"); `noise` is the simulation's.
    Disk(DiskOptions options, Noise noise, std::string name);
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    ~Disk();

    void on_incident(std::function<void(const DiskIncident&)> observer);
    // Whether the process is dying, though its tasks still run to their next park: what it does to
    // its files from then on never happened.
    void dies_with(std::function<bool()> is_node_dying);

    // ---- for the process ----

    // Every call fails with `closed` once the node is dead (arm_death_after, dies_with).

    // Appends to the end, creating the file. Errors: io_error, no_space (nothing was written).
    Result<Duration> append(std::string_view path, ByteView bytes);
    // Replaces the whole content, as write-to-temporary and rename do: at a power loss the file is
    // the old or the new one. Durable after the next finished flush of anything. Needs room for
    // both. Errors: io_error, no_space (the old content stands).
    Result<Duration> replace(std::string_view path, ByteView bytes);
    // Reads up to `length` bytes from `offset`; fewer at the end of the file. Errors: not_found,
    // io_error. Requires: offset <= size.
    Result<Costed<Bytes>> read(std::string_view path, std::uint64_t offset,
                               std::uint64_t length) const;
    Result<Costed<Bytes>> read_all(std::string_view path) const;
    // Cuts the file to `size`. Errors: not_found, io_error. Requires: size <= current size.
    Result<Duration> truncate(std::string_view path, std::uint64_t size);
    // Replaces `to`. Errors: not_found, io_error.
    Result<Duration> rename(std::string_view from, std::string_view to);
    // Errors: not_found, io_error.
    Result<Duration> remove(std::string_view path);

    bool exists(std::string_view path) const;
    // Errors: not_found.
    Result<std::uint64_t> size(std::string_view path) const;
    // Paths of files that start with `prefix`, in order.
    std::vector<std::string> list(std::string_view prefix) const;
    std::uint64_t used_bytes() const;
    std::uint64_t capacity_bytes() const;

    // Everything written to `path` so far becomes durable when the ticket is finished, `cost` from
    // now. Errors: not_found, io_error.
    Result<FlushTicket> begin_flush(std::string_view path);
    // Errors: io_error (a failed flush: what it covered may or may not be durable, and is never
    // retried by the page cache: fsyncgate); closed if the disk lost power, was wiped or its
    // process crashed since.
    Status finish_flush(const FlushTicket& ticket);
    // Both, for those who do not model the wait. The cost is returned.
    Result<Duration> flush(std::string_view path);

    // ---- for the harness ----

    // Loses what is not durable, as the draws say. Returns how many bytes were lost.
    std::uint64_t power_loss();
    // The process died: what it wrote stays in the page cache, its flush tickets are void.
    void process_crash();
    // Flips one bit of each of `count` durable bytes (or all there are, if fewer) of files below
    // `path_prefix`. Different calls with one fault id draw differently.
    void rot(std::string_view path_prefix, std::uint32_t count, std::string fault_id);
    // Of `count` sectors of durable bytes below `path_prefix`: what was written to one stands in
    // another file instead, over what was there, and its own place was never written. Without
    // effect where fewer than two files have a sector at rest. Draws as rot does.
    void misdirect(std::string_view path_prefix, std::uint32_t count, std::string fault_id);
    // Begins a fault, or replaces the one of the same id.
    void set_faults(DiskFaults faults);
    void clear_faults();
    void clear_faults(std::string_view fault_id);
    // The next `operations` calls that change something (a flush counts twice: begin and finish)
    // are done; right after the last of them the node is dead: `on_reached` is called once, and
    // every later call fails with Failure::closed until revive(). 0: at once. Only calls count that
    // concern a file with `path_part` in its path, before or after a rename.
    void arm_death_after(std::uint64_t operations, std::function<void()> on_reached,
                         std::string path_part = "");
    // Disarms, and lets calls succeed again.
    void revive();
    // Everything is gone, as after a replacement of the device: an incident "lost" for each file.
    void wipe(std::string_view fault_id = {});

    // How the bytes lie now, without cost or faults: for the audit at the end of a run. Empty if
    // there is no such file.
    Bytes inspect(std::string_view path) const;
    // Calls that changed something (or failed to) so far.
    std::uint64_t operations() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace squall::sim
