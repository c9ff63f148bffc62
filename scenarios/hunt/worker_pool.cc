#include "scenarios/hunt/worker_pool.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

namespace squall::scenarios {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto tick_every = std::chrono::milliseconds(200);

Error system_error(const char* what) {
    return Error{Failure::io_error, std::string(what) + ": " + std::strerror(errno)};
}

// All of it, or false where the other side is gone.
bool send_all(int socket, const void* data, std::size_t size) {
    const char* bytes = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

bool receive_all(int socket, void* data, std::size_t size) {
    char* bytes = static_cast<char*>(data);
    while (size > 0) {
        const ssize_t got = recv(socket, bytes, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

// A worker's whole life: a job number comes in, a length and a text go out.
[[noreturn]] void serve(int socket, const WorkerPool::Work& work) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The terminal's Ctrl-C reaches the whole group; the parent decides what ends.
    std::signal(SIGINT, SIG_IGN);
    std::uint64_t job = 0;
    while (receive_all(socket, &job, sizeof job)) {
        const std::string text = work(job);
        const std::uint64_t size = text.size();
        if (!send_all(socket, &size, sizeof size)) break;
        if (!send_all(socket, text.data(), text.size())) break;
    }
    _exit(0);
}

std::uint64_t resident_bytes(pid_t process) {
    std::ifstream statm("/proc/" + std::to_string(process) + "/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    if (!(statm >> size >> resident)) return 0;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// That the process has used so far; zero where it is gone.
std::chrono::nanoseconds processor_time(pid_t process) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return {};
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

std::string describe_exit(int status) {
    if (WIFSIGNALED(status)) {
        return std::string("killed by signal ") + std::to_string(WTERMSIG(status)) + " (" +
               strsignal(WTERMSIG(status)) + ")";
    }
    return "exited with code " + std::to_string(WEXITSTATUS(status));
}

class Worker {
  public:
    Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { kill_now(); }

    bool is_alive() const { return process_ > 0; }
    bool is_busy() const { return job_.has_value(); }
    int socket() const { return socket_; }
    unsigned jobs_done() const { return jobs_done_; }

    Status start(const WorkerPool::Work& work) {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            return system_error("socketpair");
        }
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child < 0) {
            const Error error = system_error("fork");
            close(ends[0]);
            close(ends[1]);
            return error;
        }
        if (child == 0) {
            close(ends[0]);
            serve(ends[1], work);
        }
        close(ends[1]);
        process_ = child;
        socket_ = ends[0];
        jobs_done_ = 0;
        return Unit{};
    }

    void give(std::uint64_t job) {
        job_ = job;
        began_ = Clock::now();
        processor_began_ = processor_time(process_);
        // Where it is gone already, the next poll says so.
        send_all(socket_, &job, sizeof job);
    }

    // After its socket became readable: what it sent, or how it died.
    JobOutcome take() {
        JobOutcome outcome = begin_outcome(JobEnd::done);
        std::uint64_t size = 0;
        bool whole = receive_all(socket_, &size, sizeof size);
        if (whole) {
            outcome.text.resize(size);
            whole = receive_all(socket_, outcome.text.data(), size);
        }
        job_.reset();
        ++jobs_done_;
        if (!whole) {
            outcome.end = JobEnd::crashed;
            outcome.text = describe_exit(kill_now());
        }
        return outcome;
    }

    // The limit that its job is over, if any; it is dead then.
    std::optional<JobOutcome> check(const WorkerLimits& limits) {
        if (!is_busy()) return std::nullopt;
        if (processor_time(process_) - processor_began_ > limits.processor_time) {
            return timed_out("no end after " + std::to_string(limits.processor_time.count()) +
                             " ms of processor time");
        }
        if (Clock::now() - began_ > limits.wall_time) {
            return timed_out("no end after " + std::to_string(limits.wall_time.count()) + " ms");
        }
        const std::uint64_t resident = resident_bytes(process_);
        if (resident > limits.memory_bytes) {
            JobOutcome outcome = begin_outcome(JobEnd::out_of_memory);
            outcome.text = "held " + std::to_string(resident >> 20) + " MiB";
            kill_now();
            return outcome;
        }
        return std::nullopt;
    }

    // Returns the status it ended with.
    int kill_now() {
        if (!is_alive()) return 0;
        // A worker that died by itself keeps its own status: the signal comes too late for it.
        kill(process_, SIGKILL);
        int status = 0;
        while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        close(socket_);
        process_ = -1;
        socket_ = -1;
        job_.reset();
        return status;
    }

  private:
    JobOutcome timed_out(std::string why) {
        JobOutcome outcome = begin_outcome(JobEnd::timed_out);
        outcome.text = std::move(why);
        kill_now();
        return outcome;
    }
    JobOutcome begin_outcome(JobEnd end) const {
        return {.job = *job_, .end = end, .text = {}, .wall = Clock::now() - began_};
    }

    pid_t process_ = -1;
    int socket_ = -1;
    std::optional<std::uint64_t> job_;
    Clock::time_point began_;
    std::chrono::nanoseconds processor_began_{};
    unsigned jobs_done_ = 0;
};

}  // namespace

std::string_view to_string(JobEnd end) {
    switch (end) {
        case JobEnd::done:
            return "done";
        case JobEnd::crashed:
            return "crashed";
        case JobEnd::timed_out:
            return "timed-out";
        case JobEnd::out_of_memory:
            return "out-of-memory";
    }
    return "?";
}

WorkerPool::WorkerPool(WorkerLimits limits, Work work) : limits_(limits), work_(std::move(work)) {
    limits_.workers = std::max(1u, limits_.workers);
}

Status WorkerPool::run(const Next& next, const Done& done, const std::atomic<bool>& stop,
                       const Tick& tick) {
    std::vector<Worker> workers(limits_.workers);
    std::optional<std::uint64_t> upcoming = next();
    auto ticked = Clock::now();
    while (!stop.load()) {
        std::vector<pollfd> waiting;
        for (Worker& worker : workers) {
            if (!worker.is_busy() && upcoming) {
                if (worker.jobs_done() >= limits_.jobs_per_worker) worker.kill_now();
                if (!worker.is_alive()) {
                    if (const Status started = worker.start(work_); !started) return started;
                }
                worker.give(*upcoming);
                upcoming = next();
            }
            if (worker.is_busy()) waiting.push_back({worker.socket(), POLLIN, 0});
        }
        if (waiting.empty()) return Unit{};
        poll(waiting.data(), waiting.size(), static_cast<int>(tick_every.count()));
        for (const pollfd& ready : waiting) {
            if (ready.revents == 0) continue;
            const auto worker = std::ranges::find(workers, ready.fd, &Worker::socket);
            done(worker->take());
        }
        if (Clock::now() - ticked < tick_every) continue;
        ticked = Clock::now();
        for (Worker& worker : workers) {
            if (const std::optional<JobOutcome> over = worker.check(limits_)) done(*over);
        }
        tick();
    }
    return Unit{};
}

unsigned usable_processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return std::max(1u, static_cast<unsigned>(CPU_COUNT(&set)));
}

}  // namespace squall::scenarios
