// Client: the machine that an application runs on, as its code sees it, with Kafka's producers and
// consumers in plain blocking style.
//
// Calls that wait (sleep, poll, flush, commit and the like) park the application's fiber; virtual
// time goes on meanwhile, in no real time. When the machine dies, the call that waits ends with an
// exception that is no std::exception: let it pass, and never write `catch (...)`. No assertion
// macros of a test framework in here, and no waiting in destructors: write down what happened (in
// the database) and judge when the run is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "squall/database.h"

namespace squall {

// Kafka's settings by Kafka's keys: {"linger.ms", "20"}.
using Settings = std::map<std::string, std::string>;

struct Record {
    std::string topic;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::optional<std::int32_t> partition;  // nullopt: by key, else the producer's choice
    std::vector<std::pair<std::string, std::string>> headers;
};

struct Received {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
    std::uint64_t content_id = 0;  // equal for equal contents
};

// What became of an operation. `unknown` is not `failed`: it may have happened.
struct Answer {
    enum class Is { ok, failed, unknown };
    Is is = Is::unknown;
    std::string error{};       // "" for ok
    bool must_abort = false;   // of a transaction: it can only be aborted
    bool is_fatal = false;     // of a transaction: the producer can only be closed
    std::int32_t partition{};  // of a record that was sent
    std::int64_t offset = -1;  // likewise; -1 where the broker did not tell

    bool ok() const { return is == Is::ok; }
};

class Consumer;
class Client;

class Producer {
  public:
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;
    ~Producer();

    // Returns before the record is written, as Kafka's send does; `then` runs when its fate is
    // known, and must not wait. May park, for metadata and for buffer.memory.
    void send(Record record, std::function<void(const Answer&)> then = {});
    Answer send_and_wait(Record record);  // may park
    // Returns when everything sent before has an answer. May park.
    void flush();
    void close();  // may park

    // Of a producer with a transactional.id. All may park.
    Answer init_transactions();
    Answer begin_transaction();
    // The positions of what `consumer` was handed so far, as part of the transaction.
    Answer send_offsets_to_transaction(Consumer& consumer);
    Answer commit_transaction();
    Answer abort_transaction();

  private:
    friend class Client;
    struct Impl;
    explicit Producer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

class Consumer {
  public:
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;
    ~Consumer();

    void subscribe(std::vector<std::string> topics);
    // Partitions as "orders-0", without a group's protocol.
    void assign(const std::vector<std::string>& partitions);
    std::vector<std::string> assignment() const;
    // Empty when nothing came within `timeout`, and where the client could not go on by itself:
    // problem() then says why, and the next poll tries again. Where the group will not have this
    // member for good, the application dies of it, as of an exception that nobody catches, and a
    // supervisor starts it again. May park.
    std::vector<Received> poll(std::chrono::milliseconds timeout = std::chrono::seconds(1));
    const std::string& problem() const;
    // Says that the work on this record is done: to the checkers, and to nobody else.
    void handled(const Received& record);

    // Everything that was returned by poll so far. The first may park.
    Answer commit();
    void commit_async();
    void seek(const std::string& partition, std::int64_t offset);
    // From the first of these records on again, where their partitions are still assigned.
    void rewind(const std::vector<Received>& records);
    // Leaves the group. May park.
    void close();

  private:
    friend class Client;
    friend class Producer;
    struct Impl;
    explicit Consumer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

class Client {
  public:
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    const std::string& name() const;
    // Which start of the machine this is, from 1.
    std::uint64_t incarnation() const;

    // They live until the process ends; make them once and use them on. What the pipeline says of
    // all producers and consumers holds where `settings` say nothing. Throws std::invalid_argument
    // for a setting that Kafka would refuse.
    Producer& producer(const Settings& settings = {});
    // `group` "": none, for assign(). Commits are the application's unless enable.auto.commit says
    // otherwise; a group without a committed offset begins with the earliest record.
    Consumer& consumer(const std::string& group, const Settings& settings = {});

    void sleep(std::chrono::nanoseconds duration);  // parks
    // The machine's wall clock, in milliseconds since 1970, with all that is wrong with it.
    std::int64_t wall_clock_ms() const;
    // Uniform in 0..below-1, by the run's seed: the n-th draw of this machine is the same whatever
    // others do. Requires: below > 0.
    std::uint64_t draw(std::uint64_t below);
    // Another fiber of this process. `name` is to be the same from run to run.
    void spawn(const std::string& name, std::function<void()> body);

    // The storm is over: send nothing new, go on consuming.
    bool is_calm() const;
    // The process was asked to stop (a fault `restart`): wind up, close consumers, and return from
    // main. Who takes too long is killed.
    bool is_stopping() const;

    // What survives the machine, by name; one for all applications of a run.
    template <class T>
    T& database(const std::string& name) {
        return database().at<T>(name);
    }
    Database& database();

    // ---- for the library alone ----

    struct Impl;
    explicit Client(std::unique_ptr<Impl> impl);
    Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace squall
