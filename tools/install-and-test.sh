#!/usr/bin/env bash
# Installs what the tests need, then runs every check of the project:
#
#   1. the peers that results are compared with are there
#   2. tools/check-core.sh
#   3. the C++ tests of src/core, by themselves, with assertions, ASan and UBSan
#   4. R CMD build and R CMD check, with the vignettes and the R tests (live comparisons included)
#   5. tools/check-generated.sh
#   6. tools/check-portability.sh, tools/check-sanitizers.sh, tools/check-valgrind.sh
#   7. bench/run.R short, which prints how lmm() compares in time; no figure fails
#
# A failing step does not stop the others. The last line is "N passed, N failed, N skipped":
# testthat expectations, Catch assertions, and one for each other check. The exit code is 0 only if
# nothing failed and both test suites really ran.
set -uo pipefail
export LC_ALL=C.UTF-8
export NOT_CRAN=true
export MAKEFLAGS="${MAKEFLAGS:--j$(nproc)}"

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"
passed=0
failed=0
skipped=0
finished=false

# On every way out, also an unexpected one, the totals are the last line.
finish() {
  if [ "$finished" = false ]; then
    echo "not ok: the script ended before all checks had run"
    failed=$((failed + 1))
  fi
  if [ "$failed" -eq 0 ]; then
    rm -rf "$work"
  else
    echo "Logs are kept in $work"
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit $?
}
trap finish EXIT

step() { printf '\n== %s (after %d s) ==\n' "$1" "$SECONDS"; }
pass() { passed=$((passed + ${2:-1})); echo "ok: $1"; }
fail() { failed=$((failed + ${2:-1})); echo "not ok: $1"; }

# --- 0. set-up -----------------------------------------------------------------------------------
step "Set-up"
if ! bash "$root/tools/install-dependencies.sh" test; then
  fail "set-up"
  finished=true
  exit 1
fi

# --- 1. peers ------------------------------------------------------------------------------------
# Tests skip a comparison when its peer is absent; here, absence is a failure.
step "Peers"
for peer in lme4 lmerTest pbkrtest nlme MASS lattice agridat emmeans generics broom.mixed RLRsim; do
  load="invisible(loadNamespace('$peer')); cat(as.character(packageVersion('$peer')))"
  if output="$(Rscript -e "$load" 2>&1)"; then
    pass "$peer $(tail -n 1 <<<"$output")"
  else
    fail "$peer cannot be loaded: $output"
  fi
done

# --- 2. rules of the C++ sources -----------------------------------------------------------------
step "C++ sources"
if bash "$root/tools/check-core.sh"; then
  pass "tools/check-core.sh"
else
  fail "tools/check-core.sh"
fi

# --- 3. C++ tests --------------------------------------------------------------------------------
step "C++ tests with assertions, ASan and UBSan"
cpp_log="$work/core-tests.log"
# The folder of an earlier run is reused when BUILD_CORE_TESTS names one.
make -C "$root/tests/cpp" BUILD="${BUILD_CORE_TESTS:-$work/core-tests}" test >"$cpp_log" 2>&1
cpp_status=$?
# Catch ends with "All tests passed (3 assertions in 2 test cases)" or with
# "assertions: 3 | 2 passed | 1 failed".
cpp_passed=0
cpp_failed=0
if summary="$(grep -E '^All tests passed \([0-9]+ assertion' "$cpp_log")"; then
  cpp_passed="$(sed -E 's/.*\(([0-9]+) assertion.*/\1/' <<<"$summary")"
elif summary="$(grep -E '^assertions: ' "$cpp_log")"; then
  cpp_passed="$(grep -oE '[0-9]+ passed' <<<"$summary" | grep -oE '[0-9]+' || echo 0)"
  cpp_failed="$(grep -oE '[0-9]+ failed' <<<"$summary" | grep -oE '[0-9]+' || echo 0)"
fi
if grep -q 'warning:' "$cpp_log"; then
  grep -A 5 'warning:' "$cpp_log" | head -n 60
  fail "compiler warnings in src/core or tests/cpp"
fi
if [ "$cpp_passed" -gt 0 ]; then pass "$cpp_passed C++ assertions" "$cpp_passed"; fi
if [ "$cpp_failed" -gt 0 ]; then fail "$cpp_failed C++ assertions" "$cpp_failed"; fi
if [ "$cpp_status" -ne 0 ] || [ "$cpp_passed" -eq 0 ]; then
  tail -n 100 "$cpp_log"
  # a failed assertion is counted already; a crash, a leak or a compile error is not
  if [ "$cpp_failed" -eq 0 ]; then fail "the C++ tests did not build or run to the end"; fi
fi

