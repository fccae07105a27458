#!/usr/bin/env bash
# Installs what henderson needs, builds and installs it with its vignettes, fits two models and
# prints their summaries.
set -euo pipefail
export LC_ALL=C.UTF-8

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
bash "$root/tools/install-dependencies.sh" run

export MAKEFLAGS="${MAKEFLAGS:--j$(nproc)}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

# What a command prints is shown only if it fails.
quietly() {
  if ! "$@" >log 2>&1; then
    cat log
    exit 1
  fi
}

# In a copy, so that compiling leaves no object files in the checkout.
mkdir source built
(cd "$root" && tar cf - --exclude=.git --exclude='*.o' --exclude='*.so' .) | tar xf - -C source

# Compiled in one place, installed in two: for the vignettes, and with them.
echo "Compiling henderson (C++ and Eigen): about a minute with two processors, no output ..."
quietly R CMD INSTALL --no-docs --no-test-load --library=built source

echo "Building the vignettes ..."
if R_LIBS="$work/built${R_LIBS:+:$R_LIBS}" \
  Rscript "$root/tools/build-vignettes.R" source >log 2>&1; then
  vignettes=true
else
  vignettes=false
  tail -n 5 log
  echo "henderson works without vignettes; they are missing because of the error above."
  rm -rf source/vignettes
fi

# Without write access to the site library (no root), use the personal one.
library="$(Rscript -e 'cat(.libPaths()[1])')"
if [ ! -w "$library" ]; then
  library="$(Rscript -e 'cat(path.expand(strsplit(Sys.getenv("R_LIBS_USER"), ":")[[1]][1]))')"
  mkdir -p "$library"
fi
echo "Installing henderson into $library ..."
quietly R CMD INSTALL --library="$library" source

Rscript "$root/tools/example.R"
if [ "$vignettes" = true ]; then
  printf '\nIn R: ?henderson, and vignette("introduction", package = "henderson")\n'
fi
