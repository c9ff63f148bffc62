// Results: what a hunt found, in a SQLite file that outlives it. docs/HUNT.md describes the tables;
// they are a contract with whoever queries them (`schema` in the table `meta` counts its versions).
//
//   meta         name, value
//   runs         one row for each run
//   objections   what a run was found guilty of
//   faults       what struck in a run, by kind
//   findings     a view: objections of one kind together
//
// Seeds are text: 64 bits without a sign do not fit SQLite's integers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/hunt/run_record.h"
#include "sim/base/result.h"

struct sqlite3;

namespace squall::scenarios {

// Failures of one kind.
struct FindingGroup {
    std::string scenario;
    std::string checker;
    std::string anomaly;
    std::string cause;
    std::uint64_t runs = 0;
    std::uint64_t seed = 0;    // of the run with the fewest events
    std::uint64_t events = 0;  // of that run
    std::uint64_t hash = 0;    // of that run; 0: it did not come back
};

struct HuntTotals {
    std::map<Verdict, std::uint64_t> verdicts;
    std::uint64_t runs = 0;
    Duration simulated{};
};

class Results {
  public:
    // A new or existing file; "" keeps them in memory. Errors: io_error, no_space where it cannot
    // be written; corrupt where it is something else, or of another schema.
    static Result<Results> open(const std::string& path);
    // As open(), but the file must be there: not_found.
    static Result<Results> open_existing(const std::string& path);

    Results(Results&&) noexcept;
    Results& operator=(Results&&) noexcept;
    ~Results();

    // Adds a run, once: a second one of the same scenario and seed replaces the first.
    Status add(const RunRecord& record);
    // Makes durable what was added.
    Status commit();
    Status set_meta(std::string_view name, std::string_view value);
    std::optional<std::string> meta(std::string_view name) const;
    // Those whose names begin so: what follows in the name -> value.
    std::map<std::string, std::string> metas(std::string_view prefix) const;

    bool has(std::string_view scenario, std::uint64_t seed) const;
    HuntTotals totals() const;
    // In order of scenario, then of how often they came.
    std::vector<FindingGroup> findings() const;
    // Event name -> how often, over all runs; those that should be seen sometimes, but were not,
    // are there with 0.
    std::map<std::string, std::uint64_t> probes() const;
    // Fault kind -> how often it struck, and how often with an effect.
    std::map<std::string, FaultCount> faults() const;
    // Over all runs.
    CoverageCounts coverage() const;
    // RunRecord::plan of that run; "" where its seed gives it, or there is none.
    std::string plan(std::string_view scenario, std::uint64_t seed) const;
    // Seeds as text, in order, e.g. "1..1000" or "1..10, 15".
    std::string seed_ranges() const;
    // Copies every run of another file, and what `meta` says of it that is not known yet. Errors as
    // open(); invalid_input where the two ran different scenarios under one name.
    Status merge(const std::string& path);
    static constexpr std::string_view scenario_meta = "scenario ";  // and its name

  private:
    explicit Results(sqlite3* database) : database_(database) {}
    Status run(const char* statement) const;

    sqlite3* database_;
    bool in_transaction_ = false;
};

}  // namespace squall::scenarios
