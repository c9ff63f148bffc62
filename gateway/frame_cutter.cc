#include "gateway/frame_cutter.h"

#include <fmt/core.h>

#include "model/protocol/codec.h"

namespace squall::gateway {

void FrameCutter::feed(ByteView bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    // What one large frame took is not kept for all the small ones.
    constexpr std::size_t worth_giving_back = 1 << 20;
    if (buffer_.empty() && buffer_.capacity() > worth_giving_back) buffer_ = Bytes();
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<ByteView>> FrameCutter::next() {
    const ByteView rest = ByteView(buffer_).subspan(taken_);
    if (rest.size() < model::frame_length_size) return std::optional<ByteView>();
    const auto length = load_big_endian<std::int32_t>(rest.data());
    if (length < 0 || static_cast<std::size_t>(length) > frame_max_) {
        return Error{Failure::corrupt, fmt::format("a frame of {} bytes, where 0 to {} are served",
                                                   length, frame_max_)};
    }
    const auto size = static_cast<std::size_t>(length);
    if (rest.size() - model::frame_length_size < size) return std::optional<ByteView>();
    taken_ += model::frame_length_size + size;
    return std::optional(rest.subspan(model::frame_length_size, size));
}

}  // namespace squall::gateway
