// What the laws of codec_test.cc need of a message, without its type. The messages come from
// several files: a hundred types in one take minutes to compile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/api_list.h"
#include "model/protocol/codec.h"
#include "tests/model/protocol/any_message.h"

namespace squall::model {

struct MessageType {
    std::string name;
    VersionRange versions;
    Bytes (*encode_default)(ApiVersion);
    Bytes (*encode_any)(ApiVersion);
    // The encoding of what `bytes` decode to.
    Result<Bytes> (*reencode)(ByteView bytes, ApiVersion);
    bool (*decodes)(ByteView bytes, ApiVersion);
    // Whether a message that is drawn comes back from the wire, in the size known before.
    bool (*comes_back)(ApiVersion);

    ApiVersion any_version() const;
};

// The requests and responses of all APIs.
std::vector<MessageType> every_message();

// Append those of message_types_*.cc; together, all of api_list.h.
void add_topic_messages(std::vector<MessageType>& types);
void add_group_messages(std::vector<MessageType>& types);
void add_transaction_messages(std::vector<MessageType>& types);
void add_admin_messages(std::vector<MessageType>& types);
void add_security_messages(std::vector<MessageType>& types);
void add_cluster_messages(std::vector<MessageType>& types);

template <class Message>
MessageType type_of(std::string_view suffix) {
    return {
        .name = std::string(to_string(Message::api_key)) + std::string(suffix),
        .versions = Message::versions,
        .encode_default = [](ApiVersion version) { return encode(Message{}, version); },
        .encode_any =
            [](ApiVersion version) { return encode(any_message<Message>(version), version); },
        .reencode = [](ByteView bytes, ApiVersion version) -> Result<Bytes> {
            const Result<Message> message = decode<Message>(bytes, version);
            if (!message) return message.error();
            return encode(*message, version);
        },
        .decodes = [](ByteView bytes,
                      ApiVersion version) { return decode<Message>(bytes, version).ok(); },
        .comes_back =
            [](ApiVersion version) {
                const auto message = any_message<Message>(version);
                const Bytes bytes = encode(message, version);
                const Result<Message> decoded = decode<Message>(bytes, version);
                return encoded_size(message, version) == bytes.size() && decoded.ok() &&
                       *decoded == message;
            },
    };
}

template <class... Requests>
void add_messages(TypeList<Requests...> list, std::vector<MessageType>& types) {
    for_each_api(list, [&](auto api) {
        using Request = typename decltype(api)::type;
        types.push_back(type_of<Request>("Request"));
        types.push_back(type_of<typename Request::Response>("Response"));
    });
}

}  // namespace squall::model
