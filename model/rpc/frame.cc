#include "model/rpc/frame.h"

#include <utility>
#include <vector>

#include "model/protocol/api_list.h"
#include "model/protocol/codec.h"
namespace squall::model {
namespace {

// "Fetch reply" for every API, built once, by the number of its key.
std::string_view reply_label(ApiKey key) {
    static const std::vector<std::string> labels = [] {
        std::vector<std::string> names;
        for_each_api([&](auto api) {
            constexpr ApiKey served = decltype(api)::type::api_key;
            constexpr auto number = static_cast<std::size_t>(served);
            if (names.size() <= number) names.resize(number + 1);
            names[number] = std::string(to_string(served)) + " reply";
        });
        return names;
    }();
    return labels.at(static_cast<std::size_t>(key));
}

std::uint32_t frame_size(const FrameHeader& header, const Message& body) {
    constexpr std::size_t length_prefix = 4;
    const std::size_t header_size =
        header.is_request
            ? request_header_size(header.api_key, header.api_version, header.client_id)
            : response_header_size(header.api_key, header.api_version);
    return static_cast<std::uint32_t>(length_prefix + header_size +
                                      body.encoded_size(header.api_version));
}

}  // namespace

RpcFrame::RpcFrame(FrameHeader header, std::unique_ptr<Message> body, CodecMode codec)
    : header_(std::move(header)),
      body_(codec == CodecMode::roundtrip ? body->roundtrip(header_.api_version) : std::move(body)),
      size_bytes_(frame_size(header_, *body_)) {}

RpcFrame::RpcFrame(FrameHeader header, std::unique_ptr<Message> body, std::uint32_t size_bytes)
    : header_(std::move(header)), body_(std::move(body)), size_bytes_(size_bytes) {}

std::unique_ptr<sim::Payload> RpcFrame::clone() const {
    return std::unique_ptr<sim::Payload>(new RpcFrame(header_, body_->clone(), size_bytes_));
}

std::string_view RpcFrame::label() const {
    return header_.is_request ? to_string(header_.api_key) : reply_label(header_.api_key);
}

}  // namespace squall::model
