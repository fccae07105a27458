#!/usr/bin/env bash
# Checks two rules of the C++ sources:
#  1. src/core is free of R: it must compile, and be tested, by itself;
#  2. OBJECTS in src/Makevars lists every .cpp file of src/ and src/core/, and nothing else
#     (R compiles only what the list names: a forgotten file fails at load time at the earliest).
# Prints what is wrong and exits with 1, or prints nothing but "ok" lines.
set -euo pipefail

src="$(cd "$(dirname "${BASH_SOURCE[0]}")/../src" && pwd)"
status=0

r_header='(R|S|Rinternals|Rdefines|Rmath|Rversion|Rconfig|Rinterface)\.h|R_ext/|Rcpp|cpp11'
# core may not reach into src/ either, where the bindings live
outside='\.\./'
if grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($r_header|$outside)" "$src/core"; then
  echo "not ok: src/core includes a header of R, Rcpp or the bindings (lines above)"
  status=1
else
  echo "ok: src/core includes no header of R"
fi

# Let make expand the list, so that continuation lines and variables are no concern here.
listed="$(printf 'print-objects:\n\t@echo $(OBJECTS)\n' |
  make --no-print-directory --silent -C "$src" -f Makevars -f - print-objects |
  tr ' ' '\n' | sed '/^$/d' | LC_ALL=C sort)"
present="$(cd "$src" && find . -name '*.cpp' | sed -e 's|^\./||' -e 's|\.cpp$|.o|' | LC_ALL=C sort)"
if [ "$listed" = "$present" ]; then
  echo "ok: OBJECTS in src/Makevars matches the source files"
else
  echo "not ok: OBJECTS in src/Makevars (<) differs from the source files (>)"
  diff <(echo "$listed") <(echo "$present") || true
  status=1
fi

exit "$status"
