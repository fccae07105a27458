#!/usr/bin/env bash
# Installs what the tests need, then runs the tests, which come in two tiers.
#
#   bash tools/install-and-test.sh [--full] [--strict]
#
# Without an option, after the package is installed by the README's line for other systems, in a
# library with nothing but Imports and LinkingTo, in some four minutes of two processors:
#
#   * in one process the R tests (tests/testthat/helper-tiers.R) and the rules of the sources,
#     tools/check-*.sh and tools/check-*.R
#   * in another one the C++ tests of src/core, by themselves, with assertions
#
# --full adds
#
#   * the peers that results are compared with must be there; comparisons with them, and long
#     simulations, within R CMD check, after R CMD build with the vignettes
#   * the C++ tests with ASan and UBSan, with clang and without x86 kernels
#     (tools/check-portability.sh), under valgrind (tools/check-valgrind.sh), and an installed
#     package with sanitizers (tools/check-sanitizers.sh)
#   * the style of the sources (tools/check-style.sh)
#   * the web site, built and opened in headless Chromium (tools/build-site.sh, tools/check-site.R)
#   * bench/run.R short, which prints how lmm() compares in time; no figure fails
#
# A failing step does not stop the others. What was asked for and cannot run, because a package or a
# checker is not to be had, is a skip with its name, and a failure with --strict or in continuous
# integration (CI=true). The last line is "N passed, N failed, N skipped": testthat expectations,
# Catch assertions, and one for each other check. The exit code is 0 only if nothing failed and both
# test suites really ran.
set -uo pipefail
export LC_ALL=C.UTF-8
export NOT_CRAN=true
export MAKEFLAGS="${MAKEFLAGS:--j$(nproc)}"

full=false
strict=false
if [ "${CI:-}" = true ]; then strict=true; fi
for argument in "$@"; do
  case "$argument" in
    --full) full=true ;;
    --strict) strict=true ;;
    *)
      echo "usage: install-and-test.sh [--full] [--strict]" >&2
      exit 2
      ;;
  esac
done

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"
results="$work/results" # one line for each outcome: passed, failed or skipped, and a number
: >"$results"
core_process=""
finished=false

total() { awk -v kind="$1" '$1 == kind {sum += $2} END {print sum + 0}' "$results"; }

