#include "gateway/control_server.h"

#include <fmt/core.h>
#include <httplib.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <utility>

namespace squall::gateway {
namespace {

constexpr int bad_request = 400;
constexpr int not_found = 404;
constexpr int method_not_allowed = 405;
constexpr int length_required = 411;
constexpr int unavailable = 503;
constexpr std::size_t body_most = 1 << 20;

constexpr const char* json_type = "application/json";
constexpr const char* metrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";

// The library's own lets two servers listen on one port.
void reuse_address(socket_t descriptor) {
    const int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

void say(httplib::Response& response, const ControlAnswer& answer, const char* type = json_type) {
    response.status = answer.status;
    response.set_content(answer.body + (type == json_type ? "\n" : ""), type);
}

}  // namespace

class ControlServer::Http {
  public:
    Http(Address address, Inbox& inbox) : address_(std::move(address)), inbox_(inbox) {
        server_.set_socket_options(reuse_address);
        server_.set_payload_max_length(body_most);
        // A connection that is kept would keep a thread.
        server_.set_keep_alive_max_count(1);
        route();
    }
    ~Http() {
        inbox_.close();
        if (!thread_.joinable()) return;
        server_.stop();
        thread_.join();
    }

    bool bind() {
        if (address_.port != 0) return server_.bind_to_port(address_.host, address_.port);
        const int port = server_.bind_to_any_port(address_.host);
        if (port > 0) address_.port = static_cast<std::uint16_t>(port);
        return port > 0;
    }
    const Address& address() const { return address_; }
    void start(Ask ask) {
        ask_ = std::move(ask);
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }

  private:
    using Request = httplib::Request;
    using Response = httplib::Response;

    void route() {
        const auto question = [this](const char* path, Question what, const char* type) {
            server_.Get(path, [this, what, type](const Request&, Response& response) {
                say(response, ask(what), type);
            });
        };
        question("/status", Question::status, json_type);
        question("/topics", Question::topics, json_type);
        question("/groups", Question::groups, json_type);
        question("/transactions", Question::transactions, json_type);
        question("/faults", Question::faults, json_type);
        question("/metrics", Question::metrics, metrics_type);
        question("/verdict", Question::verdict, json_type);
        server_.Post("/end", [this](const Request&, Response& response) {
            say(response, ask(Question::end));
        });
        server_.Post("/faults", [this](const Request& request, Response& response) {
            act(parse_strike(request.body), response);
        });
        server_.Post("/advance", [this](const Request& request, Response& response) {
            act(parse_advance(request.body), response);
        });
        server_.Delete("/faults", [this](const Request&, Response& response) {
            say(response, act(HealFault{}));
        });
        server_.Delete(R"(/faults/([^/]+))", [this](const Request& request, Response& response) {
            say(response, act(HealFault{.id = request.matches[1]}));
        });
        // The library would wait for a body's end until its patience is over.
        server_.set_pre_routing_handler([this](const Request& request, Response& response) {
            using enum httplib::Server::HandlerResponse;
            if (request.method != "POST" || request.has_header("Content-Length") ||
                request.has_header("Transfer-Encoding")) {
                return Unhandled;
            }
            say(response, request.path == "/end"
                              ? ask(Question::end)
                              : refuse(length_required, "a POST has a Content-Length"));
            return Handled;
        });
        // What nobody answered, and what the library itself refused.
        server_.set_error_handler([](const Request& request, Response& response) {
            if (!response.body.empty()) return;
            if (response.status == not_found && is_path(request.path)) {
                response.status = method_not_allowed;
                return say(response,
                           refuse(method_not_allowed, fmt::format("{} does not know {}",
                                                                  request.path, request.method)));
            }
            say(response,
                refuse(response.status,
                       response.status == not_found
                           ? fmt::format("there is no {}; docs/SERVE.md lists what there is",
                                         request.path)
                           : fmt::format("the request could not be read (status {})",
                                         response.status)));
        });
    }
    static bool is_path(std::string_view path) {
        for (const std::string_view known :
             {"/status", "/topics", "/groups", "/transactions", "/faults", "/metrics", "/verdict",
              "/advance", "/end"}) {
            if (path == known) return true;
        }
        return path.starts_with("/faults/");
    }

    // Puts something into the inbox and waits for what is said to it.
    template <class Make>
    ControlAnswer wait_for(Make make) {
        auto promise = std::make_shared<std::promise<ControlAnswer>>();
        std::future<ControlAnswer> answer = promise->get_future();
        inbox_.put(make([promise = std::move(promise)](ControlAnswer said) {
            promise->set_value(std::move(said));
        }));
        try {
            ControlAnswer said = answer.get();
            return said.later ? said.later() : said;
        } catch (const std::future_error&) {
            return refuse(unavailable, "serving is over");
        }
    }
    ControlAnswer ask(Question question) {
        return wait_for([&](Answerer answerer) {
            return Incoming{.what = Inquiry{[this, question, answerer = std::move(answerer)] {
                                ask_(question, answerer);
                            }}};
        });
    }
    ControlAnswer act(const ControlAction& action) {
        return wait_for([&](Answerer answerer) {
            return Incoming{.what = OutsideEvent(Controlled{encode_action(action)}),
                            .answer = std::move(answerer)};
        });
    }
    template <class Action>
    void act(const Result<Action>& action, Response& response) {
        say(response,
            action ? act(ControlAction(*action)) : refuse(bad_request, action.error().detail));
    }

    Address address_;
    Inbox& inbox_;
    Ask ask_;
    httplib::Server server_;
    std::thread thread_;
};

ControlServer::ControlServer(std::unique_ptr<Http> http) : http_(std::move(http)) {}
ControlServer::~ControlServer() = default;

Result<std::unique_ptr<ControlServer>> ControlServer::bind(const Address& address, Inbox& inbox) {
    auto http = std::make_unique<Http>(address, inbox);
    errno = 0;
    if (!http->bind()) {
        return Error{Failure::io_error,
                     fmt::format("{}: {}", to_string(address),
                                 errno != 0 ? std::strerror(errno) : "it cannot be listened on")};
    }
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(http)));
}

const Address& ControlServer::address() const {
    return http_->address();
}

void ControlServer::start(Ask ask) {
    http_->start(std::move(ask));
}

}  // namespace squall::gateway
