// dispatch: from a request without a type to the handler of its API, by walking a type list, so
// that an API without a handler does not compile.
//
// A handler is an overload of `handle(Host&, Request&, const RequestContext&)` that returns the
// response, or an Answer where the protocol knows other ends than a response.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "model/protocol/api_list.h"
#include "model/rpc/server.h"

namespace squall::model {

struct NoReply {};          // acks=0
struct CloseConnection {};  // acks=0 that failed: the only way to tell the client

template <class Response>
using Answer = std::variant<Response, NoReply, CloseConnection>;

namespace detail {

template <class Response>
Served to_served(Response response) {
    return Served{.action = Served::Action::reply, .response = box(std::move(response))};
}
template <class Response>
Served to_served(Answer<Response> answer) {
    if (auto* const response = std::get_if<Response>(&answer))
        return to_served(std::move(*response));
    const bool closes = std::holds_alternative<CloseConnection>(answer);
    return Served{.action = closes ? Served::Action::close_connection : Served::Action::no_reply,
                  .response = nullptr};
}

}  // namespace detail

// Serves one request. A request of an API that is not in the list closes the connection, as Kafka
// does. May park.
template <class Host, class... Requests>
Served dispatch(TypeList<Requests...>, Host& host, Message& request,
                const RequestContext& context) {
    Served served{.action = Served::Action::close_connection, .response = nullptr};
    const auto serve = [&]<class Request>(std::type_identity<Request>) {
        if (context.api_key != Request::api_key) return false;
        served = detail::to_served(handle(host, request.as<Request>(), context));
        return true;
    };
    (serve(std::type_identity<Requests>{}) || ...);
    return served;
}

// What ApiVersions answers for a list of APIs: exactly what dispatch serves.
template <class... Requests>
ApiVersionsResponse supported_apis(TypeList<Requests...>) {
    ApiVersionsResponse response;
    (response.api_keys.push_back({.api_key = Requests::api_key,
                                  .min_version = Requests::versions.min,
                                  .max_version = Requests::versions.max}),
     ...);
    return response;
}

}  // namespace squall::model
