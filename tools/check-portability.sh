#!/usr/bin/env bash
# Builds and tests src/core where a user's compiler or processor may differ from ours:
#
#   tools/check-portability.sh clang   with clang++ (or the compiler named in CLANG), without
#                                      sanitizers
#   tools/check-portability.sh plain   with the default compiler, sanitizers and
#                                      -DHENDERSON_NO_X86: no kernel for AVX2 or AVX-512, as on
#                                      other processors
#
# Prints what the tests print and exits with their status, or with 77 where there is no clang++.
# Objects go to BUILD (default: a temporary folder). CORE_TESTS may name the folder of an earlier
# `make -C tests/cpp`, whose objects serve again for "plain".
set -euo pipefail

tests="$(cd "$(dirname "${BASH_SOURCE[0]}")/../tests/cpp" && pwd)"
core="$(cd "$tests/../../src/core" && pwd)"
build="${BUILD:-$(mktemp -d)}"

case "${1:?usage: check-portability.sh clang|plain}" in
  clang)
    clang="${CLANG:-$(command -v clang++ || command -v clang++-14 || true)}"
    if [ -z "$clang" ]; then
      echo "there is no clang++"
      exit 77
    fi
    echo "== $clang"
    make -C "$tests" --no-print-directory -s BUILD="$build/clang" CXX="$clang" SANITIZE= DEBUG= test
    ;;
  plain)
    echo "== ${CXX:-g++} without x86 kernels"
    if [ -n "${CORE_TESTS:-}" ]; then
      rm -rf "$build/plain"
      mkdir -p "$build"
      cp -a "$CORE_TESTS" "$build/plain"
      # what the macro does not concern is as it was
      rm -f "$build/plain/core-tests" "$build/plain/core/algebra/gemm.o"
      if [ "$(grep -rl HENDERSON_NO_X86 "$core")" != "$core/algebra/gemm.cpp" ]; then
        echo "files beside gemm.cpp mention HENDERSON_NO_X86: remove their objects too"
        exit 1
      fi
    fi
    make -C "$tests" --no-print-directory -s BUILD="$build/plain" DEFINES=-DHENDERSON_NO_X86 test
    ;;
  *)
    echo "usage: check-portability.sh clang|plain" >&2
    exit 2
    ;;
esac
