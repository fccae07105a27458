#!/usr/bin/env bash
# Builds and tests src/core where a user's compiler or processor may differ from ours:
#  1. with clang++ (or the compiler named in CLANG), without sanitizers;
#  2. with the default compiler and -DHENDERSON_NO_X86: no kernel for AVX2 or AVX-512, as on other
#     processors.
# Prints what the tests print and exits with their status. Objects go to BUILD (default: a
# temporary folder).
set -euo pipefail

tests="$(cd "$(dirname "${BASH_SOURCE[0]}")/../tests/cpp" && pwd)"
build="${BUILD:-$(mktemp -d)}"
clang="${CLANG:-$(command -v clang++ || command -v clang++-14 || true)}"

if [ -n "$clang" ]; then
  echo "== $clang"
  make -C "$tests" --no-print-directory -s BUILD="$build/clang" CXX="$clang" SANITIZE= test
else
  echo "== no clang++ here: skipped"
fi

echo "== ${CXX:-g++} without x86 kernels"
make -C "$tests" --no-print-directory -s BUILD="$build/plain" \
  SANITIZE=-DHENDERSON_NO_X86 test
