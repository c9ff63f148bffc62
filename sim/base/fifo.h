// Fifo: a queue in one stretch of memory, which it keeps: once it has been as long as it gets,
// pushing and popping take nothing from the free store. (A std::deque takes and gives back a block
// for every few elements that pass through it, and holds one while it is empty.)
//
// References to elements are good until the next push or pop.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace squall {

template <class T>
class Fifo {
  public:
    bool empty() const { return first_ == elements_.size(); }
    std::size_t size() const { return elements_.size() - first_; }
    T& front() { return elements_[first_]; }
    // The n-th from the front.
    T& operator[](std::size_t n) { return elements_[first_ + n]; }
    const T& back() const { return elements_.back(); }

    T& push(T&& element) { return elements_.emplace_back(std::move(element)); }
    T pop() {
        T element = std::move(elements_[first_]);
        drop();
        return element;
    }
    // Pops without looking; what was moved from is kept until then.
    void drop() {
        ++first_;
        tidy();
    }
    T pop_back() {
        T element = std::move(elements_.back());
        elements_.pop_back();
        tidy();
        return element;
    }

  private:
    void tidy() {
        if (empty()) {
            elements_.clear();
            first_ = 0;
        } else if (constexpr std::size_t worth_it = 64; first_ >= worth_it && first_ > size()) {
            const auto begin = elements_.begin() + static_cast<std::ptrdiff_t>(first_);
            elements_ = std::vector<T>(std::make_move_iterator(begin),
                                       std::make_move_iterator(elements_.end()));
            first_ = 0;
        }
    }

    std::vector<T> elements_;
    std::size_t first_ = 0;  // those before it were popped
};

}  // namespace squall
