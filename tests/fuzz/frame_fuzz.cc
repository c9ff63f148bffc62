// The frame decoder: however a stream is cut into pieces, the same frames come out of it, or the
// same refusal. The first byte says how it is cut.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/frame_cutter.h"
#include "model/protocol/codec.h"
#include "sim/base/assert.h"

namespace {

using squall::Bytes;
using squall::ByteView;

struct Cut {
    std::vector<Bytes> frames;
    bool is_refused = false;

    bool operator==(const Cut&) const = default;
};

Cut cut(ByteView stream, std::size_t piece) {
    constexpr std::size_t frame_max = 1 << 16;
    squall::gateway::FrameCutter cutter(frame_max);
    Cut result;
    for (std::size_t at = 0; at < stream.size() && !result.is_refused; at += piece) {
        cutter.feed(stream.subspan(at, std::min(piece, stream.size() - at)));
        for (;;) {
            const auto frame = cutter.next();
            result.is_refused = !frame.ok();
            if (!frame || !*frame) break;
            result.frames.emplace_back((*frame)->begin(), (*frame)->end());
        }
    }
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const ByteView stream(data + 1, size - 1);
    const Cut whole = cut(stream, stream.size() + 1);
    ASSERT(cut(stream, data[0] % 64 + 1) == whole, "in pieces of {}", data[0] % 64 + 1);
    for (const Bytes& frame : whole.frames) {
        squall::ByteReader reader(frame);
        (void)squall::model::read_request_header(reader).ok();
    }
    return 0;
}
