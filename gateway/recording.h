// Recording: a served run as it can be repeated without its clients: the scenario with its seed,
// and every outside event with the virtual time at which it came in. docs/SERVE.md has the format.
//
// Entries are written as they happen and each has its own checksum: of a server that was killed,
// everything but its last moment can be replayed.
#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/outside_event.h"
#include "sim/base/result.h"
#include "sim/base/time.h"

namespace squall::gateway {

struct RecordedEvent {
    Time at;
    OutsideEvent event;

    bool operator==(const RecordedEvent&) const = default;
};

struct Recording {
    std::string scenario;  // TOML, with run.seed and run.start
    std::vector<RecordedEvent> events;
    std::optional<std::uint64_t> hash;  // of the run's trace; nullopt: the server did not end
};

class RecordingWriter {
  public:
    // Begins the file. Errors: io_error.
    static Result<RecordingWriter> create(const std::string& path, std::string_view scenario);

    // Requires: times do not go back.
    void write(const RecordedEvent& event);
    void write_hash(std::uint64_t hash);
    // What was written stands in the file. Errors: io_error, also of earlier writes.
    Status flush();

  private:
    RecordingWriter(std::string path, std::ofstream out)
        : path_(std::move(path)), out_(std::move(out)) {}
    void write_entry(ByteView body);

    std::string path_;
    std::ofstream out_;
};

// Whether the file begins as recordings do.
bool is_recording(const std::string& path);
// Errors: io_error; corrupt where something but the end is not as it was written.
Result<Recording> read_recording(const std::string& path);
Result<Recording> parse_recording(ByteView content);

}  // namespace squall::gateway
