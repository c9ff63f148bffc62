#include "sim/kernel/scheduler.h"

#include <cxxabi.h>

#include <algorithm>
#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/scheduler.hpp>
#include <limits>
#include <utility>

#include "sim/kernel/simulation.h"
#include "sim/kernel/stack_pool.h"
#include "sim/kernel/wait.h"

#ifdef SQUALL_ASAN
#include <sanitizer/common_interface_defs.h>

// With fake frames on the heap the sanitizer would have to follow a fiber beyond its end.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "detect_stack_use_after_return=0";
}
#endif

namespace squall::sim {

namespace {

// The two words that the C++ runtime keeps per thread, and that belong to a fiber: which exceptions
// are being handled, and how many are in flight (Itanium C++ ABI, section 2.2.2).
struct ExceptionState {
    void* handled = nullptr;
    unsigned int in_flight = 0;
};

ExceptionState& exception_state_of_this_thread() {
    return *reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
}

}  // namespace

// A stack of control: of a worker, of the main context, or of Boost's dispatcher.
struct Fiber {
    boost::fibers::context* context = nullptr;
    ExceptionState exceptions;  // while it does not run
    StackPool::Stack stack;     // the sanitizer wants to know
    void* fake_stack = nullptr;
};

// A fiber that runs one task after another.
struct Worker final : TaskState {
    Fiber fiber;
};

// What the kernel keeps per thread: the scheduling algorithm that Boost.Fiber asks, and the stacks.
// Installed with the first simulation of a thread; Boost owns it, and destroys it when the thread
// ends. The choice itself is made by Scheduler::pick before a fiber suspends, so pick_next has only
// to name it.
class FiberThread final : public boost::fibers::algo::algorithm {
  public:
    static FiberThread& of_this_thread();

    // Switches to `to`; returns when somebody switches back.
    void switch_to(Fiber& to) {
        Fiber& from = *running_;
        leave(to);
        from.context->suspend();
        arrive();
    }
    // For the last switch of a fiber, which Boost makes after the fiber's function returned.
    void leave(Fiber& to) {
        Fiber& from = *running_;
        from.exceptions = std::exchange(exceptions_, to.exceptions);
        previous_ = &from;
        running_ = &to;
        chosen_ = to.context;
#ifdef SQUALL_ASAN
        __sanitizer_start_switch_fiber(&from.fake_stack, to.stack.bottom, to.stack.size);
#endif
    }
    // To be called first by whatever runs after a switch.
    void arrive() {
#ifdef SQUALL_ASAN
        const void* bottom = nullptr;
        std::size_t size = 0;
        __sanitizer_finish_switch_fiber(running_->fake_stack, &bottom, &size);
        previous_->stack = {const_cast<void*>(bottom), size};
#endif
    }

    // A new fiber that will run `body`, and has to be switched to.
    template <class Body>
    void create(Fiber& fiber, Body body) {
        fiber.stack = stacks_.take();
        boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg,
                             PooledStack{&stacks_, fiber.stack}, std::move(body))
            .detach();
        fiber.context = std::exchange(born_, nullptr);
    }
    // Boost frees finished fibers on its dispatcher only, which otherwise never has a turn.
    void free_finished_fibers() {
        switch_to(dispatcher_);
    }

    Fiber& main() {
        return main_;
    }
    const ExceptionState& exceptions() const {
        return exceptions_;
    }
    const StackPool& stacks() const {
        return stacks_;
    }

    // The simulation that lives in this thread.
    const Scheduler* live = nullptr;

    // ---- what Boost.Fiber calls ----

    void awakened(boost::fibers::context* context) noexcept override {
        (context->is_context(boost::fibers::type::dispatcher_context) ? dispatcher_.context
                                                                      : born_) = context;
    }
    boost::fibers::context* pick_next() noexcept override {
        if (chosen_ == nullptr && running_ == &dispatcher_) {
            // The dispatcher has done its work, and hands the turn back.
            arrive();
            leave(main_);
        }
        // Nothing is chosen when the thread ends, and the dispatcher has to end with it.
        return chosen_ != nullptr ? std::exchange(chosen_, nullptr) : dispatcher_.context;
    }
    bool has_ready_fibers() const noexcept override {
        return chosen_ != nullptr;
    }
    void suspend_until(const std::chrono::steady_clock::time_point&) noexcept override {}
    void notify() noexcept override {}

