// Channel: the requests of one node to one other node, over one connection at a time, in order.
//
// Connects when there is something to send (with back-off after failures), asks for ApiVersions
// first and speaks the newest version that both know, matches responses to requests in order, and
// gives up the connection when a request's timeout passes, as Kafka's NetworkClient does: every
// request in flight on it then ends as well.
//
// How a request can end:
//   a response
//   refused, unreachable   it was never sent: it has not happened and never will
//   timed_out, closed      it was sent: whether it was executed is unknown, and it may be later
//   invalid_input          the other side does not know this API: never sent
//
// A channel lives until the process of its node is destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/protocol/messages/api_versions.h"
#include "model/rpc/endpoint.h"
#include "model/rpc/frame.h"
#include "sim/base/result.h"
#include "sim/base/unique_function.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

struct ChannelOptions {
    std::string client_id;
    std::chrono::milliseconds request_timeout{30000};
    std::chrono::milliseconds reconnect_backoff{50};
    std::chrono::milliseconds reconnect_backoff_max{1000};
    std::chrono::milliseconds connection_setup_timeout{10000};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("client.id", self.client_id);
        fields("request.timeout.ms", self.request_timeout);
        fields("reconnect.backoff.ms", self.reconnect_backoff);
        fields("reconnect.backoff.max.ms", self.reconnect_backoff_max);
        fields("socket.connection.setup.timeout.ms", self.connection_setup_timeout);
    }
};

// The levels of features that a broker knew as finalized. Of two that differ the one of the higher
// epoch is the newer; epoch -1: nothing is known.
struct FinalizedFeatures {
    std::int64_t epoch = -1;
    std::map<std::string, std::int16_t> levels;
};

// Of a request, however it is handed in.
template <class Request>
using ResponseTo = typename std::remove_cvref_t<Request>::Response;
template <class Request>
inline constexpr ApiVersion newest_version = std::remove_cvref_t<Request>::versions.max;

class Channel final : private sim::FrameHandler {
  public:
    // `purpose` names the channel's task and keys its draws: "fetcher", "heartbeat". Unique per
    // node together with the endpoint.
    Channel(sim::Node& node, Fabric fabric, Endpoint peer, std::string_view purpose,
            ChannelOptions options);
    ~Channel() override;

    // Sends without waiting; the completer gets the end of it. Requests go out in the order of
    // their calls, in the newest version that both sides know, and no newer than
    // `newest`.
    // Never parks.
    template <class Request>
    void send(Request&& request, sim::Completer<Result<ResponseTo<Request>>> completer,
              std::optional<std::chrono::milliseconds> timeout = std::nullopt,
              ApiVersion newest = newest_version<Request>) {
        enqueue(std::remove_cvref_t<Request>::api_key, newest, box(std::forward<Request>(request)),
                timeout,
                [completer = std::move(completer)](Result<std::unique_ptr<Message>> end) mutable {
                    if (!end) return completer.complete(end.error());
                    completer.complete(std::move((*end)->template as<ResponseTo<Request>>()));
                });
    }
    // Sends without waiting; `end` is called with the end of it, where it becomes known: on the
    // kernel's turn or the channel's task. It must not park; it goes uncalled if the channel is
    // destroyed first. Never parks.
    template <class Request>
    void send_then(Request&& request, std::function<void(Result<ResponseTo<Request>>)> then,
                   std::optional<std::chrono::milliseconds> timeout = std::nullopt,
                   ApiVersion newest = newest_version<Request>) {
        enqueue(std::remove_cvref_t<Request>::api_key, newest, box(std::forward<Request>(request)),
                timeout, [then = std::move(then)](Result<std::unique_ptr<Message>> end) {
                    if (!end) return then(end.error());
                    then(std::move((*end)->template as<ResponseTo<Request>>()));
                });
    }
    // Sends and expects no response (Produce with acks=0). Lost without a word where it fails.
    template <class Request>
    void send_and_forget(Request&& request) {
        enqueue(std::remove_cvref_t<Request>::api_key, newest_version<Request>,
                box(std::forward<Request>(request)), std::nullopt, {});
    }
    // Sends and waits for the end of it. `newest`: the newest version that the caller can speak.
    // May park.
    template <class Request>
    Result<ResponseTo<Request>> call(
        Request&& request, std::optional<std::chrono::milliseconds> timeout = std::nullopt,
        ApiVersion newest = newest_version<Request>) {
        sim::Completion<Result<ResponseTo<Request>>> reply(node_);
        send(std::forward<Request>(request), reply.completer(), timeout, newest);
        auto end = reply.await();
        if (!end) return Error{Failure::closed, "channel gone"};
        return std::move(*end);
    }

