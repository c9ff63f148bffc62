// ControlServer: the control port, HTTP with JSON. It turns requests into questions and actions for
// the simulation's thread, and waits there for what that says; of the cluster it knows nothing.
//
// Every error is a status of 4xx or 503 and {"error": "..."}. docs/SERVE.md is the manual.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "gateway/address.h"
#include "gateway/control_action.h"
#include "gateway/inbox.h"
#include "sim/base/result.h"

namespace squall::gateway {

class ControlServer {
  public:
    // What one can ask for.
    enum class Question { status, topics, groups, transactions, faults, metrics, verdict, end };
    // Called with the answer, from whatever thread has it.
    using Answerer = std::function<void(ControlAnswer)>;
    // Called on the simulation's thread. Who lets go of the answerer without calling it has the
    // client told that serving is over.
    using Ask = std::function<void(Question, Answerer)>;

    // Binds the port (any that is free: 0). `inbox` outlives it. Error: io_error.
    static Result<std::unique_ptr<ControlServer>> bind(const Address& address, Inbox& inbox);
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;
    // Lets go of the inbox's content: whoever waits for an answer is told that there is none.
    ~ControlServer();

    const Address& address() const;
    // Answers from now on.
    void start(Ask ask);

  private:
    class Http;
    explicit ControlServer(std::unique_ptr<Http> http);

    std::unique_ptr<Http> http_;
};

}  // namespace squall::gateway
