#include "reports/graphviz.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace squall::reports {
namespace {

// A program with both its ends in our hands.
struct Pipes {
    std::array<int, 2> in{-1, -1};
    std::array<int, 2> out{-1, -1};

    ~Pipes() {
        for (const int end : {in[0], in[1], out[0], out[1]}) {
            if (end >= 0) close(end);
        }
    }
    static void shut(int& end) {
        close(end);
        end = -1;
    }
};

// Feeds `text` and collects the answer at once, so that neither side waits for the other for ever.
std::string converse(Pipes& pipes, const std::string& text) {
    std::string answer;
    std::size_t written = 0;
    std::array<char, 65536> buffer{};
    while (true) {
        std::array<pollfd, 2> ends{pollfd{pipes.out[0], POLLIN, 0},
                                   pollfd{pipes.in[1], POLLOUT, 0}};
        if (poll(ends.data(), pipes.in[1] >= 0 ? 2 : 1, -1) < 0) {
            if (errno == EINTR) continue;
            return answer;
        }
        if (pipes.in[1] >= 0 && ends[1].revents != 0) {
            const ssize_t sent = write(pipes.in[1], text.data() + written, text.size() - written);
            if (sent > 0) written += static_cast<std::size_t>(sent);
            const bool broken = sent < 0 && errno != EAGAIN && errno != EINTR;
            if (broken || written == text.size()) Pipes::shut(pipes.in[1]);
        }
        if (ends[0].revents != 0) {
            const ssize_t got = read(pipes.out[0], buffer.data(), buffer.size());
            if (got == 0) return answer;
            if (got > 0) answer.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }
}

}  // namespace

Result<std::string> render_svg(const Graph& graph) {
    Pipes pipes;
    if (pipe2(pipes.in.data(), O_CLOEXEC) != 0 || pipe2(pipes.out.data(), O_CLOEXEC) != 0) {
        return Error{Failure::io_error, std::string("pipe: ") + std::strerror(errno)};
    }
    fcntl(pipes.in[1], F_SETFL, O_NONBLOCK);
    const pid_t child = fork();
    if (child < 0) return Error{Failure::io_error, std::string("fork: ") + std::strerror(errno)};
    if (child == 0) {
        dup2(pipes.in[0], STDIN_FILENO);
        dup2(pipes.out[1], STDOUT_FILENO);
        const int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
        if (graph.engine == "neato") {
            execlp("dot", "dot", "-Kneato", "-n2", "-Tsvg", static_cast<char*>(nullptr));
        } else {
            execlp("dot", "dot", "-Tsvg", static_cast<char*>(nullptr));
        }
        _exit(127);
    }
    Pipes::shut(pipes.in[0]);
    Pipes::shut(pipes.out[1]);
    std::string svg = converse(pipes, graph.text);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return Error{Failure::not_found, "the program `dot` of Graphviz"};
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return Error{Failure::corrupt, "Graphviz refused the graph"};
    }
    return svg;
}

std::string dot_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace squall::reports
