#include "algebra/interrupt.h"

#include <utility>

namespace henderson {

namespace {

thread_local const InterruptCheck* current_check = nullptr;

}  // namespace

InterruptScope::InterruptScope(InterruptCheck check)
    : check_(std::move(check)), previous_(current_check) {
  current_check = &check_;
}

InterruptScope::~InterruptScope() { current_check = previous_; }

void check_interrupt() {
  if (current_check != nullptr && *current_check) (*current_check)();
}

}  // namespace henderson
