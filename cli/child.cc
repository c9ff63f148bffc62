#include "cli/child.h"

#include <fcntl.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace squall::cli {
namespace {

Error system_error(const char* what) {
    return Error{Failure::io_error, std::string(what) + ": " + std::strerror(errno)};
}

// In the child, between fork and exec: never returns.
[[noreturn]] void become(const ChildOptions& options, int output) {
    dup2(output, STDOUT_FILENO);
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    if (options.fixed_addresses) {
        const int now = personality(0xffffffff);
        if (personality(static_cast<unsigned long>(now) | ADDR_NO_RANDOMIZE) < 0) {
            _exit(exit_condition_denied);
        }
    }
    if (options.heap_fill >= 0) {
        // glibc fills what it hands out with the complement of this byte.
        const std::string tunable =
            "glibc.malloc.perturb=" + std::to_string(options.heap_fill ^ 0xff);
        setenv("GLIBC_TUNABLES", tunable.c_str(), 1);
    }
    std::vector<std::string> words = {"squall"};
    words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(options.program.c_str(), argv.data());
    _exit(127);
}

}  // namespace

Result<ChildOutput> run_child(const ChildOptions& options) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe");
    const pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return system_error("fork");
    }
    if (child == 0) become(options, ends[1]);
    close(ends[1]);
    ChildOutput output;
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t got = read(ends[0], buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        output.text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return output;
}

}  // namespace squall::cli
