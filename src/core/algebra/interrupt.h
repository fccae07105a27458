// Interrupts of long computations, by scope: whoever calls the core opens one, and nothing in
// between needs to know.
#ifndef HENDERSON_ALGEBRA_INTERRUPT_H_
#define HENDERSON_ALGEBRA_INTERRUPT_H_

#include <functional>

namespace henderson {

// Called between units of work; it may throw to stop a computation.
using InterruptCheck = std::function<void()>;

// While it lives, the computations of this thread call the check from time to time. Threads that
// have no scope of their own cannot be interrupted.
class InterruptScope {
 public:
  explicit InterruptScope(InterruptCheck check);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  const InterruptCheck check_;
  const InterruptCheck* previous_;
};

// The check of the innermost scope, if there is one.
void check_interrupt();

}  // namespace henderson

#endif  // HENDERSON_ALGEBRA_INTERRUPT_H_