# --- 4. R CMD build and check --------------------------------------------------------------------
step "R CMD build"
cd "$work" || exit 1
if R CMD build "$root" >build.log 2>&1; then
  pass "R CMD build"
  tail -n 3 build.log
else
  tail -n 60 build.log
  fail "R CMD build"
  finished=true
  exit 1
fi

step "R CMD check"
check_options=()
# The manual needs LaTeX, half a gigabyte that nothing else here uses.
command -v pdflatex >/dev/null 2>&1 || check_options+=(--no-manual)
export HENDERSON_TEST_RESULTS="$work/test-results.csv"
# No clock server needs to be reachable.
export _R_CHECK_SYSTEM_CLOCK_=FALSE
R CMD check "${check_options[@]}" henderson_*.tar.gz >check.log 2>&1
check_status=$?
check_dir="$work/henderson.Rcheck"
if [ "$check_status" -eq 0 ] && grep -qx 'Status: OK' check.log; then
  pass "R CMD check"
else
  # the whole log is long and mostly "OK"
  grep -vE '^\* using |^ *$| (OK|NONE|SKIPPED)$' check.log | head -n 150
  if grep -q 'Installation failed' check.log; then tail -n 60 "$check_dir/00install.out"; fi
  status_line="$(grep -E '^Status: ' check.log || echo 'did not finish')"
  problems="$(grep -oE '[0-9]+' <<<"$status_line" | awk '{sum += $1} END {print sum + 0}')"
  if [ "$problems" -eq 0 ]; then problems=1; fi
  fail "R CMD check: $status_line" "$problems"
fi
cat "$check_dir"/tests/testthat.Rout.fail 2>/dev/null | tail -n 300

# What everyone who installs the package from source sees and keeps.
warnings="$(grep -c 'warning:' "$check_dir/00install.out")"
library_size="$(stat -c %s "$check_dir/henderson/libs/henderson.so" 2>/dev/null || echo 0)"
if [ "$warnings" -eq 0 ] && [ "$library_size" -gt 0 ] && [ "$library_size" -lt 10000000 ]; then
  pass "compiled without a warning; the shared library has $library_size bytes"
else
  grep -A 3 'warning:' "$check_dir/00install.out" | head -n 20
  fail "$warnings compiler warnings; the shared library has $library_size bytes, at most 1e7 wanted"
fi

step "R tests"
if [ -s "$HENDERSON_TEST_RESULTS" ]; then
  # one line per file, slowest first; then "passed failed skipped"
  Rscript "$root/tools/count-test-results.R" "$HENDERSON_TEST_RESULTS" >counts.txt
  cat counts.txt
  read -r r_passed r_failed r_skipped < <(tail -n 1 counts.txt)
  if [ "$r_passed" -gt 0 ]; then
    pass "$r_passed R expectations" "$r_passed"
  else
    fail "no R expectation passed"
  fi
  if [ "$r_failed" -gt 0 ]; then fail "$r_failed R expectations" "$r_failed"; fi
  skipped=$((skipped + r_skipped))
else
  fail "the R tests left no results"
fi

# --- 5. generated files --------------------------------------------------------------------------
step "Generated files"
# R CMD check leaves the installed package behind: no need to compile it again.
if HENDERSON_LIB="$check_dir" bash "$root/tools/check-generated.sh"; then
  pass "tools/check-generated.sh"
else
  fail "tools/check-generated.sh"
fi

# --- 6. other compilers and checkers -------------------------------------------------------------
# Their output is long and tells nothing when all is well.
run_quietly() {
  local name="$1" log="$work/$1.log" start="$SECONDS"
  shift
  step "$name"
  if "$@" >"$log" 2>&1; then
    grep -E '^(==|All tests passed|.*skipped)' "$log"
    pass "$name, $((SECONDS - start)) s"
  else
    tail -n 60 "$log"
    fail "$name"
  fi
}
export BUILD="$work/portability"
run_quietly check-portability.sh bash "$root/tools/check-portability.sh"
run_quietly check-valgrind.sh env HENDERSON_LIB="$check_dir" bash "$root/tools/check-valgrind.sh"
run_quietly check-sanitizers.sh env WORK="$work/sanitizers" bash "$root/tools/check-sanitizers.sh" test-lmm.R
unset BUILD

# --- 7. benchmarks -------------------------------------------------------------------------------
step "Benchmarks"
bench_start="$SECONDS"
# The ratios depend on the machine and on what else it does: only a suite that breaks is a failure.
if R_LIBS="$check_dir${R_LIBS:+:$R_LIBS}" timeout 600 \
  Rscript "$root/bench/run.R" short 2>"$work/bench.err"; then
  pass "bench/run.R short, $((SECONDS - bench_start)) s"
else
  tail -n 40 "$work/bench.err"
  fail "bench/run.R short"
fi

step "Done"
finished=true
