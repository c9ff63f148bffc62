#include "model/rpc/channel.h"

#include <algorithm>

#include "sim/kernel/simulation.h"

namespace squall::model {
namespace {

// Exponential from `base` to `cap`, with Kafka's 20 % of jitter either way.
Duration reconnect_delay(std::uint32_t failures, const ChannelOptions& options, sim::Node& node,
                         std::string_view channel) {
    if (failures == 0) return Duration::zero();
    Duration delay = options.reconnect_backoff;
    for (std::uint32_t i = 1; i < failures && delay < options.reconnect_backoff_max; ++i)
        delay *= 2;
    delay = std::min<Duration>(delay, options.reconnect_backoff_max);
    const std::int64_t percent =
        node.draws(fmt::format("reconnect backoff {}", channel)).between(80, 120);
    return delay * percent / 100;
}

}  // namespace

Channel::Channel(sim::Node& node, Fabric fabric, Endpoint peer, std::string_view purpose,
                 ChannelOptions options)
    : node_(node),
      fabric_(fabric),
      peer_(peer),
      options_(std::move(options)),
      name_(fmt::format("rpc/{}/{}", purpose, node.simulation().node(peer.node).name())),
      attention_(node) {}

Channel::~Channel() {
    if (connection_ != nullptr) connection_->set_handler(nullptr);
}

void Channel::enqueue(ApiKey api_key, std::int16_t max_version, std::unique_ptr<Message> body,
                      std::optional<std::chrono::milliseconds> timeout, End end) {
    Request request{.api_key = api_key,
                    .max_version = max_version,
                    .body = std::move(body),
                    .timeout = timeout.value_or(options_.request_timeout),
                    .deadline = node_.now() + timeout.value_or(options_.request_timeout),
                    .end = std::move(end),
                    .cause = node_.trace().context().cause,
                    .correlation_id = CorrelationId{0},
                    .version = 0};
    const LocalTime deadline = request.deadline;
    if (state_ == State::ready) {
        write(std::move(request));
    } else {
        queue_.push_back(std::move(request));
    }
    attend();
    if (deadline < minded_until_) attention_.open();
}

void Channel::connect_then(std::function<void()> then) {
    ASSERT(state_ != State::ready, "{}: connected already", name_);
    connect_waiters_.push_back(std::move(then));
    attend();
}

void Channel::attend() {
    if (!task_running_) {
        task_running_ = true;
        node_.spawn(name_, [this] { run(); });
    }
    if (state_ == State::idle) attention_.open();
}

void Channel::run() {
    while (true) {
        attention_.close();
        if (state_ == State::idle && is_wanted()) {
            if (connect()) write_queue();
            for (const auto& then : std::exchange(connect_waiters_, {})) then();
            continue;
        }
        const std::optional<LocalTime> deadline = earliest_deadline();
        minded_until_ = deadline.value_or(LocalTime::max());
        attention_.wait_until(minded_until_);
        expire(node_.now());
    }
}

bool Channel::connect() {
    state_ = State::connecting;
    // Requests wait through the back-off, but no longer than their own patience.
    while (node_.now() < no_connect_before_) {
        node_.sleep_until(
            std::min(no_connect_before_, earliest_deadline().value_or(LocalTime::max())));
        std::erase_if(queue_, [&](Request& request) {
            if (request.deadline > node_.now()) return false;
            if (request.end)
                request.end(Error{Failure::unreachable, name_ + ": no connection in time"});
            return true;
        });
        if (!is_wanted()) {
            state_ = State::idle;
            return false;
        }
    }

    const auto fail = [&](const Error& error) {
        ++failures_in_a_row_;
        no_connect_before_ =
            node_.now() + reconnect_delay(failures_in_a_row_, options_, node_, name_);
        state_ = State::idle;
        fail_queue(error);
        return false;
    };
    // No longer than the least patient request: what was never sent can be sent elsewhere.
    const LocalTime deadline = std::min(node_.now() + options_.connection_setup_timeout,
                                        earliest_deadline().value_or(LocalTime::max()));
    Result<std::shared_ptr<sim::Connection>> connected =
        fabric_.network.connect(node_, peer_.node, peer_.port, deadline);
    if (!connected) return fail(connected.error());
    connection_ = *connected;
    connection_->set_handler(this);

    // Which versions does the other side speak?
    sim::Completion<Result<std::unique_ptr<Message>>> hello(node_);
    handshake_ = hello.completer();
    write(Request{
        .api_key = ApiKey::api_versions,
        .max_version = ApiVersionsRequest::versions.max,
        .body = box(
            ApiVersionsRequest{.client_software_name = "squall", .client_software_version = "1"}),
        .timeout = options_.request_timeout,
        .deadline = deadline,
        .end =
            [this](Result<std::unique_ptr<Message>> end) { handshake_.complete(std::move(end)); },
        .cause = node_.trace().context().cause,
        .correlation_id = CorrelationId{0},
        .version = 0});
    auto answer = hello.await_until(deadline);
    // Between the greeting and this task's turn the connection may be lost again.
    if (!answer || !*answer || state_ != State::connecting) {
        // Nothing of the queue was sent yet.
        if (state_ == State::connecting)
            disconnect(Error{Failure::closed, name_ + ": no greeting"});
        return fail(Error{Failure::unreachable, name_ + ": connection lost before it was ready"});
    }
    const auto& offered = (**answer)->as<ApiVersionsResponse>();
    peer_versions_.clear();
    for (const auto& api : offered.api_keys) {
        peer_versions_[api.api_key] = {api.min_version, api.max_version};
    }
    features_ = {.epoch = offered.finalized_features_epoch, .levels = {}};
    for (const auto& feature : offered.finalized_features) {
        features_.levels[feature.name] = feature.max_version_level;
    }
    failures_in_a_row_ = 0;
    state_ = State::ready;
    return true;
}

std::optional<std::int16_t> Channel::version_for(const Request& request) const {
    if (request.api_key == ApiKey::api_versions) return request.max_version;
    const auto offered = peer_versions_.find(request.api_key);
    if (offered == peer_versions_.end()) return std::nullopt;
    const std::int16_t version = std::min(request.max_version, offered->second.second);
    if (version < offered->second.first) return std::nullopt;
    return version;
}

void Channel::write(Request request) {
    const std::optional<std::int16_t> version = version_for(request);
    if (!version) {
        if (request.end) {
            request.end(Error{
                Failure::invalid_input,
                fmt::format("{}: the peer does not serve {}", name_, to_string(request.api_key))});
        }
        return;
    }
    request.version = *version;
    request.correlation_id = next_correlation_id_;
    ++next_correlation_id_;

    const sim::EventSequence saved = node_.trace().context().cause;
    sim::detail::set_current_cause(node_, request.cause);
    connection_->send(
        std::make_unique<RpcFrame>(FrameHeader{.api_key = request.api_key,
                                               .api_version = request.version,
                                               .correlation_id = request.correlation_id,
                                               .client_id = options_.client_id,
                                               .is_request = true},
                                   std::move(request.body), fabric_.codec));
    sim::detail::set_current_cause(node_, saved);
    if (request.end) in_flight_.push_back(std::move(request));
}

void Channel::write_queue() {
    // A completion may enqueue again; what comes then goes straight out, behind these.
    std::deque<Request> queue = std::exchange(queue_, {});
    for (Request& request : queue) {
        // The connection may break while writing: the rest was never sent and waits for the next
        // one.
        if (state_ == State::ready) {
            write(std::move(request));
        } else {
            queue_.push_back(std::move(request));
        }
    }
}

std::optional<LocalTime> Channel::earliest_deadline() const {
    std::optional<LocalTime> earliest;
    for (const auto* requests : {&queue_, &in_flight_}) {
        for (const Request& request : *requests) {
            if (!earliest || request.deadline < *earliest) earliest = request.deadline;
        }
    }
    return earliest;
}

void Channel::expire(LocalTime now) {
    const auto is_late = [&](const Request& request) { return request.deadline <= now; };
    if (std::ranges::any_of(in_flight_, is_late)) {
        disconnect(Error{Failure::timed_out, name_ + ": request timed out"});
    }
}

void Channel::disconnect(const Error& error) {
    if (connection_ != nullptr) {
        connection_->set_handler(nullptr);
        connection_->close();
        connection_.reset();
    }
    state_ = State::idle;
    std::deque<Request> lost = std::exchange(in_flight_, {});
    if (!lost.empty() && failures_in_a_row_ == 0) failures_in_a_row_ = 1;
    no_connect_before_ =
        std::max(no_connect_before_,
                 node_.now() + reconnect_delay(failures_in_a_row_, options_, node_, name_));
    for (Request& request : lost) {
        if (request.end) request.end(error);
    }
    if (is_wanted()) attention_.open();
}

void Channel::fail_queue(const Error& error) {
    std::deque<Request> unsent = std::exchange(queue_, {});
    for (Request& request : unsent) {
        if (request.end) request.end(error);
    }
}

void Channel::on_frame(sim::Connection& connection, std::unique_ptr<sim::Payload> payload) {
    auto& frame = static_cast<RpcFrame&>(*payload);
    // Responses come in the order of requests; a peer that answers otherwise is not to be trusted.
    if (in_flight_.empty() || in_flight_.front().correlation_id != frame.header().correlation_id) {
        disconnect(
            Error{Failure::closed, fmt::format("{}: unexpected response {} on connection {}", name_,
                                               frame.header().correlation_id, connection.id())});
        return;
    }
    Request request = std::move(in_flight_.front());
    in_flight_.pop_front();
    failures_in_a_row_ = 0;
    request.end(frame.take_body());
}

void Channel::on_closed(sim::Connection&, std::string_view reason) {
    disconnect(Error{Failure::closed, fmt::format("{}: {}", name_, reason)});
}

Channel& ChannelPool::to(Endpoint peer, std::string_view purpose) {
    std::vector<ForPurpose>& of_peer = channels_[peer];
    const auto found = std::ranges::find(of_peer, purpose, &ForPurpose::purpose);
    if (found != of_peer.end()) return *found->channel;
    auto channel = std::make_unique<Channel>(node_, fabric_, peer, purpose, options_);
    return *of_peer.emplace_back(std::string(purpose), std::move(channel)).channel;
}

FinalizedFeatures ChannelPool::finalized_features() const {
    FinalizedFeatures newest;
    for (const auto& [peer, of_peer] : channels_) {
        for (const auto& [purpose, channel] : of_peer) {
            const FinalizedFeatures& told = channel->finalized_features();
            if (told.epoch > newest.epoch) newest = told;
        }
    }
    return newest;
}

std::optional<Endpoint> ChannelPool::resolve(std::string_view host, sim::Port port) const {
    const sim::Node* const node = node_.simulation().find_node(host);
    if (node == nullptr) return std::nullopt;
    return Endpoint{.node = node->id(), .port = port};
}

}  // namespace squall::model
