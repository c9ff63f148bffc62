#include "model/rpc/server.h"

#include <algorithm>
#include <utility>

#include "sim/base/fifo.h"

namespace squall::model {

// One accepted connection and its queue of requests.
class Server::Session final : public sim::FrameHandler,
                              public std::enable_shared_from_this<Session> {
  public:
    Session(Server& server, std::shared_ptr<sim::Connection> connection)
        : server_(server), connection_(std::move(connection)) {
        connection_->set_handler(this);
    }
    ~Session() override { connection_->set_handler(nullptr); }

    // The request that is being served, or the next one if none is.
    void finish_request() {
        busy_ = false;
        start_next();
    }
    sim::Connection& connection() { return *connection_; }
    void close() {
        connection_->set_handler(nullptr);
        connection_->close();
        pending_ = {};
        server_.forget(*this);
    }

  private:
    struct Pending {
        std::unique_ptr<RpcFrame> frame;
        sim::EventSequence cause;
    };

    void on_frame(sim::Connection&, std::unique_ptr<sim::Payload> payload) override;
    void on_closed(sim::Connection&, std::string_view) override {
        pending_ = {};
        server_.forget(*this);
    }
    void start_next();

    Server& server_;
    std::shared_ptr<sim::Connection> connection_;
    Fifo<Pending> pending_;
    bool busy_ = false;
};

struct Server::Work {
    std::shared_ptr<Session> session;
    std::unique_ptr<RpcFrame> request;
};

struct Server::Worker {
    explicit Worker(sim::Node& node) : inbox(node) {}
    sim::Mailbox<Work> inbox;
};

void Server::Session::on_frame(sim::Connection&, std::unique_ptr<sim::Payload> payload) {
    pending_.push({std::unique_ptr<RpcFrame>(static_cast<RpcFrame*>(payload.release())),
                   server_.node_.trace().context().cause});
    if (!busy_) start_next();
}

void Server::Session::start_next() {
    if (pending_.empty()) return;
    busy_ = true;
    Pending next = pending_.pop();
    // The request is served because of its own arrival, not of the reply to the one before it.
    const sim::EventSequence saved = sim::detail::current_cause(server_.node_);
    sim::detail::set_current_cause(server_.node_, next.cause);
    server_.give(Work{shared_from_this(), std::move(next.frame)});
    sim::detail::set_current_cause(server_.node_, saved);
}

Server::Server(sim::Node& node, Fabric fabric, sim::Port port, RequestHandler handler)
    : node_(node), fabric_(fabric), handler_(std::move(handler)) {
    fabric_.network.listen(node_, port, [this](std::shared_ptr<sim::Connection> connection) {
        accept(std::move(connection));
    });
}

Server::~Server() = default;

void Server::accept(std::shared_ptr<sim::Connection> connection) {
    sessions_.push_back(std::make_shared<Session>(*this, std::move(connection)));
}

void Server::forget(const Session& session) {
    const auto found = std::ranges::find(sessions_, &session, &std::shared_ptr<Session>::get);
    if (found != sessions_.end()) sessions_.erase(found);
}

void Server::give(Work work) {
    if (idle_.empty()) {
        workers_.push_back(std::make_unique<Worker>(node_));
        Worker& worker = *workers_.back();
        worker.inbox.push(std::move(work));
        node_.spawn(fmt::format("worker-{}", workers_.size()), [this, &worker] { run(worker); });
        return;
    }
    Worker* const worker = idle_.back();
    idle_.pop_back();
    worker->inbox.push(std::move(work));
}

void Server::run(Worker& worker) {
    while (true) {
        Work work = worker.inbox.pop();
        const FrameHeader& header = work.request->header();
        const std::unique_ptr<Message> body = work.request->take_body();
        const RequestContext context{.peer = work.session->connection().peer(),
                                     .client_id = header.client_id,
                                     .api_key = header.api_key,
                                     .api_version = header.api_version};
        Served served = handler_(*body, context);
        // Idle before the next request of this connection is handed out, so that it comes here
        // again.
        idle_.push_back(&worker);
        switch (served.action) {
            case Served::Action::reply:
                work.session->connection().send(
                    std::make_unique<RpcFrame>(FrameHeader{.api_key = header.api_key,
                                                           .api_version = header.api_version,
                                                           .correlation_id = header.correlation_id,
                                                           .client_id = {},
                                                           .is_request = false},
                                               std::move(served.response), fabric_.codec));
                work.session->finish_request();
                break;
            case Served::Action::no_reply:
                work.session->finish_request();
                break;
            case Served::Action::close_connection:
                work.session->close();
                break;
        }
    }
}

}  // namespace squall::model
