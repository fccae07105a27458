#!/usr/bin/env bash
# Checks rules of the C++ sources:
#  1. src/core is free of R: it must compile, and be tested, by itself;
#  2. src/Makevars, written by tools/write-makevars.sh, names every .cpp file of src/ and nothing
#     else (R compiles only what it names: a forgotten file fails at load time at the earliest).
#  3. Eigen and Rcpp are included through the headers that keep the compiler silent
#     (algebra/eigen.h);
#  4. nothing in src/core remembers: no mutable member, no static or thread-local variable but those
#     named below, no variable of a namespace. A result depends on its arguments alone;
#  5. covariance structures are named in src/core/covariance only.
# Prints what is wrong and exits with 1, or prints nothing but "ok" lines.
set -euo pipefail

src="$(cd "$(dirname "${BASH_SOURCE[0]}")/../src" && pwd)"
status=0

r_header='(R|S|Rinternals|Rdefines|Rmath|Rversion|Rconfig|Rinterface)\.h|R_ext/|Rcpp|cpp11'
# core may not reach into src/ either, where the bindings live
outside='\.\./'
include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'
if grep -rnE "$include[<\"]($r_header|$outside)" "$src/core"; then
  echo "not ok: src/core includes a header of R, Rcpp or the bindings (lines above)"
  status=1
else
  echo "ok: src/core includes no header of R"
fi

if grep -rnE "$include<(Eigen/|RcppEigen|Rcpp)" "$src" \
  --include='*.cpp' --include='*.h' |
  grep -vE '/core/algebra/eigen(_decompositions|_sparse)?\.h:' |
  grep -vE '/(henderson_types\.h|RcppExports\.cpp):' |
  grep -vE 'Eigen/(OrderingMethods|SparseCore)>'; then
  echo "not ok: Eigen or Rcpp is not included through algebra/eigen.h," \
    "algebra/eigen_decompositions.h, algebra/eigen_sparse.h or henderson_types.h (lines above)"
  status=1
else
  echo "ok: Eigen and Rcpp are included through our headers"
fi

# What may remember: the choice of the kernel for this processor and its buffers (algebra/gemm.cpp),
# and who is to be asked whether to stop (algebra/interrupt.cpp).
known='algebra/gemm\.cpp:[0-9]+:.*(choice|buffer_[ab])\b'
known+='|algebra/interrupt\.cpp:[0-9]+:.*current_check\b'
variable='[A-Za-z_][A-Za-z0-9_:<>, ]* [a-z_][A-Za-z0-9_]*( = .*|\{.*\}|\[.*\])?;$'
other='using|const|constexpr|inline|class|struct|enum|extern|template|typedef|static|thread_local'
# each search may find nothing; what they find is what counts
remembering="$({
  grep -rnE '^[^/]*\bmutable\b' "$src/core"
  # a static function or constant remembers nothing
  grep -rnE '^[^/]*\b(static|thread_local)\b' "$src/core" |
    grep -vE '\b(static|thread_local) (inline )?const(expr)? [^*]*$|\bstatic [^=;]*\('
  # within a namespace nothing is indented
  grep -rnE "^$variable" "$src/core" |
    grep -vE ":[0-9]+:($other|namespace|return) "
} | grep -vE "$known" || true)"
if [ -n "$remembering" ]; then
  echo "$remembering"
  echo "not ok: a variable of src/core remembers between calls (lines above)"
  status=1
else
  echo "ok: src/core remembers nothing between calls"
fi

# The names of covariance structures: as the registry has them, and of their classes.
structures="$(sed -nE 's/^ *\{"([a-z0-9]+)", .*/\1/p' "$src/core/covariance/registry.cpp")"
if [ -z "$structures" ]; then
  echo "not ok: tools/check-core.sh finds no structure in covariance/registry.cpp"
  status=1
fi
quoted="\"($(paste -sd '|' <<<"$structures"))\""
classes="$(sed -nE 's/^class ([A-Za-z]+) .*: public .*(Structure|Correlation|Covariance)\b.*/\1/p' \
  "$src"/core/covariance/*.cpp | paste -sd '|')"
# without what follows //
if grep -rnE "^([^/]|/[^/])*($quoted|\b($classes)\b)" "$src" --include='*.cpp' --include='*.h' |
  grep -vE '/core/covariance/'; then
  echo "not ok: a covariance structure is named outside src/core/covariance (lines above)"
  status=1
else
  echo "ok: covariance structures are named in their own folder"
fi

expected="$(mktemp)"
trap 'rm -f "$expected"' EXIT
bash "$(dirname "${BASH_SOURCE[0]}")/write-makevars.sh" "$expected"
if diff "$src/Makevars" "$expected"; then
  echo "ok: src/Makevars matches the source files"
else
  echo "not ok: src/Makevars (<) is not what tools/write-makevars.sh makes of the source files (>)"
  status=1
fi

exit "$status"
