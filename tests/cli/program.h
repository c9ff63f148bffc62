// Program: runs the built squall as a user does, and keeps what it said.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace squall::cli {

inline std::string read_file(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// A folder of its own, gone with the object.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "squall-test-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return *this / name;
    }

  private:
    std::filesystem::path path_;
};

struct Said {
    int exit_code = -1;
    std::string out;
    std::string err;

    std::string last_line() const {
        const std::string text = out.substr(0, out.find_last_not_of('\n') + 1);
        const std::size_t end = text.rfind('\n');
        return end == std::string::npos ? text : text.substr(end + 1);
    }
};

struct ProgramOptions {
    std::string binary = SQUALL_BINARY;
    std::string standard_output;  // a file in its place; empty: kept
    bool reader_goes_away = false;
    std::chrono::milliseconds interrupt_after{0};  // 0: never
};

inline Said run_program(const std::vector<std::string>& arguments, ProgramOptions options = {}) {
    const Folder folder;
    const std::string out =
        options.standard_output.empty() ? folder / "out" : options.standard_output;
    const std::string err = folder / "err";
    std::array<int, 2> closed{-1, -1};
    if (options.reader_goes_away) {
        if (pipe(closed.data()) != 0) return {};
        close(closed[0]);
    }
    const pid_t child = fork();
    if (child == 0) {
        const int to = options.reader_goes_away
                           ? closed[1]
                           : open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(to, STDOUT_FILENO);
        dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        std::vector<std::string> words = {"squall"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        execv(options.binary.c_str(), argv.data());
        _exit(127);
    }
    if (closed[1] >= 0) close(closed[1]);
    if (options.interrupt_after.count() > 0) {
        std::this_thread::sleep_for(options.interrupt_after);
        kill(child, SIGINT);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            options.standard_output.empty() ? read_file(out) : std::string(), read_file(err)};
}

// Order-flow cut down to its first crash: enough of everything, in a fraction of the time.
inline std::vector<std::string> short_run(const std::string& seed,
                                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"run", SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml",
                                          "--seed", seed};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

}  // namespace squall::cli
