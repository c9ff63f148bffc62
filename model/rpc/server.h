// Server: takes requests from connections and has them served by worker tasks.
//
// One request of a connection at a time, in order: while it is being served the connection is
// muted, and pipelined requests wait, as in Kafka. An idle connection holds no task. A request goes
// on being served when its connection is gone: executed, response lost.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/rpc/endpoint.h"
#include "model/rpc/frame.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

struct RequestContext {
    sim::NodeId peer;
    std::string client_id;
    ApiKey api_key{};
    std::int16_t api_version = 0;
};

struct Served {
    enum class Action { reply, no_reply, close_connection };
    Action action = Action::no_reply;
    std::unique_ptr<Message> response;  // for reply
};

// Runs on a worker task; may park.
using RequestHandler = std::function<Served(Message& request, const RequestContext& context)>;

class Server {
  public:
    // Listens at once, until the node stops.
    Server(sim::Node& node, Fabric fabric, sim::Port port, RequestHandler handler);
    ~Server();

    std::size_t connections() const { return sessions_.size(); }
    std::size_t workers() const { return workers_.size(); }

  private:
    class Session;
    struct Work;
    struct Worker;

    void accept(std::shared_ptr<sim::Connection> connection);
    void give(Work work);
    void run(Worker& worker);
    void forget(const Session& session);

    sim::Node& node_;
    Fabric fabric_;
    RequestHandler handler_;
    std::vector<std::shared_ptr<Session>> sessions_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<Worker*> idle_;  // the last to become idle is the next to work
};

}  // namespace squall::model
