// What a disk promises, against a model that remembers, of each file, its state as of the last
// finished flush (the idea of LevelDB's fault_injection_test): random calls, then a power loss.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sim/disk/disk.h"

namespace squall::sim {
namespace {

struct Call {
    enum class Kind { append, replace, truncate, rename, remove, begin_flush, finish_flush, crash };
    Kind kind = Kind::append;
    std::uint8_t file = 0;
    std::uint8_t other = 0;
    std::uint16_t size = 0;
};

void showValue(const Call& call, std::ostream& os) {
    os << "{kind " << static_cast<int>(call.kind) << ", file " << int{call.file} << ", other "
       << int{call.other} << ", size " << call.size << "}";
}

rc::Gen<Call> any_call() {
    using Kind = Call::Kind;
    return rc::gen::build<Call>(
        rc::gen::set(&Call::kind, rc::gen::weightedElement<Kind>({{8, Kind::append},
                                                                  {1, Kind::replace},
                                                                  {2, Kind::truncate},
                                                                  {1, Kind::rename},
                                                                  {1, Kind::remove},
                                                                  {4, Kind::begin_flush},
                                                                  {4, Kind::finish_flush},
                                                                  {1, Kind::crash}})),
        rc::gen::set(&Call::file, rc::gen::inRange<std::uint8_t>(0, 3)),
        rc::gen::set(&Call::other, rc::gen::inRange<std::uint8_t>(0, 3)),
        rc::gen::set(&Call::size, rc::gen::inRange<std::uint16_t>(0, 1500)));
}

// Drives a disk, and knows what its page cache must show and what a power loss must leave.
class Driver {
  public:
    explicit Driver(std::uint64_t seed) : disk({}, Noise(seed), "b1") {}

    void run(const std::vector<Call>& calls) {
        for (const Call& call : calls) step(call);
    }

    void step(const Call& call) {
        const std::string path = name(call.file);
        switch (call.kind) {
            case Call::Kind::append: {
                const std::string text(call.size, next_letter());
                RC_ASSERT(disk.append(path, as_bytes(text)).ok());
                cached[path].text += text;
                if (cached[path].id == 0) cached[path].id = ++last_id_;
                return;
            }
            case Call::Kind::replace: {
                const std::string text(call.size, next_letter());
                RC_ASSERT(disk.replace(path, as_bytes(text)).ok());
                cached[path] = {.id = ++last_id_, .text = text};
                return;
            }
            case Call::Kind::truncate: {
                if (!cached.contains(path)) return;
                std::string& text = cached[path].text;
                const std::size_t size = text.empty() ? 0 : call.size % (text.size() + 1);
                RC_ASSERT(disk.truncate(path, size).ok());
                text.resize(size);
                const std::uint64_t id = cached[path].id;
                lower(promised_size, id, size);
                for (auto& [ticket, covered] : in_flight_sizes_) {
                    if (covered.first == id) covered.second = std::min(covered.second, size);
                }
                return;
            }
            case Call::Kind::rename: {
                if (!cached.contains(path)) return;
                const std::string to = name(call.other);
                RC_ASSERT(disk.rename(path, to).ok());
                if (to == path) return;
                cached[to] = cached[path];
                cached.erase(path);
                return;
            }
            case Call::Kind::remove:
                if (!cached.contains(path)) return;
                RC_ASSERT(disk.remove(path).ok());
                cached.erase(path);
                return;
            case Call::Kind::begin_flush: {
                if (!cached.contains(path)) return;
                tickets_.push_back(disk.begin_flush(path).value());
                in_flight_sizes_[tickets_.back().id] = {cached[path].id, cached[path].text.size()};
                return;
            }
            case Call::Kind::finish_flush: {
                if (tickets_.empty()) return;
                const std::size_t chosen = call.size % tickets_.size();
                const FlushTicket ticket = tickets_[chosen];
                tickets_.erase(tickets_.begin() + static_cast<std::ptrdiff_t>(chosen));
                RC_ASSERT(disk.finish_flush(ticket).ok());
                const auto [id, size] = in_flight_sizes_.at(ticket.id);
                promised_size[id] = std::max(promised_size[id], size);
                return;
            }
            case Call::Kind::crash:
                disk.process_crash();
                tickets_.clear();
                return;
        }
    }

    void check_cache() const {
        std::vector<std::string> names;
        std::uint64_t used = 0;
        for (const auto& [path, file] : cached) {
            names.push_back(path);
            used += file.text.size();
            RC_ASSERT(as_text(disk.inspect(path)) == file.text);
        }
        RC_ASSERT(disk.list("") == names);
        RC_ASSERT(disk.used_bytes() == used);
    }