  private:
    // Hands Boost the stack that was taken for it.
    struct PooledStack {
        StackPool* pool;
        StackPool::Stack stack;

        boost::context::stack_context allocate() const {
            boost::context::stack_context context;
            context.sp = stack.top();
            context.size = stack.size;
            return context;
        }
        void deallocate(boost::context::stack_context&) const { pool->give_back(stack); }
    };

    FiberThread() : exceptions_(exception_state_of_this_thread()) {
        main_.context = boost::fibers::context::active();
    }

    ExceptionState& exceptions_;
    Fiber main_;
    Fiber dispatcher_;
    Fiber* running_ = &main_;
    Fiber* previous_ = &main_;
    boost::fibers::context* chosen_ = nullptr;
    boost::fibers::context* born_ = nullptr;
    StackPool stacks_;
};

namespace {

// Not owned: see FiberThread.
thread_local FiberThread* fiber_thread = nullptr;

}  // namespace

FiberThread& FiberThread::of_this_thread() {
    if (fiber_thread == nullptr) {
        fiber_thread = new FiberThread;
        boost::fibers::context::active()->get_scheduler()->set_algo(fiber_thread);
    }
    return *fiber_thread;
}

// ---- TaskState, ReadyQueue ----

std::string TaskState::describe_task() const {
    return fmt::format("{}#{}", name->full, number);
}

void TaskState::fire() {
    node->scheduler().look_at_deadline(*this);
}

void ReadyQueue::push(TaskState& task) {
    const std::uint64_t order = next_order_++;
    if (empty()) {
        only_ = &task;
        only_order_ = order;
        return;
    }
    if (only_ != nullptr) add(*std::exchange(only_, nullptr), only_order_);
    add(task, order);
}

void ReadyQueue::add(TaskState& task, std::uint64_t order) {
    heap_.push_back({by_rank_ ? task.rank : task.wake_draw(), order, &task});
    std::ranges::push_heap(heap_, std::greater<>());
}

TaskState& ReadyQueue::pop() {
    ASSERT(!empty(), "no task is ready");
    if (only_ != nullptr) return *std::exchange(only_, nullptr);
    std::ranges::pop_heap(heap_, std::greater<>());
    TaskState& task = *heap_.back().task;
    heap_.pop_back();
    return task;
}

std::vector<TaskState*> ReadyQueue::take_all_of(const Node& node) {
    if (only_ != nullptr) add(*std::exchange(only_, nullptr), only_order_);
    const auto taken = std::ranges::partition(
        heap_, [&](const Ready& ready) { return ready.task->node != &node; });
    std::ranges::sort(taken, {}, &Ready::order);
    std::vector<TaskState*> tasks;
    for (const Ready& ready : taken) tasks.push_back(ready.task);
    heap_.erase(taken.begin(), taken.end());
    std::ranges::make_heap(heap_, std::greater<>());
    return tasks;
}

// ---- Scheduler: life ----

Scheduler::Scheduler(Simulation& simulation)
    : simulation_(simulation),
      trace_(simulation.trace()),
      timers_(simulation.timers()),
      thread_(FiberThread::of_this_thread()),
      ranks_(simulation.options().scheduling, simulation.noise()),
      ready_(ranks_.are_kept()),
      step_limit_(simulation.options().step_budget != 0
                      ? simulation.options().step_budget
                      : std::numeric_limits<std::uint64_t>::max()) {
    ASSERT(thread_.live == nullptr, "another simulation is live in this thread");
    thread_.live = this;
}

Scheduler::~Scheduler() {
    ASSERT(is_main_turn() && idle_.size() == workers_.size(), "{} tasks outlive their simulation",
           workers_.size() - idle_.size());
    retiring_ = true;
    for (const auto& worker : workers_) thread_.switch_to(worker->fiber);
    if (!workers_.empty()) thread_.free_finished_fibers();
    ASSERT(thread_.stacks().in_use() == 0, "{} stacks are still in use", thread_.stacks().in_use());
    thread_.live = nullptr;
}

