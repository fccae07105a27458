#!/usr/bin/env bash
# Builds the web site, whose pages load nothing from elsewhere.
#
#   bash tools/build-site.sh [folder]     default: site, which git ignores
#
# The pages are made from README.md, man/, vignettes/, NEWS.md and CONTRIBUTING.md by pkgdown, in a
# copy of the sources, with templates, style and search of our own (pkgdown/). Needs pkgdown and
# pandoc, but no network. HENDERSON_LIB may name the library with the installed package; without it
# the package is installed first. A folder with anything but an earlier site in it is left alone.
set -euo pipefail
export LC_ALL=C.UTF-8

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
target="${1:-$root/site}"
mkdir -p "$target"
target="$(cd "$target" && pwd)"
if [ -n "$(ls -A "$target")" ] && [ ! -e "$target/search-index.js" ]; then
  echo "$target holds something else than an earlier site" >&2
  exit 1
fi

for program in pandoc Rscript; do
  command -v "$program" >/dev/null || { echo "$program is not installed"; exit 77; }
done
Rscript -e 'quit(status = !requireNamespace("pkgdown", quietly = TRUE))' >/dev/null 2>&1 ||
  { echo "the R package pkgdown is not installed"; exit 77; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir "$work/source" "$work/library" "$work/site"
(cd "$root" && tar cf - --exclude='*.o' --exclude='*.so' \
  CONTRIBUTING.md DESCRIPTION NAMESPACE NEWS.md README.md R data inst man pkgdown vignettes src) |
  tar xf - -C "$work/source"

if [ -z "${HENDERSON_LIB:-}" ]; then
  R CMD INSTALL --no-test-load --library="$work/library" "$work/source" >"$work/install.log" 2>&1 ||
    { tail -n 40 "$work/install.log"; exit 1; }
  export HENDERSON_LIB="$work/library"
fi

Rscript "$root/tools/check-site-index.R"
export R_LIBS="$HENDERSON_LIB${R_LIBS:+:$R_LIBS}"
Rscript "$root/tools/build-site.R" "$work/source" "$work/site"
Rscript "$root/tools/finish-site.R" "$work/source" "$work/site"
rm -rf "${target:?}"/*
cp -r "$work/site/." "$target"
echo "The site is in $target"
