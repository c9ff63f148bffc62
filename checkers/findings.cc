#include "checkers/findings.h"

#include <algorithm>

namespace squall::checkers {

void detail::add_one(Evidence& out, std::string_view name, std::string value) {
    out.emplace_back(std::string(name), std::move(value));
}

void Findings::object(std::string_view type, Evidence evidence, Events events) {
    ++objection_count_;
    if (objections_.size() == CheckerReport::max_anomalies) return;
    std::ranges::sort(events);
    objections_.push_back(Anomaly{.type = std::string(type),
                                  .evidence = std::move(evidence),
                                  .events = std::move(events),
                                  .allowed = false,
                                  .cause = {}});
}

void Findings::allow(std::string_view type, std::string_view cause, Evidence evidence,
                     Events events, std::uint64_t count) {
    allowed_count_ += count;
    if (allowed_.size() == CheckerReport::max_anomalies) return;
    std::ranges::sort(events);
    allowed_.push_back(Anomaly{.type = std::string(type),
                               .evidence = std::move(evidence),
                               .events = std::move(events),
                               .allowed = true,
                               .cause = std::string(cause)});
}

void Findings::leave_open(std::string why) {
    if (open_count_++ == 0) first_open_ = std::move(why);
}

CheckerReport Findings::report() const {
    CheckerReport report;
    report.checker = checker_;
    report.judged = judged_;
    report.anomaly_count = objection_count_;
    report.allowed_count = allowed_count_;
    report.anomalies = objections_;
    for (const Anomaly& allowed : allowed_) {
        if (report.anomalies.size() == CheckerReport::max_anomalies) break;
        report.anomalies.push_back(allowed);
    }
    if (objection_count_ > 0) {
        report.verdict = CheckerVerdict::fail;
    } else if (open_count_ > 0) {
        report.verdict = CheckerVerdict::inconclusive;
    } else if (judged_ == 0) {
        report.verdict = CheckerVerdict::not_applicable;
    } else {
        report.verdict = CheckerVerdict::pass;
    }
    if (open_count_ == 1) {
        report.note = first_open_;
    } else if (open_count_ > 1) {
        report.note = fmt::format("{} (and {} more left open)", first_open_, open_count_ - 1);
    }
    return report;
}

}  // namespace squall::checkers