Scheduler::Stacks Scheduler::stacks_of_this_thread() {
    const StackPool& stacks = FiberThread::of_this_thread().stacks();
    return {.mapped = stacks.mapped(), .in_use = stacks.in_use()};
}

// ---- Scheduler: turns ----

void Scheduler::run(Time limit) {
    ASSERT(is_main_turn(), "run() within run()");
    limit_ = limit;
    if (TaskState* const first = pick()) switch_to(*first);
}

// Who goes next; null is the main context. The caller switches, unless it is chosen itself. On
// return the trace already speaks in the name of whoever was chosen.
TaskState* Scheduler::pick() {
    while (!main_wanted_.load(std::memory_order_relaxed)) {
        if (!ready_.empty()) {
            if (!spend_step()) break;
            TaskState& task = ready_.pop();
            if (ranks_.are_kept()) task.rank = ranks_.on_turn(task.rank, simulation_.now_);
            enter(task);
            return &task;
        }
        if (timers_.empty() || timers_.next_due() >= limit_) break;
        if (!spend_step()) break;
        fire_next_timer();
    }
    enter_main();
    return nullptr;
}

bool Scheduler::spend_step() {
    if (simulation_.steps_ >= next_look_ && !look_around()) [[unlikely]]
        return false;
    ++simulation_.steps_;
    return true;
}

// What need not be looked at at each step. False: this was the last one.
bool Scheduler::look_around() {
    constexpr std::uint64_t steps_between = 4096;
    constexpr std::uint64_t steps_watched = 2000;
    const std::atomic<bool>* const stop = simulation_.options().stop;
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) {
        simulation_.interrupt();
        return false;
    }
    const std::uint64_t steps = simulation_.steps_;
    if (steps >= step_limit_) {
        fail({.file = __FILE__,
              .line = __LINE__,
              .condition = "steps < step_budget",
              .message = fmt::format("livelock: {} wake-ups and timers, at {}; turning in circles: "
                                     "{}",
                                     steps, simulation_.now_, busiest())});
        return false;
    }
    const std::uint64_t watched_from = step_limit_ - std::min(step_limit_, steps_watched);
    is_watching_ = steps >= watched_from;
    next_look_ = std::min(steps + steps_between, is_watching_ ? step_limit_ : watched_from);
    return true;
}

void Scheduler::watch(std::string_view who) {
    const auto found = turns_.find(who);
    if (found != turns_.end()) {
        ++found->second;
    } else {
        turns_.emplace(std::string(who), 1);
    }
}

// "b1/heartbeat (1999 of the last 2000)": at most three.
std::string Scheduler::busiest() const {
    std::vector<std::pair<std::uint64_t, std::string>> order;
    std::uint64_t all = 0;
    for (const auto& [who, turns] : turns_) {
        order.emplace_back(turns, who);
        all += turns;
    }
    std::ranges::stable_sort(order, std::greater<>(), &decltype(order)::value_type::first);
    if (order.size() > 3) order.resize(3);
    std::string text;
    for (const auto& [turns, who] : order) {
        text += fmt::format("{}{} ({} of the last {})", text.empty() ? "" : ", ", who, turns, all);
    }
    return text;
}

void Scheduler::fire_next_timer() {
    turn_ = Turn::timer;
    current_ = nullptr;
    const Time due = timers_.next_due();
    if (due > simulation_.now_) simulation_.now_ = due;
    trace_.context() = {
        .time = simulation_.now_, .node = harness_node, .incarnation = {}, .cause = {}};
    trace_.mute(false);
    run_guarded([this] { timers_.fire_next(); });
}

void Scheduler::enter(TaskState& task) {
    if (is_watching_) [[unlikely]]
        watch(task.name->full);
    turn_ = Turn::task;
    current_ = &task;
    trace_.context() = {.time = simulation_.now_,
                        .node = task.node->id_,
                        .incarnation = task.node->incarnation_,
                        .cause = task.cause};
    trace_.mute(task.node->dying_);
}

