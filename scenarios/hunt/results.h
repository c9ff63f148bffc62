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
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/hunt/run_record.h"
#include "sim/base/result.h"

struct sqlite3;

namespace squall::scenarios {

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
    // Every run, in order of scenario and seed (as text). What should have been seen sometimes, and
    // was not, is among the probes with 0. Errors: corrupt, where a row is not what add() wrote.
    Status visit(const std::function<void(const RunRecord&)>& each) const;
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
