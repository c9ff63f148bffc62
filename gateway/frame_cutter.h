// FrameCutter: cuts what comes out of a socket into Kafka's frames (four bytes of length, then as
// many bytes). Holds no more than what came and was not cut yet, whatever length a frame claims.
#pragma once

#include <cstddef>
#include <optional>

#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::gateway {

class FrameCutter {
  public:
    // socket.request.max.bytes
    static constexpr std::size_t usual_frame_max = 104857600;

    explicit FrameCutter(std::size_t frame_max = usual_frame_max) : frame_max_(frame_max) {}

    void feed(ByteView bytes);
    // The next frame that is whole, without its length; nullopt: there is none yet. The view holds
    // until the next call of feed(). Error: corrupt, a length that no frame has; then the stream is
    // good for nothing more.
    Result<std::optional<ByteView>> next();

  private:
    std::size_t frame_max_;
    Bytes buffer_;
    std::size_t taken_ = 0;  // of the buffer, by frames that were cut
};

}  // namespace squall::gateway
