#!/usr/bin/env bash
# Writes src/Makevars, which names every .cpp file of src/: run it after adding, moving or removing
# one. With an argument, writes that file instead (tools/check-core.sh compares).
set -euo pipefail

src="$(cd "$(dirname "${BASH_SOURCE[0]}")/../src" && pwd)"
target="${1:-$src/Makevars}"
objects="$(cd "$src" && find . -name '*.cpp' | sed -e 's|^\./||' -e 's|\.cpp$|.o|' | LC_ALL=C sort)"

{
  cat <<'MAKE'
# Written by tools/write-makevars.sh: do not edit by hand.
CXX_STD = CXX17
PKG_CPPFLAGS = -Icore

# R compiles with the flags that it was built with, on Debian with -g: half as long again, and 130
# MB of debug information about Eigen's templates that nobody reads. R's own rule for .cpp files
# puts those flags last, so that a package cannot take one back; hence one rule for each file, the
# only other kind that every make knows. To debug, put DEBUG_FLAGS = -g into ~/.R/Makevars.
DEBUG_FLAGS = -g0
COMPILE = $(CXX) $(ALL_CPPFLAGS) $(ALL_CXXFLAGS) $(DEBUG_FLAGS) -c

MAKE
  printf 'OBJECTS ='
  for object in $objects; do printf ' \\\n  %s' "$object"; done
  # the first target is the one that make makes
  printf '\n\nall: $(SHLIB)\n'
  for object in $objects; do
    source="${object%.o}.cpp"
    printf '\n%s: %s\n\t$(COMPILE) %s -o $@\n' "$object" "$source" "$source"
  done
} >"$target"
