#include "sim/disk/disk.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/base/assert.h"
#include "sim/disk/crash_model.h"
#include "sim/disk/directory.h"
#include "sim/disk/faults.h"

namespace squall::sim {

namespace {

using Operation = ActiveFaults::Operation;

bool is_valid_path(std::string_view path) {
    while (true) {
        const std::size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        if (name.empty() || name == "." || name == "..") return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

struct Disk::State {
    State(DiskOptions the_options, Noise the_noise, std::string the_name)
        : options(std::move(the_options)),
          noise(the_noise),
          name(std::move(the_name)),
          faults(noise, name) {}

    struct Flush {
        std::string_view path;  // as flush_counts has it
        std::shared_ptr<File> file;
        std::uint64_t journaled = 0;  // what the journal had at the begin
        std::uint64_t ordinal = 0;    // the n-th flush of that path
    };

    DiskOptions options;
    Noise noise;
    std::string name;
    ActiveFaults faults;
    std::function<void(const DiskIncident&)> observer;

    Directory directory;
    std::uint64_t used_bytes = 0;

    std::map<std::uint64_t, Flush> flushes;
    std::uint64_t last_ticket = 0;
    std::map<std::string, std::uint64_t, std::less<>> flush_counts;  // per path, for the draws
    std::map<std::string, std::uint64_t, std::less<>> rot_counts;    // per fault id, likewise
    std::map<std::string, std::uint64_t, std::less<>> misdirected_counts;
    std::uint64_t power_losses = 0;

    // Set by arm_death_after.
    struct ArmedDeath {
        std::uint64_t operations = 0;  // to go
        std::string path_part;         // in the names that count
        std::function<void()> on_reached;
    };
    std::optional<ArmedDeath> armed_death;
    std::uint64_t operations = 0;  // so far
    bool is_dead = false;
    std::function<bool()> is_node_dying;

    bool has_died() const { return is_dead || (is_node_dying && is_node_dying()); }

    Meaning meaning(std::string_view what) const { return Meaning(what).with(name); }

    Error error(Failure failure, std::string_view path, std::string_view what) const {
        return Error{failure, fmt::format("disk {}: {}: {}", name, path, what)};
    }
    Error not_found(std::string_view path) const {
        return error(Failure::not_found, path, "no such file");
    }

    void tell(std::string_view fault, std::string_view path, std::uint64_t bytes,
              std::string fault_id) const {
        if (!observer) return;
        observer(DiskIncident{.fault = std::string(fault),
                              .path = std::string(path),
                              .bytes = bytes,
                              .fault_id = std::move(fault_id)});
    }

    void die_if_due() {
        if (!armed_death || armed_death->operations > 0) return;
        is_dead = true;
        // Moved out first: the callback may revive the disk or arm it again.
        const ArmedDeath death = std::move(*std::exchange(armed_death, std::nullopt));
        if (death.on_reached) death.on_reached();
    }

    // Counts a changing call when it has ended, however it ended. `other`: a second name that it
    // concerned.
    template <class T>
    Result<T> counted(Result<T> result, std::string_view path, std::string_view other = {}) {
        if (armed_death && (path.find(armed_death->path_part) != std::string_view::npos ||
                            other.find(armed_death->path_part) != std::string_view::npos)) {
            --armed_death->operations;
        }
        ++operations;
        die_if_due();
        return result;
    }

    // Why an operation on `path` fails before it has any effect, if it does. `bytes`: concerned.
    std::optional<Error> refusal(Operation operation, std::string_view path, std::uint64_t bytes) {
        const std::optional<std::string> fault = faults.fails(operation, path);
        if (!fault) return std::nullopt;
        tell("io_error", path, bytes, *fault);
        return error(Failure::io_error, path, "input/output error");
    }
    std::optional<Error> no_room(std::string_view path, std::uint64_t bytes) const {
        const std::optional<std::string> fault = faults.full(path);
        const bool fits = used_bytes + bytes <= options.capacity_bytes;
        if (!fault && fits) return std::nullopt;
        tell("no_space", path, bytes, fault.value_or(""));
        return error(Failure::no_space, path, "no space left on device");
    }

    Duration charge(Duration cost, std::string_view path, std::uint64_t bytes) {
        ActiveFaults::Slowed slowed = faults.slowed(cost, path);
        if (slowed.newly_by) tell("slow", path, bytes, *std::move(slowed.newly_by));
        return slowed.cost;
    }

    std::uint64_t size_of(std::string_view path) const {
        const std::shared_ptr<File> file = directory.find(path);
        return file ? file->size() : 0;
    }

    void void_tickets() {
        for (auto& [ticket, flush] : flushes) flush.file->forget_flushes();
        flushes.clear();
    }

    Result<Duration> append(std::string_view path, ByteView bytes) {
        if (auto refused = refusal(Operation::write, path, bytes.size())) return *refused;
        if (auto refused = no_room(path, bytes.size())) return *refused;
        std::shared_ptr<File> file = directory.find(path);
        if (!file) file = directory.create(path);
        file->append(bytes);
        used_bytes += bytes.size();
        return charge(options.write_latency, path, bytes.size());
    }

    Result<Duration> replace(std::string_view path, ByteView bytes) {
        if (auto refused = refusal(Operation::write, path, bytes.size())) return *refused;
        if (auto refused = no_room(path, bytes.size())) return *refused;
        used_bytes += bytes.size();
        used_bytes -= size_of(path);
        directory.put(path, File::written_through(bytes));
        return charge(options.write_latency, path, bytes.size());
    }

    Result<Duration> truncate(std::string_view path, std::uint64_t size) {
        const std::shared_ptr<File> file = directory.find(path);
        if (!file) return not_found(path);
        if (auto refused = refusal(Operation::write, path, 0)) return *refused;
        used_bytes -= file->size();
        directory.truncate(path, size);
        used_bytes += size;
        return charge(options.write_latency, path, 0);
    }

    Result<Duration> rename(std::string_view from, std::string_view to) {
        if (!directory.find(from)) return not_found(from);
        if (auto refused = refusal(Operation::write, from, 0)) return *refused;
        if (from != to) used_bytes -= size_of(to);
        directory.rename(from, to);
        return charge(options.write_latency, from, 0);
    }

    Result<Duration> remove(std::string_view path) {
        if (!directory.find(path)) return not_found(path);
        if (auto refused = refusal(Operation::write, path, 0)) return *refused;
        used_bytes -= size_of(path);
        directory.remove(path);
        return charge(options.write_latency, path, 0);
    }

    Result<FlushTicket> begin_flush(std::string_view path) {
        std::shared_ptr<File> file = directory.find(path);
        if (!file) return not_found(path);
        auto count = flush_counts.find(path);
        if (count == flush_counts.end()) count = flush_counts.emplace(path, 0).first;
        const std::uint64_t ordinal = count->second++;
        const std::uint64_t bits = noise.at(meaning("flush latency").with(path), ordinal);
        const std::uint64_t dirty = file->size() - file->clean_size();
        const std::uint64_t ticket = ++last_ticket;
        file->begin_flush(ticket);
        flushes.emplace(ticket, Flush{.path = count->first,
                                      .file = std::move(file),
                                      .journaled = directory.journaled(),
                                      .ordinal = ordinal});
        return FlushTicket{.id = ticket,
                           .path = std::string(path),
                           .cost = charge(options.flush_latency.at(bits), path, dirty)};
    }

    Status finish_flush(const FlushTicket& ticket) {
        const auto found = flushes.find(ticket.id);
        if (found == flushes.end()) {
            return error(Failure::closed, ticket.path, "the flush ended with its process or disk");
        }
        const Flush flush = std::move(found->second);
        flushes.erase(found);
        // The journal goes first, and even if the data fails: a commit does not need the data of
        // appended files.
        directory.commit(flush.journaled);
        const std::optional<std::string> fault = faults.fails(Operation::flush, flush.path);
        if (!fault) {
            flush.file->finish_flush(ticket.id);
            return success();
        }
        const Meaning what = meaning("failed flush").with(flush.path).with(flush.ordinal);
        const std::uint64_t bytes = flush.file->fail_flush(ticket.id, SectorFates(noise, what));
        tell("io_error", flush.path, bytes, *fault);
        return error(Failure::io_error, flush.path, "input/output error while flushing");
    }

    std::uint64_t lose_power();
    void rot(std::string_view path_prefix, std::uint32_t count, const std::string& fault_id);
    void misdirect(std::string_view path_prefix, std::uint32_t count, const std::string& fault_id);
};

std::uint64_t Disk::State::lose_power() {
    const std::uint64_t loss_number = power_losses++;
    void_tickets();
    Draws draws(noise, meaning("power loss").with(loss_number).with("journal"));
    const std::uint64_t surviving_changes = draws.below(directory.uncommitted() + 1);
    directory.commit(directory.journaled() - directory.uncommitted() + surviving_changes);

    const Directory::Names before = directory.names();
    const std::map<std::string, std::uint64_t> limits = directory.lose_power();
    std::uint64_t lost_bytes = 0;
    // A file that no name leads to any more is lost whole.
    for (const auto& [path, file] : before) {
        const bool survives = std::ranges::any_of(
            directory.names(), [&](const auto& named) { return named.second == file; });
        if (survives || file->size() == 0) continue;
        lost_bytes += file->size();
        tell("lost", path, file->size(), "");
    }
    used_bytes = 0;
    for (const auto& [path, file] : directory.names()) {
        const Meaning what = meaning("power loss").with(loss_number).with(path);
        const File::Loss loss = file->lose_power(SectorFates(noise, what), limits.at(path));
        if (loss.lost_bytes > 0) tell("lost", path, loss.lost_bytes, "");
        if (loss.torn_sectors > 0) tell("torn", path, loss.torn_sectors * sector_bytes, "");
        lost_bytes += loss.lost_bytes;
        used_bytes += file->size();
    }
    return lost_bytes;
}

void Disk::State::rot(std::string_view path_prefix, std::uint32_t count,
                      const std::string& fault_id) {
    std::vector<std::pair<std::string, File*>> files;
    std::uint64_t resting = 0;
    for (const auto& [path, file] : directory.names()) {
        if (!path.starts_with(path_prefix)) continue;
        files.emplace_back(path, file.get());
        resting += file->resting_bytes();
    }
    const std::uint64_t call = rot_counts[fault_id]++;
    Draws draws(noise, meaning("bit rot").with(fault_id).with(call));
    std::set<std::uint64_t> chosen;  // distinct, so that no flip undoes another
    while (chosen.size() < std::min<std::uint64_t>(count, resting)) {
        chosen.insert(draws.below(resting));
    }
    std::uint64_t begin = 0;
    auto next = chosen.begin();
    for (const auto& [path, file] : files) {
        const std::uint64_t end = begin + file->resting_bytes();
        std::uint64_t flipped = 0;
        for (; next != chosen.end() && *next < end; ++next, ++flipped) {
            file->flip_bit(*next - begin, static_cast<unsigned>(draws.below(8)));
        }
        if (flipped > 0) tell("bit_rot", path, flipped, fault_id);
        begin = end;
    }
}

void Disk::State::misdirect(std::string_view path_prefix, std::uint32_t count,
                            const std::string& fault_id) {
    std::vector<std::pair<std::string, File*>> files;
    for (const auto& [path, file] : directory.names()) {
        if (path.starts_with(path_prefix) && file->resting_bytes() > 0) {
            files.emplace_back(path, file.get());
        }
    }
    if (files.size() < 2) return;
    const std::uint64_t call = misdirected_counts[fault_id]++;
    Draws draws(noise, meaning("misdirected write").with(fault_id).with(call));
    const auto sectors = [](const File& file) {
        return (file.resting_bytes() + sector_bytes - 1) / sector_bytes;
    };
    for (std::uint32_t n = 0; n < count; ++n) {
        const std::size_t meant = draws.below(files.size());
        const std::size_t offset = 1 + draws.below(files.size() - 1);
        const auto& [meant_path, from] = files[meant];
        const auto& [hit_path, to] = files[(meant + offset) % files.size()];
        const std::uint64_t from_begin = draws.below(sectors(*from)) * sector_bytes;
        const std::uint64_t to_begin = draws.below(sectors(*to)) * sector_bytes;
        const std::uint64_t length =
            std::min({std::uint64_t{sector_bytes}, from->resting_bytes() - from_begin,
                      to->resting_bytes() - to_begin});
        for (std::uint64_t i = 0; i < length; ++i) {
            to->set_resting_byte(to_begin + i, from->resting_byte(from_begin + i));
            from->set_resting_byte(from_begin + i, 0);
        }
        tell("misdirected", meant_path, length, fault_id);
        tell("misdirected", hit_path, length, fault_id);
    }
}

Disk::Disk(DiskOptions options, Noise noise, std::string name)
    : state_(std::make_unique<State>(std::move(options), noise, std::move(name))) {}

Disk::~Disk() = default;

void Disk::on_incident(std::function<void(const DiskIncident&)> observer) {
    state_->observer = std::move(observer);
}

void Disk::dies_with(std::function<bool()> is_node_dying) {
    state_->is_node_dying = std::move(is_node_dying);
}

// ---- for the process ----

Result<Duration> Disk::append(std::string_view path, ByteView bytes) {
    ASSERT(is_valid_path(path), "path '{}'", path);
    if (state_->has_died()) return state_->error(Failure::closed, path, "the node is dead");
    return state_->counted(state_->append(path, bytes), path);
}

Result<Duration> Disk::replace(std::string_view path, ByteView bytes) {
    ASSERT(is_valid_path(path), "path '{}'", path);
    if (state_->has_died()) return state_->error(Failure::closed, path, "the node is dead");
    return state_->counted(state_->replace(path, bytes), path);
}

Result<Costed<Bytes>> Disk::read(std::string_view path, std::uint64_t offset,
                                 std::uint64_t length) const {
    ASSERT(is_valid_path(path), "path '{}'", path);
    if (state_->has_died()) return state_->error(Failure::closed, path, "the node is dead");
    const std::shared_ptr<File> file = state_->directory.find(path);
    if (!file) return state_->not_found(path);
    ASSERT(offset <= file->size(), "{}: a read at {} of {} bytes", path, offset, file->size());
    const std::uint64_t count = std::min(length, file->size() - offset);
    if (auto refused = state_->refusal(Operation::read, path, count)) return *refused;
    const ByteView bytes = file->content().subspan(offset, count);
    return Costed<Bytes>{.value = Bytes(bytes.begin(), bytes.end()),
                         .cost = state_->charge(state_->options.read_latency, path, count)};
}

Result<Costed<Bytes>> Disk::read_all(std::string_view path) const {
    return read(path, 0, UINT64_MAX);
}

Result<Duration> Disk::truncate(std::string_view path, std::uint64_t size) {
    ASSERT(is_valid_path(path), "path '{}'", path);
    if (state_->has_died()) return state_->error(Failure::closed, path, "the node is dead");
    return state_->counted(state_->truncate(path, size), path);
}

Result<Duration> Disk::rename(std::string_view from, std::string_view to) {
    ASSERT(is_valid_path(from), "path '{}'", from);
    ASSERT(is_valid_path(to), "path '{}'", to);
    if (state_->has_died()) return state_->error(Failure::closed, from, "the node is dead");
    return state_->counted(state_->rename(from, to), from, to);
}

Result<Duration> Disk::remove(std::string_view path) {
    ASSERT(is_valid_path(path), "path '{}'", path);
    if (state_->has_died()) return state_->error(Failure::closed, path, "the node is dead");
    return state_->counted(state_->remove(path), path);
}

bool Disk::exists(std::string_view path) const {
    return state_->directory.find(path) != nullptr;
}

Result<std::uint64_t> Disk::size(std::string_view path) const {
    const std::shared_ptr<File> file = state_->directory.find(path);
    if (!file) return state_->not_found(path);
    return file->size();
}

std::vector<std::string> Disk::list(std::string_view prefix) const {
    std::vector<std::string> paths;
    const Directory::Names& names = state_->directory.names();
    for (auto name = names.lower_bound(prefix);
         name != names.end() && name->first.starts_with(prefix); ++name) {
        paths.push_back(name->first);
    }
    return paths;
}

std::uint64_t Disk::used_bytes() const {
    return state_->used_bytes;
}

std::uint64_t Disk::capacity_bytes() const {
    return state_->options.capacity_bytes;
}

Result<FlushTicket> Disk::begin_flush(std::string_view path) {
    ASSERT(is_valid_path(path), "path '{}'", path);
    if (state_->has_died()) return state_->error(Failure::closed, path, "the node is dead");
    return state_->counted(state_->begin_flush(path), path);
}

Status Disk::finish_flush(const FlushTicket& ticket) {
    if (state_->has_died()) return state_->error(Failure::closed, ticket.path, "the node is dead");
    return state_->counted(state_->finish_flush(ticket), ticket.path);
}

Result<Duration> Disk::flush(std::string_view path) {
    const Result<FlushTicket> ticket = begin_flush(path);
    if (!ticket) return ticket.error();
    const Status finished = finish_flush(*ticket);
    if (!finished) return finished.error();
    return ticket->cost;
}

// ---- for the harness ----

std::uint64_t Disk::power_loss() {
    return state_->lose_power();
}

void Disk::process_crash() {
    state_->void_tickets();
}

void Disk::rot(std::string_view path_prefix, std::uint32_t count, std::string fault_id) {
    state_->rot(path_prefix, count, fault_id);
}

void Disk::misdirect(std::string_view path_prefix, std::uint32_t count, std::string fault_id) {
    state_->misdirect(path_prefix, count, fault_id);
}

void Disk::set_faults(DiskFaults faults) {
    state_->faults.set(std::move(faults));
}

void Disk::clear_faults() {
    state_->faults.clear();
}

void Disk::clear_faults(std::string_view fault_id) {
    state_->faults.clear(fault_id);
}

void Disk::arm_death_after(std::uint64_t operations, std::function<void()> on_reached,
                           std::string path_part) {
    ASSERT(!state_->is_dead, "disk {}: the node is dead already", state_->name);
    state_->armed_death = State::ArmedDeath{.operations = operations,
                                            .path_part = std::move(path_part),
                                            .on_reached = std::move(on_reached)};
    state_->die_if_due();
}

void Disk::revive() {
    state_->armed_death.reset();
    state_->is_dead = false;
}

void Disk::wipe(std::string_view fault_id) {
    state_->void_tickets();
    for (const auto& [path, file] : state_->directory.names()) {
        if (file->size() > 0) state_->tell("lost", path, file->size(), std::string(fault_id));
    }
    state_->directory = Directory();
    state_->used_bytes = 0;
}

Bytes Disk::inspect(std::string_view path) const {
    const std::shared_ptr<File> file = state_->directory.find(path);
    if (!file) return {};
    return Bytes(file->content().begin(), file->content().end());
}

std::uint64_t Disk::operations() const {
    return state_->operations;
}

}  // namespace squall::sim
