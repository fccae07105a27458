#!/usr/bin/env bash
# Installs the package with AddressSanitizer and UndefinedBehaviorSanitizer into a temporary library
# and runs test files under them, then the fuzzer of the C++ entry points.
#
#   tools/check-sanitizers.sh [test file ...]     default: the files that drive the C++ core
#
# CORE_TESTS may name the folder of an earlier `make -C tests/cpp`, whose objects of src/core, with
# the same sanitizers and with Eigen's assertions, serve again.
#
# Exits with the status of the first step that fails; a sanitizer's report ends the process.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="${WORK:-$(mktemp -d)}"
mkdir -p "$work/library"
flags="-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"

cat > "$work/Makevars" <<MAKE
CXX17FLAGS = $flags -D_GLIBCXX_ASSERTIONS
DEBUG_FLAGS =
LDFLAGS = -fsanitize=address,undefined
MAKE

# A copy, so that objects of an ordinary build are neither used nor overwritten.
rm -rf "$work/source"
mkdir "$work/source"
(cd "$root" && tar cf - --exclude='*.o' --exclude='*.so' --exclude=.git .) |
  tar xf - -C "$work/source"
if [ -n "${CORE_TESTS:-}" ] && [ -d "$CORE_TESTS/core" ]; then
  (cd "$CORE_TESTS/core" && find . -name '*.o' -print0 | tar cf - --null -T -) |
    tar xf - --touch -C "$work/source/src/core"
fi
R_MAKEVARS_USER="$work/Makevars" R CMD INSTALL --no-docs --no-test-load \
  --library="$work/library" "$work/source" > "$work/install.log" 2>&1 ||
  { tail -40 "$work/install.log"; exit 1; }

gcc="${CC:-gcc}"
export LD_PRELOAD="$("$gcc" -print-file-name=libasan.so) $("$gcc" -print-file-name=libubsan.so)"
# R itself leaks at exit, and LD_PRELOAD reaches every child.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1
export R_LIBS="$work/library${R_LIBS:+:$R_LIBS}"

if [ "$#" -eq 0 ]; then
  set -- test-fit-lmm.R test-oracle-random-designs.R test-fit-cross-products.R \
    test-predict-error.R test-invariance.R test-exactness-random-models.R test-notorious-cases.R
fi
for file in "$@"; do
  echo "== $file"
  Rscript -e 'library(testthat); library(henderson)' -e \
    'test_file(commandArgs(TRUE), package = "henderson", load_package = "installed",
       reporter = "summary", stop_on_failure = TRUE)' \
    "$root/tests/testthat/$(basename "$file")"
done
echo "== fuzzer"
Rscript "$root/tests/fuzz/fuzz-bindings.R" 1 2 4000
