// log-start: what leaves a log at its start, or is compacted, was allowed to go.
//
//   log-start-regressed              it went back
//   log-start-beyond-high-watermark  it passed what is committed
//   log-start-not-the-leaders        a follower's passed its leaders'
//   deletion-not-asked               nobody had asked for it
//   deletion-not-done                who had asked was told that it was done
//   retention-not-allowed            the settings do not, or not yet
//   cleaning-not-allowed             a topic was compacted that must not be
//
// What each of them means exactly: checkers/log_starts.h.
// What was not allowed to go excuses nothing that is missing. Allowed: nothing. Guarantees:
// retention or compaction recorded; KIP-107.
#include "checkers/casebook.h"
#include "checkers/factories.h"
#include "checkers/findings.h"

namespace squall::checkers {

namespace {

class LogStart final : public Checker {
  public:
    explicit LogStart(const Casebook& book) : book_(book) {}

    std::string_view name() const override { return "log-start"; }

    bool looks_at(const sim::EventKind& kind) const override { return LogStarts::looks_at(kind); }
    void observe(const sim::Event&) override {
        if (book_.log_starts().has_judged()) findings_.judge();
        const std::optional<LogStartFault>& fault = book_.log_starts().fault();
        if (fault) findings_.object(fault->type, fault->shown, fault->events);
    }

    CheckerReport finish() override { return findings_.report(); }

  private:
    const Casebook& book_;
    Findings findings_{"log-start"};
};

}  // namespace

std::unique_ptr<Checker> make_log_start(const Casebook& book) {
    return std::make_unique<LogStart>(book);
}

}  // namespace squall::checkers
