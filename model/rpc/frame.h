// Frames: a message with Kafka's request or response header around it, on a simulated connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/protocol/api_key.h"
#include "model/protocol/types.h"
#include "model/rpc/endpoint.h"
#include "model/rpc/message.h"
#include "sim/network/network.h"

namespace squall::model {

struct FrameHeader {
    ApiKey api_key{};
    std::int16_t api_version = 0;
    CorrelationId correlation_id;
    std::string client_id;  // requests only
    bool is_request = true;
};

class RpcFrame final : public sim::Payload {
  public:
    // Takes the trip over the wire format at once where `codec` asks for it.
    RpcFrame(FrameHeader header, std::unique_ptr<Message> body, CodecMode codec);

    std::unique_ptr<sim::Payload> clone() const override;
    std::string_view label() const override;
    std::uint32_t size_bytes() const override { return size_bytes_; }
    bool is_request() const override { return header_.is_request; }

    const FrameHeader& header() const { return header_; }
    std::unique_ptr<Message> take_body() { return std::move(body_); }

  private:
    RpcFrame(FrameHeader header, std::unique_ptr<Message> body, std::uint32_t size_bytes);

    FrameHeader header_;
    std::unique_ptr<Message> body_;
    std::uint32_t size_bytes_ = 0;
};

}  // namespace squall::model
