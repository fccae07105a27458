#!/usr/bin/env bash
# Runs the C++ core under valgrind's memcheck, which sees what the sanitizers do not: values that
# are used before they are set.
#  1. test cases of tests/cpp, compiled without sanitizers;
#  2. fits of small models through R: tools/valgrind-fits.R. HENDERSON_LIB may name the library with
#     the installed package.
# valgrind knows no AVX-512: the AVX2 kernels run, if the processor has them.
# BUILD may name the folder of an earlier tools/check-portability.sh, whose objects serve again.
# Exits with the status of the first step that fails, or with 77 where valgrind is absent.
set -euo pipefail

tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
build="${BUILD:-$(mktemp -d)}"
# leaks are AddressSanitizer's business (tests/cpp), and R frees nothing at exit
options=(--quiet --error-exitcode=1 --leak-check=no)

if ! command -v valgrind >/dev/null; then
  echo "there is no valgrind"
  exit 77
fi

core="$build/clang/core-tests"
if [ ! -x "$core" ]; then
  core="$build/valgrind/core-tests"
  make -C "$tools/../tests/cpp" --no-print-directory -s BUILD="$build/valgrind" SANITIZE= "$core"
fi
echo "== core under valgrind"
# without the tests of large matrix products, which would take minutes
valgrind "${options[@]}" "$core" "~every kernel*" "~a wide product*"

echo "== fits through R under valgrind"
R_LIBS="${HENDERSON_LIB:-}${R_LIBS:+:$R_LIBS}" \
  R --vanilla --no-echo -d "valgrind ${options[*]}" -f "$tools/valgrind-fits.R"
