#include "gateway/recording.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "sim/base/assert.h"
#include "sim/base/crc32c.h"

namespace squall::gateway {
namespace {

constexpr std::string_view first_line = "squall recording 1\n";

enum class Kind : std::uint8_t {
    connected = 1,
    received = 2,
    disconnected = 3,
    controlled = 4,
    ended = 5,
    hash = 6,
};

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

Bytes encode(const RecordedEvent& recorded) {
    Bytes body;
    ByteWriter writer(body);
    const auto begin = [&](Kind kind) {
        writer.integer(static_cast<std::uint8_t>(kind));
        writer.integer(recorded.at.ns());
    };
    std::visit(Overloaded{[&](const Connected& event) {
                              begin(Kind::connected);
                              writer.integer(event.connection.value());
                              writer.integer(event.broker);
                          },
                          [&](const Received& event) {
                              begin(Kind::received);
                              writer.integer(event.connection.value());
                              writer.bytes(event.bytes);
                          },
                          [&](const Disconnected& event) {
                              begin(Kind::disconnected);
                              writer.integer(event.connection.value());
                          },
                          [&](const Controlled& event) {
                              begin(Kind::controlled);
                              writer.bytes(as_bytes(event.action));
                          },
                          [&](const Ended&) { begin(Kind::ended); }},
               recorded.event);
    return body;
}

// Nullopt: no such entry.
std::optional<RecordedEvent> decode(Kind kind, ByteReader& reader) {
    RecordedEvent recorded;
    recorded.at = Time(Duration(reader.integer<std::int64_t>()));
    switch (kind) {
        case Kind::connected: {
            const ConnectionNumber connection(reader.integer<std::uint64_t>());
            recorded.event = Connected{connection, reader.integer<std::uint32_t>()};
            break;
        }
        case Kind::received: {
            const ConnectionNumber connection(reader.integer<std::uint64_t>());
            const ByteView bytes = reader.bytes(reader.remaining());
            recorded.event = Received{connection, Bytes(bytes.begin(), bytes.end())};
            break;
        }
        case Kind::disconnected:
            recorded.event = Disconnected{ConnectionNumber(reader.integer<std::uint64_t>())};
            break;
        case Kind::controlled:
            recorded.event = Controlled{std::string(as_text(reader.bytes(reader.remaining())))};
            break;
        case Kind::ended:
            recorded.event = Ended{};
            break;
        default:
            return std::nullopt;
    }
    if (!reader.ok() || reader.remaining() != 0) return std::nullopt;
    return recorded;
}

Error damaged(std::size_t at) {
    return {Failure::corrupt, fmt::format("a recording that is damaged at byte {}", at)};
}

}  // namespace

Result<RecordingWriter> RecordingWriter::create(const std::string& path,
                                                std::string_view scenario) {
    errno = 0;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    if (!out) {
        return Error{Failure::io_error,
                     fmt::format("{}: {}", path,
                                 errno != 0 ? std::strerror(errno) : "it cannot be written")};
    }
    RecordingWriter writer(path, std::move(out));
    writer.out_ << first_line;
    writer.write_entry(as_bytes(scenario));
    if (const Status flushed = writer.flush(); !flushed) return flushed.error();
    return writer;
}

void RecordingWriter::write(const RecordedEvent& event) {
    write_entry(encode(event));
}

void RecordingWriter::write_hash(std::uint64_t hash) {
    Bytes body;
    ByteWriter writer(body);
    writer.integer(static_cast<std::uint8_t>(Kind::hash));
    writer.integer(hash);
    write_entry(body);
}

void RecordingWriter::write_entry(ByteView body) {
    Bytes head;
    ByteWriter writer(head);
    writer.integer(static_cast<std::uint32_t>(body.size()));
    writer.integer(crc32c(body));
    out_.write(reinterpret_cast<const char*>(head.data()),
               static_cast<std::streamsize>(head.size()));
    out_.write(reinterpret_cast<const char*>(body.data()),
               static_cast<std::streamsize>(body.size()));
}

Status RecordingWriter::flush() {
    errno = 0;
    out_.flush();
    if (out_) return success();
    return Error{
        Failure::io_error,
        fmt::format("{}: {}", path_, errno != 0 ? std::strerror(errno) : "it cannot be written")};
}

bool is_recording(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string begin(first_line.size(), '\0');
    in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
    return in && begin == first_line;
}

Result<Recording> read_recording(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream content;
    if (in) content << in.rdbuf();
    if (!in || content.fail()) {
        return Error{Failure::io_error, fmt::format("{}: cannot be read", path)};
    }
    Result<Recording> recording = parse_recording(as_bytes(content.view()));
    if (recording) return recording;
    return Error{recording.error().failure, path + ": " + recording.error().detail};
}

Result<Recording> parse_recording(ByteView content) {
    ByteReader reader(content);
    if (as_text(reader.bytes(first_line.size())) != first_line) {
        return Error{Failure::corrupt, "no recording of `squall serve --record`"};
    }
    Recording recording;
    bool is_first = true;
    Time last{};
    while (reader.remaining() > 0) {
        const std::size_t at = reader.position();
        const auto size = reader.integer<std::uint32_t>();
        const auto checksum = reader.integer<std::uint32_t>();
        const ByteView body = reader.bytes(size);
        // The end may be missing: a server that was killed wrote no more.
        if (!reader.ok()) break;
        if (crc32c(body) != checksum) return damaged(at);
        if (std::exchange(is_first, false)) {
            recording.scenario = as_text(body);
            continue;
        }
        if (recording.hash) return damaged(at);
        ByteReader entry(body);
        const auto kind = static_cast<Kind>(entry.integer<std::uint8_t>());
        if (kind == Kind::hash) {
            recording.hash = entry.integer<std::uint64_t>();
            if (!entry.ok()) return damaged(at);
            continue;
        }
        std::optional<RecordedEvent> event = decode(kind, entry);
        if (!event || event->at < last) return damaged(at);
        last = event->at;
        recording.events.push_back(std::move(*event));
    }
    if (is_first) return damaged(first_line.size());
    return recording;
}

}  // namespace squall::gateway
