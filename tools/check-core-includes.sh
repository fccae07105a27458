#!/usr/bin/env bash
# Checks the direction of src/core: a folder includes itself and the folders before it only.
# covariance/ and data/ are siblings, neither knows the other.
set -euo pipefail

core="$(cd "$(dirname "${BASH_SOURCE[0]}")/../src/core" && pwd)"
status=0

# folder: what it may include besides itself
allowed() {
  case "$1" in
    algebra) echo "" ;;
    family) echo "algebra" ;;
    search) echo "algebra" ;;
    covariance) echo "algebra" ;;
    data) echo "algebra" ;;
    equations) echo "algebra covariance data" ;;
    likelihood) echo "algebra family search covariance data equations" ;;
    inference) echo "algebra family search covariance data equations likelihood" ;;
    fit) echo "algebra family search covariance data equations likelihood inference" ;;
    *) echo "unknown" ;;
  esac
}

while IFS=: read -r file line include; do
  from="$(basename "$(dirname "$file")")"
  to="${include#*\"}"
  to="${to%%/*}"
  [[ "$from" == "$to" ]] && continue
  # coordinates of a search are what a structure has
  [[ "$from $include" == 'covariance #include "search/coordinates.h"' ]] && continue
  if [[ " $(allowed "$from") " != *" $to "* ]]; then
    echo "$file:$line: $from/ may not include $to/"
    status=1
  fi
done < <(grep -rnE '^#include "' "$core" --include='*.h' --include='*.cpp')

if grep -rnE '^#include "[^/"]+"' "$core"; then
  echo "includes of the core name their folder (lines above)"
  status=1
fi

if [[ $status == 0 ]]; then
  echo "ok: folders of src/core include in one direction"
else
  echo "not ok: direction of includes (lines above)"
fi
exit "$status"
