// The bodies of requests and responses between their wire format and Message, by API and version:
// for whoever has bytes from a real socket in hand and no type.
#pragma once

#include <memory>

#include "model/protocol/codec.h"
#include "model/rpc/message.h"
#include "sim/base/result.h"

namespace squall::model {

// Errors: invalid_input for an API or a version that api_list.h does not have, corrupt as of
// decode(). A request may have bytes left over: brokers ignore them, and librdkafka 2.12 writes
// three into each MetadataRequest for all topics from version 9 on.
Result<std::unique_ptr<Message>> decode_request(ApiKey key, ApiVersion version, ByteView body);
Result<std::unique_ptr<Message>> decode_response(ApiKey key, ApiVersion version, ByteView body);
// Appends the body to `out`. Requires: the message is a request, or a response, of that API, and
// the API has that version.
void encode_request(Message& request, ApiKey key, ApiVersion version, Bytes& out);
void encode_response(Message& response, ApiKey key, ApiVersion version, Bytes& out);

}  // namespace squall::model