    struct Content {
        std::uint64_t id = 0;  // of the file, whatever its name
        std::string text;
    };

    Disk disk;
    std::map<std::string, Content> cached;
    std::map<std::uint64_t, std::size_t> promised_size;  // file -> durable prefix

  private:
    static std::string name(std::uint8_t file) { return {static_cast<char>('a' + file)}; }
    char next_letter() { return letter_ = letter_ == 'z' ? 'a' : static_cast<char>(letter_ + 1); }
    static void lower(std::map<std::uint64_t, std::size_t>& sizes, std::uint64_t id,
                      std::size_t size) {
        const auto found = sizes.find(id);
        if (found != sizes.end()) found->second = std::min(found->second, size);
    }

    std::uint64_t last_id_ = 0;
    char letter_ = 'z';
    std::vector<FlushTicket> tickets_;
    std::map<std::uint64_t, std::pair<std::uint64_t, std::size_t>> in_flight_sizes_;
};

RC_GTEST_PROP(DiskModel, ProcessCrashesLoseNothing, (std::uint64_t seed)) {
    Driver driver(seed);
    driver.run(*rc::gen::container<std::vector<Call>>(any_call()));
    driver.check_cache();
}

// After the calls one more flush of one file commits all names, so that what each name must be is
// known; the content of the other files is promised as far as their own flushes went.
RC_GTEST_PROP(DiskModel, APowerLossLeavesWhatFinishedFlushesCovered, (std::uint64_t seed)) {
    Driver driver(seed);
    driver.run(*rc::gen::container<std::vector<Call>>(any_call()));
    RC_ASSERT(driver.disk.append("last", {}).ok());
    RC_ASSERT(driver.disk.flush("last").ok());
    driver.cached["last"] = {};
    driver.disk.power_loss();

    std::vector<std::string> names;
    for (const auto& [path, file] : driver.cached) names.push_back(path);
    RC_ASSERT(driver.disk.list("") == names);
    std::uint64_t used = 0;
    for (const auto& [path, file] : driver.cached) {
        const Bytes bytes = driver.disk.inspect(path);
        const std::string_view text = as_text(bytes);
        used += text.size();
        const std::size_t promised = driver.promised_size[file.id];
        RC_ASSERT(text.size() >= promised);
        RC_ASSERT(text.size() <= file.text.size());
        RC_ASSERT(text.substr(0, promised) == std::string_view(file.text).substr(0, promised));
        for (std::size_t i = promised; i < text.size(); ++i) {
            RC_ASSERT(text[i] == file.text[i] || text[i] == '\0');
        }
    }
    RC_ASSERT(driver.disk.used_bytes() == used);
}

// Without that last flush names are as they were at some point between two of the calls.
RC_GTEST_PROP(DiskModel, NamesAfterAPowerLossAreThoseOfSomeMoment, (std::uint64_t seed)) {
    Driver driver(seed);
    std::vector<std::vector<std::string>> moments{{}};
    for (const Call& call : *rc::gen::container<std::vector<Call>>(any_call())) {
        driver.step(call);
        moments.push_back(driver.disk.list(""));
    }
    driver.disk.power_loss();
    RC_ASSERT(std::ranges::find(moments, driver.disk.list("")) != moments.end());
}

RC_GTEST_PROP(DiskModel, TheSameSeedLosesTheSame, (std::uint64_t seed)) {
    const auto calls = *rc::gen::container<std::vector<Call>>(any_call());
    Driver one(seed), two(seed);
    one.run(calls);
    two.run(calls);
    RC_ASSERT(one.disk.power_loss() == two.disk.power_loss());
    RC_ASSERT(one.disk.list("") == two.disk.list(""));
    for (const std::string& path : one.disk.list("")) {
        RC_ASSERT(one.disk.inspect(path) == two.disk.inspect(path));
    }
}

// A second power loss finds nothing more to lose.
RC_GTEST_PROP(DiskModel, WhatSurvivedAPowerLossIsDurable, (std::uint64_t seed)) {
    Driver driver(seed);
    driver.run(*rc::gen::container<std::vector<Call>>(any_call()));
    driver.disk.power_loss();
    std::map<std::string, Bytes> before;
    for (const std::string& path : driver.disk.list("")) before[path] = driver.disk.inspect(path);
    RC_ASSERT(driver.disk.power_loss() == 0u);
    for (const auto& [path, bytes] : before) RC_ASSERT(driver.disk.inspect(path) == bytes);
}

}  // namespace
}  // namespace squall::sim
