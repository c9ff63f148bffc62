#include "scenarios/hunt/results.h"

#include <sqlite3.h>

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/base/bytes.h"

namespace squall::scenarios {
namespace {

constexpr const char* schema_version = "2";
constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
    scenario TEXT NOT NULL, seed TEXT NOT NULL, verdict TEXT NOT NULL, why TEXT NOT NULL,
    hash TEXT NOT NULL, events INTEGER NOT NULL, sim_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL,
    probes TEXT NOT NULL, plan TEXT NOT NULL, PRIMARY KEY (scenario, seed)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objections (
    scenario TEXT NOT NULL, seed TEXT NOT NULL, checker TEXT NOT NULL, anomaly TEXT NOT NULL,
    cause TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (scenario, seed, checker, anomaly, cause)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS faults (
    scenario TEXT NOT NULL, seed TEXT NOT NULL, kind TEXT NOT NULL, struck INTEGER NOT NULL,
    effective INTEGER NOT NULL, PRIMARY KEY (scenario, seed, kind)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS coverage (
    scenario TEXT NOT NULL, seed TEXT NOT NULL, transition TEXT NOT NULL, fault TEXT NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (scenario, seed, transition, fault)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS findings AS
    SELECT scenario, checker, anomaly, cause, count(*) AS runs
    FROM objections GROUP BY scenario, checker, anomaly, cause;
)sql";

Error error_of(sqlite3* database) {
    const int code = sqlite3_errcode(database);
    const Failure failure = code == SQLITE_FULL      ? Failure::no_space
                            : code == SQLITE_NOTADB  ? Failure::corrupt
                            : code == SQLITE_CORRUPT ? Failure::corrupt
                                                     : Failure::io_error;
    return Error{failure, sqlite3_errmsg(database)};
}

std::uint64_t number_of(std::string_view text, int base = 10) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

// One statement: bind in order, step, read columns from 0.
class Statement {
  public:
    Statement(sqlite3* database, const char* text) : database_(database) {
        sqlite3_prepare_v2(database, text, -1, &statement_, nullptr);
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(statement_); }

    Statement& bind(std::string_view text) {
        sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                          SQLITE_TRANSIENT);  // NOLINT: SQLite's own macro
        return *this;
    }
    Statement& bind(std::int64_t number) {
        sqlite3_bind_int64(statement_, ++bound_, number);
        return *this;
    }
    Statement& bind(std::uint64_t number) { return bind(static_cast<std::int64_t>(number)); }

    // Bound and stepped anew.
    Statement& again() {
        sqlite3_reset(statement_);
        bound_ = 0;
        return *this;
    }
    bool step() { return statement_ != nullptr && sqlite3_step(statement_) == SQLITE_ROW; }
    Status execute() {
        if (statement_ == nullptr || sqlite3_step(statement_) != SQLITE_DONE) {
            return error_of(database_);
        }
        return Unit{};
    }
    std::string text(int column) const {
        const unsigned char* const bytes = sqlite3_column_text(statement_, column);
        if (bytes == nullptr) return {};
        return {reinterpret_cast<const char*>(bytes),
                static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
    std::uint64_t count(int column) const { return static_cast<std::uint64_t>(number(column)); }

  private:
    sqlite3* database_;
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

}  // namespace

Result<Results> Results::open(const std::string& path) {
    sqlite3* database = nullptr;
    const int opened = sqlite3_open(path.empty() ? ":memory:" : path.c_str(), &database);
    Results results(database);
    if (opened != SQLITE_OK) return error_of(database);
    // The results are a record, not a ledger: a power loss of the host may cost the last second.
    if (const Status set = results.run("PRAGMA synchronous = OFF"); !set) return set.error();
    if (const Status made = results.run(schema); !made) return made.error();
    Statement version(database, "SELECT value FROM meta WHERE name = 'schema'");
    if (version.step()) {
        if (version.text(0) != schema_version) {
            return Error{Failure::corrupt, fmt::format("schema {}, and this squall writes {}",
                                                       version.text(0), schema_version)};
        }
    } else if (const Status set = results.set_meta("schema", schema_version); !set) {
        return set.error();
    }
    return results;
}

Result<Results> Results::open_existing(const std::string& path) {
    if (!std::filesystem::is_regular_file(path)) {
        return Error{Failure::not_found, "there is no such file"};
    }
    return open(path);
}

Results::Results(Results&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      in_transaction_(std::exchange(other.in_transaction_, false)) {}

Results& Results::operator=(Results&& other) noexcept {
    std::swap(database_, other.database_);
    std::swap(in_transaction_, other.in_transaction_);
    return *this;
}

Results::~Results() {
    sqlite3_close(database_);
}

Status Results::run(const char* statement) const {
    if (sqlite3_exec(database_, statement, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return error_of(database_);
    }
    return Unit{};
}

Status Results::set_meta(std::string_view name, std::string_view value) {
    return Statement(database_, "INSERT OR REPLACE INTO meta VALUES (?, ?)")
        .bind(name)
        .bind(value)
        .execute();
}

std::optional<std::string> Results::meta(std::string_view name) const {
    Statement row(database_, "SELECT value FROM meta WHERE name = ?");
    row.bind(name);
    return row.step() ? std::optional(row.text(0)) : std::nullopt;
}

std::map<std::string, std::string> Results::metas(std::string_view prefix) const {
    std::map<std::string, std::string> values;
    Statement rows(database_, "SELECT name, value FROM meta");
    while (rows.step()) {
        const std::string name = rows.text(0);
        if (name.starts_with(prefix)) values[name.substr(prefix.size())] = rows.text(1);
    }
    return values;
}

Status Results::add(const RunRecord& record) {
    if (!in_transaction_) {
        if (const Status begun = run("BEGIN"); !begun) return begun;
        in_transaction_ = true;
    }
    const std::string seed = std::to_string(record.seed);
    // What an earlier run of it left goes, so that the row tells of one run.
    for (const char* statement : {"DELETE FROM objections WHERE scenario = ? AND seed = ?",
                                  "DELETE FROM faults WHERE scenario = ? AND seed = ?",
                                  "DELETE FROM coverage WHERE scenario = ? AND seed = ?"}) {
        const Status gone =
            Statement(database_, statement).bind(record.scenario).bind(seed).execute();
        if (!gone) return gone;
    }
    std::map<std::string, std::uint64_t> probes = record.probes;
    for (const std::string& name : record.sometimes) probes.try_emplace(name, 0);
    const Status added =
        Statement(database_, "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(record.scenario)
            .bind(seed)
            .bind(to_string(record.verdict))
            .bind(record.why)
            .bind(to_hex(record.hash))
            .bind(record.events)
            .bind(std::int64_t{record.simulated.count()})
            .bind(std::int64_t{record.wall.count()})
            .bind(nlohmann::json(probes).dump())
            .bind(record.plan)
            .execute();
    if (!added) return added;
    for (const Objection& objection : record.objections) {
        const Status stored =
            Statement(database_, "INSERT INTO objections VALUES (?, ?, ?, ?, ?, ?)")
                .bind(record.scenario)
                .bind(seed)
                .bind(objection.checker)
                .bind(objection.anomaly)
                .bind(objection.cause)
                .bind(objection.count)
                .execute();
        if (!stored) return stored;
    }
    for (const auto& [kind, count] : record.faults) {
        const Status stored = Statement(database_, "INSERT INTO faults VALUES (?, ?, ?, ?, ?)")
                                  .bind(record.scenario)
                                  .bind(seed)
                                  .bind(kind)
                                  .bind(count.struck)
                                  .bind(count.effective)
                                  .execute();
        if (!stored) return stored;
    }
    for (const auto& [cell, count] : record.coverage) {
        const Status stored = Statement(database_, "INSERT INTO coverage VALUES (?, ?, ?, ?, ?)")
                                  .bind(record.scenario)
                                  .bind(seed)
                                  .bind(cell.transition)
                                  .bind(cell.fault)
                                  .bind(count)
                                  .execute();
        if (!stored) return stored;
    }
    return Unit{};
}

Status Results::commit() {
    if (!in_transaction_) return Unit{};
    in_transaction_ = false;
    return run("COMMIT");
}

bool Results::has(std::string_view scenario, std::uint64_t seed) const {
    return Statement(database_, "SELECT 1 FROM runs WHERE scenario = ? AND seed = ?")
        .bind(scenario)
        .bind(std::to_string(seed))
        .step();
}

Status Results::visit(const std::function<void(const RunRecord&)>& each) const {
    Statement runs(
        database_,
        "SELECT scenario, seed, verdict, why, hash, events, sim_ns, wall_ns, probes, plan "
        "FROM runs ORDER BY scenario, seed");
    Statement objections(database_,
                         "SELECT checker, anomaly, cause, count FROM objections "
                         "WHERE scenario = ? AND seed = ? ORDER BY checker, anomaly, cause");
    Statement faults(database_,
                     "SELECT kind, struck, effective FROM faults WHERE scenario = ? AND seed = ?");
    Statement coverage(
        database_, "SELECT transition, fault, count FROM coverage WHERE scenario = ? AND seed = ?");
    while (runs.step()) {
        RunRecord record;
        record.scenario = runs.text(0);
        const std::string seed = runs.text(1);
        record.seed = number_of(seed);
        const Result<Verdict> verdict = parse_verdict(runs.text(2));
        const auto probes = nlohmann::json::parse(runs.text(8), nullptr, false);
        if (!verdict.ok() || !probes.is_object()) {
            return Error{Failure::corrupt,
                         fmt::format("the run of {} with seed {}", record.scenario, seed)};
        }
        record.verdict = *verdict;
        record.why = runs.text(3);
        record.hash = number_of(runs.text(4), 16);
        record.events = runs.count(5);
        record.simulated = Duration(runs.number(6));
        record.wall = std::chrono::nanoseconds(runs.number(7));
        for (const auto& [name, times] : probes.items()) {
            record.probes[name] = times.is_number() ? times.get<std::uint64_t>() : 0;
        }
        record.plan = runs.text(9);
        for (objections.again().bind(record.scenario).bind(seed); objections.step();) {
            record.objections.push_back({.checker = objections.text(0),
                                         .anomaly = objections.text(1),
                                         .cause = objections.text(2),
                                         .count = objections.count(3)});
        }
        for (faults.again().bind(record.scenario).bind(seed); faults.step();) {
            record.faults[faults.text(0)] = {faults.count(1), faults.count(2)};
        }
        for (coverage.again().bind(record.scenario).bind(seed); coverage.step();) {
            record.coverage[{coverage.text(0), coverage.text(1)}] = coverage.count(2);
        }
        each(record);
    }
    if (sqlite3_errcode(database_) != SQLITE_DONE) return error_of(database_);
    return Unit{};
}

Status Results::merge(const std::string& path) {
    // Opened on its own first: a file that is no hunt's must not leave anything of it here.
    const Result<Results> other = open_existing(path);
    if (!other) return other.error();
    const std::map<std::string, std::string> known = metas(scenario_meta);
    for (const auto& [name, fingerprint] : other->metas(scenario_meta)) {
        const auto mine = known.find(name);
        if (mine == known.end() || mine->second == fingerprint) continue;
        return Error{Failure::invalid_input,
                     fmt::format("its hunt ran another {} than that of the results it is to join: "
                                 "expected the same scenario, --set and --bug",
                                 name)};
    }
    if (const Status kept = commit(); !kept) return kept;
    const Status attached = Statement(database_, "ATTACH DATABASE ? AS other").bind(path).execute();
    if (!attached) return attached;
    Status copied =
        run("BEGIN;"
            "INSERT OR REPLACE INTO runs SELECT * FROM other.runs;"
            "INSERT OR REPLACE INTO objections SELECT * FROM other.objections;"
            "INSERT OR REPLACE INTO faults SELECT * FROM other.faults;"
            "INSERT OR REPLACE INTO coverage SELECT * FROM other.coverage;"
            "INSERT OR IGNORE INTO meta SELECT * FROM other.meta;"
            "COMMIT");
    if (!copied) {
        // What went wrong is told; that the way back may fail as well adds nothing.
        static_cast<void>(run("ROLLBACK"));
        static_cast<void>(run("DETACH DATABASE other"));
        return copied;
    }
    return run("DETACH DATABASE other");
}

}  // namespace squall::scenarios