void Scheduler::enter_main() {
    turn_ = Turn::main;
    current_ = nullptr;
    trace_.context() = {
        .time = simulation_.now_, .node = harness_node, .incarnation = {}, .cause = {}};
    trace_.mute(false);
}

void Scheduler::switch_to(TaskState& task) {
    thread_.switch_to(static_cast<Worker&>(task).fiber);
}

void Scheduler::limit_to(Time time) {
    if (time <= simulation_.now_) {
        want_main();
    } else {
        limit_ = std::min(limit_, time);
    }
}

// ---- Scheduler: tasks ----

void Scheduler::spawn(Node& node, std::string_view name, std::function<void()> body) {
    if (node.dying_) return;
    ASSERT(node.running_, "a task '{}' for node {}, which is not running", name, node.name_);
    ASSERT(body != nullptr, "a task '{}' of node {} with nothing to do", name, node.name_);
    auto found = node.task_names_.find(name);
    if (found == node.task_names_.end()) {
        std::string full = fmt::format("{}/{}", node.name_, name);
        const std::uint64_t hash = hash_text(full);
        found =
            node.task_names_.emplace(std::string(name), detail::TaskName{std::move(full), hash, 0})
                .first;
    }
    detail::TaskName& task_name = found->second;

    Worker& task = idle_worker();
    task.node = &node;
    task.name = &task_name;
    task.number = task_name.spawned++;
    task.stream = simulation_.noise().at(Meaning("task").with(task_name.hash), task.number);
    task.wakeups = 0;
    task.rank = Ranks::first(task.stream);
    task.crashes_ignored = 0;
    task.is_started = false;
    task.is_killed = false;
    task.cause = trace_.context().cause;
    task.body = std::move(body);

    task.previous = node.last_task_;
    task.next = nullptr;
    (node.last_task_ != nullptr ? node.last_task_->next : node.first_task_) = &task;
    node.last_task_ = &task;
    make_ready(task);
}

Worker& Scheduler::idle_worker() {
    if (idle_.empty()) {
        Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
        thread_.create(worker.fiber, [this, &worker] { work(worker); });
        return worker;
    }
    Worker& worker = *idle_.back();
    idle_.pop_back();
    return worker;
}

// What a fiber does all its life. It may be given its next task by a timer while it pumps.
void Scheduler::work(Worker& worker) {
    thread_.arrive();
    while (!retiring_) {
        run_body(worker);
        finish_task(worker);
        TaskState* const next = pick();
        if (next == &worker) continue;
        thread_.switch_to(next != nullptr ? static_cast<Worker*>(next)->fiber : thread_.main());
    }
    thread_.leave(thread_.main());
}

void Scheduler::run_body(TaskState& task) {
    task.is_started = true;
    run_guarded([&] {
        try {
            task.body();
        } catch (const NodeCrashed&) {
            // Its end, as intended: the stack is unwound.
        }
        // What it captured belongs to the node, too.
        task.body = nullptr;
    });
    task.body = nullptr;
}

void Scheduler::finish_task(TaskState& task) {
    Node& node = *task.node;
    (task.previous != nullptr ? task.previous->next : node.first_task_) = task.next;
    (task.next != nullptr ? task.next->previous : node.last_task_) = task.previous;
    task.cancel();
    task.node = nullptr;
    idle_.push_back(&static_cast<Worker&>(task));
}

bool Scheduler::park(Node& node, detail::Waiter* waiter, LocalTime deadline) {
    ASSERT(turn_ == Turn::task, "somebody who is not a task wants to wait on node {}", node.name_);
    TaskState& task = *current_;
    ASSERT(task.node == &node, "task {} waits on node {}", task.describe_task(), node.name_);
    if (!may_park(task)) return false;
    if (waiter != nullptr) {
        ASSERT(waiter->task_ == nullptr, "task {} waits where {} waits", task.describe_task(),
               waiter->task_->describe_task());
        waiter->task_ = &task;
        task.waiter = waiter;
    }
    task.is_timed_out = false;
    task.deadline = deadline;
    if (deadline != LocalTime::max()) aim(task);
    task.cause = trace_.context().cause;

    TaskState* const next = pick();
    if (next != &task) {
        thread_.switch_to(next != nullptr ? static_cast<Worker*>(next)->fiber : thread_.main());
    }
    if (task.is_killed) throw NodeCrashed{};
    return !task.is_timed_out;
}