    // Connects, after the back-off, without a request to send; `then` is called once, when that
    // ended either way, as send_then's is. For an owner that keeps what it has to say until it can
    // be sent (NetworkClient.ready). Requires: not connected. Never parks.
    void connect_then(std::function<void()> then);
    // Gives up the connection, if there is one, and what is in flight on it (it ends as `closed`):
    // for an owner that does not want the answers any more. The next request connects anew.
    void close(std::string_view reason) {
        if (state_ == State::ready) disconnect(Error{Failure::closed, std::string(reason)});
    }

    const Endpoint& peer() const { return peer_; }
    // As the peer last said when it was connected to.
    const FinalizedFeatures& finalized_features() const { return features_; }
    std::size_t in_flight() const { return in_flight_.size() + queue_.size(); }
    bool is_connected() const { return state_ == State::ready; }

  private:
    using End = UniqueFunction<void(Result<std::unique_ptr<Message>>)>;
    enum class State { idle, connecting, ready };

    struct Request {
        ApiKey api_key{};
        std::int16_t max_version = 0;
        std::unique_ptr<Message> body;
        std::chrono::milliseconds timeout{};
        LocalTime deadline;
        End end;  // empty: no response is expected
        sim::EventSequence cause;
        CorrelationId correlation_id;
        std::int16_t version = 0;
    };

    void enqueue(ApiKey api_key, std::int16_t max_version, std::unique_ptr<Message> body,
                 std::optional<std::chrono::milliseconds> timeout, End end);
    void attend();
    // The channel's task: connects, and minds the deadlines.
    void run();
    bool is_wanted() const { return !queue_.empty() || !connect_waiters_.empty(); }
    bool connect();
    void write(Request request);
    void write_queue();
    std::optional<LocalTime> earliest_deadline() const;
    void expire(LocalTime now);
    void disconnect(const Error& error);
    void fail_queue(const Error& error);
    std::optional<std::int16_t> version_for(const Request& request) const;

    void on_frame(sim::Connection& connection, std::unique_ptr<sim::Payload> payload) override;
    void on_closed(sim::Connection& connection, std::string_view reason) override;

    sim::Node& node_;
    Fabric fabric_;
    Endpoint peer_;
    ChannelOptions options_;
    std::string name_;
    State state_ = State::idle;
    bool task_running_ = false;
    std::shared_ptr<sim::Connection> connection_;
    std::map<ApiKey, std::pair<std::int16_t, std::int16_t>> peer_versions_;
    FinalizedFeatures features_;
    std::deque<Request> queue_;      // not sent yet
    std::deque<Request> in_flight_;  // sent, response expected, in order of sending
    std::vector<std::function<void()>> connect_waiters_;  // of connect_then
    sim::Gate attention_;                                 // the task has something to do
    LocalTime minded_until_ = LocalTime::max();           // when the task wakes by itself
    CorrelationId next_correlation_id_{0};
    std::uint32_t failures_in_a_row_ = 0;
    LocalTime no_connect_before_{};
    sim::Completer<Result<std::unique_ptr<Message>>> handshake_;
};

// The channels of one process, made when first asked for and kept until it ends.
class ChannelPool {
  public:
    ChannelPool(sim::Node& node, Fabric fabric, ChannelOptions options)
        : node_(node), fabric_(fabric), options_(std::move(options)) {}

    Channel& to(Endpoint peer, std::string_view purpose);
    // The newest that a peer told.
    FinalizedFeatures finalized_features() const;
    sim::Node& node() const { return node_; }
    const Fabric& fabric() const { return fabric_; }
    // The endpoint of a node by its name, as metadata gives hosts; nullopt: no such machine.
    std::optional<Endpoint> resolve(std::string_view host, sim::Port port) const;

  private:
    sim::Node& node_;
    Fabric fabric_;
    ChannelOptions options_;
    // A process talks to a peer for a handful of purposes.
    struct ForPurpose {
        std::string purpose;
        std::unique_ptr<Channel> channel;
    };
    std::map<Endpoint, std::vector<ForPurpose>> channels_;
};

}  // namespace squall::model
