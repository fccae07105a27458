#!/usr/bin/env bash
# Installs what henderson needs, builds and installs it, fits two models and prints their summaries.
set -euo pipefail
export LC_ALL=C.UTF-8

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
bash "$root/tools/install-dependencies.sh" run

export MAKEFLAGS="${MAKEFLAGS:--j$(nproc)}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Eigen's headers make the compiler warn by the page; show that only when something fails.
quietly() {
  if ! "$@" >log 2>&1; then
    cat log
    exit 1
  fi
}

# Build first, so that compiling leaves no object files in the checkout. Vignettes need packages
# that using henderson does not.
cd "$work"
quietly R CMD build --no-build-vignettes --no-manual "$root"

# Without write access to the site library (no root), use the personal one.
library="$(Rscript -e 'cat(.libPaths()[1])')"
if [ ! -w "$library" ]; then
  library="$(Rscript -e 'cat(path.expand(strsplit(Sys.getenv("R_LIBS_USER"), ":")[[1]][1]))')"
  mkdir -p "$library"
fi
echo "Compiling and installing henderson into $library ..."
quietly R CMD INSTALL --library="$library" henderson_*.tar.gz

Rscript "$root/tools/example.R"