// The rules for a task that must not, or must no longer, wait.
bool Scheduler::may_park(TaskState& task) {
    const ExceptionState& exceptions = thread_.exceptions();
    // Destructors that run as the stack unwinds go on at once.
    if (exceptions.in_flight > 0) return false;
    if (task.node->dying_) {
        ASSERT(task.crashes_ignored++ < 100, "task {} does not end when its node crashes",
               task.describe_task());
        throw NodeCrashed{};
    }
    ASSERT(exceptions.handled == nullptr, "task {} waits inside a catch handler",
           task.describe_task());
    return true;
}

// The timer may stay where it is, if that is before the deadline. Not where it is just then: the
// draw that orders it among others belongs to the wait it was set for.
void Scheduler::aim(TaskState& task) {
    const Time due = task.node->monotonic_.when(task.deadline.since_origin());
    if (task.is_armed() && task.due() < due) return;
    if (due < Time::max()) {
        timers_.arm(task, std::max(due, simulation_.now_), task.deadline_draw());
    } else {
        task.cancel();  // never, as far as one can tell now
    }
}

void Scheduler::re_aim(Node& node) {
    for (TaskState* task = node.first_task_; task != nullptr; task = task->next) {
        if (task->deadline != LocalTime::max()) aim(*task);
    }
}

void Scheduler::leave_wait(TaskState& task) {
    if (task.waiter != nullptr) std::exchange(task.waiter, nullptr)->task_ = nullptr;
    task.deadline = LocalTime::max();
}

void Scheduler::wake(TaskState& task, EventSequence cause) {
    // A dying task is woken by the crash alone.
    if (task.node->dying_) return;
    leave_wait(task);
    task.cause = cause;
    make_ready(task);
}

void Scheduler::look_at_deadline(TaskState& task) {
    if (task.deadline == LocalTime::max()) return;
    if (task.node->monotonic_.when(task.deadline.since_origin()) > simulation_.now_) {
        aim(task);
        return;
    }
    task.is_timed_out = true;
    leave_wait(task);
    make_ready(task);
}

void Scheduler::make_ready(TaskState& task) {
    ++task.wakeups;
    if (task.node->paused_) {
        task.node->held_.push_back({.task = &task, .action = nullptr});
    } else {
        ready_.push(task);
    }
}

void Scheduler::release(TaskState& task) {
    ready_.push(task);
}

void Scheduler::hold_ready_tasks(Node& node) {
    for (TaskState* const task : ready_.take_all_of(node)) {
        node.held_.push_back({.task = task, .action = nullptr});
    }
}

void Scheduler::kill(TaskState& task) {
    ASSERT(is_main_turn() && task.node->dying_, "task {} is killed out of turn",
           task.describe_task());
    leave_wait(task);
    task.is_killed = true;
    if (!task.is_started) {
        run_guarded([&] { task.body = nullptr; });
        finish_task(task);
        return;
    }
    want_main();
    enter(task);
    switch_to(task);
    ASSERT(task.node == nullptr, "task {} survived the crash of its node", task.describe_task());
}

// ---- Scheduler: what ends a run ----

void Scheduler::node_dies(Node& node) {
    dying_nodes_.push_back(&node);
    want_main();
}

Node* Scheduler::take_dying_node() {
    while (!dying_nodes_.empty()) {
        Node* const node = dying_nodes_.front();
        dying_nodes_.erase(dying_nodes_.begin());
        // Someone may have stopped it meanwhile.
        if (node->dying_) return node;
    }
    return nullptr;
}

void Scheduler::fail(const AssertionFailure& failure) {
    has_failed_ = true;
    if (!failure_) failure_ = failure;
    want_main();
}

void Scheduler::rethrow_failure() {
    if (!failure_) return;
    const AssertionFailure failure = *std::exchange(failure_, std::nullopt);
    throw failure;
}

}  // namespace squall::sim