# On every way out, also an unexpected one, the totals are the last line.
finish() {
  if [ "$finished" = false ]; then
    if [ -n "$core_process" ]; then kill "$core_process" 2>/dev/null; fi
    fail "the script ended before all checks had run"
  fi
  local passed failed skipped
  passed="$(total passed)" failed="$(total failed)" skipped="$(total skipped)"
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

# Both processes write to the same file, a line at a time.
step() { printf '\n== %s (after %d s) ==\n' "$1" "$SECONDS"; }
pass() { echo "ok: $1"; echo "passed ${2:-1}" >>"$results"; }
fail() { echo "not ok: $1"; echo "failed ${2:-1}" >>"$results"; }
skip() { echo "skipped: $1"; echo "skipped ${2:-1}" >>"$results"; }
cannot_run() {
  if [ "$strict" = true ]; then fail "$1 could not run: $2"; else skip "$1: $2"; fi
}

# Output that is long and tells nothing when all is well. A script that lacks what it needs exits
# with 77.
run_quietly() {
  local name="$1" log="$work/$1.log" start="$SECONDS" status=0
  shift
  step "$name"
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    grep -E '^(==|All tests passed)' "$log"
    pass "$name, $((SECONDS - start)) s"
  elif [ "$status" -eq 77 ]; then
    cannot_run "$name" "$(tail -n 1 "$log")"
  else
    tail -n 60 "$log"
    fail "$name"
  fi
}

# --- 0. set-up -----------------------------------------------------------------------------------
step "Set-up"
purpose=test
if [ "$full" = true ]; then
  purpose=full
  export HENDERSON_TESTS=full
fi
if ! bash "$root/tools/install-dependencies.sh" "$purpose"; then
  fail "set-up"
  finished=true
  exit 1
fi

# The full tier compiles the sources three times with the same flags.
if command -v ccache >/dev/null 2>&1; then
  printf 'CXX17 = ccache %s\n' "$(R CMD config CXX17)" >"$work/Makevars"
  export R_MAKEVARS_USER="$work/Makevars" CCACHE_DIR="${CCACHE_DIR:-$work/ccache}"
  # in three folders, whose names no object has (-g0)
  export CCACHE_NOHASHDIR=1
fi

# --- 1. packages that results are compared with, or that single tests read -----------------------
check_peers() {
  local package peer load output
  step "Peers"
  for package in $(Rscript "$root/tools/missing-packages.R" test); do
    cannot_run "what needs the R package $package" "it is not installed, see the set-up above"
  done
  for peer in lme4 lmerTest pbkrtest nlme MASS lattice agridat clubSandwich emmeans generics \
    broom.mixed RLRsim ggplot2
  do
    if ! Rscript -e "quit(status = !nzchar(system.file(package = '$peer')))"; then continue; fi
    load="invisible(loadNamespace('$peer')); cat(as.character(packageVersion('$peer')))"
    if output="$(Rscript -e "$load" 2>&1)"; then
      pass "$peer $(tail -n 1 <<<"$output")"
    else
      fail "$peer cannot be loaded: $output"
    fi
  done
}
if [ "$full" = true ]; then check_peers; fi

# --- 2. the README's line for other systems ------------------------------------------------------
library="$work/library" # where later steps find the installed package
mkdir "$library" "$work/minimal" "$work/source"
step "Installing with nothing but Imports and LinkingTo"
install_line="$(grep -E '^R CMD INSTALL ' "$root/README.md")"
(cd "$root" && tar cf - --exclude=.git --exclude='*.o' --exclude='*.so' .) |
  tar xf - -C "$work/source"
in_minimal_library() {
  # Debian's Renviron.site would add its own libraries
  env -u R_LIBS R_ENVIRON=/dev/null R_LIBS_SITE="$work/minimal" R_LIBS_USER="$library" "$@"
}
if Rscript "$root/tools/minimal-library.R" "$work/minimal" &&
  (cd "$work/source" && in_minimal_library bash -c "$install_line") >"$work/install.log" 2>&1 &&
  in_minimal_library Rscript "$root/tools/example.R" >>"$work/install.log" 2>&1; then
  pass "$install_line"
else
  tail -n 60 "$work/install.log"
  fail "$install_line"
fi
# The same headers by the same paths from here on, without which ccache finds nothing again.
export R_LIBS="$work/minimal${R_LIBS:+:$R_LIBS}"
# What everyone who installs the package from source sees and keeps.
warnings="$(grep -c 'warning:' "$work/install.log")"
shared_library="$library/henderson/libs/henderson.so"
library_size="$(stat -c %s "$shared_library" 2>/dev/null || echo 0)"
if [ "$warnings" -eq 0 ] && [ "$library_size" -gt 0 ] && [ "$library_size" -lt 10000000 ]; then
  pass "compiled without a warning; the shared library has $library_size bytes"
else
  grep -A 3 'warning:' "$work/install.log" | head -n 20
  fail "$warnings compiler warnings; the shared library has $library_size bytes, at most 1e7 wanted"
fi

# --- 3. R ----------------------------------------------------------------------------------------
export HENDERSON_TEST_RESULTS="$work/test-results.csv"

# The tests of the installed package, without the rest of R CMD check.
test_installed_package() {
  step "R tests"
  cp -r "$root/tests" "$work/tests"
  if (cd "$work/tests" && R_LIBS="$library${R_LIBS:+:$R_LIBS}" Rscript testthat.R) \
    >r-tests.log 2>&1; then
    count_r_tests
  else
    tail -n 300 r-tests.log
    count_r_tests
    # a failed expectation is counted already; a crash at the end is not
    if ! grep -q '^failed' "$results"; then fail "the R tests did not run to the end"; fi
  fi
}

check_package() {
  local check_options check_status check_dir status_line problems known
  step "R CMD build"
  if R CMD build "$root" >build.log 2>&1; then
    pass "R CMD build"
    tail -n 3 build.log
  else
    tail -n 60 build.log
    fail "R CMD build, and with it R CMD check and the R tests"
    return
  fi

  step "R CMD check"
  # R CMD build has just built the vignettes, the site builds them again, and the check runs their
  # code.
  check_options=(--no-build-vignettes)
  # The manual needs LaTeX with R's fonts, half a gigabyte that nothing else here uses.
  if ! { command -v pdflatex && kpsewhich inconsolata.sty; } >/dev/null 2>&1; then
    check_options+=(--no-manual)
  fi
  # Installed, vignettes and compiled code take 7 MB; what counts for CRAN, the archive, takes 3.
  export _R_CHECK_PKG_SIZES_THRESHOLD_=10
  # No clock server needs to be reachable.
  export _R_CHECK_SYSTEM_CLOCK_=FALSE
  # A package that is not to be had is named above; it must not keep everything else from running.
  export _R_CHECK_FORCE_SUGGESTS_=FALSE
  R CMD check "${check_options[@]}" henderson_*.tar.gz >check.log 2>&1
  check_status=$?
  check_dir="$work/henderson.Rcheck"
  # a note about what is named above already
  known='suggested but not available'
  if [ "$check_status" -eq 0 ] && { grep -qx 'Status: OK' check.log ||
    { grep -qx 'Status: 1 NOTE' check.log && grep -q "$known" check.log; }; }; then
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

  step "R tests"
  count_r_tests
}

# What tests/testthat.R wrote.
count_r_tests() {
  local r_passed r_failed r_skipped
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
    if [ "$r_skipped" -gt 0 ]; then skip "$r_skipped R tests, named above" "$r_skipped"; fi
  else
    fail "the R tests left no results"
  fi
}

# Each prints file:line and what is wrong there.
rules="check-core.sh check-core-includes.sh check-files.R check-names.R check-r-layers.R
  check-site-index.R check-readme.R check-generated.sh"
check_rules() {
  local rule interpreter
  step "Rules of the sources"
  for rule in $rules; do
    interpreter=bash
    if [[ "$rule" == *.R ]]; then interpreter=Rscript; fi
    if HENDERSON_LIB="$library" "$interpreter" "$root/tools/$rule"; then
      pass "tools/$rule"
    else
      fail "tools/$rule"
    fi
  done
}

check_r() {
  if [ "$full" = true ]; then check_package; else test_installed_package; fi
  check_rules
  # with the R checks, which take less time than those of the core
  if [ "$full" = true ]; then
    run_quietly check-style bash "$root/tools/check-style.sh"
    check_site
    check_sanitizers
  fi
}

check_site() {
  run_quietly build-site env HENDERSON_LIB="$library" bash "$root/tools/build-site.sh" "$work/site"
  run_quietly check-site Rscript "$root/tools/check-site.R" "$work/site"
}

# --- 4. the core, other compilers and checkers ---------------------------------------------------
check_core() {
  local cpp_log cpp_status cpp_passed cpp_failed summary
  local instruments=()
  if [ "$full" = true ]; then
    step "C++ tests with assertions, ASan and UBSan"
  else
    step "C++ tests with assertions"
    instruments=(SANITIZE= DEBUG=)
  fi
  cpp_log="$work/core-tests.log"
  # BUILD_CORE_TESTS may name the folder of an earlier run of the same tier.
  make -C "$root/tests/cpp" BUILD="${BUILD_CORE_TESTS:-$work/core-tests}" "${instruments[@]}" test \
    >"$cpp_log" 2>&1
  cpp_status=$?
  : >"$work/core-tests-ran"
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

  if [ "$full" = true ]; then check_core_elsewhere; fi
}

check_core_elsewhere() {
  export BUILD="$work/portability" CORE_TESTS="${BUILD_CORE_TESTS:-$work/core-tests}"
  run_quietly check-portability-clang bash "$root/tools/check-portability.sh" clang
  run_quietly check-portability-plain bash "$root/tools/check-portability.sh" plain
  run_quietly check-valgrind env HENDERSON_LIB="$library" bash "$root/tools/check-valgrind.sh"
}

# The objects of the core are those of the core's own tests, which the other process compiles first.
check_sanitizers() {
  while kill -0 "$core_process" 2>/dev/null && [ ! -e "$work/core-tests-ran" ]; do sleep 1; done
  run_quietly check-sanitizers env WORK="$work/sanitizers" \
    CORE_TESTS="${BUILD_CORE_TESTS:-$work/core-tests}" \
    bash "$root/tools/check-sanitizers.sh" test-fit-lmm.R
}

# Two processors, two processes; within each, one thing after the other.
cd "$work" || exit 1
export MAKEFLAGS="-j$((($(nproc) + 1) / 2))"
echo
echo "The C++ checks run beside the R checks; their output follows."
check_core >core.log 2>&1 &
core_process=$!
check_r
wait "$core_process"
core_process=""
cat core.log

# --- 5. benchmarks -------------------------------------------------------------------------------
short_benchmark() {
  local bench_start="$SECONDS"
  step "Benchmarks"
  # The ratios depend on the machine and on what else it does: only a suite that breaks is a
  # failure.
  if R_LIBS="$library${R_LIBS:+:$R_LIBS}" timeout 600 \
    Rscript "$root/bench/run.R" short 2>"$work/bench.err"; then
    pass "bench/run.R short, $((SECONDS - bench_start)) s"
  else
    tail -n 40 "$work/bench.err"
    fail "bench/run.R short"
  fi
}
if [ "$full" = true ]; then short_benchmark; fi

step "Done"
finished=true
