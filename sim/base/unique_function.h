// UniqueFunction: a callable with one owner. What std::function is to callables that can be copied,
// this is to those that cannot, because they hold something that there is only one of, such as the
// giving end of a completion. Takes one piece of memory from the free store.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace squall {

template <class Signature>
class UniqueFunction;

template <class Result, class... Arguments>
class UniqueFunction<Result(Arguments...)> {
  public:
    UniqueFunction() = default;
    template <class Callable>
    requires(!std::is_same_v<Callable, UniqueFunction> &&
             std::is_invocable_r_v<Result, Callable&, Arguments...>)
        UniqueFunction(Callable callable)
        : held_(std::make_unique<HeldCallable<Callable>>(std::move(callable))) {}

    explicit operator bool() const { return held_ != nullptr; }
    // Requires: there is something to call.
    Result operator()(Arguments... arguments) {
        return held_->call(std::forward<Arguments>(arguments)...);
    }

  private:
    struct Held {
        virtual ~Held() = default;
        virtual Result call(Arguments... arguments) = 0;
    };
    template <class Callable>
    struct HeldCallable final : Held {
        explicit HeldCallable(Callable held) : callable(std::move(held)) {}
        Result call(Arguments... arguments) override {
            return callable(std::forward<Arguments>(arguments)...);
        }
        Callable callable;
    };

    std::unique_ptr<Held> held_;
};

}  // namespace squall
